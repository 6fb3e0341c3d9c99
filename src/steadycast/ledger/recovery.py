"""What a dead or late worker left behind, put right: the same code at every start and at every tick."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, select, type_coerce, update

from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.ledger import installation, time_spans
from steadycast.ledger.claims import DELIVERY, end_of, past
from steadycast.ledger.connection import Database, table
from steadycast.ledger.history import write_events
from steadycast.ledger.installation import TICK
from steadycast.ledger.older_copy import put_in_doubt
from steadycast.ledger.raw_sql import fetch, micros
from steadycast.ledger.rows import Instant
from steadycast.ledger.tables import State
from steadycast.schedule.model import Verdict

SLOT = table("slot")
EVENT = table("event")
PAST_LATE, NO_DRAFT = N_("past late"), N_("no draft")  # why recovery calls a delivery missed
LEFT = (  # something whose lease may have run out, or whose time is over
    "SELECT 1 FROM delivery WHERE wake <= ? AND (state IN ('claimed', 'sending') "
    "OR state IN ('planned', 'due', 'refused') AND at + CAST(late AS BIGINT) * 1000000 < ?) LIMIT 1"
)
CALLED = "called"  # meta: the latest instant, by any clock, at which anything was called missed
JUMP = "jump"  # meta: the newest tick that called slots missed which no tick had seen due, as `Jump`


@dataclass(frozen=True, slots=True)
class Jump:
    """A tick that found slots past `late` which none before it had seen due: the machine was off, or its clock jumped.

    Nobody can know which. If it was the clock, what was called missed is taken back once it is right: `take_back`.
    """

    since: dt.datetime  # the tick before
    at: dt.datetime
    slots: int  # called missed


@dataclass(frozen=True, slots=True)
class Recovered:
    """Deliveries that recovery moved, by what became of them."""

    due: tuple[int, ...] = ()  # claims that ran out before anything was sent
    unknown: tuple[int, ...] = ()  # sendings that ran out: may be there
    missed: tuple[int, ...] = ()  # past `late`


def recover(db: Database, now: dt.datetime) -> Recovered:
    """Give back claims that ran out, put sendings that ran out in doubt, and miss what is past `late`; one commit."""
    with db.write("recover") as connection:
        moment, doubtful = time_spans.follow(db, connection, now), put_in_doubt(db, connection, now)
        if not fetch(connection, LEFT, (micros(max(moment, now)), micros(now))):
            return Recovered(unknown=doubtful)  # as a rule: no tick before this one left anything
        recovered = Recovered(
            unknown=doubtful + lapse_sendings(connection, moment),
            due=lapse_claims(connection, moment),
            missed=miss_overdue(connection, now),
        )
        _note_jump(connection, recovered.missed, now)
        return recovered


def _note_jump(connection: Connection, missed: tuple[int, ...], now: dt.datetime) -> None:
    """Keep by what clock anything was called missed; and what was, though no tick had seen it due."""
    if not missed:
        return
    kept = installation.values(connection)
    latest = max(now, dt.datetime.fromisoformat(kept.get(CALLED, now.isoformat())))
    installation.keep(connection, **{CALLED: latest.isoformat()})
    since = dt.datetime.fromisoformat(kept.get(TICK, now.isoformat()))
    fresh = select(DELIVERY.c.slot).where(DELIVERY.c.id.in_(missed), DELIVERY.c.at > since).distinct()
    if slots := len(connection.execute(fresh).all()):
        told = {"since": since.isoformat(), "at": now.isoformat(), "slots": slots}
        installation.keep(connection, **{JUMP: json.dumps(told)})


def passed_by(db: Database, now: dt.datetime) -> int:
    """How many slots are past `late` and wait to be called missed, and no tick has seen them due."""
    c = DELIVERY.c
    waits = (c.wake <= now) & past("late", now) & c.state.in_((State.PLANNED, State.DUE))
    query, last = select(func.count(c.slot.distinct())).where(waits), installation.last_tick(db)
    with db.read() as connection:
        return connection.scalar(query.where(c.at > last) if last else query) or 0


def jump(db: Database) -> Jump | None:
    """The newest tick that called slots missed which no tick had seen due; None where there was none."""
    if (kept := installation.meta(db, JUMP)) is None:
        return None
    told = json.loads(kept)
    return Jump(dt.datetime.fromisoformat(told["since"]), dt.datetime.fromisoformat(told["at"]), told["slots"])


def take_back(db: Database, now: dt.datetime) -> tuple[int, ...]:
    """What was called missed by a clock that was ahead, and never tried, waits again: its time is not over at `now`.

    Its slot has its draft no more where another has it by now: planning gives it one.
    """
    c = DELIVERY.c
    whys = (PAST_LATE, NO_DRAFT)
    called = exists().where(EVENT.c.delivery == c.id, EVENT.c.kind == State.MISSED, EVENT.c.detail.in_(whys))
    last = type_coerce(end_of("late"), Instant)  # when it is missed
    early = (c.state == State.MISSED) & (c.attempt == 0) & ~past("late", now) & called
    again = {"state": State.PLANNED, "verdict": "", "message": "", "wake": last, "draft": None, "revision": None}
    latest = installation.meta(db, CALLED)
    if latest is None or dt.datetime.fromisoformat(latest) <= now:  # as a rule: no clock was ever ahead of this one
        return ()
    with db.write() as connection:
        back = _all(connection, early, again, now, _("its time is not over: the clock was ahead"))
        slots = select(c.slot).where(c.id.in_(back))
        other = SLOT.alias()
        open_ = exists().where(c.slot == other.c.id, c.state.not_in((State.MISSED, State.EXCUSED, State.CANCELLED)))
        elsewhere = exists().where(other.c.draft == SLOT.c.draft, other.c.id != SLOT.c.id, open_)
        if back:
            connection.execute(update(SLOT).where(SLOT.c.id.in_(slots), elsewhere).values(draft=None, filled=False))
        refused = (c.state == State.REFUSED) & (c.verdict == Verdict.MISSED) & ~past("late", now)
        still = {"state": State.REFUSED, "verdict": "", "wake": last}
        _all(connection, refused, still, now, _("its time is not over: the clock was ahead"))
        installation.keep(connection, **{CALLED: now.isoformat()})
    return back


def lapse_claims(connection: Connection, now: dt.datetime) -> tuple[int, ...]:
    """From claimed to due, where the lease ran out: nothing was sent."""
    ran_out = (DELIVERY.c.state == State.CLAIMED) & (DELIVERY.c.wake <= now)
    back = {"state": State.DUE, "wake": now, "owner": "", "lease": None}
    return _all(connection, ran_out, back, now, _("lease ran out"))


def lapse_sendings(connection: Connection, now: dt.datetime) -> tuple[int, ...]:
    """From sending to unknown, where the lease ran out: the request may have been made, so it is never due again."""
    ran_out = (DELIVERY.c.state == State.SENDING) & (DELIVERY.c.wake <= now)
    doubt = {"state": State.UNKNOWN, "wake": now, "owner": "", "lease": None, "looks": 0,
             "message": _("the worker ended while sending")}  # fmt: skip
    return _all(connection, ran_out, doubt, now, _("the worker ended while sending"))


def miss_overdue(connection: Connection, now: dt.datetime) -> tuple[int, ...]:
    """From due or planned to missed, past `late`; what was refused stays refused, and its slot is missed too.

    What is due again though an earlier sending may be there is looked for once more instead.
    """
    over = (DELIVERY.c.wake <= now) & past("late", now)
    empty = over & (DELIVERY.c.state == State.PLANNED)
    missed = {"state": State.MISSED, "wake": None, "verdict": Verdict.MISSED.value}
    gap = _all(connection, empty, {**missed, "message": _(NO_DRAFT)}, now, NO_DRAFT)
    waits = over & (DELIVERY.c.state == State.DUE)
    _all(connection, waits & (DELIVERY.c.looks > 0), {"state": State.UNKNOWN, "wake": now}, now, PAST_LATE)
    due = _all(connection, waits & (DELIVERY.c.looks == 0), missed, now, PAST_LATE)
    refused = over & (DELIVERY.c.state == State.REFUSED)
    return gap + due + _all(connection, refused, {"wake": None, "verdict": Verdict.MISSED.value}, now, PAST_LATE)


def _all(
    connection: Connection, where: ColumnElement[bool], change: Mapping[str, Any], now: dt.datetime, why: str
) -> tuple[int, ...]:
    statement = update(DELIVERY).where(where).values(**change).returning(DELIVERY.c.id)
    moved = tuple(row.id for row in connection.execute(statement))
    write_events(connection, moved, now, str(change.get("state", "missed")), why)
    return moved
