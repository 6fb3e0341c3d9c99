"""What fairness is counted from: who decided what, who went out before, how long drafts took."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from urllib.parse import unquote

from sqlalchemy import BigInteger, case, exists, func, select, type_coerce

from steadycast.ledger.audit_log import AUDIT
from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.connection import Database, among, table
from steadycast.ledger.draft_decisions import APPROVED, REJECTED
from steadycast.ledger.draft_list import standing_of
from steadycast.ledger.history import EVENT
from steadycast.ledger.record import THERE, out_within
from steadycast.ledger.stock_reads import evergreen
from steadycast.schedule.shares import Decision

SLOT, DRAFT, RECEIPT, ASK, AMENDMENT = map(table, ("slot", "draft", "receipt", "ask", "amendment"))
REQUEST = table("publish_request")
OF_SLOT = re.compile(r"(?:^|[ /])([a-z0-9][a-z0-9-]*)@\d{4}-\d{2}-\d{2}")
OF_SERIES = re.compile(r"^series ([a-z0-9][a-z0-9-]*)")
BATCH = 1_000  # rows of the log that are read at once
MOST = 20_000  # and in all: what is older than that many changes is not counted


def decisions(db: Database, since: dt.datetime, until: dt.datetime) -> list[Decision]:
    """What people decided in that time: drafts approved and rejected; slots pinned, filled, skipped, published by hand,
    asked for; deliveries settled and kits confirmed; posts revised and withdrawn. What a rule did is not among it.
    """
    return [
        *_judged(db, since, until), *_settled(db, since, until), *_asked(db, since, until), *_planned(db, since, until)
    ]  # fmt: skip


def _judged(db: Database, since: dt.datetime, until: dt.datetime) -> Iterator[Decision]:
    c = EVENT.c
    query = select(c.detail).where(c.delivery.is_(None), c.kind.in_((APPROVED, REJECTED)), c.at >= since, c.at < until)
    with db.read() as connection:
        told = [json.loads(detail) for detail in connection.scalars(query)]
        where: dict[str, set[str]] = defaultdict(set)
        ids = {each["draft"] for each in told}
        for draft, series in among(connection, select(SLOT.c.draft, SLOT.c.series), SLOT.c.draft, ids):
            where[draft].add(series)
    for each in told:
        yield Decision(each["who"], frozenset(where.get(each["draft"], ())))


def _settled(db: Database, since: dt.datetime, until: dt.datetime) -> Iterator[Decision]:
    r, a, d = RECEIPT.c, AMENDMENT.c, DELIVERY.c
    seen = select(r.detail, d.series).join(DELIVERY, d.id == r.delivery)
    amended = select(a.who, d.draft, d.series).join(DELIVERY, d.id == a.delivery)
    with db.read() as connection:
        people = connection.execute(seen.where(r.seen == "person", r.at >= since, r.at < until)).all()
        # A draft is revised once, on however many channels it is out.
        changed = connection.execute(amended.where(a.who != "", a.at >= since, a.at < until).distinct()).all()
    for detail, series in people:
        yield Decision(str(detail.get("who", "")), frozenset({series}))
    for who, _, series in changed:
        yield Decision(who, frozenset({series}))


def _asked(db: Database, since: dt.datetime, until: dt.datetime) -> Iterator[Decision]:
    a, r = ASK.c, REQUEST.c
    asked = select(a.who, a.series).where(a.asked >= since, a.asked < until, a.who != "")
    answered = select(r.answered_by, r.series).where(r.answered >= since, r.answered < until, r.answered_by != "")
    with db.read() as connection:
        rows = [*connection.execute(asked), *connection.execute(answered)]
    for who, series in rows:
        yield Decision(who, frozenset({series}))


def _planned(db: Database, since: dt.datetime, until: dt.datetime) -> Iterator[Decision]:
    """From the log of changes; what it has of asks and of requests is counted by `_asked`."""
    for who, at, subject, detail in _log(db, since):
        if at >= until or "/ask" in detail or "/ask" in subject or "publish request" in subject:
            continue
        series = OF_SLOT.findall(unquote(subject)) or OF_SERIES.findall(subject)
        if series:
            yield Decision(who, frozenset(series))


def _log(db: Database, since: dt.datetime) -> Iterator[tuple[str, dt.datetime, str, str]]:
    """The newest rows of the log back to an instant: it has no index by time, and grows with every click."""
    c, before = AUDIT.c, None
    for _ in range(MOST // BATCH):
        query = select(c.id, c.act, c.who, c.at, c.subject, c.detail).order_by(c.id.desc()).limit(BATCH)
        with db.read() as connection:
            rows = connection.execute(query if before is None else query.where(c.id < before)).all()
        for _id, act, who, at, subject, detail in rows:
            if at >= since and act == "plan":
                yield who, at, subject, detail
        if len(rows) < BATCH or rows[-1].at < since:
            return
        before = rows[-1].id


def out_before(db: Database, members: Iterable[str], since: dt.datetime, channels: Iterable[str]) -> set[str]:
    """Those of these members whose drafts had gone out before on any of these channels: by the record's index."""
    c = DELIVERY.c
    query = select(c.member).where(c.channel.in_(sorted(channels)), c.at < since, c.verdict.in_(THERE)).distinct()
    with db.read() as connection:
        return {who for (who,) in among(connection, query, c.member, members)}


def took(db: Database, since: dt.datetime, until: dt.datetime) -> list[dt.timedelta]:
    """How long each member's draft that went out in that time took until its slot, or until it went out before."""
    d, s = DRAFT.c, SLOT.c
    there = (DELIVERY.c.slot == s.id) & DELIVERY.c.verdict.in_(THERE)
    early = select(func.min(DELIVERY.c.finished)).where(there).scalar_subquery()
    went = case((s.at < until, type_coerce(s.at, BigInteger)), else_=type_coerce(early, BigInteger))
    out = exists().where(there, out_within(since, until))
    query = select(went - type_coerce(d.first_seen, BigInteger)).join(SLOT, s.draft == d.id)
    query = query.where(s.at >= since, d.origin == "ugc", out)
    with db.read() as connection:
        return [dt.timedelta(microseconds=max(micros, 0)) for micros in connection.scalars(query)]


def unplaced_since(db: Database, now: dt.datetime, past: Collection[str] = ()) -> dt.datetime | None:
    """When the draft was approved that has waited longest in stock, and no coming slot carries; None where none does.

    Evergreens wait for nothing, nor does what is pinned to the past: `past`.
    """
    approved = DRAFT.c.approved_at
    waits = select(approved).where(standing_of("stock", now, past), ~evergreen, approved.is_not(None))
    with db.read() as connection:
        return connection.scalar(waits.order_by(approved).limit(1))
