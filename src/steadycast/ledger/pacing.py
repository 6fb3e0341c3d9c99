"""What holds a whole channel back: its far side asked to wait, it has a rate, or another worker is sending there.

One row each of `channel_state`, for channels that have such a thing; nothing is written for the others.

`*pause`: until when the far side wants no request, as its Retry-After said.
`*pace`: the places of a rate that are taken. A place is free again a minute after it was taken, so that no minute ever
holds more than the rate, wherever it begins. `until` is when one was last taken, and the value says how long before it
the others were: when the wall is set, all of them move with `until`.
`*writer`: the delivery that is being sent where a platform has one writer. It holds for as long as that delivery is
`sending` and its lease lasts: it ends with the sending, and a long thread extends both at once.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import ColumnElement, Connection, case, func, literal_column, select, update

from steadycast.language import gettext as _
from steadycast.ledger import time_spans
from steadycast.ledger.connection import Database, table, upsert
from steadycast.ledger.rows import Instant
from steadycast.ledger.tables import State

if TYPE_CHECKING:
    from steadycast.ledger.delivery import Delivery

STATE = table("channel_state")
DELIVERY = table("delivery")
AMENDMENT = table("amendment")
PAUSE, PACE, WRITER = "*pause", "*pace", "*writer"
MINUTE = dt.timedelta(minutes=1)
MILLISECOND = dt.timedelta(milliseconds=1)
NONE = dt.timedelta()


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a sending has to wait, and why; no time at all: it may go."""

    lasts: dt.timedelta = NONE
    why: str = ""


def waits(db: Database, channels: Sequence[str], rates: Mapping[str, int], now: dt.datetime) -> list[Wait]:
    """For each sending, by its channel, how long it has to wait; those that need not wait take their places."""
    paused = _pauses(db, now)
    wanted = Counter(channel for channel in channels if rates.get(channel) and channel not in paused)
    places = {channel: iter(waits) for channel, waits in _places(db, wanted, rates, now).items()}
    told = []
    for channel in channels:
        if channel in paused:
            told.append(Wait(paused[channel], _("its far side asked to wait")))
        elif channel in wanted:
            told.append(Wait(next(places[channel]), _("its rate is %(rate)s a minute", rate=rates[channel])))
        else:
            told.append(Wait())
    return told


def pause(connection: Connection, channel: str, until: dt.datetime) -> None:
    """Hold a channel until then, by the ledger's own clock; the longest wait that was asked for counts."""
    new = literal_column("excluded.until", Instant)
    longest = case((STATE.c.until > new, STATE.c.until), else_=new)
    row = {"channel": channel, "key": PAUSE, "owner": "", "until": until}
    upsert(connection, STATE, [row], (), until=longest)


def may_write(connection: Connection, claim: Delivery, moment: dt.datetime) -> bool:
    """Whether this delivery is the one that is sent to a channel with one writer; it is from now on, if so."""
    if not nobody_writes(connection, claim.channel, moment):
        return False
    here = _locked(connection, claim.channel, WRITER)
    connection.execute(update(STATE).where(here).values(owner=f"{claim.id}:{claim.token}"))
    return True


def nobody_writes(connection: Connection, channel: str, moment: dt.datetime) -> bool:
    """Whether nothing is being sent to a channel, and nothing that is out there changed; it stays so until the end."""
    here = _locked(connection, channel, WRITER)
    c, a = DELIVERY.c, AMENDMENT.c
    if owner := connection.scalar(select(STATE.c.owner).where(here)):
        other, its = (int(number) for number in owner.split(":"))
        sends = (c.id == other) & (c.token == its) & (c.state == State.SENDING) & (c.lease > moment)
        if connection.scalar(select(func.count()).where(sends)):
            return False
    amends = (a.delivery == c.id) & (c.channel == channel) & (a.state == State.SENDING) & (a.lease > moment)
    return not connection.scalar(select(func.count()).where(amends))


def places(taken: Sequence[tuple[dt.timedelta, int]], rate: int, wanted: int) -> list[dt.timedelta]:
    """How long each of so many sendings waits for a place; `taken` says how long ago how many were taken."""
    back = sorted(MINUTE - age for age, count in taken for _ in range(min(count, rate)) if age < MINUTE)
    waits: list[dt.timedelta] = []
    for _place in range(wanted):
        wait = NONE if len(back) < rate else max(NONE, back.pop(0))
        waits.append(wait)
        back.append(wait + MINUTE)
    return waits


def _pauses(db: Database, now: dt.datetime) -> dict[str, dt.timedelta]:
    query = select(STATE.c.channel, STATE.c.until).where(STATE.c.key == PAUSE)  # a few rows, of all channels
    with db.read() as connection:
        found = connection.execute(query).all()
        moment = time_spans.moment(db, connection, now) if found else now
    return {channel: until - moment for channel, until in found if until and until > moment}


def _places(
    db: Database, wanted: Mapping[str, int], rates: Mapping[str, int], now: dt.datetime
) -> dict[str, list[dt.timedelta]]:
    if not wanted:
        return {}
    with db.write() as connection:
        moment = time_spans.moment(db, connection, now)
        return {name: _taken(connection, name, rates[name], wanted[name], moment) for name in sorted(wanted)}


def _taken(connection: Connection, channel: str, rate: int, wanted: int, moment: dt.datetime) -> list[dt.timedelta]:
    here = _locked(connection, channel, PACE)
    kept, last = connection.execute(select(STATE.c.value, STATE.c.until).where(here)).one()
    known = [(moment - last + age * MILLISECOND, count) for age, count in orjson.loads(kept)] if kept and last else []
    waits = places(known, rate, wanted)
    mine = sum(wait == NONE for wait in waits)
    if mine:
        ages = [(int(age / MILLISECOND), n) for age, n in [(NONE, mine), *known] if age < MINUTE]
        connection.execute(update(STATE).where(here).values(value=orjson.dumps(ages), until=moment))
    return waits


def _locked(connection: Connection, channel: str, key: str) -> ColumnElement[bool]:
    """The row, which is made where there is none; nobody else changes it before this transaction ends."""
    row = {"channel": channel, "key": key, "owner": ""}
    upsert(connection, STATE, [row], (), owner=STATE.c.owner)
    return (STATE.c.channel == channel) & (STATE.c.key == key)
