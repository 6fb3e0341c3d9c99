"""What a calendar shows: the slots of some weeks with what they carry, and the stock that none carries yet.

It reads the rows that it shows, and not all drafts and deliveries.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BigInteger, Select, Text, case, cast, exists, func, select, type_coerce

from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.connection import Database, among, as_rows, one_of, rows_of, table
from steadycast.ledger.history import EVENT
from steadycast.ledger.raw_sql import fetch, instant, micros
from steadycast.ledger.rows import EPOCH
from steadycast.ledger.stock_reads import STANDS
from steadycast.ledger.stock_reads import evergreen as is_evergreen
from steadycast.ledger.tables import FREED, DraftRow, SlotRow

SLOT = table("slot")
DRAFT = table("draft")
ASK = table("ask")
BATCH = 200
Moment = type_coerce(SLOT.c.at, BigInteger)


class SlotDelivery(NamedTuple):
    """What a calendar shows of one delivery of a slot."""

    channel: str
    state: str
    verdict: str
    marker: str
    url: str
    message: str
    code: str
    attempt: int
    finished: dt.datetime | None
    wake: dt.datetime | None


class KnownSlot(NamedTuple):
    """A slot as `SlotRow` has it, for who only reads: of a thousand, in half the time."""

    id: str
    series: str
    at: dt.datetime
    local: str
    occasion: str
    draft: str | None
    filled: bool
    why: str
    excused: str
    manual: bool


AnySlot = SlotRow | KnownSlot


class CarriedDraft(NamedTuple):
    """What a calendar shows of a slot's draft, and what says where else it could go."""

    id: str
    title: str
    member: str
    revision: str
    form: str
    origin: str
    path: str
    approved: int | None  # microseconds since 1970 UTC
    planned: str  # JSON
    circle: str

    @property
    def approved_at(self) -> dt.datetime | None:
        """When a person or a rule said yes."""
        return None if self.approved is None else EPOCH + dt.timedelta(microseconds=self.approved)

    @property
    def plan(self) -> dict[str, Any]:
        """What its front matter asks of the planner."""
        told: dict[str, Any] = orjson.loads(self.planned)
        return told


class AlikeDeliveries(NamedTuple):
    """The deliveries of a slot that stand alike, as far as a calendar tells."""

    channels: tuple[str, ...]
    state: str
    verdict: str
    code: str
    attempt: int  # 0: it was never tried; else 1
    finished: dt.datetime | None  # the last of them, where all are there


def known_slots(
    db: Database, after: dt.datetime, before: dt.datetime, *, series: str = "", channel: str = "", limit: int
) -> list[KnownSlot]:
    """What `slots_shown` gives, for who only reads."""
    sql = f"SELECT {', '.join(KnownSlot._fields)} FROM slot s WHERE at >= ? AND at < ?"  # noqa: S608  our own names
    values: list[str | int] = [micros(after), micros(before)]
    if series:
        sql, values = f"{sql} AND series = ?", [*values, series]
    if channel:
        its = "SELECT 1 FROM delivery d WHERE d.slot = s.id AND d.channel = ?"
        sql, values = f"{sql} AND EXISTS ({its})", [*values, channel]
    with db.read() as connection:
        rows = fetch(connection, f"{sql} ORDER BY at, id LIMIT ?", (*values, limit))
    return [
        KnownSlot._make((id, series, instant(at), *more, bool(filled), why, excused, bool(manual)))
        for id, series, at, *more, filled, why, excused, manual in rows
    ]


def slots_marked(
    db: Database, after: dt.datetime, before: dt.datetime, now: dt.datetime, limit: int
) -> list[tuple[dt.datetime, bool]]:
    """(instant, whether it is still to come and empty) of the slots from `after` up to but not including `before`."""
    s = SLOT.c
    empty = s.draft.is_(None) & (s.excused == "") & (s.at > now)
    query = select(Moment, empty).where(s.at >= after, s.at < before).order_by(s.at, s.id).limit(limit)
    with db.read() as connection:
        return [(EPOCH + dt.timedelta(microseconds=at), bool(gap)) for at, gap in connection.execute(query)]


def slots_shown(
    db: Database, after: dt.datetime, before: dt.datetime, *, series: str = "", channel: str = "", limit: int
) -> list[SlotRow]:
    """The first `limit` slots from `after` up to but not including `before`, of one series or channel where named."""
    return rows_of(db, SlotRow, _shown(select(SLOT), after, before, series, channel).limit(limit))


