"""What is due, and who has it: claims with a fencing token and a lease, frozen posts, and intents."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Table,
    case,
    cast,
    delete,
    func,
    literal,
    literal_column,
    select,
    type_coerce,
    update,
)

from steadycast.errors import Fenced
from steadycast.language import gettext as _
from steadycast.ledger import pacing, time_spans
from steadycast.ledger.connection import Database, among, table, upsert
from steadycast.ledger.delivery import COLUMNS, Delivery, delivery_of
from steadycast.ledger.frozen_posts import KEEP
from steadycast.ledger.history import write_events
from steadycast.ledger.older_copy import Mark, count_intents, doubt, may_go, reach, set_mark
from steadycast.ledger.raw_sql import Values, fetch, micros, numbers, run, taken, text
from steadycast.ledger.rows import Instant
from steadycast.ledger.tables import State

AT_ONCE = 100_000  # deliveries that one claim takes: no slot waits for the next because others are due with it
LONGEST = 60_000  # characters of one step's value
DELIVERY = table("delivery")
STEP = table("step")


@dataclass(frozen=True, slots=True)
class Begun:
    """One step of a publish: whether it begins for the first time, and its value where it is done."""

    first: bool
    done: bool = False
    value: Any = None


def end_of(seconds: str) -> ColumnElement[int]:
    """The instant, in microseconds, at which a row's `grace` or `late` is over."""
    return type_coerce(DELIVERY.c.at, BigInteger) + cast(DELIVERY.c[seconds], BigInteger) * 1_000_000


def past(seconds: str, now: dt.datetime) -> ColumnElement[bool]:
    """Whether `now` is more than a row's `grace` or `late` past its slot's instant."""
    return end_of(seconds) < micros(now)


def claim(
    db: Database,
    now: dt.datetime,
    owner: str,
    lease: dt.timedelta,
    *,
    until: dt.datetime | None = None,
    limit: int = AT_ONCE,
    ids: Collection[int] | None = None,
    slots: Collection[str] | None = None,
    channels: Collection[str] | None = None,
) -> list[Delivery]:
    """Pick and take deliveries that are due by `until` (now, when not given), the earliest first: one statement.

    All of them, or those of the ids, slots and channels that are given. What another worker has, what waits for
    another try as its far side asked, and what is past `late` is left out: an empty list is no error.
    """
    values: list[Any] = [State.DUE.value, micros(until or now), micros(now), micros(now)]
    among = "" if ids is None else f" AND id IN ({numbers(ids) or 'NULL'})"
    for column, names in (("slot", slots), ("channel", channels)):
        if names is not None:
            among += f" AND {column} IN ({', '.join('?' * len(names)) or 'NULL'})"
            values += names
    with db.write("claim") as connection:
        ends = micros(time_spans.moment(db, connection, now) + lease)
        free = f"{WAITS} AND {RESTED} AND NOT {PAST_LATE} AND {text(connection, may_go(doubt(connection), now))}"
        # SQLite's writers take turns; PostgreSQL passes over what another worker is just taking
        pick = f"{PICK} {free}{among} ORDER BY wake LIMIT ?{'' if db.is_sqlite else SKIP}"
        take = f"WITH picked AS MATERIALIZED ({pick}) {TAKE} {PICKED} RETURNING {COLUMNS}"
        rows = fetch(connection, take, (*values, limit, State.CLAIMED.value, owner, ends, ends))
        write_events(connection, [row[0] for row in rows], now, "claimed", owner)
    return sorted((delivery_of(row, lease=now + lease) for row in rows), key=lambda d: (d.at, d.id))


PICK, PICKED = "SELECT id FROM delivery WHERE", "WHERE id IN (SELECT id FROM picked)"
WAITS = "state = ? AND wake <= ?"
RESTED = "(attempt = 0 OR wake = at OR wake <= ?)"  # a wait between two tries is kept, whoever asks, for whatever hour
PAST_LATE = "at + CAST(late AS BIGINT) * 1000000 < ?"
SKIP = " FOR UPDATE SKIP LOCKED"
TAKE = "UPDATE delivery SET state = ?, attempt = attempt + 1, token = token + 1, owner = ?, lease = ?, wake = ?"


Posts = Sequence[tuple[Delivery, bytes]]  # each with its delivery, whose `revision` is the one that it was made of


