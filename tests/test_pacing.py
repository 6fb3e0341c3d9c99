"""What holds a whole channel: a far side that asked to wait, a rate, and one writer; across workers, without a sleep."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, cast

import pytest
from conftest import NOON, Promise, row_of
from hypothesis import given
from hypothesis import strategies as st

from steadycast.crash_safety import send_window
from steadycast.delivery import Opened, deliver, settle, verify
from steadycast.errors import Busy
from steadycast.ledger import pacing
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.platform import Adapter, Receipt
from steadycast.testing import Clock, FakeChannel, a_post

LEASE = dt.timedelta(minutes=5)
SECOND, MINUTE, HOUR = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)


@pytest.fixture
def slots(promise: Promise) -> Callable[..., Any]:
    """Ids of deliveries to one channel: so many slots, a minute apart, all of them past where nothing else is said."""
    made = itertools.count()

    def slots(count: Any, channel: str = "far", since: Any = NOON - 3 * HOUR) -> Any:
        numbers = [next(made) for _ in range(count)]
        return [promise(channel, at=since + n * MINUTE, draft=f"d{n}")[0] for n in numbers]

    return slots


def publish(ledger: Ledger, fake: Any, clock: Clock, *, worker: str = "w", until: Any = None) -> Any:
    """One tick."""
    claims = ledger.claim(clock.now(), worker, LEASE, until=until)
    return deliver(ledger, claims, a_post, fake.open, clock=clock, workers=2)


def fake_of(clock: Clock, delivery: str = "read-back", **declared: Any) -> Any:
    fake = FakeChannel(delivery, clock)
    fake.platform = replace(fake.platform, **declared)
    return fake


def test_no_more_than_the_rate_leave_in_a_minute(ledger: Ledger, clock: Clock, slots: Callable[..., list[int]]) -> None:
    """What is over it is due again when a place is free; the first tick takes no longer for it."""
    fake, ids = fake_of(clock, rate=3), slots(8)
    began, sent = clock.now(), []
    for _ in range(4):
        results = publish(ledger, fake, clock)
        sent.append(fake.calls)
        assert clock.now() - began < SECOND
        assert all("3 a minute" in r.message for r in results if r.state == State.DUE)
        wakes = [row.wake for row in ledger.deliveries() if row.state == State.DUE]
        if wakes:
            clock.set_wall(max(min(cast("list[dt.datetime]", wakes)), clock.now()))
            began = clock.now()
    assert sent == [3, 6, 8, 8]
    assert clock.now() - NOON == 2 * MINUTE
    assert {row_of(ledger, id).state for id in ids} == {State.PUBLISHED}
    assert [p.key for p in fake.posts] == [row_of(ledger, id).marker for id in ids], "in their order"


def test_a_rate_is_one_for_all_workers_and_each_channel_has_its_own(
    ledger: Ledger, clock: Clock, slots: Callable[..., list[int]]
) -> None:
    """It is the account's; another channel goes out meanwhile."""
    fake, ids = fake_of(clock, rate=2), slots(4)
    other = slots(2, "near")
    first, second = (ledger.claim(NOON, "w", LEASE, ids=part) for part in (ids[:2], ids[2:]))
    deliver(ledger, first, a_post, fake.open, clock=clock)
    deliver(ledger, second, a_post, fake.open, clock=clock)
    assert fake.calls == 2
    deliver(ledger, ledger.claim(NOON, "w", LEASE, ids=other), a_post, fake.open, clock=clock)
    assert fake.calls == 4


def test_what_waits_for_a_place_beyond_its_time_is_tried_at_the_last_instant(
    ledger: Ledger, clock: Clock, promise: Promise
) -> None:
    """It is missed only when its time is over."""
    fake = fake_of(clock, rate=1)
    [_, second] = [promise("far", at=NOON + n * MINUTE, draft=f"d{n}", late=90 * SECOND)[0] for n in range(2)]
    clock.advance(80 * SECOND)
    publish(ledger, fake, clock)
    row = row_of(ledger, second)
    assert (row.state, row.wake) == (State.DUE, NOON + 140 * SECOND)


