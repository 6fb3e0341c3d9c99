"""Bring a ledger's tables to the version this program speaks, or say why not; costs one SELECT when they are."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect

from steadycast import __version__
from steadycast.errors import LedgerError
from steadycast.language import gettext as _
from steadycast.ledger.connection import Database, refusal, translate_errors
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
        said = _("its tables are at %(found)s, this program needs %(ours)s", found=found or _("nothing"), ours=HEAD)
        raise refusal(db.name, said, _("run any writing command, such as `steadycast intake`, once"))
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
    writer = _(" (written by Steadycast %(version)s)", version=row[0]) if row else ""
    said = _(
        "its tables are at version %(found)s%(writer)s, Steadycast %(version)s speaks %(ours)s",
        found=found,
        writer=writer,
        version=__version__,
        ours=HEAD,
    )
    return refusal(db.name, said, _("upgrade Steadycast, or restore the ledger that was kept before the upgrade"))


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
                    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")  # an upgrade lasts as long as it lasts
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
                if version(connection) != HEAD:
                    command.upgrade(config(connection), "head")
                if db.is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
                    raise refusal(db.name, _("a row of %(table)s lost its parent in the upgrade", table=broken[0]))
        finally:
            plain.invalidate()  # the next one opens with the keys enforced


def config(connection: Connection | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Alembic's configuration, made here: no alembic.ini has to be found, and `connection` is the one to use."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.attributes["connection"] = connection
    return made
