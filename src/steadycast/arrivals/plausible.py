"""Visitors and goals of a site from Plausible, by day and all four utm parameters.

https://plausible.io/docs/stats-api (version 2): one query, grouped; a key for its statistics.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from steadycast.arrival import JOIN, VISIT, Arrival
from steadycast.arrivals.bounds import Asked, number, words
from steadycast.errors import Busy
from steadycast.language import gettext as _

PAGE, PAGES = 5000, 10  # rows that are read at once, and how often
GROUPED = (
    "time:day", "visit:utm_source", "visit:source", "visit:utm_medium", "visit:utm_campaign", "visit:utm_content",
)  # fmt: skip


def read(asked: Asked) -> Iterator[Arrival]:
    """One row a day and way: visitors, and those who reached the goal as joins."""
    yield from _rows(asked, VISIT, [])
    if asked.goal:
        yield from _rows(asked, JOIN, [["is", "event:goal", [asked.goal]]])


def _rows(asked: Asked, kind: str, filters: list[Any]) -> Iterator[Arrival]:
    query = {
        "site_id": asked.domain,
        "metrics": ["visitors"],
        "date_range": [asked.first.isoformat(), asked.last.isoformat()],
        "dimensions": list(GROUPED),
        "filters": filters,
    }
    for page in range(PAGES):
        paged = {**query, "pagination": {"limit": PAGE, "offset": page * PAGE}}
        said = asked.http.request("POST", "api/v2/query", json=paged, repeatable=True).json()
        try:
            rows = said["results"]
            for row in rows:
                day, source, known, medium, campaign, content = row["dimensions"]
                ways = (words(source) or words(known), words(medium), words(campaign), words(content))
                yield Arrival(dt.date.fromisoformat(str(day)[:10]), *ways, kind=kind, n=number(row["metrics"][0]))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
            raise asked.garbled() from None
        if len(rows) < PAGE:
            return
    raise Busy(_("more than %(most)s rows: ask for fewer days", most=PAGE * PAGES), channel=asked.http.channel)
