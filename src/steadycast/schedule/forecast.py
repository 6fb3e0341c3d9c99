"""How likely a gap is, and when the first one comes: judged by how a community's drafts really come in."""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from operator import mul
from statistics import NormalDist

from steadycast.schedule.days import DAY

WITHIN = 30 * DAY
WEEK = 7 * DAY
RATE_OVER = 8  # weeks that say how many drafts come: longer, and a community that grows or tires is seen too late
SPREAD_OVER = 26  # weeks that say how unevenly: that takes more weeks, and changes less
USUAL_SPREAD = 1.7  # between two weeklies over years: 1.5 (ruanyf/weekly) and 1.9 (This Week in Rust)
USUAL_WEIGHT = 8  # weeks of a community's own that say as much as that
EVEN = 1.0  # drafts that come each for itself: Poisson
EARLY, LIKELY, LATE = 0.1, 0.5, 0.9
NEAR = DAY + dt.timedelta(hours=1)  # a day either way, also where clocks are put on
NODES = (-2.856970, -1.355626, 0.0, 1.355626, 2.856970)  # Gauss-Hermite, for a standard normal
WEIGHTS = (0.011257, 0.222076, 0.533333, 0.222076, 0.011257)
MANY = 62  # slots, two a day: of more, exact figures take seconds
NOTHING = 1e-18  # a chance that no sum of floats could tell


@dataclass(frozen=True, slots=True)
class Intake:
    """How drafts come in: so many a day, and how unevenly.

    `spread` is the variance of a week's drafts over their mean: 1 where each comes for itself, more where they come
    in bursts. `weeks` says how long that was seen: the fewer, the less the rate is trusted.
    """

    per_day: float
    spread: float = USUAL_SPREAD
    weeks: float = math.inf


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected of a series' next 30 days.

    `chance`, 0 to 1, is that of a gap. By `likely` there is one as likely as not; one time in ten it comes by `early`,
    nine times in ten by `late`. Each is None where it lies further ahead. `weeks`: so many whole weeks were seen.
    `around` is the slot that the first gap is likeliest to be within a day of, and `near` how likely that is: None
    where no gap can come in this time.
    """

    chance: float
    likely: dt.datetime | None = None
    early: dt.datetime | None = None
    late: dt.datetime | None = None
    weeks: int = 0
    around: dt.datetime | None = None
    near: float = 0.0

    @property
    def few(self) -> bool:
        """Whether it says more about communities in general than about this one."""
        return self.weeks < USUAL_WEIGHT


def intake(times: Iterable[dt.datetime], now: dt.datetime, known: dt.timedelta) -> Intake:
    """How drafts came in, from the instants at which each came into stock in the `known` time before `now`.

    The mean is that of the last eight weeks. The spread is measured over whole weeks, half a year at most, and drawn
    towards the usual one as if that had been seen for eight weeks: two or three weeks tell nothing of a spread.
    """
    came, window = sorted(times), min(known, RATE_OVER * WEEK)
    whole = min(int(known / WEEK), SPREAD_OVER)
    until = bisect_right(came, now)
    since = [until - bisect_right(came, now - n * WEEK) for n in range(whole + 1)]
    per_day = (until - bisect_right(came, now - window)) / (window / DAY)
    return Intake(per_day, _spread([later - sooner for sooner, later in pairwise(since)]), window / WEEK)


def _spread(counts: Sequence[int]) -> float:
    """Variance over mean of a week's drafts, drawn towards the usual."""
    weeks = len(counts)
    if weeks < 2 or not any(counts):
        return USUAL_SPREAD
    mean = sum(counts) / weeks
    squares = sum((count - mean) ** 2 for count in counts) / mean  # of weeks - 1 degrees of freedom
    return max(EVEN, (squares + USUAL_WEIGHT * USUAL_SPREAD) / (weeks - 1 + USUAL_WEIGHT))


def forecast(slot_times: Iterable[dt.datetime], stock: int, came: Intake, now: dt.datetime) -> Forecast:
    """What is to be expected where each slot takes one of `stock` and of what comes in.

    Computed over the whole distribution of stock (for more than two slots a day by a formula that is near it), with
    no random numbers: the same question has the same answer.
    What comes between two slots is negative binomial, so that its variance is `spread` times its mean over any span
    of time. A rate that was seen for a few weeks only is itself uncertain, and taken at five places of its own
    distribution.
    """
    times = sorted(time for time in slot_times if now <= time <= now + WITHIN)
    weeks = int(min(came.weeks, RATE_OVER))
    if not times:
        return Forecast(0.0, weeks=weeks)
    days = [(end - begin) / DAY for begin, end in pairwise((now, *times))]
    paths = [_gaps(days, max(stock, 0), rate, came.spread) for rate in _rates(came)]
    weights = WEIGHTS if len(paths) > 1 else (1.0,)
    by_slot = [min(math.fsum(map(mul, weights, each)), 1.0) for each in zip(*paths, strict=True)]
    first = {
        share: next((time for time, chance in zip(times, by_slot, strict=True) if chance >= share), None)
        for share in (EARLY, LIKELY, LATE)
    }
    return Forecast(by_slot[-1], first[LIKELY], first[EARLY], first[LATE], weeks, *_around(times, by_slot))


