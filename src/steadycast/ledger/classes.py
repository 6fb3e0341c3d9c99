"""What members of classes handed in, how each duty ended, and what happened to a member."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Select, delete, exists, func, insert, literal, select, type_coerce, update

from steadycast.ledger import installation
from steadycast.ledger.connection import Database, among, chunks, rows_of, table, upsert
from steadycast.ledger.intake import HAND_IN, HELD, values
from steadycast.ledger.tables import EventRow, HandInRow, MemberStandingRow

HANDIN, STANDING, EVENT, COMMENT = table("handin"), table("member_standing"), table("event"), table("comment")
DRAFT, REVISION = table("draft"), table("revision")
H = HANDIN.c
OF_ROW = tuple(name for name in HandInRow.model_fields if name not in {"the_class", "slot", "member"})
UNSURE = tuple(why for why in HELD if why != HAND_IN)  # nobody has said that it is a draft of its own
ROWS = 200  # that one statement puts in


class Written(NamedTuple):
    """One revision of a draft that a member wrote, as far as a class asks."""

    draft: str
    member: str
    revision: str
    at: dt.datetime  # when it was seen
    own_at: dt.datetime | None  # its own time, where nobody had looked since
    letters: int | None
    form: str
    series: Sequence[str]
    ready: bool


def written_by(db: Database, members: Collection[str], since: dt.datetime) -> list[Written]:
    """Every revision of the drafts that these members gave or changed since then, the oldest first.

    What is held as a copy, or out of an archive, is none of it.
    """
    content = REVISION.c.content
    query = (
        select(
            DRAFT.c.id, DRAFT.c.member, REVISION.c.hash, REVISION.c.at, REVISION.c.own_at, REVISION.c.letters,
            content["form"].label("form"), content["series"].label("series"), content["ready"].label("ready"),
        )
        .join(REVISION, REVISION.c.draft == DRAFT.c.id)
        .where(DRAFT.c.origin == "ugc", DRAFT.c.changed >= since, DRAFT.c.held.not_in(UNSURE))
    )  # fmt: skip
    with db.read() as connection:
        found = [Written(*row) for row in among(connection, query, DRAFT.c.member, set(members))]
    return sorted(found, key=lambda each: (each.at, each.draft))


def hand_ins(db: Database, the_class: str, since: dt.datetime) -> list[HandInRow]:
    """How the duties of a class ended whose slots are since then, by slot and member."""
    here = (H.the_class == the_class) & (H.due >= since)
    return rows_of(db, HandInRow, select(HANDIN).where(here).order_by(H.due, H.member))


def hand_ins_used(db: Database, the_class: str, since: dt.datetime) -> list[HandInRow]:
    """The same, and those before whose draft came after their slot: after a leave, a later duty might take it again."""
    here = (H.the_class == the_class) & ((H.due >= since) | H.made_up_at.is_not(None) | (H.at > H.due))
    return rows_of(db, HandInRow, select(HANDIN).where(here).order_by(H.due, H.member))


class Ended(NamedTuple):
    """How one duty ended, as a page of a whole class asks."""

    member: str
    slot: str
    due: int  # microseconds since 1970 UTC
    verdict: str
    made_up: int | None
    draft: str | None


def verdicts(db: Database, the_class: str, member: str = "") -> list[Ended]:
    """How all duties of a class ended, or of one member in it, by member and time: a year of 77 is 4,000 rows."""
    due, made_up = (type_coerce(column, BigInteger) for column in (H.due, H.made_up_at))
    query = select(H.member, H.slot, due, H.verdict, made_up, H.draft).where(H.the_class == the_class)
    if member:
        query = query.where(H.member == member)
    with db.read() as connection:
        return list(map(Ended._make, connection.execute(query.order_by(H.member, H.due))))


def hand_in(db: Database, the_class: str, slot: str, member: str) -> HandInRow | None:
    """How one duty ended; None where it was not judged."""
    here = (H.the_class == the_class) & (H.slot == slot) & (H.member == member)
    return next(iter(rows_of(db, HandInRow, select(HANDIN).where(here))), None)


def hand_ins_of(db: Database, member: str, since: dt.datetime) -> list[HandInRow]:
    """How one member's duties ended since then, in all classes, in order of time."""
    here = (H.member == member) & (H.due >= since)
    return rows_of(db, HandInRow, select(HANDIN).where(here).order_by(H.due, H.the_class))


def put_hand_ins(db: Database, rows: Iterable[HandInRow]) -> None:
    """Keep how duties ended; of one that was judged, what is known now. What a person corrected stays."""
    with db.write() as connection:
        for batch in chunks(values(rows), ROWS):
            upsert(connection, HANDIN, batch, update=OF_ROW)


def forget_hand_ins(db: Database, the_class: str, now: dt.datetime) -> None:
    """Take out verdicts on days that have not come: a clock that was ahead gave them. What a person said stays."""
    with db.write() as connection:
        connection.execute(
            delete(HANDIN).where(H.the_class == the_class, H.due > now, H.by.in_(("", "look", "window")))
        )


def correct_hand_in(db: Database, row: HandInRow, event: EventRow) -> None:
    """Keep a person's word about a duty, and the event that tells what it was."""
    with db.write() as connection:
        upsert(connection, HANDIN, values([row]), update=OF_ROW)
        connection.execute(insert(EVENT), [_without_id(event)])


def rename_class(db: Database, old: str, new: str, *, kept_as: Collection[str]) -> None:
    """Give what is kept of a class to its new name: its duties and comments with their slots, what happened to members,
    and the installation's values of its name after each of `kept_as`. Where both have something, it is the old one's.
    """
    named = [prefix + old for prefix in kept_as]
    with db.read() as connection:  # each plan asks, and nearly always it is done
        if not any(connection.execute(query.limit(1)).first() for query in _of_class(old, named)):
            return
    with db.write() as connection:
        for rows in (HANDIN, COMMENT):
            slot = literal(new) + func.substr(rows.c.slot, len(old) + 1)
            other = rows.alias()
            same = [other.c[key.name] == key for key in rows.primary_key if key.name not in {"the_class", "slot"}]
            both = exists().where(
                other.c.the_class == old, literal(new) + func.substr(other.c.slot, len(old) + 1) == rows.c.slot, *same
            )
            connection.execute(delete(rows).where(rows.c.the_class == new, both))
            connection.execute(update(rows).where(rows.c.the_class == old).values(the_class=new, slot=slot))
        connection.execute(update(STANDING).where(STANDING.c.the_class == old).values(the_class=new))
        for prefix in kept_as:
            if told := installation.value(connection, prefix + old):
                installation.keep(connection, **{prefix + new: told})
        connection.execute(delete(installation.META).where(installation.META.c.key.in_(named)))


def _of_class(name: str, named: Collection[str]) -> Iterator[Select[Any]]:
    """What tells, each by a row, that something is kept of a class."""
    for rows in (HANDIN, COMMENT, STANDING):
        yield select(rows.c.the_class).where(rows.c.the_class == name)
    yield select(installation.META.c.key).where(installation.META.c.key.in_(named))


def put_member_standings(db: Database, rows: Iterable[MemberStandingRow]) -> None:
    """Keep what happened; no row is ever changed."""
    with db.write() as connection:
        for batch in chunks((_without_id(row) for row in rows), ROWS):
            connection.execute(insert(STANDING), batch)


def _without_id(row: Any) -> dict[str, Any]:
    return {name: value for name, value in values([row])[0].items() if name != "id"}
