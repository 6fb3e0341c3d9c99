"""A post that is out is changed in its place, or taken away: each once a revision, and by one worker at a time.

The row is written before anything is sent. `sending` whose lease is over, and `due` whose hour has come, are done
again: to say the same twice of one post harms nobody, and its steps are kept as those of a publish are.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, Table, delete, select, update

from steadycast.ledger import pacing, time_spans
from steadycast.ledger.claims import DELIVERY, STEP
from steadycast.ledger.connection import Database, rows_of, table, upsert
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.frozen_posts import FROZEN
from steadycast.ledger.history import write_events
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.tables import DONE, AmendmentRow, State

AMENDMENT = table("amendment")
RECEIPT = table("receipt")
TAKEN_AWAY = ""  # the revision of a post that is to be there no more
OPEN = (State.SENDING, State.DUE, State.UNKNOWN)
TRIES = 4  # times that an answer may be lost before a person is asked


def begin_amendment(
    db: Database,
    delivery: int,
    revision: str,
    now: dt.datetime,
    lease: dt.timedelta,
    *,
    who: str = "",
    why: str = "",
    owner: str = "",
    again: bool = False,
    alone: bool = False,
) -> Delivery | None:
    """Write that a post is about to be changed into `revision`, or taken away; None where that may not begin now.

    It may not where the post is not out, and while another worker is at it. Whatever else was to become of the post is
    replaced by this. `owner`: the worker that will send it. `again`: a person saw that a step which is in doubt never
    arrived. `alone`: its channel has one writer, and nothing else may be on its way there.
    """
    d, a = DELIVERY.c, AMENDMENT.c
    with db.write("amend") as connection:
        moment = time_spans.moment(db, connection, now)
        held = update(DELIVERY).where(d.id == delivery, d.state.in_(DONE)).values(token=d.token)
        if connection.execute(held).rowcount != 1:  # it holds the row while this goes on
            return None
        rows = {row.revision: row for row in connection.execute(select(AMENDMENT).where(a.delivery == delivery))}
        if any(row.state == State.SENDING and row.lease > moment for row in rows.values()):
            return None
        channel = connection.scalar(select(d.channel).where(d.id == delivery))
        if alone and not pacing.nobody_writes(connection, channel or "", moment):
            return None
        others = (a.delivery == delivery) & (a.revision != revision) & a.state.in_(OPEN)
        connection.execute(update(AMENDMENT).where(others).values(state=State.CANCELLED, wake=None))
        known = rows.get(revision)
        token = known.token + 1 if known else 1
        tries = known.tries + 1 if known and known.state in OPEN and not again else 1
        if known and tries > 1:  # it is the same that was asked for then
            who, why = known.who, known.why
        row = {
            "delivery": delivery, "revision": revision, "state": State.SENDING, "at": now, "who": who, "why": why,
            "token": token, "tries": tries, "wake": moment + lease, "lease": moment + lease, "finished": None,
            "code": "", "message": "",
        }  # fmt: skip
        upsert(connection, AMENDMENT, [row], row.keys() - {"delivery", "revision"})
        if again:
            connection.execute(delete(STEP).where(STEP.c.delivery == delivery, STEP.c.value.is_(None)))
        write_events(connection, [delivery], now, "withdrawing" if revision == TAKEN_AWAY else "revising", who)
        its = connection.execute(update(DELIVERY).where(d.id == delivery).values(owner=owner).returning(DELIVERY)).one()
    return Delivery(
        delivery, its.slot, its.channel, its.series, now, dt.timedelta(days=36500), its.marker, its.draft or "",
        attempt=tries, token=token, frozen=its.frozen, revision=revision, lease=now + lease,
    )  # fmt: skip


def end_amendment(db: Database, claim: Delivery, outcome: Outcome, post: bytes, now: dt.datetime) -> bool:
    """Write what came of it; False where it is another worker's by now.

    What is there now is what the ledger froze for the delivery: `post`. When it went out, and its verdict, stay.
    """
    d, done = DELIVERY.c, outcome.state == State.PUBLISHED
    with db.write("amended") as connection:
        moment = time_spans.own_moment(db, connection)
        wake = outcome.wake and time_spans.later(outcome.wake, outcome.at, moment)
        told = {"state": outcome.state, "code": outcome.code, "message": outcome.message, "wake": wake, "lease": None}
        told |= {"finished": now} if done else {}
        if connection.execute(update(AMENDMENT).where(amending(claim)[1]).values(**told)).rowcount != 1:
            return False
        if done and claim.revision == TAKEN_AWAY:
            gone = {"state": State.WITHDRAWN, "wake": None, "code": "", "message": ""}
            connection.execute(update(DELIVERY).where(d.id == claim.id).values(**gone))
        elif done:
            _changed(connection, claim, outcome, post, now)
        if outcome.pause:
            channel, end = outcome.pause
            pacing.pause(connection, channel, time_spans.later(end, outcome.at, moment))
        kind = ("withdrawn" if claim.revision == TAKEN_AWAY else "revised") if done else f"amendment {outcome.state}"
        write_events(connection, [claim.id], now, kind, " ".join(filter(None, (outcome.code, outcome.message))))
    return True


def _changed(connection: Connection, claim: Delivery, outcome: Outcome, post: bytes, now: dt.datetime) -> None:
    """The post's words and the proof of them are others; its id and address are what they were."""
    assert outcome.receipt is not None
    digest, here = hashlib.sha256(post).hexdigest(), FROZEN.c.delivery == claim.id
    connection.execute(update(DELIVERY).where(DELIVERY.c.id == claim.id).values(frozen=digest, revision=claim.revision))
    connection.execute(update(FROZEN).where(here).values(hash=digest, post=post, at=now, packed=False))
    detail = dict(outcome.receipt.detail)
    connection.execute(update(RECEIPT).where(RECEIPT.c.delivery == claim.id).values(detail=detail))


