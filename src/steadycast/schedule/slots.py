"""A series' cadence as slots: the instants it promised, whatever the clocks do. Any machine computes the same ones."""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import groupby, repeat
from operator import attrgetter, lt
from typing import Any
from zoneinfo import ZoneInfo

from steadycast.schedule.cadence import Cadence, clock, parse
from steadycast.schedule.days import ANCHOR, DAY, WORKING_DAYS, Days, midnight
from steadycast.schedule.model import MIDNIGHT, Series, Slot

_NOTHING = dt.timedelta()
_SECOND = dt.timedelta(seconds=1)
_WEEK = dt.timedelta(days=7)
_HORIZONS = (8, 64, 512, 4096)  # days ahead in which the next slot is looked for: nearly always the first will do
MOVED_AT_MOST = 60  # days: no run of holidays is longer
_ANNOUNCEMENT = re.compile(r"(?P<occasion>.+@\d{4}-\d\d-\d\dT\d\d:\d\d)-(?P<lead>(?:\d+d)?(?:\d+h)?(?:\d+m)?)")


def slots(series: Series, start: dt.datetime, end: dt.datetime) -> list[Slot]:
    """The slots of `series` with `start` <= at < `end` (aware instants), in order; excused ones are among them.

    A local time that does not exist is read with the offset before the gap (02:30 becomes 03:30), one that occurs
    twice is taken the first time: RFC 5545, section 3.3.5. Where that puts two slots on one instant, the one whose
    wall time exists stays. Neither ids nor instants depend on the window. Raises SettingsError for a bad cadence.
    """
    cadence = parse(series.every, series.rrule)
    # The longest gap of any zone is one day (Samoa left out 2011-12-30).
    first, last = start.astimezone(series.zone).date() - DAY, end.astimezone(series.zone).date() + DAY
    last += max(series.announce, default=_NOTHING)
    if series.per_year is not None or (series.days_off and series.on_day_off == "move"):
        found = _by_year(series, cadence, first, last)
    else:
        found = _excuse(series, _promised(series, cadence, first, last))
    if series.announce:
        found = sorted(_announcements(series, found))
    return found[bisect_left(found, start, key=attrgetter("at")) : bisect_left(found, end, key=attrgetter("at"))]


def next_slot(series: Series, now: dt.datetime) -> Slot | None:
    """The first slot at or after `now` that is owed; None when the series has ended."""
    for days in _HORIZONS:
        for slot in slots(series, now, now + dt.timedelta(days=days)):
            if not slot.excused:
                return slot
    return None


