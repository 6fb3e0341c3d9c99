"""How near a drill's forecasts were: how far ahead each gap was alarmed, and the days that were named for it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from steadycast.drill.year import Foreseen
from steadycast.schedule.days import DAY
from steadycast.schedule.model import Slot

if TYPE_CHECKING:
    from steadycast.drill.result import Result

AHEAD = 3 * DAY  # so far ahead an alarm is worth something, and a first gap is named
NAMED = (1, 3, 7)  # days ahead, at which it is looked what was named as the first gap
APART = 7  # slots with drafts before one that is a first gap
CALIBRATED = 30 * DAY


def alarms(found: Result, foreseen: Sequence[Foreseen], slots: Sequence[Slot], ends: Mapping[str, str]) -> None:
    """How far ahead each starved slot of one series was alarmed, and how good the chances were that were told."""
    starved = [ends[slot.id] == "starved" for slot in slots]
    for n, slot in enumerate(slots):
        if not starved[n]:
            continue
        before = [each for each in foreseen if each.at <= slot.at]
        if told := next((each for each in reversed(before) if each.at <= slot.at - AHEAD), None):
            found.leads.append(_lead(before, slot.at))
            foretold = told.ends is not None and told.ends <= slot.at
            found.foretold += foretold
            found.alarmed += foretold and told.alarmed
    last = slots[-1].at if slots else None
    empty = [slot.at for slot, none in zip(slots, starved, strict=True) if none]
    for each in foreseen[::7]:
        if last and each.chance is not None and each.at + CALIBRATED <= last:
            found.chances.append((each.chance, any(each.at < at <= each.at + CALIBRATED for at in empty)))


def first_gaps(
    found: Result,
    foreseen: Sequence[Foreseen],
    slots: Sequence[Slot],
    ends: Mapping[str, str],
    since: Mapping[str, dt.datetime | None],
) -> None:
    """How near each first gap of one series came to the day that was named: the first slot that nothing would carry.

    A forecast by what is in stock cannot know what comes in, nor what fails: a draft that was not sent stays in stock.
    So it is compared twice: as it was named, and moved on by one slot for each slot until the gap that carried what
    came in later, or nothing though there was a draft. `since` says since when there was what a slot carried.
    """
    starved = [ends[slot.id] == "starved" for slot in slots]
    for n, slot in enumerate(slots):
        if not starved[n] or n < APART or any(starved[n - APART : n]):
            continue
        for ahead in NAMED:
            said = next((each for each in reversed(foreseen) if each.at <= slot.at - ahead * DAY), None)
            if said is None:
                continue
            named = next((k for k, each in enumerate(slots) if said.ends and each.at >= said.ends), None)
            if named is None or said.ends is None:
                error = moved = math.inf  # none was named
            else:
                between = (since.get(each.id) for each in slots[:n] if each.at > said.at)
                later = named + sum(there is None or there > said.at for there in between)
                error = (said.ends - slot.at) / DAY
                moved = (slots[later].at - slot.at) / DAY if later < len(slots) else math.inf
            likeliest = (said.around - slot.at) / DAY if said.around else math.inf
            found.expected.setdefault(ahead, []).append(likeliest)
            found.errors.setdefault(ahead, []).append(error)
            found.known.setdefault(ahead, []).append(moved)


def likeliest_days(found: Result, foreseen: Iterable[Foreseen], slots: Sequence[Slot], ends: Mapping[str, str]) -> None:
    """Of each day that was named as likeliest so far ahead, whether the first gap came within a day of it.

    The other side of `first_gaps`: that looks back from the gaps that came, and is silent of days at which none came.
    """
    gaps = [slot.at for slot in slots if ends[slot.id] == "starved"]
    for said in foreseen:
        if said.around is None or said.around + DAY > slots[-1].at:
            continue
        if any(said.at - APART * DAY < at <= said.at for at in gaps):
            continue  # it is no first gap
        first = next((at for at in gaps if at > said.at), None)
        if (ahead := (said.around - said.at).days) in NAMED:
            found.came.setdefault(ahead, []).append(first is not None and abs(first - said.around) <= DAY)


def _lead(before: Sequence[Foreseen], at: dt.datetime) -> float:
    """For how many days an alarm had stood when the slot came."""
    since = at
    for each in reversed(before):
        if not each.alarmed:
            break
        since = each.at
    return (at - since) / DAY
