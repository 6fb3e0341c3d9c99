"""What is counted of one week of the record, and how weeks that follow one another go on."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from steadycast.ledger.record import THERE
from steadycast.report.model import Square, Streak, gravest
from steadycast.schedule.model import Past

CellName = tuple[str, str]  # series, channel


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

    marks: dict[CellName, dict[dt.date, dict[str, int]]] = field(default_factory=dict)
    channels: dict[str, Run] = field(default_factory=dict)
    series: dict[str, Run] = field(default_factory=dict)
    community: Run = Run()
    cells: dict[CellName, CellRun] = field(default_factory=dict)
    early: dict[CellName, int] = field(default_factory=dict)  # there before its hour: when the last of them was
    shares: dict[tuple[str, str, str], tuple[int, int]] = field(default_factory=dict)  # slots, the last of them
    out: tuple[Past, ...] = ()
    forgotten: bool = False  # its days: they are shown no more
    _squares: dict[tuple[CellName, ...], tuple[Square, ...]] = field(default_factory=dict)
    _totals: dict[CellName, dict[str, int]] = field(default_factory=dict)

    def squares(self, cells: tuple[CellName, ...]) -> tuple[Square, ...]:
        """The dates of these cells together."""
        if cells not in self._squares:
            found: dict[dt.date, dict[str, int]] = {}
            for cell in cells:
                for date, marks in self.marks.get(cell, {}).items():
                    its = found.setdefault(date, {})
                    for mark, count in marks.items():
                        its[mark] = its.get(mark, 0) + count
            self._squares[cells] = tuple(Square(date, gravest(its), its) for date, its in sorted(found.items()))
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
