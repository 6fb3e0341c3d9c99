"""Amendments in the ledger, on both databases: one worker at a time, the newest request holds, and nothing else moves."""

from __future__ import annotations

import datetime as dt
import threading
from functools import partial
from typing import Any

import pytest
from conftest import NOON, Promise

from steadycast.delivery.steps import Steps
from steadycast.errors import Busy, Fenced, Refused, Unknown
from steadycast.ledger.amendments import TAKEN_AWAY, amending
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.receipt import Receipt
from steadycast.testing import Clock

MINUTE, LEASE = dt.timedelta(minutes=1), dt.timedelta(minutes=5)


@pytest.fixture
def out(ledger: Ledger, promise: Promise) -> int:
    """A post that is out."""
    [id] = promise("far")
    [claim] = ledger.claim(NOON, "w", LEASE, ids=[id])
    ledger.freeze([(claim, b"one")], NOON)
    [claim] = ledger.intend([claim], NOON, LEASE)
    proof = Receipt("7", "https://far.example/7", detail={"parts": ["a"]})
    ledger.receive([Outcome(claim, State.PUBLISHED, NOON, proof, wake=NOON + MINUTE)], NOON)
    return id


def begun(ledger: Ledger, out: int, revision: str = "r2", after: dt.timedelta = MINUTE, **more: Any) -> Delivery:
    claim = ledger.begin_amendment(out, revision, NOON + after, LEASE, who="editor", why="a year", **more)
    assert claim
    return claim


def ended(
    ledger: Ledger,
    claim: Delivery,
    state: State = State.PUBLISHED,
    wake: dt.datetime | None = None,
    post: bytes = b"two",
) -> bool:
    proof = Receipt("other", "https://elsewhere.example", detail={"parts": ["b"]}) if state == State.PUBLISHED else None
    return ledger.end_amendment(claim, Outcome(claim, state, NOON, proof, wake=wake), post, NOON)


def stands(ledger: Ledger) -> dict[str, str]:
    return {row.revision: row.state for row in ledger.amendments_of()}


def test_a_revised_post_keeps_all_but_its_words(ledger: Ledger, out: int) -> None:
    before = ledger.delivery(out)
    assert ended(ledger, begun(ledger, out))
    after, receipt = ledger.delivery(out), ledger.receipts_of([out])[out]
    assert before
    assert after
    for name in ("state", "verdict", "finished", "wake", "url", "remote_id", "marker", "looks"):
        assert getattr(after, name) == getattr(before, name), name
    assert (after.revision, ledger.frozen([out])[out]) == ("r2", b"two")
    assert (receipt.remote_id, receipt.url, receipt.at, receipt.detail) == (
        "7", "https://far.example/7", NOON, {"parts": ["b"]},
    )  # fmt: skip
    assert [event.kind for event in ledger.events(out)][-2:] == ["revising", "revised"]


def test_what_is_taken_away_is_used_and_not_looked_for(ledger: Ledger, out: int) -> None:
    assert ended(ledger, begun(ledger, out, TAKEN_AWAY))
    row = ledger.delivery(out)
    assert row
    assert (row.state, row.verdict, row.finished, row.wake) == (State.WITHDRAWN, "kept", NOON, None)
    assert ledger.unseen(NOON + 9 * MINUTE) == []
    assert ledger.linkable()[0].urls == {}
    assert [past.draft for past in ledger.used()] == ["d1"]
    assert ledger.begin_amendment(out, "r2", NOON, LEASE) is None
    assert ledger.begin_amendment(out, TAKEN_AWAY, NOON, LEASE) is None


def test_one_worker_has_it_until_its_lease_is_over(ledger: Ledger, out: int) -> None:
    first = begun(ledger, out)
    assert ledger.begin_amendment(out, "r2", NOON + 2 * MINUTE, LEASE) is None
    assert ledger.begin_amendment(out, TAKEN_AWAY, NOON + 2 * MINUTE, LEASE) is None
    assert ledger.amendments_due(NOON + 2 * MINUTE) == []
    assert [row.revision for row in ledger.amendments_due(NOON + 7 * MINUTE)] == ["r2"]
    second = begun(ledger, out, after=7 * MINUTE)
    assert (second.token, second.attempt) == (first.token + 1, 2)
    assert not ended(ledger, first), "it is another worker's by now"
    assert ended(ledger, second)
    assert not ended(ledger, second), "once"


