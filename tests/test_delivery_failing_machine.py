"""A ledger that cannot be written, and a system without threads: what was sent is told, and nothing more is sent."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from conftest import NOON, Promise
from ticks import LEASE, publish, run_until_settled, state

from steadycast.delivery import deliver, settle, verify
from steadycast.errors import LedgerError
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.testing import Clock, FakeChannel, a_post


def test_a_full_disk_after_sending_is_waited_for(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """Receipts are worth a few tries; what was sent once is written once."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog")
    failing = _failing(ledger, "receive", times=2)
    claims = ledger.claim(NOON, "worker", LEASE, ids=[id])
    [result] = deliver(failing, claims, a_post, fake.open, clock=clock)
    assert (result.state, state(ledger, id)) == (State.PUBLISHED, "published")


def test_a_commit_whose_answer_was_lost_is_read_again_and_not_run_again(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """The receipt is in the ledger though the commit said it failed: the result says published."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog")
    failing = _failing(ledger, "receive", times=1, after=True)
    claims = ledger.claim(NOON, "worker", LEASE, ids=[id])
    [result] = deliver(failing, claims, a_post, fake.open, clock=clock)
    assert result.state == State.PUBLISHED
    assert [e.kind for e in ledger.events(id)].count("published") == 1


@pytest.mark.parametrize("after", [False, True])
def test_nothing_is_sent_when_the_intent_cannot_be_written(
    ledger: Ledger, promise: Promise, clock: Clock, after: bool
) -> None:
    """Whether its commit took effect or not: the delivery is due again, and goes out at the next tick."""
    fake = FakeChannel("blind", clock)
    [id] = promise("blog")
    claims = ledger.claim(NOON, "worker", LEASE, ids=[id])
    with pytest.raises(LedgerError):
        deliver(_failing(ledger, "intend", times=1, after=after), claims, a_post, fake.open, clock=clock)
    assert (fake.calls, state(ledger, id)) == (0, "due")
    [result] = publish(ledger, fake, clock)
    assert result.state == State.PUBLISHED


def test_a_ledger_that_stays_broken_stops_the_batch(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """What was sent is in doubt and settled by read-back; what was not begun is not sent."""
    fake = FakeChannel("read-back", clock)
    promise(*(f"c{n}" for n in range(8)))
    claims = ledger.claim(NOON, "worker", LEASE)
    with pytest.raises(LedgerError):
        deliver(_failing(ledger, "receive", times=99), claims, a_post, fake.open, clock=clock, workers=1)
    clock.advance(dt.timedelta(minutes=10))
    run_until_settled(ledger, fake, clock, hours=1)
    assert set(ledger.counts()) == {State.SEEN}
    assert len(fake.posts) == 8


def scarce(monkeypatch: pytest.MonkeyPatch, most: Any) -> Any:
    """The system gives so many threads, and then no more; how many are left, to be set anew."""
    start, left = threading.Thread.start, [most]

    def next_one(thread: Any) -> None:
        if not left[0]:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", next_one)
    return left


@pytest.mark.parametrize("most", [0, 1, 3])
@pytest.mark.parametrize("delivery", ["read-back", "blind"])
def test_a_system_that_gives_no_more_threads_leaves_nothing_in_doubt(
    ledger: Ledger, promise: Promise, clock: Clock, monkeypatch: pytest.MonkeyPatch, delivery: str, most: int
) -> None:
    """In the middle of a batch: those that are there send all of it, and every receipt is written."""
    fake = FakeChannel(delivery, clock)
    promise(*(f"c{n}" for n in range(8)))
    claims = ledger.claim(NOON, "worker", LEASE)
    scarce(monkeypatch, most)
    done = deliver(ledger, claims, a_post, fake.open, clock=clock, workers=8)
    assert {result.state for result in done} == {State.PUBLISHED}
    assert len(fake.posts) == 8


@pytest.mark.parametrize("most", [0, 1, 3])
@pytest.mark.parametrize("there", [True, False])
def test_a_system_that_gives_no_more_threads_still_looks(
    ledger: Ledger, promise: Promise, clock: Clock, monkeypatch: pytest.MonkeyPatch, there: bool, most: int
) -> None:
    """Each doubt is looked for once and settled in this tick, and so is each that was published."""
    fake = FakeChannel("read-back", clock)
    ids = promise(*(f"c{n}" for n in range(8)))
    for _ in ids:
        fake.hang(accepted=there)
    publish(ledger, fake, clock)
    assert ledger.counts() == {State.UNKNOWN: 8}
    left = scarce(monkeypatch, most)
    clock.advance(dt.timedelta(minutes=1))
    done = settle(ledger, fake.open, clock=clock, workers=8)
    assert {result.state for result in done} == {State.SEEN if there else State.DUE}
    assert (len(done), fake.looks) == (8, 8)
    publish(ledger, fake, clock)
    clock.advance(dt.timedelta(hours=1))
    left[0] = most
    assert len(verify(ledger, fake.open, clock=clock, workers=8)) == (0 if there else 8)
    assert ledger.counts() == {State.SEEN: 8}


def test_without_threads_each_look_is_written_before_the_next(
    ledger: Ledger, promise: Promise, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who ends the process in the middle loses one look, and not all."""
    fake = FakeChannel("read-back", clock)
    for _ in promise(*(f"c{n}" for n in range(4))):
        fake.accept_then_cut()
    publish(ledger, fake, clock)
    scarce(monkeypatch, 0)
    clock.advance(dt.timedelta(minutes=1))
    written: list[int] = []
    settle(ledger, fake.open, clock=clock, workers=8, told=lambda _: written.append(fake.looks))
    assert written == [1, 2, 3, 4]


def test_a_ledger_that_breaks_while_it_looks_leaves_no_thread_behind(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """What was not written is looked for again at the next tick."""
    fake = FakeChannel("read-back", clock)
    for _ in promise(*(f"c{n}" for n in range(8))):
        fake.accept_then_cut()
    publish(ledger, fake, clock)
    clock.advance(dt.timedelta(minutes=1))
    threads = threading.active_count()
    with pytest.raises(LedgerError):
        settle(_failing(ledger, "looked", times=1), fake.open, clock=clock, workers=2)
    assert threading.active_count() == threads
    settle(ledger, fake.open, clock=clock, workers=2)
    assert ledger.counts() == {State.SEEN: 8}


def _failing(ledger: Ledger, method: Any, *, times: Any, after: bool = False) -> Any:
    """The ledger, one of whose methods fails so many times: before it did anything, or after it did all."""
    left = [times]

    class Failing:
        def __getattr__(self, name: Any) -> Any:
            real = getattr(ledger, name)
            if name != method:
                return real

            def broken(*args: Any, **more: Any) -> Any:
                if left[0] == 0:
                    return real(*args, **more)
                left[0] -= 1
                if after:
                    real(*args, **more)
                raise LedgerError("ledger: database or disk is full")

            return broken

    return Failing()
