"""What a tick did, as a run on Prefect's page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate, LogCreate
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from prefect.types import DateTime


async def tell(entry: Mapping[str, Any], table: list[dict[str, Any]], lines: list[str], fault: str) -> None:
    """Makes it a run of its deployment, with its log and its table."""
    flow, told = entry["entrypoint"].rpartition(":")[2], [line[:20_000] for line in lines]
    async with get_client() as client:
        known = await client.read_deployment_by_name(f"{flow}/{entry['name']}")
        ends: State[None] = Failed(message=fault) if fault else Completed()
        # Ended when it comes to be: one that ran would give back a place that a run of Prefect's own has taken.
        run = await client.create_flow_run_from_deployment(known.id, state=ends)
        ids: dict[str, Any] = {"timestamp": DateTime.now("UTC"), "flow_run_id": run.id}
        await client.create_logs([LogCreate(name="prefect.flow_runs", level=20, message=m, **ids) for m in told])
        shown = ArtifactCreate(key=flow, type="table", data=json.dumps(table), flow_run_id=run.id)
        await client.request("POST", "/artifacts/", json=shown.model_dump(mode="json", exclude_unset=True))
    print(f"{flow}/{entry['name']}: {ends.name}", flush=True)
