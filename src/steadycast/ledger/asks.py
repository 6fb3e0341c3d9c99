"""Asks: which member is asked to write for which slot, by when, and what they sent for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, exists, select, update

from steadycast.ledger.connection import Database, among, insert_into, row_of, rows_of, table
from steadycast.ledger.tables import AskRow

ASK = table("ask")
STANDING = ("open", "taken")  # nobody took it back or declined


def put_ask(db: Database, row: AskRow) -> AskRow | None:
    """Keep a new ask, and tell it with its id; None where somebody is asked for that slot already."""
    values = row.model_dump(exclude={"id"})
    fresh = insert_into(ASK, db.engine.dialect).values(**values)
    with db.write() as connection:  # the index knows of one that came a moment earlier
        made = connection.execute(fresh.on_conflict_do_nothing().returning(ASK.c.id)).scalar()
    return None if made is None else AskRow(**values, id=made)


def ask(db: Database, id: int) -> AskRow | None:
    """One ask, whatever became of it; None where there is none."""
    return row_of(db, AskRow, select(ASK).where(ASK.c.id == id))


def asks_between(db: Database, after: dt.datetime, before: dt.datetime, most: int) -> list[AskRow]:
    """The asks for the slots of that time, in order of time; of one slot the newest first."""
    span = (ASK.c.at >= after) & (ASK.c.at < before)
    return rows_of(db, AskRow, select(ASK).where(span).order_by(ASK.c.at, ASK.c.slot, ASK.c.id.desc()).limit(most))


def asks_of_slots(db: Database, slots: Iterable[str]) -> dict[str, AskRow]:
    """The last ask for each of these slots, by slot; those for which nobody was asked are left out."""
    with db.read() as connection:
        found = [AskRow(**row._mapping) for row in among(connection, select(ASK), ASK.c.slot, set(slots))]
    return {row.slot: row for row in sorted(found, key=lambda row: row.id or 0)}


def asks_of_member(db: Database, member: str, after: dt.datetime, most: int) -> list[AskRow]:
    """What a member is asked for from then on, in order of time."""
    its = (ASK.c.member == member) & (ASK.c.at >= after)
    return rows_of(db, AskRow, select(ASK).where(its).order_by(ASK.c.at, ASK.c.id.desc()).limit(most))


def asks_with_draft(db: Database, after: dt.datetime, drafts: Collection[str] | None = None) -> list[AskRow]:
    """The standing asks for slots from then on for which one of these drafts was sent, or any draft."""
    query = (
        select(ASK)
        .where(ASK.c.state.in_(STANDING), ASK.c.at >= after, ASK.c.draft.is_not(None))
        .order_by(ASK.c.at, ASK.c.id)
    )
    return rows_of(db, AskRow, query if drafts is None else query.where(ASK.c.draft.in_(drafts)))


def answer_ask(db: Database, id: int, states: Collection[str], to: str, now: dt.datetime) -> bool:
    """What the member said: `taken` or `declined`. False where its state is none of `states` any more."""
    return _change(db, id, ASK.c.state.in_(states), now, state=to, answered=now)


def end_ask(db: Database, id: int, now: dt.datetime) -> bool:
    """Take an ask back; False where it does not stand any more."""
    return _change(db, id, ASK.c.state.in_(STANDING), now, state="withdrawn")


def restore_ask(db: Database, row: AskRow, now: dt.datetime) -> bool:
    """An ask that was taken back stands again as before; False where it was not, or another one has its place."""
    state = "open" if row.answered is None else "taken"
    other = ASK.alias()
    taken = exists().where(other.c.slot == row.slot, other.c.state.in_(STANDING))
    return _change(db, row.id or 0, (ASK.c.state == "withdrawn") & ~taken, now, state=state)


def tie_ask(db: Database, id: int, member: str, draft: str, now: dt.datetime) -> bool:
    """This draft was sent for it, which takes it; False where it does not stand, or another member is asked."""
    here = (ASK.c.member == member) & ASK.c.state.in_(STANDING)
    return _change(db, id, here, now, state="taken", answered=now, draft=draft)


def _change(db: Database, id: int, here: ColumnElement[bool], now: dt.datetime, **values: object) -> bool:
    fresh = {**values, "changed": now, "sequence": ASK.c.sequence + 1}
    with db.write() as connection:
        return connection.execute(update(ASK).where(ASK.c.id == id, here).values(**fresh)).rowcount == 1