def freeze(db: Database, posts: Posts, now: dt.datetime) -> frozenset[int]:
    """Keep what will be sent, before anything is; returns the deliveries that are still this worker's.

    For what is made ready ahead of its second; other posts are frozen by their intent.
    """
    hashes = _hashes(posts)
    with db.write("freeze") as connection:
        held = taken(connection, [claim for claim, _ in posts], lambda d: (FREEZE, (*hashes[d.id], *_claimed(d))))
        ids = frozenset(claim.id for claim in held)
        _keep(connection, [(claim, post) for claim, post in posts if claim.id in ids], hashes, now)
    return ids


def _hashes(posts: Posts) -> dict[int, tuple[str, str | None]]:
    """What a delivery's row keeps of its post: its hash, and the revision that it was made of."""
    return {claim.id: (hashlib.sha256(post).hexdigest(), claim.revision) for claim, post in posts}


def _claimed(claim: Delivery) -> Values:
    return claim.id, claim.token, State.CLAIMED.value


def _keep(connection: Connection, posts: Posts, hashes: Mapping[int, tuple[str, str | None]], now: dt.datetime) -> None:
    run(connection, KEEP, [(claim.id, hashes[claim.id][0], post, micros(now)) for claim, post in posts])
    write_events(connection, [claim.id for claim, _ in posts], now, "frozen")


FREEZE = "UPDATE delivery SET frozen = ?, revision = ? WHERE id = ? AND token = ? AND state = ?"


def intend(
    db: Database,
    claims: Sequence[Delivery],
    now: dt.datetime,
    lease: dt.timedelta,
    *,
    alone: Collection[str] = (),
    posts: Posts = (),
) -> list[Delivery]:
    """Write that these are about to be sent, durably and in one transaction: only what is returned may be sent.

    Left out is what is no longer this worker's, or whose lease has run out; and of the channels that have one writer
    (`alone`), what would be sent beside another delivery. The new lease is the instant by which
    the last request has ended; until it is known better it is the deadline that SETTLE counts from. What has no frozen
    post is not sent, unless its post is one of `posts`: then it is frozen in the same transaction.
    """
    hashes = _hashes(posts)
    with db.write("intend") as connection:
        moment = time_spans.moment(db, connection, now)
        until, at = moment + lease, micros(moment)
        new = (State.SENDING.value, *(micros(until),) * 3)
        free = [d for d in claims if d.channel not in alone or pacing.may_write(connection, d, moment)]
        held = taken(connection, free, lambda d: _intending(d, new, hashes.get(d.id), at))
        mine = [replace(d, lease=now + lease) for d in held]
        ids = {d.id for d in mine}
        _keep(connection, [(claim, post) for claim, post in posts if claim.id in ids], hashes, now)
        write_events(connection, [d.id for d in mine], now, "sending")
        intents = count_intents(connection, len(mine))
        far = reach(connection, {(d.series, d.at) for d in mine}, now)
    if mine:
        set_mark(db, Mark(intents, until=far, ahead=max(d.at for d in mine), ended=until))
    return mine


def _intending(claim: Delivery, new: Values, made: Values | None, at: int) -> tuple[str, Values]:
    return (INTEND if made is None else FREEZE_AND_INTEND), (*new, *(made or ()), *_claimed(claim), at)


TO_SENDING = "UPDATE delivery SET state = ?, lease = ?, wake = ?, deadline = ?, looks = 0"
MINE = "WHERE id = ? AND token = ? AND state = ? AND lease > ?"
INTEND = f"{TO_SENDING} {MINE} AND frozen IS NOT NULL"
FREEZE_AND_INTEND = f"{TO_SENDING}, frozen = ?, revision = ? {MINE}"

Row = Callable[[Delivery], tuple[Table, ColumnElement[bool]]]  # whose lease a claim has


def sending(claim: Delivery) -> tuple[Table, ColumnElement[bool]]:
    """The delivery itself, as long as it is this worker's to send."""
    c = DELIVERY.c
    return DELIVERY, (c.id == claim.id) & (c.token == claim.token) & (c.state == State.SENDING)


def held(db: Database, claims: Iterable[Delivery]) -> frozenset[int]:
    """Of several deliveries, those that are still this worker's to send: one statement, however many they are."""
    mine = {claim.id: claim.token for claim in claims}
    with db.read() as connection:
        rows = fetch(connection, f"{HELD} ({numbers(mine) or 'NULL'})", (State.SENDING.value,))
    return frozenset(id for id, token in rows if token == mine[id])


