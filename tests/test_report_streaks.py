"""Streaks over channels, series and dates, against a plain recount; and what an outlook takes as given."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st

from steadycast.ledger.record import SlotVerdict
from steadycast.ledger.rows import EPOCH
from steadycast.report.model import Runway, Streak
from steadycast.report.outlook import KnownStock, look
from steadycast.report.streaks import streaks, tally
from steadycast.schedule.history import History
from steadycast.schedule.model import Assignment, Form, Origin, Past, Series, StockItem, Verdict
from steadycast.schedule.slots import slots

ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 22, 21, tzinfo=ZONE)
DAY = dt.timedelta(days=1)
NOTES = Series("notes", every="day at 20:00", zone=ZONE, channels=("blog",))
TALKS = Series("talks", every="week on fri at 20:00", zone=ZONE, channels=("blog", "video"))
BOTH = {"notes": NOTES, "talks": TALKS}


def micros(at: dt.datetime) -> int:
    return (at - EPOCH) // dt.timedelta(microseconds=1)


def naive(verdicts: list[str], unit: str) -> Streak:
    """Counted one by one, from the newest back; and every run, for the longest."""
    current = late = 0
    for verdict in reversed(verdicts):
        if verdict == "missed":
            break
        current, late = current + 1, late + (verdict == "late")
    runs, run = [0], 0
    for verdict in verdicts:
        run = 0 if verdict == "missed" else run + 1
        runs.append(run)
    return Streak(current, late, max(runs), unit)


@given(st.lists(st.sampled_from(["kept", "kept", "kept", "late", "missed"]), max_size=60))
def test_streaks_equal_a_plain_recount(verdicts: list[Any]) -> None:
    """One slot a day: by channel, by series and by date, all three tell the same."""
    at = [micros(NOW - (len(verdicts) - n) * DAY) for n in range(len(verdicts))]
    rows = [("blog", t, v) for t, v in zip(at, verdicts, strict=True)]
    ended = [SlotVerdict("notes", t, v) for t, v in zip(at, verdicts, strict=True)]
    found = streaks(rows, ended, ZONE)
    assert found.community == naive(verdicts, "day")
    assert found.channels.get("blog", Streak()) == naive(verdicts, "slot")
    assert found.series.get("notes", Streak()) == naive(verdicts, "slot")


@pytest.mark.parametrize(
    ("letters", "current", "longest", "late"),
    [
        ("kkk", 3, 3, 0),
        ("kfk", 3, 3, 0),
        ("klk", 3, 3, 1),
        ("kkkmk", 1, 3, 0),
        ("kkm", 0, 2, 0),
        ("keek", 2, 2, 0),
        ("meeem", 0, 0, 0),
        ("llmlk", 2, 2, 1),
    ],
)
def test_streaks_by_hand(letters: Any, current: Any, longest: Any, late: Any) -> None:
    """Kept and filled go on, late goes on and is told apart, excused is passed over, missed breaks."""
    kinds = {each.value[0]: each.value for each in Verdict}
    rows = [("blog", n, kinds[letter]) for n, letter in enumerate(letters)]
    assert tally(rows) == {"blog": Streak(current, late, longest)}


def test_one_missed_among_the_slots_of_one_instant_breaks_the_streak_in_whatever_order() -> None:
    pair = ("blog", 1, "kept"), ("blog", 1, "missed")
    assert tally(pair) == tally(pair[::-1]) == {"blog": Streak(0, 0, 1)}


def by_instant(rows: list[tuple[str, int, str]]) -> tuple[int, int]:
    """The streak and the longest one, instant by instant."""
    current = longest = 0
    for _, group in groupby(rows, key=lambda row: row[1]):
        verdicts = [row[2] for row in group]
        current += sum(verdict in ("kept", "late", "filled") for verdict in verdicts)
        longest = max(longest, current)
        current = 0 if "missed" in verdicts else current
    return current, longest


VERDICTS = st.sampled_from([each.value for each in Verdict])


@given(st.lists(st.tuples(st.sampled_from(["blog", "mail"]), st.integers(0, 12), VERDICTS), max_size=40))
@examples(300)
def test_streaks_equal_a_count_by_instants(rows: list[Any]) -> None:
    ordered = sorted(rows, key=lambda row: row[:2])
    for name, streak in tally(ordered).items():
        assert (streak.current, streak.longest) == by_instant([row for row in ordered if row[0] == name])


def test_a_date_is_as_good_as_its_worst_slot() -> None:
    """Two series on one date: the community's streak counts the date once, and breaks when either missed."""
    monday = micros(dt.datetime(2026, 11, 16, 20, tzinfo=ZONE))
    day, hour = DAY // dt.timedelta(microseconds=1), 3_600_000_000
    ended = [
        SlotVerdict("notes", monday, "kept"), SlotVerdict("notes", monday + day, "kept"), SlotVerdict("notes", monday + 2 * day, "kept"),
        SlotVerdict("talks", monday - hour, "missed"), SlotVerdict("talks", monday + day - hour, "late"),
    ]  # fmt: skip
    found = streaks([], ended, ZONE)
    assert found.community == Streak(2, 1, 2, "day")
    assert found.series == {"notes": Streak(3, 0, 3, "slot"), "talks": Streak(1, 1, 1, "slot")}


