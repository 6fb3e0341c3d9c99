"""How many slots of a series were owed so far, since when, and how many in a row were not missed."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, case, distinct, exists, func, select

from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.connection import Database, table
from steadycast.ledger.record import THERE
from steadycast.ledger.tables import State
from steadycast.schedule.model import Verdict
from steadycast.schedule.occasions import Counted

SLOT = table("slot")


def counted(db: Database, series: str, now: dt.datetime) -> Counted:
    """What the record says of a series' slots before `now`: counted in the database, however long it is.

    Slots that nothing was owed for are left out. One that is not settled yet counts, as nobody missed it so far; the
    announcements of one event are one slot.
    """
    d, s = DELIVERY.c, SLOT.c
    owed = exists().where(
        d.slot == s.id, d.verdict.in_((*THERE, Verdict.MISSED.value, "")), d.state != State.CANCELLED.value
    )
    past = (s.series == series) & (s.at < now) & owed
    missed = select(func.max(d.at, type_=d.at.type)).where(
        d.series == series, d.at < now, d.verdict == Verdict.MISSED.value
    )
    with db.read() as connection:

        def told(these: ColumnElement[bool]) -> tuple[int, dt.date | None]:
            number = func.count(distinct(case((s.occasion != "", s.occasion), else_=s.id)))
            many, first = connection.execute(select(number, func.min(s.local)).where(these)).one()
            return many, dt.date.fromisoformat(first[:10]) if first else None

        owed_so_far, first = told(past)
        last_miss = connection.scalar(missed)
        streak, since = (owed_so_far, first) if last_miss is None else told(past & (s.at > last_miss))
    return Counted(owed_so_far, first, streak, since)
