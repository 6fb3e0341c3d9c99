"""How words and decisions are spread over people, and when a series' mix steps: the figures, to the number."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st
from planner_cases import NOW, PGC, UGC, ahead, draft

from steadycast.schedule.mix_steps import MixStep, judge, judged_at, level, with_steps
from steadycast.schedule.model import MixAbove, Past, Series
from steadycast.schedule.planner import plan
from steadycast.schedule.shares import Breach, Decision, Limits, Shares, Waits, breaches, quantile, shares, spread

DAY = dt.timedelta(days=1)
WEEKLIES = json.loads(Path(__file__).with_name("weekly_counts.json").read_text())
MONTH = {"lin": 8, "chen": 3, "xu": 3, "zhou": 2, "momo": 2, "tom": 1, "ann": 1}
STEPPED = Series("daily", every="day at 20:00", mix={PGC: 3, UGC: 7}, mix_at=(MixAbove(60, {PGC: 7, UGC: 3}),))


def of_month() -> Shares:
    return shares(MONTH, {"lin", "chen", "xu", "zhou"}, [], Waits(), "lin")


def test_a_month_of_seven_members_is_read_as_it_was_counted_by_hand() -> None:
    """Eight of twenty are 40 %; eight and three make half; 400 / 92 voices."""
    words = of_month().words
    assert (words.total, words.people, words.top, words.top_who, words.absence_factor) == (20, 7, 0.4, "lin", 2)
    assert (round(words.effective, 2), round(words.gini, 2)) == (4.35, 0.37)
    assert (of_month().founder, of_month().new, of_month().returning) == (0.4, 3, 4)


def test_a_limit_is_told_of_from_its_own_figure_on() -> None:
    assert breaches(of_month(), Limits(top=0.4, founder=0.5)) == [Breach("top", share=0.4)]
    assert breaches(of_month(), Limits()) == []
    slow = shares({}, (), [], Waits(oldest=21 * DAY))
    assert breaches(slow, Limits(wait=21 * DAY)) == [Breach("wait", wait=21 * DAY)]
    assert breaches(slow, Limits(wait=22 * DAY)) == []


def test_the_house_is_no_member_and_may_be_the_founder() -> None:
    """Three of ten are the house's; of the members' seven, four are chen's."""
    found = shares({"": 3, "chen": 4, "xu": 3}, (), [], Waits())
    assert (found.published, found.founder, found.words.total, found.words.top_who) == (10, 0.3, 7, "chen")


def test_few_things_tell_of_no_share() -> None:
    """The first post of a community is all of it."""
    found = shares({"lin": 4}, (), [Decision("momo", frozenset({"daily"}))], Waits(), "lin")
    assert breaches(found, Limits(0.1, 0.1, DAY, 0.1)) == []


def test_decisions_are_told_by_series() -> None:
    """Four of five decisions about daily are one person's: 80 %."""
    made = [Decision("momo", frozenset({"daily"}))] * 4 + [Decision("lin", frozenset({"daily", "weekly"}))]
    found = shares({}, (), made, Waits())
    assert (found.by_person, found.decisions.top, found.decisions.top_who) == ({"momo": 4, "lin": 1}, 0.8, "momo")
    assert breaches(found, Limits(decided=0.8)) == [Breach("decided", series="daily", share=0.8)]


@pytest.mark.parametrize(("year", "people", "top", "factor"), [("2018", 74, 54, 1), ("2026", 360, 9, 25)])
def test_a_weekly_that_never_stopped_reads_as_it_was_measured(year: str, people: int, top: int, factor: int) -> None:
    """One of them made half of all, and no week was missed; eight years later it takes 25 to make half."""
    counts = [int(given) for given, many in WEEKLIES[year].items() for _ in range(many)]
    found = spread({str(n): given for n, given in enumerate(counts)})
    assert (found.people, round(100 * found.top), found.absence_factor) == (people, top, factor)
    assert year != "2026" or round(found.gini, 2) == 0.61


@given(st.dictionaries(st.text(max_size=2), st.integers(0, 50), max_size=30))
@examples(200)
def test_a_spread_stays_within_what_it_can_be(counts: dict[str, int]) -> None:
    found = spread(counts)
    assert found.people == sum(n > 0 for n in counts.values())
    if not found.people:
        return
    assert 1 / found.people <= found.top + 1e-9
    assert 1 - 1e-9 <= found.effective <= found.people + 1e-9
    assert -1e-9 <= found.gini < 1
    most = sorted(counts.values(), reverse=True)
    assert 2 * sum(most[: found.absence_factor]) >= found.total > 2 * sum(most[: found.absence_factor - 1])


def test_a_wait_is_one_that_somebody_had() -> None:
    spans = [n * DAY for n in (9, 1, 2, 3, 4, 5, 6, 7, 8, 30)]
    assert (quantile(spans, 0.5), quantile(spans, 0.9), quantile([], 0.5)) == (5 * DAY, 9 * DAY, None)


