"""What the ledger knows of members: counted in the database, a handful of rows each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, exists, false, func, select, type_coerce

from steadycast.ledger.asks import ASK, STANDING
from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.connection import Database, among, rows_of, table
from steadycast.ledger.tables import DONE, DraftRow, State

DRAFT = table("draft")
SLOT = table("slot")
GIVEN = DRAFT.c.state.not_in(("archive", "copy"))  # an archive that was taken in is nothing that somebody gave now
LATELY = 12  # gifts that tell how often somebody gives
WENT = (*DONE, State.WITHDRAWN)


class Standing(NamedTuple):
    """How many drafts of one member stand in a state, and since when the first of them."""

    member: str
    state: str
    drafts: int
    first: dt.datetime
    last: dt.datetime


class Place(NamedTuple):
    """Where one draft is planned or went: a slot on a channel."""

    draft: str
    channel: str
    at: dt.datetime
    state: str
    url: str
    finished: dt.datetime | None = None  # since when it is there, where it went


def standings(db: Database, member: str | None = None) -> list[Standing]:
    """The drafts of every member, or of one, counted by state; of each the first and the last that came."""
    c, came = DRAFT.c, DRAFT.c.first_seen
    counted = (func.count(), func.min(came, type_=came.type), func.max(came, type_=came.type))
    query = select(c.member, c.state, *counted).where(_of(member), GIVEN).group_by(c.member, c.state)
    with db.read() as connection:
        return [Standing(*row) for row in connection.execute(query.order_by(c.member, c.state))]


def gifts(db: Database, member: str | None = None) -> dict[str, list[dt.datetime]]:
    """When the latest drafts of each member, or of one, came, the newest first."""
    c = DRAFT.c
    place = func.row_number().over(partition_by=c.member, order_by=c.first_seen.desc()).label("place")
    numbered = select(c.member, c.first_seen, place).where(_of(member), GIVEN).subquery()
    query = select(numbered.c.member, numbered.c.first_seen).where(numbered.c.place <= LATELY)
    found: dict[str, list[dt.datetime]] = {}
    with db.read() as connection:
        for who, at in connection.execute(query.order_by(numbered.c.member, numbered.c.place)):
            found.setdefault(who, []).append(at)
    return found


def waited(db: Database, since: dt.datetime, member: str | None = None) -> dict[str, list[int]]:
    """How many microseconds the drafts that a person approved since then had waited, by member; of all, or of one."""
    c = DRAFT.c
    by_people = (c.approved_at >= since) & c.approved_by.not_in(("", "on arrival", "backfill"))
    span = type_coerce(c.approved_at, BigInteger) - type_coerce(c.first_seen, BigInteger)
    query = select(c.member, span).where(_of(member), by_people, c.state == "approved")
    found: dict[str, list[int]] = {}
    with db.read() as connection:
        for who, micros in connection.execute(query):
            found.setdefault(who, []).append(max(micros, 0))
    return found


def _of(member: str | None) -> ColumnElement[bool]:
    """What members gave, or what one of them did."""
    return DRAFT.c.origin == "ugc" if member is None else (DRAFT.c.origin == "ugc") & (DRAFT.c.member == member)


def given_by(db: Database, member: str, most: int, skip: int = 0) -> list[DraftRow]:
    """A member's drafts, the newest first."""
    c = DRAFT.c
    query = select(DRAFT).where(c.origin == "ugc", c.member == member).order_by(c.first_seen.desc(), c.id)
    return rows_of(db, DraftRow, query.limit(most).offset(skip))


def came_since(db: Database, member: str, since: dt.datetime) -> int:
    """How many drafts of a member came since then."""
    c = DRAFT.c
    with db.read() as connection:
        query = select(func.count()).where(c.origin == "ugc", c.member == member, c.first_seen >= since)
        return connection.execute(query).scalar_one()


def empty_slots(db: Database, after: dt.datetime, before: dt.datetime, most: int) -> list[tuple[str, dt.datetime]]:
    """(series, instant) of the next slots that something is owed for, that carry nothing, and nobody is asked for."""
    s = SLOT.c
    asked = exists().where(ASK.c.slot == s.id, ASK.c.state.in_(STANDING))
    owed = ~asked & (s.at >= after) & (s.at < before) & s.draft.is_(None) & (s.excused == "") & (s.manual == false())
    with db.read() as connection:
        return [(series, at) for series, at in connection.execute(
            select(s.series, s.at).where(owed).order_by(s.at, s.id).limit(most)
        )]  # fmt: skip


def places_of(db: Database, drafts: Iterable[str]) -> list[Place]:
    """Where these drafts are planned, and where they went, in the order of their slots."""
    d, s = DELIVERY.c, SLOT.c
    query = select(s.draft, d.channel, d.at, d.state, d.url, d.finished).join(DELIVERY, d.slot == s.id)
    with db.read() as connection:
        found = [Place(*row) for row in among(connection, query, s.draft, drafts)]
    return sorted(found, key=lambda place: (place.at, place.channel))
