"""An iCalendar file (RFC 5545, RFC 7986) around events that are written already: for posts, the plan, what is asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from icalendar import Calendar

PRODUCER = "-//Steadycast//Events//EN"
_END = b"END:VCALENDAR"


def calendar_file(
    events: Iterable[bytes], *, name: str = "", refresh: dt.timedelta | None = None, method: str = ""
) -> bytes:
    """One calendar with these VEVENTs, each as bytes that end a line.

    With `name` and `refresh` (whole hours) it is one to subscribe to: what it is called, and how often to look again.
    """
    told = Calendar()
    told.add("version", "2.0")
    told.add("prodid", PRODUCER)
    if method:
        told.add("method", method)
    if name:
        told.add("name", name)  # RFC 7986
        told.add("x-wr-calname", name)  # what apps read before it
    if refresh:
        told.add("refresh-interval", refresh, parameters={"VALUE": "DURATION"})
        told.add("x-published-ttl", f"PT{refresh // dt.timedelta(hours=1)}H")
    head, end, _ = bytes(told.to_ical()).rpartition(_END)
    return b"".join((head, *events, end, b"\r\n"))