# The mix.


def months(counts: list[int], series: Series = STEPPED) -> tuple[list[str], list[MixStep]]:
    """The mix in force in each month, and the steps that were taken."""
    shown, rows = [], list[MixStep]()
    for n, count in enumerate(counts):
        at = NOW + n * 30 * DAY
        if step := judge(series, rows[-1] if rows else None, count, at):
            rows.append(step)
        mix = with_steps(series, rows).mix
        shown.append(f"{mix[PGC]}:{mix[UGC]}")
    return shown, rows


def test_a_mix_steps_up_at_its_number_and_back_under_four_fifths_of_it() -> None:
    """47 is under 48. Without the room between, it would have fallen back two months before."""
    shown, rows = months([42, 51, 58, 61, 63, 57, 55, 47, 46])
    assert shown == ["3:7"] * 3 + ["7:3"] * 4 + ["3:7"] * 2
    assert [(row.active, row.above, row.why) for row in rows] == [(61, 60, "grew"), (47, 0, "shrank")]
    assert [row.since for row in rows] == [NOW + 3 * 30 * DAY, NOW + 7 * 30 * DAY]


def test_a_mix_takes_several_steps_at_once_and_goes_back_by_each_ones_own_number() -> None:
    numbers = (10, 20, 40)
    assert [level(numbers, active, 0) for active in (9, 10, 39, 40)] == [0, 1, 2, 3]
    assert [level(numbers, active, 3) for active in (32, 31, 16, 15, 8, 7)] == [3, 2, 2, 1, 1, 0]


def test_other_numbers_in_the_settings_hold_from_then_on() -> None:
    """The mix of a step that is in force was edited; then its table was taken out."""
    _, rows = months([61])
    edited = Series("daily", every="day at 20:00", mix={PGC: 3, UGC: 7}, mix_at=(MixAbove(60, {PGC: 6, UGC: 4}),))
    step = judge(edited, rows[-1], 61, NOW + DAY)
    assert step is not None
    assert (dict(step.mix), step.why) == ({PGC: 6, UGC: 4}, "settings")
    bare = judge(Series("daily", every="day at 20:00", mix={PGC: 3, UGC: 7}), step, 61, NOW + 2 * DAY)
    assert bare is not None
    assert (bare.above, dict(bare.mix)) == (0, {PGC: 3, UGC: 7})


@given(st.lists(st.integers(5, 200), min_size=1, max_size=4, unique=True), st.integers(4, 250), st.data())
@examples(200)
def test_a_count_that_moves_by_less_than_a_fifth_never_takes_a_step_back_and_forth(
    numbers: list[int], most: int, data: st.DataObject
) -> None:
    """Whatever is in force at first: then it only rises, or only falls."""
    numbers = sorted(numbers)
    least = most * 4 // 5 + 1
    counts = data.draw(st.lists(st.integers(least, most), min_size=2, max_size=12))
    here = data.draw(st.integers(0, len(numbers)))
    levels = [here := level(numbers, count, here) for count in counts]
    assert levels == sorted(levels) or levels == sorted(levels, reverse=True)


def test_a_month_is_judged_by_its_first_local_midnight() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    first = dt.datetime(2027, 3, 1, tzinfo=shanghai)
    assert judged_at(first.astimezone(dt.UTC), shanghai) == judged_at(first + 30 * DAY, shanghai) == first
    assert judged_at(first - dt.timedelta(seconds=1), shanghai) == dt.datetime(2027, 2, 1, tzinfo=shanghai)


def test_a_step_is_no_jolt_to_the_plan() -> None:
    """Thirty slots before it and thirty after, with stock of both: no window is further than 0.9 slot from its share."""
    stepped_at = NOW + 30 * DAY
    stepped = with_steps(STEPPED, [MixStep(stepped_at, 60, {PGC: 7, UGC: 3}, 61, "grew")])
    stock = [draft(f"p{n}") for n in range(40)] + [draft(f"u{n}", f"member{n}") for n in range(40)]
    before = plan([STEPPED], ahead(STEPPED, days=30), stock, [], [], NOW)
    items = {item.draft: item for item in stock}
    slots = {slot.id: slot for slot in ahead(STEPPED, days=60)}
    past = [Past(g.slot, "daily", slots[g.slot].at, items[g.draft].origin, "", g.draft) for g in before]
    coming = [slot for slot in slots.values() if slot.at >= stepped_at]
    after = plan([stepped], coming, stock, [], past, stepped_at)
    origins = [items[given.draft].origin for given in (*before, *after)]
    assert [Counter(part)[PGC] for part in (origins[:30], origins[30:])] == [9, 21]
    asked = [0.3] * 30 + [0.7] * 30
    off = [
        abs(origins[first:last].count(PGC) - sum(asked[first:last]))
        for first in range(60)
        for last in range(first + 1, 61)
    ]
    assert len(origins) == 60
    assert max(off) <= 0.9 + 1e-9