def _around(times: Sequence[dt.datetime], by_slot: Sequence[float]) -> tuple[dt.datetime | None, float]:
    """The slot that the first gap is likeliest to be within a day of, and how likely that is.

    The one by which it is as likely as not lies late: where a gap has come, less came in than half of the time.
    """
    until = [0.0, *by_slot]
    near = [until[bisect_right(times, at + NEAR)] - until[bisect_left(times, at - NEAR)] for at in times]
    own = [later - sooner for sooner, later in pairwise(until)]
    best = max(range(len(times)), key=lambda n: (round(near[n], 9), own[n]))
    return (times[best], near[best]) if near[best] > NOTHING else (None, 0.0)


def _rates(came: Intake) -> list[float]:
    """The rates that may be the true one, in the places of NODES; one alone where it is known."""
    if came.per_day < NOTHING or math.isinf(came.weeks):
        return [came.per_day]
    expected = came.per_day * 7 * came.weeks  # drafts that were counted
    width = math.sqrt(math.log1p(came.spread / expected))  # log-normal, of the same mean and variance
    return [came.per_day * math.exp(width * node - width * width / 2) for node in NODES]


def _gaps(days: Sequence[float], stock: int, per_day: float, spread: float) -> list[float]:
    """The chance of a gap up to each slot; `days` are those before each slot since the one before."""
    if len(days) > MANY and per_day:
        return _first_passage(days, stock, per_day, spread)
    arrivals = cache(lambda span, enough: _negative_binomial(per_day * span, spread, enough))
    chance, found = 0.0, []
    held = {stock: 1.0}  # drafts in stock -> how likely; stock that covers all that is left drops out as safe
    for left, span in zip(range(len(days), 0, -1), days, strict=True):
        after: dict[int, float] = {}
        chances = arrivals(round(span, 6), len(days))
        for drafts, likely in held.items():
            for arrived, each in enumerate(chances[: max(left - drafts, 0)]):
                after[drafts + arrived] = after.get(drafts + arrived, 0.0) + likely * each
        chance += after.pop(0, 0.0)
        found.append(chance)
        held = {drafts - 1: likely for drafts, likely in after.items()}
    return found


def _first_passage(days: Sequence[float], stock: int, per_day: float, spread: float) -> list[float]:
    """The same for many slots, to some 0.02: stock as a Brownian motion, and when it is below nothing first.

    The two corrections are those for whole drafts (a half) and for stock that is looked at in steps (0.5826 of one
    step's deviation: Broadie, Glasserman and Kou 1997).
    """
    variance, step = per_day * spread, math.fsum(days) / len(days)
    drift, depth = per_day - 1 / step, stock + 0.5 + 0.5826 * math.sqrt(variance * step)
    back = math.exp(min(-2 * drift * depth / variance, 700.0))
    below, found = NormalDist().cdf, list[float]()
    for time in accumulate(days):
        width = math.sqrt(variance * time) or 1e-9
        reached = below((-depth - drift * time) / width) + back * below((drift * time - depth) / width)
        found.append(max(min(reached, 1.0), found[-1] if found else 0.0))
    return found


def _negative_binomial(expected: float, spread: float, limit: int) -> list[float]:
    """The chances of 0, 1, ... fewer than `limit` arrivals; cut off where nothing is left that a float could tell."""
    if expected < NOTHING:
        return [1.0]
    found: list[float] = []
    for count in range(limit):
        chance = math.exp(_log_chance(count, expected, spread))
        if count > expected * spread and chance < NOTHING:
            break
        found.append(chance)
    return found


def _log_chance(count: int, expected: float, spread: float) -> float:
    if spread - 1 < 1e-6:  # Poisson is its limit
        return count * math.log(expected) - expected - math.lgamma(count + 1)
    shape = expected / (spread - 1)
    ways = math.lgamma(count + shape) - math.lgamma(count + 1) - math.lgamma(shape)
    return ways - shape * math.log(spread) + count * math.log1p(-1 / spread)
