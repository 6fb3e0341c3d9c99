"""Fairness and mix in a community: what steps, what is told, who decides, and how many drafts of one member wait."""

from __future__ import annotations

import datetime as dt

from pipeline_bench import COMMUNITY, FAR, MORNING, SITE, ZONE, Bench
from sqlalchemy import insert

from steadycast import pipeline
from steadycast.ledger import mix_steps
from steadycast.ledger.bulk_backfill import PastSlot
from steadycast.ledger.connection import table
from steadycast.pipeline import mix
from steadycast.schedule.model import Origin

DAY = dt.timedelta(days=1)
STEPPED = """
[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["far"]
mix = { pgc = 3, ugc = 7 }
mix_at = [{ active = 60, pgc = 7, ugc = 3 }]
"""
SETTINGS = COMMUNITY + STEPPED + SITE + FAR
COUNTS = (42, 51, 58, 61, 63, 57, 55, 47, 46)


def went_out(member: str, at: dt.datetime, series: str = "daily", origin: str = "ugc") -> PastSlot:
    """A slot of the past with that member's draft."""
    return PastSlot(
        f"{series}@{at:%Y-%m-%dT%H:%M:%S}", series, at, f"{at:%Y-%m-%dT%H:%M:%S}", "far", "kept", at, origin, member
    )


def first_of(month: int) -> dt.datetime:
    """Local midnight of the 1st, so many months after December 2026."""
    return dt.datetime(2026 + (11 + month) // 12, (11 + month) % 12 + 1, 1, tzinfo=ZONE)


def test_a_series_steps_with_its_members_and_each_step_is_kept(bench: Bench) -> None:
    """Nine months, planned twice each: two rows, written by the first plan of their month."""
    app = bench.set_up(SETTINGS)
    app.ledger.backfill(
        went_out(f"m{n}", first_of(month) - 10 * DAY + n * dt.timedelta(seconds=1))
        for month, count in enumerate(COUNTS)
        for n in range(count)
    )
    shown = []
    for month in range(len(COUNTS)):
        for at in (first_of(month) + dt.timedelta(minutes=20), first_of(month) + 14 * DAY):
            pipeline.plan(app, at, days=1)
        in_force = mix_steps.in_force(app.ledger, app.workspace.series)["daily"]
        shown.append(f"{in_force.mix[Origin.PGC]}:{in_force.mix[Origin.UGC]}")
    assert shown == ["3:7"] * 3 + ["7:3"] * 4 + ["3:7"] * 2
    rows = mix_steps.mix_steps(app.ledger)["daily"]
    assert [(row.active, row.why) for row in rows] == [(61, "grew"), (47, "shrank")]
    assert [row.since for row in rows] == [
        first_of(3) + dt.timedelta(minutes=20),
        first_of(7) + dt.timedelta(minutes=20),
    ]
    # A slot of the past is told by the mix of its time.
    then = [in_force.mix_then(first_of(month) + DAY)[Origin.PGC] for month in range(len(COUNTS))]
    assert then == [3, 3, 3, 7, 7, 7, 7, 3, 3]


def test_who_handed_in_or_commented_is_active_too(bench: Bench) -> None:
    app = bench.set_up(SETTINGS)
    lately, long_ago = MORNING - DAY, MORNING - 40 * DAY
    app.ledger.backfill([went_out("ann", lately), went_out("old", long_ago), went_out("", lately + DAY / 2)])
    handin = {"the_class": "c16", "slot": "c16@x", "due": lately, "verdict": "kept", "by": "look", "note": ""}
    comment = {"the_class": "c16", "slot": "c16@x", "author": "bo", "draft": "d", "due": lately, "how": "file"}
    with app.ledger.write() as connection:
        rows = [{"member": "bo", "at": lately}, {"member": "ida", "at": None}, {"member": "kai", "at": long_ago}]
        connection.execute(insert(table("handin")), [handin | row for row in rows])
        connection.execute(
            insert(table("comment")),
            [comment | {"reviewer": "cy", "done_at": lately}, comment | {"reviewer": "dee", "done_at": None}],
        )
    assert mix.active(app, MORNING) == {"ann", "bo", "cy"}


def test_a_renamed_series_keeps_its_steps(bench: Bench) -> None:
    app = bench.set_up(SETTINGS)
    app.ledger.backfill(went_out(f"m{n}", first_of(0) - 10 * DAY + n * dt.timedelta(seconds=1)) for n in range(60))
    mix.step(app, first_of(0))
    renamed = SETTINGS.replace("[series.daily]", '[series.notes]\nwas = "daily"')
    app = bench.settings(renamed)
    assert mix.step(app, first_of(0) + DAY)["notes"].mix[Origin.PGC] == 7
    assert len(mix_steps.mix_steps(app.ledger)) == 1


def test_a_look_at_the_plan_takes_no_step(bench: Bench) -> None:
    app = bench.set_up(SETTINGS)
    app.ledger.backfill(went_out(f"m{n}", first_of(0) - 10 * DAY + n * dt.timedelta(seconds=1)) for n in range(60))
    found, taken = mix.judged(app, first_of(0) + DAY)
    assert (found["daily"].mix[Origin.PGC], list(taken)) == (7, ["daily"])
    assert mix_steps.mix_steps(app.ledger) == {}
