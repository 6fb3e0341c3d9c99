"""What `steadycast up` starts beside Prefect's server: the ticks, and the runner of all that Prefect itself starts."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from runner import serve
from ticks import tick
from ticks import ticking as ticked

from steadycast import on_demand
from steadycast.ops import ticking

FILE = Path("prefect.yaml")


def entries() -> list[dict[str, Any]]:
    """What prefect.yaml says."""
    return list(yaml.safe_load(FILE.read_bytes())["deployments"])


def work(name: str, look: ticking.Look) -> bool:
    """One tick of that deployment; whether Prefect was told."""
    return tick(next(entry for entry in entries() if entry["name"] == name), look)


def main() -> int:
    """Ticks, and keeps the runner, until that one ends; its exit code. Nothing is done in this process itself."""
    ticked(entries())  # loaded once, for all that are forked from here
    on_demand.load()
    ticks, said = ticking.Ticking(work, [__file__], [Path(__file__).parent], time.time), b""
    gc.collect()
    gc.freeze()  # what is shared stays shared
    runner = ticking.child(lambda: asyncio.run(serve(FILE.read_bytes)), [__file__, "runner"])
    while (code := ticks.reap().get(runner)) is None:
        with suppress(Exception):  # a slip in the file: its rhythms hold as they were
            if (now := FILE.read_bytes()) != said:
                ticks.follow(ticked(yaml.safe_load(now)["deployments"]))
                said = now
        ticks.beat()
        ticks.rest()
    return code


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(ticking.TOLD if work(sys.argv[1], ticking.Look(*json.loads(sys.argv[2]))) else 0)
    sys.exit(main() if sys.argv[1:] != ["runner"] else asyncio.run(serve(FILE.read_bytes)))
