"""The database goes away: locked by another process, or a connection cut before, after and in the middle of a commit.

Nothing is sent that was not intended, an answer that was lost is read again and not run again, and the next tick goes on.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import multiprocessing
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from conftest import NOON, emptied, promised
from sqlalchemy import Engine, create_engine, event

from steadycast.crash_safety import crashpoints
from steadycast.delivery import deliver, settle, verify
from steadycast.errors import LedgerError
from steadycast.ledger import connection as ledger_connection
from steadycast.ledger.connection import connect
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
    monkeypatch.setattr(ledger_connection, "BUSY_TIMEOUT", 0.2)
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
    assert commits >= (4 if delivery == "read-back" else 1)
    assert failed >= 5


@pytest.mark.live
@pytest.mark.postgres
@pytest.mark.skipif(not POSTGRES, reason="STEADYCAST_TEST_POSTGRES names no server")
def test_connections_that_lay_idle_are_asked_and_those_in_use_are_not(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that began anew forgot all of them, and nobody is told so; a burst pays for no question."""
    asked: list[str] = []
    with connect(POSTGRES) as database:

        def backend() -> int:
            with database.read() as connection:
                driver: Any = connection.connection.dbapi_connection
                real = driver.execute

                def counted(*given: Any) -> Any:
                    asked.append(given[0])
                    return real(*given)

                monkeypatch.setattr(driver, "execute", counted)
                return int(driver.info.backend_pid)

        first = backend()
        assert backend() == first
        assert not asked
        monkeypatch.setattr(ledger_connection, "IDLE", 0.0)
        assert backend() == first
        assert set(asked) == {"SELECT 1"}
        with server.connect() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({first}, 5000)")
        assert backend() != first


@pytest.mark.live
@pytest.mark.postgres
@pytest.mark.skipif(not POSTGRES, reason="STEADYCAST_TEST_POSTGRES names no server")
def test_a_burst_opens_no_connection_for_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads wait for their turn: connections that are opened beyond those that stay are closed after one use."""
    monkeypatch.setattr(ledger_connection, "KEPT_OPEN", 3)
    with connect(POSTGRES) as database:
        opened: list[object] = []
        event.listen(database.engine, "connect", lambda *given: opened.append(given))

        def change(_n: int) -> None:
            with database.write() as connection:
                connection.exec_driver_sql("SELECT pg_sleep(0.002)")

        with ThreadPoolExecutor(24) as pool:
            list(pool.map(change, range(96)))
    assert len(opened) <= 3


# PostgreSQL, and a worker that is frozen while it holds rows

CUT_OFF = "%20-c%20idle_in_transaction_session_timeout%3D200"  # milliseconds, behind the address's own options


def frozen_worker(address: str, point: str, sent: Path) -> None:
    """In a process of its own: one slot's deliveries, until it freezes; what it sent, and what it was told."""
    crashpoints.arm(point, 1, "stop")
    clock = Clock(NOON)
    fake = FakeChannel("read-back", clock)
    said = ""
    with Ledger.open(address) as ledger:
        try:
            tick(ledger, fake, clock)
        except LedgerError as error:
            said = str(error)
        tick(ledger, fake, clock)  # it goes on with a connection of its own
        sent.write_text(json.dumps([said, [post.key for post in fake.posts]]))


@pytest.mark.slow
@pytest.mark.live
@pytest.mark.postgres
@pytest.mark.skipif(not POSTGRES, reason="STEADYCAST_TEST_POSTGRES names no server")
@pytest.mark.parametrize("point", ["claim-written", "intend-written"])
def test_a_worker_that_is_frozen_in_a_transaction_lets_go(postgres_schema: Any, tmp_path: Path, point: str) -> None:
    """Others serve the slot within the bound; thawed, it is told why in one line, sends nothing, and goes on."""
    emptied(postgres_schema)
    address = postgres_schema + CUT_OFF
    sent = tmp_path / "sent"
    with Ledger.open(address) as ledger:
        promised(ledger, *CHANNELS)
        worker = multiprocessing.get_context("spawn").Process(target=frozen_worker, args=(address, point, sent))
        worker.start()
        try:
            _, status = os.waitpid(worker.pid or 0, os.WUNTRACED)
            assert os.WIFSTOPPED(status)
            clock = Clock(NOON + dt.timedelta(minutes=10))
            fake = FakeChannel("read-back", clock)
            began = time.monotonic()
            while len(fake.posts) < len(CHANNELS) and time.monotonic() - began < 20:
                tick(ledger, fake, clock)
            assert len(fake.posts) == len(CHANNELS)
            os.kill(worker.pid or 0, signal.SIGCONT)
            worker.join(60)
            ends_well(ledger, fake, clock)
            assert len(fake.posts) == len(CHANNELS)
        finally:
            worker.kill()
    said, theirs = json.loads(sent.read_text())
    assert theirs == []
    assert "this process stood still in the middle of a change" in said
    assert "\n" not in said


@pytest.mark.live
@pytest.mark.postgres
@pytest.mark.skipif(not POSTGRES, reason="STEADYCAST_TEST_POSTGRES names no server")
def test_a_connection_has_bounds_and_whoever_set_others_keeps_them() -> None:
    """By a statement, so that a proxy need not pass `options` on; a reader is one all the same."""
    names = ("idle_in_transaction_session_timeout", "lock_timeout", "transaction_read_only")
    with connect(POSTGRES) as ours, connect(f"{POSTGRES}?options=-c%20lock_timeout%3D7s", readonly=True) as theirs:
        for database, expected in ((ours, ["1min", "150s", "off"]), (theirs, ["1min", "7s", "on"])):
            for _ in range(2):
                with database.read() as connection:
                    assert [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names] == expected
