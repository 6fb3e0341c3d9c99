"""The past, kept by weeks: a week that is over is counted once, and again only when something of it was changed.

The ledger keeps what was counted as well, for the next process.

A week here begins on Monday, at the local midnight of the community. What comes, and the week that runs, is counted
each time anew. Everything that may change a past delivery writes an event in the same transaction, or says that the
whole record may be another: see `ledger.record_changes`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, reduce
from itertools import groupby
from zoneinfo import ZoneInfo

from steadycast.errors import LedgerError
from steadycast.ledger.matrix import Cell
from steadycast.ledger.record import MARRED, THERE, DayCount, Share
from steadycast.ledger.record_changes import Place, Row, changed_since, first_slot, rows_between, where_now
from steadycast.ledger.record_weeks import HEAD, put_record_weeks, record_weeks
from steadycast.ledger.rows import EPOCH
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import WENT_OUT
from steadycast.report import kept_weeks
from steadycast.report.model import Square, Streak, gravest
from steadycast.report.streaks import GRAVEST
from steadycast.report.week import CellName, CellRun, Run, Week, run_of, streak_of
from steadycast.schedule.days import midnight
from steadycast.schedule.model import Origin, Past
from steadycast.workspace.settings import BY_HAND

WEEK = dt.timedelta(days=7)
MICROSECOND = dt.timedelta(microseconds=1)
Marks = dict[dt.date, dict[str, int]]  # how many of each mark a date has
Whose = tuple[str, str, str]  # series, origin, member
OUT = frozenset(state.value for state in WENT_OUT)


def _week(rows: Iterable[Row], zone: ZoneInfo, now: dt.datetime) -> tuple[Week, list[DayCount]]:
    """Of rows in order of time and slot: the past ones, and what is counted of the coming ones."""
    week, moment = Week(), (now - EPOCH) // MICROSECOND
    coming: Counter[tuple[str, str, dt.date, str]] = Counter()
    by_channel: dict[str, list[tuple[int, str]]] = defaultdict(list)
    owed: dict[str, tuple[str, int]] = {}  # slot -> series, instant
    worst: dict[tuple[str, int], str] = {}
    shared, out = set[str](), dict[tuple[str, str], Past]()
    known, date = -1, dt.date.min
    for slot, carries, series, at, channel, verdict, state, draft, origin, member, done in rows:
        if at != known:
            known, date = at, (EPOCH + dt.timedelta(microseconds=at)).astimezone(zone).date()
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
    week.out = tuple(sorted((past for past in out.values() if past.origin), key=_in_time))
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
        when = EPOCH + dt.timedelta(microseconds=at)
        out[slot, draft] = Past(slot, series, when, Origin(least) if least else least, its, draft)  # type: ignore[arg-type]


def _slots(week: Week, ended: Iterable[tuple[str, int, str]], zone: ZoneInfo) -> None:
    """The runs of series and community, of (series, instant, verdict) of each slot; "" is not settled yet."""
    by_series: dict[str, list[tuple[int, str]]] = defaultdict(list)
    dates: dict[int, str] = {}
    for series, at, verdict in ended:
        if verdict and series != BY_HAND:
            by_series[series].append((at, verdict))
            day = (EPOCH + dt.timedelta(microseconds=at)).astimezone(zone).toordinal()
            dates[day] = min(verdict, dates.get(day, verdict), key=GRAVEST.index)
    week.series = {series: run_of(its) for series, its in by_series.items()}
    week.community = run_of(sorted(dates.items()))


class Weeks:
    """The whole record of one ledger: what `up_to` reads is what has changed, and what is not over."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.closed: dict[dt.date, Week] = {}  # by its Monday
        self.open = Week()
        self.coming: list[DayCount] = []
        self._place: Place | None = None
        self._head: str | None = None  # of the weeks as the ledger keeps them
        self._whole = ""  # the record of which they are
        self._there: set[dt.date] = set()  # the weeks that it keeps
        self._changed: set[dt.date] = set()  # since then
        self._closed: Closed | None = None  # of the weeks that are over; None: one of them is another
        self._shown_from = dt.date.min

    def up_to(self, ledger: Ledger, now: dt.datetime, first: dt.date, last: dt.date) -> None:
        """Have every week as it is in the ledger at `now`; of days before `first` no squares; what comes to `last`."""
        if self._place is None:
            self._read(ledger)
        place = where_now(ledger, self._place)
        monday = _monday(now.astimezone(self.zone).date())
        oldest = first_slot(ledger)
        each = _monday(oldest.astimezone(self.zone).date()) if oldest else monday
        stale = {_monday(at.astimezone(self.zone).date()) for at in self._stale(ledger, place)}
        # After `monday` where the clock was set back.
        stale |= {known for known in self.closed if not each <= known < monday}
        stale |= {known for known, week in self.closed.items() if week.forgotten and known + WEEK > first}
        for known in stale & self.closed.keys():
            del self.closed[known]
            self._changed.add(known)
            self._closed = None
        missing = []
        while each < monday:
            missing += [] if each in self.closed else [each]
            each += WEEK
        for begin, end in _stretches(missing):
            self._close(ledger, begin, end, now, first)
        for each in [each for each in self.closed if each + WEEK <= first]:
            self.closed[each].forget_days()
        rows = rows_between(ledger, *self._span(monday, last + dt.timedelta(days=1)))
        self.open, self.coming = _week(rows, self.zone, now)
        self._place = place
        self.over(first)
        self._keep(ledger, place)

    def _read(self, ledger: Ledger) -> None:
        """Begin with the weeks as the ledger keeps them."""
        rows = record_weeks(ledger)
        if found := kept_weeks.read_weeks(rows, str(self.zone)):
            self._place, self.closed = found
            self._head, self._whole, self._there = rows[HEAD], self._place.whole, {*self.closed}

    def _keep(self, ledger: Ledger, place: Place) -> None:
        """Have the ledger keep them, once a week: what changes until then is counted again by who reads them."""
        fresh = (self._changed & self.closed.keys()) - self._there
        if ledger.readonly or not (fresh or (self._changed and place.whole != self._whole)):
            return
        head = kept_weeks.head_of(str(self.zone), place, len(self.closed))
        changed = {str(each): self._text(each) if each in self.closed else None for each in self._changed}
        # What cannot be kept, as the disk is full, is counted again.
        with contextlib.suppress(LedgerError):
            put_record_weeks(ledger, self._head, head, changed, lambda: {str(e): self._text(e) for e in self.closed})
            self._head, self._whole, self._there, self._changed = head, place.whole, {*self.closed}, set()

    def _text(self, monday: dt.date) -> str:
        return kept_weeks.text_of(self.closed[monday], monday)

    def _close(self, ledger: Ledger, begin: dt.date, end: dt.date, now: dt.datetime, first: dt.date) -> None:
        """Count the weeks from `begin` up to but not including `end`, with one statement."""
        edges = [(midnight(begin + n * WEEK, self.zone) - EPOCH) // MICROSECOND for n in range((end - begin) // WEEK)]
        found = {begin + n * WEEK: Week() for n in range(len(edges))}
        rows = rows_between(ledger, *self._span(begin, end))
        for n, its in groupby(rows, key=lambda row: bisect_right(edges, row[3]) - 1):
            week, _ = _week(its, self.zone, now)
            if begin + (n + 1) * WEEK <= first:
                week.forget_days()
            found[begin + n * WEEK] = week
        self.closed |= found
        self._changed |= found.keys()
        self._closed = None

    def _stale(self, ledger: Ledger, place: Place) -> Iterable[dt.datetime]:
        if self._place is None or place.whole != self._place.whole or place.event < self._place.event:
            self._changed |= self.closed.keys()
            self.closed, self._closed = {}, None
            return ()
        return changed_since(ledger, self._place)

    def _span(self, first: dt.date, end: dt.date) -> tuple[dt.datetime, dt.datetime]:
        return midnight(first, self.zone), midnight(end, self.zone)

    def over(self, first: dt.date) -> Closed:
        """The weeks that are over; shown are those from the one that begins on `first` on."""
        if self._closed is None or self._shown_from != first:
            mondays = sorted(self.closed)
            shown = [self.closed[each] for each in mondays[bisect_left(mondays, first) :]]
            self._closed, self._shown_from = Closed([self.closed[each] for each in mondays], shown), first
        return self._closed

    def streaks(self) -> tuple[Streak, dict[str, Streak], dict[str, Streak]]:
        """The streaks of the community, of each channel, of each series."""
        before, now = self.over(self._shown_from), self.open
        return (
            streak_of(before.community.and_then(now.community)),
            {name: streak_of(run) for name, run in _joined_runs(before.channels, now.channels).items()},
            {name: streak_of(run) for name, run in _joined_runs(before.series, now.series).items()},
        )

    def shares(self, first: dt.date) -> list[Share]:
        """Whose drafts went out from `first` on; a slot counts once."""
        found = dict(self.over(first).shares)
        _add_shares(found, self.open)
        return [
            Share(*whose, slots, EPOCH + dt.timedelta(microseconds=last))
            for whose, (slots, last) in sorted(found.items())
        ]

    def cells(self) -> list[Cell]:
        """How each series stands on each channel, as `matrix.cells` counts it."""
        found = {name: replace(its) for name, its in self.over(self._shown_from).cells.items()}
        _go_on(found, self.open)
        for name, done in self.open.early.items():
            its = found.setdefault(name, CellRun())
            its.last = max(its.last or 0, done) or None
        return [
            Cell(*name, _instant(its.last), its.streak, its.late, _instant(its.missed))
            for name, its in sorted(found.items())
        ]

    def used(self, ledger: Ledger) -> list[Past]:
        """The drafts that went out, or may have, in order of time: what `ledger.used` gives."""
        found = [*self.over(self._shown_from).out, *self.open.out]
        for past in ledger.used_before():
            insort(found, past, key=_in_time)
        return found

    def open_days(self) -> list[DayCount]:
        """The days of the week that runs, and the coming ones."""
        past = [
            DayCount(channel, series, date, mark, count)
            for (series, channel), dates in self.open.marks.items()
            for date, marks in dates.items()
            for mark, count in marks.items()
        ]
        return [*past, *self.coming]


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
        return reduce(_joined_runs, (week.channels for week in self._weeks), {})

    @cached_property
    def series(self) -> dict[str, Run]:
        """How the slots of each went."""
        return reduce(_joined_runs, (week.series for week in self._weeks), {})

    @cached_property
    def cells(self) -> dict[CellName, CellRun]:
        """How each series stood on each channel."""
        found: dict[CellName, CellRun] = {}
        for week in self._weeks:
            _go_on(found, week)
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
            _add_shares(found, week)
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
            return _squares(both)
        if marks != self._last[0]:  # as most channels of a series have the same
            self._last = marks, _squares(marks)
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


def add(marks: Marks, date: dt.date, more: Mapping[str, int], times: int = 1) -> None:
    """Count more marks of a date."""
    its = marks.setdefault(date, {})
    for mark, count in more.items():
        its[mark] = its.get(mark, 0) + count * times


def _squares(marks: Marks) -> tuple[Square, ...]:
    return tuple(Square(date, gravest(its), its) for date, its in sorted(marks.items()))


def _joined_runs(before: Mapping[str, Run], later: Mapping[str, Run]) -> dict[str, Run]:
    none = Run()
    return {**before, **{name: before.get(name, none).and_then(run) for name, run in later.items()}}


def _go_on(found: dict[CellName, CellRun], week: Week) -> None:
    for name, its in week.cells.items():
        found.setdefault(name, CellRun()).go_on(its)


def _add_shares(found: dict[Whose, tuple[int, int]], week: Week) -> None:
    for whose, (slots, last) in week.shares.items():
        before = found.get(whose, (0, 0))
        found[whose] = (before[0] + slots, max(before[1], last))


def _stretches(mondays: Iterable[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Weeks that follow one another, together: the first Monday, and the one after the last."""
    found: list[tuple[dt.date, dt.date]] = []
    for each in mondays:
        if found and found[-1][1] == each:
            found[-1] = (found[-1][0], each + WEEK)
        else:
            found.append((each, each + WEEK))
    return found


def _in_time(past: Past) -> tuple[dt.datetime, str]:
    return past.at, past.slot


def _monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def _instant(micros: int | None) -> dt.datetime | None:
    return None if micros is None else EPOCH + dt.timedelta(microseconds=micros)
