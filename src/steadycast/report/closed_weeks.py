"""What weeks that are over come to, together, and the shown days as one year."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, reduce

from steadycast.ledger.record import DayCount
from steadycast.report.model import Square
from steadycast.report.week import CellName, CellRun, Marks, Run, Week, Whose, add, squares_of
from steadycast.schedule.model import Past


class Closed:
    """What weeks that are over come to, together: each thing is added up when somebody asks for it first."""

    def __init__(self, weeks: Sequence[Week], shown: Sequence[Week]) -> None:
        self._weeks, self._shown = weeks, shown
        self._squares: dict[tuple[CellName, ...], tuple[Square, ...]] = {}
        self._totals: dict[CellName, dict[str, int]] = {}
        self._joined: dict[tuple[CellName, ...], tuple[Marks, tuple[Square, ...]]] = {}
        self._last: tuple[Marks, tuple[Square, ...]] = {}, ()

    @cached_property
    def community(self) -> Run:
        """How its dates went."""
        return reduce(Run.and_then, (week.community for week in self._weeks), Run())

    @cached_property
    def channels(self) -> dict[str, Run]:
        """How the deliveries of each went."""
        return reduce(joined_runs, (week.channels for week in self._weeks), {})

    @cached_property
    def series(self) -> dict[str, Run]:
        """How the slots of each went."""
        return reduce(joined_runs, (week.series for week in self._weeks), {})

    @cached_property
    def cells(self) -> dict[CellName, CellRun]:
        """How each series stood on each channel."""
        found: dict[CellName, CellRun] = {}
        for week in self._weeks:
            go_on(found, week)
        return found

    @cached_property
    def out(self) -> list[Past]:
        """What went out, in order of time."""
        return [past for week in self._weeks for past in week.out]

    @cached_property
    def shares(self) -> dict[Whose, tuple[int, int]]:
        """Of the shown weeks: slots, and the last of them."""
        found: dict[Whose, tuple[int, int]] = {}
        for week in self._shown:
            add_shares(found, week)
        return found

    @cached_property
    def marked(self) -> frozenset[CellName]:
        """The cells that the shown weeks have marks of."""
        return frozenset(cell for week in self._shown for cell in week.marks)

    def squares(self, cells: tuple[CellName, ...]) -> tuple[Square, ...]:
        """The dates of these cells together, in the shown weeks."""
        if cells not in self._squares:
            self._squares[cells] = tuple(square for week in self._shown for square in week.squares(cells))
        return self._squares[cells]

    def joined(self, cells: tuple[CellName, ...], marks: Marks) -> tuple[Square, ...]:
        """The dates of these cells, and what else they are marked with: as a rule the same as the last time."""
        known = self._joined.get(cells)
        if known is None or known[0] != marks:
            known = self._joined[cells] = marks, self._with(self.squares(cells), marks)
        return known[1]

    def _with(self, closed: tuple[Square, ...], marks: Marks) -> tuple[Square, ...]:
        if closed and not all(date > closed[-1].date for date in marks):
            both: Marks = {square.date: dict(square.counts) for square in closed}
            for date, its in marks.items():
                add(both, date, its)
            return squares_of(both)
        if marks != self._last[0]:  # as most channels of a series have the same
            self._last = marks, squares_of(marks)
        return closed + self._last[1]

    def totals(self, cell: CellName) -> dict[str, int]:
        """How many of each mark the shown weeks have of a cell."""
        if (found := self._totals.get(cell)) is None:
            found = self._totals[cell] = defaultdict(int)
            for week in self._shown:
                for mark, count in week.totals(cell).items():
                    found[mark] += count
        return found


class Year:
    """The shown days: weeks that are over, and days that are counted one by one."""

    def __init__(self, days: Sequence[DayCount], over: Closed | None = None) -> None:
        self._over = over or Closed((), ())
        self._days: dict[CellName, list[DayCount]] = defaultdict(list)
        for day in days:
            self._days[day.series, day.channel].append(day)
        self.cells = sorted({*self._days, *self._over.marked})

    def days(self, cells: Iterable[CellName]) -> list[DayCount]:
        """What is counted one by one."""
        return [day for cell in cells for day in self._days.get(cell, ())]

    def squares(self, cells: Iterable[CellName]) -> tuple[Square, ...]:
        """Of the weeks that are over."""
        return self._over.squares(tuple(cells))

    def joined(self, cells: Iterable[CellName], marks: Marks) -> tuple[Square, ...]:
        """Those, and what else the cells are marked with."""
        return self._over.joined(tuple(cells), marks)

    def totals(self, cells: Iterable[CellName]) -> Counter[str]:
        """How many of each mark the weeks that are over have."""
        found: Counter[str] = Counter()
        for cell in cells:
            for mark, count in self._over.totals(cell).items():
                found[mark] += count
        return found


def joined_runs(before: Mapping[str, Run], later: Mapping[str, Run]) -> dict[str, Run]:
    """The runs of each name; `later` follows `before`."""
    none = Run()
    return {**before, **{name: before.get(name, none).and_then(run) for name, run in later.items()}}


def go_on(found: dict[CellName, CellRun], week: Week) -> None:
    """Let a week follow what is found so far."""
    for name, its in week.cells.items():
        found.setdefault(name, CellRun()).go_on(its)


def add_shares(found: dict[Whose, tuple[int, int]], week: Week) -> None:
    """Add a week's slots to whose they were."""
    for whose, (slots, last) in week.shares.items():
        before = found.get(whose, (0, 0))
        found[whose] = (before[0] + slots, max(before[1], last))
