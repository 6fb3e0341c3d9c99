"""A class for people: who handed in what, week by week; how each stands; who is up for leaving."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from steadycast.classes.leaving import awaits, state_of
from steadycast.classes.model import Class, Duty, HandIn, MemberStanding, Seat, State
from steadycast.ledger.classes import Ended
from steadycast.pipeline import source_looks
from steadycast.pipeline.app import App
from steadycast.pipeline.classes import (
    Enrolled,
    duties_of,
    ended_since,
    enrolled,
    hand_in_of,
    known_class,
    since,
    title_of,
    used_since,
    works,
)
from steadycast.report.model import Streak
from steadycast.report.streaks import tally
from steadycast.schedule.model import Verdict

SHOWN = 12  # slots that one page shows


class Mark(StrEnum):
    """What a cell says."""

    KEPT = "kept"
    LATE = "late"
    MISSED = "missed"
    MADE_UP = "made-up"
    EXCUSED = "excused"  # on leave, or by a person's word
    OFF = "off"  # nobody owes anything on that day
    NONE = "none"  # not theirs: they had not joined, or are gone
    OPEN = "open"  # due, or not over yet
    UNSEEN = "unseen"  # over, and nobody could look


HANDED = (Mark.KEPT, Mark.LATE)


class HandedIn(NamedTuple):
    """A duty that was met, in time or late, and whose hour has come."""

    slot: str
    due: dt.datetime
    member: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Row:
    """One member of a class."""

    seat: Seat
    title: str
    state: State
    cells: tuple[Mark, ...]
    streak: Streak
    counts: Mapping[Mark, int]  # of all whose hour has come: what was judged, and what was handed in
    up: MemberStanding | None = None  # what the rule says, where a person has to decide

    @property
    def share(self) -> float | None:
        """How much of what was owed came in time or late; None where nothing was judged."""
        owed = sum(self.counts.get(mark, 0) for mark in (*HANDED, Mark.MISSED, Mark.MADE_UP))
        return sum(self.counts.get(mark, 0) for mark in HANDED) / owed if owed else None


@dataclass(frozen=True, slots=True)
class ClassPage:
    """A class with the slots that are shown, and a row a member."""

    the_class: Class
    usable: bool
    slots: tuple[tuple[str, dt.date, dt.datetime], ...]  # id, day, instant; in order
    rows: tuple[Row, ...]
    earlier: str = ""  # the first slot that is shown, where there are others before it
    later: bool = False  # whether the last ones are not shown

    @property
    def up(self) -> list[Row]:
        """Who is up for leaving, and waits for a person."""
        return [row for row in self.rows if row.up]

    @property
    def here(self) -> int:
        """How many belong to it now."""
        return sum(row.state not in (State.OUT, State.LEFT) for row in self.rows)

    def counts(self, n: int) -> Counter[Mark]:
        """How the slot at that place went."""
        return Counter(row.cells[n] for row in self.rows)


@dataclass(frozen=True, slots=True)
class Owed:
    """What a member sees of one class of theirs: never another's, and no reasons."""

    the_class: Class
    state: State
    streak: Streak
    next_due: dt.datetime | None
    handed: bool  # for the next one
    last: tuple[tuple[dt.date, Mark], ...]  # the latest first


def page(app: App, name: str, now: dt.datetime, before: str = "") -> ClassPage:
    """One class with its last slots, or with those before the slot `before`. InputError where there is none."""
    its = enrolled(app, [known_class(app, name).name])[known_class(app, name).name]
    all_duties = duties_of(its, now)
    its_slots = [duty.slot for duty in next(iter(all_duties.values()), [])]
    end = next((n for n, slot in enumerate(its_slots) if slot.id == before), len(its_slots))
    first = max(0, end - SHOWN)
    shown = its_slots[first:end]
    ended = app.ledger.verdicts(its.the_class.name)
    by_member: dict[str, dict[str, Mark]] = {}
    for each in ended:
        by_member.setdefault(each.member, {})[each.slot] = _mark(each)
    streaks = tally((each.member, each.due, each.verdict) for each in ended)
    now_open = _open(app, its, all_duties, now)
    counts = {member: Counter(marks.values()) for member, marks in by_member.items()}
    for met in _came_due(all_duties, now_open, now):
        if met.slot not in by_member.get(met.member, ()):
            counts.setdefault(met.member, Counter())[met.mark] += 1
    rows, happened, known = [], its.happened, since(app, its.the_class)
    for seat in its.seats:
        told, judged = happened.get(seat.member, ()), by_member.get(seat.member, {})
        open_here = now_open.get(seat.member, {})
        cells = tuple(
            judged.get(duty.slot.id) or open_here.get(duty.slot.id) or _plain(duty, known)
            for duty in all_duties[seat.member][first:end]
        )
        state = state_of(seat, told, its.the_class.rhythm.zone, now)
        rows.append(
            Row(
                seat,
                title_of(app, seat),
                state,
                cells,
                streaks.get(seat.member, Streak()),
                counts.get(seat.member, Counter()),
                awaits(told) if state is State.UP else None,
            )
        )
    return ClassPage(
        its.the_class,
        its.usable,
        tuple((slot.id, slot.day, slot.at) for slot in shown),
        tuple(rows),
        shown[0].id if first else "",
        end < len(its_slots),
    )


