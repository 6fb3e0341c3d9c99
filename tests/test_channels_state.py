"""What a channel remembers: sealed in the ledger, the same for every worker, and made anew by one of them."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import NOON
from pipeline_bench import Bench

from steadycast.crash_safety import send_window
from steadycast.delivery import LedgerState, channel_memory
from steadycast.errors import Busy, Refused, Unknown
from steadycast.ledger.store import Ledger
from steadycast.platform import MemoryState
from steadycast.testing import Clock

HOUR = dt.timedelta(hours=1)
TOKEN = "t0k3n-of-the-far-side"


@pytest.fixture(params=["ledger", "memory"])
def kept(request: pytest.FixtureRequest, ledger: Ledger, clock: Clock) -> channel_memory.LedgerState | MemoryState:
    """Both kinds of state."""
    return MemoryState(clock.now) if request.param == "memory" else LedgerState(lambda: ledger, "far", clock)


@pytest.fixture
def state(ledger: Ledger, clock: Clock) -> channel_memory.LedgerState:
    return LedgerState(lambda: ledger, "far", clock)


def refuse(_old: Any) -> Any:
    raise AssertionError("nothing new is needed")


@pytest.mark.parametrize("value", ["x", 7, 0, False, {"a": [1, "阿婆"]}, []])
def test_a_value_is_kept_until_it_expires(
    kept: channel_memory.LedgerState | MemoryState, clock: Clock, value: Any
) -> None:
    assert kept.get("cursor") is None
    kept.set("cursor", value, expires=NOON + HOUR)
    kept.set("other", 1)
    assert (kept.get("cursor"), kept.get("other")) == (value, 1)
    clock.advance(HOUR)
    assert (kept.get("cursor"), kept.get("other")) == (None, 1)
    kept.set("other", None)
    assert kept.get("other") is None


def test_a_value_that_lasts_is_used_and_one_that_soon_ends_is_made_anew(
    kept: channel_memory.LedgerState | MemoryState, clock: Clock
) -> None:
    """The old one is handed over, also when it has expired: a refresh token is good for longer."""
    olds = []

    def make(old: Any) -> Any:
        olds.append(old)
        return {"n": len(olds)}, clock.now() + HOUR

    assert kept.fresh("token", make) == {"n": 1}
    clock.advance(HOUR - dt.timedelta(seconds=61))
    assert kept.fresh("token", refuse) == {"n": 1}
    clock.advance(dt.timedelta(seconds=2))
    assert kept.fresh("token", refuse, margin=10) == {"n": 1}
    assert kept.fresh("token", make) == {"n": 2}
    clock.advance(5 * HOUR)
    assert kept.fresh("token", make) == {"n": 3}
    assert olds == [None, {"n": 1}, {"n": 2}]


def test_what_lasts_less_than_the_margin_is_used_this_once(
    kept: channel_memory.LedgerState | MemoryState, clock: Clock
) -> None:
    """A far side whose tokens last half a minute is served all the same."""
    assert kept.fresh("token", lambda _old: ("short", clock.now() + dt.timedelta(seconds=30))) == "short"


def test_no_value_can_be_read_in_its_row_or_moved_to_another(ledger: Ledger, state: channel_memory.LedgerState) -> None:
    """Sealed, and bound to its channel and key: another row's is none."""
    state.set("token", TOKEN)
    with ledger.write() as connection:
        [row] = connection.exec_driver_sql("SELECT * FROM channel_state").all()
        assert TOKEN not in str(tuple(row))
        connection.exec_driver_sql("UPDATE channel_state SET key = 'cursor'")
    assert state.get("cursor") is None
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE channel_state SET key = 'token'")
    assert state.get("token") == TOKEN
    ledger.secret = b"another installation's"
    assert state.get("token") is None


def test_all_values_of_a_beginning_are_those_of_this_channel_that_last(
    ledger: Ledger, state: channel_memory.LedgerState, clock: Clock
) -> None:
    """`_` and `%` in it are themselves."""
    for key in ("left a", "left b", "left_c", "other"):
        state.set(key, {"of": key})
    state.set("left old", 1, expires=clock.now() - dt.timedelta(seconds=1))
    state.set("left b", None)
    LedgerState(lambda: ledger, "elsewhere", clock).set("left d", 2)
    assert state.all("left ") == {"left a": {"of": "left a"}}
    assert state.all("left_") == {"left_c": {"of": "left_c"}}
    assert state.all("%") == {}


def test_a_torn_value_is_none(ledger: Ledger, state: channel_memory.LedgerState) -> None:
    state.set("token", TOKEN)
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE channel_state SET value = substr(value, 1, 5)")
    assert state.get("token") is None


