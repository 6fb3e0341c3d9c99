"""How far the doubt of a restored ledger reaches, by the mark that lies beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import NOON, promised
from restore_bench import HOUR

from steadycast.delivery import settle
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.platform import Post
from steadycast.schedule.model import Assignment, Slot
from steadycast.testing import Clock, FakeAdapter, FakeChannel, There


def a_slot(ledger: Ledger, series: str, hours: int, channel: str = "blog") -> int:
    """A slot of a series so many hours from noon, due then, with a draft."""
    at = NOON + hours * HOUR
    slot = Slot(at, f"{series}@{at:%Y-%m-%dT%H:%M}", series, at.replace(tzinfo=None))
    if ledger.draft("d1") is None:
        promised(ledger, "elsewhere", at=NOON - 100 * HOUR)
    ledger.save_plan([slot], [Assignment(slot.id, "d1")], [PlannedDelivery(slot.id, channel)], at)
    [row] = ledger.deliveries(slots=[slot.id])
    assert row.id is not None
    return row.id


def send(ledger: Ledger, id: int) -> None:
    claims = ledger.claim(NOON, "w", HOUR, until=NOON + 1000 * HOUR, ids=[id])
    ledger.freeze([(c, b"x") for c in claims], NOON)
    assert len(ledger.intend(claims, NOON, HOUR)) == 1


@pytest.fixture
def plan(ledger: Ledger, tmp_path: Path) -> dict[str, int]:
    """A daily and a weekly series; `ledger` has a mark, and a copy of it is kept."""
    ledger.beside = tmp_path / "mark"
    return {
        f"{s}{h}": a_slot(ledger, s, h)
        for s, h in (("day", -1), ("day", 23), ("day", 47), ("week", 100), ("week", 268))
    }


def forgotten(ledger: Ledger) -> set[int]:
    """The ledger as it was before anything was sent: what is in doubt then."""
    with ledger.write() as connection:
        connection.exec_driver_sql(
            "UPDATE delivery SET state = 'due', wake = at, attempt = 0, token = 0, deadline = NULL"
        )
        connection.exec_driver_sql("UPDATE meta SET value = '0' WHERE key = 'intents'")
    elsewhere = {d.id for d in ledger.deliveries() if d.channel == "elsewhere"}
    return set(ledger.recover(NOON).unknown) - elsewhere


def test_the_mark_reaches_to_the_last_sending(ledger: Ledger, plan: dict[str, int]) -> None:
    """Sent at its hour: what was due until then, and nothing that comes."""
    send(ledger, plan["day-1"])
    assert forgotten(ledger) == {plan["day-1"]}
    assert ledger.recover(NOON).unknown == (), "once"


def test_a_slot_that_was_sent_ahead_drags_no_other_series_with_it(ledger: Ledger, plan: dict[str, int]) -> None:
    """`up` sent the weekly's next slot: it is in doubt, as is each series' next one before it, and no slot between."""
    send(ledger, plan["week100"])
    assert forgotten(ledger) == {plan["day-1"], plan["day23"], plan["week100"]}


def test_a_slot_far_ahead_is_reached_too(ledger: Ledger, plan: dict[str, int]) -> None:
    """`publish --slot` may name any: then all up to it are in doubt, which costs a look and doubles nothing."""
    send(ledger, plan["week268"])
    assert forgotten(ledger) == set(plan.values())


def test_a_whole_ledger_that_was_lost_is_a_persons(ledger: Ledger, plan: dict[str, int]) -> None:
    """Its markers are other ones: a look would find nothing, and that would prove nothing."""
    send(ledger, plan["day-1"])
    ledger.set_meta("secret", "00" * 32)
    assert forgotten(ledger) == {plan["day-1"]}
    row = ledger.delivery(plan["day-1"])
    assert row is not None
    assert row.wake is None
    assert ledger.doubts(NOON + 1000 * HOUR) == []


def test_what_a_person_frees_stays_free_whatever_is_planned(ledger: Ledger, plan: dict[str, int]) -> None:
    """Planning again, a refusal for now, another start: none of them puts it in doubt again."""
    send(ledger, plan["day-1"])
    forgotten(ledger)
    assert ledger.send_again(plan["day-1"], "editor", NOON)
    a_slot(ledger, "day", -1)
    assert ledger.recover(NOON).unknown == ()
    [claim] = ledger.claim(NOON, "w", HOUR, ids=[plan["day-1"]])
    later = Outcome(claim, State.DUE, NOON, code="429", message="busy", wake=NOON)
    assert ledger.release([later], NOON)
    assert ledger.recover(NOON).unknown == ()
    assert len(ledger.claim(NOON, "w", HOUR, ids=[plan["day-1"]])) == 1


def test_half_a_thread_is_a_persons(ledger: Ledger, plan: dict[str, int], clock: Clock) -> None:
    """The rest of it may be another draft's by now."""
    send(ledger, plan["day-1"])
    forgotten(ledger)
    with ledger.write() as connection:
        connection.exec_driver_sql("DELETE FROM frozen")
    row = ledger.delivery(plan["day-1"])
    assert row is not None
    far = FakeChannel("read-back", clock)
    far.posts.append(There("1", row.marker, 1, "one", NOON))
    thread = Post(row.marker, "blog", row.slot, "", "", "", "", ("one", "two"), NOON)
    clock.advance(2 * HOUR)

    def looked() -> Outcome:
        results = settle(ledger, far.open, stand_in=lambda _look: thread, clock=clock)
        return next(r for r in results if r.id == plan["day-1"])

    assert looked().state == State.UNKNOWN
    assert "1 parts are there" in ledger.waiting()[-1].message
    clock.advance(HOUR)
    far.posts.append(There("3", row.marker, 2, "two", NOON))
    assert looked().state == State.SEEN


def test_an_adapter_is_told_that_the_text_is_a_guess(
    ledger: Ledger, plan: dict[str, int], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform without a place for the key must not take what it does not find for what is not there."""
    send(ledger, plan["day-1"])
    forgotten(ledger)
    far, told = FakeChannel("read-back", clock), {}

    row = ledger.delivery(plan["day-1"])
    assert row is not None
    with ledger.write() as connection:
        connection.exec_driver_sql("DELETE FROM frozen")
    guess = Post(row.marker, "blog", row.slot, "", "", "", "", ("guessed",), NOON)
    monkeypatch.setattr(FakeAdapter, "find", lambda _self, post, known: told.update({post.key: known.frozen}))
    clock.advance(2 * HOUR)
    settle(ledger, far.open, stand_in=lambda _look: guess, clock=clock)
    assert told == {row.marker: False}