def _shown(query: Select[Any], after: dt.datetime, before: dt.datetime, series: str, channel: str) -> Select[Any]:
    query = query.where(SLOT.c.at >= after, SLOT.c.at < before)
    if series:
        query = query.where(SLOT.c.series == series)
    if channel:
        query = query.where(exists().where(DELIVERY.c.slot == SLOT.c.id, DELIVERY.c.channel == channel))
    return query.order_by(SLOT.c.at, SLOT.c.id)


def deliveries_of(db: Database, slots: Iterable[str]) -> dict[str, list[SlotDelivery]]:
    """The deliveries of these slots, by slot, in the order of their channels."""
    found: dict[str, list[SlotDelivery]] = {}
    query = select(DELIVERY.c.slot, *(DELIVERY.c[name] for name in SlotDelivery._fields))
    with db.read() as connection:
        for slot, *values in among(connection, query, DELIVERY.c.slot, slots):
            found.setdefault(slot, []).append(SlotDelivery._make(values))
    return {slot: sorted(rows) for slot, rows in found.items()}


def alike_deliveries_of(db: Database, slots: Iterable[str]) -> dict[str, list[AlikeDeliveries]]:
    """The deliveries of these slots, by slot, those that stand alike as one: most of a slot's do."""
    c, found = DELIVERY.c, dict[str, list[AlikeDeliveries]]()
    tried = case((c.attempt == 0, 0), else_=1)
    there = case((func.count() == func.count(c.finished), func.max(type_coerce(c.finished, BigInteger))))
    query = select(c.slot, func.aggregate_strings(c.channel, "\n"), c.state, c.verdict, c.code, tried, there)
    query = query.group_by(c.slot, c.state, c.verdict, c.code, tried)
    with db.read() as connection:
        for slot, names, state, verdict, code, attempt, at in among(connection, query, c.slot, slots):
            finished = None if at is None else EPOCH + dt.timedelta(microseconds=at)
            alike = AlikeDeliveries(tuple(names.split("\n")), state, verdict, code, attempt, finished)
            found.setdefault(slot, []).append(alike)
    return found


def slots_of_ids(db: Database, ids: Iterable[str]) -> dict[str, KnownSlot]:
    """These slots by id; those that are not there are left out."""
    query = select(*(SLOT.c[name] for name in KnownSlot._fields))
    with db.read() as connection:
        return {row[0]: KnownSlot._make(row) for row in among(connection, query, SLOT.c.id, set(ids))}


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


def carried_drafts(db: Database, ids: Iterable[str]) -> dict[str, CarriedDraft]:
    """The same of a hundred slots and more, in half the time."""
    c = DRAFT.c
    approved = type_coerce(c.approved_at, BigInteger)
    query = select(
        c.id, c.title, c.member, c.revision, c.form, c.origin, c.path, approved, cast(c.plan, Text), c.circle
    )
    with db.read() as connection:
        return {row[0]: CarriedDraft._make(row) for row in among(connection, query, DRAFT.c.id, set(ids))}


def free_stock(db: Database, *, evergreen: bool = False, batch: int = BATCH) -> Iterator[DraftRow]:
    """The approved drafts that no slot carries or carried, the oldest in stock first; only reserve, or none of it.

    They are read as they are asked for, `batch` at a time.

    Most drafts were carried, and every slot still has its own: only of slots that
    gave theirs back is looked at what they hold.
    """
    s, d = SLOT.c, DELIVERY.c
    slotted = exists().where(s.draft == DRAFT.c.id)
    freed = DRAFT.c.id.in_(select(s.draft).join(DELIVERY, d.slot == s.id).where(one_of(d.state, FREED)))
    carries = exists().where(s.draft == DRAFT.c.id, d.slot == s.id, d.state.not_in([state.value for state in FREED]))
    unused, shared = DRAFT.c.published_before.is_(None) & (~slotted | (freed & ~carries)), DRAFT.c.circle != ""
    wanted = is_evergreen | (shared & unused) if evergreen else ~is_evergreen & ~shared & unused
    query = select(DRAFT).where(STANDS, wanted).order_by(DRAFT.c.approved_at, DRAFT.c.path)
    at = 0
    while rows := rows_of(db, DraftRow, query.limit(batch).offset(at)):
        yield from rows
        at += batch