HELD = "SELECT id, token FROM delivery WHERE state = ? AND id IN"


def begin_step(
    db: Database, claim: Delivery, name: str, now: dt.datetime, lease: dt.timedelta, *, row: Row = sending
) -> Begun:
    """Write that a step of a publish begins, and make the lease last for it; what is known when it began before.

    Raises Fenced when the delivery is no longer this worker's; `row` is what says so.
    """
    its, here = row(claim)
    with db.write("begin-step") as connection:
        moment = time_spans.moment(db, connection, now)
        until = moment + lease
        longer = case((its.c.lease > until, its.c.lease), else_=literal(until, Instant))  # never shorter than it was
        ends = {name: longer for name in ("lease", "wake", "deadline") if name in its.c}
        if connection.execute(update(its).where(here, its.c.lease > moment).values(**ends)).rowcount != 1:
            raise Fenced(
                _(
                    "%(channel)s: %(slot)s is another worker's now, step %(step)s was not sent",
                    channel=claim.channel,
                    slot=claim.slot,
                    step=name,
                )
            )
        first = upsert(connection, STEP, [{"delivery": claim.id, "name": name, "begun": now, "value": None}]) == 1
        kept = connection.scalar(select(STEP.c.value).where(STEP.c.delivery == claim.id, STEP.c.name == name))
        return Begun(first) if kept is None else Begun(first, done=True, value=orjson.loads(kept))


def steps_of(db: Database, deliveries: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Each delivery's steps in the order they were begun: name -> its value, None for one not known to be done.

    Deliveries without any are left out.
    """
    found: dict[int, dict[str, Any]] = {}
    query = select(STEP.c.delivery, STEP.c.name, STEP.c.value).order_by(STEP.c.delivery, STEP.c.begun, STEP.c.name)
    with db.read() as connection:
        for id, name, value in among(connection, query, STEP.c.delivery, deliveries):
            found.setdefault(id, {})[name] = None if value is None else orjson.loads(value)
    return found


def finish_step(db: Database, claim: Delivery, name: str, value: Any, now: dt.datetime) -> bool:
    """Keep a step's value; the first one that is told stays.

    It is true whoever holds the delivery by now, and whatever became of the row, so neither is asked for.
    """
    row = {"delivery": claim.id, "name": name, "begun": now, "value": step_value(value)}
    first = func.coalesce(STEP.c.value, literal_column("excluded.value"))
    with db.write("finish-step") as connection:
        known = connection.scalar(select(STEP.c.value).where(STEP.c.delivery == claim.id, STEP.c.name == name))
        kept = known is None and upsert(connection, STEP, [row], (), value=first) == 1
        told = f"{name} {value}" if isinstance(value, str | int) else name  # what else it holds is not for people
        write_events(connection, [claim.id] if kept else [], now, "step", told)
        return kept


def step_value(value: Any) -> str:
    """A step's value as the ledger has it; ValueError where it is no JSON, or too long to be one's."""
    try:
        written = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError as error:
        raise ValueError(f"its value is no JSON: {error}") from None
    if len(written) > LONGEST:
        raise ValueError(f"its value has {len(written)} characters, over {LONGEST}")
    return written


def forget_step(db: Database, claim: Delivery, name: str, *, row: Row = sending) -> bool:
    """Take back the beginning of a step that surely was not accepted.

    Only while the delivery is this worker's: one who was paused after a refusal would take back another's beginning.
    """
    its, here = row(claim)
    this = (STEP.c.delivery == claim.id) & (STEP.c.name == name) & STEP.c.value.is_(None)
    with db.write("forget-step") as connection:
        if (
            connection.execute(update(its).where(here).values(token=its.c.token)).rowcount != 1
        ):  # it holds the row while this goes on
            return False
        return connection.execute(delete(STEP).where(this)).rowcount == 1


def tokens_and_states(db: Database, ids: Iterable[int]) -> dict[int, tuple[int, State]]:
    """Each delivery's token and state: what a commit whose answer was lost really did."""
    query = select(DELIVERY.c.id, DELIVERY.c.token, DELIVERY.c.state)
    with db.read() as connection:
        return {id: (token, State(state)) for id, token, state in among(connection, query, DELIVERY.c.id, ids)}
