"""Every move of a delivery: from the state it must be in and from no other, by whoever holds it and by nobody else."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from conftest import NOON, Promise, decided, row_of
from sqlalchemy import update

from steadycast.errors import Fenced
from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.installation import markers
from steadycast.ledger.outcomes import NEXT, Outcome
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.receipt import Receipt

LEASE = dt.timedelta(minutes=5)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def stands(ledger: Ledger, promise: Promise) -> Callable[..., int]:
    """Put a delivery into any state, with token 1 and a lease: its id."""

    def put(state: Any, *, wake: Any = NOON, lease: Any = NOON + LEASE) -> int:
        [id] = promise("blog")
        with ledger.write() as connection:
            values = {
                "state": state.value,
                "wake": wake,
                "token": 1,
                "attempt": 1,
                "lease": lease,
                "frozen": "h",
                "verdict": "",
            }
            connection.execute(update(DELIVERY).where(DELIVERY.c.id == id).values(**values))
        return id

    return put


def a_claim(ledger: Ledger, id: Any) -> Any:
    """What a worker holds that claimed it with token 1."""
    row = row_of(ledger, id)
    late = dt.timedelta(seconds=row.late)
    return Delivery(
        id,
        row.slot,
        row.channel,
        row.series,
        row.at,
        late,
        row.marker,
        "d1",
        attempt=1,
        token=1,
        lease=NOON + LEASE,
    )


def end(state: Any, **more: Any) -> Any:
    def outcome(id: Any, token: int = 1) -> Any:
        proof = Receipt("1", "https://x") if state in (State.PUBLISHED, State.HANDED, State.SEEN) else None
        held = Delivery(id, "s", "blog", "s", NOON, HOUR, "m", token=token)
        return Outcome(held, state, NOON, proof, wake=NOON if state == State.DUE else None, **more)

    return outcome


def ended_by(writer: str, after: State, ledger: Ledger, id: int) -> Any:
    return getattr(ledger, writer)([end(after)(id)], NOON)


# name, states it may be called from, call -> whether it moved
MOVES: dict[str, tuple[set[State], Callable[[Any, Any], Any]]] = {
    "claim": ({State.DUE}, lambda ledger, row: ledger.claim(NOON, "w", LEASE, ids=[row])),
    "freeze": ({State.CLAIMED}, lambda ledger, row: ledger.freeze([(a_claim(ledger, row), b"x")], NOON)),
    "intend": ({State.CLAIMED}, lambda ledger, row: ledger.intend([a_claim(ledger, row)], NOON, LEASE)),
    "held": ({State.SENDING}, lambda ledger, row: ledger.held([a_claim(ledger, row)])),
    "settle_as_there": ({State.UNKNOWN}, lambda ledger, row: ledger.settle_as_there(row, "https://x", "ed", NOON)),
    "settle_as_missed": ({State.UNKNOWN}, lambda ledger, row: ledger.settle_as_missed(row, "ed", NOON)),
    "send_again": ({State.UNKNOWN}, lambda ledger, row: ledger.send_again(row, "ed", NOON)),
    "confirm": ({State.HANDED}, lambda ledger, row: ledger.confirm(row, "https://x", "ed", NOON)),
    "retry": ({State.REFUSED, State.MISSED}, lambda ledger, row: ledger.retry(row, "ed", NOON)),
    "cancel": (
        {State.PLANNED, State.DUE, State.CLAIMED, State.REFUSED, State.HANDED},
        lambda ledger, row: ledger.cancel(row, "ed", NOON),
    ),
    "lapsed claim": ({State.CLAIMED}, lambda ledger, row: ledger.recover(NOON + HOUR).due),
    "lapsed sending": ({State.SENDING}, lambda ledger, row: ledger.recover(NOON + HOUR).unknown),
}
WRITERS = {State.CLAIMED: "release", State.SENDING: "receive", State.UNKNOWN: "looked", State.PUBLISHED: "verified"}
for before, writer in WRITERS.items():
    for after in sorted(NEXT[before]):
        MOVES[f"{writer} {after}"] = (
            {before},
            partial(ended_by, writer, after),
        )


@pytest.mark.parametrize("move", MOVES)
def test_a_move_is_made_from_its_own_states_only(ledger: Ledger, stands: Callable[..., int], move: Any) -> None:
    """From any other state it changes nothing and says so."""
    allowed, call = MOVES[move]
    for state in State:
        id = stands(state)
        before = ledger.delivery(id)
        moved = bool(call(ledger, id))
        assert moved == (state in allowed), state
        if not moved and not move.startswith("lapsed"):
            assert ledger.delivery(id) == before


@pytest.mark.parametrize(("before", "writer"), WRITERS.items())
def test_an_ending_with_an_old_token_is_not_taken(
    ledger: Ledger, stands: Callable[..., int], before: Any, writer: Any
) -> None:
    """A worker that was taken over writes nothing, whatever it found."""
    id = stands(before)
    for after in NEXT[before]:
        assert getattr(ledger, writer)([end(after)(id, token=0)], NOON) == frozenset()
    assert row_of(ledger, id).state == before


@pytest.mark.parametrize(("before", "writer"), WRITERS.items())
def test_an_ending_that_cannot_follow_is_a_mistake_in_the_program(
    ledger: Ledger, stands: Callable[..., int], before: Any, writer: Any
) -> None:
    """It is not written and not passed over in silence."""
    id = stands(before)
    for after in set(State) - NEXT[before]:
        with pytest.raises(ValueError, match="cannot become"):
            getattr(ledger, writer)([end(after)(id)], NOON)


def test_a_lease_that_ran_out_gives_no_intent_and_no_step(ledger: Ledger, stands: Callable[..., int]) -> None:
    """At the very second it ends it is over."""
    id = stands(State.CLAIMED)
    claim = a_claim(ledger, id)
    assert ledger.intend([claim], NOON + LEASE, LEASE) == []
    assert len(ledger.intend([claim], NOON, LEASE)) == 1
    with pytest.raises(Fenced):
        ledger.begin_step(claim, "part-1", NOON + LEASE, LEASE)
    assert ledger.begin_step(claim, "part-1", NOON, 2 * LEASE).first
    assert row_of(ledger, id).lease == NOON + 2 * LEASE
    assert not ledger.begin_step(claim, "part-1", NOON, LEASE).first
    assert row_of(ledger, id).lease == NOON + 2 * LEASE  # never shorter


def test_a_step_is_taken_back_by_whom_the_delivery_is(ledger: Ledger, stands: Callable[..., int]) -> None:
    """A worker who was paused after a 429 wakes when another sends the same part: that one's beginning stays."""
    id = stands(State.CLAIMED)
    [sleeper] = ledger.intend([a_claim(ledger, id)], NOON, LEASE)
    ledger.begin_step(sleeper, "part-2", NOON, LEASE)
    later = NOON + 2 * LEASE
    ledger.recover(later)
    ledger.looked([end(State.DUE)(id, token=sleeper.token)], later)
    [other] = ledger.claim(later, "other", LEASE, ids=[id])
    [other] = ledger.intend([other], later, LEASE)
    assert ledger.begin_step(other, "part-2", later, LEASE).first
    assert not ledger.forget_step(sleeper, "part-2")
    assert ledger.steps_of([id])[id] == {"part-2": None}
    assert ledger.finish_step(other, "part-2", "remote-2", later)
    assert not ledger.begin_step(other, "part-2", later, LEASE).first


