"""How a try ended: from claimed, sending, unknown or published to the next state, with its receipt and its verdict.

One UPDATE a delivery: id, fencing token and the state it must be in stand in its WHERE clause. Where the same
transaction holds many of them, they share one durable commit.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, TextClause, delete, text

from steadycast.ledger import pacing, time_spans
from steadycast.ledger.claims import STEP, step_value
from steadycast.ledger.connection import Database, table, upsert
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.history import write_each_event
from steadycast.ledger.raw_sql import Json, Values, micros, run, taken
from steadycast.ledger.tables import State
from steadycast.receipt import Receipt
from steadycast.schedule.model import Verdict

RECEIPT = table("receipt")
THERE = (State.PUBLISHED, State.SEEN, State.CONFIRMED)
WAITS = (State.DUE, State.UNKNOWN, State.PUBLISHED)  # for so long; what was refused is missed at an hour
NEXT: Mapping[State, frozenset[State]] = {  # from -> what may come of it
    State.CLAIMED: frozenset({State.DUE, State.REFUSED, State.UNKNOWN, State.MISSED}),
    State.SENDING: frozenset(
        {State.PUBLISHED, State.HANDED, State.REFUSED, State.DUE, State.UNKNOWN, State.MISSED},
    ),
    State.UNKNOWN: frozenset({State.SEEN, State.HANDED, State.DUE, State.UNKNOWN, State.MISSED}),
    State.PUBLISHED: frozenset({State.PUBLISHED, State.SEEN}),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try, or one look, of one delivery; `code` and `message` are redacted already."""

    delivery: Delivery
    state: State
    at: dt.datetime  # when it was so: the moment of the answer, or the far side's own
    receipt: Receipt | None = None  # as it is kept
    code: str = ""
    message: str = ""
    wake: dt.datetime | None = None  # when to look at it again; None: never by itself
    deadline: dt.datetime | None = None  # by when the request had ended, where that is known better now
    looks: int = 0
    pause: tuple[str, dt.datetime] | None = None  # a channel, and until when its far side wants to be left alone
    address: str = ""  # a better one, of a post that was there already
    found: Mapping[str, Any] = field(default_factory=dict)  # steps that a read-back found done: name -> value

    @property
    def id(self) -> int:
        """The delivery's."""
        return self.delivery.id

    @property
    def slot(self) -> str:
        """The delivery's slot."""
        return self.delivery.slot

    @property
    def channel(self) -> str:
        """The delivery's channel."""
        return self.delivery.channel

    @property
    def url(self) -> str:
        """Where it is to be seen, as far as that is known."""
        return self.receipt.url if self.receipt else self.address or self.delivery.url


def receive(db: Database, outcomes: Sequence[Outcome], now: dt.datetime) -> frozenset[int]:
    """From sending to published, handed, refused, due, unknown, missed; returns the deliveries that took it."""
    return _end(db, State.SENDING, outcomes, now, "receive")


def release(db: Database, outcomes: Sequence[Outcome], now: dt.datetime) -> frozenset[int]:
    """From claimed to due, refused, missed, or unknown again: nothing was sent, and the claim is given back."""
    return _end(db, State.CLAIMED, outcomes, now, "release")


def looked(db: Database, outcomes: Sequence[Outcome], now: dt.datetime) -> frozenset[int]:
    """From unknown to seen, handed, due, missed, or unknown still: what a read-back told."""
    return _end(db, State.UNKNOWN, outcomes, now, "looked")


def verified(db: Database, outcomes: Sequence[Outcome], now: dt.datetime) -> frozenset[int]:
    """From published to seen, or published still: what a later look told."""
    return _end(db, State.PUBLISHED, outcomes, now, "verified")


VERDICT = (  # on a delivery that was there at `?`
    "CASE WHEN CAST(? AS BIGINT) > delivery.at + CAST(delivery.grace AS BIGINT) * 1000000 THEN 'late' "
    "WHEN EXISTS (SELECT 1 FROM slot WHERE slot.id = delivery.slot AND slot.filled) THEN 'filled' ELSE 'kept' END"
)


def verdict(finished: dt.datetime) -> TextClause:
    """SQL for the verdict on a delivery that was there at `finished`: late, filled from reserve, or kept."""
    return text(VERDICT.replace("?", ":there_at")).bindparams(there_at=micros(finished))


