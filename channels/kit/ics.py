"""One event as iCalendar (RFC 5545), to lie beside a kit."""

from __future__ import annotations

import datetime as dt

from icalendar import Calendar
from icalendar import Event as Entry

from steadycast.platform import Post

from .words import plain


def ics(post: Post, url: str) -> bytes:
    """Return the event of `post` as a calendar of one entry, its times in UTC so that no zone table is needed,
    and days without hours as days.
    """
    assert post.event is not None
    entry = Entry()
    entry.add("uid", post.event.uid or f"{post.key}@steadycast")
    entry.add("dtstamp", post.published.astimezone(dt.UTC))
    for name, at in (("dtstart", post.event.start), ("dtend", post.event.end)):
        entry.add(name, at.date() if post.event.all_day else at.astimezone(dt.UTC))
    entry.add("summary", plain(post.title))
    for name, value in (("location", plain(post.event.place)), ("description", plain(post.summary)), ("url", url)):
        if value:
            entry.add(name, value)
    calendar = Calendar()
    calendar.add("prodid", "-//Steadycast//kit//")
    calendar.add("version", "2.0")
    calendar.add_component(entry)
    return bytes(calendar.to_ical())
