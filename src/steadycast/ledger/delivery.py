"""A delivery as a worker gets it, from its claim or for a look: all that it takes to render, send and judge it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from steadycast.ledger import time_spans
from steadycast.ledger.connection import Database
from steadycast.ledger.raw_sql import fetch, instant, micros
from steadycast.ledger.rows import EPOCH
from steadycast.ledger.tables import State


@dataclass(frozen=True, slots=True)
class Delivery:
    """One slot on one channel. Every later write names its `token`: it is this worker's as long as that is the same."""

    id: int
    slot: str
    channel: str
    series: str
    at: dt.datetime
    late: dt.timedelta
    marker: str
    draft: str = ""
    title: str = ""  # of its draft
    attempt: int = 0  # this one; the first is 1
    token: int = 0
    frozen: str | None = None  # hash of the post frozen by an earlier try
    revision: str | None = None  # and the revision it was made of; of an amendment: the one it shall show
    looks: int = 0  # made so far; of a claim: made for an earlier sending, and none could tell whether it arrived
    remote_id: str = ""
    url: str = ""
    code: str = ""  # what was said last
    message: str = ""
    lease: dt.datetime = EPOCH  # by the wall of whoever claimed it
    state: State = State.CLAIMED  # as it was read by its claim, by `waiting` and for a look
    left: dt.timedelta = dt.timedelta()  # until the last request has surely ended; below nothing once it has

    @property
    def last(self) -> dt.datetime:
        """The instant after which it is missed."""
        return self.at + self.late


COLUMNS = (
    "id, slot, channel, series, at, late, marker, coalesce(draft, ''), "
    "coalesce((SELECT title FROM draft WHERE draft.id = delivery.draft), ''), "
    "attempt, token, frozen, revision, looks, remote_id, url, code, message"
)
LOOK = f"SELECT coalesce(deadline, at), {COLUMNS} FROM delivery WHERE wake <= ? AND state = ? ORDER BY wake LIMIT ?"  # noqa: S608
OPEN = "verdict = '' AND state IN ('unknown', 'refused', 'handed')"
WAITING = f"SELECT state, {COLUMNS} FROM delivery WHERE {OPEN} ORDER BY at, id"  # noqa: S608

BEING_SENT = """
SELECT owner FROM delivery WHERE wake IS NOT NULL AND state = ?
UNION ALL SELECT owner FROM delivery WHERE id IN (SELECT delivery FROM amendment WHERE wake IS NOT NULL AND state = ?)
"""  # an index holds what has a wake


def delivery_of(row: Sequence[Any], **more: Any) -> Delivery:
    """The delivery of a row of `COLUMNS`."""
    id, slot, channel, series, at, late, *rest = row
    return Delivery(id, slot, channel, series, instant(at), dt.timedelta(seconds=late), *rest, **more)


def doubts(db: Database, now: dt.datetime, limit: int = 200) -> list[Delivery]:
    """The unknown deliveries whose next look has come."""
    return _looks(db, State.UNKNOWN, now, limit)


def unseen(db: Database, now: dt.datetime, limit: int = 200) -> list[Delivery]:
    """The published deliveries that are to be read back now."""
    return _looks(db, State.PUBLISHED, now, limit)


def waiting(db: Database) -> list[Delivery]:
    """What a person has to look at, the oldest first: in doubt, refused and not yet missed, handed over."""
    with db.read() as connection:
        rows = fetch(connection, WAITING, ())
    return [delivery_of(row, state=State(state)) for state, *row in rows]


def being_sent(db: Database) -> list[str]:
    """Who sends: the name that a worker claims under, once for each delivery that it is sending, or amending."""
    with db.read() as connection:
        return [owner for (owner,) in fetch(connection, BEING_SENT, (State.SENDING.value,) * 2)]


def _looks(db: Database, state: State, now: dt.datetime, limit: int) -> list[Delivery]:
    with db.read() as connection:
        moment = time_spans.moment(db, connection, now)
        rows = fetch(connection, LOOK, (micros(moment), state.value, limit))
    return [delivery_of(row, state=state, left=instant(ended) - moment) for ended, *row in rows]
