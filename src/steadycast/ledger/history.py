"""What happened to a delivery, in order, for people; nothing decides by it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import Connection, insert, select

from steadycast.ledger.connection import Database, table
from steadycast.ledger.tables import EventRow

EVENT = table("event")


def tell(connection: Connection, deliveries: Collection[int], now: dt.datetime, kind: str, detail: str = "") -> None:
    """Write the same event for each delivery, in the transaction that made it happen."""
    rows = [{"delivery": id, "at": now, "kind": kind, "detail": detail} for id in deliveries]
    if rows:
        connection.execute(insert(EVENT), rows)


def events(db: Database, delivery: int) -> list[EventRow]:
    """One delivery's events, the oldest first."""
    query = select(EVENT).where(EVENT.c.delivery == delivery).order_by(EVENT.c.id)
    with db.read() as connection:
        return [EventRow(**row._mapping) for row in connection.execute(query)]