@given(
    ages=st.lists(st.tuples(st.integers(0, 90_000), st.integers(1, 5)), max_size=12),
    rate=st.integers(1, 6),
    wanted=st.integers(0, 12),
)
def test_no_minute_ever_holds_more_than_the_rate(ages: Any, rate: int, wanted: int) -> None:
    """Whatever was taken before, as long as it was within the rate; and nobody waits for nothing."""
    millisecond = dt.timedelta(milliseconds=1)
    taken = [(age * millisecond, count) for age, count in ages]
    waits = pacing.places(taken, rate, wanted)
    assert waits == sorted(waits)
    was = [-age for age, count in taken for _ in range(count)]
    for n, wait in enumerate(waits):
        before = [at for at in [*was, *waits[:n]] if wait - MINUTE < at <= wait]
        if len(was) <= rate:
            assert len(before) < rate
        if wait:
            at = wait - millisecond
            assert len([t for t in [*was, *waits[:n]] if at - MINUTE < t]) >= rate, "a place was free before"


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_far_side_that_asks_to_wait_holds_its_whole_channel(
    ledger: Ledger, clock: Clock, slots: Callable[..., list[int]], by_hand: bool
) -> None:
    """Also a delivery that was never tried, also one whose hour is still to come and that a person asks for."""
    fake, [first] = fake_of(clock), slots(1)
    fake.busy(600)
    publish(ledger, fake, clock)
    later = slots(3, since=NOON + (HOUR if by_hand else -HOUR))
    other = slots(1, "near")
    clock.advance(MINUTE)
    asked: dict[str, Any] = {"ids": [*later, first], "until": clock.now() + 2 * HOUR} if by_hand else {}
    claims = ledger.claim(clock.now(), "person", LEASE, **asked)
    results = deliver(ledger, claims, a_post, fake.open, clock=clock)
    assert fake.calls == 1 + (not by_hand)
    held = [r for r in results if r.channel == "far"]
    assert {(r.state, r.wake) for r in held} == {(State.DUE, NOON + 600 * SECOND)}
    assert all("asked to wait" in r.message for r in held)
    clock.advance(9 * MINUTE)
    publish(ledger, fake, clock)
    assert {row_of(ledger, id).state for id in (first, *later)} == {State.PUBLISHED}
    assert row_of(ledger, other[0]).state == State.PUBLISHED


def test_the_longest_wait_that_was_asked_for_counts(
    ledger: Ledger, clock: Clock, slots: Callable[..., list[int]]
) -> None:
    fake, ids = fake_of(clock), slots(2)
    for seconds in (600, 60):
        fake.busy(seconds)
    publish(ledger, fake, clock)
    clock.advance(2 * MINUTE)
    assert not [r for r in publish(ledger, fake, clock) if r.state == State.PUBLISHED]
    assert len(ids) == 2


@pytest.mark.parametrize("published", [False, True])
def test_a_look_that_is_asked_to_wait_holds_its_channel_too(
    ledger: Ledger, clock: Clock, slots: Callable[..., list[int]], published: bool
) -> None:
    """A 429 to a look: no other request is made before then, neither look nor publish, and no look is counted."""
    fake = fake_of(clock)
    ids = slots(2)
    if not published:
        fake.accept_then_cut()
        fake.accept_then_cut()
    publish(ledger, fake, clock)
    [late] = slots(1)
    clock.advance(10 * MINUTE)
    look = partial(verify if published else settle, ledger, fake.open, clock=clock, workers=1)
    fake.hide(Busy("too many requests", "429", retry_after=20 * MINUTE))
    look()
    calls, looks = fake.calls, fake.looks
    assert looks == 1
    rows = [row_of(ledger, id) for id in ids]
    assert {(row.looks, row.state) for row in rows} == {(0, State.PUBLISHED if published else State.UNKNOWN)}
    [told] = [r for r in publish(ledger, fake, clock) if r.id == late]
    assert "asked to wait" in told.message
    clock.advance(19 * MINUTE)
    look()
    assert (fake.calls, fake.looks) == (calls, looks)
    clock.advance(MINUTE)
    look()
    assert {row_of(ledger, id).state for id in ids} == {State.SEEN}
    publish(ledger, fake, clock)
    assert row_of(ledger, late).state == State.PUBLISHED


@pytest.mark.parametrize("seconds", [None, 0, -5, 86_400, 10**9])
def test_an_absurd_wait_holds_no_channel(
    ledger: Ledger, clock: Clock, slots: Callable[..., list[int]], seconds: Any
) -> None:
    fake = fake_of(clock)
    slots(1)
    fake.busy(seconds)
    publish(ledger, fake, clock)
    slots(1)
    publish(ledger, fake, clock)
    assert fake.calls == 2


