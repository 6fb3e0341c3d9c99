"""Spans that no wall clock can shorten: leases, the wait before a look counts, and the wait before another try.

When such a span ends is kept on the ledger's own clock. On PostgreSQL that is the server's: every machine that shares
the ledger goes by it. On SQLite it is the clock of this machine's boot, counted from where the wall stood when the
boot was first seen here; when the wall is set, the ends of the spans that last are moved with it, and nothing else is
decided by that. So whoever is in the middle of a request keeps his lease, whatever the wall says meanwhile.
"""

from __future__ import annotations

import datetime as dt
import json

from sqlalchemy import BigInteger, Connection, case, func, select, type_coerce, update

from steadycast.crash_safety.bootclock import EPOCH, Reading, boot
from steadycast.ledger.connection import Database, table
from steadycast.ledger.installation import keep, value
from steadycast.ledger.raw_sql import MICROSECOND, micros
from steadycast.ledger.rows import Instant
from steadycast.ledger.tables import State

META = table("meta")
DELIVERY = table("delivery")
EVENT = table("event")
CHANNEL_STATE = table("channel_state")
AMENDMENT = table("amendment")
CLOCKS = "clocks"  # meta: by boot, what the wall had beyond its clock
KEPT = 8  # boots that are remembered
STEP = dt.timedelta(seconds=1)  # a wall that differs by more was set
WHOLE = dt.timedelta(minutes=10)  # a request of an earlier boot may last that long: nobody knows how long it was off
LASTING = (State.CLAIMED, State.SENDING, State.UNKNOWN, State.PUBLISHED)


def moment(db: Database, connection: Connection, now: dt.datetime) -> dt.datetime:
    """This moment on the ledger's own clock; `now`, the caller's wall, where it has none."""
    return own_moment(db, connection) or now


def own_moment(db: Database, connection: Connection) -> dt.datetime | None:
    """This moment on the ledger's own clock, None where it has none: then spans are told by the wall alone."""
    if db.clock is None:
        return None
    here = db.clock()
    if _served(db, here):
        server: dt.datetime | None = connection.scalar(select(func.clock_timestamp()))
        return server and server.astimezone(dt.UTC)
    known = _known(connection) if here else {}
    return EPOCH + here.at + known[here.boot] if here and here.boot in known else None


def follow(db: Database, connection: Connection, now: dt.datetime) -> dt.datetime:
    """As `moment`, after what lasts has followed the wall: where that was set, and where the machine began anew."""
    if db.clock is None or (here := db.clock()) is None or _served(db, here):
        return moment(db, connection, now)
    known = _known(connection)
    before = known.pop(here.boot, None)
    if before is None and known:
        _begin_anew(connection, EPOCH + here.at + here.offset)
    elif before is not None and abs(here.offset - before) > STEP:
        _move(connection, here.offset - before)
    if before is None or abs(here.offset - before) > STEP:
        _keep(connection, {**known, here.boot: here.offset})
        before = here.offset
    return EPOCH + here.at + before


def later(end: dt.datetime, since: dt.datetime, moment: dt.datetime | None) -> dt.datetime:
    """When a span ends that lasts from `since` to `end` by the caller's wall, by the ledger's own clock."""
    return end if moment is None else moment + (end - since)


def _served(db: Database, here: Reading | None) -> bool:
    """Whether a server's clock tells for all; a clock that is not this machine's own, as a test's, tells for itself."""
    return not db.is_sqlite and (here is None or here.boot == boot())


def _known(connection: Connection) -> dict[str, dt.timedelta]:
    kept = value(connection, CLOCKS)
    return {boot: offset * MICROSECOND for boot, offset in json.loads(kept or "{}").items()}


def _keep(connection: Connection, known: dict[str, dt.timedelta]) -> None:
    newest = {boot: offset // MICROSECOND for boot, offset in list(known.items())[-KEPT:]}
    keep(connection, **{CLOCKS: json.dumps(newest)})


def _move(connection: Connection, by: dt.timedelta) -> None:
    """The wall was set: what lasts lasts as long as before. What is to be at an hour stays at its hour."""
    c, step = DELIVERY.c, by // MICROSECOND
    ends = {name: type_coerce(c[name], BigInteger) + step for name in ("wake", "lease", "deadline")}
    lasting = c.wake.is_not(None) & c.state.in_(LASTING)
    connection.execute(update(DELIVERY).where(lasting).values(**ends))
    again = c.wake.is_not(None) & (c.state == State.DUE) & (c.attempt > 0) & (c.wake > c.at)
    at = type_coerce(c.at, BigInteger)
    connection.execute(update(DELIVERY).where(again).values(wake=case((ends["wake"] > at, ends["wake"]), else_=at)))
    until = CHANNEL_STATE.c.until
    moved = update(CHANNEL_STATE).where(until.is_not(None)).values(until=type_coerce(until, BigInteger) + step)
    connection.execute(moved)
    ends = {name: type_coerce(AMENDMENT.c[name], BigInteger) + step for name in ("wake", "lease")}
    connection.execute(update(AMENDMENT).where(AMENDMENT.c.wake.is_not(None)).values(**ends))


def _begin_anew(connection: Connection, now: dt.datetime) -> None:
    """Another boot's workers are gone. How long ago, no clock tells: a request of theirs gets its whole time again."""
    c, open_ = DELIVERY.c, DELIVERY.c.wake.is_not(None)
    connection.execute(update(DELIVERY).where(open_, c.state == State.CLAIMED).values(wake=now))
    locked = (CHANNEL_STATE.c.owner != "") & CHANNEL_STATE.c.until.is_not(None)
    connection.execute(update(CHANNEL_STATE).where(locked).values(owner="", until=None))
    began = select(func.max(type_coerce(EVENT.c.at, BigInteger)))
    began = began.where(EVENT.c.delivery == c.id, EVENT.c.kind == State.SENDING.value).correlate(DELIVERY)
    least, span = WHOLE // MICROSECOND, type_coerce(c.deadline, BigInteger) - began.scalar_subquery()
    ends = micros(now) + case((span > least, span), else_=least)
    sending, doubt = open_ & (c.state == State.SENDING), open_ & (c.state == State.UNKNOWN) & c.deadline.is_not(None)
    connection.execute(update(DELIVERY).where(doubt).values(deadline=type_coerce(ends, Instant)))
    new = dict.fromkeys(("wake", "lease", "deadline"), type_coerce(ends, Instant))
    connection.execute(update(DELIVERY).where(sending).values(**new))