HERE = "WHERE id = ? AND token = ? AND state = ?"
CHANGE = "UPDATE delivery SET state = ?, wake = ?, owner = '', lease = NULL, looks = ?, code = ?, message = ?"
SAME = f"{CHANGE} {HERE}"
NOT_THERE = f"{CHANGE}, verdict = ? {HERE}"
IN_DOUBT = f"{CHANGE}, deadline = ? {HERE}"
MOVED = f"{CHANGE}, url = ? {HERE}"
PROVEN_AT = "UPDATE receipt SET url = ? WHERE delivery = ?"
HANDED_OVER = f"{CHANGE}, remote_id = ?, url = ? {HERE}"
ARRIVED = f"{CHANGE}, remote_id = ?, url = ?, finished = ?, verdict = {VERDICT} {HERE}"
PROVEN = (
    "INSERT INTO receipt (delivery, remote_id, url, at, seen, detail) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (delivery) DO UPDATE SET remote_id = excluded.remote_id, url = excluded.url, at = excluded.at, "
    "seen = excluded.seen, detail = excluded.detail"
)


def _end(db: Database, before: State, outcomes: Sequence[Outcome], now: dt.datetime, step: str) -> frozenset[int]:
    if wrong := [e for e in outcomes if e.state not in NEXT[before]]:
        raise ValueError(f"a delivery that is {before} cannot become {wrong[0].state}")
    if not outcomes:
        return frozenset()
    with db.write(step) as connection:
        moment = time_spans.own_moment(db, connection)
        took = taken(connection, outcomes, lambda e: _change(before, e, moment))
        run(connection, PROVEN, [_receipt(e) for e in took if e.receipt])
        run(connection, PROVEN_AT, [(e.address, e.id) for e in took if e.address])
        for outcome in took:
            if before == State.UNKNOWN and outcome.state == State.DUE:
                _forget_steps(connection, outcome)
        for channel, end in sorted((e.pause[0], time_spans.later(e.pause[1], e.at, moment)) for e in took if e.pause):
            pacing.pause(connection, channel, end)
        write_each_event(connection, [(e.id, e.state.value, _detail(e)) for e in took], now)
    return frozenset(e.id for e in took)


def _change(before: State, e: Outcome, moment: dt.datetime | None) -> tuple[str, Values]:
    """The one UPDATE of this outcome, and its values; exactly one row takes it, or somebody else has the delivery."""
    wake = None if e.wake is None else micros(time_spans.later(e.wake, e.at, moment if e.state in WAITS else None))
    to: Values = (e.state.value, wake, e.looks, e.code, e.message)
    here: Values = (e.id, e.delivery.token, before.value)
    if e.address:
        return MOVED, (*to, e.address, *here)
    if before == State.PUBLISHED or (e.state == State.UNKNOWN and e.deadline is None):
        return SAME, to + here
    if e.state == State.UNKNOWN:
        assert e.deadline is not None
        return IN_DOUBT, (*to, micros(time_spans.later(e.deadline, e.at, moment)), *here)
    if e.state in THERE or e.state == State.HANDED:
        assert e.receipt is not None
        proof = (e.receipt.remote_id, e.receipt.url)
        at = micros(e.at)
        return (HANDED_OVER, to + proof + here) if e.state == State.HANDED else (ARRIVED, (*to, *proof, at, at, *here))
    return NOT_THERE, (*to, Verdict.MISSED.value if e.state == State.MISSED else "", *here)


def _receipt(e: Outcome) -> Values:
    assert e.receipt is not None
    receipt = e.receipt
    return e.id, receipt.remote_id, receipt.url, micros(e.at), receipt.seen, Json(json.dumps(dict(receipt.detail)))


def _forget_steps(connection: Connection, e: Outcome) -> None:
    """A complete read-back told what is there: a step that it did not find never happened."""
    connection.execute(delete(STEP).where(STEP.c.delivery == e.id, STEP.c.value.is_(None)))
    found = [{"delivery": e.id, "name": n, "begun": e.at, "value": step_value(value)} for n, value in e.found.items()]
    upsert(connection, STEP, found)


def _detail(e: Outcome) -> str:
    said = " ".join(filter(None, [e.code, e.message]))
    return said or e.address or (e.receipt.url or e.receipt.remote_id if e.receipt else "")
