"""What a ledger's database says of itself: its version, its damage, and whether a commit is a promise there."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from steadycast.ledger import older_copy
from steadycast.ledger.connection import WAL_IS_SAFE, connect
from steadycast.ledger.schema import version

SQLITE_WANTED = {
    "journal_mode": "wal" if WAL_IS_SAFE else "truncate", "synchronous": "full" if WAL_IS_SAFE else "extra",
}  # fmt: skip
SYNCHRONOUS = ("off", "normal", "full", "extra")  # SQLite answers the number
POSTGRES_WANTED = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


@dataclass(frozen=True, slots=True)
class Checkup:
    """One look at a ledger that could be opened."""

    kind: str  # SQLite, PostgreSQL
    library: str  # its version
    tables: str | None  # the schema's version; None: there is no ledger yet
    damage: str = ""  # what the database says is wrong with the file; "" where nothing is, or it cannot be asked
    modes: Mapping[str, str] = field(default_factory=dict)
    wanted: Mapping[str, str] = field(default_factory=dict)
    clock: dt.datetime | None = None  # a server's own
    doubtful_until: dt.datetime | None = None  # restored from an older copy
    others_read: bool = False  # the file, in which the markers' secret lies


def check_up(where: str) -> Checkup:
    """Look at the ledger at a path or a PostgreSQL URL; changes nothing. LedgerError where it cannot be opened."""
    if "://" not in where and not Path(where).exists():
        return Checkup("SQLite", sqlite3.sqlite_version, None)
    db = connect(where)
    try:
        with db.read() as connection:
            tables = version(connection)
            until = older_copy.doubt(connection).until if tables else None
            if db.is_sqlite:
                return _sqlite(connection, where, tables, until)
            return _postgres(connection, tables, until)
    finally:
        db.close()


def _sqlite(connection: Connection, where: str, tables: str | None, until: dt.datetime | None) -> Checkup:
    modes = {name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar()) for name in SQLITE_WANTED}
    modes["synchronous"] = SYNCHRONOUS[int(modes["synchronous"])]
    said = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    damage = "" if said == "ok" else said.splitlines()[0]
    others = "://" not in where and bool(Path(where).stat().st_mode & 0o077)
    return Checkup("SQLite", sqlite3.sqlite_version, tables, damage, modes, SQLITE_WANTED, None, until, others)


def _postgres(connection: Connection, tables: str | None, until: dt.datetime | None) -> Checkup:
    modes = {name: str(connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in POSTGRES_WANTED}
    library = str(connection.exec_driver_sql("SHOW server_version").scalar()).split()[0]
    clock: dt.datetime | None = connection.exec_driver_sql("SELECT clock_timestamp()").scalar()
    return Checkup("PostgreSQL", library, tables, "", modes, POSTGRES_WANTED, clock, until)
