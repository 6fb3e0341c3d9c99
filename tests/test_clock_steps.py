"""A wall clock that is set while a request is on its way, or while a look has to wait: nothing is sent twice for it.

Two processes share a ledger and a machine's clocks. The far side is slow, but keeps what its platform declares: it acts
on no request later than `settle` after its deadline.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from conftest import NOON, Promise, row_of

from steadycast.crash_safety import bootclock
from steadycast.delivery import deliver, settle
from steadycast.errors import Unknown
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.testing import Clock, FakeChannel, a_post

SECOND, MINUTE, HOUR = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)
LEASE = 5 * MINUTE
STEPS = [10 * MINUTE, -10 * MINUTE, 8 * HOUR, -8 * HOUR]
SHOWN = ["ten-minutes", "ten-minutes-back", "eight-hours", "eight-hours-back"]


class Booted(Clock):
    """A clock of one boot among several."""

    boot = "first"

    def reading(self) -> bootclock.Reading:
        return super().reading()._replace(boot=self.boot)


@pytest.fixture
def shared(make_ledger: Callable[..., Any]) -> tuple[Ledger, FakeChannel, Booted]:
    """A ledger that knows the machine's clocks, its far side, and its one delivery, overdue at noon for ten hours."""
    ledger, promise = make_ledger()
    clock = Booted(NOON)
    ledger.clock = clock.reading
    promise("blog", at=NOON - 10 * HOUR, late=48 * HOUR)
    return ledger, FakeChannel("read-back", clock, deadline=60, settle=30), clock


def tick(ledger: Ledger, fake: FakeChannel, clock: Booted) -> None:
    """One tick of another process: recover, send what is due, look at what is in doubt."""
    ledger.recover(clock.now())
    claims = ledger.claim(clock.now(), "other", LEASE)
    deliver(ledger, claims, a_post, fake.open, clock=clock, workers=1)
    settle(ledger, fake.open, clock=clock, workers=1)


def send(ledger: Ledger, fake: FakeChannel, clock: Booted) -> list[Outcome]:
    ledger.recover(clock.now())
    claims = ledger.claim(clock.now(), "owner", LEASE)
    return deliver(ledger, claims, a_post, fake.open, clock=clock, workers=1)


@pytest.mark.parametrize("step", STEPS, ids=SHOWN)
def test_a_live_owners_lease_outlasts_a_wall_that_is_set(
    shared: tuple[Ledger, FakeChannel, Booted], step: dt.timedelta
) -> None:
    """Fifty seconds into a request of sixty the wall is set; another process ticks; then the far side takes it."""
    ledger, fake, clock = shared

    def slow(post: Any, part: Any) -> Any:
        clock.advance(50 * SECOND)
        clock.set_wall(clock.now() + step)
        for _ in range(3):
            tick(ledger, fake, clock)
        return fake._accept(post, part)

    fake._verbs.append(slow)
    send(ledger, fake, clock)
    clock.advance(30 * MINUTE)
    tick(ledger, fake, clock)
    assert len(fake.posts) == 1
    assert ledger.deliveries()[0].state == State.PUBLISHED


@pytest.mark.parametrize("step", STEPS, ids=SHOWN)
@pytest.mark.parametrize("when", ["written", "after-recovery", "being-read"])
def test_the_wait_before_a_look_is_not_cut_short(
    shared: tuple[Ledger, FakeChannel, Booted], step: dt.timedelta, when: str
) -> None:
    """The line is cut and the post is taken at the last moment; the wall is set before the look, or while it begins."""
    ledger, fake, clock = shared
    arrived: list[Any] = []

    def cut(post: Any, part: Any) -> None:
        arrived.append((post, part))
        raise Unknown("connection reset")

    def take() -> None:
        post, part = arrived.pop()
        fake._accept(post, part)

    fake._verbs.append(cut)
    send(ledger, fake, clock)
    if when == "written":
        clock.set_wall(clock.now() + step)
        tick(ledger, fake, clock)
    if when == "after-recovery":
        ledger.recover(clock.now())
        clock.set_wall(clock.now() + step)
        settle(ledger, fake.open, clock=clock, workers=1)
    clock.advance(20 * SECOND)

    def opens(channel: Any, once: Any) -> Any:
        clock.set_wall(clock.now() + step)
        return fake.open(channel, once)

    if when == "being-read":
        settle(ledger, opens, clock=clock, workers=1)
    tick(ledger, fake, clock)
    assert fake.looks == 0, "it was looked for before the far side had to be through with it"
    take()
    for _ in range(3):
        clock.advance(2 * MINUTE)
        tick(ledger, fake, clock)
    assert len(fake.posts) == 1
    assert ledger.deliveries()[0].state == State.SEEN


