"""Looks back: settles what is unknown, and sees whether what was published is there."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_table_artifact

from steadycast.pipeline import App, line_of, now
from steadycast.pipeline import verify as look_back

NOTHING = "nothing was to be looked at"


def work(**asked: Any) -> list[dict[str, Any]]:
    """What was recovered, settled or seen, as rows."""
    with App.in_force() as app:
        return look_back(app, now(), **asked).rows()


@flow(
    name="verify",
    description="Look for unknown deliveries on their channels, and see whether published ones are there.",
)
async def verify() -> int:
    """How many deliveries were looked at."""
    log = get_run_logger()
    rows = await asyncio.to_thread(work, told=lambda row: log.info(line_of(row)))
    table = rows or [{"state": NOTHING}]
    await acreate_table_artifact(key="verify", table=table, description="Looked at")
    return len(rows)
