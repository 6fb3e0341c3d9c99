"""The database that `steadycast up` gives Prefect: an SQLite file, which becomes smaller by what Prefect deleted."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

SMALL = 8 << 20  # bytes that lie unused: not worth a copy


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
