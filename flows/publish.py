"""Serves slots: renders ahead, sends at the slot's second, and sweeps up what is overdue."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_table_artifact

from steadycast.ops.ticking import heeded
from steadycast.pipeline import App, line_of
from steadycast.pipeline import publish as serve

NOTHING = "nothing was due"


def work(**asked: Any) -> list[dict[str, Any]]:
    """What went where, as rows. A run is a tick: the ledger says what is due."""
    with App.in_force() as app:
        return serve(app, **asked).rows()


@flow(name="publish", description="Publish what is due; or, with parameters, one series, draft, slot or channel now.")
async def publish(
    *,
    series: str = "",
    draft: str = "",
    slot: str = "",
    channel: str = "",
    dry_run: bool = False,
    ahead: bool = False,
) -> int:
    """How many deliveries were made.

    Args:
        series: The next slot of this series, before its hour: its name in steadycast.toml, such as daily.
        draft: This draft, outside any series: its id, or its path below content/.
        slot: This slot, such as daily@2026-11-27T20:00.
        channel: Only to this channel.
        dry_run: Render and say what would go where; send nothing.
        ahead: Wait for slots that fall within the setting lead. For schedules.
    """
    named = {"series": series, "draft": draft, "slot": slot, "channel": channel}
    asked = {name: word.strip() or None for name, word in named.items()}
    log = get_run_logger()
    with heeded():
        rows = await asyncio.to_thread(
            work, **asked, dry_run=dry_run, ahead=ahead, told=lambda row: log.info(line_of(row))
        )
    table = rows or [{"state": NOTHING}]
    await acreate_table_artifact(key="publish", table=table, description="What went where")
    return len(rows)