def test_what_is_named_a_secret_is_learnt(ledger: Ledger, clock: Clock) -> None:
    """So that no message repeats it; an address or a cursor stays readable."""
    learnt: set[str] = set()
    state = LedgerState(lambda: ledger, "far", clock, learn=learnt.add)
    state.set("session", {"url": "https://far.example", "jwt": "aaaa"})
    state.set("account", {"url": "https://far.example", "access_token": ["bbbb"]})
    state.set("cursor", "cccc")
    assert learnt == {"https://far.example", "aaaa", "bbbb"}
    learnt.clear()
    state.get("account")
    assert learnt == {"bbbb"}


@pytest.mark.parametrize("error", [Busy("later"), Refused("no"), KeyError("bug")])
def test_who_fails_lets_the_next_one_try(
    state: channel_memory.LedgerState, clock: Clock, error: KeyError | Busy | Refused
) -> None:
    """Nobody waits for one who gave up."""

    def fails(_old: Any) -> Any:
        raise error

    with pytest.raises(type(error)):
        state.fresh("token", fails)
    assert state.fresh("token", lambda _old: ("new", None)) == "new"


def test_a_lost_answer_leaves_no_post_in_doubt(state: channel_memory.LedgerState) -> None:
    """A log-in is no post: it is tried again later."""

    def lost(_old: Any) -> Any:
        send_window.touch()
        raise Unknown("the line was cut", "502")

    with send_window.lasts(lambda: 9.0) as mine, pytest.raises(Busy, match="cut"):
        state.fresh("token", lost)
    assert not mine.touched


def test_who_waits_too_long_is_busy_and_a_dead_workers_lock_lapses(
    ledger: Ledger, state: channel_memory.LedgerState, clock: Clock
) -> None:
    """A worker that died in the middle holds nobody up for ever."""
    assert ledger.lock_state("far", "token", "the dead", clock.now(), lasts=dt.timedelta(minutes=3))
    with pytest.raises(Busy, match="another worker"):
        state.fresh("token", refuse)
    assert clock.now() - NOON < dt.timedelta(seconds=channel_memory.PATIENCE + 1)
    clock.advance(dt.timedelta(minutes=3))
    assert state.fresh("token", lambda _old: ("new", None)) == "new"


def test_a_late_worker_does_not_write_over_a_newer_value(
    ledger: Ledger, state: channel_memory.LedgerState, clock: Clock
) -> None:
    """It was thought dead, and another made one meanwhile."""

    def slow(_old: Any) -> Any:
        clock.advance(HOUR)
        assert state.fresh("token", lambda _old: ("newer", None)) == "newer"
        return "older", None

    assert state.fresh("token", slow) == "older"
    assert state.get("token") == "newer"


@pytest.mark.parametrize(("key", "value"), [("", 1), ("k" * 201, 1), ("k", "v" * 60_001)])
def test_keys_and_values_are_bounded(state: channel_memory.LedgerState, key: str, value: int | str) -> None:
    with pytest.raises(ValueError, match=r"key|value"):
        state.set(key, value)


WORKER = """
import sys, time
from pathlib import Path
from steadycast.delivery import LedgerState, SystemClock
from steadycast.ledger.store import Ledger

address, folder = sys.argv[1], Path(sys.argv[2])

def make(old):
    with (folder / "made").open("a") as file:
        file.write("x")
    time.sleep(0.3)
    return f"{old}+", None

with Ledger.open(address) as ledger:
    ledger.clock = SystemClock().reading
    state = LedgerState(lambda: ledger, "far", SystemClock())
    (folder / f"ready-{sys.argv[3]}").touch()
    while not (folder / "go").exists():
        time.sleep(0.005)
    print(state.fresh("token", make))
"""


@pytest.mark.slow
def test_of_several_processes_one_makes_the_new_value(database: str, ledger: Ledger, tmp_path: Path) -> None:
    """The others wait for it and take it."""
    command = [sys.executable, "-c", WORKER, database, str(tmp_path)]
    workers = [subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, text=True) for n in range(2)]
    try:
        while sum(1 for _ in tmp_path.glob("ready-*")) < len(workers) and all(w.poll() is None for w in workers):
            time.sleep(0.01)
        (tmp_path / "go").touch()
        said = [worker.communicate(timeout=30)[0].strip() for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert said == ["None+"] * 2
    assert (tmp_path / "made").read_text() == "x"


def test_a_reader_makes_nothing_new(
    ledger: Ledger, clock: Clock, database: str, state: channel_memory.LedgerState
) -> None:
    """`doctor` and the like write nothing."""
    state.set("token", TOKEN)
    with Ledger.open(database, readonly=True) as reader:
        reading = LedgerState(lambda: reader, "far", clock)
        assert reading.fresh("token", refuse) == TOKEN
        with pytest.raises(Busy, match="only a publish"):
            reading.fresh("other", refuse)


def test_the_desk_gives_an_adapter_its_channels_state(bench: Bench) -> None:
    """And the redactor learns what it holds."""
    app = bench.set_up()
    app.channel("far").state.set("token", TOKEN)
    assert app.channel("far").state.get("token") == TOKEN
    assert app.channel("site").state.get("token") is None
    assert app.redact(f"bad {TOKEN}") == "bad ***"
