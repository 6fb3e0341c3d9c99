"""Guards that no other test notices the loss of: each test here fails when its one line is taken out."""

from __future__ import annotations

import datetime as dt
import logging
import socket
import time
from importlib import import_module
from typing import Any

import pytest
from conftest import NOON, Promise, row_of
from pipeline_bench import EVENING, SETTINGS, Bench, article

from steadycast import pipeline
from steadycast.delivery import deliver
from steadycast.delivery.clock import NAP, wait_until
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.outgoing.connection import Connection
from steadycast.schedule.model import Assignment, Form, Origin, Series, StockItem
from steadycast.schedule.planner import plan
from steadycast.schedule.slots import slots
from steadycast.testing import Clock, FakeChannel, a_post

SECOND, MINUTE, HOUR, DAY = (dt.timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))


@pytest.mark.parametrize(("queued", "state"), [(130, State.PUBLISHED), (145, State.DUE)], ids=["in-time", "too-late"])
def test_a_send_that_would_end_just_within_its_lease_is_not_begun(
    ledger: Ledger, promise: Promise, clock: Clock, queued: int, state: State
) -> None:
    """Its deadline would fit, the spare would not: a cut at the deadline and the kernel's at the turn's end are apart."""
    fake = FakeChannel("read-back", clock, deadline=60)  # a lease of 120 + 60 + 30 seconds, of which 75 must be left
    ids = promise("a", "b")

    def slow(post: Any, part: Any) -> Any:
        clock.advance(queued * SECOND)
        return fake._accept(post, part)

    fake._verbs.append(slow)
    claims = ledger.claim(clock.now(), "worker", 5 * MINUTE, ids=ids)
    first, second = deliver(ledger, claims, a_post, fake.open, clock=clock, workers=1)
    assert first.state == State.PUBLISHED
    assert second.state == state
    assert len(fake.posts) == (2 if state == State.PUBLISHED else 1)


def test_an_alarm_that_breaks_undoes_no_tick(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What was due has gone out, the tick is kept, and the log has one line without a word of the error's."""
    app = bench.set_up(SETTINGS, {"pgc/one.md": article("One")})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    pipeline.publish(app)
    bench.clock.advance(EVENING - bench.clock.now())

    def breaks(*_: Any) -> None:
        raise RuntimeError("slack://s3cret")

    monkeypatch.setattr(import_module("steadycast.pipeline.report"), "alarm", breaks)
    with caplog.at_level(logging.WARNING):
        done = pipeline.publish(app)
    assert {sent.state for sent in done.sent} == {State.PUBLISHED}
    assert app.ledger.last_tick() == EVENING
    assert "RuntimeError" in caplog.text
    assert "s3cret" not in caplog.text


class SetOnce(Clock):
    """A clock that is set by so much at its third nap."""

    def __init__(self, now: dt.datetime, by: dt.timedelta) -> None:
        super().__init__(now)
        self.by = by
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        super().sleep(seconds)
        if len(self.naps) == 3:
            self.set_wall(self.now() + self.by)


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_hold_notices_within_a_nap_that_the_clock_was_set(by: dt.timedelta) -> None:
    """It ends at its instant by the wall as it is then: neither an hour late nor an hour early."""
    clock = SetOnce(NOON - HOUR, by)
    wait_until(clock, NOON)
    assert max(clock.naps) <= NAP
    waited = dt.timedelta(seconds=sum(clock.naps))
    assert waited < 2 * SECOND if by > dt.timedelta() else waited > 2 * HOUR - 2 * SECOND
    assert clock.now() >= NOON


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no such option")
def test_the_system_drops_what_it_holds_of_a_request_at_its_deadline() -> None:
    """Bytes that a dead network still holds are not sent minutes later, when others have sent the post."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        wire = Connection(time.monotonic() + 7.0, public_only=False)
        with wire.connect(*server.getsockname()) as sock:
            assert 5000 < sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 7000
        wire.close()


@pytest.mark.parametrize("days", [1, 10, 89])
def test_an_evergreen_rests_before_its_next_use_as_after_its_last(days: int) -> None:
    """A person has put it into a slot to come: it does not fill one within its cooldown before that."""
    now = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    series = Series("notes", every="day at 20:00", fill=("evergreen",))
    coming = slots(series, now, now + (days + 1) * DAY)
    old = StockItem("old", Form.ARTICLE, Origin.PGC, evergreen=True)
    chosen = {each.slot: each.draft for each in plan([series], coming, [old], [], [], now)}
    assert chosen[coming[0].id] == "old"
    later = Assignment(coming[-1].id, "old", fixed=True)
    chosen = {each.slot: each.draft for each in plan([series], coming, [old], [later], [], now)}
    assert chosen == {coming[-1].id: "old"}


@pytest.mark.parametrize("slow", [140, 340], ids=["slow", "very-slow"])
def test_a_busy_machine_starves_no_delivery_for_ever(ledger: Ledger, promise: Promise, clock: Clock, slow: int) -> None:
    """Each commit of an intent takes minutes, so that too little of its turn is left: every try has more to spare."""
    fake = FakeChannel("read-back", clock, deadline=60)
    [id] = promise("blog")
    intend = ledger.intend

    def slowly(claims: Any, now: Any, lease: Any, **more: Any) -> Any:
        granted = intend(claims, now, lease, **more)
        clock.advance(slow * SECOND)
        return granted

    ledger.intend = slowly  # type: ignore[method-assign]
    for tries in range(1, 10):
        ledger.recover(clock.now())
        claims = ledger.claim(clock.now(), "worker", 5 * MINUTE, ids=[id])
        [result] = deliver(ledger, claims, a_post, fake.open, clock=clock, workers=1)
        if result.state == State.PUBLISHED:
            break
        assert not fake.calls
    assert row_of(ledger, id).state == State.PUBLISHED
    assert tries == (2 if slow == 140 else 8)
    assert len(fake.posts) == 1
