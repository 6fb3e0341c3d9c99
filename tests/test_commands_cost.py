"""What a command does is as much for a community of ten years as for a new one: what went out long ago costs nothing."""

from __future__ import annotations

import cProfile
import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from many_drafts import SERIES, fill
from pipeline_bench import COMMUNITY, FAR, SITE, Bench

from steadycast import ops, pipeline
from steadycast.pipeline import App

LEFT, FEW, MANY = 20, 60, 360
LONG_AGO = dt.timedelta(days=500)
SETTINGS = COMMUNITY + SITE + FAR + "".join(
    f'[series.{name}]\nevery = "day at 20:00"\nforms = ["article", "audio"]\nchannels = ["far"]\n' for name in SERIES
)  # fmt: skip


def calls(work: Callable[[], object]) -> int:
    """How many functions are called by a piece of work: of a thing that is done for each draft, so many more."""
    work()  # what is loaded, compiled and cached the first time is not what grows
    profile = cProfile.Profile()
    profile.runcall(work)
    return sum(entry.callcount for entry in profile.getstats())


def of_ten_years(bench: Bench, drafts: int) -> App:
    """A community with so many drafts; all but the newest went out, each on one channel."""
    app = bench.set_up(SETTINGS, {})
    now = bench.clock.now()
    fill(app.ledger, now - LONG_AGO, drafts=drafts, deliveries=drafts - LEFT, channels=1, left=LEFT)
    pipeline.plan(app, now)
    return app


def status(app: App, now: dt.datetime) -> object:
    return ops.status(app, now)


def first_page(app: App, now: dt.datetime) -> object:
    return list(pipeline.listed(app, now, most=10).rows)


def planned(app: App, now: dt.datetime) -> object:
    pipeline.plan(app, now)
    return pipeline.DraftLocation(app, now).beyond(dt.timedelta(days=14)).lines()


# A command, and how many calls a used draft may cost it: its instant, for the turns and mixes of all that went out.
COMMANDS = {status: 0.1, first_page: 1.0, planned: 20.0}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_a_draft_that_went_out_long_ago_costs_a_command_next_to_nothing(
    command: Callable[[App, dt.datetime], object], quick_path: Path, empty_sqlite: Path
) -> None:
    taken = []
    for drafts in (FEW, MANY):
        bench = Bench(quick_path / str(drafts), empty_sqlite)
        with of_ten_years(bench, drafts) as app:
            taken.append(calls(lambda app=app, bench=bench: command(app, bench.clock.now())))
    assert (taken[1] - taken[0]) / (MANY - FEW) <= COMMANDS[command]
