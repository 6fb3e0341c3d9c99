"""The mix of each series that is in force: judged once a month by how many members are active."""

from __future__ import annotations

import datetime as dt

from steadycast.ledger import mix_steps
from steadycast.pipeline.app import App
from steadycast.schedule.mix_steps import MixStep, judge, judged_at, with_steps
from steadycast.schedule.model import Series
from steadycast.schedule.shares import WINDOW


def active(app: App, at: dt.datetime) -> set[str]:
    """The members who were active in the 30 days before an instant."""
    return mix_steps.active_members(app.ledger, at - WINDOW, at)


def judged(app: App, now: dt.datetime) -> tuple[dict[str, Series], dict[str, MixStep]]:
    """Each series with the mix that is in force from `now` on, and the steps that are not written down yet.

    What the last 1st counted holds for its month: whenever the first plan of a month is made, it comes to the same.
    """
    steps, taken = mix_steps.mix_steps(app.ledger), dict[str, MixStep]()
    found, there = {}, -1
    for name, series in app.workspace.series.items():
        its = mix_steps.steps_of(series, steps)
        if series.mix_at and there < 0:
            there = len(active(app, judged_at(now, app.workspace.community.zone)))
        step = judge(series, its[-1] if its else None, max(there, 0), now) if series.mix_at or its else None
        if step:
            taken[name] = step
            its = [*its, step]
        found[name] = with_steps(series, its)
    return found, taken


def step(app: App, now: dt.datetime) -> dict[str, Series]:
    """Takes the steps that are due, each a row of the ledger; the series with the mix that is in force."""
    found, taken = judged(app, now)
    for name, each in taken.items():
        mix_steps.put_mix_step(app.ledger, name, each)
    return found