def instant(local: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The UTC instant of a naive wall time, by the rules of `slots`."""
    # fold=0 is the offset before a change of the clocks, in a gap as in a fold (PEP 495): what RFC 5545 asks for.
    return local.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)


def asks_for(series: Series, local: dt.datetime) -> bool:
    """Whether the rhythm of a series has that wall time on that day, be it excused or moved."""
    day = local.date()
    return local in parse(series.every, series.rrule).moments(day - DAY, day, series.start or ANCHOR)


def wall_time(text: str) -> dt.datetime:
    """The naive wall time that a slot's id or its row names; 24:00 is the beginning of the next day."""
    if text.endswith(MIDNIGHT):
        return dt.datetime.fromisoformat(text.removesuffix(MIDNIGHT)) + DAY
    return dt.datetime.fromisoformat(text)


def occasion_of(slot_id: str) -> str:
    """The occasion that a slot id announces (`club@2026-12-05T14:00`), or "" when it announces none."""
    if slot_id[-1:].isdigit():  # its own time, as nearly all of a record end
        return ""
    found = _ANNOUNCEMENT.fullmatch(slot_id)
    return found["occasion"] if found else ""


def occurrence_of(series: Series, slot: Slot) -> dt.datetime:
    """The instant of what a slot announces; of the slot itself where it announces nothing.

    It is counted from the slot, not read from its id: the id keeps the promised day when a day off moved the event.
    """
    found = _ANNOUNCEMENT.fullmatch(slot.id)
    if not found:
        return slot.at
    numbers = {unit: int(number) for number, unit in re.findall(r"(\d+)([dhm])", found["lead"])}
    rest = dt.timedelta(hours=numbers.get("h", 0), minutes=numbers.get("m", 0))
    local = (slot.at + rest).astimezone(series.zone).replace(tzinfo=None)
    return instant(local + dt.timedelta(days=numbers.get("d", 0)), series.zone)


def _promised(series: Series, cadence: Cadence, first: dt.date, last: dt.date) -> list[Slot]:
    """What the cadence says between two local days, both included, less `except_`: nothing moved, nothing excused."""
    first, last = max(first, series.start or first), min(last, series.until or last)
    if cadence.days is not None and len(cadence.times) == 1 and cadence.times[0] < DAY:
        found = _at_one_time(series, cadence.days, cadence.times[0], (first, last))
    else:
        anchor = series.start or ANCHOR
        found = [_slot(series, day, time) for day, time in cadence.days_and_times(first, last, anchor)]
    if series.workdays and cadence.days == WORKING_DAYS:
        found = sorted((*found, *_made_up_for(series, cadence, first, last)))
    instants = [slot.at for slot in found]
    if not all(map(lt, instants, instants[1:])):
        found = [list(same)[-1] for _, same in groupby(sorted(found), key=attrgetter("at"))]
    if series.except_:
        found = [slot for slot in found if slot.day not in series.except_]
    return found


def _made_up_for(series: Series, cadence: Cadence, first: dt.date, last: dt.date) -> Iterator[Slot]:
    """The slots of a weekend's working days: where a holiday is made up for, they are working days like others."""
    for day in series.workdays:
        if first <= day <= last and day.weekday() not in WORKING_DAYS.weekdays:
            yield from (_slot(series, day, time) for time in cadence.times)


def _slot(series: Series, day: dt.date, time: dt.timedelta) -> Slot:
    local = midnight(day) + time
    return Slot(instant(local, series.zone), f"{series.name}@{day}T{clock(time)}", series.name, local)


def _at_one_time(series: Series, days: Days, since_midnight: dt.timedelta, span: tuple[dt.date, dt.date]) -> list[Slot]:
    """The common rule, one wall time on some days: one offset for each stretch of days, not one a slot."""
    begin, end = midnight(span[0]), midnight(span[1] + DAY)
    prefix, suffix = f"{series.name}@", f"T{clock(since_midnight)}"
    found: list[Slot] = []
    for year in range(span[0].year, span[1].year + 1):
        midnights, utc, texts = _calendar(days, year, series.start or ANCHOR)
        low, high = bisect_left(midnights, begin), bisect_left(midnights, end)
        local = [each + since_midnight for each in midnights[low:high]]
        at: list[dt.datetime] = []
        for until, offset in _stretches(series.zone, year):
            shift = since_midnight - offset
            at += [each + shift for each in utc[low + len(at) : low + bisect_left(local, until)]]
        ids = [f"{prefix}{day}{suffix}" for day in texts[low:high]]
        found += map(Slot, at, ids, repeat(series.name), local)
    return found


@lru_cache(maxsize=512)
def _calendar(days: Days, year: int, anchor: dt.date) -> tuple[list[dt.datetime], list[dt.datetime], list[str]]:
    """The days of a cadence in one year three times over: as naive midnights, as midnights of UTC, as ISO dates."""
    dates = list(days.dates(dt.date(year, 1, 1), dt.date(year, 12, 31), anchor))
    return (
        [midnight(day) for day in dates],
        [midnight(day, dt.UTC) for day in dates],
        [day.isoformat() for day in dates],
    )


@lru_cache(maxsize=4096)
def _stretches(zone: ZoneInfo, year: int) -> tuple[tuple[dt.datetime, dt.timedelta], ...]:
    """A year of wall time in a zone as (naive end of the stretch, its offset by the rules of `slots`)."""
    # No zone has changed its clocks forth and back within one week: a look a week misses nothing.
    moment = dt.datetime(year, 1, 1, tzinfo=zone)
    end = moment.replace(year=year + 1)
    found = []
    offset = moment.utcoffset() or _NOTHING
    while moment < end:
        following = min(moment + _WEEK, end)  # by the wall clock, as everything between two times of one zone
        if (changed := following.utcoffset() or _NOTHING) != offset:
            change = first_change(moment, following, dt.datetime.utcoffset)
            found.append((change.replace(tzinfo=None), offset))
            offset = changed
        moment = following
    return (*found, (end.replace(tzinfo=None), offset))


def first_change(before: dt.datetime, after: dt.datetime, offset: Callable[[dt.datetime], Any]) -> dt.datetime:
    """The first second at which `offset` is not what it is at `before`; it changes once between the two."""
    old = offset(before)
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        before, after = (middle, after) if offset(middle) == old else (before, middle)
    return after


def _excuse(series: Series, promised: list[Slot]) -> list[Slot]:
    if not series.days_off:
        return promised
    names = series.days_off
    return [replace(slot, excused=names[day]) if (day := slot.day) in names else slot for slot in promised]


def _by_year(series: Series, cadence: Cadence, first: dt.date, last: dt.date) -> list[Slot]:
    """Whole calendar years, and one more at either end: what is moved or excused cannot depend on the window asked."""
    begin, end = dt.date(first.year - 1, 1, 1), dt.date(last.year + 1, 12, 31)
    promised = _promised(series, cadence, begin, end)
    settled = _move(series, promised) if series.on_day_off == "move" else _excuse(series, promised)
    years = groupby(settled, key=lambda slot: slot.day.year)
    return sorted(slot for _, year in years for slot in _excuse_surplus(series, list(year)))


def _move(series: Series, promised: list[Slot]) -> list[Slot]:
    """Slots of a day off on the next day that is not off and not yet taken; excused where the series' own next slot is.

    A moved slot keeps its id and its promised wall time; only its instant changes.
    """
    own = {slot.at for slot in promised if slot.day not in series.days_off}
    moved: set[dt.datetime] = set()
    found = []
    for slot in promised:
        name = series.days_off.get(slot.day)
        if name is None:
            found.append(slot)
            continue
        at = _free(series, slot, own, moved)
        found.append(replace(slot, excused=name) if at is None else replace(slot, at=at))
        moved |= {at} if at else set()
    return found


def _free(
    series: Series, slot: Slot, own: Collection[dt.datetime], moved: Collection[dt.datetime]
) -> dt.datetime | None:
    for days in range(1, MOVED_AT_MOST + 1):
        day = slot.day + days * DAY
        if day in series.days_off or day in series.except_:
            continue
        at = instant(slot.local + days * DAY, series.zone)
        if at in own or (series.until and day > series.until):
            return None
        if at not in moved:
            return at
    return None


def _excuse_surplus(series: Series, year: list[Slot]) -> list[Slot]:
    """At most `per_year` of one year's slots stay owed; those too many are spread evenly over the year.

    Slots already excused by a day off count against the surplus first.
    """
    if series.per_year is None:
        return year
    owed = [index for index, slot in enumerate(year) if not slot.excused]
    surplus = len(owed) - max(series.per_year, 0)
    if surplus <= 0:
        return year
    found = list(year)
    for position, index in enumerate(owed):
        # Bresenham's line: `surplus` steps over `len(owed)` positions, begun half a step in.
        if _step(position + 1, surplus, len(owed)) > _step(position, surplus, len(owed)):
            found[index] = replace(year[index], excused=f"per_year = {series.per_year}")
    return found


def _step(position: int, steps: int, positions: int) -> int:
    return (position * steps + positions // 2) // positions


def _announcements(series: Series, occurrences: Iterable[Slot]) -> Iterator[Slot]:
    """A slot for each lead ahead of each occurrence: whole days by the wall clock, the rest by the stopwatch."""
    for occurrence in occurrences:
        local = occurrence.at.astimezone(series.zone).replace(tzinfo=None)
        for lead in sorted(set(series.announce)):
            rest = lead % DAY
            at = instant(local - (lead - rest), series.zone) - rest
            id = f"{occurrence.id}-{_lead_text(lead)}"
            yield Slot(at, id, series.name, occurrence.local - lead, occurrence.id, occurrence.excused)


def _lead_text(lead: dt.timedelta) -> str:
    minutes = lead // dt.timedelta(minutes=1)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{number}{unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "m")) if number]
    return "".join(parts) or "0d"
