"""What happened to a delivery, in order, for people; nothing decides by it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import Connection, select

from steadycast.ledger.connection import Database, rows_of, table
from steadycast.ledger.raw_sql import micros, run
from steadycast.ledger.tables import EventRow

EVENT = table("event")
TELL = "INSERT INTO event (delivery, at, kind, detail) VALUES (?, ?, ?, ?)"


def write_events(
    connection: Connection, deliveries: Collection[int], now: dt.datetime, kind: str, detail: str = ""
) -> None:
    """Write the same event for each delivery, in the transaction that made it happen."""
    write_each_event(connection, [(id, kind, detail) for id in deliveries], now)


def write_each_event(connection: Connection, events: Collection[tuple[int, str, str]], now: dt.datetime) -> None:
    """Write several events: (delivery, kind, detail) of each."""
    at = micros(now)
    run(connection, TELL, [(id, at, kind, detail) for id, kind, detail in events])


def events(db: Database, delivery: int) -> list[EventRow]:
    """One delivery's events, the oldest first."""
    return rows_of(db, EventRow, select(EVENT).where(EVENT.c.delivery == delivery).order_by(EVENT.c.id))
