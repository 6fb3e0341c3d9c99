"""The record's reads: counted in the database, by local date, right through changes of the clocks."""

from __future__ import annotations

import collections
import datetime as dt
import os
import random
from zoneinfo import ZoneInfo

import pytest

from steadycast.ledger import record_reads as reads
from steadycast.ledger.bulk import Before
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import DraftRow
from steadycast.schedule.model import Assignment, Slot

NOW = dt.datetime(2026, 11, 22, 13, 3, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
VERDICTS = ("kept", "late", "filled", "missed", "excused")
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def before(at: dt.datetime, channel: str, verdict: str, series: str = "notes", **more) -> Before:
    return Before(f"{series}@{at:%Y-%m-%dT%H:%M:%S}", series, at, f"{at:%Y-%m-%dT%H:%M}", channel, verdict, at, **more)


@pytest.mark.parametrize("zone", ZONES)
def test_deliveries_are_counted_on_their_local_date(ledger, zone):
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


def planned(ledger: Ledger, at: dt.datetime, draft: str | None, **more) -> str:
    slot = Slot(at, f"notes@{at:%Y-%m-%dT%H:%M}", "notes", at.replace(tzinfo=None), **more)
    chosen = [Assignment(slot.id, draft)] if draft else []
    ledger.save_plan([slot], chosen, [PlannedDelivery(slot.id, "a"), PlannedDelivery(slot.id, "b")], NOW)
    return slot.id


def drafted(ledger: Ledger, id: str = "d1", **more) -> None:
    values = {
        "origin": "ugc",
        "member": "alice",
        "form": "article",
        "title": "外婆的绒线衫",
        "revision": "r",
        "state": "approved",
    }
    ledger.put_drafts([DraftRow(id=id, path=f"{id}.md", first_seen=NOW, changed=NOW, **{**values, **more})])


def test_what_is_to_come_is_planned_or_a_gap_and_what_is_past_is_open_until_it_is_settled(ledger):
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


def test_only_the_channels_asked_for_are_counted(ledger):
    ledger.backfill([before(NOW - HOUR, channel, "kept") for channel in ("a", "b", "left-long-ago")])
    today = NOW.date()
    found = reads.day_counts(ledger, ("a", "b"), ZoneInfo("UTC"), (today, today), NOW)
    assert [row.channel for row in found] == ["a", "b"]
    assert reads.day_counts(ledger, (), ZoneInfo("UTC"), (today, today), NOW) == []


def test_a_slot_counts_once_for_whom_its_draft_came_from(ledger):
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


def test_coming_slots_tell_what_they_carry(ledger):
    drafted(ledger)
    full, empty = planned(ledger, NOW + HOUR, "d1"), planned(ledger, NOW + 2 * HOUR, None)
    planned(ledger, NOW - HOUR, None)
    found = reads.coming(ledger, NOW, NOW + 9 * HOUR)
    assert [(s.id, s.draft, s.title, s.origin, s.member) for s in found] == [
        (full, "d1", "外婆的绒线衫", "ugc", "alice"),
        (empty, None, "", "", ""),
    ]


@pytest.mark.postgres
@pytest.mark.skipif("STEADYCAST_TEST_POSTGRES" not in os.environ, reason="STEADYCAST_TEST_POSTGRES names no server")
def test_postgresql_answers_alike(ledger):
    """The same rows, the same answers."""
    rng, zone = random.Random(7), ZoneInfo("Europe/Berlin")
    rows = [
        before(NOW - n * HOUR * 5, rng.choice("ab"), rng.choice(VERDICTS), origin="ugc", member=rng.choice("xyz"))
        for n in range(900)
    ]
    days = (NOW.date() - dt.timedelta(days=180), NOW.date())
    with Ledger.open(os.environ["STEADYCAST_TEST_POSTGRES"]) as other:
        for one in (ledger, other):
            one.backfill(rows)
        answers = [
            (sorted(reads.day_counts(one, "ab", zone, days, NOW)), reads.shares(one, NOW - 4000 * HOUR, NOW))
            for one in (ledger, other)
        ]
    assert answers[0] == answers[1]
