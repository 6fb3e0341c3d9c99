"""Runs every deployment of prefect.yaml in one process: what `steadycast up` starts beside Prefect's server."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.deployments.runner import RunnerDeployment
from prefect.events import DeploymentEventTrigger
from prefect.runner import Runner
from prefect.schedules import Cron


def deployment(entry: dict[str, Any]) -> RunnerDeployment:
    """One entry of prefect.yaml as a deployment that this process runs."""
    limit = entry.get("concurrency_limit")
    return RunnerDeployment.from_entrypoint(
        entrypoint=entry["entrypoint"],
        name=entry["name"],
        description=entry.get("description"),
        tags=entry.get("tags"),
        parameters=entry.get("parameters"),
        schedules=[Cron(s.pop("cron"), **s) for s in map(dict, entry.get("schedules") or ())],
        triggers=[DeploymentEventTrigger.model_validate(t) for t in entry.get("triggers") or []],
        concurrency_limit=ConcurrencyLimitConfig.model_validate(limit) if isinstance(limit, dict) else limit,
    )


async def take_back(named: set[tuple[str, str]]) -> None:
    """Deletes deployments of ours that prefect.yaml names no more: nobody would run what they schedule."""
    async with get_client() as client:
        for known in await client.read_deployments():
            flow = await client.read_flow(known.flow_id)
            if "steadycast" in known.tags and (flow.name, known.name) not in named:
                await client.delete_deployment(known.id)


class Served(Runner):
    """Ends at once when it is told to: the flows are ticks, and the ledger knows where each of them stood."""

    def handle_sigterm(self, *_args: Any, **_more: Any) -> None:  # Prefect's own leaves a coroutine unawaited
        sys.exit(0)


async def main(entries: list[dict[str, Any]]) -> None:
    """Registers prefect.yaml's entries, takes back what it no longer says, and serves until it is stopped."""
    runner = Served(name="steadycast", pause_on_shutdown=False)
    await take_back({(e["entrypoint"].rpartition(":")[2], e["name"]) for e in entries})
    for entry in entries:
        await runner.aadd_deployment(deployment(entry))
    await runner.start()


if __name__ == "__main__":
    asyncio.run(main(yaml.safe_load(Path("prefect.yaml").read_text(encoding="utf-8"))["deployments"]))
