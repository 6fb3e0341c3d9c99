"""Serves slots: renders ahead, sends at the slot's second, and sweeps up what is overdue."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow
from prefect.artifacts import acreate_table_artifact

from steadycast import pipeline


def serve(**asked: Any) -> list[dict[str, Any]]:
    """What went where, as rows. A run is a tick: the ledger says what is due."""
    with pipeline.Desk.open() as desk:
        return pipeline.publish(desk, **asked).rows()


@flow(name="publish", description="Publish what is due; or, with parameters, one series, draft, slot or channel now.")
async def publish(
    *,
    series: str | None = None,
    draft: str | None = None,
    slot: str | None = None,
    channel: str | None = None,
    dry_run: bool = False,
    ahead: bool = False,
) -> int:
    """How many deliveries were made. `ahead` waits for slots that fall within the setting `lead`."""
    asked = {"series": series, "draft": draft, "slot": slot, "channel": channel, "dry_run": dry_run, "ahead": ahead}
    rows = await asyncio.to_thread(serve, **asked)
    table = rows or [{"state": "nothing was due"}]
    await acreate_table_artifact(key="publish", table=table, description="What went where")
    return len(rows)