def test_a_wall_that_is_set_moves_what_holds_a_channel(
    ledger: Ledger, clock: Clock, slots: Callable[..., list[int]]
) -> None:
    """A wait lasts as long as it lasts."""
    ledger.clock = clock.reading
    ledger.recover(clock.now())
    fake = fake_of(clock, rate=1)
    slots(1)
    publish(ledger, fake, clock)
    fake.busy(60)
    slots(1, "near")
    publish(ledger, fake, clock)
    clock.set_wall(NOON + 5 * HOUR)
    ledger.recover(clock.now())
    waits = ledger.waits(["far", "near"], {"far": 1}, clock.now())
    assert [w.lasts for w in waits] == [MINUTE, MINUTE]


class Watched:
    """An adapter that knows how many of its kind are sending."""

    def __init__(self) -> None:
        self.now = self.most = self.calls = 0
        self.lock = threading.Lock()
        self.until = threading.Event()

    def publish(self, post: Any) -> Any:
        send_window.touch()
        with self.lock:
            self.calls += 1
            self.now += 1
            self.most = max(self.most, self.now)
        self.until.wait(0.05)
        with self.lock:
            self.now -= 1
        return Receipt(post.key)


@pytest.mark.parametrize(("one_writer", "most"), [(True, 1), (False, 2)])
def test_one_writer_is_one_on_all_machines(
    database: str, ledger: Ledger, clock: Clock, slots: Callable[..., list[int]], one_writer: bool, most: int
) -> None:
    """Two workers with a ledger opened each: what one cannot send beside the other is due again soon."""
    ids, watched = slots(8), Watched()
    platform = replace(FakeChannel("read-back", clock).platform, one_writer=one_writer)
    open_ = lambda _channel, _step: Opened(cast("Adapter", watched), platform)  # noqa: E731

    def work(mine: Any) -> None:
        with type(ledger).open(database) as own:
            deliver(own, own.claim(clock.now(), "w", LEASE, ids=mine), a_post, open_, clock=clock, workers=4)

    workers = [threading.Thread(target=work, args=(ids[n::2],)) for n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert watched.most == 1 if one_writer else watched.most >= most
    waiting = [row for row in ledger.deliveries() if row.state == State.DUE]
    assert watched.calls + len(waiting) == 8
    assert all(row.wake == NOON + 5 * SECOND and row.message == "not sent yet: another is being sent there"
               for row in waiting)  # fmt: skip
    clock.advance(5 * SECOND)
    work([row.id for row in waiting])
    assert (watched.calls, ledger.counts()) == (8, {State.PUBLISHED: 8})


def test_a_writer_that_died_holds_its_channel_until_its_lease_ends_and_no_longer(
    ledger: Ledger, clock: Clock, slots: Callable[..., list[int]]
) -> None:
    """Its request may still be on its way; then it is in doubt, and others are sent."""
    dead, alive = slots(2)
    claims = ledger.claim(NOON, "w", LEASE, ids=[dead, alive])
    ledger.freeze([(c, b"{}") for c in claims], NOON)
    assert ledger.intend(claims[:1], NOON, 2 * MINUTE, alone={"far"})
    assert not ledger.intend(claims[1:], NOON + MINUTE, 2 * MINUTE, alone={"far"})
    ledger.recover(NOON + 2 * MINUTE)
    assert row_of(ledger, dead).state == State.UNKNOWN
    assert ledger.intend(claims[1:], NOON + 2 * MINUTE, 2 * MINUTE, alone={"far"})


def test_a_long_thread_keeps_its_channel(ledger: Ledger, clock: Clock, slots: Callable[..., list[int]]) -> None:
    """Each of its steps extends the lease, and with it the lock."""
    thread, other = slots(2)
    claims = ledger.claim(NOON, "w", LEASE, ids=[thread, other])
    ledger.freeze([(c, b"{}") for c in claims], NOON)
    [mine] = ledger.intend(claims[:1], NOON, MINUTE, alone={"far"})
    ledger.begin_step(mine, "part-2", NOON + 50 * SECOND, 3 * MINUTE)
    assert not ledger.intend(claims[1:], NOON + 2 * MINUTE, MINUTE, alone={"far"})


def test_a_channel_without_any_of_it_writes_nothing_of_it(
    ledger: Ledger, clock: Clock, slots: Callable[..., list[int]]
) -> None:
    """It pays nothing."""
    slots(3)
    publish(ledger, fake_of(clock), clock)
    with ledger.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM channel_state").scalar() == 0
