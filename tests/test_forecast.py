"""The chance of a gap, and when the first one is to be expected."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import random
from zoneinfo import ZoneInfo

import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st

from steadycast.drill.profiles import WEEKLY_CN
from steadycast.drill.supply import Source, pieces
from steadycast.schedule.forecast import EVEN, USUAL_SPREAD, Forecast, Intake, forecast, intake
from steadycast.schedule.model import Origin, Series

UTC = dt.UTC
NOW = dt.datetime(2026, 11, 22, 20, tzinfo=UTC)
DAY = dt.timedelta(days=1)
NOTES = Series("notes", every="day at 20:00", days_off={dt.date(2026, 11, 24): "off"})
# Drafts in stock, mean of a week, and the chance of a gap in 30 days when the real weeks of 科技爱好者周刊 (issues 301
# to 407, variance over mean 1.5) were resampled at that mean, a slot every day.
MEASURED = [(5, 7.6, 0.22), (10, 7.6, 0.030), (5, 9.3, 0.054), (3, 10.9, 0.062), (5, 10.9, 0.017)]
BURSTS = (2, 12, 5, 6, 15, 4, 9, 8, 3, 10, 7, 14, 5, 6)  # a week's drafts: mean 7.6, variance over mean 2


def daily(count: int) -> list[dt.datetime]:
    return [NOW + n * DAY for n in range(1, count + 1)]


def even(stock: int, per_day: float, slots: int = 30) -> float:
    """The chance by a Poisson process of a known rate."""
    return forecast(daily(slots), stock, Intake(per_day, EVEN), NOW).chance


def weekly(counts: tuple[int, ...], dice: random.Random) -> list[dt.datetime]:
    """Instants of so many drafts a week, the last week first, anywhere in it."""
    return [NOW - (week + dice.random()) * 7 * DAY for week, count in enumerate(counts) for _ in range(count)]


def test_without_arrivals_it_is_sure_one_way_or_the_other() -> None:
    assert even(30, 0) == 0.0
    assert even(29, 0) == 1.0
    assert forecast([], 0, Intake(0), NOW).chance == 0.0


def test_one_slot_and_no_stock_is_the_chance_that_nothing_comes() -> None:
    assert even(0, 2, 1) == pytest.approx(math.exp(-2), rel=1e-12)
    bursts = forecast(daily(1), 0, Intake(2, 1.5), NOW)
    assert bursts.chance == pytest.approx(1.5**-4, rel=1e-12)  # (1 - p) ** r, r = 2 / 0.5


def test_two_slots_by_hand() -> None:
    """No gap: one or more by the first slot and enough by the second."""
    p0, p1 = math.exp(-1), math.exp(-1)
    assert even(0, 1, 2) == pytest.approx(p0 + p1 * p0, rel=1e-12)


def test_only_slots_within_thirty_days_count() -> None:
    assert forecast([*daily(3), NOW - DAY], 3, Intake(0), NOW).chance == 0.0
    assert even(30, 0, 40) == 0.0


def test_a_flood_of_drafts_leaves_no_chance_and_breaks_nothing() -> None:
    assert even(0, 5000) == 0.0
    assert forecast(daily(30), 0, Intake(5000, 1.9, 4), NOW).chance == pytest.approx(0, abs=1e-12)


def test_on_uneven_weeks_it_is_near_what_resampled_weeks_give_and_poisson_is_not() -> None:
    """Poisson is too sure of itself, by 1.4 to 4 times; this is within a quarter, and never the surer of the two."""
    for stock, mean, resampled in MEASURED:
        uneven = forecast(daily(30), stock, Intake(mean / 7, 1.5), NOW).chance
        assert resampled / 1.25 < uneven < resampled * 1.25, (stock, mean)
        assert even(stock, mean / 7) < resampled / 1.35, (stock, mean)


def test_it_agrees_with_weeks_of_one_community_drawn_again() -> None:
    """From a history's instants to the chance: the same weeks, drawn with replacement and played out."""
    dice, runs, gaps = random.Random(7), 800, 0
    for _ in range(runs):
        drawn = [count for _ in range(6) for count in dice.choices(BURSTS)]
        came = sorted((week + dice.random()) * 7 for week, count in enumerate(drawn) for _ in range(count))
        shift = dice.random() * 7
        came = [at - shift for at in came if at > shift]
        gaps += any(5 + sum(at <= day for at in came) < day for day in range(1, 31))
    half_a_year = weekly((BURSTS * 2)[:26], dice)
    told = intake(half_a_year, NOW, 182 * DAY)
    assert 1.5 < told.spread < 2.2
    known = Intake(sum(BURSTS) / len(BURSTS) / 7, told.spread)
    assert forecast(daily(30), 5, known, NOW).chance == pytest.approx(gaps / runs, abs=0.05)
    assert even(5, known.per_day) < gaps / runs - 0.08


def test_of_many_slots_it_is_near_the_exact_figure_and_takes_no_seconds() -> None:
    """62 slots in thirty days are computed exactly; one more is not, and makes little difference."""
    exactly, nearly = ([NOW + n * 30 * DAY / count for n in range(1, count + 1)] for count in (62, 63))
    for stock, rate in ((8, 2.1), (15, 1.9), (40, 1.2)):
        exact, near = (forecast(each, stock, Intake(rate, 1.7), NOW).chance for each in (exactly, nearly))
        assert near == pytest.approx(exact, abs=0.06)
    hourly = [NOW + n * DAY / 24 for n in range(1, 721)]
    assert forecast(hourly, 10, Intake(0), NOW).likely == NOW + 11 * DAY / 24
    assert forecast(hourly, 0, Intake(12, 1.7, 8), NOW).chance > 0.999
    assert forecast(hourly, 900, Intake(24, 1.7), NOW).chance < 0.001


