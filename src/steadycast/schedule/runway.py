"""How likely a gap is at the present rate of intake, and whether one waits for a person."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence

from steadycast.schedule.days import DAY
from steadycast.schedule.model import Series

SOON = DAY  # a gap nearer than this waits for a person


def pressing(
    at: dt.datetime, series: Series, fill_within: dt.timedelta, now: dt.datetime, planned: dt.datetime
) -> bool:
    """Whether a gap at `at` waits for a person: it is near, and the plan as of `planned` left it to no later filling.

    Where a series has a ladder, reserve comes only to slots within `fill_within`: beyond that a gap may still close
    by itself. A plan older than half a day is waited for no longer: nobody may be making another.
    """
    reached = max(planned, now - SOON / 2) + fill_within
    return at < now + SOON and (not series.fill or at <= reached)


def arrival_rate(times: Iterable[dt.datetime], now: dt.datetime, window: dt.timedelta = dt.timedelta(days=28)) -> float:
    """Usable drafts a day over the last `window`, from the instants at which each came into stock."""
    return sum(now - window < time <= now for time in times) / (window / DAY)


def gap_chance(
    slot_times: Sequence[dt.datetime], stock: int, arrivals_per_day: float, now: dt.datetime, days: float = 30
) -> float:
    """The chance, 0 to 1, that some slot of the next `days` finds nothing in stock.

    Each slot takes one draft; drafts come as a Poisson process of that rate. Computed over the whole distribution of
    stock, with no random numbers: the same question has the same answer, to about 12 digits.
    """
    times = sorted(time for time in slot_times if now <= time <= now + days * DAY)
    chance = 0.0
    held = {max(stock, 0): 1.0}  # drafts in stock -> how likely; stock that covers all that is left drops out as safe
    before = now
    for index, time in enumerate(times):
        left = len(times) - index
        held = _with_arrivals(held, arrivals_per_day * ((time - before) / DAY), left)
        chance += held.pop(0, 0.0)
        held = {drafts - 1: likely for drafts, likely in held.items()}
        before = time
    return min(chance, 1.0)


def _with_arrivals(held: dict[int, float], expected: float, enough: int) -> dict[int, float]:
    """Stock after a Poisson number of arrivals; `enough` and more is left out, for no gap can follow from there."""
    chances = _poisson(expected, enough)
    found: dict[int, float] = {}
    for drafts, likely in held.items():
        for arrived, chance in enumerate(chances[: max(enough - drafts, 0)]):
            found[drafts + arrived] = found.get(drafts + arrived, 0.0) + likely * chance
    return found


def _poisson(expected: float, limit: int) -> list[float]:
    """The chances of 0, 1, ... fewer than `limit` arrivals; cut off where nothing is left that a float could tell."""
    if expected <= 0:
        return [1.0]
    found = []
    for count in range(limit):
        chance = math.exp(count * math.log(expected) - expected - math.lgamma(count + 1))
        if count > expected and chance < 1e-18:
            break
        found.append(chance)
    return found
