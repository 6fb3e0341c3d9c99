"""What a far side asked to wait for, since when a post is there, and who else has to wait: nobody."""

from __future__ import annotations

import datetime as dt
import sys
import threading
import time
from typing import Any

import pytest
from conftest import NOON, Promise, row_of
from pipeline_bench import EVENING, SETTINGS, Bench, article

from steadycast import alarms, pipeline
from steadycast.alarms.due import Alarm
from steadycast.delivery import deliver, settle
from steadycast.errors import InputError
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.platform import Receipt
from steadycast.testing import Clock, FakeChannel, a_post

SECOND, MINUTE, HOUR = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)
ONE_EACH = {"pgc/one.md": article("One")}


def planned(bench: Bench, settings: Any = SETTINGS, content: Any = ONE_EACH) -> Any:
    app = bench.set_up(settings, content)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    return app


# What a far side asked to wait for


def test_a_person_does_not_ask_sooner_than_the_far_side_said(bench: Bench) -> None:
    """Published by hand ahead of its hour, and told to come later: asked again and again, one request is made."""
    app = planned(bench, SETTINGS.replace('channels = ["site", "far"]', 'channels = ["far"]'))
    bench.far("busy")
    for _ in range(4):
        told = pipeline.publish(app, series="daily")
        bench.clock.advance(5 * SECOND)
    assert len(bench.calls()) == 1
    assert "tried again from" in told.rows()[0]["message"]
    bench.clock.advance(MINUTE)
    assert pipeline.publish(app, series="daily").sent[0].state == State.PUBLISHED
    assert len(bench.calls()) == 2


# Since when it is there


@pytest.mark.parametrize(
    ("at", "verdict"), [("", "late"), ("20:03", "kept"), ("2026-11-23 20:03", "kept"), ("21:30", "late")]
)
def test_what_was_there_in_time_and_is_told_the_next_morning_is_kept(bench: Bench, at: str, verdict: str) -> None:
    """Only a person knows since when: said with `--at`, the record has it."""
    app = planned(bench, SETTINGS.replace('["site", "far"]', '["far"]'))
    bench.clock.advance(EVENING - bench.clock.now())
    bench.far("cut")
    pipeline.publish(app)
    [row] = app.ledger.deliveries(states=(State.UNKNOWN,))
    bench.clock.advance(13 * HOUR)
    pipeline.settle(app, row.marker, url="https://far.example/1", again=False, now=bench.clock.now(), at=at)
    assert app.ledger.delivery(row.id).verdict == verdict


@pytest.mark.parametrize("at", ["soon", "25:00", "2026-11-31 20:00", "2026-11-27 20:00"])
def test_a_time_that_is_none_or_is_still_to_come_is_refused(bench: Bench, at: str) -> None:
    app = planned(bench, SETTINGS.replace('["site", "far"]', '["far"]'))
    bench.clock.advance(EVENING - bench.clock.now())
    bench.far("cut")
    pipeline.publish(app)
    [row] = app.ledger.deliveries(states=(State.UNKNOWN,))
    with pytest.raises(InputError):
        pipeline.settle(app, row.marker, url="https://far.example/1", again=False, now=bench.clock.now(), at=at)
    assert app.ledger.delivery(row.id).state == State.UNKNOWN


@pytest.mark.parametrize(
    ("says", "since"),
    [
        (NOON + 2 * SECOND, NOON + 2 * SECOND),
        (NOON - 2 * SECOND, None),  # before its hour, and it was not sent before
        (NOON + 30 * HOUR, None),  # still to come
        (None, None),
    ],
    ids=["possible", "before-it-was-sent", "still-to-come", "not-told"],
)
def test_a_far_sides_own_time_is_used_where_it_can_be_true(
    ledger: Ledger, promise: Promise, clock: Clock, says: Any, since: Any
) -> None:
    """Found hours later by read-back: since when it is there only the far side knows, and it may be wrong."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog")
    fake.accept_then_cut()
    claims = ledger.claim(clock.now(), "worker", 5 * MINUTE, ids=[id])
    deliver(ledger, claims, a_post, fake.open, clock=clock, workers=1)
    clock.advance(3 * HOUR)
    if says != NOON - 2 * SECOND:
        fake.look = lambda post: Receipt("1", "https://fake.example/1", says)  # type: ignore[method-assign]
    else:  # an hour before its request was made
        fake.look = lambda post: Receipt("1", "https://fake.example/1", says - 2 * HOUR)  # type: ignore[method-assign]
    settle(ledger, fake.open, clock=clock, workers=1)
    row = row_of(ledger, id)
    assert row.finished == (since or clock.now())
    assert row.verdict == ("kept" if since else "late")


# Nobody has to wait for others


def test_more_than_a_thousand_deliveries_of_one_instant_are_claimed_at_once(
    ledger: Ledger, promise: Promise, clock: Clock
) -> None:
    """The limit was a thousand: the others were late by a tick."""
    ids = promise(*(f"c{n}" for n in range(1_100)))
    assert {claim.id for claim in ledger.claim(clock.now(), "worker", MINUTE)} == set(ids)


def test_alarm_addresses_that_hang_hold_up_a_tick_for_one_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four that never answer and one that does: it is told, and the tick goes on."""
    monkeypatch.setattr(sys.modules["steadycast.alarms.send"], "PATIENCE", 0.3)
    never, told = threading.Event(), []

    def notify(url: str, title: Any, body: Any) -> bool:
        if url != "good":
            never.wait(20)
        told.append(url)
        return True

    began = time.monotonic()
    alarm = Alarm("machinery:tick:quiet", "machinery", "down")
    assert alarms.send([alarm], ["a", "b", "good", "c", "d"], notify)
    assert time.monotonic() - began < 5
    assert told == ["good"]
    assert not alarms.send([alarm], ["a"], notify)
    never.set()