def test_what_a_step_made_is_kept_whatever_became_of_its_beginning(ledger: Ledger, stands: Callable[..., int]) -> None:
    """It is there: who sends next must know. The first id that is told stays."""
    id = stands(State.CLAIMED)
    [claim] = ledger.intend([a_claim(ledger, id)], NOON, LEASE)
    assert ledger.finish_step(claim, "part-2", "remote-2", NOON)
    assert not ledger.finish_step(claim, "part-2", "another", NOON)
    assert ledger.begin_step(claim, "part-2", NOON, LEASE).value == "remote-2"


def test_an_intent_needs_a_frozen_post(ledger: Ledger, promise: Promise) -> None:
    """What is not written down is not sent."""
    [id] = promise("blog")
    claims = ledger.claim(NOON, "w", LEASE, ids=[id])
    assert ledger.intend(claims, NOON, LEASE) == []


def test_every_claim_has_a_higher_token(ledger: Ledger, promise: Promise) -> None:
    """The token grows with each claim, the attempt too."""
    [id] = promise("blog")
    now = NOON
    seen = []
    for _ in range(3):
        [claim] = ledger.claim(now, "w", LEASE, ids=[id])
        seen.append((claim.token, claim.attempt))
        now += LEASE
        assert ledger.recover(now).due == (id,)
    assert seen == [(1, 1), (2, 2), (3, 3)]


