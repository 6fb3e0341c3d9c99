"""Visits of short links from Shlink (REST version 3, from Shlink 4.1): each with the address that was visited.

https://api-spec.shlink.io: visits of a tag or of all links, by pages, bots left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from urllib.parse import quote

from steadycast.arrival import Arrival
from steadycast.arrivals.bounds import Asked, where_from
from steadycast.errors import Busy
from steadycast.language import gettext as _

PAGE, PAGES = 1000, 100  # visits that are read at once, and how often


def read(asked: Asked) -> Iterator[Arrival]:
    """One arrival a visit."""
    path = f"rest/v3/tags/{quote(asked.tag, safe='')}/visits" if asked.tag else "rest/v3/visits/non-orphan"
    until = asked.begins(asked.last + dt.timedelta(days=1)) - dt.timedelta(seconds=1)
    given = {"startDate": asked.begins(asked.first).isoformat(), "endDate": until.isoformat()}
    for page in range(1, PAGES + 1):
        params = {**given, "page": page, "itemsPerPage": PAGE, "excludeBots": "true"}
        visits = asked.http.request("GET", path, params=params).json()
        try:
            rows, pages = visits["visits"]["data"], int(visits["visits"]["pagination"]["pagesCount"])
            for row in rows:
                at = dt.datetime.fromisoformat(row["date"]).astimezone(asked.zone)
                if row.get("potentialBot") is not True:
                    yield Arrival(at.date(), *where_from(row.get("visitedUrl"), row.get("referer")))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise asked.garbled() from None
        if page >= pages or not rows:
            return
    said = _("more than %(most)s visits: ask for fewer days, or for one tag", most=PAGE * PAGES)
    raise Busy(said, channel=asked.http.channel)
