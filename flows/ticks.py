"""One tick of `steadycast up`: done without a run of Prefect's, and told to it as one where it did something."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from told import tell

from steadycast.ops.ticking import LONGEST, Job, Look, jobs
from steadycast.pipeline import line_of


def module_of(entry: Mapping[str, Any]) -> Any:
    """The file that an entry of prefect.yaml runs, loaded."""
    return importlib.import_module(Path(entry["entrypoint"].partition(":")[0]).stem)


def ticking(entries: Iterable[dict[str, Any]]) -> dict[str, Job]:
    """Those that tick beside Prefect. A flow of somebody's own, without `work` and `NOTHING`, is Prefect's to run."""
    ours = [entry for entry in entries if Path(entry["entrypoint"]).parent == Path("flows")]
    found = jobs(entry for entry in ours if {"work", "NOTHING"} <= vars(module_of(entry)).keys())
    for entry in ours:
        if entry["name"] in found:
            found[entry["name"]].longest = getattr(module_of(entry), "LONGEST", LONGEST)
    return found


def tick(entry: Mapping[str, Any], look: Look) -> bool:
    """Does what a run of this entry would; whether Prefect was told: of something done, of a fault, or once an hour."""
    rows, lines, fault, module = list[dict[str, Any]](), list[str](), look.fault, module_of(entry)
    try:
        rows = module.work(**(entry.get("parameters") or {}), told=lambda row: lines.append(line_of(row)))
    except Exception:
        print(fault := traceback.format_exc(), flush=True)
        lines.append(fault)
    if not (rows or fault or look.due):
        return False
    fault = fault.strip().rpartition("\n")[2][:500]
    try:
        tell(entry, rows or [{"state": fault or module.NOTHING, "runs": look.quiet + 1}], lines, fault)
    except Exception as error:
        print(f"{entry['name']}: done, but Prefect could not be told: {error!r}", flush=True)
        return False
    return True
