"""What the ledger tells: deliveries and their standing, what waits for a person, and the record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, func, literal_column, select, type_coerce

from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.connection import Database, among, one_of, row_of, rows_of, table
from steadycast.ledger.raw_sql import MICROSECOND, fetched, micros, stream
from steadycast.ledger.rows import EPOCH
from steadycast.ledger.tables import DONE, WENT_OUT, DeliveryRow, State
from steadycast.receipt import Receipt, receipt_of
from steadycast.schedule.history import in_time
from steadycast.schedule.model import Origin, Past

SLOT = table("slot")
DRAFT = table("draft")
REVISION = table("revision")
RECEIPT = table("receipt")


class Linkable(NamedTuple):
    """A draft as others may link to it."""

    path: str
    slug: str  # "" for none
    extra: Mapping[str, Any]  # the rest of its front matter
    urls: Mapping[str, str]  # channel -> where it went out last


def delivery(db: Database, id: int) -> DeliveryRow | None:
    """One delivery, or None."""
    return row_of(db, DeliveryRow, select(DELIVERY).where(DELIVERY.c.id == id))


def deliveries(
    db: Database,
    *,
    ids: Collection[int] | None = None,
    slots: Collection[str] | None = None,
    states: Collection[State] | None = None,
    channels: Collection[str] | None = None,
    after: dt.datetime | None = None,
    before: dt.datetime | None = None,
    draft: str | None = None,
) -> list[DeliveryRow]:
    """Deliveries by id, slot, state, channel, draft or time (`after` <= at < `before`), in the order of their slots."""
    lists = {"ids": ids, "slots": slots, "states": states, "channels": channels}
    asked: dict[str, Any] = {name: list(values) for name, values in lists.items() if values is not None}
    single = {"after": after, "before": before, "draft": draft}
    asked |= {name: value for name, value in single.items() if value is not None}
    return rows_of(db, DeliveryRow, _deliveries_by(frozenset(asked)), asked)


@cache
def _deliveries_by(asked: frozenset[str]) -> Select[Any]:
    """Made once for each way to ask: to make it takes as long as the database takes to answer it."""
    c = DELIVERY.c
    columns = {"ids": c.id, "slots": c.slot, "states": c.state, "channels": c.channel}
    tests: dict[str, ColumnElement[bool]] = {
        name: column.in_(bindparam(name, expanding=True)) for name, column in columns.items()
    }
    since = bindparam("after", type_=c.at.type)
    tests["after"] = (c.at >= since) & c.slot.in_(select(SLOT.c.id).where(SLOT.c.at >= since))
    tests |= {"before": c.at < bindparam("before"), "draft": c.draft == bindparam("draft")}
    wanted = (test for name, test in tests.items() if name in asked)
    return select(DELIVERY).where(*wanted).order_by(c.at, c.slot, c.channel)


def draft_deliveries(
    db: Database, draft: str, *, states: Collection[State] | None = None, most: int | None = None
) -> list[DeliveryRow]:
    """The deliveries of one draft, the newest slot first: by its slots, so that not every delivery is looked at."""
    c = DELIVERY.c
    query = select(DELIVERY).join(SLOT, SLOT.c.id == c.slot).where(SLOT.c.draft == draft, c.draft == draft)
    query = query if states is None else query.where(c.state.in_([s.value for s in states]))
    return rows_of(db, DeliveryRow, query.order_by(c.at.desc(), c.channel).limit(most))


def channels_of(db: Database, slots: Iterable[str]) -> dict[str, set[str]]:
    """The channels to which these slots go."""
    return _by_slot(db, DELIVERY.c.channel, slots)


def states_of(db: Database, slots: Iterable[str]) -> dict[str, set[str]]:
    """Where the deliveries of these slots stand, by slot."""
    return _by_slot(db, DELIVERY.c.state, slots)


def _by_slot(db: Database, column: ColumnElement[str], slots: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    with db.read() as connection:
        for slot, value in among(connection, select(DELIVERY.c.slot, column), DELIVERY.c.slot, slots):
            found.setdefault(slot, set()).add(value)
    return found


def counts(db: Database) -> dict[State, int]:
    """How many deliveries stand where; states without any are left out."""
    query = select(DELIVERY.c.state, func.count()).group_by(DELIVERY.c.state)
    with db.read() as connection:
        return {State(state): count for state, count in connection.execute(query)}


def receipts_of(db: Database, deliveries: Iterable[int]) -> dict[int, Receipt]:
    """The receipts of several deliveries; those without one are left out."""
    with db.read() as connection:
        rows = among(connection, select(RECEIPT), RECEIPT.c.delivery, deliveries)
        return {row.delivery: receipt_of(row.remote_id, row.url, row.at, row.seen, row.detail) for row in rows}


def used(db: Database, since: dt.datetime = EPOCH) -> list[Past]:
    """The drafts that went out, or may have, one row a slot, in order of time; what was missed is stock again.

    What went out before there was a ledger is among them, in a slot of no series.
    """
    origins = {origin.value: origin for origin in Origin}
    with db.read() as connection:
        found = fetched(connection, USED, (micros(since),))
    past = [
        Past(slot, series, EPOCH + at * MICROSECOND, origins[o], member, draft)
        for slot, series, at, o, member, draft in found
        if o
    ]
    return in_time([*past, *used_before(db)])


_C = DELIVERY.c
_AT = type_coerce(_C.at, BigInteger)
USED = (
    select(_C.slot, _C.series, _AT, func.min(_C.origin), func.min(_C.member), _C.draft)
    .where(one_of(_C.state, WENT_OUT), literal_column("?") <= _AT, _C.draft.is_not(None))
    .group_by(_C.slot, _C.series, _C.at, _C.draft)
    .order_by(_C.at, _C.slot)  # a database sorts faster than who made objects of its rows
)


def used_before(db: Database) -> list[Past]:
    """The drafts that went out before there was a ledger, in slots of no series."""
    d = DRAFT.c
    query = select(d.id, d.published_before, d.origin, d.member).where(d.published_before.is_not(None))
    with db.read() as connection:
        found = connection.execute(query)
        return [Past(f"before:{id}", "", at, Origin(origin), member, id) for id, at, origin, member in found]


def last_used(db: Database, drafts: Iterable[str]) -> dict[str, dt.datetime]:
    """When each of these drafts went out last, or may have; those that never did are left out."""
    c, d, wanted = DELIVERY.c, DRAFT.c, sorted(set(drafts))
    sent = select(c.draft, func.max(c.at)).where(one_of(c.state, WENT_OUT), c.draft.is_not(None), c.origin != "")
    before = select(d.id, d.published_before).where(d.published_before.is_not(None))
    found: dict[str, dt.datetime] = {}
    with db.read() as connection:
        for query, column in ((before, d.id), (sent.group_by(c.draft), c.draft)):
            for id, at in among(connection, query, column, wanted):
                found[id] = max(at, found.get(id, at))
    return found


def linkable(db: Database) -> list[Linkable]:
    """Every draft that was dropped in, with what its front matter calls it, and its pages on the web.

    What stood at its path before, or went out and is gone since, is among it; no body is read.
    """
    d, r, c = DRAFT.c, REVISION.c, DELIVERY.c
    shown = (r.draft == d.id) & (r.hash == func.coalesce(d.approved_revision, d.revision))
    named = select(d.id, d.path, r.content["slug"].as_string(), r.content["extra"]).join(REVISION, shown)
    there = c.state.in_([s.value for s in DONE]) & c.draft.is_not(None) & c.url.startswith("http")
    sent = select(c.draft, c.channel, c.url).where(there).order_by(c.at, c.id)
    urls: dict[str, dict[str, str]] = {}
    with db.read() as connection:
        for draft, channel, url in connection.execute(sent):
            urls.setdefault(draft, {})[channel] = url
        found = connection.execute(named.where(d.source == "folder").order_by(d.changed))
        return [Linkable(path, slug or "", extra or {}, urls.get(id, {})) for id, path, slug, extra in found]


def _decided(after: dt.datetime | None, before: dt.datetime | None) -> Select[tuple[object, ...]]:
    c = DELIVERY.c
    query = select(c.channel, c.at, c.verdict).where(c.verdict != "")
    query = query if after is None else query.where(c.at >= after)
    return (query if before is None else query.where(c.at < before)).order_by(c.channel, c.at)


def record(
    db: Database, after: dt.datetime | None = None, before: dt.datetime | None = None
) -> Iterator[tuple[str, int, str]]:
    """(channel, slot's instant in microseconds since 1970 UTC, verdict) of every decided delivery, by channel and time.

    It is one pass over a covering index. A million rows take about a second, and no more memory than one batch.
    """
    sql = str(_decided(after, before).compile(db.engine, compile_kwargs={"literal_binds": True}))
    with db.read() as connection:
        yield from stream(connection, sql, ())


def delivery_of(db: Database, marker: str) -> DeliveryRow | None:
    """The delivery that carries this marker, or None: what a person types."""
    return row_of(db, DeliveryRow, select(DELIVERY).where(DELIVERY.c.marker == marker))
