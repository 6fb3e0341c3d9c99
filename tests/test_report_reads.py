"""The record's reads: counted in the database, by local date, right through changes of the clocks."""

from __future__ import annotations

import collections
import datetime as dt
import random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from steadycast.ledger import record as reads
from steadycast.ledger.bulk_backfill import PastSlot
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import DraftRow
from steadycast.schedule.model import Assignment, Slot

NOW = dt.datetime(2026, 11, 22, 13, 3, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
VERDICTS = ("kept", "late", "filled", "missed", "excused")
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")


def before(at: dt.datetime, channel: str, verdict: str, series: str = "notes", **more: Any) -> PastSlot:
    return PastSlot(
        f"{series}@{at:%Y-%m-%dT%H:%M:%S}", series, at, f"{at:%Y-%m-%dT%H:%M}", channel, verdict, at, **more
    )


@pytest.mark.parametrize("zone", ZONES)
def test_deliveries_are_counted_on_their_local_date(ledger: Ledger, zone: Any) -> None:
    """Compared with the zone database's own answer, at moments that crowd around midnight and the clocks' changes."""
    rng, where = random.Random(zone), ZoneInfo(zone)
    last = NOW.astimezone(where).date()
    days = (last - dt.timedelta(days=400), last)
    edges = [dt.datetime.combine(last - dt.timedelta(days=n), dt.time(), where).astimezone(dt.UTC) for n in range(400)]
    near = [edge + dt.timedelta(seconds=rng.choice((-7200, -3600, -1, 0, 1, 3599, 7200))) for edge in edges]
    rows = [before(at, rng.choice("ab"), rng.choice(VERDICTS)) for at in near if at < NOW]
    ledger.backfill(rows)
    expected = collections.Counter((r.channel, r.series, r.at.astimezone(where).date(), r.verdict) for r in rows)
    found = {tuple(row[:4]): row.deliveries for row in reads.day_counts(ledger, ("a", "b"), where, days, NOW)}
    assert found == {key: n for key, n in expected.items() if days[0] <= key[2] <= days[1]}


def planned(ledger: Ledger, at: dt.datetime, draft: str | None, **more: Any) -> str:
    slot = Slot(at, f"notes@{at:%Y-%m-%dT%H:%M}", "notes", at.replace(tzinfo=None), **more)
    chosen = [Assignment(slot.id, draft)] if draft else []
    ledger.save_plan([slot], chosen, [PlannedDelivery(slot.id, "a"), PlannedDelivery(slot.id, "b")], NOW)
    return slot.id


def drafted(ledger: Ledger, id: str = "d1", **more: Any) -> None:
    values = {
        "origin": "ugc",
        "member": "alice",
        "form": "article",
        "title": "外婆的绒线衫",
        "revision": "r",
        "state": "approved",
    }
    ledger.put_drafts([DraftRow(id=id, path=f"{id}.md", first_seen=NOW, changed=NOW, **{**values, **more})])


def test_what_is_to_come_is_planned_or_a_gap_and_what_is_past_is_open_until_it_is_settled(ledger: Ledger) -> None:
    drafted(ledger)
    planned(ledger, NOW + 24 * HOUR, "d1")
    planned(ledger, NOW + 48 * HOUR, None)
    planned(ledger, NOW + 72 * HOUR, None, excused="春节")
    planned(ledger, NOW - HOUR, None)
    today = NOW.date()
    found = reads.day_counts(ledger, ("a",), ZoneInfo("UTC"), (today, today + dt.timedelta(days=9)), NOW)
    assert sorted((row.date.day, row.mark, row.deliveries) for row in found) == [
        (22, "open", 1), (23, "planned", 1), (24, "gap", 1), (25, "excused", 1),
    ]  # fmt: skip


def test_only_the_channels_asked_for_are_counted(ledger: Ledger) -> None:
    ledger.backfill([before(NOW - HOUR, channel, "kept") for channel in ("a", "b", "left-long-ago")])
    today = NOW.date()
    found = reads.day_counts(ledger, ("a", "b"), ZoneInfo("UTC"), (today, today), NOW)
    assert [row.channel for row in found] == ["a", "b"]
    assert reads.day_counts(ledger, (), ZoneInfo("UTC"), (today, today), NOW) == []


def test_a_slot_counts_once_for_whom_its_draft_came_from(ledger: Ledger) -> None:
    """On however many channels it went out; what was missed everywhere counts for nobody."""
    alice = {"origin": "ugc", "member": "alice"}
    ledger.backfill(
        [
            *(before(NOW - 3 * HOUR, channel, "kept", **alice) for channel in "abc"),
            before(NOW - 2 * HOUR, "a", "missed", **alice), before(NOW - 2 * HOUR, "b", "late", **alice),
            before(NOW - HOUR, "a", "missed", **alice),
            before(NOW - HOUR, "a", "filled", "morning", origin="pgc"),
            before(NOW - 99 * HOUR, "a", "kept", **alice),
        ]
    )  # fmt: skip
    assert reads.shares(ledger, NOW - 9 * HOUR, NOW) == [
        ("morning", "pgc", "", 1, NOW - HOUR),
        ("notes", "ugc", "alice", 2, NOW - 2 * HOUR),
    ]


def test_a_series_is_silent_since_its_last_slot_that_came_out(ledger: Ledger) -> None:
    """A slot of which one channel got something is not silent, nor is one that waits for a person."""
    ledger.backfill(
        [
            before(NOW - 4 * HOUR, "a", "missed"), before(NOW - 3 * HOUR, "a", "kept"), before(NOW - 3 * HOUR, "b", "missed"),
            before(NOW - 2 * HOUR, "a", "missed"), before(NOW - 2 * HOUR, "b", "missed"), before(NOW - HOUR, "a", "missed"),
            before(NOW - 2 * HOUR, "a", "missed", "never"), before(NOW - HOUR, "a", "excused", "never"),
            before(NOW - HOUR, "a", "late", "well"),
        ]
    )  # fmt: skip
    assert reads.silences(ledger, NOW) == {"notes": (2, True), "never": (1, False)}
    planned(ledger, NOW - dt.timedelta(minutes=5), None)
    assert reads.silences(ledger, NOW)["notes"] == (2, True)


def test_a_slot_is_as_good_as_its_worst_channel(ledger: Ledger) -> None:
    """Missed before undecided before late before kept; what nothing was owed for is no slot of the record."""
    ledger.backfill(
        [
            before(NOW - 5 * HOUR, "a", "kept"), before(NOW - 5 * HOUR, "b", "missed"), before(NOW - 5 * HOUR, "c", "late"),
            before(NOW - 4 * HOUR, "a", "late"), before(NOW - 4 * HOUR, "b", "kept"), before(NOW - 3 * HOUR, "a", "filled"),
            before(NOW - 2 * HOUR, "a", "excused"), before(NOW - 9 * HOUR, "a", "kept", "morning"),
        ]
    )  # fmt: skip
    planned(ledger, NOW - HOUR, None)
    assert [(s.series, s.verdict) for s in reads.slot_verdicts(ledger, NOW)] == [
        ("morning", "kept"), ("notes", "missed"), ("notes", "late"), ("notes", "kept"),
    ]  # fmt: skip
