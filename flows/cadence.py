"""Keeps the promise in view: plans ahead, writes the report, raises or closes alarms, and asks who came."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow
from prefect.artifacts import acreate_table_artifact

from steadycast.pipeline import App, alarm, arrivals, circles, now, plan, report, rounds

NOTHING = "there is no series yet"


def work(**_more: Any) -> list[dict[str, Any]]:
    """Runway and first gap of every series, as rows."""
    with App.in_force(anyway=True) as app:
        plan(app, now())
        rounds.see_to_classes(app, now())
        rows = report(app, now()).rows()
        alarm(app, now())
        arrivals.pull_due(app, now())  # last: who counts may be slow, and so may other communities
        circles.look(app, now())
        return rows


@flow(name="cadence", description="Plan ahead, write the report, raise and close alarms.")
async def cadence() -> int:
    """How many series were looked at."""
    rows = await asyncio.to_thread(work)
    table = rows or [{"state": NOTHING}]
    await acreate_table_artifact(key="cadence", table=table, description="Runway and first gap")
    return len(rows)
