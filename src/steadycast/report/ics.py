"""Calendars that a calendar program can subscribe to: the plan, the slots, what one member is asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from icalendar import Alarm, Event

from steadycast.calendar_file import calendar_file
from steadycast.language import Language, of_tag
from steadycast.ledger.rows import EPOCH
from steadycast.report.model import PlanEntry
from steadycast.report.page import clean
from steadycast.report.words import marks

HOUR = dt.timedelta(hours=1)
REFRESH = HOUR  # how often a subscriber looks again
SHOWN_FOR = dt.timedelta(minutes=15)  # a slot is an instant; this long it can be seen and touched in a calendar
DAY_BEFORE = dt.timedelta(days=1)  # when a slot reminds
NO_STAMP = b"DTSTAMP:19700101T000000Z"
EVE = dt.timedelta(hours=15)  # before the midnight that begins a whole day: at nine in the morning, the day before


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One event: at an instant, or all of a day; with `reminds` an alarm the day before."""

    uid: str
    at: dt.datetime | dt.date
    summary: str
    description: str = ""
    category: str = ""
    status: str = "CONFIRMED"  # or TENTATIVE, CANCELLED
    sequence: int = 0  # grows with each change
    reminds: bool = False


def calendar_ics(entries: Iterable[CalendarEntry], *, name: str, now: dt.datetime) -> bytes:
    """An iCalendar file (RFC 5545) with one event an entry.

    Times are UTC: every reader shows them in its own zone, and is asked to look again every hour.
    """
    stamp = b"DTSTAMP:" + now.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ").encode()
    events = (_drawn(entry).replace(NO_STAMP, stamp, 1) for entry in entries)
    return calendar_file(events, name=clean(name), refresh=REFRESH)


@lru_cache(maxsize=4_000)  # a calendar is asked for every hour, and most of its events are what they were
def _drawn(entry: CalendarEntry) -> bytes:
    return bytes(_event(entry, EPOCH).to_ical())


def plan_ics(plan: Iterable[PlanEntry], *, community: str, language: str, now: dt.datetime) -> bytes:
    """The coming slots as an iCalendar file; gaps and excused slots are marked as such.

    The UID is the slot's id, so a slot that is planned anew changes its event and makes no second one.
    """
    say = of_tag(language)
    named = marks(say)
    return calendar_ics((_planned(say, each, named) for each in plan), name=community, now=now)


def _planned(say: Language, entry: PlanEntry, named: Mapping[str, str]) -> CalendarEntry:
    mark = {"gap": "◌ ", "later": "◌ ", "excused": "– "}.get(entry.state, "")
    carries = f"{named[entry.state]} {entry.note}".strip() if mark else entry.title
    return CalendarEntry(
        f"{entry.slot}@steadycast",
        entry.at,
        mark + say.gettext("%(name)s: %(said)s", name=entry.series_title, said=carries),
        "\n".join(filter(None, (entry.member, " · ".join(entry.channels)))),
        entry.series_title,
        "TENTATIVE" if entry.state in ("gap", "later") else "CONFIRMED",
    )


def _event(entry: CalendarEntry, now: dt.datetime) -> Event:
    event, summary = Event(), clean(entry.summary)
    event.add("uid", entry.uid)
    event.add("dtstamp", now.astimezone(dt.UTC))
    if isinstance(entry.at, dt.datetime):
        start = entry.at.astimezone(dt.UTC)
        event.add("dtstart", start)
        event.add("dtend", start + SHOWN_FOR)
    else:
        event.add("dtstart", entry.at)
    event.add("summary", summary)
    event.add("description", clean(entry.description))
    event.add("categories", [clean(entry.category)])
    event.add("status", entry.status)
    event.add("transp", "TRANSPARENT")  # nobody is busy because something is published
    event.add("sequence", entry.sequence)
    if entry.reminds:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", summary)
        alarm.add("trigger", -(DAY_BEFORE if isinstance(entry.at, dt.datetime) else EVE))
        event.add_component(alarm)
    return event
