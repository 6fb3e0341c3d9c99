"""Whether promises are kept just now: what is overdue, what was missed last, what is in doubt; a few rows each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, select

from steadycast.ledger.claims import DELIVERY, past
from steadycast.ledger.connection import NONE_YET, Database, row_of, rows_of, table
from steadycast.ledger.tables import DeliveryRow, EventRow, State
from steadycast.schedule.model import Verdict

EVENT = table("event")
UNSERVED = (State.PLANNED, State.DUE, State.CLAIMED, State.SENDING, State.REFUSED)


class Overdue(NamedTuple):
    """Deliveries of one series on one channel that are past their grace and not served."""

    series: str  # "" for what a person published outside any series
    channel: str
    deliveries: int
    since: dt.datetime  # the oldest slot


def overdue(db: Database, now: dt.datetime) -> list[Overdue]:
    """What is past its grace and neither there, nor with a person as a kit, nor in doubt."""
    return _open(db, DELIVERY.c.wake.is_not(None), DELIVERY.c.state.in_(UNSERVED), past("grace", now))


def last_missed(db: Database, promises: Iterable[tuple[str, str]], now: dt.datetime) -> list[Overdue]:
    """Of these (series, channel) those whose last slot that was owed something came to nothing."""
    c = DELIVERY.c
    of_one = (c.channel == bindparam("channel")) & (c.series == bindparam("series"))
    owed = (c.at <= now) & (c.verdict != Verdict.EXCUSED.value)
    latest = select(c.verdict, c.at).where(of_one, owed).order_by(c.at.desc()).limit(1)
    found = []
    with db.read() as connection:
        for series, channel in promises:
            row = connection.execute(latest, {"channel": channel, "series": series}).first()
            if row and row.verdict == Verdict.MISSED:
                found.append(Overdue(series, channel, 1, row.at))
    return found


def in_doubt(db: Database, since: dt.datetime) -> list[Overdue]:
    """Unknown deliveries whose slot was before `since`, by series and channel."""
    return _open(db, DELIVERY.c.state == State.UNKNOWN, DELIVERY.c.at < since)


def _open(db: Database, *where: ColumnElement[bool]) -> list[Overdue]:
    """What of this has no verdict yet, counted by series and channel."""
    c = DELIVERY.c
    query = select(c.series, c.channel, func.count(), func.min(c.at, type_=c.at.type)).where(
        c.verdict == NONE_YET, *where
    )
    with db.read() as connection:
        found = connection.execute(query.group_by(c.series, c.channel).order_by(c.series, c.channel))
        return [Overdue(*row) for row in found]


def at_work(db: Database, most: int = 200) -> list[DeliveryRow]:
    """What workers have just now, the oldest first."""
    c = DELIVERY.c
    held = c.wake.is_not(None) & c.state.in_((State.CLAIMED, State.SENDING))
    return rows_of(db, DeliveryRow, select(DELIVERY).where(held).order_by(c.wake).limit(most))


def latest_event(db: Database) -> dt.datetime | None:
    """When anything last happened to a delivery."""
    newest = row_of(db, EventRow, select(EVENT).order_by(EVENT.c.id.desc()))
    return newest.at if newest else None


def unswept(db: Database, before: dt.datetime) -> int:
    """How many deliveries have been due, with a draft, since before then: nobody looked."""
    query = select(func.count()).where(DELIVERY.c.wake < before, DELIVERY.c.state == State.DUE)
    with db.read() as connection:
        return connection.scalar(query) or 0
