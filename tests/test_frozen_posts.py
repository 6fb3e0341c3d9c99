"""What was sent is kept for ever, and compressed once it is old: what reads it gets the bytes that were sent."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from conftest import NOON, Promise
from sqlalchemy import event
from test_ledger_upgrades import KEPT
from ticks import LEASE, publish

from steadycast.ledger import frozen_posts
from steadycast.ledger.delivery_log import kept_of
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.testing import Clock, FakeChannel

DAY = dt.timedelta(days=1)
LATER = NOON + 2 * DAY


def stored(ledger: Ledger) -> dict[int, tuple[bytes, bool]]:
    """The rows as the database has them."""
    with ledger.read() as connection:
        found = connection.exec_driver_sql("SELECT delivery, post, packed FROM frozen ORDER BY delivery")
        return {id: (bytes(post), bool(packed)) for id, post, packed in found}


def frozen(ledger: Ledger, ids: list[int], posts: list[bytes]) -> None:
    claims = ledger.claim(NOON, "worker", LEASE, ids=ids)
    assert len(ledger.freeze(list(zip(claims, posts, strict=True)), NOON)) == len(ids)


def test_an_old_post_is_kept_small_and_read_as_it_was_sent(ledger: Ledger, promise: Promise) -> None:
    """By looks, rebuild, corrections, and the page of its delivery."""
    ids = promise("a", "b")
    posts = [f"<p>今天 {n}</p>".encode() * 500 for n in range(2)]
    frozen(ledger, ids, posts)
    assert ledger.pack_frozen(NOON) == 0, "it is too new"
    assert ledger.pack_frozen(LATER) == 2
    assert ledger.pack_frozen(LATER) == 0
    for id, post in zip(ids, posts, strict=True):
        small, packed = stored(ledger)[id]
        assert packed
        assert len(small) < len(post) / 20
        assert ledger.frozen([id]) == {id: post}
        assert kept_of(ledger, id).sent == post


def test_a_delivery_that_is_due_again_sends_what_was_compressed(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """Its hash is of the bytes that were frozen; frozen anew, the new ones are there."""
    fake = FakeChannel("read-back", clock)
    [id] = promise("blog")
    fake.busy(60)
    publish(ledger, fake, clock)
    before = ledger.frozen([id])
    assert ledger.pack_frozen(LATER) == 1
    clock.advance(dt.timedelta(minutes=2))
    [ended] = publish(ledger, fake, clock, parts=2)
    assert (ended.state, len(fake.posts)) == (State.PUBLISHED, 1), "the post as it was frozen, of one part"
    assert ledger.frozen([id]) == before


def test_a_post_that_is_frozen_anew_is_plain_again(ledger: Ledger, promise: Promise) -> None:
    """Else it would be read as compressed."""
    ids = promise("a")
    frozen(ledger, ids, [b"one" * 99])
    assert ledger.pack_frozen(LATER) == 1
    ledger.recover(NOON + dt.timedelta(hours=1))
    claims = ledger.claim(NOON + dt.timedelta(hours=2), "worker", LEASE, ids=ids)
    ledger.freeze([(claim, b"two") for claim in claims], NOON)
    assert ledger.frozen(ids) == {ids[0]: b"two"}
    assert stored(ledger)[ids[0]] == (b"two", False)


def test_a_damaged_post_is_refused_and_harms_no_other(ledger: Ledger, promise: Promise, clock: Clock) -> None:
    """Its bytes do not have its hash, compressed or not."""
    fake = FakeChannel("read-back", clock)
    ids = promise("a", "b")
    fake.busy(60)
    fake.busy(60)
    publish(ledger, fake, clock)
    assert ledger.pack_frozen(LATER) == 2
    with ledger.write() as connection:
        damaged = frozen_posts.FROZEN.update().where(frozen_posts.FROZEN.c.delivery == ids[0]).values(post=b"x\x9cno")
        connection.execute(damaged)
    clock.advance(dt.timedelta(minutes=2))
    ended = {outcome.id: outcome for outcome in publish(ledger, fake, clock)}
    assert {id: outcome.state for id, outcome in ended.items()} == {ids[0]: State.REFUSED, ids[1]: State.PUBLISHED}
    assert "damaged" in ended[ids[0]].message


def test_what_is_changed_meanwhile_is_not_overwritten(
    ledger: Ledger, promise: Promise, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compressing takes a moment in which nobody is kept from the ledger."""
    ids = promise("a", "b")
    frozen(ledger, ids, [b"one" * 99, b"two" * 99])
    table, real = frozen_posts.FROZEN, frozen_posts.zlib.compress

    def corrected(post: bytes, level: int) -> bytes:
        if post.startswith(b"one"):
            with ledger.write() as connection:
                connection.execute(table.update().where(table.c.delivery == ids[0]).values(hash="new", post=b"new"))
        return real(post, level)

    monkeypatch.setattr(frozen_posts.zlib, "compress", corrected)
    assert ledger.pack_frozen(LATER) == 1
    assert ledger.frozen(ids) == {ids[0]: b"new", ids[1]: b"two" * 99}


