"""One tick of `steadycast up`: done without a run of Prefect's, and told to it as one where it did something."""

from __future__ import annotations

import asyncio
import importlib
import json
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate, LogCreate
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed, Running
from prefect.types import DateTime

from steadycast.ops.ticking import Look
from steadycast.pipeline import line_of


def module_of(entry: Mapping[str, Any]) -> Any:
    """The file that an entry of prefect.yaml runs, loaded."""
    return importlib.import_module(Path(entry["entrypoint"].partition(":")[0]).stem)


def tick(entry: Mapping[str, Any], look: Look) -> bool:
    """Does what a run of this entry would; whether Prefect was told: of something done, of a fault, or once an hour."""
    rows, lines = list[dict[str, Any]](), list[str]()
    fault, module, name = look.fault, module_of(entry), entry["name"]
    try:
        rows = module.work(**(entry.get("parameters") or {}), told=lambda row: lines.append(line_of(row)))
    except Exception:
        print(fault := traceback.format_exc(), flush=True)
        lines.append(fault)
    if not (rows or fault or look.due):
        return False
    fault = fault.strip().rpartition("\n")[2][:500]
    try:
        asyncio.run(tell(entry, rows or [{"state": fault or module.NOTHING, "runs": look.quiet + 1}], lines, fault))
    except Exception as error:
        print(f"{name}: done, but Prefect could not be told: {error!r}", flush=True)
        return False
    return True


async def tell(entry: Mapping[str, Any], table: list[dict[str, Any]], lines: list[str], fault: str) -> None:
    """Makes it a run of its deployment, with its log and its table."""
    flow, told = entry["entrypoint"].rpartition(":")[2], [line[:20_000] for line in lines]
    async with get_client() as client:
        known = await client.read_deployment_by_name(f"{flow}/{entry['name']}")
        run = await client.create_flow_run_from_deployment(known.id, state=Running())
        ids: dict[str, Any] = {"timestamp": DateTime.now("UTC"), "flow_run_id": run.id}
        await client.create_logs([LogCreate(name="prefect.flow_runs", level=20, message=m, **ids) for m in told])
        shown = ArtifactCreate(key=flow, type="table", data=json.dumps(table), flow_run_id=run.id)
        await client.request("POST", "/artifacts/", json=shown.model_dump(mode="json", exclude_unset=True))
        ends: State[None] = Failed(message=fault) if fault else Completed()
        await client.set_flow_run_state(run.id, ends, force=True)
    print(f"{flow}/{entry['name']}: {ends.name}", flush=True)
