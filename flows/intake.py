"""Takes drafts in, from the content folder and from members' feeds, and plans with them."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow
from prefect.artifacts import acreate_table_artifact

from steadycast.pipeline import App, collect, convert, now, plan

NOTHING = "no draft changed"
LONGEST = 7200.0  # seconds: an hour of films, the film that began last, and the feeds before them


def work(*, feeds: bool = True, **_more: Any) -> list[dict[str, Any]]:
    """What was new, edited, renamed, gone or broken; as rows."""
    with App.in_force() as app:
        rows = collect(app, now(), feeds=feeds).rows()
        plan(app, now())
        if feeds:  # in the run that no dropped draft waits for: a film takes minutes
            convert(app, now())
        return rows


@flow(name="intake", description="Take in drafts from content/ and from members' feeds, and plan with them.")
async def intake(path: str = "", feeds: bool = True) -> int:
    """How many drafts changed.

    Args:
        path: What was dropped, for the record; the whole folder is looked at all the same.
        feeds: Also read the members' feeds.
    """
    rows = await asyncio.to_thread(work, feeds=feeds)
    table = rows or [{"state": NOTHING}]
    await acreate_table_artifact(key="intake", table=table, description=f"Taken in (asked for: {path or 'everything'})")
    return len(rows)
