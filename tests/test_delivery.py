"""Delivery: exactly once as far as the far side allows (one far side a class, and every kind of answer)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from conftest import NOON, Promise, row_of
from ticks import CLASSES, LEASE, SECOND, publish, run_until_settled

from steadycast.delivery import deliver
from steadycast.delivery.transitions import CAP, FLOOR, backoff
from steadycast.errors import DraftError, Refused
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.testing import Clock, FakeChannel, a_post


@pytest.mark.parametrize("delivery", CLASSES)
def test_a_due_delivery_is_sent_once_with_its_marker(
    ledger: Ledger, promise: Promise, clock: Clock, delivery: Any
) -> None:
    """The receipt and the verdict are in the ledger; a second tick finds nothing to do."""
    fake = FakeChannel(delivery, clock)
    [id] = promise("blog")
    [result] = publish(ledger, fake, clock)
    assert result.state == State.PUBLISHED
    row = row_of(ledger, id)
    assert (row.state, row.verdict, row.finished) == ("published", "kept", NOON)
    assert [p.key for p in fake.posts] == [ledger.marker(row.slot, "blog")]
    assert ledger.receipts_of([id])[id].url == "https://fake.example/1"
    assert publish(ledger, fake, clock) == []
    kinds = [e.kind for e in ledger.events(id)]
    assert kinds == ["claimed", "frozen", "sending", "published"]


def test_nothing_is_sent_before_its_time(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """A slot in a minute is not due."""
    fake = FakeChannel("read-back", clock)
    promise("blog", at=NOON + dt.timedelta(minutes=1))
    assert publish(ledger, fake, clock) == []
    assert fake.calls == 0


def test_every_channel_of_a_slot_ends_for_itself(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """One refusal stops its own delivery and no other."""
    fake = FakeChannel("read-back", clock)
    promise("a", "b", "c")
    fake.refuse()
    results = publish(ledger, fake, clock)
    assert sorted(r.state for r in results) == ["published", "published", "refused"]


@pytest.mark.parametrize("delivery", CLASSES)
def test_refused_stops_and_waits_for_a_person(ledger: Ledger, promise: Promise, clock: Clock, delivery: Any) -> None:
    """It is not tried again by itself; fixed, it is rendered anew; not fixed within `late`, its slot is missed."""
    fake = FakeChannel(delivery, clock)
    [id] = promise("blog")
    fake.refuse("title is empty")
    [result] = publish(ledger, fake, clock)
    assert (result.state, result.code, result.message) == (State.REFUSED, "422", "title is empty")
    assert [w.message for w in ledger.waiting()] == ["title is empty"]
    clock.advance(dt.timedelta(hours=1))
    assert publish(ledger, fake, clock) == []
    old = ledger.frozen([id])
    assert ledger.retry(id, "editor", clock.now())
    [result] = publish(ledger, fake, clock, parts=2)
    assert result.state == State.PUBLISHED
    assert ledger.frozen([id]) != old
    assert [p.part for p in fake.posts] == [1, 2]
    assert row_of(ledger, id).verdict == "late"


def test_refused_and_never_fixed_is_missed(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """The record says missed, and the state still says why."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog")
    fake.refuse()
    run_until_settled(ledger, fake, clock)
    row = row_of(ledger, id)
    assert (row.state, row.verdict, row.code) == ("refused", "missed", "422")


@pytest.mark.parametrize("delivery", CLASSES)
def test_busy_is_tried_again_as_asked(ledger: Ledger, promise: Promise, clock: Clock, delivery: Any) -> None:
    """A Retry-After is kept to the second, and the second try sends what was frozen."""
    fake = FakeChannel(delivery, clock)
    [id] = promise("blog")
    fake.busy(120)
    [result] = publish(ledger, fake, clock)
    assert (result.state, result.wake) == (State.DUE, NOON + dt.timedelta(seconds=120))
    clock.advance(dt.timedelta(seconds=119))
    assert publish(ledger, fake, clock) == []
    clock.advance(SECOND)
    frozen = ledger.frozen([id])
    [result] = publish(ledger, fake, clock)
    assert (result.state, result.delivery.attempt) == (State.PUBLISHED, 2)
    assert ledger.frozen([id]) == frozen


