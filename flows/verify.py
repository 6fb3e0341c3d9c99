"""Looks back: settles what is unknown, and sees whether what was published is there."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_table_artifact

from steadycast import pipeline

NOTHING = "nothing was to be looked at"


def work(**asked: Any) -> list[dict[str, Any]]:
    """What was recovered, settled or seen, as rows."""
    with pipeline.App.in_force() as app:
        return pipeline.verify(app, pipeline.now(), **asked).rows()


@flow(
    name="verify",
    description="Look for unknown deliveries on their channels, and see whether published ones are there.",
)
async def verify() -> int:
    """How many deliveries were looked at."""
    log = get_run_logger()
    rows = await asyncio.to_thread(work, told=lambda row: log.info(pipeline.line_of(row)))
    table = rows or [{"state": NOTHING}]
    await acreate_table_artifact(key="verify", table=table, description="Looked at")
    return len(rows)
