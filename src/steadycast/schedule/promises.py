"""What a series owes, whatever was changed in its settings since: a slot is owed only if it was promised in time."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from steadycast.schedule.days import DAY
from steadycast.schedule.model import Assignment, Series, Slot
from steadycast.schedule.slots import slots


@dataclass(frozen=True, slots=True)
class PromisedSlot:
    """A slot of a series as it was planned before, under whatever rhythm held then."""

    slot: Slot
    fixed: bool = False  # something of it is claimed, sent or settled: no planning moves it
    over: bool = False  # and nothing of it is open any more


def rhythm(series: Series) -> str:
    """A few letters that change when the slots of a series do: by its name, its rhythm, its zone, its days off."""
    facts = (
        series.name, series.every, series.rrule, series.zone.key, series.start, series.until, series.on_day_off,
        series.per_year, series.announce, sorted(series.except_), sorted(series.days_off.items()),
        sorted(series.workdays),
    )  # fmt: skip
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def owed(
    series: Series, since: dt.datetime, promised: Sequence[PromisedSlot], now: dt.datetime, until: dt.datetime
) -> list[Slot]:
    """The slots that `series` owes from the oldest that may still be served late up to `until`, in order of time.

    Its present rhythm stands `since` an instant: it owes nothing before. What was promised before that, and may still
    be served, is owed as it was promised. Where `standing` tells that a local day had a slot under another rhythm,
    passed or begun, that day gets so many fewer: an edit of the hour makes no second post on a day that was served.
    """
    since = min(since, now)  # the clock was ahead when it was written
    oldest = now - series.late
    theirs = [each for each in promised if each.slot.series == series.name]
    there = {each.slot.id: each for each in theirs}
    spent = [each.slot for each in theirs if not each.slot.excused and (each.fixed or each.slot.at < since)]
    gone = {slot.id for slot in spent}
    taken = Counter(slot.day for slot in spent)
    days: dict[dt.date, list[Slot]] = defaultdict(list)
    found: dict[str, Slot] = {}
    for slot in slots(series, oldest - DAY, until + DAY):
        if slot.excused or slot.id in gone:
            found[slot.id] = slot
        days[slot.day] += [] if slot.excused else [slot]
    for day, all_ in days.items():
        free = [slot for slot in all_ if slot.id not in gone and slot.at >= since]
        room = max(len(all_) - taken[day], 0)
        found |= {slot.id: slot for slot in free[max(len(free) - room, 0) :]}
    # What is past stays as it was promised.
    found = {id: slot for id, slot in found.items() if slot.at >= (now if id in there else max(since, oldest))}
    found |= {id: each.slot for id, each in there.items() if oldest <= each.slot.at < now and not each.over}
    return sorted(slot for slot in found.values() if slot.at < until)


def carried_over(slots: Sequence[Slot], before: Sequence[Slot], assigned: Sequence[Assignment]) -> list[Assignment]:
    """What the slots of a former rhythm carried, in the present slots of the same days: an hour moves, drafts stay."""
    there = {slot.id for slot in slots}
    free: dict[tuple[str, dt.date], list[Slot]] = defaultdict(list)
    known = {slot.id for slot in before}
    for slot in sorted(slots, reverse=True):
        free[slot.series, slot.day] += [] if slot.id in known else [slot]
    given = {each.slot: each for each in assigned if not each.fixed and each.slot not in there}
    return [
        replace(given[old.id], slot=same_day.pop().id)
        for old in sorted(slot for slot in before if slot.id in given)
        if (same_day := free[old.series, old.day])
    ]