@pytest.mark.parametrize("asked", [-5, 0, 1, 86400, 10**9])
def test_an_absurd_retry_after_is_not_obeyed(ledger: Ledger, promise: Promise, clock: Clock, asked: Any) -> None:
    """Negative, zero, a second, a day (what is longer is cut to it on the wire), thirty years: never sooner than the floor, and never given up for it."""
    fake = FakeChannel("read-back", clock)
    promise("blog")
    fake.busy(asked)
    [result] = publish(ledger, fake, clock)
    assert result.state == State.DUE
    assert FLOOR <= result.wake - NOON <= FLOOR * 1.2


def test_busy_past_late_is_missed(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """The next try would come too late: the slot is missed, and the draft is stock again."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog", late=dt.timedelta(hours=1))
    fake.busy(3601)
    [result] = publish(ledger, fake, clock)
    assert result.state == State.MISSED
    assert row_of(ledger, id).verdict == "missed"
    assert ledger.used() == []


def test_waits_grow_and_are_spread() -> None:
    """Doubled each time from the floor to the cap; two channels do not come back in the same second."""
    waits = [backoff(n, "abc") for n in range(1, 12)]
    assert waits == sorted(waits)
    assert FLOOR <= waits[0] <= FLOOR * 1.2
    assert CAP <= waits[-1] <= CAP * 1.2
    assert len({backoff(1, f"m{n}") for n in range(50)}) > 20


def test_held_deliveries_go_out_at_their_second(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """Claimed and frozen ahead, sent when the slot comes and not before."""
    fake = FakeChannel("read-back", clock)
    at = NOON + dt.timedelta(seconds=90)
    promise("a", "b", at=at)
    claims = ledger.claim(NOON, "worker", LEASE, until=at)
    rendered = []

    def make(claim: Any) -> Any:
        rendered.append(clock.now())
        return a_post(claim)

    results = deliver(ledger, claims, make, fake.open, clock=clock, hold_until=at)
    assert [r.state for r in results] == [State.PUBLISHED] * 2
    assert {p.at for p in fake.posts} == {at}
    assert set(rendered) == {NOON}


def test_a_hold_that_outlasts_the_lease_is_refused_at_once(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """Nobody waits for a lease to run out."""
    promise("a", at=NOON + LEASE)
    claims = ledger.claim(NOON, "worker", LEASE, until=NOON + LEASE)
    with pytest.raises(ValueError, match="lease"):
        deliver(ledger, claims, a_post, FakeChannel("blind", clock).open, clock=clock, hold_until=NOON + LEASE)


@pytest.mark.parametrize("error", [Refused("no revision is approved"), DraftError("image is missing", "a.md", 3)])
def test_a_post_that_cannot_be_made_is_refused_and_the_others_go_out(
    ledger: Ledger, promise: Promise, clock: Clock, error: Any
) -> None:
    """One bad draft is a person's work, not a batch's end."""
    fake = FakeChannel("read-back", clock)
    promise("a", "b")

    def make(claim: Any) -> Any:
        if claim.channel == "a":
            raise error
        return a_post(claim)

    claims = ledger.claim(NOON, "worker", LEASE)
    results = deliver(ledger, claims, make, fake.open, clock=clock)
    assert {r.channel: r.state for r in results} == {"a": State.REFUSED, "b": State.PUBLISHED}


def test_a_renderer_that_breaks_is_tried_again_later(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """A full disk or a bug is not the draft's fault: it backs off within `late`."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("a")
    claims = ledger.claim(NOON, "worker", LEASE, ids=[id])

    def broken(_claim: Any) -> Any:
        raise OSError(28, "No space left on device")

    [result] = deliver(ledger, claims, broken, fake.open, clock=clock)
    assert (result.state, fake.calls) == (State.DUE, 0)
    assert result.wake is not None
    assert result.wake >= NOON + FLOOR


def test_a_channel_that_does_not_open_is_refused_or_tried_later(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """No secret set: a person's work. Anything else: later."""
    promise("a", "b")

    def open_(channel: Any, _step: Any) -> Any:
        raise Refused("secret BLOG_TOKEN is not set") if channel == "a" else ImportError("adapter.py")

    claims = ledger.claim(NOON, "worker", LEASE)
    results = deliver(ledger, claims, a_post, open_, clock=clock)
    assert {r.channel: r.state for r in results} == {"a": State.REFUSED, "b": State.DUE}
