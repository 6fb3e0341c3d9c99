"""Runs every deployment of prefect.yaml in one process: what `steadycast up` starts beside Prefect's server."""

from __future__ import annotations

import asyncio
from contextlib import suppress
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
    limit, same = entry.get("concurrency_limit"), ("entrypoint", "name", "description", "tags", "parameters")
    return RunnerDeployment.from_entrypoint(
        **{key: entry.get(key) for key in same},  # type: ignore[arg-type]
        schedules=[Cron(s.pop("cron"), **s) for s in map(dict, entry.get("schedules") or ())],
        triggers=[DeploymentEventTrigger.model_validate(t) for t in entry.get("triggers") or []],
        concurrency_limit=ConcurrencyLimitConfig(**limit) if isinstance(limit, dict) else limit,
    )


class Served(Runner):
    def handle_sigterm(self, *_args: Any, **_more: Any) -> None:  # Prefect's own leaves a coroutine unawaited
        """Ends at once: the flows are ticks, and the ledger knows where each of them stood."""
        raise SystemExit(0)

    async def register(self, entries: list[dict[str, Any]]) -> None:
        """Makes the server know these, and no other of ours: nobody would run what such a one schedules."""
        named = {(entry["entrypoint"].rpartition(":")[2], entry["name"]) for entry in entries}
        async with get_client() as client:
            for known in [each for each in await client.read_deployments() if "steadycast" in each.tags]:
                if ((await client.read_flow(known.flow_id)).name, known.name) not in named:
                    await client.delete_deployment(known.id)
        for entry in entries:
            await self.aadd_deployment(deployment(entry))


async def main(read: Any) -> None:
    """Serves what prefect.yaml says until it is stopped; what it says anew holds at once, and no run is cut off."""
    runner, said = Served(name="steadycast", pause_on_shutdown=False), read()
    await runner.register(yaml.safe_load(said)["deployments"])
    serving = asyncio.create_task(runner.start())
    while not (await asyncio.wait([serving], timeout=2.0))[0]:
        with suppress(Exception):  # a slip in the file, a server that is busy: the next look tries again
            if (now := read()) != said:
                await runner.register(yaml.safe_load(now)["deployments"])
                said = now
    await serving


if __name__ == "__main__":
    asyncio.run(main(Path("prefect.yaml").read_bytes))