def test_only_one_of_many_begins(ledger: Ledger, out: int) -> None:
    got: list[Delivery | None] = []
    workers = [
        threading.Thread(target=lambda: got.append(ledger.begin_amendment(out, "r2", NOON, LEASE))) for _ in range(6)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(claim is not None for claim in got) == 1


@pytest.mark.parametrize("state", [State.DUE, State.UNKNOWN, State.REFUSED])
def test_the_newest_request_takes_the_others_place(ledger: Ledger, out: int, state: State) -> None:
    ended(ledger, begun(ledger, out), state, wake=NOON + 9 * MINUTE if state == State.DUE else None)
    ended(ledger, begun(ledger, out, "r3"))
    assert stands(ledger) == {"r2": state if state == State.REFUSED else State.CANCELLED, "r3": State.PUBLISHED}
    assert ledger.amendments_due(NOON + LEASE * 99) == []
    ended(ledger, begun(ledger, out, "r2"))
    assert stands(ledger) == {"r2": State.PUBLISHED, "r3": State.PUBLISHED}
    row = ledger.delivery(out)
    assert row
    assert row.revision == "r2"


def test_what_is_not_out_cannot_be_amended(ledger: Ledger, promise: Promise) -> None:
    [id] = promise("far")
    assert ledger.begin_amendment(id, "r2", NOON, LEASE) is None
    assert ledger.amendments_of() == []


def test_who_amends_is_named_as_who_sends_until_it_has_ended(ledger: Ledger, out: int) -> None:
    claim = begun(ledger, out, owner="here:7")
    assert ledger.being_sent() == ["here:7"]
    ended(ledger, claim)
    assert ledger.being_sent() == []
    assert ledger.begin_amendment(out, "r2", NOON, LEASE, owner="there:8")
    assert ledger.begin_amendment(out, "r3", NOON, LEASE, owner="late:9") is None
    assert ledger.being_sent() == ["there:8"]


def test_a_step_is_kept_as_of_a_publish(ledger: Ledger, out: int, clock: Clock) -> None:
    """It is made once; what surely did not arrive is made again, what may have waits for a person's `again`."""
    claim, sent = begun(ledger, out, after=dt.timedelta()), list[str]()
    steps = Steps(ledger, claim, clock, amending)

    def fails(error: Exception) -> str:
        sent.append("x")
        raise error

    for error in (Busy("later"), Refused("no")):
        with pytest.raises(type(error)):
            steps.step("part-2", partial(fails, error))
    assert steps.step("part-2", lambda: "id-2") == "id-2"
    assert steps.step("part-2", lambda: fails(Unknown("again"))) == "id-2"
    with pytest.raises(Unknown):
        steps.step("part-3", lambda: fails(Unknown("cut")))
    for _ in range(2):
        with pytest.raises(Unknown, match="begun before"):
            steps.step("part-3", lambda: fails(Unknown("cut")))
    assert len(sent) == 3
    ended(ledger, claim, State.UNKNOWN)
    again = Steps(ledger, begun(ledger, out, after=dt.timedelta(), again=True), clock, amending)
    assert again.step("part-3", lambda: "id-3") == "id-3"
    assert ledger.steps_of([out])[out] == {"part-2": "id-2", "part-3": "id-3"}
    with pytest.raises(Fenced):
        steps.step("part-4", lambda: fails(Unknown("never")))
    assert len(sent) == 3


def test_a_wall_that_is_set_ends_no_lease(ledger: Ledger, out: int, clock: Clock) -> None:
    """Its lease lasts as long as before, whatever the wall says meanwhile."""
    ledger.clock = clock.reading
    ledger.recover(clock.now())
    begun(ledger, out, after=dt.timedelta())
    clock.set_wall(NOON + dt.timedelta(days=1))
    ledger.recover(clock.now())
    assert ledger.begin_amendment(out, "r3", clock.now(), LEASE) is None
    assert ledger.amendments_due(clock.now()) == []
    clock.advance(2 * LEASE)
    assert len(ledger.amendments_due(clock.now())) == 1


def test_a_channel_with_one_writer_has_one(ledger: Ledger, out: int, promise: Promise) -> None:
    """A post that is being sent holds an amendment off, and an amendment a post."""
    [other] = promise("far", at=NOON + MINUTE, draft="d2")
    [claim] = ledger.claim(NOON + MINUTE, "w", LEASE, ids=[other])
    ledger.freeze([(claim, b"x")], NOON + MINUTE)
    assert ledger.intend([claim], NOON + MINUTE, MINUTE, alone={"far"})
    assert ledger.begin_amendment(out, "r2", NOON + MINUTE, LEASE, alone=True) is None
    assert ledger.amendments_of() == []
    assert ledger.begin_amendment(out, "r2", NOON + 3 * MINUTE, LEASE, alone=True)
    [third] = promise("far", at=NOON + 2 * MINUTE, draft="d3")
    [claim] = ledger.claim(NOON + 3 * MINUTE, "w", LEASE, ids=[third])
    ledger.freeze([(claim, b"x")], NOON + 3 * MINUTE)
    assert ledger.intend([claim], NOON + 3 * MINUTE, MINUTE, alone={"far"}) == []
