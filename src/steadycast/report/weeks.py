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
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from zoneinfo import ZoneInfo

from steadycast.errors import LedgerError
from steadycast.ledger.matrix import Cell
from steadycast.ledger.raw_sql import instant, micros
from steadycast.ledger.record import DayCount, Share
from steadycast.ledger.record_changes import Place, changed_since, first_slot, rows_between, where_now
from steadycast.ledger.record_weeks import HEAD, put_record_weeks, record_weeks
from steadycast.ledger.store import Ledger
from steadycast.report import kept_weeks
from steadycast.report.closed_weeks import Closed, add_shares, go_on, joined_runs
from steadycast.report.model import Streak
from steadycast.report.week import CellRun, Week, count_week, streak_of
from steadycast.schedule.days import midnight
from steadycast.schedule.history import BY_TIME
from steadycast.schedule.model import Past

WEEK = dt.timedelta(days=7)


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
        self.open, self.coming = count_week(rows, self.zone, now)
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
        edges = [micros(midnight(begin + n * WEEK, self.zone)) for n in range((end - begin) // WEEK)]
        found = {begin + n * WEEK: Week() for n in range(len(edges))}
        rows = rows_between(ledger, *self._span(begin, end))
        for n, its in groupby(rows, key=lambda row: bisect_right(edges, row[3]) - 1):
            week, _ = count_week(its, self.zone, now)
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
            {name: streak_of(run) for name, run in joined_runs(before.channels, now.channels).items()},
            {name: streak_of(run) for name, run in joined_runs(before.series, now.series).items()},
        )

    def shares(self, first: dt.date) -> list[Share]:
        """Whose drafts went out from `first` on; a slot counts once."""
        found = dict(self.over(first).shares)
        add_shares(found, self.open)
        return [Share(*whose, slots, instant(last)) for whose, (slots, last) in sorted(found.items())]

    def cells(self) -> list[Cell]:
        """How each series stands on each channel, as `matrix.cells` counts it."""
        found = {name: replace(its) for name, its in self.over(self._shown_from).cells.items()}
        go_on(found, self.open)
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
            insort(found, past, key=BY_TIME)
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


def _stretches(mondays: Iterable[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Weeks that follow one another, together: the first Monday, and the one after the last."""
    found: list[tuple[dt.date, dt.date]] = []
    for each in mondays:
        if found and found[-1][1] == each:
            found[-1] = (found[-1][0], each + WEEK)
        else:
            found.append((each, each + WEEK))
    return found


def _monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def _instant(micros: int | None) -> dt.datetime | None:
    return None if micros is None else instant(micros)