def item(name: str, **more: Any) -> StockItem:
    return StockItem(name, Form.ARTICLE, Origin.UGC, "alice", since=NOW - 9 * DAY, **more)


def outlook(
    known: Any = (),
    assigned: Any = (),
    stock: Any = (),
    history: Any = (),
    series: Any = (NOTES,),
    until: Any = NOW + 7 * DAY,
    digests: Any = (),
) -> Any:
    within = {"now": NOW, "until": until, "fill_within": DAY}
    return look(series, known, assigned, KnownStock(stock, History(history)), digests=digests, **within)


def test_what_an_overdue_slot_may_still_carry_is_not_given_to_another() -> None:
    overdue = Assignment("notes@2026-11-22T20:00", "d0")
    seen = outlook(assigned=[overdue], stock=[item("d0"), item("d1")])
    assert [seen.carried[slot.id].draft for slot in seen.slots if slot.id in seen.carried] == ["d1"]


def test_the_runway_of_several_series_ends_at_the_first_gap_of_any() -> None:
    friday = slots(TALKS, NOW, NOW + 7 * DAY)[0]
    seen = outlook(known=[friday], stock=[item(f"d{n}") for n in range(9)], series=(NOTES, TALKS))
    assert seen.runway(["notes"]) == Runway(7, 6, None)
    assert seen.runway(["notes", "talks"]) == Runway(5, 4, *2 * [friday.at.astimezone(ZONE)])
    assert seen.runway([]) == Runway()


def test_reserve_fills_the_gaps_of_the_plan_until_it_ends() -> None:
    """Each evergreen once within its rest, the nearest gap first, where the series' ladder names it; what another
    community shares once. What is planned stays.
    """
    green = [item("g0", evergreen=True), item("g1", evergreen=True, last_used=NOW - 88 * DAY), item("s", circle="hub")]
    stock = [item("d0"), item("d1"), *green]
    for fill, lasts in (((), 2), (("shared",), 3), (("evergreen",), 4), (("evergreen", "shared"), 5)):
        seen = outlook(stock=stock, series=(replace(NOTES, fill=fill),))
        owed = seen.of(["notes"])
        assert seen.runway(["notes"]) == Runway(2, 2, *(owed[n].at.astimezone(ZONE) for n in (2, lasts)))
    plenty = [item(f"g{n}", evergreen=True) for n in range(7)]
    assert outlook(stock=plenty, series=(replace(NOTES, fill=("evergreen",)),)).runway(["notes"]).ends is None


def test_a_digest_fills_a_gap_as_long_as_enough_went_out_before_it() -> None:
    """Three pieces of the two weeks before it is written, and no digest among them."""
    went = [Past(f"notes@{n}", "notes", NOW - n * DAY, Origin.PGC, "", f"p{n}") for n in (8, 9, 10, 20)]
    series = replace(NOTES, fill=("digest",))
    seen = outlook(series=(series,), history=went, digests=())
    ends = seen.runway(["notes"]).ends
    assert ends == next(slot.at for slot in seen.slots if slot.at - DAY - 14 * DAY > NOW - 10 * DAY).astimezone(ZONE)
    assert outlook(series=(series,), history=went, digests=("p8",)).runway(["notes"]).ends == seen.slots[1].at


def test_excused_slots_are_no_gap() -> None:
    free = Series("notes", every="day at 20:00", zone=ZONE, days_off={NOW.date() + DAY: "春节"})
    seen = outlook(series=(free,), stock=[item("d0")])
    assert [seen.state(slot) for slot in seen.slots][:3] == ["excused", "planned", "later"]
    assert seen.runway(["notes"]).slots == 1


def test_stock_is_what_could_really_go_out() -> None:
    """Not what went out, has expired, is of another series, or is an evergreen that must rest or is not asked for."""
    went = Past("notes@2026-11-20T20:00", "notes", NOW - 2 * DAY, Origin.UGC, "alice", "used")
    all_ = [
        item("fresh"), item("used"), item("expired", expires=NOW - DAY), item("other", series=("talks",)),
        item("green", evergreen=True), item("tired", evergreen=True, last_used=NOW - DAY),
        item("used before all that was read", last_used=NOW - 500 * DAY),
    ]  # fmt: skip
    assert outlook(stock=all_, history=[went]).in_stock(NOTES) == 1
    with_fill = Series("notes", every="day at 20:00", zone=ZONE, fill=("evergreen",))
    assert outlook(stock=all_, history=[went]).in_stock(with_fill) == 2
