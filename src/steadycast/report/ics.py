"""The plan as an iCalendar file that a calendar program can subscribe to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from icalendar import Calendar, Event

from steadycast.language import of_tag
from steadycast.report.model import PlanEntry
from steadycast.report.page import clean
from steadycast.report.words import marks

HOUR = dt.timedelta(hours=1)
REFRESH = HOUR  # how often a subscriber looks again
SHOWN_FOR = dt.timedelta(minutes=15)  # a slot is an instant; this long it can be seen and touched in a calendar


def plan_ics(plan: Iterable[PlanEntry], *, community: str, language: str, now: dt.datetime) -> bytes:
    """An iCalendar file (RFC 5545) with one event a coming slot; gaps and excused slots are marked as such.

    The UID is the slot's id, so a slot that is planned anew changes its event and makes no second one. Times are UTC:
    a slot is an instant once it is computed, and every reader shows it in its own zone. REFRESH-INTERVAL (RFC 7986)
    and its older X- twin ask for a look every hour.
    """
    named = marks(of_tag(language))
    calendar = Calendar()
    calendar.add("prodid", "-//Steadycast//plan//EN")
    calendar.add("version", "2.0")
    calendar.add("name", clean(community))
    calendar.add("x-wr-calname", clean(community))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for entry in plan:
        calendar.add_component(_event(entry, named["gap"], named["excused"], now))
    return bytes(calendar.to_ical())


def _event(entry: PlanEntry, gap: str, excused: str, now: dt.datetime) -> Event:
    event = Event()
    start = entry.at.astimezone(dt.UTC)
    carries = {"gap": gap, "excused": f"{excused} {entry.note}".strip()}.get(entry.state) or entry.title
    mark = {"gap": "◌ ", "excused": "– "}.get(entry.state, "")
    event.add("uid", f"{entry.slot}@steadycast")
    event.add("dtstamp", now.astimezone(dt.UTC))
    event.add("dtstart", start)
    event.add("dtend", start + SHOWN_FOR)
    event.add("summary", clean(f"{mark}{entry.series_title}: {carries}"))
    event.add("description", clean("\n".join(filter(None, (entry.member, " · ".join(entry.channels))))))
    event.add("categories", [clean(entry.series_title)])
    event.add("status", "TENTATIVE" if entry.state == "gap" else "CONFIRMED")
    event.add("transp", "TRANSPARENT")  # nobody is busy because something is published
    return event
