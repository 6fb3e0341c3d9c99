"""The log: deliveries from the newest back, a page at a time, and all that is kept of one; each read is bounded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, select

from steadycast.ledger.claims import DELIVERY, STEP
from steadycast.ledger.connection import Database, row_of, rows_of, table
from steadycast.ledger.frozen_posts import frozen
from steadycast.ledger.rows import EPOCH
from steadycast.ledger.tables import AmendmentRow, DeliveryRow, ReceiptRow, State, StepRow

SLOT = table("slot")
EVENT = table("event")
RECEIPT = table("receipt")
AMENDMENT = table("amendment")
LOOKED_THROUGH = 1_000  # deliveries that one page looks at for what is asked; the next page goes on from there
RECENT = 300  # of one channel: whose errors are shown
WRONG = (State.REFUSED, State.UNKNOWN, State.DUE, State.MISSED)  # kinds of events that tell an error, if they say one


class Place(NamedTuple):
    """Where a page of the log begins: right before this delivery."""

    at: dt.datetime  # its slot's instant
    id: int


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some deliveries, the newest first; `next` is where the log goes on, None at its end."""

    rows: tuple[DeliveryRow, ...]
    next: Place | None = None


class Failure(NamedTuple):
    """Something that went wrong with one delivery."""

    marker: str
    series: str
    due: dt.datetime  # its slot's instant
    at: dt.datetime
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What the ledger has of one delivery besides its row and its events."""

    steps: tuple[StepRow, ...]
    amendments: tuple[AmendmentRow, ...]
    sent: bytes  # the post; nothing where none was frozen
    receipt: ReceiptRow | None


def log(
    db: Database,
    *,
    states: Collection[State],
    channel: str = "",
    after: dt.datetime | None = None,
    until: dt.datetime | None = None,
    before: Place | None = None,
    size: int = 50,
) -> LogPage:
    """The newest deliveries in these states, of one channel or of all, whose slots are at `after` <= at < `until`.

    It may hold fewer than `size` and still go on: no page looks at more than LOOKED_THROUGH deliveries.
    """
    c = DELIVERY.c
    query = _newest(channel, after, until, before).limit(LOOKED_THROUGH)
    with db.read() as connection:
        seen = connection.execute(query).all()
    fit = [row for row in seen if row.state in states]
    last = fit[size - 1] if len(fit) > size else seen[-1] if len(seen) == LOOKED_THROUGH else None
    order = {row.id: n for n, row in enumerate(fit[:size])}
    rows = rows_of(db, DeliveryRow, select(DELIVERY).where(c.id.in_(list(order))))
    return LogPage(
        tuple(sorted(rows, key=lambda row: order[row.id or 0])), Place(last.at, last.id) if last is not None else None
    )


def _newest(
    channel: str, after: dt.datetime | None, until: dt.datetime | None, before: Place | None
) -> Select[tuple[Any, ...]]:
    """From the newest back: one channel's by the record's index, all by the slots' own.

    It always names a first instant: asked without one, SQLite reads and sorts every delivery.
    """
    c = DELIVERY.c
    at = c.at if channel else SLOT.c.at
    query = select(at, c.id, c.state)
    query = query.where(c.channel == channel) if channel else query.join_from(SLOT, DELIVERY, c.slot == SLOT.c.id)
    query = query.where(at >= (after or EPOCH))
    if until is not None:
        query = query.where(at < until)
    if before is not None:
        query = query.where(at <= before.at, (at < before.at) | (c.id < before.id))
    return query.order_by(at.desc(), c.id.desc())


def failures(db: Database, channel: str, now: dt.datetime, limit: int = 20) -> list[Failure]:
    """What went wrong lately on one channel, the newest first: of its RECENT last deliveries."""
    c, e = DELIVERY.c, EVENT.c
    begun = (c.at <= now) | (c.attempt > 0)
    recent = select(c.id).where(c.channel == channel, begun).order_by(c.at.desc(), c.id.desc()).limit(RECENT)
    query = (
        select(c.marker, c.series, c.at, e.at, e.kind, e.detail)
        .join_from(EVENT, DELIVERY, c.id == e.delivery)
        .where(e.delivery.in_(recent), e.kind.in_([state.value for state in WRONG]), e.detail != "")
        .order_by(e.id.desc())
    )
    with db.read() as connection:
        return [Failure(*row) for row in connection.execute(query.limit(limit))]


def kept_of(db: Database, delivery: int) -> Kept:
    """Everything that is kept of one delivery."""
    steps = select(STEP).where(STEP.c.delivery == delivery).order_by(STEP.c.begun, STEP.c.name)
    amended = select(AMENDMENT).where(AMENDMENT.c.delivery == delivery).order_by(AMENDMENT.c.at)
    return Kept(
        tuple(rows_of(db, StepRow, steps)),
        tuple(rows_of(db, AmendmentRow, amended)),
        frozen(db, [delivery]).get(delivery, b""),
        row_of(db, ReceiptRow, select(RECEIPT).where(RECEIPT.c.delivery == delivery)),
    )
