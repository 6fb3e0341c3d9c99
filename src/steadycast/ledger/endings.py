"""How a try ended: from claimed, sending, unknown or published to the next state, with its receipt and its verdict.

One UPDATE a delivery: id, fencing token and the state it must be in stand in its WHERE clause. Where the same
transaction holds many of them, they share one durable commit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, Connection, Update, bindparam, case, delete, exists, select, type_coerce, update

from steadycast.ledger.claims import DELIVERY, STEP, micros
from steadycast.ledger.connection import Database, table, upsert
from steadycast.ledger.history import tell
from steadycast.ledger.tables import State
from steadycast.schedule.model import Verdict

SLOT = table("slot")
RECEIPT = table("receipt")
THERE = (State.PUBLISHED, State.SEEN, State.CONFIRMED)
NEXT: Mapping[State, frozenset[State]] = {  # from -> what may come of it
    State.CLAIMED: frozenset({State.DUE, State.REFUSED, State.MISSED}),
    State.SENDING: frozenset(
        {State.PUBLISHED, State.HANDED, State.REFUSED, State.DUE, State.UNKNOWN, State.MISSED},
    ),
    State.UNKNOWN: frozenset({State.SEEN, State.HANDED, State.DUE, State.UNKNOWN, State.MISSED}),
    State.PUBLISHED: frozenset({State.PUBLISHED, State.SEEN}),
}


@dataclass(frozen=True, slots=True)
class Proof:
    """A receipt, as the ledger keeps it."""

    remote_id: str
    url: str = ""
    seen: str = "answer"
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ending:
    """How one try of one delivery ended; `code` and `message` are redacted already."""

    id: int
    token: int
    state: State
    at: dt.datetime  # when it was so: the moment of the answer, or the far side's own
    proof: Proof | None = None
    code: str = ""
    message: str = ""
    wake: dt.datetime | None = None  # when to look at it again; None: never by itself
    deadline: dt.datetime | None = None  # by when the request had ended, where that is known better now
    looks: int = 0
    found: Mapping[str, str] = field(default_factory=dict)  # steps that a read-back found done: name -> remote id


def receive(db: Database, endings: Sequence[Ending], now: dt.datetime) -> frozenset[int]:
    """From sending to published, handed, refused, due, unknown, missed; returns the deliveries that took it."""
    return _end(db, State.SENDING, endings, now, "receive")


def release(db: Database, endings: Sequence[Ending], now: dt.datetime) -> frozenset[int]:
    """From claimed to due, refused, missed: nothing was sent, and the claim is given back."""
    return _end(db, State.CLAIMED, endings, now, "release")


def looked(db: Database, endings: Sequence[Ending], now: dt.datetime) -> frozenset[int]:
    """From unknown to seen, handed, due, missed, or unknown still: what a read-back told."""
    return _end(db, State.UNKNOWN, endings, now, "looked")


def verified(db: Database, endings: Sequence[Ending], now: dt.datetime) -> frozenset[int]:
    """From published to seen, or published still: what a later look told."""
    return _end(db, State.PUBLISHED, endings, now, "verified")


def verdict(finished: Any) -> Any:
    """SQL for the verdict on a delivery that was there at `finished`: late, filled from reserve, or kept."""
    limit = type_coerce(DELIVERY.c.at, BigInteger) + type_coerce(DELIVERY.c.grace, BigInteger) * 1_000_000
    filled = exists(select(SLOT.c.id).where(SLOT.c.id == DELIVERY.c.slot, SLOT.c.filled))
    return case((type_coerce(finished, BigInteger) > limit, Verdict.LATE.value), (filled, Verdict.FILLED.value),
                else_=Verdict.KEPT.value)  # fmt: skip


HERE = (
    (DELIVERY.c.id == bindparam("b_id"))
    & (DELIVERY.c.token == bindparam("b_token"))
    & (DELIVERY.c.state == bindparam("b_from"))
)
CHANGE: dict[str, Any] = {
    "state": bindparam("b_state"),
    "wake": bindparam("b_wake"),
    "owner": "",
    "lease": None,
    "looks": bindparam("b_looks"),
    "code": bindparam("b_code"),
    "message": bindparam("b_message"),
}
NOT_THERE = update(DELIVERY).where(HERE).values(**CHANGE, verdict=bindparam("b_verdict"))
IN_DOUBT = update(DELIVERY).where(HERE).values(**CHANGE, deadline=bindparam("b_deadline"))
ARRIVED = update(DELIVERY).where(HERE).values(
    **CHANGE, remote_id=bindparam("b_remote_id"), url=bindparam("b_url"), finished=bindparam("b_at"),
    verdict=verdict(bindparam("b_at_micros", type_=BigInteger)),
)  # fmt: skip
HANDED_OVER = update(DELIVERY).where(HERE).values(
    **CHANGE, remote_id=bindparam("b_remote_id"), url=bindparam("b_url")
)  # fmt: skip
SAME = update(DELIVERY).where(HERE).values(**CHANGE)


def _end(db: Database, before: State, endings: Sequence[Ending], now: dt.datetime, step: str) -> frozenset[int]:
    if wrong := [e for e in endings if e.state not in NEXT[before]]:
        raise ValueError(f"a delivery that is {before} cannot become {wrong[0].state}")
    if not endings:
        return frozenset()
    with db.write(step) as connection:
        took = _change_all(connection, before, endings)
        proofs = [_receipt(e) for e in took if e.proof]
        upsert(connection, RECEIPT, proofs, ("remote_id", "url", "at", "seen", "detail"))
        for ending in took:
            if before == State.UNKNOWN and ending.state == State.DUE:
                _forget_steps(connection, ending)
        for kind, detail in {(_kind(e), _detail(e)) for e in took}:
            tell(connection, [e.id for e in took if (_kind(e), _detail(e)) == (kind, detail)], now, kind, detail)
    return frozenset(e.id for e in took)


def _change_all(connection: Connection, before: State, endings: Sequence[Ending]) -> list[Ending]:
    """The endings that their rows took: as a rule all, by one executemany a kind; one by one where some do not."""
    groups: dict[tuple[Any, ...], tuple[Update, list[dict[str, Any]]]] = {}
    for ending in endings:
        statement, values = _change(before, ending)
        groups.setdefault((id(statement), *values), (statement, []))[1].append(values)
    if len(endings) > len(groups):
        point = connection.begin_nested()
        if sum(connection.execute(statement, rows).rowcount for statement, rows in groups.values()) == len(endings):
            point.commit()
            return list(endings)
        point.rollback()
    changes = ((ending, *_change(before, ending)) for ending in endings)
    return [ending for ending, statement, values in changes if connection.execute(statement, values).rowcount == 1]


def _change(before: State, e: Ending) -> tuple[Update, dict[str, Any]]:
    """The one UPDATE of this ending, and its values; exactly one row takes it, or somebody else has the delivery."""
    values: dict[str, Any] = {
        "b_id": e.id, "b_token": e.token, "b_from": before.value, "b_state": e.state.value, "b_wake": e.wake,
        "b_looks": e.looks, "b_code": e.code, "b_message": e.message,
    }  # fmt: skip
    statement = NOT_THERE
    if before == State.PUBLISHED:
        statement = SAME
    elif e.state in THERE:
        statement = ARRIVED
        values |= {"b_at": e.at, "b_at_micros": micros(e.at)}
    elif e.state == State.HANDED:
        statement = HANDED_OVER
    elif e.state == State.UNKNOWN:
        statement = SAME if e.deadline is None else IN_DOUBT
        values |= {} if e.deadline is None else {"b_deadline": e.deadline}
    else:
        values["b_verdict"] = Verdict.MISSED.value if e.state == State.MISSED else ""
    if statement in (ARRIVED, HANDED_OVER):
        values |= {"b_remote_id": e.proof.remote_id, "b_url": e.proof.url} if e.proof else {}
    return statement, values


def _receipt(e: Ending) -> dict[str, Any]:
    assert e.proof is not None
    proof = e.proof
    return {"delivery": e.id, "remote_id": proof.remote_id, "url": proof.url, "at": e.at, "seen": proof.seen,
            "detail": dict(proof.detail)}  # fmt: skip


def _forget_steps(connection: Connection, e: Ending) -> None:
    """A complete read-back told what is there: a step that it did not find never happened."""
    connection.execute(delete(STEP).where(STEP.c.delivery == e.id, STEP.c.remote_id.is_(None)))
    found = [{"delivery": e.id, "name": n, "begun": e.at, "remote_id": id} for n, id in e.found.items()]
    upsert(connection, STEP, found)


def _kind(e: Ending) -> str:
    return e.state.value


def _detail(e: Ending) -> str:
    said = " ".join(filter(None, [e.code, e.message]))
    return said or (e.proof.url or e.proof.remote_id if e.proof else "")