def test_one_transaction_is_bounded(ledger: Ledger, promise: Promise, monkeypatch: pytest.MonkeyPatch) -> None:
    """In posts and in bytes: a ledger of ten years is compressed bit by bit, the oldest first."""
    monkeypatch.setattr(frozen_posts, "AT_ONCE", 3)
    monkeypatch.setattr(frozen_posts, "BYTES", 1000)
    ids = promise(*"abcdef")
    frozen(ledger, ids, [b"x" * 10, b"x" * 10, b"x" * 10, b"x" * 900, b"x" * 900, b"x" * 10])
    packed = []
    while done := ledger.pack_frozen(LATER):
        packed.append(done)
    assert packed == [3, 2, 1]


def test_a_tick_without_old_posts_asks_once_by_an_index(ledger: Ledger, promise: Promise) -> None:
    """However many are kept."""
    said: list[str] = []
    event.listen(ledger.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    assert ledger.pack_frozen(LATER) == 0
    selects = [text for text in said if text.startswith("SELECT")]
    assert len(selects) == 1
    if ledger.is_sqlite:
        with ledger.read() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {frozen_posts.OLD}", (0, 1)).all()
        assert "ix_frozen_plain" in str(plan)


def test_an_old_ledger_is_upgraded_at_once_and_compressed_later(quick_path: Path) -> None:
    """The upgrade touches no post; the file does not grow by what comes after, and each post is read as before."""
    path = quick_path / "old.sqlite"
    posts = {id: f"<p>{id} 今天写了什么</p>".encode() * 400 for id in range(1000, 1100)}
    with closing(sqlite3.connect(path)) as old, old:
        old.executescript((KEPT / "0014.sql").read_text(encoding="utf-8"))
        names = [
            row[1] for row in old.execute("PRAGMA table_info(delivery)") if row[1] not in ("id", "marker", "channel")
        ]
        for id, post in posts.items():
            old.execute(
                f"INSERT INTO delivery (id, marker, channel, {', '.join(names)}) "
                f"SELECT {id}, 'm{id}', 'c{id}', {', '.join(names)} FROM delivery WHERE channel = 'blog' AND id = 1"
            )
            old.execute("INSERT INTO frozen (delivery, hash, post, at) VALUES (?, 'h', ?, 0)", (id, post))
    size = path.stat().st_size
    with Ledger.open(path) as ledger:
        assert path.stat().st_size < size + 40_000
        with ledger.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM frozen WHERE packed").scalar() == 0
        while ledger.pack_frozen(LATER):
            pass
        assert ledger.frozen(posts) == posts
        assert path.stat().st_size < size + 40_000
        with ledger.read() as connection:
            kept = connection.exec_driver_sql("SELECT sum(length(post)) FROM frozen").scalar() or 0
    assert kept < sum(map(len, posts.values())) / 20
