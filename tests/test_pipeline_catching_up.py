"""Slots that nobody served in time: one of a series at a time, and of two installations on one ledger each once."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from pipeline_bench import SETTINGS, Bench, article
from publish_bench import ready

from steadycast import ops, pipeline
from steadycast.pipeline.app import App


def at_once(app: App, runs: Any) -> Any:
    """Publish, once for each of `runs`, in one and the same moment: the slots that each of them sent."""
    return [sorted({sent.slot for sent in pipeline.publish(app, **asked).sent}) for asked in runs]


def slots(*days: Any) -> Any:
    return [f"daily@2026-11-{day}T20:00" for day in days]


ASKED = ({"ahead": True}, {"series": "daily", "ahead": True})
AHEAD = [pytest.param(asked, id=name) for asked, name in zip(ASKED, ("sweep", "series"), strict=True)]
FIVE = {f"pgc/{n}.md": article(f"Draft {n}") for n in range(1, 6)}


def test_catching_up_is_one_overdue_slot_of_a_series_at_a_time(bench: Bench) -> None:
    """The machine slept through two slots that may still be late: one a minute, the oldest first."""
    app = ready(bench, SETTINGS.replace('late = "3h"', 'late = "72h"'))
    bench.at(25, 9, 0)
    assert {s.slot for s in pipeline.publish(app).sent} == {"daily@2026-11-23T20:00"}
    bench.at(25, 9, 1)
    assert {s.slot for s in pipeline.publish(app).sent} == {"daily@2026-11-24T20:00"}
    bench.at(25, 9, 2)
    assert pipeline.publish(app).sent == ()


def test_what_falls_due_now_does_not_wait_for_what_is_overdue(bench: Bench) -> None:
    """Catching up makes no slot late that could be on time, and comes in a minute of its own."""
    app = ready(bench, SETTINGS.replace('late = "3h"', 'late = "72h"'))
    bench.at(24, 20, 0)
    assert {s.slot for s in pipeline.publish(app).sent} == {"daily@2026-11-24T20:00"}
    bench.at(24, 20, 1)
    assert {s.slot for s in pipeline.publish(app).sent} == {"daily@2026-11-23T20:00"}


@pytest.mark.parametrize("asked", AHEAD)
@pytest.mark.parametrize(("late", "ends", "verdict"), [("12h", "published", "late"), ("3h", "missed", "missed")])
def test_a_run_that_starts_six_hours_late_sends_what_may_still_be_late(
    bench: Bench, asked: Any, late: str, ends: str, verdict: str
) -> None:
    """Its own slot, once, late while `late` lasts; after that it is missed, and nothing else goes out in its place."""
    app = ready(bench, SETTINGS.replace('late = "3h"', f'late = "{late}"'), content=FIVE)
    bench.at(24, 2, 0)
    gone = slots(23) if ends == "published" else []
    assert at_once(app, [asked] * 3) == [gone, [], []]
    rows = app.ledger.deliveries(slots=slots(23))
    assert {(row.state, row.verdict) for row in rows} == {(ends, verdict)}
    assert len(bench.calls()) == len(bench.there()) == len(gone)
    assert {row.state for row in app.ledger.deliveries(slots=slots(24))} == {"due"}


def test_missed_runs_that_all_come_at_once_send_one_slot_a_minute(bench: Bench) -> None:
    """Four days' runs and their sweeps, in no order, when the server is back: the oldest slot, and a minute apart."""
    app = ready(bench, SETTINGS.replace('late = "3h"', 'late = "72h"'), content=FIVE)
    bench.at(27, 2, 0)  # the 23rd is past late; the 24th, 25th and 26th are not
    runs = [{"ahead": True}, {"series": "daily", "ahead": True}, {}, {"series": "daily", "ahead": True}] * 3
    for minute, day in enumerate((24, 25, 26)):
        bench.at(27, 2, minute)
        assert at_once(app, runs) == [slots(day), *[[]] * 11]
        bench.at(27, 2, minute, 40)
        assert at_once(app, reversed(runs)) == [[]] * 12
    assert {row.state for row in app.ledger.deliveries(slots=slots(23))} == {"missed"}
    assert {row.verdict for row in app.ledger.deliveries(slots=slots(24, 25, 26))} == {"late"}
    assert len(bench.calls()) == len(bench.there()) == 3


