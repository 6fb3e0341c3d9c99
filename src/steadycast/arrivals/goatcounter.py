"""Visits of a site from GoatCounter, by source: it keeps neither medium nor content, so nothing is known of slots.

https://www.goatcounter.com/api.html: the top referrers of each day; the end is not included; a key that may read
statistics. A link's utm_source is its referrer there.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator

from steadycast.arrival import Arrival
from steadycast.arrivals.bounds import Asked, number, words

PAGE, PAGES = 100, 5  # sources of a day
APART = 0.3  # seconds: four requests a second are allowed


def read(asked: Asked) -> Iterator[Arrival]:
    """One row a day and source."""
    first = True
    for day in asked.days:
        start, end = (asked.begins(each).astimezone(dt.UTC) for each in (day, day + dt.timedelta(days=1)))
        for page in range(PAGES):
            if not first:
                time.sleep(APART)
            first = False
            params = {"start": _written(start), "end": _written(end), "limit": PAGE, "offset": page * PAGE}
            said = asked.http.request("GET", "api/v0/stats/toprefs", params=params).json()
            try:
                for row in said["stats"]:
                    yield Arrival(day, words(row.get("name")), n=number(row["count"]))
                more = said.get("more") is True
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
                raise asked.garbled() from None
            if not more:
                break


def _written(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
