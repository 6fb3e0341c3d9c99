"""One tick of delivery after another, as tests make them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from conftest import NOON, row_of

from steadycast.delivery import deliver, settle, verify
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import DeliveryRow
from steadycast.platform.post_bytes import post_to_bytes
from steadycast.testing import Clock, a_post

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


def sending(ledger: Ledger, ids: Any) -> Any:
    """Claims whose intents are durable."""
    claims = ledger.claim(NOON, "worker", LEASE, ids=ids)
    posts = [(c, post_to_bytes(a_post(c))) for c in claims]
    ledger.freeze(posts, NOON)
    return ledger.intend(claims, NOON, LEASE)
