"""An event as it stands on the server, and what it becomes. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from icalendar import Calendar

from steadycast.platform import Post
from steadycast.platform.ics import event, uid

POST, REVISION = "X-STEADYCAST-POST", "X-STEADYCAST-REVISION"  # a post that announced it; what it says


@dataclass(frozen=True)
class Entry:
    """One object of the calendar: its name, its state on the server (ETag), and what it holds."""

    name: str
    etag: str
    data: bytes

    @cached_property
    def calendar(self) -> Calendar:
        """It, parsed. Raises ValueError where it is none."""
        told = Calendar.from_ical(self.data)
        if not isinstance(told, Calendar) or not told.walk("VEVENT"):
            raise ValueError("no event is in it")
        return told

    @property
    def event(self) -> Any:
        """Its event; of one with exceptions, the first."""
        return self.calendar.walk("VEVENT")[0]

    @property
    def keys(self) -> set[str]:
        """The posts that announced it."""
        told = self.event.get(POST, [])
        return {str(key) for key in (told if isinstance(told, list) else [told])}

    @property
    def revision(self) -> str:
        """What it says, by the hash of the draft's revision."""
        return str(self.event.get(REVISION, ""))

    @property
    def off(self) -> bool:
        """Whether it was called off."""
        return str(self.event.get("STATUS", "")).upper() == "CANCELLED"

    def of(self, key: str) -> bool:
        """Whether it takes place, and that post announced it."""
        return key in self.keys and not self.off


def made(post: Post, there: Entry | None, link: str, now: dt.datetime) -> bytes:
    """The event's data as the post says it, over what is there: under the UID of that, and a higher SEQUENCE."""
    assert post.event is not None  # the adapter refuses others
    id = str(there.event["UID"]) if there else uid(post)
    sequence, changed = (int(there.event.get("SEQUENCE", 0)) + 1, now) if there else (0, post.published)
    keys = {post.key} if there is None or there.off else {*there.keys, post.key}
    own = [(REVISION, post.revision), *((POST, key) for key in sorted(keys))]
    # No ORGANIZER and no METHOD: a server would send invitations, and RFC 4791 (4.1) forbids the latter.
    return event(replace(post, event=replace(post.event, uid=id)), sequence, changed, link, own=own)


def renewed(post: Post, there: Entry | None, link: str, now: dt.datetime, *, again: bool) -> bytes | None:
    """As `made`; None where it says this already. What was announced stays as it is, unless it is said `again`."""
    says = there is not None and there.of(post.key) and (not again or there.revision == post.revision)
    return None if says else made(post, there, link, now)


def gone(key: str, there: Entry | None, now: dt.datetime, *, delete: bool) -> bytes | None:
    """The event's data without a post; b"" where it is to be deleted, None where there is nothing to do."""
    if there is None or not there.of(key):
        return None
    if there.keys != {key}:
        return without(there, key)
    return b"" if delete else called_off(there, now)


def called_off(there: Entry, now: dt.datetime) -> bytes:
    """The same event, called off: with all that others wrote into it."""
    told = Calendar.from_ical(there.data)
    happening = told.walk("VEVENT")[0]
    stamp = now.astimezone(dt.UTC).replace(microsecond=0)
    sequence = int(happening.get("SEQUENCE", 0)) + 1
    for name, value in {"SEQUENCE": sequence, "DTSTAMP": stamp, "STATUS": "CANCELLED"}.items():
        happening.pop(name, None)
        happening.add(name, value)
    return bytes(told.to_ical())


def without(there: Entry, key: str) -> bytes:
    """The same event, no longer announced by that post."""
    told = Calendar.from_ical(there.data)
    happening = told.walk("VEVENT")[0]
    del happening[POST]
    for left in sorted(there.keys - {key}):
        happening.add(POST, left)
    return bytes(told.to_ical())
