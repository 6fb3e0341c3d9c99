"""What one test makes and the others of its process take as it is: tables, compiled templates, what ffprobe says."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from steadycast.ledger import schema
from steadycast.ledger.connection import Database
from steadycast.render import film, templates

# A new SQLite ledger gets its tables from one that has them. Tests of the ledger itself have the migrations make them.
UPGRADE_IN_EARNEST = schema._upgrade
TABLES = sqlite3.connect(":memory:", check_same_thread=False)


def upgraded(db: Database) -> None:
    """The migrations are run for the first new ledger; the others are copies of what that one was then."""
    with contextlib.closing(sqlite3.connect(db.name if db.is_sqlite else ":memory:")) as there:
        if not db.is_sqlite or there.execute("SELECT 1 FROM sqlite_master").fetchone():
            UPGRADE_IN_EARNEST(db)
        elif TABLES.execute("SELECT 1 FROM sqlite_master").fetchone():
            TABLES.backup(there)
        else:
            UPGRADE_IN_EARNEST(db)
            there.backup(TABLES)


@pytest.fixture
def migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """No table is a copy of another ledger's: the migrations make them all."""
    monkeypatch.setattr(schema, "_upgrade", UPGRADE_IN_EARNEST)


COMPILE_IN_EARNEST: Any = templates._Environment.compile
COMPILED: dict[Any, Any] = {}


def compiled(environment: Any, source: Any, name: Any = None, filename: Any = None, **how: Any) -> Any:
    """As for any sandbox: the words, the name and the file decide, as they do for what a workspace keeps compiled."""
    key = (source, name, filename, *sorted(how.items()))
    if key not in COMPILED:
        COMPILED[key] = COMPILE_IN_EARNEST(environment, source, name, filename, **how)
    return COMPILED[key]


RUN_IN_EARNEST = film._run
SAID: dict[Any, bytes] = {}
SMALL = 4 << 20


def looked(command: Sequence[str], within: float, **bounds: Any) -> bytes | None:
    """What ffprobe said of the same bytes, asked in the same way: it takes longer to load than to read a test's film."""
    named = next((word for word in command if word.startswith("file:")), "")
    file = Path(named.removeprefix("file:"))
    if Path(command[0]).name != "ffprobe" or not file.is_file() or file.stat().st_size > SMALL:
        return RUN_IN_EARNEST(command, within, **bounds)
    asked = (*(word for word in command if word != named), within, *sorted(bounds.items()))
    key = (asked, hashlib.sha256(file.read_bytes()).digest())
    if (said := SAID.get(key)) is None and (said := RUN_IN_EARNEST(command, within, **bounds)) is not None:
        SAID[key] = said
    return said


film._run = looked
schema._upgrade = upgraded
templates._Environment.compile = compiled  # type: ignore[assignment, method-assign]
