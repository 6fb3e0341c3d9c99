"""The chance of a gap."""

from __future__ import annotations

import datetime as dt
import math
import random

import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st

from steadycast.schedule.model import Series
from steadycast.schedule.runway import arrival_rate, gap_chance

UTC = dt.UTC
NOW = dt.datetime(2026, 11, 22, 20, tzinfo=UTC)
DAY = dt.timedelta(days=1)
NOTES = Series("notes", every="day at 20:00", days_off={dt.date(2026, 11, 24): "off"})


def test_the_rate_is_what_came_in_the_last_four_weeks() -> None:
    times = [NOW - n * DAY for n in range(60)] + [NOW + DAY]
    assert arrival_rate(times, NOW) == 1.0
    assert arrival_rate([], NOW) == 0.0


def daily(count: int) -> list[dt.datetime]:
    return [NOW + n * DAY for n in range(1, count + 1)]


def test_without_arrivals_it_is_sure_one_way_or_the_other() -> None:
    assert gap_chance(daily(30), 30, 0, NOW) == 0.0
    assert gap_chance(daily(30), 29, 0, NOW) == 1.0
    assert gap_chance([], 0, 0, NOW) == 0.0


def test_one_slot_and_no_stock_is_the_chance_that_nothing_comes() -> None:
    assert gap_chance(daily(1), 0, 2, NOW) == pytest.approx(math.exp(-2), rel=1e-12)


def test_two_slots_by_hand() -> None:
    """No gap: one or more by the first slot and enough by the second."""
    p0, p1 = math.exp(-1), math.exp(-1)
    assert gap_chance(daily(2), 0, 1, NOW) == pytest.approx(p0 + p1 * p0, rel=1e-12)


def test_only_slots_within_the_days_count() -> None:
    assert gap_chance([*daily(3), NOW - DAY], 3, 0, NOW, days=3) == 0.0
    assert gap_chance(daily(40), 30, 0, NOW) == 0.0


def test_a_flood_of_drafts_leaves_no_chance_and_breaks_nothing() -> None:
    assert gap_chance(daily(30), 0, 5000, NOW) == 0.0


def test_it_agrees_with_playing_it_out() -> None:
    dice, gaps = random.Random(7), 0
    for _ in range(4000):
        stock, at = 3, 0.0
        arrivals = []
        while (at := at + dice.expovariate(0.8)) < 15:
            arrivals.append(at)
        gaps += any(stock + sum(each <= day for each in arrivals) < day for day in range(1, 16))
    assert gap_chance(daily(15), 3, 0.8, NOW) == pytest.approx(gaps / 4000, abs=0.03)


@given(st.integers(0, 20), st.floats(0, 5), st.integers(0, 40))
@examples(60)
def test_more_stock_and_more_arrivals_never_raise_the_chance(stock: int, rate: float, count: int) -> None:
    chance = gap_chance(daily(count), stock, rate, NOW)
    assert 0 <= chance <= 1
    assert gap_chance(daily(count), stock + 1, rate, NOW) <= chance + 1e-12
    assert gap_chance(daily(count), stock, rate + 0.5, NOW) <= chance + 1e-12
