"""Who changed what, for people to read; and which requests of programs were answered already."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, func, insert, select, update

from steadycast.ledger.connection import Database, row_of, rows_of, table, upsert
from steadycast.ledger.intake import values
from steadycast.ledger.tables import AuditRow, IdempotencyRow

AUDIT, IDEMPOTENCY = table("audit"), table("idempotency")


def put_audit(db: Database, row: AuditRow) -> None:
    """Keep a row; no row is ever changed."""
    with db.write() as connection:
        connection.execute(insert(AUDIT), [{k: v for k, v in values([row])[0].items() if k != "id"}])


def audit_page(db: Database, before: int | None = None, count: int = 50) -> list[AuditRow]:
    """The newest rows, or those older than the row `before`; the newest first."""
    query = select(AUDIT).order_by(AUDIT.c.id.desc()).limit(count)
    return rows_of(db, AuditRow, query if before is None else query.where(AUDIT.c.id < before))


def begin_idempotent(db: Database, row: IdempotencyRow) -> bool:
    """Take a key for a request that begins; False where it is taken."""
    with db.write() as connection:
        return upsert(connection, IDEMPOTENCY, values([row])) == 1


def idempotent(db: Database, person: str, key: str) -> IdempotencyRow | None:
    """The request that a person's key was taken for; None where it is free."""
    return row_of(
        db, IdempotencyRow, select(IDEMPOTENCY).where(IDEMPOTENCY.c.person == person, IDEMPOTENCY.c.key == key)
    )


def count_idempotent(db: Database, person: str) -> int:
    """How many requests of a person are remembered."""
    with db.read() as connection:
        query = select(func.count()).select_from(IDEMPOTENCY).where(IDEMPOTENCY.c.person == person)
        return connection.execute(query).scalar_one()


def finish_idempotent(db: Database, person: str, key: str, status: int | None, body: str = "") -> None:
    """Keep the answer of a request; with the status None its key is free again."""
    which = (IDEMPOTENCY.c.person == person) & (IDEMPOTENCY.c.key == key)
    with db.write() as connection:
        if status is None:
            connection.execute(delete(IDEMPOTENCY).where(which))
        else:
            connection.execute(update(IDEMPOTENCY).where(which).values(status=status, body=body))


def forget_idempotent(db: Database, before: dt.datetime) -> int:
    """Forget requests that were made before an instant; how many it were."""
    with db.write() as connection:
        return connection.execute(delete(IDEMPOTENCY).where(IDEMPOTENCY.c.made < before)).rowcount
