"""The database that `steadycast up` gives Prefect: an SQLite file, which becomes smaller by what Prefect deleted."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from importlib.metadata import version
from pathlib import Path

SMALL = 8 << 20  # bytes that lie unused: not worth a copy
SAID_IN = ("prefect.toml", "pyproject.toml", ".env")  # where a person may have named another database


def is_upgraded(file: Path, root: Path) -> bool:
    """Whether its tables are those of the Prefect that is installed, so that its server has none to make.

    Its migrations leave 11 MB behind in the server, even where there is nothing to migrate.
    """
    elsewhere = any("DATABASE" in name for name in os.environ if name.startswith("PREFECT_"))
    if elsewhere or any((root / name).exists() for name in SAID_IN):
        return False
    with contextlib.suppress(OSError):
        return _mark(file).read_text(encoding="utf-8") == _tables(file) != ""
    return False


def note_upgraded(file: Path) -> None:
    """Notes what tables it has now."""
    with contextlib.suppress(OSError):  # a full disk: they are looked at again
        _mark(file).write_text(_tables(file), encoding="utf-8")


def _mark(file: Path) -> Path:
    return file.with_name("tables")


def _tables(file: Path) -> str:
    """What tells them from others: the Prefect that made them, and its name for them. Empty where there are none."""
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as database,
    ):
        named = database.execute("SELECT version_num FROM alembic_version").fetchone()
        return f"{version('prefect')} {named}"
    return ""


def shrink(file: Path) -> int:
    """How many bytes smaller the file became; 0 where less than half of it is unused, or it is busy, or not there.

    Prefect deletes old runs by itself, but SQLite keeps their pages. Only what is in use is written anew, and Prefect
    waits as long: seconds.
    """
    if not file.is_file():
        return 0
    before = file.stat().st_size
    with (
        contextlib.suppress(sqlite3.Error),  # a full disk, another at it: the next hour tries again
        contextlib.closing(sqlite3.connect(file, timeout=5, isolation_level=None)) as database,
    ):
        size, pages, unused = (
            database.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_size", "page_count", "freelist_count")
        )
        if unused * size > SMALL and unused * 2 > pages:
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return max(before - file.stat().st_size, 0)
