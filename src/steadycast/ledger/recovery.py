"""What a dead or late worker left behind, put right: the same code at every start and at every tick."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, update

from steadycast.ledger import spans
from steadycast.ledger.claims import DELIVERY, past
from steadycast.ledger.connection import Database
from steadycast.ledger.history import tell
from steadycast.ledger.restore import put_in_doubt
from steadycast.ledger.tables import State
from steadycast.schedule.model import Verdict


@dataclass(frozen=True, slots=True)
class Recovered:
    """Deliveries that recovery moved, by what became of them."""

    due: tuple[int, ...] = ()  # claims that ran out before anything was sent
    unknown: tuple[int, ...] = ()  # sendings that ran out: may be there
    missed: tuple[int, ...] = ()  # past `late`


def recover(db: Database, now: dt.datetime) -> Recovered:
    """Give back claims that ran out, put sendings that ran out in doubt, and miss what is past `late`; one commit."""
    with db.write("recover") as connection:
        moment = spans.follow(db, connection, now)
        return Recovered(
            unknown=put_in_doubt(db, connection, now) + lapse_sendings(connection, moment),
            due=lapse_claims(connection, moment),
            missed=miss_overdue(connection, now),
        )


def lapse_claims(connection: Connection, now: dt.datetime) -> tuple[int, ...]:
    """From claimed to due, where the lease ran out: nothing was sent."""
    ran_out = (DELIVERY.c.state == State.CLAIMED) & (DELIVERY.c.wake <= now)
    back = {"state": State.DUE, "wake": now, "owner": "", "lease": None}
    return _all(connection, ran_out, back, now, "lease ran out")


def lapse_sendings(connection: Connection, now: dt.datetime) -> tuple[int, ...]:
    """From sending to unknown, where the lease ran out: the request may have been made, so it is never due again."""
    ran_out = (DELIVERY.c.state == State.SENDING) & (DELIVERY.c.wake <= now)
    doubt = {"state": State.UNKNOWN, "wake": now, "owner": "", "lease": None, "looks": 0,
             "message": "the worker ended while sending"}  # fmt: skip
    return _all(connection, ran_out, doubt, now, "the worker ended while sending")


def miss_overdue(connection: Connection, now: dt.datetime) -> tuple[int, ...]:
    """From due or planned to missed, past `late`; what was refused stays refused, and its slot is missed too."""
    over = (DELIVERY.c.wake <= now) & past("late", now)
    empty = over & (DELIVERY.c.state == State.PLANNED)
    missed = {"state": State.MISSED, "wake": None, "verdict": Verdict.MISSED.value}
    gap = _all(connection, empty, {**missed, "message": "no draft"}, now, "no draft")
    due = _all(connection, over & (DELIVERY.c.state == State.DUE), missed, now, "past late")
    refused = over & (DELIVERY.c.state == State.REFUSED)
    return gap + due + _all(connection, refused, {"wake": None, "verdict": Verdict.MISSED.value}, now, "past late")


def _all(
    connection: Connection, where: ColumnElement[bool], change: Mapping[str, Any], now: dt.datetime, why: str
) -> tuple[int, ...]:
    statement = update(DELIVERY).where(where).values(**change).returning(DELIVERY.c.id)
    moved = tuple(row.id for row in connection.execute(statement))
    tell(connection, moved, now, str(change.get("state", "missed")), why)
    return moved