def test_nothing_is_claimed_before_its_time(ledger: Ledger, promise: Promise) -> None:
    """Not by its id either; ahead of its slot only by a worker that says until when it will hold it."""
    [id] = promise("blog", at=NOON + HOUR)
    assert ledger.claim(NOON, "w", LEASE, ids=[id]) == []
    assert ledger.claim(NOON, "w", LEASE, until=NOON + HOUR - dt.timedelta(seconds=1), ids=[id]) == []
    assert len(ledger.claim(NOON, "w", LEASE, until=NOON + HOUR, ids=[id])) == 1


def test_nothing_past_late_is_claimed(ledger: Ledger, promise: Promise) -> None:
    """Ten days of posts do not go out in one minute: recovery misses them."""
    ids = [promise("blog", at=NOON - n * dt.timedelta(days=1))[0] for n in range(1, 11)]
    assert ledger.claim(NOON, "w", LEASE, ids=ids) == []
    assert sorted(ledger.recover(NOON).missed) == sorted(ids)
    assert ledger.counts() == {State.MISSED: 10}


def test_a_slot_without_a_draft_is_missed_once_late_is_past(ledger: Ledger, promise: Promise) -> None:
    """Until then a draft may still come; then the gap is on the record."""
    [id] = promise("blog", draft=None)
    assert ledger.slots_due(NOON + HOUR) == []
    assert ledger.recover(NOON + 11 * HOUR).missed == ()
    assert ledger.recover(NOON + 13 * HOUR).missed == (id,)
    assert (row_of(ledger, id).verdict, row_of(ledger, id).message) == ("missed", "no draft")


@pytest.mark.parametrize(
    ("after", "filled", "verdict"),
    [
        (dt.timedelta(0), False, "kept"),
        (dt.timedelta(minutes=10), False, "kept"),
        (dt.timedelta(minutes=10, microseconds=1), False, "late"),
        (dt.timedelta(minutes=10), True, "filled"),
        (dt.timedelta(hours=2), True, "late"),
    ],
)
def test_the_verdict_is_written_with_the_receipt(
    ledger: Ledger, promise: Promise, after: Any, filled: bool, verdict: str
) -> None:
    """Within grace it is kept, or filled where the draft came from reserve; after it, late."""
    [id] = promise("blog", filled=filled)
    promise("blog", at=NOON + HOUR, draft="d2", filled=not filled)  # says nothing of this one
    claims = ledger.claim(NOON, "w", LEASE, ids=[id])
    ledger.freeze([(replace(claims[0], revision="r"), b"x")], NOON)
    ledger.intend(claims, NOON, LEASE)
    assert ledger.receive([Outcome(claims[0], State.PUBLISHED, NOON + after, Receipt("1"))], NOON + after) == {id}
    row = row_of(ledger, id)
    assert (row.verdict, row.finished, row.revision, row.member) == (verdict, NOON + after, "r", "alice")
    assert [each.id for each in decided(ledger)] == [id]


def test_a_person_who_sends_again_past_late_gets_an_hour(ledger: Ledger, stands: Callable[..., int]) -> None:
    """The record still says late; without the hour it would be missed before it is claimed."""
    id = stands(State.UNKNOWN)
    later = NOON + 20 * HOUR
    assert ledger.send_again(id, "ed", later)
    assert ledger.recover(later).missed == ()
    assert len(ledger.claim(later, "w", LEASE, ids=[id])) == 1


