"""A worker that dies in the middle, and two at once: each delivery once, each draft once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from pipeline_bench import MORNING, SETTINGS, Bench, article

from steadycast import pipeline

PUBLISH = """
import datetime as dt, sys
from steadycast import pipeline
from steadycast.testing import Clock
from steadycast.workspace import load
with pipeline.App(load(), clock=Clock(dt.datetime.fromisoformat(sys.argv[1]))) as app:
    pipeline.publish(app)
"""
COLLECT = """
import datetime as dt, sys
from steadycast import pipeline
from steadycast.workspace import load
with pipeline.App(load()) as app:
    print(len(pipeline.collect(app, dt.datetime.fromisoformat(sys.argv[1])).taken))
"""


def started(bench: Any, code: Any, now: Any) -> Any:
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("STEADYCAST_") or key == "STEADYCAST_LANGUAGE"
    }
    return subprocess.Popen(
        [sys.executable, "-c", code, now.isoformat()],
        cwd=bench.root,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def ready(bench: Any, drafts: int = 3) -> Any:
    app = bench.set_up(SETTINGS, {f"pgc/{n}.md": article(f"Draft {n}") for n in range(drafts)})
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    return app


@pytest.mark.slow
def test_killed_at_the_moment_of_sending_it_is_there_once(bench: Bench) -> None:
    """SIGKILL after the far side took it, before the answer: found by a look, never sent again."""
    app = ready(bench)
    bench.far("die")
    worker = started(bench, PUBLISH, bench.at(23, 20, 0))
    worker.communicate(timeout=60)
    assert worker.returncode == -signal.SIGKILL
    assert len(bench.there()) == 1
    assert pipeline.publish(app).sent == (), "another worker's, as far as anybody knows"
    for minute in range(1, 30):
        pipeline.verify(app, bench.at(23, 20, minute))
        pipeline.publish(app)
    states = {d.channel: d.state for d in app.ledger.deliveries(slots=["daily@2026-11-23T20:00"])}
    assert states == {"far": "seen", "site": "published"} or states == {"far": "seen", "site": "seen"}
    assert len(bench.calls()) == 1


@pytest.mark.parallel
@pytest.mark.slow
def test_two_workers_at_one_slot_send_it_once(bench: Bench) -> None:
    app = ready(bench)
    workers = [started(bench, PUBLISH, bench.at(23, 20, 0)) for _ in range(3)]
    for worker in workers:
        worker.communicate(timeout=60)
        assert worker.returncode == 0
    assert len(bench.calls()) == 1
    assert {d.state for d in app.ledger.deliveries(slots=["daily@2026-11-23T20:00"])} == {"published"}


@pytest.mark.parallel
@pytest.mark.slow
def test_two_processes_that_take_in_at_once_make_one_draft_of_each_file(bench: Bench) -> None:
    app = bench.set_up(SETTINGS, {f"pgc/{n}.md": article(f"Draft {n}") for n in range(30)})
    workers = [started(bench, COLLECT, MORNING) for _ in range(3)]
    told = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    assert sum(told) == 30
    assert len(app.ledger.drafts()) == 30
