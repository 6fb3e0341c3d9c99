"""What a calendar shows: the slots of some weeks with what they carry, and the stock that none carries yet.

It reads the rows that it shows, and not all drafts and deliveries.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator

from sqlalchemy import exists, false, func, select

from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.connection import Database, among, as_rows, rows_of, table
from steadycast.ledger.history import EVENT
from steadycast.ledger.intake import OUT_OF_STOCK
from steadycast.ledger.tables import DeliveryRow, DraftRow, SlotRow, State

SLOT = table("slot")
DRAFT = table("draft")
ASK = table("ask")
FREED = (State.MISSED.value, State.CANCELLED.value, State.EXCUSED.value)  # of a slot that gave its draft back
BATCH = 200


def slots_shown(
    db: Database, after: dt.datetime, before: dt.datetime, *, series: str = "", channel: str = "", limit: int
) -> list[SlotRow]:
    """The first `limit` slots from `after` up to but not including `before`, of one series or channel where named."""
    query = select(SLOT).where(SLOT.c.at >= after, SLOT.c.at < before)
    if series:
        query = query.where(SLOT.c.series == series)
    if channel:
        query = query.where(exists().where(DELIVERY.c.slot == SLOT.c.id, DELIVERY.c.channel == channel))
    return rows_of(db, SlotRow, query.order_by(SLOT.c.at, SLOT.c.id).limit(limit))


def deliveries_of(db: Database, slots: Iterable[str]) -> dict[str, list[DeliveryRow]]:
    """The deliveries of these slots, by slot, in the order of their channels."""
    found: dict[str, list[DeliveryRow]] = {}
    with db.read() as connection:
        for row in as_rows(DeliveryRow, among(connection, select(DELIVERY), DELIVERY.c.slot, slots)):
            found.setdefault(row.slot, []).append(row)
    return {slot: sorted(rows, key=lambda row: row.channel) for slot, rows in found.items()}


def slots_of_ids(db: Database, ids: Iterable[str]) -> dict[str, SlotRow]:
    """These slots by id; those that are not there are left out."""
    with db.read() as connection:
        return {row.id: SlotRow(**row._mapping) for row in among(connection, select(SLOT), SLOT.c.id, set(ids))}


def changes_of(db: Database, slots: Iterable[str]) -> dict[str, int]:
    """How much happened to each of these slots: it grows with what it carries, how far that is, and who is asked."""
    ids, found = set(slots), Counter[str]()
    happened = select(DELIVERY.c.slot, func.count()).join(EVENT, EVENT.c.delivery == DELIVERY.c.id)
    asked = select(ASK.c.slot, func.sum(ASK.c.sequence + 1))
    with db.read() as connection:
        for query, slot in ((happened, DELIVERY.c.slot), (asked, ASK.c.slot)):
            for id, changes in among(connection, query.group_by(slot), slot, ids):
                found[id] += int(changes)
    return found


def drafts_of(db: Database, ids: Iterable[str]) -> dict[str, DraftRow]:
    """These drafts by id; those that are not there are left out."""
    with db.read() as connection:
        found = among(connection, select(DRAFT), DRAFT.c.id, set(ids))
        return {row.id: row for row in as_rows(DraftRow, found)}


def free_stock(db: Database, *, evergreen: bool = False) -> Iterator[DraftRow]:
    """The approved drafts that no slot carries or carried, the oldest in stock first; only reserve, or none of it.

    They are read as they are asked for.
    """
    carries = exists().where(SLOT.c.draft == DRAFT.c.id, DELIVERY.c.slot == SLOT.c.id, DELIVERY.c.state.not_in(FREED))
    is_reserve = func.coalesce(DRAFT.c.plan["evergreen"].as_boolean(), false())
    free = DRAFT.c.approved_revision.is_not(None) & DRAFT.c.state.not_in(OUT_OF_STOCK)
    query = select(DRAFT).where(free, is_reserve if evergreen else ~is_reserve)
    if not evergreen:
        query = query.where(DRAFT.c.published_before.is_(None), ~carries)
    query = query.order_by(DRAFT.c.approved_at, DRAFT.c.path)
    at = 0
    while rows := rows_of(db, DraftRow, query.limit(BATCH).offset(at)):
        yield from rows
        at += BATCH
