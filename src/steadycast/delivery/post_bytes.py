"""A post as bytes that are the same on every machine, and back: what is frozen is what is sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from steadycast.errors import InputError
from steadycast.platform import Event, Media, Post


def post_to_bytes(post: Post) -> bytes:
    """JSON with sorted keys; instants as RFC 9557 where they carry a zone, paths as text; not what is newer and empty.

    Raises InputError where the draft holds what JSON cannot (a lone surrogate, an object of its own).
    """
    shown = _plain(post) | {
        "media": [_plain(m) | {"path": str(m.path)} for m in post.media],
        "event": post.event and _plain(post.event),
    }
    for later in ("slot_at", "member_url"):  # of most posts: their bytes are those of a program that did not know it
        if not shown[later]:
            del shown[later]
    try:
        return orjson.dumps(shown, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=_mapping)
    except TypeError as error:
        raise InputError(f"the post cannot be written down: {error}", file=post.draft, channel=post.channel) from error


def post_from_bytes(data: bytes) -> Post:
    """The post that `post_to_bytes` wrote; its instants have their zones again."""
    read: dict[str, Any] = orjson.loads(data)
    event = read["event"]
    return Post(
        **read
        | {
            "published": _instant(read["published"]),
            "slot_at": _instant(read["slot_at"]) if read.get("slot_at") else None,
            "parts": tuple(read["parts"]),
            "tags": tuple(read["tags"]),
            "links": tuple((text, url) for text, url in read["links"]),
            "media": tuple(Media(**m | {"path": Path(m["path"])}) for m in read["media"]),
            "event": event and Event(**event | {k: _instant(event[k]) for k in ("start", "end")}),
        }
    )


def _plain(value: Post | Media | Event) -> dict[str, Any]:
    return {f.name: _written(getattr(value, f.name)) for f in fields(value)}


def _written(value: Any) -> Any:
    if not isinstance(value, dt.datetime):
        return value
    zone = value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None
    return value.isoformat() + (f"[{zone}]" if zone else "")


def _instant(written: str) -> dt.datetime:
    instant, _, zone = written.rstrip("]").partition("[")
    at = dt.datetime.fromisoformat(instant)
    return at.astimezone(ZoneInfo(zone)) if zone else at


def _mapping(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not text, number, list or table")