def _mark(each: Ended) -> Mark:
    if each.verdict == Verdict.MISSED and each.made_up is not None:
        return Mark.MADE_UP
    return Mark(each.verdict)


def _plain(duty: Duty, known: dt.datetime) -> Mark:
    if duty.owed:  # what was due before anybody looked is judged by nobody
        return Mark.OPEN if duty.slot.at >= known else Mark.NONE
    return Mark.EXCUSED if duty.on_leave else Mark.OFF if duty.why else Mark.NONE


def handed_in(app: App, its: Enrolled, now: dt.datetime) -> list[HandedIn]:
    """What was handed in and is due, as things are now; the hourly look need not have written it down."""
    all_duties = duties_of(its, now)
    return list(_came_due(all_duties, _open(app, its, all_duties, now), now))


def _came_due(
    all_duties: Mapping[str, Sequence[Duty]], stands: Mapping[str, Mapping[str, Mark]], now: dt.datetime
) -> Iterator[HandedIn]:
    """What counts of it: as in the record, what is there before its hour is in no count until the hour has come."""
    for member, its_duties in all_duties.items():
        for duty in its_duties:
            mark = stands.get(member, {}).get(duty.slot.id)
            if mark in HANDED and duty.slot.at <= now:
                yield HandedIn(duty.slot.id, duty.slot.at, member, mark)


def _open(
    app: App, its: Enrolled, all_duties: Mapping[str, Sequence[Duty]], now: dt.datetime
) -> dict[str, dict[str, Mark]]:
    """Member -> slot -> how a duty stands that the hourly look has not written down yet."""
    first = since(app, its.the_class)
    rows = app.ledger.hand_ins_used(its.the_class.name, used_since(its.the_class, first))
    kept: dict[str, dict[str, HandIn]] = {}
    for row in rows:
        kept.setdefault(row.member, {})[row.slot] = hand_in_of(row)
    given = works(app, its.the_class, its.seats, first)
    looked = source_looks.last_looks(app, list(all_duties))
    found: dict[str, dict[str, Mark]] = {}
    for member, its_duties in all_duties.items():
        stands = ended_since(
            its.the_class, member, its_duties, given.get(member, ()), looked[member], now, kept.get(member, {}), first
        )
        found[member] = {each.slot: _standing(each) for each in stands}
    return found


def _standing(each: HandIn) -> Mark:
    if each.verdict is None:
        return Mark.UNSEEN if each.unseen else Mark.OPEN
    return Mark.MADE_UP if each.made_up else Mark(str(each.verdict))


def owed_by(app: App, member: str, now: dt.datetime) -> list[Owed]:
    """What a member owes in each class that they sit in: their own duties and standing alone."""
    found = []
    for its in enrolled(app).values() if app.workspace.classes else ():
        seat = next((seat for seat in its.seats if seat.member == member), None)
        if seat is None or not its.usable:
            continue
        alone = Enrolled(its.the_class, (seat,), tuple(its.happened.get(member, ())))
        its_duties = duties_of(alone, now)
        ended = app.ledger.verdicts(its.the_class.name, member)
        judged = {each.slot: _mark(each) for each in ended}
        stands = judged | _open(app, alone, its_duties, now).get(member, {})
        known = since(app, its.the_class)
        marks = [(duty, stands.get(duty.slot.id) or _plain(duty, known)) for duty in its_duties[member]]
        coming = next((each for each in marks if each[0].slot.at > now and each[0].owed), None)
        past = [
            (duty.slot.day, mark) for duty, mark in reversed(marks) if duty.slot.at <= now and mark is not Mark.NONE
        ]
        found.append(
            Owed(
                its.the_class,
                state_of(seat, alone.standings, its.the_class.rhythm.zone, now),
                tally((each.member, each.due, each.verdict) for each in ended).get(member, Streak()),
                coming[0].slot.at if coming else None,
                coming is not None and coming[1] in HANDED,
                tuple(past[:SHOWN]),
            )
        )
    return found


def plain(rows: Iterable[Row]) -> list[dict[str, object]]:
    """The rows for programs: a member's standing, and how many duties ended how."""
    return [
        {
            "member": row.seat.member,
            "title": row.title,
            "group": row.seat.group,
            "role": str(row.seat.role),
            "state": str(row.state),
            "streak": row.streak.current,
            "longest": row.streak.longest,
            **{mark.value.replace("-", "_"): row.counts.get(mark, 0) for mark in COUNTED},
            "up_since": row.up.at if row.up else None,
            "why": row.up.why if row.up else "",
        }
        for row in rows
    ]


COUNTED = (Mark.KEPT, Mark.LATE, Mark.MISSED, Mark.MADE_UP, Mark.EXCUSED)
