"""What is counted of one week of the record, and how weeks that follow one another go on."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from steadycast.ledger.raw_sql import instant, micros
from steadycast.ledger.record import MARRED, THERE, DayCount
from steadycast.ledger.record_changes import Row
from steadycast.ledger.tables import WENT_OUT
from steadycast.report.model import Square, Streak, gravest
from steadycast.report.streaks import GRAVEST
from steadycast.schedule.history import in_time
from steadycast.schedule.model import Origin, Past
from steadycast.workspace.settings import BY_HAND

CellName = tuple[str, str]  # series, channel
Whose = tuple[str, str, str]  # series, origin, member
Marks = dict[dt.date, dict[str, int]]  # how many of each mark a date has
OUT = frozenset(state.value for state in WENT_OUT)


@dataclass(frozen=True, slots=True)
class Run:
    """What a streak needs of a stretch of time: how it goes on from before, and how it goes on from here."""

    first: int = 0  # up to the first miss, with what was there at the same instant
    broken: bool = False  # whether there was a miss
    longest: int = 0
    current: int = 0  # since the last miss; all of it where there was none
    late: int = 0  # of the current ones

    def and_then(self, later: Run) -> Run:
        """Both stretches as one; `later` follows this one."""
        through = self.current + later.first
        first = self.first if self.broken else through
        if not later.broken:
            return Run(first, self.broken, self.longest, through, self.late + later.late)
        return Run(first, True, max(self.longest, through, later.longest), later.current, later.late)


@dataclass(slots=True)
class CellRun:
    """How one series stood on one channel over a stretch of time, and since its last miss."""

    last: int | None = None
    missed: int | None = None
    streak: int = 0
    late: int = 0

    def add(self, at: int, verdict: str) -> None:
        """The next delivery, in order of time."""
        if verdict == "missed":
            self.missed, self.streak, self.late = at, 0, 0
        elif verdict in THERE:
            self.last = at
            if at != self.missed:
                self.streak += 1
                self.late += verdict == "late"

    def go_on(self, later: CellRun) -> None:
        """What came after it."""
        self.last = self.last if later.last is None else later.last
        if later.missed is None:
            self.streak, self.late = self.streak + later.streak, self.late + later.late
        else:
            self.missed, self.streak, self.late = later.missed, later.streak, later.late


@dataclass(slots=True)
class Week:
    """The deliveries of some days as they ended."""

    marks: dict[CellName, Marks] = field(default_factory=dict)
    channels: dict[str, Run] = field(default_factory=dict)
    series: dict[str, Run] = field(default_factory=dict)
    community: Run = Run()
    cells: dict[CellName, CellRun] = field(default_factory=dict)
    early: dict[CellName, int] = field(default_factory=dict)  # there before its hour: when the last of them was
    shares: dict[Whose, tuple[int, int]] = field(default_factory=dict)  # slots, the last of them
    out: tuple[Past, ...] = ()
    forgotten: bool = False  # its days: they are shown no more
    _squares: dict[tuple[CellName, ...], tuple[Square, ...]] = field(default_factory=dict)
    _totals: dict[CellName, dict[str, int]] = field(default_factory=dict)

    def squares(self, cells: tuple[CellName, ...]) -> tuple[Square, ...]:
        """The dates of these cells together."""
        if cells not in self._squares:
            found: Marks = {}
            for cell in cells:
                for date, marks in self.marks.get(cell, {}).items():
                    add(found, date, marks)
            self._squares[cells] = squares_of(found)
        return self._squares[cells]

    def totals(self, cell: CellName) -> dict[str, int]:
        """How many of each mark one cell has."""
        if cell not in self._totals:
            found: Counter[str] = Counter()
            for marks in self.marks.get(cell, {}).values():
                found.update(marks)
            self._totals[cell] = dict(found)
        return self._totals[cell]

    def forget_days(self) -> None:
        """Keep what goes on from it; its days are shown no more."""
        self.marks, self._squares, self._totals, self.forgotten = {}, {}, {}, True


def count_week(rows: Iterable[Row], zone: ZoneInfo, now: dt.datetime) -> tuple[Week, list[DayCount]]:
    """Of rows in order of time and slot: the past ones, and what is counted of the coming ones."""
    week, moment = Week(), micros(now)
    coming: Counter[tuple[str, str, dt.date, str]] = Counter()
    by_channel: dict[str, list[tuple[int, str]]] = defaultdict(list)
    owed: dict[str, tuple[str, int]] = {}  # slot -> series, instant
    worst: dict[tuple[str, int], str] = {}
    shared, out = set[str](), dict[tuple[str, str], Past]()
    known, date = -1, dt.date.min
    for slot, carries, series, at, channel, verdict, state, draft, origin, member, done in rows:
        if at != known:
            known, date = at, instant(at).astimezone(zone).date()
        if verdict in THERE and slot not in shared:
            shared.add(slot)
            whose = (series, origin, member)
            week.shares[whose] = (week.shares.get(whose, (0, 0))[0] + 1, at)
        if draft and state in OUT:
            _note_out(out, slot, series, at, origin, member, draft)
        if at >= moment:
            if verdict in THERE:
                week.early[series, channel] = max(done or 0, week.early.get((series, channel), 0))
            coming[channel, series, date, verdict or ("planned" if carries else "gap")] += 1
            continue
        marks = week.marks.setdefault((series, channel), {}).setdefault(date, {})
        marks[verdict or "open"] = marks.get(verdict or "open", 0) + 1
        if verdict in THERE or verdict == "missed":
            owed[slot] = (series, at)
        if verdict in MARRED:
            worst[series, at] = min(verdict, worst.get((series, at), verdict), key=MARRED.index)
        if verdict:
            by_channel[channel].append((at, verdict))
            week.cells.setdefault((series, channel), CellRun()).add(at, verdict)
    week.channels = {channel: run_of(its) for channel, its in by_channel.items()}
    week.out = tuple(in_time(past for past in out.values() if past.origin))
    _slots(week, [(*of, worst.get(of, "kept")) for of in owed.values()], zone)
    days = [DayCount(*names, count, ahead=True) for names, count in coming.items()]
    return week, days


def _note_out(  # noqa: PLR0917 one row's facts
    out: dict[tuple[str, str], Past], slot: str, series: str, at: int, origin: str, member: str, draft: str
) -> None:
    before = out.get((slot, draft))
    if before is None or (origin, member) != (before.origin, before.member):
        least = min(origin, before.origin) if before else origin
        its = min(member, before.member) if before else member
        when = instant(at)
        out[slot, draft] = Past(slot, series, when, Origin(least) if least else least, its, draft)  # type: ignore[arg-type]


def _slots(week: Week, ended: Iterable[tuple[str, int, str]], zone: ZoneInfo) -> None:
    """The runs of series and community, of (series, instant, verdict) of each slot; "" is not settled yet."""
    by_series: dict[str, list[tuple[int, str]]] = defaultdict(list)
    dates: dict[int, str] = {}
    for series, at, verdict in ended:
        if verdict and series != BY_HAND:
            by_series[series].append((at, verdict))
            day = instant(at).astimezone(zone).toordinal()
            dates[day] = min(verdict, dates.get(day, verdict), key=GRAVEST.index)
    week.series = {series: run_of(its) for series, its in by_series.items()}
    week.community = run_of(sorted(dates.items()))


def run_of(rows: Iterable[tuple[int, str]]) -> Run:
    """Of (instant, verdict) in order of time; slots at one instant count together, as in `streaks.tally`."""
    first = longest = current = late = 0
    broken, missed_at = False, None
    for at, verdict in (*rows, (-1, "")):
        if missed_at is not None and missed_at != at:
            first = first if broken else current
            broken, longest, missed_at = True, max(longest, current), None
            current = late = 0
        if verdict == "missed":
            missed_at = at
        elif verdict and verdict != "excused":
            current += 1
            late += verdict == "late"
    return Run(first if broken else current, broken, longest, current, late)


def streak_of(run: Run) -> Streak:
    """The streak with which a stretch ends."""
    return Streak(run.current, run.late, max(run.longest, run.current))


def add(marks: Marks, date: dt.date, more: Mapping[str, int], times: int = 1) -> None:
    """Count more marks of a date."""
    its = marks.setdefault(date, {})
    for mark, count in more.items():
        its[mark] = its.get(mark, 0) + count * times


def squares_of(marks: Marks) -> tuple[Square, ...]:
    """A square for each date that has marks."""
    return tuple(Square(date, gravest(its), its) for date, its in sorted(marks.items()))
