"""A platform through the whole of Steadycast, against its own fake: a draft is published, corrected and taken away."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, Bench, article

from steadycast import pipeline
from steadycast.pipeline.app import App

SERIES = '\n[series.daily]\ntitle = "Daily"\nevery = "day at 20:00"\nchannels = ["out"]\nlate = "3h"\n'
BODY = "A first line with **bold** words.\n\nA [link](https://example.org/) and `code`."


def published(bench: Bench, monkeypatch: pytest.MonkeyPatch, fake: Any) -> App:
    """A community whose one draft has gone out to the fake server."""
    for name, value in fake.secrets().items():
        monkeypatch.setenv(f"OUT_{name.upper()}", value)
    set_to = fake.settings() | {name: f"OUT_{name.upper()}" for name in fake.secrets()}
    lines = [
        f'[channel.out]\nplatform = "{fake.platform.name}"',
        *(f"{n} = {json.dumps(v)}" for n, v in set_to.items()),
    ]
    app = bench.set_up(COMMUNITY + "\n".join(lines) + SERIES, {"pgc/one.md": article("One", body=BODY)})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 1)
    assert [(s.state, s.message) for s in pipeline.publish(app).sent] == [("published", "")]
    return app


def corrected(bench: Bench, app: App) -> list[str]:
    """What became of a correction of that draft, and then of taking it away."""
    bench.clock.advance(dt.timedelta(hours=1))
    bench.drop("pgc/one.md", article("One", body=BODY.replace("first", "better")))
    pipeline.collect(app, bench.clock.now())
    revised = [told.what for told in pipeline.amend.revise(app, "pgc/one.md")]
    return [*revised, *(told.what for told in pipeline.amend.withdraw(app, "pgc/one.md", "the author asked"))]
