"""A worker that dies at any step: nothing is doubled, nothing is lost, nothing is silent.

The crash is an exception that nobody catches, before or after each call of the ledger and in the middle of each
request; from then on nothing of that worker reaches the ledger or the far side. Then others go on, tick by tick.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from conftest import NOON

from steadycast.delivery import deliver, settle, verify
from steadycast.ledger.tables import State
from steadycast.testing import Clock, Died, FakeChannel, a_post

LEASE = dt.timedelta(minutes=5)


class Mortal:
    """A ledger whose worker dies at its n-th call: before the call took effect, or after."""

    def __init__(self, ledger: Any, at: Any, *, after: Any) -> None:
        self._ledger = ledger
        self._left = at
        self._after = after
        self.dead = False
        self.calls: list[Any] = []

    def __getattr__(self, name: Any) -> Any:
        real = getattr(self._ledger, name)
        if not callable(real):
            return real

        def call(*args: Any, **more: Any) -> Any:
            if self.dead:
                raise Died
            self.calls.append(name)
            self._left -= 1
            if self._left == 0:
                self.dead = True
                if self._after:
                    real(*args, **more)
                raise Died
            return real(*args, **more)

        return call


class Far(FakeChannel):
    """A far side that a dead worker cannot reach any more."""

    mortal: Mortal | None = None

    def request(self, post: Any, part: Any) -> Any:
        if self.mortal and self.mortal.dead:
            raise Died
        return super().request(post, part)


def tick(ledger: Any, fake: Any, clock: Any, parts: Any) -> None:
    ledger.recover(clock.now())
    claims = ledger.claim(clock.now(), "worker", LEASE)
    deliver(ledger, claims, lambda c: a_post(c, parts=parts), fake.open, clock=clock, workers=1)
    settle(ledger, fake.open, clock=clock, workers=1)
    verify(ledger, fake.open, clock=clock, workers=1)


def dying_tick(ledger: Any, fake: Any, clock: Any, at: Any, *, after: Any, parts: Any) -> Any:
    """One tick of a worker that dies at its n-th call of the ledger; whether it came that far."""
    fake.mortal = Mortal(ledger, at, after=after)
    try:
        tick(fake.mortal, fake, clock, parts)
    except Died:
        pass
    died, fake.mortal = fake.mortal.dead, None
    return died


def go_on(ledger: Any, fake: Any, clock: Any, parts: Any, *, hours: int = 11) -> None:
    """Other workers' ticks, each when something wakes."""
    end = clock.now() + dt.timedelta(hours=hours)
    while wakes := [d.wake for d in ledger.deliveries() if d.wake and d.wake < end]:
        clock.set_wall(max(clock.now() + dt.timedelta(seconds=1), min(wakes)))
        tick(ledger, fake, clock, parts)


def ends_well(ledger: Any, fake: Any, parts: Any, channels: Any) -> None:
    """S1 to S5: each delivery once where that can be known, at most once elsewhere, and none silent."""
    keys = [(p.key, p.part) for p in fake.posts]
    assert len(keys) == len(set(keys)), "doubled"
    states = ledger.counts()
    if fake.platform.delivery == "blind":
        assert set(states) <= {State.PUBLISHED, State.UNKNOWN}
        assert states.get(State.UNKNOWN, 0) == len(ledger.waiting())
    else:
        assert states == {State.SEEN: channels}
        assert len(keys) == parts * channels


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "parts",
    [pytest.param(1, id="one"), pytest.param(3, id="thread", marks=[pytest.mark.slow, pytest.mark.parallel])],
)
@pytest.mark.parametrize("delivery", ["conditional", "read-back", "blind"])
def test_death_at_each_call_of_the_ledger(
    make_ledger: Callable[..., Any], clock: Clock, delivery: Any, parts: Any, after: Any
) -> None:
    """Every numbered step of a first sending; a thread's parts count as steps of their own."""
    at = 0
    died = True
    while died:
        at += 1
        ledger, promise = make_ledger()
        fake = Far(delivery, clock)
        clock.set_wall(NOON)
        promise("a", "b")
        died = dying_tick(ledger, fake, clock, at, after=after, parts=parts)
        go_on(ledger, fake, clock, parts)
        ends_well(ledger, fake, parts, 2)
    assert at > 8


@pytest.mark.parametrize("accepted", [False, True], ids=["not-there", "there"])
@pytest.mark.parametrize("part", [1, 2, 3])
@pytest.mark.parametrize("delivery", ["conditional", "read-back", "blind"])
def test_death_in_the_middle_of_a_request(
    make_ledger: Callable[..., Any], clock: Clock, delivery: Any, part: Any, accepted: Any
) -> None:
    """The process ends while part n is on its way: the answer never came, and no line of this worker runs again."""
    ledger, promise = make_ledger()
    fake = Far(delivery, clock)
    promise("a")
    fake.mortal = mortal = Mortal(ledger, 10**6, after=False)
    for _ in range(part - 1):
        fake.accept()

    def end(post: Any, n: Any) -> None:
        if accepted:
            fake._accept(post, n)
        mortal.dead = True
        raise Died

    fake._verbs.append(end)
    with pytest.raises(Died):
        tick(mortal, fake, clock, 3)
    fake.mortal = None
    [row] = ledger.deliveries()
    assert row.state == State.SENDING
    go_on(ledger, fake, clock, 3)
    ends_well(ledger, fake, 3, 1)


@pytest.mark.parametrize("second", [1, 2, 3, 5, 7, 9])
@pytest.mark.parametrize("delivery", ["conditional", "read-back"])
def test_death_in_recovery_of_a_death(
    make_ledger: Callable[..., Any], clock: Clock, delivery: Any, second: Any
) -> None:
    """Recovery may itself be killed, and its recovery too."""
    ledger, promise = make_ledger()
    fake = Far(delivery, clock)
    promise("a", "b")
    fake.accept_then_cut()
    for at in (6, second, second, 2):
        dying_tick(ledger, fake, clock, at, after=bool(at % 2), parts=2)
        clock.advance(dt.timedelta(minutes=6))
    go_on(ledger, fake, clock, 2)
    ends_well(ledger, fake, 2, 2)
