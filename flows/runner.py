"""Prefect's runner of the deployments of prefect.yaml: what `serve.py` keeps beside the ticks."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.deployments.runner import RunnerDeployment
from prefect.events import DeploymentEventTrigger
from prefect.runner import Runner
from prefect.schedules import Cron
from ticks import ticking


def deployment(entry: dict[str, Any], schedules: Any) -> RunnerDeployment:
    """One entry of prefect.yaml as a deployment that this process runs."""
    limit, same = entry.get("concurrency_limit"), ("entrypoint", "name", "description", "tags", "parameters")
    return RunnerDeployment.from_entrypoint(
        **{key: entry.get(key) for key in same},  # type: ignore[arg-type]
        schedules=[Cron(s.pop("cron"), **s) for s in map(dict, schedules or ())],
        triggers=[DeploymentEventTrigger.model_validate(t) for t in entry.get("triggers") or []],
        concurrency_limit=ConcurrencyLimitConfig(**limit) if isinstance(limit, dict) else limit,
    )


class Served(Runner):
    def handle_sigterm(self, *_args: Any, **_more: Any) -> None:  # Prefect's own leaves a coroutine unawaited
        """Ends at once: the flows end by themselves, and the ledger knows where each of them stood."""
        raise SystemExit(0)

    async def register(self, said: bytes) -> None:
        """Makes the server know these, and no other of ours: nobody would run what such a one schedules."""
        entries = yaml.safe_load(said)["deployments"]
        named, ticks = {(entry["entrypoint"].rpartition(":")[2], entry["name"]) for entry in entries}, ticking(entries)
        async with get_client() as client:
            for known in [each for each in await client.read_deployments() if "steadycast" in each.tags]:
                if ((await client.read_flow(known.flow_id)).name, known.name) not in named:
                    await client.delete_deployment(known.id)
                for schedule in known.schedules if known.name in ticks else ():  # those run beside Prefect
                    await client.delete_deployment_schedule(known.id, schedule.id)
            for entry in entries:
                await self.aadd_deployment(deployment(entry, () if entry["name"] in ticks else entry.get("schedules")))


async def serve(read: Any) -> None:
    """Serves what prefect.yaml says until it is stopped; what it says anew holds at once, and no run is cut off."""
    runner, said = Served(name="steadycast", pause_on_shutdown=False), read()
    await runner.register(said)
    serving = asyncio.create_task(runner.start())
    while not (await asyncio.wait([serving], timeout=2.0))[0]:
        with suppress(Exception):  # a slip in the file, a server that is busy: the next look tries again
            if (now := read()) != said:
                await runner.register(now)
                said = now
    await serving
