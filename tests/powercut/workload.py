"""What is run under strace: a small community taken in, planned and published, each promise said aloud when it is made.

    python -m powercut.workload ROOT MARKS [CONTROL]

A line in MARKS says that a commit came back (with a hash of the whole ledger), or that the outputs below a folder are
promised. A control breaks one thing on purpose, and the judge must notice.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from sqlalchemy import Connection

from steadycast import pipeline
from steadycast.ledger import connection as ledger_connection
from steadycast.ledger.connection import Database
from steadycast.pipeline import App
from steadycast.pipeline.publish import OneAtATime
from steadycast.platform import Post, Receipt
from steadycast.testing import Clock
from steadycast.workspace import load

ZONE = dt.timezone(dt.timedelta(hours=8))
MONDAY = dt.datetime(2026, 11, 23, 9, 0, tzinfo=ZONE)
EVENING = MONDAY.replace(hour=20, minute=1)
CONTROLS = {
    "synchronous=OFF": "journal_mode=TRUNCATE, synchronous=OFF",
    "delete-full": "journal_mode=DELETE, synchronous=FULL (SQLite's default)",
    "wal-normal": "journal_mode=WAL, synchronous=NORMAL",
    "no-fsync": "no output is synced",
    "no-folder-fsync": "no folder is synced",
}
MODES = {
    "synchronous=OFF": ("PRAGMA journal_mode=TRUNCATE", "PRAGMA synchronous=OFF"),
    "delete-full": ("PRAGMA journal_mode=DELETE", "PRAGMA synchronous=FULL"),
    "wal-normal": ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL"),
}


def state(connection: Connection) -> str:
    """A hash of every row of every table."""
    found = hashlib.sha256()
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    for (name,) in connection.exec_driver_sql(tables).fetchall():
        found.update(repr((name, connection.exec_driver_sql(f'SELECT * FROM "{name}"').fetchall())).encode())
    return found.hexdigest()


def spoil(control: str) -> None:
    """Break what the control names."""
    real = os.fsync
    if control in MODES:
        ledger_connection.SQLITE_MODE = MODES[control]
    elif control == "no-fsync":
        os.fsync = lambda fd: None
    elif control == "no-folder-fsync":
        os.fsync = lambda fd: None if os.path.isdir(f"/proc/self/fd/{fd}") else real(fd)
    elif control:
        raise SystemExit(f"there is no control {control!r}: {', '.join(CONTROLS)}")


def speak(marks: int) -> None:
    """Say each commit aloud: nothing else may be written before its mark is."""
    real, turn = Database.write, RLock()

    @contextmanager
    def write(self: Database, *step: str) -> Iterator[Connection]:
        with turn:
            with real(self, *step) as connection:
                yield connection
            with self.engine.connect() as look:
                said = {"ledger": state(look), "files": ["var/media"]}
            os.write(marks, json.dumps(said).encode())

    Database.write = write  # type: ignore[method-assign, assignment]
    publish = OneAtATime.publish

    def published(self: OneAtATime, post: Post) -> Receipt:
        receipt = publish(self, post)
        os.write(marks, json.dumps({"files": [f"var/out/{self.channel}"]}).encode())
        return receipt

    OneAtATime.publish = published  # type: ignore[method-assign]


def main(root: Path, marks: Path, control: str = "") -> None:
    """Three days of a community."""
    spoil(control)
    out = os.open(marks, os.O_WRONLY | os.O_CREAT, 0o600)
    clock = Clock(MONDAY)
    with App(load(root), clock=clock) as app:
        ledger = app.ledger
        speak(out)
        with ledger.engine.connect() as look:
            os.write(out, json.dumps({"ledger": state(look), "opened": True}).encode())
        for day in range(3):
            clock.advance(MONDAY + dt.timedelta(days=day) - clock.now())
            pipeline.collect(app, clock.now())
            pipeline.plan(app, clock.now())
            clock.advance(EVENING + dt.timedelta(days=day) - clock.now())
            for _ in range(2):
                pipeline.publish(app)
            clock.advance(dt.timedelta(minutes=10))
            pipeline.verify(app, clock.now())
            pipeline.report(app, clock.now())
            os.write(out, json.dumps({"files": ["var/out/report"]}).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
