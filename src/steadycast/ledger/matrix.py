"""The matrix: how each series stands on each channel; two passes over the record's index, a row a cell."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from sqlalchemy import and_, case, func, select

from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.connection import NONE_YET, Database
from steadycast.ledger.record import THERE
from steadycast.ledger.tables import State
from steadycast.schedule.model import Verdict

WAITS = (State.UNKNOWN, State.REFUSED, State.HANDED)


class Cell(NamedTuple):
    """One series on one channel: its last slot that is there, and how many in a row were since the last miss."""

    series: str
    channel: str
    last: dt.datetime | None  # the slot's instant; when it went out, where that was before its hour
    streak: int
    late: int  # of the streak
    missed: dt.datetime | None  # the last slot that came to nothing


def cells(db: Database, now: dt.datetime) -> list[Cell]:
    """Every cell that has a past slot which is decided, or one that went out before its hour."""
    c = DELIVERY.c
    missed = (
        select(c.channel, c.series, func.max(c.at, type_=c.at.type).label("at"))
        .where(c.verdict == Verdict.MISSED, c.at < now)
        .group_by(c.channel, c.series)
        .subquery()
    )
    there = c.verdict.in_(THERE)
    since = there & (missed.c.at.is_(None) | (c.at > missed.c.at))
    query = (
        select(
            c.series,
            c.channel,
            func.max(case((there, c.at)), type_=c.at.type),
            func.sum(case((since, 1), else_=0)),
            func.sum(case((since & (c.verdict == Verdict.LATE), 1), else_=0)),
            func.max(missed.c.at, type_=c.at.type),
        )
        .join_from(DELIVERY, missed, and_(missed.c.channel == c.channel, missed.c.series == c.series), isouter=True)
        .where(c.verdict != "", c.at < now)
        .group_by(c.series, c.channel)
    )
    early = (  # few: the slots to come that are out already
        select(c.series, c.channel, func.max(c.finished, type_=c.at.type))
        .where(there, c.at >= now)
        .group_by(c.series, c.channel)
    )
    with db.read() as connection:
        found = {(row[0], row[1]): Cell(*row) for row in connection.execute(query)}
        for series, channel, finished in connection.execute(early):
            cell = found.get((series, channel)) or Cell(series, channel, None, 0, 0, None)
            found[series, channel] = cell._replace(last=max(filter(None, (cell.last, finished)), default=None))
        return list(found.values())


def waiting_cells(db: Database) -> dict[tuple[str, str], dict[str, int]]:
    """How many deliveries of each cell wait for a person, by state: in doubt, refused, a kit."""
    c = DELIVERY.c
    query = select(c.series, c.channel, c.state, func.count()).where(
        c.verdict == NONE_YET, c.state.in_([state.value for state in WAITS])
    )
    found: dict[tuple[str, str], dict[str, int]] = {}
    with db.read() as connection:
        for series, channel, state, count in connection.execute(query.group_by(c.series, c.channel, c.state)):
            found.setdefault((series, channel), {})[state] = count
    return found