def test_the_rate_is_that_of_eight_weeks_and_the_spread_that_of_half_a_year() -> None:
    every_day = [NOW - n * DAY for n in range(300)] + [NOW + DAY]
    seen = intake(every_day, NOW, 300 * DAY)
    assert (seen.per_day, seen.weeks) == (1.0, 8)
    assert seen.spread == EVEN  # a draft a day, week after week, is as even as can be
    assert intake([], NOW, 70 * DAY) == Intake(0, USUAL_SPREAD, 8)
    assert intake(every_day, NOW, 10 * DAY).weeks == pytest.approx(10 / 7)


def test_of_few_weeks_the_spread_is_the_usual_one_and_the_rate_is_not_trusted() -> None:
    """Two weeks say nothing of a spread; and with a rate seen for long, a gap is less likely than with the same rate
    seen for a week.
    """
    two = intake(weekly((1, 15), random.Random(1)), NOW, 14 * DAY)
    assert two.spread == pytest.approx((12.25 + 8 * USUAL_SPREAD) / 9)
    short, long = (forecast(daily(30), 12, Intake(1, 1.7, weeks), NOW) for weeks in (1, 8))
    assert short.chance > long.chance > forecast(daily(30), 12, Intake(1, 1.7), NOW).chance
    assert (short.few, long.few) == (True, False)


def test_the_first_gap_is_named_with_its_range() -> None:
    """Without arrivals it is one day; with some it may come sooner or later."""
    sure = forecast(daily(30), 9, Intake(0), NOW)
    assert sure.likely == sure.early == sure.late == sure.around == NOW + 10 * DAY
    assert sure.near == pytest.approx(1)
    told = forecast(daily(30), 5, Intake(0.5, 1.7), NOW)
    assert told.early is not None
    assert told.likely is not None
    assert told.late is not None
    assert NOW + 5 * DAY < told.early < told.likely < told.late <= NOW + 30 * DAY
    assert told.around is not None
    assert told.early <= told.around < told.likely
    assert 0 < told.near < 1
    plenty = forecast(daily(30), 25, Intake(1), NOW)
    assert (plenty.likely, plenty.late) == (None, None)


def test_the_likeliest_day_is_the_one_that_most_gaps_are_within_a_day_of() -> None:
    """By hand: one in stock, and a draft a day each for itself. Not at all where no gap can come; of weekly slots
    the slot itself.
    """
    told = forecast(daily(4), 1, Intake(1, EVEN), NOW)
    first = [forecast(daily(n), 1, Intake(1, EVEN), NOW).chance for n in range(5)]
    near = [first[min(n + 2, 4)] - first[max(n - 1, 0)] for n in range(4)]  # the day before, the day, the day after
    assert told.near == pytest.approx(max(near))
    assert told.around == NOW + (near.index(max(near)) + 1) * DAY
    assert forecast(daily(5), 5, Intake(0), NOW).around is None
    weekly_slots = [NOW + n * 7 * DAY for n in (1, 2, 3)]
    assert forecast(weekly_slots, 1, Intake(0.01, EVEN), NOW).around == NOW + 14 * DAY


@given(st.integers(0, 20), st.floats(0, 5), st.integers(0, 40), st.floats(1, 4))
@examples(60)
def test_more_stock_and_more_arrivals_never_raise_the_chance(
    stock: int, rate: float, count: int, spread: float
) -> None:
    def chance(held: int, per_day: float) -> float:
        return forecast(daily(count), held, Intake(per_day, spread), NOW).chance

    now = chance(stock, rate)
    assert 0 <= now <= 1
    assert chance(stock + 1, rate) <= now + 1e-9
    assert chance(stock, rate + 0.5) <= now + 1e-9


@pytest.mark.slow
@pytest.mark.parallel
def test_what_is_said_comes_about_as_often_over_two_hundred_seeds() -> None:
    """Real weeks, drawn: half a year of history, a stock, a forecast; then thirty days are played out.

    Of forecasts that say about the same, that share comes true. By the day named as likely a gap has come in half.
    """
    told: list[tuple[Forecast, dt.datetime | None]] = []
    for seed in range(200):
        dice = random.Random(seed)
        for share in (0.35, 0.45, 0.55):
            source = Source(f"m{share}", WEEKLY_CN, share=share, writers=("ann",))
            house = Source("h", (2,), in_order=True, origin=Origin.PGC)
            came = [piece.at for piece in pieces([source, house], seed, dt.date(2026, 5, 25), 217, ZoneInfo("UTC"))]
            stock, times = dice.randrange(1, 25), daily(30)
            said = forecast(times, stock, intake([at for at in came if at <= NOW], NOW, 181 * DAY), NOW)
            gap = next((t for n, t in enumerate(times) if stock + sum(NOW < at <= t for at in came) <= n), None)
            told.append((said, gap))
    for low, high in itertools.pairwise((0.0, 0.2, 0.4, 0.6, 0.8, 1.1)):
        some = [(said.chance, gap is not None) for said, gap in told if low <= said.chance < high]
        mean, share = (sum(each[n] for each in some) / len(some) for n in (0, 1))
        assert mean == pytest.approx(share, abs=0.12), (low, mean, share, len(some))
    days = [(said.near, gap is not None and said.around and abs(gap - said.around) <= DAY) for said, gap in told]
    assert sum(near for near, _came in days) == pytest.approx(sum(bool(came) for _near, came in days), rel=0.15)
    named = [(said.likely, gap) for said, gap in told if said.likely]
    assert sum(gap is not None and gap <= likely for likely, gap in named) / len(named) == pytest.approx(0.5, abs=0.12)