@pytest.mark.parametrize("step", [-10 * MINUTE, -8 * HOUR], ids=["ten-minutes-back", "eight-hours-back"])
def test_a_wall_that_is_set_back_delays_neither_another_try_nor_a_dead_workers_row(
    shared: tuple[Ledger, FakeChannel, Booted], step: dt.timedelta
) -> None:
    """What waits for so many seconds waits for so many seconds."""
    ledger, fake, clock = shared
    fake.busy(120)
    send(ledger, fake, clock)
    assert ledger.deliveries()[0].state == State.DUE
    clock.set_wall(clock.now() - step)
    ledger.recover(clock.now())
    assert not ledger.slots_due(clock.now()), "a Retry-After is not over because the wall was set"
    clock.set_wall(clock.now() + step)
    ledger.recover(clock.now())
    clock.set_wall(clock.now() + step)
    ledger.recover(clock.now())
    clock.advance(2 * MINUTE)
    assert ledger.claim(clock.now(), "dies", LEASE)
    clock.set_wall(clock.now() + step / 10)
    clock.advance(LEASE + SECOND)
    assert ledger.recover(clock.now()).due


def test_a_thread_lets_nobody_keep_a_lease_that_the_ledger_does_not_know(
    shared: tuple[Ledger, FakeChannel, Booted],
) -> None:
    """A step of a thread asks for more time; a wall set back in between makes it no longer than the ledger has it."""
    ledger, fake, clock = shared
    claims = ledger.claim(clock.now(), "owner", LEASE)
    left = []

    def first(post: Any, part: Any) -> Any:
        clock.set_wall(clock.now() - HOUR)
        return fake._accept(post, part)

    def second(post: Any, part: Any) -> Any:
        from steadycast.crash_safety import send_window

        left.append(send_window.left())
        return fake._accept(post, part)

    fake._verbs.extend([first, second])
    deliver(ledger, claims, lambda claim: a_post(claim, parts=2), fake.open, clock=clock, workers=1)
    assert len(fake.posts) == 2
    assert 0 < left[0] <= 5 * 60


def test_what_another_boot_was_sending_gets_its_whole_time_again(shared: tuple[Ledger, FakeChannel, Booted]) -> None:
    """The machine lost its power in mid-send and came back with a wall that is a day ahead."""
    ledger, fake, clock = shared
    ledger.recover(clock.now())
    taken: list[Any] = []

    def die(post: Any, part: Any) -> None:
        taken.append((post, part))
        raise SystemExit

    claims = ledger.claim(clock.now(), "owner", LEASE)
    fake._verbs.append(die)
    ledger.receive = lambda *_: frozenset()  # type: ignore[method-assign]  # the power is gone: nothing more is written
    deliver(ledger, claims, a_post, fake.open, clock=clock, workers=1)
    del ledger.receive
    assert ledger.deliveries()[0].state == State.SENDING
    clock.boot = "second"
    clock.set_wall(clock.now() + 20 * HOUR)
    for _ in range(4):
        tick(ledger, fake, clock)
        clock.advance(20 * SECOND)
    assert fake.looks == 0
    fake._accept(*taken.pop())  # 80 seconds after it was made, within what the platform declares
    for _ in range(6):
        clock.advance(4 * MINUTE)
        tick(ledger, fake, clock)
    assert len(fake.posts) == 1
    assert ledger.deliveries()[0].state == State.SEEN


def test_what_another_boot_had_claimed_is_free_at_once(shared: tuple[Ledger, FakeChannel, Booted]) -> None:
    """Nothing was sent, and nobody is left who could: a wall that is behind keeps nothing back."""
    ledger, _, clock = shared
    ledger.recover(clock.now())
    assert ledger.claim(clock.now(), "owner", LEASE)
    clock.boot = "second"
    clock.set_wall(clock.now() + SECOND)
    assert ledger.recover(clock.now()).due


def test_the_machines_clock_is_one_for_all_its_processes() -> None:
    """Two processes read the same boot, and the same offset of the wall to it."""
    here = bootclock.reading()
    if here is None:
        pytest.skip("this system does not name its boots")
    code = "from steadycast.crash_safety import bootclock; r = bootclock.reading(); print(r.boot, r.offset.total_seconds(), sep='|')"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    boot, offset = told.stdout.strip().split("|")
    assert boot == here.boot
    assert abs(float(offset) - here.offset.total_seconds()) < 0.5


def test_whatever_walls_say_a_lease_ends_by_one_clock(ledger: Ledger, promise: Promise) -> None:
    """One caller's wall is ten minutes ahead and one's behind: on a server its clock tells, on one machine the boot's."""
    now = dt.datetime.now(dt.UTC)
    ledger.clock = bootclock.reading
    ledger.recover(now)
    [id] = promise("blog", at=now - HOUR, late=24 * HOUR)
    [claim] = ledger.claim(now - 10 * MINUTE, "behind", MINUTE, ids=[id])
    assert claim.lease == now - 9 * MINUTE, "whoever asks is told in his own time"
    for skew in (10 * MINUTE, -10 * MINUTE):
        assert not ledger.recover(now + skew).due
    assert row_of(ledger, id).state == State.CLAIMED
    ledger.claim(now, "another", MINUTE, ids=[id])
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE delivery SET wake = wake - 61000000, lease = lease - 61000000")
    assert ledger.recover(now - 10 * MINUTE).due == (id,)
