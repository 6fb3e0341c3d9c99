"""A post as JSON, and back: the same bytes on every machine. It is frozen so, and a file platform keeps it so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.platform.post import Event, Media, Post

LATER = ("slot_at", "member_url", "credit")  # of most posts: their bytes are those of a program that did not know it


def post_to_bytes(post: Post) -> bytes:
    """JSON with sorted keys.

    Raises InputError where the draft holds what JSON cannot (a lone surrogate, an object of its own).
    """
    try:
        return values_to_bytes(post_to_values(post))
    except TypeError as error:
        raise InputError(
            _("the post cannot be written down: %(why)s", why=error), file=post.draft, channel=post.channel
        ) from error


def post_from_bytes(data: bytes) -> Post:
    """The post that `post_to_bytes` wrote; its instants have their zones again."""
    return post_from_values(orjson.loads(data))


def post_to_values(post: Post) -> dict[str, Any]:
    """Instants as RFC 9557 where they carry a zone, paths as text; not what is newer and empty."""
    values = _plain(post) | {
        "media": [_plain(m) | {"path": str(m.path)} for m in post.media],
        "event": post.event and _plain(post.event),
    }
    return {name: value for name, value in values.items() if value or name not in LATER}


def post_from_values(values: Mapping[str, Any], zone: ZoneInfo | None = None) -> Post:
    """The post of `post_to_values`, also once they were JSON; its instants in `zone`, else in their own."""
    event = values["event"]
    return Post(**{
        **values,
        "published": _instant(values["published"], zone),
        "slot_at": _instant(values["slot_at"], zone) if values.get("slot_at") else None,
        "parts": tuple(values["parts"]),
        "tags": tuple(values["tags"]),
        "links": tuple((text, url) for text, url in values["links"]),
        "media": tuple(Media(**{**m, "path": Path(m["path"])}) for m in values["media"]),
        "event": event and Event(**event | {k: _instant(event[k], zone) for k in ("start", "end")}),
    })  # fmt: skip


def values_to_bytes(values: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys; TypeError where a value is none."""
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=_mapping)


def _plain(value: Post | Media | Event) -> dict[str, Any]:
    return {f.name: _written(getattr(value, f.name)) for f in fields(value)}


def _written(value: Any) -> Any:
    if not isinstance(value, dt.datetime):
        return value
    zone = value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None
    return value.isoformat() + (f"[{zone}]" if zone else "")


def _instant(written: str, zone: ZoneInfo | None) -> dt.datetime:
    instant, _, own = written.rstrip("]").partition("[")
    at = dt.datetime.fromisoformat(instant)
    return at.astimezone(zone or ZoneInfo(own)) if zone or own else at


def _mapping(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not text, number, list or table")
