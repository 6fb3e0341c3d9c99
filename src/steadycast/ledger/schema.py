"""Bring a ledger's tables to the version this program speaks, or say why not; costs one SELECT when they are."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect

from steadycast import __version__
from steadycast.errors import LedgerError
from steadycast.ledger.connection import Database, translate_errors
from steadycast.ledger.migrations import HEAD

LOCK = 0x5EAD1CA57  # pg_advisory locks are numbers: this one is Steadycast's schema


def ensure(db: Database) -> None:
    """Upgrade the tables under a lock where they are missing or old; LedgerError where they are newer."""
    with db.read() as connection:
        found = version(connection)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise _newer(db, found)
    if db.readonly:
        raise LedgerError(f"ledger {db.name}: its tables are at {found or 'nothing'}, this program needs {HEAD} "
                          "(run any writing command, such as `steadycast intake`, once)")  # fmt: skip
    _upgrade(db)


def version(connection: Connection) -> str | None:
    """The version that the ledger's tables are at; None where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def _newer(db: Database, found: str) -> LedgerError:
    with db.read() as connection:
        row = connection.exec_driver_sql("SELECT value FROM meta WHERE key = 'program'").first()
    writer = f" (written by Steadycast {row[0]})" if row else ""
    return LedgerError(
        f"ledger {db.name}: its tables are at version {found}{writer}, Steadycast {__version__} speaks {HEAD} "
        "(upgrade Steadycast, or restore the ledger that was kept before the upgrade)"
    )


def _upgrade(db: Database) -> None:
    """One transaction that holds the lock: whoever comes second finds the work done."""
    from alembic import command

    with translate_errors(db.name), db.engine.connect() as plain:
        if db.is_sqlite:
            # Copying a table drops the old one, and with keys enforced its children's rows with it.
            plain.exec_driver_sql("PRAGMA foreign_keys=OFF")
            plain.rollback()
        try:
            connection = plain.execution_options(steadycast_write=True)
            with connection.begin():
                if not db.is_sqlite:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
                if version(connection) != HEAD:
                    command.upgrade(config(connection), "head")
                if db.is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
                    raise LedgerError(f"ledger {db.name}: a row of {broken[0]} lost its parent in the upgrade")
        finally:
            plain.invalidate()  # the next one opens with the keys enforced


def config(connection: Connection | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Alembic's configuration, made here: no alembic.ini has to be found, and `connection` is the one to use."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.attributes["connection"] = connection
    return made