@pytest.mark.parametrize("asked", AHEAD)
def test_a_missed_run_waits_while_another_worker_has_the_slot_before(bench: Bench, asked: Any) -> None:
    """Two workers get one missed run each: the second finds the first in mid-send, and its day comes a minute later."""
    app = ready(bench, SETTINGS.replace('late = "3h"', 'late = "72h"'), content=FIVE)
    now = bench.at(25, 9, 0)
    ids = [row.id for row in app.ledger.deliveries(slots=slots(23)) if row.id]
    assert len(app.ledger.claim(now, "the other", dt.timedelta(minutes=5), ids=ids)) == 2
    assert at_once(app, [asked]) == [[]]
    bench.at(25, 9, 6)  # it died: its claim is given back
    assert at_once(app, [asked] * 2) == [slots(23), []]


def test_a_slot_in_doubt_keeps_the_next_one_waiting(bench: Bench) -> None:
    """It may be there: the day after it does not follow in the same minute, and does in the next but one."""
    app = ready(bench, SETTINGS.replace('late = "3h"', 'late = "72h"').replace('"site", "far"', '"far"'), content=FIVE)
    bench.far("cut")
    bench.at(25, 9, 0)
    assert at_once(app, [{"ahead": True}] * 2) == [slots(23), []]
    bench.at(25, 9, 2)
    assert at_once(app, [{"ahead": True}] * 2) == [slots(24), []]


def test_two_installations_on_one_ledger_send_each_slot_once(
    database: str, quick_path: Path, empty_sqlite: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two machines with the same drafts, each with a var/ of its own: what they share is the ledger, and it decides."""
    monkeypatch.setenv("STEADYCAST_LEDGER", database)
    other = Bench(quick_path / "other", empty_sqlite)
    both = [bench, other]
    for one in both:
        app = ready(one, SETTINGS.replace('"site", "far"', '"far"'), content=FIVE)
    assert len(app.ledger.deliveries(slots=slots(23, 24, 25))) == 3
    app.close()
    bench.app.close()

    def serve(one: Any, start: Any, asked: Any) -> None:
        with one.open() as mine:
            start.wait()
            pipeline.publish(mine, **asked)
            pipeline.verify(mine, one.clock.now())

    # The minute after, they look again: nothing goes out twice, and what a busy machine gave back goes out then.
    for day, *moment in ((day, *moment) for day in (23, 24, 25) for moment in ((19, 59, 30), (20, 1))):
        for one in both:
            one.at(day, *moment)
        start = Barrier(4)
        with ThreadPoolExecutor(4) as pool:  # a sweep and the series' own run on each
            runs = [pool.submit(serve, one, start, asked) for one in both for asked in ASKED]
            for run in runs:
                run.result()
    posts = [line.split(" ")[0] for one in both for line in one._lines("far", "posts")]
    assert len(posts) == len(set(posts)) == 3
    assert len(bench.calls()) + len(other.calls()) == 3
    with bench.open() as app:
        rows = app.ledger.deliveries(slots=slots(23, 24, 25))
        assert {row.marker for row in rows} == set(posts)
        assert {(row.state, row.verdict) for row in rows} <= {("published", "kept"), ("seen", "kept")}
        assert ops.status(app, bench.clock.now())["waiting"] == []


def test_past_late_a_slot_is_missed_and_its_draft_is_stock_again(bench: Bench) -> None:
    app = ready(bench, content={"pgc/1.md": article("Only one")})
    bench.at(24, 9, 0)
    assert pipeline.publish(app).sent == ()
    assert {d.state for d in app.ledger.deliveries(slots=["daily@2026-11-23T20:00"])} == {"missed"}
    planned = pipeline.plan(app, bench.clock.now())
    assert [(s.slot, s.title) for s in planned.slots if s.draft] == [("daily@2026-11-24T20:00", "Only one")]
