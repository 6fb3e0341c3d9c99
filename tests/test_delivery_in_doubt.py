"""Whether something arrived is not known: it is looked for, and never sent again blindly."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from conftest import NOON, Promise, row_of
from ticks import CLASSES, DOUBTS, LEASE, SECOND, publish, run_until_settled, state, woken

from steadycast.delivery import deliver, settle
from steadycast.errors import Busy, Refused
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.testing import Clock, FakeChannel, a_post


@pytest.mark.parametrize("delivery", CLASSES)
@pytest.mark.parametrize(("verb", "how", "there"), DOUBTS)
def test_no_answer_is_unknown_and_never_resent_blindly(
    ledger: Ledger, promise: Promise, clock: Clock, delivery: Any, verb: Any, how: Any, there: Any
) -> None:
    """Settled by read-back, or parked where nobody can look: at most once everywhere, exactly once where it can be."""
    fake = FakeChannel(delivery, clock)
    [id] = promise("blog")
    getattr(fake, verb)(**how)
    [result] = publish(ledger, fake, clock)
    assert result.state == State.UNKNOWN
    assert (result.wake is None) == (delivery == "blind")
    run_until_settled(ledger, fake, clock)
    if delivery == "blind":
        assert (state(ledger, id), fake.calls) == ("unknown", 1)
        assert [w.id for w in ledger.waiting()] == [id]
        assert len(fake.posts) == int(there)
    else:
        assert state(ledger, id) == "seen"
        assert len(fake.posts) == 1
        assert fake.calls == (1 if there else 2)


def test_a_look_counts_no_sooner_than_settle_after_the_deadline(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """The request may act until its deadline, however early its answer was cut."""
    fake = FakeChannel("read-back", clock, deadline=60, settle=30)
    promise("blog")
    fake.accept_then_cut()
    [result] = publish(ledger, fake, clock)
    assert result.wake == NOON + dt.timedelta(seconds=90)
    clock.advance(dt.timedelta(seconds=89))
    assert settle(ledger, fake.open, clock=clock) == []
    assert fake.looks == 0
    clock.advance(SECOND)
    [result] = settle(ledger, fake.open, clock=clock)
    assert result.state == State.SEEN


def test_what_cannot_be_told_is_looked_at_further_apart_and_then_left_to_a_person(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """SETTLE, +5 minutes, +30 minutes, +2 hours; then never by itself, and never sent."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog")
    fake.accept_then_cut()
    publish(ledger, fake, clock)
    when = []
    for _ in range(4):
        fake.hide()
        clock.set_wall(woken(row_of(ledger, id)))
        when.append(clock.now() - NOON)
        [result] = settle(ledger, fake.open, clock=clock)
        assert result.state == State.UNKNOWN
    first = dt.timedelta(seconds=15)
    steps = [first]
    for minutes in (5, 30, 120):
        steps.append(steps[-1] + dt.timedelta(minutes=minutes))
    assert when == steps
    assert row_of(ledger, id).wake is None
    run_until_settled(ledger, fake, clock)
    assert (state(ledger, id), fake.calls, len(fake.posts)) == ("unknown", 1, 1)


