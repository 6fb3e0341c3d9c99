"""Told to end while another process keeps the ledger locked: it is heard, and what was sent is still written down."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import NOON, promised
from pipeline_bench import Bench

from steadycast.cli import being_sent
from steadycast.crash_safety import ending
from steadycast.ledger.busy import TOLD
from steadycast.ledger.connection import WAL_IS_SAFE
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State

ACT = """
import datetime as dt, sys
from steadycast.crash_safety import ending
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.platform import Receipt
now, act = dt.datetime.fromisoformat(sys.argv[2]), sys.argv[3]
with Ledger.open(sys.argv[1]) as ledger:
    if act != "begin":
        [claim] = ledger.claim(now, "worker", dt.timedelta(hours=1))
        ledger.freeze([(claim, b"post")], now)
        [claim] = ledger.intend([claim], now, dt.timedelta(hours=1))
    with ending.heeded():
        print("begun", flush=True)
        sys.stdin.readline()
        print("waits", flush=True)
        if act == "begin":
            ledger.claim(now, "worker", dt.timedelta(hours=1))
        elif act == "read":
            ledger.deliveries()
        else:
            ledger.receive([Outcome(claim, State.PUBLISHED, now, Receipt("7"))], now)
"""
WRITES, READS, ALL = "BEGIN IMMEDIATE", "BEGIN; SELECT * FROM delivery", "BEGIN EXCLUSIVE"
rollback_journal = pytest.mark.skipif(WAL_IS_SAFE, reason="readers and writers do not wait for each other")


@contextlib.contextmanager
def locked(file: Path, how: str) -> Iterator[None]:
    """Another process keeps the ledger; the end of the block lets go of it."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        for statement in how.split(";"):
            rows = other.execute(statement)
        next(rows, None)
        yield


@pytest.fixture
def file(empty_sqlite: Path, quick_path: Path) -> Path:
    """A ledger with one delivery that is due."""
    copy = Path(shutil.copy(empty_sqlite, quick_path / "ledger.sqlite"))
    with Ledger.open(copy) as ledger:
        promised(ledger, "far")
    return copy


@pytest.fixture
def acting(file: Path) -> Iterator[Callable[[str, str], Any]]:
    """Starts a process that waits for the lock, and tells it to end."""
    with contextlib.ExitStack() as ends:

        def start(act: str, how: str) -> Any:
            command = [sys.executable, "-c", ACT, str(file), NOON.isoformat(), act]
            process: Any = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            ends.enter_context(process)
            ends.callback(process.kill)
            assert process.stdout.readline() == "begun\n"
            process.lock = contextlib.ExitStack()
            ends.enter_context(process.lock).enter_context(locked(file, how))
            print(file=process.stdin, flush=True)
            assert process.stdout.readline() == "waits\n"
            process.terminate()
            return process

        yield start


@pytest.mark.parametrize(
    ("act", "how"),
    [
        ("begin", WRITES),
        pytest.param("begin", READS, marks=[rollback_journal, pytest.mark.slow]),
        pytest.param("read", ALL, marks=[rollback_journal, pytest.mark.slow]),
    ],
)
def test_who_begins_or_reads_ends_soon(acting: Callable[[str, str], Any], act: str, how: str) -> None:
    """Not after SQLite's own half minute."""
    assert acting(act, how).wait(15) == ending.ENDED


@pytest.mark.slow
@pytest.mark.parametrize("how", [WRITES, pytest.param(READS, marks=rollback_journal)])
def test_what_was_sent_is_written_once_the_lock_is_gone(
    acting: Callable[[str, str], Any], file: Path, how: str
) -> None:
    process = acting("sent", how)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(TOLD + 2)
    process.lock.close()
    assert process.wait(15) == ending.ENDED
    with Ledger.open(file) as ledger:
        assert [row.state for row in ledger.deliveries()] == [State.PUBLISHED]


@rollback_journal
def test_up_gives_who_may_be_sending_its_time_where_the_ledger_is_locked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(being_sent, "LOCKED", 0.05)
    there = bench.set_up().workspace
    look = being_sent.BeingSent(there)
    assert not look.by({1})
    with locked(Path(there.ledger), ALL):
        assert look.by({1})
