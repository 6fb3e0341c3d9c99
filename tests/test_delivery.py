"""Delivery: exactly once as far as the far side allows (one far side a class, and every kind of answer)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
from conftest import NOON, Promise, row_of

from steadycast.crash_safety import send_window
from steadycast.delivery import deliver, settle, steps_for, verify
from steadycast.delivery.transitions import CAP, FLOOR, backoff
from steadycast.errors import Busy, DraftError, LedgerError, Refused, Unknown
from steadycast.ledger import older_copy
from steadycast.ledger.claims import FrozenPost
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import DeliveryRow, State
from steadycast.platform import Adapter, Known, Receipt
from steadycast.platform.post_bytes import post_to_bytes
from steadycast.testing import SECRET, Clock, Died, FakeChannel, a_post

LEASE = dt.timedelta(minutes=5)
CLASSES = ("conditional", "read-back", "blind")
SECOND = dt.timedelta(seconds=1)


def publish(ledger: Ledger, fake: Any, clock: Clock, *, parts: int = 1, **more: Any) -> Any:
    """One tick: recover, claim what is due, deliver."""
    ledger.recover(clock.now())
    claims = ledger.claim(clock.now(), "worker", LEASE)
    return deliver(ledger, claims, lambda c: a_post(c, parts=parts), fake.open, clock=clock, workers=2, **more)


def run_until_settled(ledger: Ledger, fake: Any, clock: Clock, *, hours: int = 14, parts: int = 1) -> None:
    """Ticks for some hours, each when something wakes: publish, settle, verify."""
    end = clock.now() + dt.timedelta(hours=hours)
    while clock.now() < end:
        wakes = [d.wake for d in ledger.deliveries() if d.wake]
        clock.set_wall(max(clock.now(), min([*wakes, end])))
        publish(ledger, fake, clock, parts=parts)
        settle(ledger, fake.open, clock=clock, workers=2)
        verify(ledger, fake.open, clock=clock, workers=2)
        clock.advance(SECOND)


def woken(row: DeliveryRow) -> dt.datetime:
    """When a delivery that waits wakes."""
    assert row.wake is not None
    return row.wake


def state(ledger: Ledger, id: Any) -> Any:
    return row_of(ledger, id).state


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


def test_refused_and_never_mended_is_missed(ledger: Ledger, promise: Promise, clock: Clock) -> None:
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


DOUBTS = [
    ("hang", {}, False),
    ("hang", {"accepted": True}, True),
    ("fail", {}, False),
    ("accept_then_cut", {}, True),
    ("answer_garbage", {"accepted": True}, True),
    ("answer_garbage", {"accepted": False}, False),
    ("die", {"accepted": True}, True),
    ("die", {"accepted": False}, False),
]


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


@pytest.mark.parametrize("delivery", ["conditional", "read-back"])
def test_a_thread_resumes_after_its_last_part(ledger: Ledger, promise: Promise, clock: Clock, delivery: str) -> None:
    """Parts one and two are there: the next try sends part three and no other."""
    fake = FakeChannel(delivery, clock)
    promise("blog")
    fake.accept()
    fake.accept()
    fake.busy()
    [result] = publish(ledger, fake, clock, parts=4)
    assert result.state == State.DUE
    clock.advance(dt.timedelta(minutes=5))
    [result] = publish(ledger, fake, clock, parts=4)
    assert result.state == State.PUBLISHED
    assert [p.part for p in fake.posts] == [1, 2, 3, 4]
    assert fake.calls == 5


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("delivery", ["conditional", "read-back"])
def test_a_part_in_doubt_is_looked_for_before_the_thread_goes_on(
    ledger: Ledger, promise: Promise, clock: Clock, delivery: str, there: bool
) -> None:
    """The read-back tells how many parts are there; what is there is not sent again, what is not is."""
    fake = FakeChannel(delivery, clock)
    [id] = promise("blog")
    fake.accept()
    fake.hang(accepted=there)
    publish(ledger, fake, clock, parts=3)
    assert state(ledger, id) == "unknown"
    run_until_settled(ledger, fake, clock, parts=3, hours=1)
    assert state(ledger, id) == "seen"
    assert [p.part for p in fake.posts] == [1, 2, 3]


def test_a_thread_that_is_found_without_its_parts_waits_for_a_person(
    ledger: Ledger, promise: Promise, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adapter that does not say which parts are there may have found half of it: that is not seen."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog")
    fake.accept()
    fake.hang(accepted=True)
    publish(ledger, fake, clock, parts=3)
    found = fake.look
    monkeypatch.setattr(fake, "look", lambda post: (receipt := found(post)) and dataclasses.replace(receipt, parts=()))
    run_until_settled(ledger, fake, clock, parts=3, hours=4)
    assert state(ledger, id) == "unknown"
    assert "which of its parts" in row_of(ledger, id).message
    assert [p.part for p in fake.posts] == [1, 2]


@pytest.mark.parametrize("delivery", CLASSES)
def test_a_step_begun_and_never_known_to_end_is_sent_again_only_where_that_is_harmless(
    ledger: Ledger, promise: Promise, clock: Clock, delivery: Any
) -> None:
    """The step's request may have arrived: a conditional platform takes it twice for one, the others may not."""
    [id] = promise("blog")
    [claim] = sending(ledger, [id])
    fake = FakeChannel(delivery, clock)
    step = steps_for(ledger, claim, fake.platform, clock)

    def dies() -> None:
        raise Died

    with pytest.raises(Died):
        step("upload", dies)
    if delivery == "conditional":
        assert step("upload", lambda: "7") == "7"
        assert step("upload", dies) == "7"
    else:
        with pytest.raises(Unknown):
            step("upload", lambda: "7")
        assert ledger.steps_of([id])[id] == {"upload": None}


