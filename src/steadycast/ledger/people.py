"""Persons who may log in, their sessions and the tokens of their programs. No secret is here, only hashes."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from sqlalchemy import insert, select, update

from steadycast.ledger.connection import Database, row_of, rows_of, table, upsert
from steadycast.ledger.intake import values
from steadycast.ledger.tables import ApiTokenRow, PersonRow, SessionRow

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
    columns = [column.label(f"{column.table.name}_{column.name}") for column in (*SESSION.c, *PERSON.c)]
    query = select(*columns).join_from(SESSION, PERSON).where(SESSION.c.hash == hash)
    return _with_person(db, query, SessionRow)


def put_session(db: Database, row: SessionRow) -> None:
    """Keep a new session."""
    with db.write() as connection:
        connection.execute(insert(SESSION), values([row]))


def used_session(db: Database, row: SessionRow, now: dt.datetime) -> None:
    """Remember that a session is used, a few times an hour at most."""
    if now - row.used >= OFTEN:
        with db.write() as connection:
            connection.execute(update(SESSION).where(SESSION.c.hash == row.hash).values(used=now))


def end_sessions(db: Database, now: dt.datetime, *, person: str = "", hash: str = "", keep: str = "") -> int:
    """End one session by its hash, or all of a person but the one with the hash `keep`; how many it were."""
    which = SESSION.c.hash == hash if hash else (SESSION.c.person == person) & (SESSION.c.hash != keep)
    with db.write() as connection:
        ended = update(SESSION).where(which & SESSION.c.ended.is_(None)).values(ended=now)
        return connection.execute(ended).rowcount


def api_token(db: Database, hash: str) -> tuple[ApiTokenRow, PersonRow] | None:
    """The token with this hash, and whose it is, whatever became of either; None where there is none."""
    columns = [column.label(f"{column.table.name}_{column.name}") for column in (*TOKEN.c, *PERSON.c)]
    return _with_person(db, select(*columns).join_from(TOKEN, PERSON).where(TOKEN.c.hash == hash), ApiTokenRow)


def api_tokens_of(db: Database, person: str) -> list[ApiTokenRow]:
    """A person's tokens, the newest first."""
    return rows_of(
        db, ApiTokenRow, select(TOKEN).where(TOKEN.c.person == person).order_by(TOKEN.c.made.desc(), TOKEN.c.hash)
    )


def put_api_token(db: Database, row: ApiTokenRow) -> None:
    """Keep a new token."""
    with db.write() as connection:
        connection.execute(insert(TOKEN), values([row]))


def used_api_token(db: Database, row: ApiTokenRow, now: dt.datetime) -> None:
    """Remember that a token is used, a few times an hour at most."""
    if row.used is None or now - row.used >= OFTEN:
        with db.write() as connection:
            connection.execute(update(TOKEN).where(TOKEN.c.hash == row.hash).values(used=now))


def revoke_api_tokens(db: Database, now: dt.datetime, *, person: str, hash: str = "") -> int:
    """Revoke one token of a person, or all; how many it were."""
    which = (TOKEN.c.person == person) & TOKEN.c.revoked.is_(None)
    with db.write() as connection:
        ended = update(TOKEN).where(which & (TOKEN.c.hash == hash) if hash else which).values(revoked=now)
        return connection.execute(ended).rowcount


def _with_person(db: Database, query: Any, kind: type[Row]) -> tuple[Row, PersonRow] | None:
    with db.read() as connection:
        found = connection.execute(query).mappings().first()
    if found is None:
        return None

    def columns(row: type[Row | PersonRow]) -> dict[str, Any]:
        return {name: found[f"{row.__tablename__}_{name}"] for name in row.model_fields}

    return kind(**columns(kind)), PersonRow(**columns(PersonRow))
