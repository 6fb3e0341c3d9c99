"""The drafts that a slot may carry or carried, as planning asks for them: all, those still to come, and what is out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BigInteger, Text, cast, false, func, select, type_coerce

from steadycast.ledger import raw_sql
from steadycast.ledger.connection import Database, among, one_of, table
from steadycast.ledger.intake import DRAFT, OUT_OF_STOCK
from steadycast.ledger.rows import EPOCH
from steadycast.ledger.tables import IS_OUT, WENT_OUT

DELIVERY = table("delivery")
OVERDUE = dt.timedelta(days=7)  # what such old slots may still carry, late, is not free for another


class ApprovedDraft(NamedTuple):
    """What planning asks of a draft, as the database holds it: two that are equal are planned alike."""

    id: str
    form: str
    origin: str
    member: str
    path: str
    approved: int  # microseconds since 1970 UTC
    planned: str  # JSON
    circle: str  # the community that shares it

    @property
    def approved_at(self) -> dt.datetime:
        """When a person or a rule said yes."""
        return EPOCH + dt.timedelta(microseconds=self.approved)

    @property
    def plan(self) -> dict[str, Any]:
        """What its front matter asks of the planner."""
        told: dict[str, Any] = orjson.loads(self.planned)
        return told


class PinnedDraft(NamedTuple):
    """An approved draft that is pinned to a slot, and that no coming slot carries."""

    id: str
    path: str
    title: str
    form: str
    member: str
    planned: str  # JSON
    out: bool  # it went out, or may have: only an evergreen may go out again

    @property
    def plan(self) -> dict[str, Any]:
        """What its front matter asks of the planner."""
        told: dict[str, Any] = orjson.loads(self.planned)
        return told


def approved_drafts(db: Database) -> list[ApprovedDraft]:
    """Every draft that a slot may carry, or carried, by path."""
    return sorted(map(ApprovedDraft._make, approved_values(db)), key=lambda draft: draft.path)


def approved_values(db: Database) -> list[tuple[Any, ...]]:
    """The values of `approved_drafts` as the driver makes them, in no order: for who asks what of them has changed."""
    with db.read() as connection:
        return raw_sql.fetched(connection, IN_STOCK)


def approved_briefly(db: Database) -> list[tuple[str, int, bool]]:
    """(id, microseconds since 1970 UTC, whether it may go out again) of every one of `approved_drafts`, as approved.

    It is as little as tells whether a plan may ask for a draft: after ten years most of ten thousand are out.
    """
    with db.read() as connection:
        return raw_sql.fetched(connection, BRIEFLY)


def approved_among(db: Database, ids: Iterable[str]) -> list[ApprovedDraft]:
    """Those of `approved_drafts` that have one of these ids, by path."""
    with db.read() as connection:
        found = [ApprovedDraft._make(row) for row in among(connection, IN_STOCK, DRAFT.c.id, set(ids))]
    return sorted(found, key=lambda draft: draft.path)


def pinned_drafts(db: Database, now: dt.datetime) -> list[PinnedDraft]:
    """The drafts of stock and reserve that are pinned to a slot, and that no slot carries; by path."""
    values = (PINNED, EVERGREEN, raw_sql.micros(now), raw_sql.micros(now - OVERDUE), AT_MOST)
    with db.read() as connection:
        rows = raw_sql.fetch(connection, UNPLACED, values)
    return sorted((PinnedDraft._make((*row, bool(out))) for *row, out in rows), key=lambda draft: draft.path)


def drafts_out(db: Database) -> set[str]:
    """The drafts that went out, or may have, here or before there was a ledger."""
    with db.read() as connection:
        return {id for (id,) in raw_sql.fetched(connection, ARE_OUT)}


_C = DRAFT.c
_APPROVED = type_coerce(_C.approved_at, BigInteger)
STANDS = _C.approved_revision.is_not(None) & _C.state.not_in(OUT_OF_STOCK)
IN_STOCK = select(
    _C.id, _C.form, _C.origin, _C.member, _C.path, _APPROVED.label("approved"), cast(_C.plan, Text), _C.circle
).where(STANDS)
evergreen = func.coalesce(_C.plan["evergreen"].as_boolean(), false())
_AGAIN = ~cast(_C.plan, Text).contains('"evergreen": false')  # or written otherwise: parsing takes longer
BRIEFLY = select(_C.id, _APPROVED.label("approved"), _AGAIN).where(STANDS).order_by(_APPROVED)
_OUT = select(DELIVERY.c.draft).where(one_of(DELIVERY.c.state, WENT_OUT), DELIVERY.c.draft.is_not(None)).distinct()
ARE_OUT = _OUT.union_all(select(_C.id).where(_C.published_before.is_not(None)))
# As text: to parse the plan of each draft of ten years takes longer.
PINNED, EVERGREEN = '%"slot": "%', '%"evergreen": true%'
AT_MOST = 10_000  # pinned drafts that are looked at: their ids are values of a statement
UNPLACED = f"""
SELECT * FROM (
  SELECT id, path, title, form, member, CAST(plan AS TEXT) AS planned,
    published_before IS NOT NULL OR EXISTS (SELECT 1 FROM delivery WHERE delivery.draft = d.id AND {IS_OUT}) AS is_out
  FROM draft d WHERE state = 'approved' AND CAST(plan AS TEXT) LIKE ?
) pinned
WHERE (NOT is_out OR planned LIKE ?)
  AND NOT EXISTS (SELECT 1 FROM slot WHERE slot.draft = pinned.id AND (slot.at >= ? OR (NOT is_out AND slot.at >= ?)))
LIMIT ?
"""  # noqa: S608  our own words
