"""Comments that members of a class owe each other: who was drawn for whom, and what was done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import func, select, update

from steadycast.ledger.connection import Database, among, as_rows, chunks, rows_of, table, upsert
from steadycast.ledger.tables import CommentRow, DraftRow, HandInRow

COMMENT = table("comment")
HANDIN = table("handin")
DRAFT = table("draft")
C = COMMENT.c
ROWS = 200  # that one statement puts in


def put_round(db: Database, rows: Iterable[CommentRow]) -> int:
    """Keep a round that was drawn; where one was drawn for its slot meanwhile, that one stays. How many are new."""
    made, its = 0, list(rows)
    with db.write() as connection:
        slots = {(row.the_class, row.slot) for row in its}
        drawn = {
            each for each in slots
            if connection.scalar(select(C.slot).where(C.the_class == each[0], C.slot == each[1]).limit(1))
        }  # fmt: skip
        for batch in chunks((row.model_dump() for row in its if (row.the_class, row.slot) not in drawn), ROWS):
            made += upsert(connection, COMMENT, batch)
    return made


def rounds_drawn(db: Database, the_class: str, slots: Collection[str]) -> set[str]:
    """Those of these slots of a class for which there is a round."""
    with db.read() as connection:
        query = select(C.slot).where(C.the_class == the_class).distinct()
        return {row.slot for row in among(connection, query, C.slot, set(slots))}


def round_of(db: Database, the_class: str, slot: str) -> list[CommentRow]:
    """One round, by author and then reviewer."""
    here = (C.the_class == the_class) & (C.slot == slot)
    return rows_of(db, CommentRow, select(COMMENT).where(here).order_by(C.author, C.reviewer))


def latest_rounds(db: Database, the_class: str, most: int) -> list[str]:
    """The slots of a class's last rounds, the newest first."""
    query = select(C.slot).where(C.the_class == the_class).group_by(C.slot).order_by(func.max(C.due).desc())
    with db.read() as connection:
        return list(connection.execute(query.limit(most)).scalars())


def comments_between(db: Database, the_class: str, after: dt.datetime, before: dt.datetime) -> list[CommentRow]:
    """A class's comments that are due in that time, by due."""
    here = (C.the_class == the_class) & (C.due >= after) & (C.due < before)
    return rows_of(db, CommentRow, select(COMMENT).where(here).order_by(C.due, C.author, C.reviewer))


def times_met(db: Database, the_class: str) -> Mapping[tuple[str, str], int]:
    """How often each was drawn to comment on each other: (reviewer, author) -> rounds."""
    query = select(C.reviewer, C.author, func.count()).where(C.the_class == the_class).group_by(C.reviewer, C.author)
    with db.read() as connection:
        return {(reviewer, author): n for reviewer, author, n in connection.execute(query)}


def comments_of(db: Database, reviewer: str, after: dt.datetime, most: int) -> list[CommentRow]:
    """What a member owes or gave others, of rounds that are due after that; the newest first."""
    here = (C.reviewer == reviewer) & (C.due > after)
    query = select(COMMENT).where(here).order_by(C.due.desc(), C.the_class, C.author).limit(most)
    return rows_of(db, CommentRow, query)


def comments_open(db: Database, after: dt.datetime, most: int) -> list[CommentRow]:
    """What nobody has seen done, of rounds that are due after that; the oldest first."""
    here = C.done_at.is_(None) & (C.due > after)
    return rows_of(db, CommentRow, select(COMMENT).where(here).order_by(C.due, C.reviewer).limit(most))


def comment_done(db: Database, row: CommentRow, at: dt.datetime, how: str) -> bool:
    """It was done; False where that was known already."""
    its = (C.the_class == row.the_class) & (C.slot == row.slot)
    its &= (C.reviewer == row.reviewer) & (C.author == row.author) & C.done_at.is_(None)
    with db.write() as connection:
        return connection.execute(update(COMMENT).where(its).values(done_at=at, how=how)).rowcount == 1


def comment_undone(db: Database, row: CommentRow) -> bool:
    """What a person said to be done was not; False where no person had."""
    its = (C.the_class == row.the_class) & (C.slot == row.slot)
    its &= (C.reviewer == row.reviewer) & (C.author == row.author) & (C.how == "person")
    with db.write() as connection:
        return connection.execute(update(COMMENT).where(its).values(done_at=None, how="")).rowcount == 1


def handed_in(db: Database, the_class: str, after: dt.datetime) -> list[HandInRow]:
    """What was handed in for a class's slots since then, kept or late; by slot."""
    h = HANDIN.c
    here = (h.the_class == the_class) & (h.due > after) & h.draft.is_not(None) & h.verdict.in_(("kept", "late"))
    return rows_of(db, HandInRow, select(HANDIN).where(here).order_by(h.due, h.member))


def hand_ins_between(db: Database, the_class: str, start: dt.datetime, end: dt.datetime) -> list[HandInRow]:
    """How the duties of a class's slots in that time ended, in order."""
    h = HANDIN.c
    here = (h.the_class == the_class) & (h.due >= start) & (h.due < end)
    return rows_of(db, HandInRow, select(HANDIN).where(here).order_by(h.due, h.member))


def written_since(db: Database, members: Collection[str], since: dt.datetime) -> list[DraftRow]:
    """What these members wrote or changed since then, the oldest first; what is gone is left out."""
    query = select(DRAFT).where(DRAFT.c.origin == "ugc", DRAFT.c.changed >= since, DRAFT.c.state != "gone")
    with db.read() as connection:
        found = list(as_rows(DraftRow, among(connection, query, DRAFT.c.member, set(members))))
    return sorted(found, key=lambda row: (row.changed, row.id))
