"""What a day shows: the next slots, the first empty ones, what went out lately. A few rows each, found by an index."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from sqlalchemy import ColumnElement, exists, func, not_, select

from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.connection import Database, one_of, rows_of, table
from steadycast.ledger.draft_list import behind
from steadycast.ledger.intake import DRAFT, INBOX
from steadycast.ledger.tables import DONE, WENT_OUT, DraftRow, SlotRow, State

SLOT = table("slot")
S, C = SLOT.c, DELIVERY.c
OUT = tuple(state.value for state in (*DONE, State.WITHDRAWN))


class Reach(NamedTuple):
    """How far the plan of one series is filled."""

    gap: dt.datetime | None  # its first slot with nothing in it
    last: dt.datetime  # the last slot that is planned


def coming_slots(db: Database, now: dt.datetime, most: int) -> list[SlotRow]:
    """The next slots that are owed, in order of time; not those that went out already, before their hour."""
    return rows_of(db, SlotRow, select(SLOT).where(_to_come(now)).order_by(S.at, S.id).limit(most))


def next_slots(db: Database, now: dt.datetime) -> dict[str, dt.datetime]:
    """When the next of them is, by series."""
    query = select(S.series, func.min(S.at)).where(_to_come(now)).group_by(S.series)
    with db.read() as connection:
        return dict(map(tuple, connection.execute(query)))


def _to_come(now: dt.datetime) -> ColumnElement[bool]:
    begun = exists().where(C.slot == S.id, one_of(C.state, WENT_OUT))
    left = exists().where(C.slot == S.id, C.state == State.DUE, C.attempt == 0)  # on another channel, at its hour
    return (S.at >= now) & (S.excused == "") & (not_(begun) | left)


def owed_and_empty(db: Database, now: dt.datetime, until: dt.datetime, most: int) -> list[SlotRow]:
    """The coming slots that are owed and carry nothing, in order of time."""
    empty = select(SLOT).where(S.at >= now, S.at < until, S.excused == "", S.draft.is_(None))
    return rows_of(db, SlotRow, empty.order_by(S.at, S.id).limit(most))


def reaches(db: Database, now: dt.datetime) -> dict[str, Reach]:
    """How far the plan is filled, by series."""
    owed = (S.at >= now) & (S.excused == "")
    first = select(S.series, func.min(S.at)).where(owed, S.draft.is_(None)).group_by(S.series)
    last = select(S.series, func.max(S.at)).where(owed).group_by(S.series)
    with db.read() as connection:
        gaps = dict(map(tuple, connection.execute(first)))
        return {series: Reach(gaps.get(series), at) for series, at in connection.execute(last)}


def slots_gone_out(db: Database, after: dt.datetime, until: dt.datetime, most: int) -> list[SlotRow]:
    """The last slots of that time of which something is out, or was, the newest first."""
    there = exists().where(C.slot == S.id, C.state.in_(OUT))
    query = select(SLOT).where(S.at >= after, S.at < until, there)
    return rows_of(db, SlotRow, query.order_by(S.at.desc(), S.id).limit(most))


def first_to_decide(db: Database, most: int, at_once: int = 0) -> tuple[list[DraftRow], int]:
    """The drafts that wait for a person, the oldest first, and how many there are; of one member `at_once`, 0: all."""
    wait: ColumnElement[bool] = DRAFT.c.state.in_(INBOX)
    if at_once:
        wait &= not_(behind(at_once))
    with db.read() as connection:
        total = connection.execute(select(func.count()).select_from(DRAFT).where(wait)).scalar_one()
    return rows_of(db, DraftRow, select(DRAFT).where(wait).order_by(DRAFT.c.changed, DRAFT.c.id).limit(most)), total
