"""What a tick did, as a run on Prefect's page."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from prefect_api import prefect


def tell(entry: Mapping[str, Any], table: list[dict[str, Any]], lines: list[str], fault: str) -> None:
    """Makes it a run of its deployment, with its log and its table."""
    flow, now = entry["entrypoint"].rpartition(":")[2], dt.datetime.now(dt.UTC).isoformat()
    ends = (
        {"type": "FAILED", "name": "Failed", "message": fault} if fault else {"type": "COMPLETED", "name": "Completed"}
    )
    with prefect() as ask:
        known = ask("GET", f"/deployments/name/{quote(flow, '')}/{quote(entry['name'], '')}")
        # Ended when it comes to be: one that ran would give back a place that a run of Prefect's own has taken.
        # By its key it is one run, however often it is asked for.
        made = {"state": ends, "idempotency_key": uuid.uuid4().hex}
        run = ask("POST", f"/deployments/{known['id']}/create_flow_run", made)["id"]
        about = {"name": "prefect.flow_runs", "level": 20, "timestamp": now, "flow_run_id": run}
        if lines:
            ask("POST", "/logs/", [about | {"message": line[:20_000]} for line in lines])
        ask("POST", "/artifacts/", {"key": flow, "type": "table", "data": json.dumps(table), "flow_run_id": run})
    print(f"{flow}/{entry['name']}: {ends['name']}", flush=True)