@pytest.mark.parametrize("delivery", CLASSES)
def test_a_repeatable_step_is_simply_done_again_and_leaves_nothing_in_doubt(
    ledger: Ledger, promise: Promise, clock: Clock, delivery: Any
) -> None:
    """An upload by hash, a draft that nobody sees: a lost answer is Busy, and so is a worker that died in it."""
    [id] = promise("blog")
    [claim] = sending(ledger, [id])
    step = steps_for(ledger, claim, FakeChannel(delivery, clock).platform, clock)

    with pytest.raises(Died):
        step("upload", _raise(Died()), repeatable=True)
    with pytest.raises(Busy, match="cut") as caught:
        step("upload", _raise(Unknown("cut", "502")), repeatable=True)
    assert caught.value.code == "502"
    assert step("upload", lambda: {"id": 7}, repeatable=True) == {"id": 7}
    assert step("upload", _raise(Died()), repeatable=True) == {"id": 7}


@pytest.mark.parametrize("value", ["7", 7, None, False, {"uri": "at://x", "cid": "b", "n": [1, 2.5, "阿婆"]}, [], ""])
def test_a_step_gives_back_the_value_that_it_gave(ledger: Ledger, promise: Promise, clock: Clock, value: Any) -> None:
    """Any JSON value, also those that are false."""
    [id] = promise("blog")
    [claim] = sending(ledger, [id])
    step = steps_for(ledger, claim, FakeChannel("blind", clock).platform, clock)
    for send in (lambda: value, _raise(Died())):
        assert step("upload", send) == value
    assert ledger.steps_of([id])[id] == {"upload": value}


@pytest.mark.parametrize("value", [object(), "x" * 60_001])
def test_a_step_whose_value_cannot_be_kept_is_in_doubt(
    ledger: Ledger, promise: Promise, clock: Clock, value: Any
) -> None:
    """It was made; made again it would be there twice."""
    [id] = promise("blog")
    [claim] = sending(ledger, [id])
    step = steps_for(ledger, claim, FakeChannel("blind", clock).platform, clock)
    with pytest.raises(Unknown, match="cannot be kept"):
        step("upload", lambda: value)
    with pytest.raises(Unknown, match="begun before"):
        step("upload", _raise(Died()))