@pytest.mark.parametrize("workers", [2, 8])
def test_of_many_claimers_one_has_it(database: str, ledger: Ledger, promise: Promise, workers: int) -> None:
    """Threads with connections of their own, all at once, over and over: each delivery is claimed once."""
    ids = promise(*(f"c{n}" for n in range(12)))
    start = threading.Barrier(workers)
    won: list[list[int]] = []
    failed: list[Exception] = []

    def race(name: Any) -> None:
        try:
            with Ledger.open(database) as mine:
                start.wait()
                won.extend([c.id for c in mine.claim(NOON, name, LEASE, limit=1)] for _ in ids)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=race, args=[f"w{n}"]) for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(id for claimed in won for id in claimed) == sorted(ids)


CLAIM_ALL = """
import datetime as dt, sys
from steadycast.ledger.store import Ledger
at = dt.datetime.fromisoformat(sys.argv[2])
with Ledger.open(sys.argv[1]) as ledger:
    sys.stdin.readline()
    while claims := ledger.claim(at, "w", dt.timedelta(minutes=5), limit=1):
        print(claims[0].id)
"""


@pytest.mark.slow
@pytest.mark.parallel
def test_of_several_processes_one_has_it(database: str, ledger: Ledger, promise: Promise) -> None:
    """Two workers of one community share nothing but the ledger."""
    ids = promise(*(f"c{n}" for n in range(20)))
    command = [sys.executable, "-c", CLAIM_ALL, database, NOON.isoformat()]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [worker.communicate("go\n", timeout=60)[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert sorted(int(id) for claimed in told for id in claimed) == sorted(ids)


CLAIM_TOLD = """
import datetime as dt, sys
from steadycast.ledger.store import Ledger
at = dt.datetime.fromisoformat(sys.argv[2])
with Ledger.open(sys.argv[1]) as ledger:
    print("ready", flush=True)
    for id in map(int, sys.stdin):
        claims = ledger.claim(at, "w", dt.timedelta(minutes=5), ids=[id])
        print(len(claims), flush=True)
"""


@pytest.mark.parallel
@pytest.mark.slow
def test_of_five_hundred_races_each_has_one_winner(database: str, ledger: Ledger, promise: Promise) -> None:
    """Two to eight processes, told at once which delivery to take; another is first in line each time."""
    ids = promise(*(f"c{n}" for n in range(500)))
    command = [sys.executable, "-c", CLAIM_TOLD, database, NOON.isoformat()]
    workers: list[Any] = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in range(8)
    ]
    try:
        assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * 8
        won: Counter[int] = Counter()
        for n, id in enumerate(ids):
            racers = [workers[(n + k) % 8] for k in range(2 + n % 7)]
            for racer in racers:
                racer.stdin.write(f"{id}\n")
            told = [int(racer.stdout.readline()) for racer in racers]
            assert sum(told) == 1, f"race {n}: {told}"
            won[told.index(1)] += 1
    finally:
        for worker in workers:
            worker.communicate(timeout=60)
    assert [worker.returncode for worker in workers] == [0] * 8
    assert won[0] < 490, "the first to be told won nearly all: they did not race"
    assert {(row.state, row.token) for row in ledger.deliveries()} == {(State.CLAIMED, 1)}


@pytest.mark.parametrize("secret", [b"", b"k" * 32, bytes(range(64))])
def test_a_marker_is_the_beginning_of_an_hmac(secret: bytes) -> None:
    """Whoever has the secret can compute it with any library; a longer secret than a hash's block is never made."""
    whole = base64.b32encode(hmac.digest(secret, "早安@2026-11-27T20:00|blog".encode(), "sha256")).decode()
    assert markers(secret)("早安@2026-11-27T20:00", "blog") == whole[:13].lower()
    with pytest.raises(ValueError, match="longer"):
        markers(secret + bytes(65))
