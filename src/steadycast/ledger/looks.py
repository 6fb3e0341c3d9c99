"""Deliveries whose far side is to be looked at: in doubt, or published and not yet seen."""

from __future__ import annotations

import datetime as dt

from steadycast.ledger import time_spans
from steadycast.ledger.connection import Database
from steadycast.ledger.delivery import COLUMNS, Delivery, delivery_of
from steadycast.ledger.statements import fetch, instant, micros
from steadycast.ledger.tables import State


def doubts(db: Database, now: dt.datetime, limit: int = 200) -> list[Delivery]:
    """The unknown deliveries whose next look has come."""
    return _looks(db, State.UNKNOWN, now, limit)


def unseen(db: Database, now: dt.datetime, limit: int = 200) -> list[Delivery]:
    """The published deliveries that are to be read back now."""
    return _looks(db, State.PUBLISHED, now, limit)


def _looks(db: Database, state: State, now: dt.datetime, limit: int) -> list[Delivery]:
    with db.read() as connection:
        moment = time_spans.moment(db, connection, now)
        rows = fetch(connection, LOOK, (micros(moment), state.value, limit))
    return [delivery_of(row, left=instant(ended) - moment) for ended, *row in rows]


LOOK = f"SELECT coalesce(deadline, at), {COLUMNS} FROM delivery WHERE wake <= ? AND state = ? ORDER BY wake LIMIT ?"  # noqa: S608