def test_a_look_is_told_what_is_known(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """The steps of a thread that is in doubt; the receipt of what is published."""
    fake = FakeChannel("read-back", clock)
    promise("blog")
    told = []

    class Told:
        def __init__(self, adapter: Any) -> None:
            self.publish, self.adapter = adapter.publish, adapter

        def find(self, post: Any, known: Any) -> Any:
            told.append(known)
            return self.adapter.find(post, known)

    def open_(channel: Any, step: Any) -> Any:
        opened = fake.open(channel, step)
        return replace(opened, adapter=Told(opened.adapter))

    fake.accept()
    fake.hang()
    publish(ledger, fake, clock, parts=3)
    clock.advance(dt.timedelta(minutes=1))
    settle(ledger, open_, clock=clock)
    assert told == [Known(None, {"part-1": "1", "part-2": None})]
    publish(ledger, fake, clock, parts=3)
    clock.advance(dt.timedelta(minutes=5))
    verify(ledger, open_, clock=clock)
    assert (told[1].receipt.remote_id, told[1].receipt.parts) == ("1", ("1", "2", "3"))
    assert told[1].steps == {"part-1": "1", "part-2": "2", "part-3": "3"}


def test_a_look_is_told_the_page_of_the_receipt(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """As it was returned, with its parts."""
    fake = FakeChannel("read-back", clock)
    promise("blog")
    told = []

    class Paged:
        def publish(self, post: Any) -> Any:
            return Receipt("1", "https://fake.example/1", parts=({"id": 7},), page="a.html")

        def find(self, post: Any, known: Any) -> None:
            told.append(known.receipt)

    open_ = lambda channel, step: replace(fake.open(channel, step), adapter=Paged())  # noqa: E731
    claims = ledger.claim(NOON, "w", LEASE)
    deliver(ledger, claims, a_post, open_, clock=clock)
    clock.advance(dt.timedelta(minutes=2))
    verify(ledger, open_, clock=clock)
    assert [(r.page, r.parts, r.url) for r in told] == [("a.html", ({"id": 7},), "https://fake.example/1")]


def test_a_step_that_was_surely_not_accepted_may_be_sent_again(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """Refused and Busy say so: its beginning is taken back."""
    [id] = promise("blog")
    [claim] = sending(ledger, [id])
    step = steps_for(ledger, claim, FakeChannel("blind", clock).platform, clock)
    for error in (Busy("later"), Refused("no")):
        with pytest.raises(type(error)):
            step("upload", _raise(error))
    assert step("upload", lambda: "7") == "7"


def _raise(error: Any) -> Any:
    def send() -> None:
        raise error

    return send


def sending(ledger: Ledger, ids: Any) -> Any:
    """Claims whose intents are durable."""
    claims = ledger.claim(NOON, "worker", LEASE, ids=ids)
    posts = [(c, post_to_bytes(a_post(c))) for c in claims]
    ledger.freeze([FrozenPost(c.id, c.token, post, sha256(post).hexdigest(), "r1") for c, post in posts], NOON)
    return ledger.intend(claims, NOON, LEASE)


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
    print([r.state for r in deliver(ledger, claims, a_post, open_, clock=clock)])
"""


@pytest.mark.parametrize("point", ["claim-durable", "freeze-durable", "intend-durable", "cleared"])
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


def test_the_parts_of_a_long_thread_are_kept_whatever_else_its_far_side_says(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """They are what a correction needs later; the rest of a detail is cut off whole."""
    [id] = promise("a")
    parts = tuple({"id": f"{n}", "url": f"https://far.example/{n:0200d}"} for n in range(250))

    class Tells:
        def publish(self, post: Any) -> Any:
            return Receipt("1", "https://far.example/1", parts=parts, detail={"said": "x" * 50_000})

    def open_(channel: Any, step: Any) -> Any:
        return replace(FakeChannel("read-back", clock).open(channel, step), adapter=cast("Adapter", Tells()))

    claims = ledger.claim(NOON, "worker", LEASE, ids=[id])
    deliver(ledger, claims, a_post, open_, clock=clock)
    assert ledger.receipts_of([id])[id].detail == {"parts": list(parts)}


def test_no_secret_and_no_control_character_reaches_the_ledger(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """A far side that repeats our token, in an error, a link or a detail, does not get it written down."""
    promise("a", "b")
    fake = FakeChannel("read-back", clock)

    class Tells:
        def publish(self, post: Any) -> Any:
            if post.channel == "a":
                raise Refused(f"bad token {SECRET}\r\n\u202egnp.exe" + "x" * 5000, SECRET)
            return Receipt("1", f"https://x/{SECRET}", detail={"auth": SECRET, "odd": object(), 7: NOON})  # type: ignore[dict-item]

    def open_(channel: Any, step: Any) -> Any:
        return replace(fake.open(channel, step), adapter=cast("Adapter", Tells()))

    claims = ledger.claim(NOON, "worker", LEASE)
    results = deliver(ledger, claims, a_post, open_, clock=clock)
    with ledger.read() as connection:
        everything = [
            str(tuple(row))
            for name in ("delivery", "event", "receipt")
            for row in connection.exec_driver_sql(f"SELECT * FROM {name}")
        ]
    assert not [row for row in everything if SECRET in row]
    assert SECRET not in str(results)
    message = next(r.message for r in results if r.channel == "a")
    assert len(message) <= 500
    assert not {"\r", "\n", "\u202e"} & set(message)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", " JavaScript:alert(1)", "http://[bad"])
def test_a_link_that_is_a_script_is_not_kept(ledger: Ledger, promise: Promise, clock: Clock, url: str) -> None:
    """What a far side calls a link is shown on pages."""
    promise("a")
    fake = FakeChannel("read-back", clock)

    class Far:
        def publish(self, post: Any) -> Any:
            return Receipt("1", url)

    claims = ledger.claim(NOON, "worker", LEASE)
    [result] = deliver(
        ledger, claims, a_post, lambda c, o: replace(fake.open(c, o), adapter=cast("Adapter", Far())), clock=clock
    )
    assert (result.state, result.url) == (State.PUBLISHED, "")


@pytest.mark.parametrize("answer", [None, True, "ok", 200, object()])
def test_an_adapter_that_returns_no_receipt_promises_nothing(
    ledger: Ledger, promise: Promise, clock: Clock, answer: Any
) -> None:
    """A bool is what a ledger cannot live with."""
    [id] = promise("a")
    fake = FakeChannel("read-back", clock)

    class Sloppy:
        def publish(self, post: Any) -> Any:
            return answer

    claims = ledger.claim(NOON, "worker", LEASE, ids=[id])
    [result] = deliver(
        ledger, claims, a_post, lambda c, o: replace(fake.open(c, o), adapter=cast("Adapter", Sloppy())), clock=clock
    )
    assert result.state == State.UNKNOWN


def test_a_kit_is_handed_over_and_confirmed_by_a_person(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """Nothing is decided about it until its link is known."""
    [id] = promise("kit")
    fake = FakeChannel("conditional", clock)

    class Kit:
        def publish(self, post: Any) -> Any:
            return Receipt("kit", "", handed=True)

    claims = ledger.claim(NOON, "worker", LEASE, ids=[id])
    deliver(ledger, claims, a_post, lambda c, o: replace(fake.open(c, o), adapter=cast("Adapter", Kit())), clock=clock)
    row = row_of(ledger, id)
    assert (row.state, row.verdict, [w.id for w in ledger.waiting()]) == ("handed", "", [id])
    clock.advance(dt.timedelta(minutes=9))
    assert ledger.confirm(id, "https://mp.example/1", "editor", clock.now())
    row = row_of(ledger, id)
    assert (row.state, row.verdict, row.url) == ("confirmed", "kept", "https://mp.example/1")
    assert not ledger.confirm(id, "https://other.example", "editor", clock.now())


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ("https://fake.example/a-title", "https://fake.example/a-title"),
        ("", "https://fake.example/1"),
        ("javascript:alert(1)", "https://fake.example/1"),
        (f"https://fake.example/?token={SECRET}", "https://fake.example/?token=***"),
    ],
)
def test_a_better_address_that_a_look_finds_takes_the_place_of_the_first(
    ledger: Ledger, promise: Promise, clock: Clock, found: str, kept: str
) -> None:
    """A short link becomes the page's own; what is no link changes nothing, and neither does when it was there."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog")
    publish(ledger, fake, clock)
    clock.advance(dt.timedelta(minutes=2))

    class Far:
        def find(self, post: Any, known: Any) -> Any:
            return replace(known.receipt, url=found, remote_id="another", at=clock.now())

    [result] = verify(ledger, lambda c, s: replace(fake.open(c, s), adapter=cast("Adapter", Far())), clock=clock)
    row, receipt = row_of(ledger, id), ledger.receipts_of([id])[id]
    assert (row.state, row.url, receipt.url, result.url) == ("seen", kept, kept, kept)
    assert (receipt.remote_id, receipt.at, row.finished) == ("1", NOON, NOON)


def test_published_is_seen_once_read_back(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """And what is not seen stays published, told, and is never sent again."""
    fake = FakeChannel("read-back", clock)
    one, two = promise("a", "b")
    publish(ledger, fake, clock)
    fake.posts.pop()
    run_until_settled(ledger, fake, clock)
    states = {state(ledger, one), state(ledger, two)}
    assert states == {"seen", "published"}
    assert fake.calls == 2
    [lost] = ledger.deliveries(states=[State.PUBLISHED])
    assert (lost.message, lost.wake, lost.verdict) == ("not seen at read-back", None, "kept")


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


def test_a_burst_pays_for_few_commits(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """A hundred deliveries of one slot: one transaction each to claim, freeze and intend, and a few for receipts."""
    fake = FakeChannel("read-back", clock)
    promise(*(f"c{n}" for n in range(100)))
    written = []

    class Counting:
        def __getattr__(self, name: Any) -> Any:
            return getattr(ledger, name)

        def receive(self, endings: Any, now: Any) -> Any:
            written.append(len(endings))
            return ledger.receive(endings, now)

    class Slow:
        def publish(self, post: Any) -> Any:
            time.sleep(0.005)
            return Receipt("1")

    claims = ledger.claim(NOON, "worker", LEASE)
    open_ = lambda c, o: replace(fake.open(c, o), adapter=cast("Adapter", Slow()))  # noqa: E731
    results = deliver(cast("Ledger", Counting()), claims, a_post, open_, clock=clock, workers=32)
    assert {r.state for r in results} == {State.PUBLISHED}
    assert sum(written) == 100
    assert len(written) < 60


def test_a_wave_begins_when_the_one_before_it_has_ended(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """The community's own pages first: whoever links to them links to something."""
    fake = FakeChannel("conditional", clock)
    promise("links", "more", "pages")
    results = publish(ledger, fake, clock, wave=lambda claim: 0 if claim.channel == "pages" else 1)
    assert {r.state for r in results} == {State.PUBLISHED}
    assert len(fake.posts) == 3
    assert fake.posts[0].key == ledger.marker(results[0].slot, "pages")


def test_what_waits_for_the_next_wave_is_known_not_to_be_sent(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """A crash in the first wave leaves the second as it was claimed: none of its posts is in doubt, on any platform."""
    fake = FakeChannel("blind", clock)
    _, later = promise("pages", "links")
    seen = []

    def request(post: Any, part: Any) -> None:
        seen.append(row_of(ledger, later).state)
        raise SystemExit

    fake._verbs.append(request)
    waves = publish(ledger, fake, clock, wave=lambda claim: 0 if claim.channel == "pages" else 1)
    assert seen == [State.CLAIMED]
    assert [r.state for r in waves] == [State.UNKNOWN, State.PUBLISHED]


def test_a_disk_that_is_full_at_the_second_wave_puts_nothing_in_doubt(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """The first wave went out; of the others it is known that they did not, and they are given back."""
    fake = FakeChannel("blind", clock)
    first, second, third = promise("pages", "links", "more")
    intend = ledger.intend

    def full(*args: Any, **more: Any) -> Any:
        if fake.calls:
            raise LedgerError("disk is full")
        return intend(*args, **more)

    ledger.intend = full  # type: ignore[method-assign]
    waves = {"pages": 0, "links": 1, "more": 2}
    with pytest.raises(LedgerError, match="full"):
        publish(ledger, fake, clock, wave=lambda claim: waves[claim.channel])
    assert [state(ledger, id) for id in (first, second, third)] == ["published", "due", "due"]
