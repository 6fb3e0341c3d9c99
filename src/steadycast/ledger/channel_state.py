"""What a channel remembers between two deliveries: sealed values, and who is just making a new one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select, update

from steadycast.ledger import time_spans
from steadycast.ledger.connection import Database, table, upsert
from steadycast.ledger.sealed import opened, seal

STATE = table("channel_state")
LONGEST = 60_000  # bytes of one sealed value
KEY = 200  # characters of a key


def state(db: Database, channel: str, key: str) -> tuple[Any, dt.datetime | None]:
    """A value and when it expires, also where it has; None where there is none."""
    query = select(STATE.c.value, STATE.c.expires).where(STATE.c.channel == channel, STATE.c.key == key)
    with db.read() as connection:
        row = connection.execute(query).first()
    return (opened(db, f"{channel}\n{key}", row.value), row.expires) if row else (None, None)


def states(db: Database, key: str) -> dict[str, Any]:
    """What every channel keeps under one key."""
    query = select(STATE.c.channel, STATE.c.value).where(STATE.c.key == key)
    with db.read() as connection:
        return {channel: opened(db, f"{channel}\n{key}", value) for channel, value in connection.execute(query)}


def states_of_channel(db: Database, channel: str, prefix: str, now: dt.datetime) -> dict[str, Any]:
    """What one channel keeps under each key that begins so and has not expired."""
    c = STATE.c
    lasts = c.expires.is_(None) | (c.expires > now)
    query = select(c.key, c.value).where(c.channel == channel, c.key.startswith(prefix, autoescape=True), lasts)
    with db.read() as connection:
        rows = [(key, value) for key, value in connection.execute(query) if key.startswith(prefix)]
    found = {key: opened(db, f"{channel}\n{key}", value) for key, value in rows}
    return {key: value for key, value in found.items() if value is not None}


def set_state(
    db: Database, channel: str, key: str, value: Any, expires: dt.datetime | None, *, owner: str | None = None
) -> bool:
    """Keep a value, or with None take it away; with `owner` only while the lock is theirs, which ends with it."""
    if not 0 < len(key) <= KEY:
        raise ValueError(f"a key has 1 to {KEY} characters")
    sealed = None if value is None else seal(db, f"{channel}\n{key}", value)
    if sealed is not None and len(sealed) > LONGEST:
        raise ValueError(f"the value of {key} has {len(sealed)} bytes, over {LONGEST}")
    with db.write() as connection:
        if owner is not None:
            mine = (STATE.c.channel == channel) & (STATE.c.key == key) & (STATE.c.owner == owner)
            made = {"value": sealed, "expires": expires, "owner": "", "until": None}
            return connection.execute(update(STATE).where(mine).values(**made)).rowcount == 1
        row = {"channel": channel, "key": key, "value": sealed, "expires": expires, "owner": ""}
        return upsert(connection, STATE, [row], ("value", "expires")) == 1


def lock_state(db: Database, channel: str, key: str, owner: str, now: dt.datetime, *, lasts: dt.timedelta) -> bool:
    """Whether it is this owner who makes the new value: for so long, unless another does already."""
    here = (STATE.c.channel == channel) & (STATE.c.key == key)
    with db.write() as connection:
        moment = time_spans.moment(db, connection, now)
        upsert(connection, STATE, [{"channel": channel, "key": key, "owner": ""}])
        free = STATE.c.until.is_(None) | (STATE.c.until <= moment)
        taken = update(STATE).where(here, free).values(owner=owner, until=moment + lasts)
        return connection.execute(taken).rowcount == 1


def unlock_state(db: Database, channel: str, key: str, owner: str) -> None:
    """Let go: nothing new was made."""
    here = (STATE.c.channel == channel) & (STATE.c.key == key) & (STATE.c.owner == owner)
    with db.write() as connection:
        connection.execute(update(STATE).where(here).values(owner="", until=None))
