"""The database goes away: locked by another process, or a connection cut before, after and in the middle of a commit.

Nothing is sent that was not intended, an answer that was lost is read again and not run again, and the next tick goes on.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from conftest import NOON, emptied, promised
from sqlalchemy import Engine, create_engine, event

from steadycast.delivery import deliver, settle, verify
from steadycast.errors import LedgerError
from steadycast.ledger import connection as ledger_connection
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.testing import Clock, FakeChannel, a_post

LEASE = dt.timedelta(minutes=5)
POSTGRES = os.environ.get("STEADYCAST_TEST_POSTGRES", "")
BEFORE_INTENT = {State.PLANNED, State.DUE, State.CLAIMED}
CHANNELS = ("a", "b")
CLASSES = ["conditional", "read-back", "blind"]


def tick(ledger: Ledger, fake: FakeChannel, clock: Clock) -> None:
    ledger.recover(clock.now())
    claims = ledger.claim(clock.now(), "worker", LEASE)
    deliver(ledger, claims, a_post, fake.open, clock=clock, workers=1)
    settle(ledger, fake.open, clock=clock, workers=1)
    verify(ledger, fake.open, clock=clock, workers=1)


def ends_well(ledger: Ledger, fake: FakeChannel, clock: Clock) -> None:
    """Nothing was sent without an intent; then ticks, each when something wakes; each once, and none silent."""
    states = {row.marker: row.state for row in ledger.deliveries()}
    assert not {post.key for post in fake.posts if states[post.key] in BEFORE_INTENT}
    end = clock.now() + dt.timedelta(hours=11)
    while wakes := [d.wake for d in ledger.deliveries() if d.wake and d.wake < end]:
        clock.set_wall(max(clock.now() + dt.timedelta(seconds=1), min(wakes)))
        tick(ledger, fake, clock)
    assert max(Counter(post.key for post in fake.posts).values(), default=0) <= 1, "sent twice"
    if fake.platform.delivery == "blind":
        assert set(ledger.counts()) <= {State.PUBLISHED, State.UNKNOWN}
    else:
        assert ledger.counts() == {State.SEEN: len(CHANNELS)}


# SQLite, locked by another


class Locked:
    """A ledger that another process begins to write to before its n-th call, for longer than anybody waits."""

    def __init__(self, ledger: Ledger, path: Path, at: int) -> None:
        self._ledger, self._path, self._left = ledger, path, at
        self.other: sqlite3.Connection | None = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        real = getattr(self._ledger, name)
        if not callable(real):
            return real

        def call(*args: Any, **more: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                self.other = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
                self.other.execute("BEGIN IMMEDIATE")
            return real(*args, **more)

        return call


@pytest.mark.parametrize(
    "delivery",
    [
        "read-back",
        *(pytest.param(name, marks=[pytest.mark.slow, pytest.mark.parallel]) for name in ("conditional", "blind")),
    ],
)
def test_the_ledger_is_locked_at_each_call(
    empty_sqlite: Path, quick_path: Path, monkeypatch: pytest.MonkeyPatch, delivery: str
) -> None:
    """It waits, then says who is to be ended; nothing is sent after it, and all goes on once the lock is gone."""
    monkeypatch.setattr(ledger_connection, "BUSY_TIMEOUT", 0.05)
    failed, at = 0, 0
    said: str | None = "not yet"
    while said is not None:
        at += 1
        path = quick_path / f"{at}.sqlite"
        path.write_bytes(empty_sqlite.read_bytes())
        clock = Clock(NOON)
        fake = FakeChannel(delivery, clock)
        with Ledger.open(path) as ledger:
            promised(ledger, *CHANNELS)
            locked = Locked(ledger, path, at)
            said = None
            with contextlib.suppress(LedgerError):
                said = "died"
                tick(cast("Ledger", locked), fake, clock)
                said = "through" if locked.other else None
            if locked.other:
                locked.other.rollback()
                locked.other.close()
            failed += said == "died"
            ends_well(ledger, fake, clock)
    assert failed >= 4


def test_a_locked_ledger_says_whom_to_look_for(
    empty_sqlite: Path, quick_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, exit code 3, with the hint."""
    monkeypatch.setattr(ledger_connection, "BUSY_TIMEOUT", 0.05)
    path = quick_path / "l.sqlite"
    path.write_bytes(empty_sqlite.read_bytes())
    with Ledger.open(path) as ledger, contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match=r"another process is writing to it \(.* find and end it\)") as caught:
            ledger.recover(NOON)
    assert caught.value.exit_code == 3


# PostgreSQL, cut at each statement


class Cut:
    """The server ends a ledger's connection at its n-th statement or commit: before it, or after it took effect.

    After a COMMIT that means: it is durable, and its answer never comes.
    """

    def __init__(self, ledger: Ledger, server: Engine, at: int, *, after: bool) -> None:
        self._server, self._left, self._after = server, at, after
        self.cut, self.commits = False, 0
        event.listen(ledger.engine, "before_cursor_execute", self._before)
        event.listen(ledger.engine, "after_cursor_execute", self._executed)
        self._commit = ledger.engine.dialect.do_commit
        ledger.engine.dialect.do_commit = self._committing  # type: ignore[method-assign, assignment]

    def _before(self, connection: Any, *_: Any) -> None:
        self._left -= 1
        if self._left == 0 and not self._after:
            self._end(connection.connection.dbapi_connection)

    def _executed(self, connection: Any, *_: Any) -> None:
        if self._left == 0 and self._after and not self.cut:
            self._end(connection.connection.dbapi_connection)

    def _committing(self, connection: Any) -> None:
        self._left -= 1
        mine = self._left == 0
        self.commits += mine
        if mine and not self._after:
            self._end(connection.dbapi_connection)
        self._commit(connection)
        if mine and self._after:
            self._end(connection.dbapi_connection)
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    def _end(self, connection: Any) -> None:
        self.cut = True
        with self._server.connect() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({connection.info.backend_pid}, 5000)")


@pytest.fixture
def server() -> Iterator[Any]:
    made = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    yield made
    made.dispose()


@pytest.mark.slow
@pytest.mark.parallel
@pytest.mark.live
@pytest.mark.postgres
@pytest.mark.skipif(not POSTGRES, reason="STEADYCAST_TEST_POSTGRES names no server")
@pytest.mark.parametrize("after", [False, True], ids=["before", "answer-lost"])
@pytest.mark.parametrize("delivery", CLASSES)
def test_the_connection_is_cut_at_each_statement(postgres_schema: Any, server: Any, delivery: Any, after: Any) -> None:
    """Each statement and each COMMIT of a tick in turn (every third for two classes): it never happened, or its answer is lost."""
    at, cut, commits, failed = 0, True, 0, 0
    while cut:
        at += 1 if delivery == "read-back" else 3
        clock = Clock(NOON)
        fake = FakeChannel(delivery, clock)
        emptied(postgres_schema)
        with Ledger.open(postgres_schema) as straight:
            promised(straight, *CHANNELS)
            with Ledger.open(postgres_schema) as ledger:
                cutter = Cut(ledger, server, at, after=after)
                with contextlib.suppress(LedgerError):
                    failed += 1
                    tick(ledger, fake, clock)
                    failed -= 1
                cut = cutter.cut
                commits += cutter.commits
            ends_well(straight, fake, clock)
    assert at > 20
    assert commits >= (5 if delivery == "read-back" else 1)
    assert failed >= 5
