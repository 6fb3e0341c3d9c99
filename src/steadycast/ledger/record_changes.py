"""What changed of the record since somebody looked last, and its rows; so that nobody has to count all of it again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from steadycast.ledger import installation
from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.connection import Database, table
from steadycast.ledger.history import EVENT
from steadycast.ledger.raw_sql import fetch, micros, stream

SLOT = table("slot")
NEWEST = "SELECT coalesce(max(id), 0) FROM event"
WHOLE = "record"  # meta: another word with each change of past deliveries that is told by no event
KEYS = (installation.TICK, installation.PLANNED, WHOLE, installation.STOCK, installation.WRONG)
WORDS = "SELECT key, value FROM meta WHERE key IN (?, ?, ?, ?, ?)"
Row = tuple[str, Any, str, int, str, str, str, Any, str, str, int | None]
"""slot, what it carries, series, instant in microseconds, channel, verdict, state, draft, origin, member, when done."""
ROWS = (
    "SELECT s.id, s.draft, d.series, s.at, d.channel, d.verdict, d.state, d.draft, d.origin, d.member, "
    "d.finished "
    "FROM slot s JOIN delivery d ON d.slot = s.id WHERE s.at >= ? AND s.at < ? ORDER BY s.at, s.id, d.channel"
)


@dataclass(frozen=True, slots=True)
class Place:
    """How far somebody has read: everything up to the event `settled`, and some up to `event`."""

    event: int
    whole: str
    settled: int
    # PostgreSQL numbers events as they are written, and shows them as they are committed: what a transaction that was
    # open then wrote may appear below `event` later. (the first number of a transaction that was not begun, event)
    looks: tuple[tuple[int, int], ...] = ()


def where_now(db: Database, before: Place | None) -> Place:
    """The place to go on from after what is read from now on; `before` is the one that was gone on from last."""
    whole = installation.meta(db, WHOLE) or ""
    with db.read() as connection:
        if db.is_sqlite:
            event = connection.execute(select(func.coalesce(func.max(EVENT.c.id), 0))).scalar_one()
            return Place(event, whole, event)
        sql = "SELECT coalesce(max(id), 0), txid_current_snapshot()::text FROM event"
        event, snapshot = connection.exec_driver_sql(sql).one()
    oldest, next_ = (int(part) for part in snapshot.split(":")[:2])
    looks = (*(before.looks if before else ()), (next_, event))
    ended = [look for look in looks if look[0] <= oldest]  # every transaction that had begun by that look has ended
    settled = max([before.settled if before else 0, *(number for _, number in ended)])
    open_ = tuple(look for look in looks if look not in ended)
    return Place(event, whole, settled, open_[-50:] if before else open_)


def changed_since(db: Database, place: Place) -> list[dt.datetime]:
    """The instants of the slots of whose deliveries anything happened since then."""
    query = select(DELIVERY.c.at).join(EVENT, EVENT.c.delivery == DELIVERY.c.id).where(EVENT.c.id > place.settled)
    with db.read() as connection:
        return list(connection.execute(query.distinct()).scalars())


def slots_changed_since(db: Database, place: Place) -> list[str]:
    """The slots of whose deliveries anything happened since then."""
    query = select(DELIVERY.c.slot).join(EVENT, EVENT.c.delivery == DELIVERY.c.id).where(EVENT.c.id > place.settled)
    with db.read() as connection:
        return list(connection.execute(query.distinct()).scalars())


class Said(NamedTuple):
    """What tells that a ledger was changed: each is another one after its kind of change."""

    event: int  # the number of what happened last to any delivery; 0 where nothing did
    tick: str | None  # a look at what is due
    planned: str | None
    whole: str | None  # past deliveries, without an event
    stock: str | None  # a draft
    wrong: str | None  # what could not be taken in, or an alarm


def said(db: Database) -> Said:
    """As of now, asked for at once: what changes from here on is seen the next time."""
    with db.read() as connection:
        event = fetch(connection, NEWEST, ())[0][0]
        told: dict[str, str] = dict(fetch(connection, WORDS, KEYS))
    return Said(event, *map(told.get, KEYS))


def first_slot(db: Database) -> dt.datetime | None:
    """The oldest slot's instant."""
    with db.read() as connection:
        found: dt.datetime | None = connection.scalar(select(func.min(SLOT.c.at, type_=SLOT.c.at.type)))
        return found


def rows_between(db: Database, since: dt.datetime, until: dt.datetime) -> Iterator[Row]:
    """The deliveries of the slots from `since` up to but not including `until`, in order of time, slot and channel."""
    with db.read() as connection:
        yield from stream(connection, ROWS, (micros(since), micros(until)))


def tell_whole(connection: Connection) -> None:
    """Say that past deliveries are others, in the transaction that makes them so; who kept the record reads it anew."""
    installation.tell(connection, WHOLE)
