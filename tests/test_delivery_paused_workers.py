"""A worker that died, was paused or was taken over: it sends nothing late, and nothing twice."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from conftest import NOON, Promise, row_of
from sqlalchemy import event
from ticks import LEASE, SECOND, publish, run_until_settled, sending, state, woken

from steadycast.crash_safety import send_window
from steadycast.delivery import deliver, settle
from steadycast.delivery.jobs import Job
from steadycast.delivery.lease_check import StillHeld
from steadycast.delivery.steps import Steps
from steadycast.errors import LedgerError, Unknown
from steadycast.ledger import older_copy
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.platform import Adapter
from steadycast.testing import Clock, FakeChannel, a_post


def test_a_death_while_sending_is_looked_for_no_sooner_than_settle_after_the_lease(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """The dead worker's request may act until its lease ends, and a little later."""
    fake = FakeChannel("read-back", clock, settle=30)
    [id] = promise("blog")
    [claim] = sending(ledger, [id])
    clock.advance(LEASE)
    assert ledger.recover(clock.now()).unknown == (id,)
    [result] = settle(ledger, fake.open, clock=clock)
    assert (result.state, result.wake) == (State.UNKNOWN, claim.lease + 30 * SECOND)
    assert fake.looks == 0
    clock.advance(30 * SECOND)
    [result] = settle(ledger, fake.open, clock=clock)
    assert fake.looks == 1


