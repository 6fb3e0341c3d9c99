"""What tests of publishing share: a desk with drafts taken in and planned, and what went out of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from pipeline_bench import SETTINGS, Bench, article

from steadycast import pipeline
from steadycast.ledger.tables import State
from steadycast.pipeline.app import App
from steadycast.pipeline.results import Published

THREE = {f"pgc/{n}.md": article(f"Draft {n}") for n in (1, 2, 3)}
MINUTE = dt.timedelta(minutes=1)


def ready(
    bench: Bench, settings: str = SETTINGS, content: Mapping[str, str | bytes] = THREE, **more: str | bytes
) -> App:
    """A desk with drafts taken in and planned, on Monday morning."""
    app = bench.set_up(settings, {**content, **more})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    return app


def states(published: Published) -> dict[str, State]:
    return {s.channel: s.state for s in published.sent}


def pages(app: App, channel: str = "site") -> list[str]:
    """The public pages of that channel, without its lists."""
    return sorted(p.name for p in (app.workspace.out / channel / "daily").glob("2026-*.html"))
