"""The name of a draft's content: two drafts that mean the same have the same."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection

import orjson

from steadycast.draft.model import Draft

# With its keys sorted, orjson writes what json.dumps writes without spaces: names given by that stay as they are.
_AS_JSON_DOES = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
_APART = {"path", "revision", "origin", "member", "media", "title_line", "body_line", "extra", "notes", "dated"}
_MEANING = tuple(name for name in Draft.__slots__ if name not in _APART)


def revision_of(draft: Draft, derived: Collection[str] = ()) -> str:
    """The name of a draft's content: sha256 hex over what means something, and not over where it lies.

    `derived` names the fields that the file's name or time gave (title, date): a renamed or copied file keeps its
    revision. Keys without a meaning here (`extra`) do not count.
    """
    content = {name: getattr(draft, name) for name in _MEANING if name not in derived}
    content["event"] = draft.event and [draft.event.start, draft.event.end, draft.event.place, draft.event.url]
    if draft.event and draft.event.all_day:
        content["event"].append("all day")
    for name in ("call", "circle", "licence", "for_circle", "comment_on"):  # one from before them keeps its revision
        if not content[name]:
            del content[name]
    content["media"] = [(m.role, m.ref, m.alt, m.sha256, *(m.focal or ())) for m in draft.media]
    return hashlib.sha256(orjson.dumps(content, default=_as_text, option=_AS_JSON_DOES)).hexdigest()


def _as_text(value: object) -> str:
    return value.astimezone(dt.UTC).isoformat() if isinstance(value, dt.datetime) else str(value)
