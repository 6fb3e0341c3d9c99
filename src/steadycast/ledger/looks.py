"""Deliveries whose far side is to be looked at: in doubt, or published and not yet seen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from steadycast.ledger import time_spans
from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.connection import Database
from steadycast.ledger.tables import State


@dataclass(frozen=True, slots=True)
class Lookup:
    """One delivery to look for; what is found is written only if its token is still the same."""

    id: int
    slot: str
    channel: str
    at: dt.datetime
    last: dt.datetime  # the instant after which it may not be sent any more
    token: int
    looks: int  # made so far
    left: dt.timedelta  # until the last request has surely ended; below nothing once it has
    remote_id: str
    url: str
    code: str  # what was said last
    message: str


def doubts(db: Database, now: dt.datetime, limit: int = 200) -> list[Lookup]:
    """The unknown deliveries whose next look has come."""
    return _looks(db, State.UNKNOWN, now, limit)


def unseen(db: Database, now: dt.datetime, limit: int = 200) -> list[Lookup]:
    """The published deliveries that are to be read back now."""
    return _looks(db, State.PUBLISHED, now, limit)


def _looks(db: Database, state: State, now: dt.datetime, limit: int) -> list[Lookup]:
    c = DELIVERY.c
    said = (c.remote_id, c.url, c.code, c.message)
    query = select(c.id, c.slot, c.channel, c.at, c.late, c.token, c.looks, c.deadline, *said)
    with db.read() as connection:
        moment = time_spans.moment(db, connection, now)
        query = query.where(c.wake <= moment, c.state == state).order_by(c.wake).limit(limit)
        return [
            Lookup(id, slot, channel, at, at + dt.timedelta(seconds=late), token, looks, (end or at) - moment, *rest)
            for id, slot, channel, at, late, token, looks, end, *rest in connection.execute(query)
        ]
