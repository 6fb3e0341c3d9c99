"""Who owes what: the slots of a class, times its seats."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from steadycast.classes.model import Class, Duty, Happened, Leave, MemberStanding, Seat
from steadycast.language import gettext as _
from steadycast.schedule.days import midnight
from steadycast.schedule.model import Slot
from steadycast.schedule.slots import instant, slots


def duties(
    the_class: Class,
    seats: Iterable[Seat],
    standings: Iterable[MemberStanding],
    start: dt.datetime,
    end: dt.datetime,
) -> dict[str, list[Duty]]:
    """Member -> their duties with `start` <= the slot's instant < `end`, in order; those that owe nothing among them.

    Whoever came when the class had begun owes first after a whole period: no slot that was promised before they came
    lies less than that ahead. The same holds for who returns. Raises SettingsError for a bad rhythm.
    """
    rhythm = the_class.rhythm
    assert rhythm.start is not None
    all_slots = slots(rhythm, instant(midnight(rhythm.start), rhythm.zone), end)
    first = bisect_left(all_slots, start, key=_at)
    owed = [
        Duty(slot, slot.at + rhythm.grace, slot.at + rhythm.late, not slot.excused, slot.excused) for slot in all_slots
    ]
    none = [duty._replace(owed=False, why="") for duty in owed]
    days = [slot.day for slot in all_slots]
    of_member = by_member(standings)
    found: dict[str, list[Duty]] = {}
    for seat in seats:
        happened = of_member.get(seat.member, ())
        its = owed
        begins = _after(days, seat.joined) if seat.joined and seat.joined > rhythm.start else 0
        ends = bisect_left(days, seat.left) if seat.left else len(days)
        if begins or ends < len(days):
            its = [*none[:begins], *owed[begins:ends], *none[max(begins, ends) :]]
        for out, back in gone(happened):
            low = bisect_left(all_slots, out, key=_at)
            high = _after([slot.at for slot in all_slots], back) if back else len(days)
            its = [*its[:low], *none[low:high], *its[max(low, high) :]]
        for leave in leaves(seat, happened, rhythm.zone):
            low, high = bisect_left(days, leave.first), bisect_left(days, leave.last + dt.timedelta(days=1))
            why = _("on leave")
            away = [duty._replace(owed=False, why=why, on_leave=True) if duty.owed else duty for duty in its[low:high]]
            its = [*its[:low], *away, *its[high:]]
        found[seat.member] = its[first:]
    return found


def gone(happened: Iterable[MemberStanding]) -> list[tuple[dt.datetime, dt.datetime | None]]:
    """From when to when a member was out; the end is None while they are."""
    found: list[tuple[dt.datetime, dt.datetime | None]] = []
    for each in happened:
        is_out = bool(found) and found[-1][1] is None
        if each.what is Happened.OUT and not is_out:
            found.append((each.at, None))
        elif each.what is Happened.RETURNED and is_out:
            found[-1] = (found[-1][0], each.at)
    return found


def leaves(seat: Seat, happened: Iterable[MemberStanding], zone: dt.tzinfo) -> list[Leave]:
    """The leaves of a member, by roster and by request, in order; who came back early is no longer away.

    A leave of later days stays: a leader may have written it into the roster since.
    """
    found = list(seat.leave)
    for each in happened:
        if each.what is Happened.LEAVE and each.first and each.last:
            found.append(Leave(each.first, each.last))
        elif each.what is Happened.RETURNED:
            day = each.at.astimezone(zone).date()
            cut = [_until(leave, day) if day in leave else leave for leave in found]
            found = [leave for leave in cut if leave.first <= leave.last]
    return sorted(found)


def _until(leave: Leave, day: dt.date) -> Leave:
    return Leave(leave.first, day - dt.timedelta(days=1))


def by_member(standings: Iterable[MemberStanding]) -> Mapping[str, Sequence[MemberStanding]]:
    """What happened to each member, in order of time."""
    found: dict[str, list[MemberStanding]] = {}
    for each in standings:
        found.setdefault(each.member, []).append(each)
    for its in found.values():
        its.sort(key=lambda each: each.at)
    return found


def _after(moments: Sequence[dt.date] | Sequence[dt.datetime], came: dt.date | dt.datetime) -> int:
    """The slot whose whole period lies after that: the second one from then on."""
    return bisect_left(moments, came) + 1


def _at(slot: Slot) -> dt.datetime:
    return slot.at