def test_a_conditional_channel_that_cannot_tell_is_sent_again(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """A second sending of the same key is harmless there: nothing stays parked."""
    fake = FakeChannel("conditional", clock)
    [id] = promise("blog")
    fake.accept_then_cut()
    fake.hide()
    publish(ledger, fake, clock)
    run_until_settled(ledger, fake, clock, hours=1)
    assert (state(ledger, id), len(fake.posts)) == ("seen", 1)


def in_doubt_and_due(ledger: Ledger, promise: Promise, fake: Any, clock: Clock, **more: Any) -> Any:
    """A delivery that arrived, whose answer was lost, and of which a look could not tell: it is due again."""
    [id] = promise("blog", **more)
    fake.accept_then_cut()
    publish(ledger, fake, clock)
    fake.hide()
    clock.set_wall(woken(row_of(ledger, id)))
    [result] = settle(ledger, fake.open, clock=clock)
    assert result.state == State.DUE
    return id


def test_a_second_sending_that_is_refused_says_nothing_of_the_first(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """What is there is found there, and is never called refused."""
    fake = FakeChannel("conditional", clock)
    id = in_doubt_and_due(ledger, promise, fake, clock)
    fake.refuse()
    [result] = publish(ledger, fake, clock)
    assert (result.state, result.code) == (State.UNKNOWN, "422")
    run_until_settled(ledger, fake, clock, hours=1)
    assert (state(ledger, id), len(fake.posts)) == ("seen", 1)


def test_a_second_sending_that_is_refused_and_cannot_be_looked_for_waits_for_a_person(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """It is not sent for ever: each look comes later than the one before, and the last says why."""
    fake = FakeChannel("conditional", clock)
    id = in_doubt_and_due(ledger, promise, fake, clock)
    fake.refuse()
    publish(ledger, fake, clock)
    for _ in range(3):
        fake.hide()
        clock.set_wall(woken(row_of(ledger, id)))
        settle(ledger, fake.open, clock=clock)
    row = row_of(ledger, id)
    assert (row.state, row.wake is None, fake.calls) == ("unknown", False, 2)
    fake.hide()
    clock.set_wall(woken(row))
    settle(ledger, fake.open, clock=clock)
    assert ([w.id for w in ledger.waiting()], row_of(ledger, id).wake) == ([id], None)


def test_what_a_look_surely_does_not_find_is_refused_as_any_other(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """The look ended the doubt: the refusal is the answer to the only sending that can be there."""
    fake = FakeChannel("conditional", clock)
    [id] = promise("blog")
    fake.fail()
    publish(ledger, fake, clock)
    clock.set_wall(woken(row_of(ledger, id)))
    [result] = settle(ledger, fake.open, clock=clock)
    assert result.state == State.DUE
    fake.refuse()
    [result] = publish(ledger, fake, clock)
    assert result.state == State.REFUSED


def test_a_second_sending_that_comes_too_late_is_not_missed_while_the_first_may_be_there(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """Its far side is busy past `late`: it is looked for once more, and found."""
    fake = FakeChannel("conditional", clock)
    id = in_doubt_and_due(ledger, promise, fake, clock, late=dt.timedelta(hours=1))
    fake.busy(3601)
    [result] = publish(ledger, fake, clock)
    assert result.state == State.UNKNOWN
    run_until_settled(ledger, fake, clock, hours=2)  # nor is it looked for sooner than it asked
    assert (state(ledger, id), row_of(ledger, id).verdict) == ("seen", "kept")


def test_what_may_be_there_is_looked_for_when_no_worker_came_in_time_to_send_it_again(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """Neither time nor a person who calls it off makes of it what was never sent."""
    fake = FakeChannel("conditional", clock)
    id = in_doubt_and_due(ledger, promise, fake, clock, late=dt.timedelta(hours=1))
    assert not ledger.cancel(id, "editor", clock.now())
    clock.advance(dt.timedelta(hours=2))
    assert ledger.recover(clock.now()).missed == ()
    run_until_settled(ledger, fake, clock, hours=1)
    assert (state(ledger, id), fake.calls) == ("seen", 1)


def test_what_cannot_be_sent_again_for_a_fault_of_ours_is_in_doubt_still(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """A channel that does not open any more, or a post that cannot be made, says nothing of what was sent before."""
    fake = FakeChannel("conditional", clock)
    id = in_doubt_and_due(ledger, promise, fake, clock)

    def closed(channel: Any, step: Any) -> Any:
        raise Refused("its secret is gone", channel=channel)

    [claim] = ledger.claim(clock.now(), "worker", LEASE, ids=[id])
    [result] = deliver(ledger, [claim], a_post, closed, clock=clock)
    assert (result.state, result.message) == (State.UNKNOWN, "its secret is gone")
    run_until_settled(ledger, fake, clock, hours=1)
    assert (state(ledger, id), len(fake.posts)) == ("seen", 1)


@pytest.mark.parametrize("error", [RuntimeError("list"), KeyError("x"), Refused("gone", "401"), Busy("later", "429")])
def test_a_look_that_fails_tells_nothing(ledger: Ledger, promise: Promise, clock: Clock, error: Any) -> None:
    """Whatever find raises, the post is not taken for absent."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog")
    fake.accept_then_cut()
    publish(ledger, fake, clock)
    fake.hide(error)
    clock.advance(dt.timedelta(minutes=1))
    settle(ledger, fake.open, clock=clock)
    assert state(ledger, id) == "unknown"


def test_absent_and_too_late_is_missed(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """Surely not there, but `late` is over: it is not sent any more."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog", late=dt.timedelta(minutes=5))
    fake.fail()
    publish(ledger, fake, clock)
    clock.advance(dt.timedelta(hours=1))
    settle(ledger, fake.open, clock=clock)
    assert (state(ledger, id), row_of(ledger, id).verdict, fake.calls) == ("missed", "missed", 1)
