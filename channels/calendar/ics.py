"""Events as RFC 5545 and RFC 7986 write them; instants are in UTC, so that no reader has to know a zone."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from icalendar import Calendar, Event

from steadycast.channel import Post

OURS = uuid.UUID("8d1b7a0e-6d2f-5b0c-9f3a-2f1c5d6e7a90")
PRODUCER = "-//Steadycast//Events//EN"
STAMP = "%Y%m%dT%H%M%SZ"


def uid(post: Post) -> str:
    """The event's id for ever: of the draft, which two announcements share, else of the post."""
    return str(uuid.uuid5(OURS, post.draft or post.key))


def event(post: Post, sequence: int, changed: dt.datetime, link: str) -> bytes:
    """A calendar of one event, as a file that an app opens."""
    assert post.event is not None  # the adapter refuses others
    told = Event()
    told.add("uid", uid(post))
    told.add("sequence", sequence)
    told.add("dtstamp", changed.astimezone(dt.UTC).replace(microsecond=0))
    told.add("dtstart", post.event.start.astimezone(dt.UTC))
    told.add("dtend", post.event.end.astimezone(dt.UTC))
    told.add("summary", post.title)
    told.add("description", "\n\n".join(filter(None, (post.summary, post.text, link))))
    if post.event.place:
        told.add("location", post.event.place)
    if link:
        told.add("url", link)
    if tags := [tag for tag in post.tags if tag.strip()]:
        told.add("categories", tags)
    told.add("status", "CONFIRMED")
    return _calendar([told.to_ical()])


def state(data: bytes) -> tuple[int, dt.datetime]:
    """SEQUENCE and DTSTAMP of an event's file."""
    sequence = re.search(rb"^SEQUENCE:(\d+)", data, re.MULTILINE)
    stamp = re.search(rb"^DTSTAMP:(\d{8}T\d{6}Z)", data, re.MULTILINE)
    told = stamp[1].decode() if stamp else "19700101T000000Z"
    return (int(sequence[1]) if sequence else 0), dt.datetime.strptime(told, STAMP).replace(tzinfo=dt.UTC)


def cancelled(data: bytes, now: dt.datetime) -> bytes:
    """The same event, called off: its SEQUENCE one higher; one that is called off already stays as it is."""
    if b"\r\nSTATUS:CANCELLED" in data:
        return data
    sequence, _ = state(data)
    data = re.sub(rb"\r\nSEQUENCE:\d+", f"\r\nSEQUENCE:{sequence + 1}".encode(), data)
    data = re.sub(rb"\r\nDTSTAMP:\w+", f"\r\nDTSTAMP:{now.astimezone(dt.UTC):{STAMP}}".encode(), data)
    return data.replace(b"\r\nSTATUS:CONFIRMED", b"\r\nSTATUS:CANCELLED")


def calendar(files: Sequence[bytes], name: str, settings: Mapping[str, Any], now: dt.datetime) -> bytes:
    """All events of these files that are not long over, in one calendar to subscribe to."""
    oldest = (now - dt.timedelta(days=int(settings["keep_days"]))).astimezone(dt.UTC).strftime(STAMP).encode()
    events = [block for data in files for block in re.findall(rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", data, re.DOTALL)]
    events = [block for block in events if (end := re.search(rb"\r\nDTEND:(\w+)", block)) and end[1] >= oldest]
    hours = dt.timedelta(hours=max(1, int(settings["refresh_hours"])))
    return _calendar(events, name=name, refresh=hours)


def _calendar(events: Sequence[bytes], name: str = "", refresh: dt.timedelta | None = None) -> bytes:
    told = Calendar()
    told.add("version", "2.0")
    told.add("prodid", PRODUCER)
    told.add("method", "PUBLISH")
    if name:
        told.add("name", name)  # RFC 7986
        told.add("x-wr-calname", name)  # what apps read before it
    if refresh:
        told.add("refresh-interval", refresh, parameters={"VALUE": "DURATION"})
        told.add("x-published-ttl", f"PT{refresh // dt.timedelta(hours=1)}H")
    written: bytes = told.to_ical()
    head, end, _ = written.partition(b"END:VCALENDAR")
    return head + b"".join(events) + end + b"\r\n"
