"""Copies of a ledger: made while others write, examined before they are trusted, and put back in one transaction.

SQLite only: PostgreSQL's are `pg_dump`'s.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from steadycast.crash_safety import durable
from steadycast.language import gettext as _
from steadycast.ledger.connection import BUSY_TIMEOUT, Database, damaged_values, refusal, translate_errors
from steadycast.ledger.installation import secret_of
from steadycast.ledger.migrations import HEAD
from steadycast.ledger.older_copy import COPY, PLACE, fingerprint, mark_as_copy
from steadycast.ledger.rows import EPOCH

SIDECARS = ("-journal", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class LedgerPosition:
    """How far a ledger has come."""

    version: str  # of its tables
    intents: int
    installation: str  # `older_copy.fingerprint` of its secret
    latest: dt.datetime | None  # the last tick, event, draft or approval

    def newer_than(self, other: LedgerPosition) -> bool:
        """Whether it knows of something that `other` does not."""
        mine, others = (s.latest.timestamp() if s.latest else 0.0 for s in (self, other))
        return (self.version, self.intents) > (other.version, other.intents) or mine > others


def copy(db: Database, to: Path, now: dt.datetime) -> LedgerPosition:
    """Write a whole, consistent copy of an SQLite ledger to `to`, marked as one; writers wait meanwhile.

    It is one file, the owner's alone, and durable when this returns.
    """
    with translate_errors(db.name):
        os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with _opened(Path(db.name)) as source, _opened(to, "rw") as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")  # no -wal file beside it
            target.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (COPY, now.isoformat()))
            target.execute("DELETE FROM meta WHERE key = ?", (PLACE,))  # whoever puts it back means it to publish there
            target.commit()
        durable.sync(to)
    return position(to)


def position(path: Path) -> LedgerPosition:
    """How far the ledger in a file has come; LedgerError where it is none, damaged, or newer than this program."""
    with translate_errors(str(path)), _opened(path) as connection:
        said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            raise refusal(path.name, _("it is damaged: %(why)s", why=said.splitlines()[0]))
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        found = str(row[0]) if row else ""
        if not found or found > HEAD:
            said = _(
                "its tables are at version %(found)s, this program speaks %(ours)s", found=found or _("none"), ours=HEAD
            )
            raise refusal(path.name, said, _("upgrade Steadycast"))
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        latest = connection.execute("SELECT (SELECT max(at) FROM event), max(changed), max(approved_at) FROM draft")
        instants = [at for at in latest.fetchone() if at is not None]
    with damaged_values(path.name):
        known = [EPOCH + dt.timedelta(microseconds=at) for at in instants]
        known += [dt.datetime.fromisoformat(meta["tick"])] if "tick" in meta else []
        intents, whose = int(meta.get("intents", 0)), fingerprint(secret_of(meta))
    return LedgerPosition(found, intents, whose, max(known, default=None))


def put_back(staged: Path, target: Path) -> Path | None:
    """Make the ledger at `target` what `staged` holds; what it was is kept beside it, and that path returned.

    A ledger that can be read is overwritten in one transaction: programs that have it open see the new one, and lose
    their claims. One that cannot is moved aside.
    """
    with translate_errors(str(target)):
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            _move_in(staged, target)
            return None
        aside = _free(target.with_name(f"{target.name}.before-restore"))
        try:
            with _opened(target, "rw") as there, _opened(aside, "rwc") as kept, _opened(staged) as source:
                there.backup(kept)
                source.backup(there)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # busy, read-only, a full disk: it is a ledger all the same
                raise
            for suffix in ("", *SIDECARS):
                with contextlib.suppress(FileNotFoundError):
                    target.with_name(target.name + suffix).replace(aside.with_name(aside.name + suffix))
            _move_in(staged, target)
        aside.chmod(0o600)
    return aside


def doubt_from_now_on(db: Database, now: dt.datetime) -> None:
    """Say in an open ledger that it was taken back in time: at the next tick, what it cannot know is in doubt."""
    with db.write() as connection:
        mark_as_copy(connection, now)


def _move_in(staged: Path, target: Path) -> None:
    for suffix in SIDECARS:  # a journal of what lay here before would be rolled back into it
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    staged.chmod(0o600)
    durable.sync(staged)
    durable.land(staged, target)


def _free(path: Path) -> Path:
    return next(p for p in (path, *(path.with_name(f"{path.name}.{n}") for n in range(2, 10_000))) if not p.exists())


@contextlib.contextmanager
def _opened(path: Path, mode: str = "ro") -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=BUSY_TIMEOUT)
    try:
        if mode != "ro":
            connection.execute("PRAGMA synchronous=EXTRA")
        yield connection
    finally:
        connection.close()
