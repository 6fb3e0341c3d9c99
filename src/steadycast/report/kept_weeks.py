"""The weeks of the record as text, for the ledger to keep, and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from steadycast.ledger.raw_sql import MICROSECOND, micros
from steadycast.ledger.record_changes import Place
from steadycast.ledger.record_weeks import HEAD
from steadycast.ledger.rows import EPOCH
from steadycast.report.week import CellRun, Run, Week
from steadycast.schedule.model import Origin, Past

FORMAT = 1  # another one with each change of what is counted, or of how it is written
_ORIGINS = {origin.value: origin for origin in Origin}


class Head(NamedTuple):
    """How far the weeks were counted, by which days, and how many there are."""

    format: int
    zone: str
    event: int
    whole: str
    settled: int
    weeks: int


def head_of(zone: str, place: Place, weeks: int) -> str:
    """What stands before the weeks."""
    return _text(tuple(Head(FORMAT, zone, place.event, place.whole, place.settled, weeks)))


def read_weeks(rows: Mapping[str, str], zone: str) -> tuple[Place, dict[dt.date, Week]] | None:
    """The weeks as they were kept, and how far they were counted; None where they are of another zone or program."""
    try:
        head = Head(*orjson.loads(rows[HEAD]))
        if (head.format, head.zone, head.weeks) != (FORMAT, zone, len(rows) - 1):
            return None
        mondays = {dt.date.fromisoformat(monday): text for monday, text in rows.items() if monday != HEAD}
        weeks = {monday: week_of(text, monday) for monday, text in mondays.items()}
    except (ValueError, TypeError, LookupError):
        return None
    return Place(head.event, head.whole, head.settled), weeks


def text_of(week: Week, monday: dt.date) -> str:
    """One week that is over; of one whose days are shown no more, not its days."""
    days = [
        (*cell, [((date - monday).days, marks) for date, marks in dates.items()]) for cell, dates in week.marks.items()
    ]
    out = [(past.slot, past.series, micros(past.at), past.origin, past.member, past.draft) for past in week.out]
    return _text(
        (
            None if week.forgotten else days,
            {name: _run(run) for name, run in week.channels.items()},
            {name: _run(run) for name, run in week.series.items()},
            _run(week.community),
            [(*name, cell.last, cell.missed, cell.streak, cell.late) for name, cell in week.cells.items()],
            [(*whose, *its) for whose, its in week.shares.items()],
            out,
        )
    )


def week_of(text: str, monday: dt.date) -> Week:
    """The week that was written so."""
    days, channels, series, community, cells, shares, out = orjson.loads(text)
    dates = [monday + dt.timedelta(days=n) for n in range(7)]
    return Week(
        marks={(name, channel): {dates[n]: marks for n, marks in its} for name, channel, its in days or ()},
        channels={name: Run(*run) for name, run in channels.items()},
        series={name: Run(*run) for name, run in series.items()},
        community=Run(*community),
        cells={(name, channel): CellRun(*its) for name, channel, *its in cells},
        shares={(name, origin, member): (slots, last) for name, origin, member, slots, last in shares},
        out=tuple(
            [
                Past(slot, series, EPOCH + at * MICROSECOND, _ORIGINS[origin], member, draft)
                for slot, series, at, origin, member, draft in out
            ]
        ),
        forgotten=days is None,
    )


def _run(run: Run) -> tuple[int, bool, int, int, int]:
    return run.first, run.broken, run.longest, run.current, run.late


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()