def test_a_blind_thread_in_doubt_sends_nothing_more(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """Its second part may be there: the third would be out of order, and the second could be doubled."""
    fake = FakeChannel("blind", clock)
    [id] = promise("blog")
    fake.accept()
    fake.accept_then_cut()
    run_until_settled(ledger, fake, clock, parts=3)
    assert (state(ledger, id), [p.part for p in fake.posts]) == ("unknown", [1, 2])


def test_a_worker_that_wakes_after_its_lease_sends_nothing(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """A paused worker that wakes late is a request that acts late."""
    fake = FakeChannel("read-back", clock)
    promise("blog")
    [claim] = ledger.claim(NOON, "sleeper", LEASE)

    def slow(claim: Any) -> Any:
        clock.advance(LEASE + SECOND)
        return a_post(claim)

    assert not deliver(ledger, [claim], slow, fake.open, clock=clock)
    assert fake.calls == 0
    [result] = publish(ledger, fake, clock)
    assert (result.state, len(fake.posts)) == (State.PUBLISHED, 1)


def test_a_worker_paused_between_intent_and_send_sends_nothing(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """Its lease ran out by the wall's clock, or by the monotonic one, or another has taken over: three ways to stop."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog")
    paused = _pausing(ledger, lambda: clock.advance(dt.timedelta(minutes=3)))
    claims = ledger.claim(NOON, "sleeper", LEASE, ids=[id])
    [result] = deliver(paused, claims, a_post, fake.open, clock=clock)
    assert (result.state, fake.calls) == (State.DUE, 0)
    assert "too late" in result.message


def test_a_worker_that_was_taken_over_in_its_pause_sends_nothing(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """Recovery put it in doubt meanwhile: the paused worker asks the ledger before it sends, and writes nothing."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog")

    def take_over() -> None:
        clock.advance(2 * SECOND)
        ledger.recover(NOON + dt.timedelta(hours=1))

    claims = ledger.claim(NOON, "sleeper", LEASE, ids=[id])
    assert not deliver(_pausing(ledger, take_over), claims, a_post, fake.open, clock=clock)
    assert fake.calls == 0
    assert state(ledger, id) == "unknown"


def test_the_ledger_is_asked_once_for_all_that_wait(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """After a second its word is old: one question for the batch, and another one second later, however many wait."""
    fake = FakeChannel("read-back", clock)
    promise(*(f"channel-{n}" for n in range(12)))
    asked: list[int] = []

    def heard(*given: Any) -> None:
        if given[2].startswith("SELECT id, token FROM delivery"):
            asked.append(given[2].count(","))

    event.listen(ledger.engine, "before_cursor_execute", heard)

    def slow(channel: Any, step: Any) -> Any:
        class Slow:
            def publish(self, post: Any) -> Any:
                clock.advance(0.6 * SECOND)
                return fake.open(channel, step).adapter.publish(post)

        return replace(fake.open(channel, step), adapter=cast("Adapter", Slow()))

    claims = ledger.claim(NOON, "w", LEASE)
    deliver(ledger, claims, a_post, slow, clock=clock, workers=1)
    assert asked == [10, 8, 6, 4, 2]  # so many wait: one comma is between the columns, the others between ids
    assert len(fake.posts) == 12


def test_of_a_batch_only_what_was_taken_over_is_left(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """One answer for all, and each its own."""
    fake = FakeChannel("read-back", clock)
    ids = promise("a", "b", "c")

    def take_over() -> None:
        clock.advance(2 * SECOND)
        with ledger.write() as connection:
            connection.exec_driver_sql(f"UPDATE delivery SET token = token + 1 WHERE id = {ids[1]}")

    claims = ledger.claim(NOON, "sleeper", LEASE)
    ended = deliver(_pausing(ledger, take_over), claims, a_post, fake.open, clock=clock)
    assert {outcome.channel for outcome in ended} == {"a", "c"}
    assert len(fake.posts) == 2
    assert state(ledger, ids[1]) == "sending"


def test_threads_that_wait_share_one_answer(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """A slow ledger is not asked by each in turn: who came before the question has its answer, however late it came."""
    fake = FakeChannel("read-back", clock)
    claims = sending(ledger, promise("a", "b", "c", "d"))
    jobs = [Job(claim, Steps(ledger, claim, clock), fake.open(claim.channel, cast("Any", None))) for claim in claims]
    clock.advance(2 * SECOND)
    asked = []

    class Slow:
        def held(self, claims: Any) -> Any:
            asked.append([claim.channel for claim in claims])
            clock.advance(3 * SECOND)
            return ledger.held(claims)

    still, since = StillHeld(cast("Ledger", Slow()), clock, jobs), clock.monotonic()
    assert all(still.holds(job, since) for job in jobs[:3])
    assert asked == [["a", "b", "c", "d"]]
    assert still.holds(jobs[3], clock.monotonic())
    assert asked[1:] == [["d"]]


def test_while_one_asks_ahead_of_time_the_others_go_on(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """By what the ledger said within the second before; who comes after that second waits for the answer."""
    fake = FakeChannel("read-back", clock)
    claims = sending(ledger, promise("a", "b", "c", "d"))
    jobs = [Job(claim, Steps(ledger, claim, clock), fake.open(claim.channel, cast("Any", None))) for claim in claims]
    asks, answer = threading.Event(), threading.Event()

    class Slow:
        def held(self, claims: Any) -> Any:
            asks.set()
            assert answer.wait(5)
            return ledger.held(claims[:1])

    still = StillHeld(cast("Ledger", Slow()), clock, jobs)
    clock.advance(0.8 * SECOND)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(still.holds, jobs[0], clock.monotonic())
        assert asks.wait(5)
        assert still.holds(jobs[1], clock.monotonic())  # and is not asked for
        clock.advance(0.3 * SECOND)
        waits = pool.submit(still.holds, jobs[2], clock.monotonic())
        time.sleep(0.05)
        assert not first.done()
        assert not waits.done()
        answer.set()
        assert first.result()
        assert not waits.result()  # the new word counts
    assert not still.holds(jobs[3], clock.monotonic())


def test_settle_counts_from_the_deadline_of_the_newest_request(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """Not from the attempt's: the request that is in doubt may have begun long after it, behind a commit or an upload."""
    fake = FakeChannel("read-back", clock, deadline=10)
    [id] = promise("blog")

    class Slow:
        def publish(self, post: Any) -> None:
            for seconds in (100, 5):
                send_window.begun(time.monotonic() + seconds)
            raise Unknown("the line was cut", channel="blog")

    def slow(channel: Any, step: Any) -> Any:
        return replace(fake.open(channel, step), adapter=cast("Adapter", Slow()))

    claims = ledger.claim(NOON, "w", LEASE, ids=[id])
    deliver(ledger, claims, a_post, slow, clock=clock)
    row = row_of(ledger, id)
    assert row.deadline is not None
    deadline = row.deadline - NOON
    assert 95 * SECOND < deadline <= 100 * SECOND
    assert woken(row) - NOON == deadline + fake.platform.settle * SECOND


def test_nothing_is_sent_while_a_stopped_worker_keeps_the_mark(
    make_ledger: Callable[[], tuple[Ledger, Promise]], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark comes before the socket; whoever waited for a stopped one would hold up every channel in silence."""
    monkeypatch.setattr(older_copy, "PATIENCE", 0.1)
    ledger, promise = make_ledger()
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog")
    assert ledger.beside is not None
    with ledger.beside.with_name(f"{ledger.beside.name}.lock").open("w") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        with pytest.raises(LedgerError, match="find and end it"):
            publish(ledger, fake, clock)
    assert (fake.calls, state(ledger, id)) == (0, "due")
    publish(ledger, fake, clock)
    assert (fake.calls, state(ledger, id)) == (1, "published")


def test_a_thread_that_was_taken_over_stops_before_its_next_part(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """Each part asks again whose delivery it is."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog")
    real = ledger.finish_step

    class TakenOver:
        def __getattr__(self, name: Any) -> Any:
            return getattr(ledger, name)

        def finish_step(self, *args: Any) -> Any:
            kept = real(*args)
            ledger.recover(NOON + dt.timedelta(hours=1))
            return kept

    claims = ledger.claim(NOON, "sleeper", LEASE, ids=[id])
    assert not deliver(cast("Ledger", TakenOver()), claims, lambda c: a_post(c, parts=3), fake.open, clock=clock)
    assert [p.part for p in fake.posts] == [1]
    assert state(ledger, id) == "unknown"


PAUSED = """
import datetime as dt, sys
from dataclasses import replace
from pathlib import Path
from steadycast.crash_safety import crashpoints
from steadycast.platform import Busy, Receipt, in_turn
from steadycast.delivery import deliver
from steadycast.ledger.store import Ledger
from steadycast.testing import Clock, FakeChannel, a_post

address, at, point, folder = sys.argv[1], dt.datetime.fromisoformat(sys.argv[2]), sys.argv[3], Path(sys.argv[4])

class Slept(Clock):
    "Time goes on for others while this process is stopped; both of its clocks tell so when it wakes."
    def seconds(self):
        return 3600.0 if (folder / "slept").exists() else 0.0
    def now(self):
        return super().now() + dt.timedelta(seconds=self.seconds())
    def monotonic(self):
        return super().monotonic() + self.seconds()

class Far:
    def publish(self, post):
        try:
            with in_turn():
                (folder / "sent").touch()
        except TimeoutError:
            raise Busy("out of turn")
        return Receipt("sleeper's")

clock = Slept(at)
fake = FakeChannel("read-back", clock)
crashpoints.arm(point, 1, "stop")
with Ledger.open(address) as ledger:
    claims = ledger.claim(at, "sleeper", dt.timedelta(minutes=5))
    open_ = lambda channel, step: replace(fake.open(channel, step), adapter=Far())
    ahead = at if point.startswith("freeze") else None  # only what is made ready ahead is frozen by itself
    print([r.state for r in deliver(ledger, claims, a_post, open_, clock=clock, hold_until=ahead)])
"""


@pytest.mark.parametrize(
    "point",
    [
        *(pytest.param(point, marks=pytest.mark.slow)
          for point in ("claim-durable", "freeze-durable", "cleared")),
        "intend-durable",
    ],
)  # fmt: skip
def test_a_process_stopped_past_its_lease_sends_nothing_when_it_goes_on(
    database: str, ledger: Ledger, promise: Promise, clock: Clock, tmp_path: Path, point: str
) -> None:
    """A real one (SIGSTOP, SIGCONT), at each commit before it sends and after its last question to the ledger."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog")
    command = [sys.executable, "-c", PAUSED, database, NOON.isoformat(), point, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sleeper:
        try:
            assert os.WIFSTOPPED(os.waitpid(sleeper.pid, os.WUNTRACED)[1])
            (tmp_path / "slept").touch()
            clock.advance(dt.timedelta(hours=1))
            run_until_settled(ledger, fake, clock, hours=1)
            there = row_of(ledger, id)
            assert (there.state, len(fake.posts)) == ("seen", 1)
            sleeper.send_signal(signal.SIGCONT)
            assert sleeper.communicate(timeout=60)[0].strip() == "[]"
        finally:
            sleeper.kill()
    assert sleeper.returncode == 0
    assert not (tmp_path / "sent").exists()
    assert ledger.delivery(id) == there


def _pausing(ledger: Ledger, pause: Any) -> Any:
    """The ledger, with a pause after the intents are durable."""

    class Pausing:
        def __getattr__(self, name: Any) -> Any:
            return getattr(ledger, name)

        def intend(self, *args: Any, **more: Any) -> Any:
            granted = ledger.intend(*args, **more)
            pause()
            return granted

    return Pausing()
