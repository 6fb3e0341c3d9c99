"""Turns that have begun: a row of a member's standing each."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import insert, select

from steadycast.ledger.connection import Database, rows_of, table
from steadycast.ledger.tables import MemberStandingRow

STANDING = table("member_standing")
WHAT = ("turn", "lead")


def turns_served(db: Database, the_class: str) -> list[MemberStandingRow]:
    """The turns of a class that have begun, the oldest first."""
    c = STANDING.c
    query = select(STANDING).where(c.the_class == the_class, c.what.in_(WHAT)).order_by(c.first, c.id)
    return rows_of(db, MemberStandingRow, query)


def put_turns(db: Database, rows: Iterable[MemberStandingRow]) -> None:
    """Keep turns that have begun."""
    if values := [row.model_dump(exclude={"id"}) for row in rows]:
        with db.write() as connection:
            connection.execute(insert(STANDING), values)


def member_standings(db: Database, the_class: str) -> list[MemberStandingRow]:
    """What happened to the members of a class, in order of time; turns are told by `turns_served`."""
    c = STANDING.c
    query = select(STANDING).where(c.the_class == the_class, c.what.not_in(WHAT)).order_by(c.at, c.id)
    return rows_of(db, MemberStandingRow, query)