def drop_amendments(db: Database, delivery: int, who: str, now: dt.datetime) -> None:
    """To cancelled, of what is not under way and came to no good end: a person does it by hand."""
    a = AMENDMENT.c
    waits = (a.delivery == delivery) & a.state.in_((State.DUE, State.UNKNOWN, State.REFUSED))
    with db.write() as connection:
        if connection.execute(update(AMENDMENT).where(waits).values(state=State.CANCELLED, wake=None)).rowcount:
            write_events(connection, [delivery], now, "amendment cancelled", who)


def amendments_of(
    db: Database, *, deliveries: Collection[int] | None = None, states: Collection[State] | None = None
) -> list[AmendmentRow]:
    """Amendments of these deliveries, or in these states, the oldest first."""
    a = AMENDMENT.c
    query = select(AMENDMENT).order_by(a.at, a.delivery)
    query = query if deliveries is None else query.where(a.delivery.in_(list(deliveries)))
    return rows_of(db, AmendmentRow, query if states is None else query.where(a.state.in_(list(states))))


def amendments_due(db: Database, now: dt.datetime) -> list[AmendmentRow]:
    """What was begun and is not known to be done, and is to be done again now."""
    a = AMENDMENT.c
    with db.read() as connection:
        moment = time_spans.moment(db, connection, now)
    query = select(AMENDMENT).where(a.state.in_((State.SENDING, State.DUE)), a.wake <= moment)
    return rows_of(db, AmendmentRow, query.order_by(a.wake))


def amending(claim: Delivery) -> tuple[Table, ColumnElement[bool]]:
    """The amendment itself, as long as it is this worker's; its steps are those of its delivery."""
    a = AMENDMENT.c
    here = (a.delivery == claim.id) & (a.revision == claim.revision)
    return AMENDMENT, here & (a.token == claim.token) & (a.state == State.SENDING)
