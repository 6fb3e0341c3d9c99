"""What the ledger tells: the record with what was published before, what is due, what may be linked to."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any, cast

from conftest import NOON, Promise
from ledger_rows import DAY, LEASE, a_draft, a_slot, asked
from sqlalchemy import event

from steadycast.ledger.bulk_backfill import PastSlot
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import (
    RevisionRow,
    State,
)
from steadycast.schedule.model import Assignment


def test_what_was_published_before_is_taken_into_the_record(ledger: Ledger) -> None:
    """Half a year of days on two channels; told again, nothing is doubled."""
    rows = [
        PastSlot(f"notes@{n}", "notes", NOON - n * DAY, "2026-01-01T20:00", channel,
               "missed" if n % 10 == 0 else "kept", None if n % 10 == 0 else NOON - n * DAY, "ugc", "alice")
        for n in range(1, 181) for channel in ("blog", "feed")
    ]  # fmt: skip
    assert ledger.backfill(rows) == 360
    assert ledger.backfill(rows) == 0
    record = list(ledger.record())
    assert len(record) == 360
    assert record == sorted(record, key=lambda row: row[:2])
    assert sum(verdict == "missed" for _, _, verdict, *_ in record) == 36
    assert ledger.counts() == {State.PUBLISHED: 324, State.MISSED: 36}
    assert [d.marker for d in ledger.deliveries(slots=["notes@1"])] == [
        ledger.marker("notes@1", c) for c in ("blog", "feed")
    ]
    week = list(ledger.record(after=NOON - 7 * DAY, before=NOON))
    assert len(week) == 14
    assert len(list(ledger.record(after=NOON - 7 * DAY))) == 14


def test_what_a_second_source_adds_to_a_slot_belongs_to_the_series_that_the_slot_is_of_by_now(ledger: Ledger) -> None:
    """The record counts a slot once, whatever its series was called when its channels came to be known."""
    at = NOON - DAY
    blog, feed = (PastSlot("notes@1", "notes", at, "x", channel, "kept", at) for channel in ("blog", "feed"))
    assert ledger.backfill([blog]) == 1
    assert ledger.rename_series("notes", "daily")
    assert ledger.backfill([blog, feed._replace(at=at + DAY)]) == 1
    assert {(d.channel, d.series, d.at) for d in ledger.deliveries()} == {("blog", "daily", at), ("feed", "daily", at)}


def test_a_second_source_finds_what_the_first_did_not_have(ledger: Ledger) -> None:
    """Only what a backfill called missed gives way; what was kept before keeps its own post."""

    def before(day: int, verdict: str, url: str = "") -> PastSlot:
        at = NOON - day * DAY
        return PastSlot(f"notes@{day}", "notes", at, "x", "blog", verdict, at if url else None, "pgc", "", url)

    assert ledger.backfill([before(1, "missed"), before(2, "kept", "https://a/2"), before(3, "missed")]) == 3
    assert ledger.backfill([before(1, "kept", "https://b/1"), before(2, "kept", "https://b/2")]) == 1
    assert ledger.backfill([before(1, "kept", "https://b/1"), before(2, "missed")]) == 0
    told = {d.slot: (d.state, d.verdict, d.url) for d in ledger.deliveries()}
    assert told == {
        "notes@1": (State.PUBLISHED, "kept", "https://b/1"),
        "notes@2": (State.PUBLISHED, "kept", "https://a/2"),
        "notes@3": (State.MISSED, "missed", ""),
    }


def test_a_look_at_the_record_may_be_given_up(ledger: Ledger) -> None:
    """A generator that is closed early leaves no cursor open."""
    ledger.backfill([PastSlot(f"s{n}", "s", NOON - n * DAY, "x", "blog", "kept", NOON - n * DAY) for n in range(100)])
    rows = cast("Generator[tuple[str, int, str]]", ledger.record())
    next(rows)
    rows.close()
    assert ledger.counts() == {State.PUBLISHED: 100}


def test_what_is_due_is_found_by_the_partial_index(ledger: Ledger) -> None:
    """Among thousands of settled deliveries: no scan, on either database; the record is read from its index alone."""
    ledger.put_drafts([a_draft()])
    ledger.backfill([PastSlot(f"s{n}", "s", NOON - n * DAY, "x", "blog", "kept", NOON - n * DAY) for n in range(5000)])
    ledger.save_plan([a_slot()], [Assignment(a_slot().id, "d1")], asked(a_slot()), NOON)
    record = "SELECT channel, at, verdict, finished, series, origin, member FROM delivery ORDER BY channel, at"
    with ledger.write() as connection:
        connection.exec_driver_sql("ANALYZE" if ledger.is_sqlite else "ANALYZE delivery")
    asked_of: dict[str, tuple[str, Any]] = {}

    def note(_connection: Any, _cursor: Any, statement: Any, values: Any, *_more: Any) -> None:
        asked_of.update({word: (statement, values) for word in ("picked", "slot.local") if word in statement})

    event.listen(ledger.engine, "before_cursor_execute", note)
    assert [slot.id for slot in ledger.slots_due(NOON)] == [a_slot().id]
    assert len(ledger.claim(NOON, "w", LEASE)) == 2
    event.remove(ledger.engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if ledger.is_sqlite else "EXPLAIN "
    with ledger.write() as connection:
        plans = [str(list(connection.exec_driver_sql(explain + sql, values))) for sql, values in asked_of.values()]
        of_record = str(list(connection.exec_driver_sql(explain + record)))
    assert len(plans) == 2
    for plan in plans:
        assert "ix_delivery_wake" in plan
        assert not re.search(r"SCAN delivery|Seq Scan on delivery", plan)
    if ledger.is_sqlite:
        assert "USING COVERING INDEX ix_delivery_record" in of_record


def test_what_may_be_linked_to_is_told_with_its_names_and_where_it_is(ledger: Ledger, promise: Promise) -> None:
    """By the approved revision; of its pages the newest on each channel, and only those with an address on the web."""
    (id_,) = promise("site")
    content = {"slug": "bee", "extra": {"permalink": "/b/"}, "body": "long"}
    hash_ = "f" * 64
    ledger.put_drafts([], [RevisionRow(hash=hash_, draft="d1", at=NOON, content=content)])
    with ledger.write() as connection:
        connection.exec_driver_sql(f"UPDATE draft SET approved_revision = '{hash_}', source = 'folder'")
    (told,) = [row for row in ledger.linkable() if row.slug]
    assert (told.slug, told.extra, told.urls) == ("bee", {"permalink": "/b/"}, {})
    for url, urls in (("file:///x", {}), ("https://r.example/b", {"site": "https://r.example/b"})):
        with ledger.write() as connection:
            connection.exec_driver_sql(f"UPDATE delivery SET state = 'published', url = '{url}' WHERE id = {id_}")
        assert next(row.urls for row in ledger.linkable() if row.slug) == urls


def test_used_drafts_are_told_once_a_slot(ledger: Ledger) -> None:
    """On two channels or ten: the mix and the turn of members count slots."""
    ledger.put_drafts([a_draft()])
    ledger.save_plan([a_slot()], [Assignment(a_slot().id, "d1")], asked(a_slot()), NOON)
    assert ledger.used() == []
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE delivery SET state = 'published'")
    [past] = ledger.used()
    assert (past.slot, past.draft, past.member, past.at) == (a_slot().id, "d1", "alice", NOON)
    assert ledger.used(since=NOON + DAY) == []
