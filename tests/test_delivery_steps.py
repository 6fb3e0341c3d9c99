"""Threads and other publishes in several steps: they go on after the last one that is known."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from conftest import NOON, Promise, row_of
from ticks import CLASSES, LEASE, publish, run_until_settled, sending, state

from steadycast.delivery import deliver, settle, verify
from steadycast.delivery.steps import Steps
from steadycast.errors import Busy, Refused, Unknown
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.platform import Known, Platform, Receipt
from steadycast.platform.contract import Step
from steadycast.testing import Clock, Died, FakeChannel, a_post


def steps_for(ledger: Ledger, claim: Delivery, platform: Platform, clock: Clock) -> Step:
    """`Channel.step` for one attempt at one channel."""
    steps = Steps(ledger, claim, clock)
    steps.platform(platform)
    return steps.step


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
