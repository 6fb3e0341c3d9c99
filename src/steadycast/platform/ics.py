"""A post's event as iCalendar (RFC 5545, RFC 7986); instants are in UTC, so that no reader has to know a zone. Pure."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from icalendar import Calendar, Event, vCalAddress

from steadycast.calendar_file import calendar_file
from steadycast.platform.post import Event as Happening
from steadycast.platform.post import Post
from steadycast.platform.post_files import slot_path

OURS = uuid.UUID("8d1b7a0e-6d2f-5b0c-9f3a-2f1c5d6e7a90")
_END = re.compile(rb"\r\nDTEND(?:;VALUE=DATE)?:(\w+)")
STAMP = "%Y%m%dT%H%M%SZ"


def uid(post: Post) -> str:
    """The event's id for ever, the same on every channel."""
    assert post.event is not None  # the adapter refuses others
    return post.event.uid or str(uuid.uuid5(OURS, post.draft or post.key))  # of posts from before events had one


def link(post: Post, pages: str) -> str:
    """Where an event is told of: its own address, the post's, or its page below `pages`; "" where none is known."""
    own = post.event.url if post.event else ""
    for url in (own, post.canonical_url, f"{pages.rstrip('/')}/{quote(slot_path(post))}.html"):
        if re.match(r"https?://[^\s<>\"']+$", url):
            return url
    return ""


def event(
    post: Post,
    sequence: int,
    changed: dt.datetime,
    link: str,
    *,
    organiser: vCalAddress | None = None,
    own: Iterable[tuple[str, str]] = (),
) -> bytes:
    """A calendar of one event, as a file that an app opens; `own` are properties besides (X-...), name and value."""
    assert post.event is not None
    told = Event()
    told.add("uid", uid(post))
    told.add("sequence", sequence)
    told.add("dtstamp", changed.astimezone(dt.UTC).replace(microsecond=0))
    told.add("dtstart", _when(post.event, post.event.start))
    told.add("dtend", _when(post.event, post.event.end))
    told.add("summary", post.title)
    told.add("description", "\n\n".join(filter(None, (_unsaid(post), post.text, link))))
    if post.event.place:
        told.add("location", post.event.place)
    if link:
        told.add("url", link)
    if tags := [tag for tag in post.tags if tag.strip()]:
        told.add("categories", tags)
    if organiser:
        told.add("organizer", organiser)
    told.add("status", "CONFIRMED")
    for name, value in own:
        told.add(name, value)
    return _calendar([told.to_ical()])


def organiser(name: str, email: str) -> vCalAddress | None:
    """Who holds the events; None where no mail address is known, which is how one is named."""
    if not re.fullmatch(r"[^\s@:;,\"<>]+@[^\s@:;,\"<>]+", email):
        return None
    who = vCalAddress(f"mailto:{email}")
    who.params["CN"] = name.replace('"', "")
    return who


def _when(event: Happening, at: dt.datetime) -> dt.date:
    """An instant in UTC, or a day without an hour, which is the same day wherever it is read."""
    return at.date() if event.all_day else at.astimezone(dt.UTC)


def _unsaid(post: Post) -> str:
    """The summary, where the text does not begin with it anyway."""
    said = "".join(post.summary.rstrip("…").split())
    return "" if "".join(post.text.split()).startswith(said) else post.summary


def state(data: bytes) -> tuple[int, dt.datetime]:
    """SEQUENCE and DTSTAMP of an event's file."""
    sequence = re.search(rb"^SEQUENCE:(\d+)", data, re.MULTILINE)
    stamp = re.search(rb"^DTSTAMP:(\d{8}T\d{6}Z)", data, re.MULTILINE)
    told = stamp[1].decode() if stamp else "19700101T000000Z"
    return (int(sequence[1]) if sequence else 0), dt.datetime.strptime(told, STAMP).replace(tzinfo=dt.UTC)


def entry(data: bytes, zone: dt.tzinfo) -> str:
    """What an app shows of an event's file: its title, when, where, and what is said of it."""
    (told,) = Calendar.from_ical(data).walk("VEVENT")
    start, end = told.decoded("DTSTART"), told.decoded("DTEND")
    if isinstance(start, dt.datetime):
        when = f"{start.astimezone(zone):%Y-%m-%d %H:%M} – {end.astimezone(zone):%Y-%m-%d %H:%M}"
    else:
        when = f"{start} – {end - dt.timedelta(days=1)}"
    lines = (told.get("SUMMARY"), when, told.get("LOCATION"), told.get("DESCRIPTION"))
    return "\n\n".join(str(line) for line in lines if line)


def cancelled(data: bytes, now: dt.datetime) -> bytes:
    """The same event, called off: its SEQUENCE one higher; one that is called off already stays as it is."""
    if b"\r\nSTATUS:CANCELLED" in data:
        return data
    sequence, _ = state(data)
    data = re.sub(rb"\r\nSEQUENCE:\d+", f"\r\nSEQUENCE:{sequence + 1}".encode(), data)
    data = re.sub(rb"\r\nDTSTAMP:\w+", f"\r\nDTSTAMP:{now.astimezone(dt.UTC):{STAMP}}".encode(), data)
    return data.replace(b"\r\nSTATUS:CONFIRMED", b"\r\nSTATUS:CANCELLED")


def calendar(files: Sequence[bytes], name: str, now: dt.datetime, *, keep_days: int, refresh_hours: int) -> bytes:
    """All events of these files that are not over for longer than `keep_days`, in one calendar to subscribe to."""
    oldest = (now - dt.timedelta(days=keep_days)).astimezone(dt.UTC).strftime(STAMP).encode()
    events = [block for data in files for block in re.findall(rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", data, re.DOTALL)]
    events = [block for block in events if (end := _END.search(block)) and end[1] >= oldest]
    return _calendar(events, name=name, refresh=dt.timedelta(hours=refresh_hours))


def _calendar(events: Sequence[bytes], name: str = "", refresh: dt.timedelta | None = None) -> bytes:
    invites = bool(events) and all(b"\r\nORGANIZER" in block for block in events)  # RFC 5546 asks for both or neither
    return calendar_file(events, name=name, refresh=refresh, method="PUBLISH" if invites else "")
