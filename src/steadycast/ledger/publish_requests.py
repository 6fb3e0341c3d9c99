"""Publish requests: a program asks a person to publish a slot ahead of its hour, and what the person said."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select, update

from steadycast.ledger.connection import Database, insert_into, row_of, rows_of, table
from steadycast.ledger.tables import PublishRequestRow

REQUEST = table("publish_request")


def put_publish_request(db: Database, row: PublishRequestRow) -> PublishRequestRow | None:
    """Keep a new request, and tell it with its id; None where one for that slot is open already."""
    values = row.model_dump(exclude={"id"})
    fresh = insert_into(REQUEST, db.engine.dialect).values(**values)
    with db.write() as connection:  # the index knows of one that came a moment earlier
        made = connection.execute(fresh.on_conflict_do_nothing().returning(REQUEST.c.id)).scalar()
    return None if made is None else PublishRequestRow(**values, id=made)


def publish_request(db: Database, id: int) -> PublishRequestRow | None:
    """One request, whatever became of it; None where there is none."""
    return row_of(db, PublishRequestRow, select(REQUEST).where(REQUEST.c.id == id))


def open_publish_requests(db: Database, after: dt.datetime, most: int) -> list[PublishRequestRow]:
    """The requests for slots from then on that nobody has answered, in order of time."""
    waits = (REQUEST.c.state == "open") & (REQUEST.c.at > after)
    return rows_of(db, PublishRequestRow, select(REQUEST).where(waits).order_by(REQUEST.c.at, REQUEST.c.id).limit(most))


def newest_publish_requests(db: Database, before: int | None, most: int) -> list[PublishRequestRow]:
    """Requests whatever became of them, the newest first: those older than the request `before`."""
    query = select(REQUEST).order_by(REQUEST.c.id.desc()).limit(most)
    return rows_of(db, PublishRequestRow, query if before is None else query.where(REQUEST.c.id < before))


def count_publish_requests(db: Database, who: str, after: dt.datetime) -> int:
    """How many requests of a person for slots from then on nobody has answered."""
    waits = (REQUEST.c.state == "open") & (REQUEST.c.at > after) & (REQUEST.c.who == who)
    with db.read() as connection:
        return connection.execute(select(func.count()).select_from(REQUEST).where(waits)).scalar_one()


def end_publish_request(  # noqa: PLR0917 one row's end
    db: Database, id: int, state: str, by: str, note: str, now: dt.datetime
) -> bool:
    """Answer a request, or take it back; False where somebody did so before."""
    fresh = {"state": state, "answered": now, "answered_by": by, "note": note}
    with db.write() as connection:
        here = (REQUEST.c.id == id) & (REQUEST.c.state == "open")
        return connection.execute(update(REQUEST).where(here).values(**fresh)).rowcount == 1


def lapse_publish_requests(db: Database, slot: str) -> None:
    """What was asked for this slot, and nobody has answered, is not asked any more."""
    with db.write() as connection:
        here = (REQUEST.c.slot == slot) & (REQUEST.c.state == "open")
        connection.execute(update(REQUEST).where(here).values(state="lapsed"))
