"""Reports of other communities, as tests of a hub have them."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any


def told_by(who: str, now: dt.datetime, *runways: int, **more: Any) -> str:
    """The report.json of a community with a series of each of these runways, in days."""
    series = [
        {
            "name": f"s{n}",
            "title": f"Series {n}",
            "runway": {"days": days, "slots": days, "gap": (now + dt.timedelta(days=days, hours=1)).isoformat()},
        }
        for n, days in enumerate(runways)
    ]
    record = {"community": who, "at": now.isoformat(), "series": series, **more}
    return json.dumps({"report": 1, "record": record}, ensure_ascii=False)
