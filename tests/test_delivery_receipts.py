"""What is kept of an answer: its proof and its address, without secrets and without what a page must not show."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, cast

import pytest
from conftest import NOON, Promise, row_of
from ticks import LEASE, publish, run_until_settled, state

from steadycast.delivery import deliver, verify
from steadycast.errors import Refused
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.platform import Adapter, Receipt
from steadycast.testing import SECRET, Clock, FakeChannel, a_post


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
