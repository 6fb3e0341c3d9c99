"""Many deliveries at once: few commits, and one wave after another."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import pytest
from conftest import NOON, Promise, row_of
from sqlalchemy import event
from ticks import LEASE, SECOND, publish, state

from steadycast.delivery import deliver
from steadycast.delivery.jobs import ComeBack, Job
from steadycast.errors import LedgerError
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.platform import Adapter, Receipt
from steadycast.testing import Clock, FakeChannel, a_post


def test_a_burst_pays_for_few_commits(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """A hundred deliveries of one slot: one transaction to claim, one to intend with its post, and a few for receipts."""
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

    commits: list[Any] = []
    event.listen(ledger.engine, "commit", commits.append)
    claims = ledger.claim(NOON, "worker", LEASE)
    open_ = lambda c, o: replace(fake.open(c, o), adapter=cast("Adapter", Slow()))  # noqa: E731
    results = deliver(cast("Ledger", Counting()), claims, a_post, open_, clock=clock, workers=32)
    assert {r.state for r in results} == {State.PUBLISHED}
    assert sum(written) == 100
    assert len(commits) == 2 + len(written) < 60
    kinds = [kind.kind for kind in ledger.events(claims[0].id)]
    assert kinds == ["claimed", "frozen", "sending", "published"]


def test_what_is_made_ready_ahead_is_frozen_ahead(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """At its second there is the intent alone to write."""
    fake = FakeChannel("read-back", clock)
    promise("a", "b")
    done: list[str] = []

    class Counting:
        def __getattr__(self, name: Any) -> Any:
            if name in {"freeze", "intend", "receive"}:
                done.append(name)
            return getattr(ledger, name)

    claims = ledger.claim(NOON, "worker", LEASE)
    deliver(cast("Ledger", Counting()), claims, a_post, fake.open, clock=clock, hold_until=NOON + SECOND)
    assert done[:2] == ["freeze", "intend"]
    assert len(fake.posts) == 2


def test_what_is_not_sent_is_not_frozen(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """Another has one of them by now: neither its post nor its intent is written, and the other one's are."""
    ids = promise("a", "b")
    claims = ledger.claim(NOON, "worker", LEASE)
    with ledger.write() as connection:
        connection.exec_driver_sql(f"UPDATE delivery SET token = token + 1 WHERE id = {ids[1]}")
    posts = [(replace(claim, revision="r1"), b"post") for claim in claims]
    granted = ledger.intend(claims, NOON, LEASE, posts=posts)
    assert [claim.id for claim in granted] == ids[:1]
    assert ledger.frozen(ids) == {ids[0]: b"post"}
    assert row_of(ledger, ids[0]).revision == "r1"
    assert row_of(ledger, ids[1]).frozen is None


def test_who_writes_receipts_wakes_for_the_first_and_for_the_last_of_a_group() -> None:
    """Not for each that comes between: each time it would take the interpreter from a thread that sends."""
    back, woken, jobs = ComeBack(), [], [cast("Job", n) for n in range(7)]
    wait = back._changed.wait
    back._changed.wait = lambda *span: (wait(*span), woken.append(1))[0]  # type: ignore[method-assign, func-returns-value]
    with ThreadPoolExecutor() as pool:
        group = pool.submit(back.take, 5, 30)
        for job in jobs[:5]:
            time.sleep(0.02)
            back.put(job)
        assert group.result(5) == jobs[:5]
    assert len(woken) == 2
    for job in jobs[5:]:
        back.put(job)
    assert back.take(1, 30) == jobs[5:6]
    assert back.take(2, 0.01) == jobs[6:]


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
