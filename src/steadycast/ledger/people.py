"""Persons who may log in, their sessions and the tokens of their programs. No secret is here, only hashes.

Sessions, tokens and invites are credentials: each is known by the hash of what its bearer has.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from sqlalchemy import Table, insert, select, update

from steadycast.ledger.connection import Database, row_of, rows_of, table, upsert
from steadycast.ledger.intake import values
from steadycast.ledger.tables import ApiTokenRow, InviteRow, PersonRow, SessionRow

PERSON, SESSION, TOKEN = table("person"), table("session"), table("api_token")
Row = TypeVar("Row", SessionRow, ApiTokenRow)
OFTEN = dt.timedelta(minutes=10)  # the last use is written down no more often


def has_people(db: Database) -> bool:
    """Whether anybody may log in."""
    with db.read() as connection:
        return connection.execute(select(PERSON.c.name).where(PERSON.c.ended.is_(None)).limit(1)).first() is not None


def person(db: Database, name: str) -> PersonRow | None:
    """The person of this name, whether they may still log in or not; None where there is none."""
    return row_of(db, PersonRow, select(PERSON).where(PERSON.c.name == name))


def all_people(db: Database) -> list[PersonRow]:
    """All of them by name, those who may no longer log in as well."""
    return rows_of(db, PersonRow, select(PERSON).order_by(PERSON.c.name))


def put_person(db: Database, row: PersonRow) -> bool:
    """Keep a new person; False where the name is taken."""
    with db.write() as connection:
        return upsert(connection, PERSON, values([row])) == 1


def change_person(db: Database, name: str, **changed: Any) -> bool:
    """Set some columns of a person who may log in; False where there is none."""
    with db.write() as connection:
        there = (PERSON.c.name == name) & PERSON.c.ended.is_(None)
        return connection.execute(update(PERSON).where(there).values(**changed)).rowcount == 1


def session(db: Database, hash: str) -> tuple[SessionRow, PersonRow] | None:
    """The session whose token has this hash, and whose it is, whatever became of either; None where there is none."""
    return _with_person(db, SESSION, SessionRow, hash)


def put_credential(db: Database, row: SessionRow | ApiTokenRow | InviteRow) -> None:
    """Keep a new session, token or invite."""
    with db.write() as connection:
        connection.execute(insert(table(str(row.__tablename__))), values([row]))


def used_credential(db: Database, row: SessionRow | ApiTokenRow | InviteRow, now: dt.datetime) -> None:
    """Remember that a session, a token or an invite is used, a few times an hour at most."""
    its = table(str(row.__tablename__))
    if row.used is None or now - row.used >= OFTEN:
        with db.write() as connection:
            connection.execute(update(its).where(its.c.hash == row.hash).values(used=now))


def end_sessions(db: Database, now: dt.datetime, *, person: str = "", hash: str = "", keep: str = "") -> int:
    """End one session by its hash, or all of a person but the one with the hash `keep`; how many it were."""
    which = SESSION.c.hash == hash if hash else (SESSION.c.person == person) & (SESSION.c.hash != keep)
    with db.write() as connection:
        ended = update(SESSION).where(which & SESSION.c.ended.is_(None)).values(ended=now)
        return connection.execute(ended).rowcount


def api_token(db: Database, hash: str) -> tuple[ApiTokenRow, PersonRow] | None:
    """The token with this hash, and whose it is, whatever became of either; None where there is none."""
    return _with_person(db, TOKEN, ApiTokenRow, hash)


def api_tokens_of(db: Database, person: str) -> list[ApiTokenRow]:
    """A person's tokens, the newest first."""
    return rows_of(
        db, ApiTokenRow, select(TOKEN).where(TOKEN.c.person == person).order_by(TOKEN.c.made.desc(), TOKEN.c.hash)
    )


def revoke_api_tokens(db: Database, now: dt.datetime, *, person: str, hash: str = "") -> int:
    """Revoke one token of a person, or all; how many it were."""
    which = (TOKEN.c.person == person) & TOKEN.c.revoked.is_(None)
    with db.write() as connection:
        ended = update(TOKEN).where(which & (TOKEN.c.hash == hash) if hash else which).values(revoked=now)
        return connection.execute(ended).rowcount


def _with_person(db: Database, its: Table, kind: type[Row], hash: str) -> tuple[Row, PersonRow] | None:
    named = [column.label(f"{column.table.name}_{column.name}") for column in (*its.c, *PERSON.c)]
    with db.read() as connection:
        query = select(*named).join_from(its, PERSON).where(its.c.hash == hash)
        found = connection.execute(query).mappings().first()
    if found is None:
        return None

    def columns(row: type[Row | PersonRow]) -> dict[str, Any]:
        return {name: found[f"{row.__tablename__}_{name}"] for name in row.model_fields}

    return kind(**columns(kind)), PersonRow(**columns(PersonRow))
