"""Whose turn it is: one member is on duty for the class, and one leads each group, for a week or a month.

The base is worked out: whoever had the fewest turns, of both kinds, then who sits first. What a person wrote into
turns.csv goes before it, and is the only thing that has to be taken out again to have the base back. A turn that has
begun is kept, so that no later roster changes who is, or was, on duty.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from steadycast.classes.duties import by_member, gone, leaves
from steadycast.classes.model import MemberStanding, Seat
from steadycast.schedule.days import DAY

THE_CLASS = ""  # in place of a group's name: the class's own turn


@dataclass(frozen=True, slots=True)
class Period:
    """A month or a week, by local days."""

    name: str  # 2027-01, 2027-W03
    start: dt.date
    end: dt.date  # the first day after it


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is on duty for the class, or leads a group, from `start` until before `end`; "" is nobody."""

    period: str
    group: str  # THE_CLASS for being on duty
    member: str
    start: dt.date
    end: dt.date

    @property
    def last(self) -> dt.date:
        """Its last day."""
        return self.end - DAY


Days = tuple[dt.date, dt.date]  # (first, first after)
Away = Mapping[str, Sequence[Days]]  # member -> the days on which they are not there; ranges may lie over each other


def away(seats: Iterable[Seat], standings: Iterable[MemberStanding], zone: dt.tzinfo) -> dict[str, list[Days]]:
    """When each member is not there: before they joined, on leave, after they left, while they are put out."""
    of_member, found = by_member(standings), dict[str, list[Days]]()
    for seat in seats:
        happened = of_member.get(seat.member, ())
        days = [(leave.first, leave.last + DAY) for leave in leaves(seat, happened, zone)]
        for out, back in gone(happened):
            days.append((out.astimezone(zone).date(), back.astimezone(zone).date() if back else dt.date.max))
        if seat.joined:
            days.append((dt.date.min, seat.joined))
        if seat.left:
            days.append((seat.left, dt.date.max))
        found[seat.member] = days
    return found


def period_at(day: dt.date, turn: str) -> Period:
    """The week (from Monday) or month of a day; `turn` is "week" or "month"."""
    if turn == "week":
        start = day - day.weekday() * DAY
        year, week, _ = start.isocalendar()
        return Period(f"{year}-W{week:02}", start, start + 7 * DAY)
    start = day.replace(day=1)
    return Period(f"{start:%Y-%m}", start, (start + 31 * DAY).replace(day=1))


@dataclass(frozen=True, slots=True)
class Rota:
    """Among whom the turns of one class go."""

    seats: Sequence[Seat]  # in the order of the roster
    away: Away
    overrides: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (period, group) -> member: a person's word


def turns(rota: Rota, served: Iterable[Turn], period: Period, day: dt.date) -> list[Turn]:
    """The class's turn and then each group's, in the order of seats, as they stand on `day` in `period`.

    `served`: the turns that have begun, oldest first. Nobody leads a group in the period in which they are on duty,
    unless there is no one else. Whoever is there to the end goes before who will be away; who is not there on `day`
    has no turn, unless a person said so.
    """
    by_name = {seat.member: seat for seat in rota.seats}
    had: Counter[str] = Counter()
    begun: dict[str, Turn] = {}
    for one in served:
        had[one.member] += 1
        if one.period == period.name:
            begun[one.group] = one
    groups = (THE_CLASS, *dict.fromkeys(seat.group for seat in rota.seats if seat.group))

    def gone(member: str, end: dt.date) -> int:
        return _days_in(rota.away.get(member, ()), day, end)

    def able(group: str, seats: Iterable[Seat | None], end: dt.date) -> list[str]:
        own = (seat.member for seat in seats if seat and group in {THE_CLASS, seat.group})
        return [member for member in own if gone(member, end) < (end - day).days]

    found: dict[str, str] = {}
    for group in groups:
        wanted = by_name.get(rota.overrides.get((period.name, group), ""))
        found.update((group, member) for member in able(group, [wanted], period.end))
    for group in groups:
        if group in found:
            continue
        holder = by_name.get(begun[group].member) if group in begun else None
        found[group] = min(
            able(group, [holder], day + DAY) or able(group, rota.seats, day + DAY),
            key=lambda name: (name in found.values(), gone(name, period.end) > 0, had[name]),
            default="",
        )
    return [_turn(begun.get(group), found[group], group, period, day) for group in groups]


def ahead(rota: Rota, served: Iterable[Turn], periods: Iterable[Period], day: dt.date) -> list[list[Turn]]:
    """The turns of each of these periods, one after the other, as if each began as it stands now."""
    so_far, found = list(served), list[list[Turn]]()
    for period in periods:
        found.append(turns(rota, so_far, period, max(day, period.start)))
        so_far += [turn for turn in found[-1] if turn.member and turn not in so_far]
    return found


def following(period: Period, turn: str) -> Period:
    """The period after it."""
    return period_at(period.end, turn)


def _days_in(ranges: Iterable[Days], start: dt.date, end: dt.date) -> int:
    """How many days from `start` until before `end` lie in one of the ranges."""
    within = [(max(start, first), min(end, last)) for first, last in ranges if first < end and last > start]
    return len({day for first, last in within for day in range(first.toordinal(), last.toordinal())})


def _turn(last: Turn | None, member: str, group: str, period: Period, day: dt.date) -> Turn:
    if last and last.member == member:
        return last
    return Turn(period.name, group, member, day if last else period.start, period.end)
