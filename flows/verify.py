"""Looks back: settles what is unknown, and sees whether what was published is there."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow
from prefect.artifacts import acreate_table_artifact

from steadycast import pipeline


def look_back() -> list[dict[str, Any]]:
    """What was recovered, settled or seen, as rows."""
    with pipeline.App.in_force() as app:
        return pipeline.verify(app, pipeline.now()).rows()


@flow(
    name="verify",
    description="Look for unknown deliveries on their channels, and see whether published ones are there.",
)
async def verify() -> int:
    """How many deliveries were looked at."""
    rows = await asyncio.to_thread(look_back)
    table = rows or [{"state": "nothing was to be looked at"}]
    await acreate_table_artifact(key="verify", table=table, description="Looked at")
    return len(rows)
