"""A mix that steps with the community: more of one origin from so many active members on. Pure.

A step up is taken at its number, and taken back under 80 % of it, so that a count which moves by less does not turn it
on and off. It is judged by the count at local midnight of the 1st.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from steadycast.schedule.days import midnight
from steadycast.schedule.model import MixAbove, Origin, Series

BACK = (4, 5)  # a step is taken back under 80 % of its number
ALWAYS = dt.datetime(1, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class MixStep:
    """A mix that came into force: since when, from how many active on (0: the series' own), and how many there were."""

    since: dt.datetime
    above: int
    mix: Mapping[Origin, int]
    active: int
    why: str  # grew, shrank; settings: steadycast.toml says otherwise than before


def level(numbers: Sequence[int], active: int, here: int) -> int:
    """How many of the steps at these numbers, in rising order, are taken; `here` many were."""
    while here < len(numbers) and active >= numbers[here]:
        here += 1
    while here and active * BACK[1] < numbers[here - 1] * BACK[0]:
        here -= 1
    return here


def judge(series: Series, former: MixStep | None, active: int, now: dt.datetime) -> MixStep | None:
    """The step that a series takes now, or None: what is in force stays. `series` is as steadycast.toml has it."""
    numbers = [each.active for each in series.mix_at]
    above = former.above if former else 0
    before = sum(number <= above for number in numbers) if above else 0
    after = level(numbers, active, before)
    asked = series.mix_at[after - 1] if after else MixAbove(0, series.mix)
    in_force = (above, dict(former.mix)) if former else (0, dict(series.mix))
    if (asked.active, dict(asked.mix)) == in_force:
        return None
    why = "grew" if after > before else "shrank" if after < before else "settings"
    return MixStep(now, asked.active, asked.mix, active, why)


def judged_at(now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Local midnight of the 1st before `now`: the instant whose count of active members holds for the month."""
    return midnight(now.astimezone(zone).date().replace(day=1), zone)


def with_steps(series: Series, steps: Iterable[MixStep]) -> Series:
    """A series with the mix that is in force, and those before it; `steps` in order of time."""
    rows = tuple(steps)
    if not rows:
        return series
    own = (ALWAYS, series.mix)
    return replace(series, mix=rows[-1].mix, mixes=(own, *((step.since, step.mix) for step in rows)))
