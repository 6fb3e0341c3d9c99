"""How many followers came and went, by the way they took, as the vendor counts it: `datacube/getusersummary`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from steadycast.platform import Arrival, Unknown

if TYPE_CHECKING:
    from steadycast.platform import Channel

    from .api import Api

BEIJING = dt.timezone(dt.timedelta(hours=8))  # the vendor's days
READY = dt.timedelta(hours=8)  # a day is counted by eight in the morning after it
AT_ONCE = dt.timedelta(days=7)  # that one call tells
WAYS = {
    0: "other", 1: "search", 17: "card", 30: "qr", 57: "article", 100: "ads", 149: "mini program", 161: "reposted",
    200: "channels", 201: "live",
}  # fmt: skip


class Followers:
    """The half of the adapter that asks who came."""

    channel: Channel
    api: Api

    def arrivals(self, first: dt.date, last: dt.date) -> Iterator[Arrival]:
        """Those who joined and left on these days, both included, as far as the vendor has counted them."""
        counted = (self.channel.now().astimezone(BEIJING) - READY).date() - dt.timedelta(days=1)
        day, until = first, min(last, counted)
        while day <= until:
            end = min(day + AT_ONCE - dt.timedelta(days=1), until)
            yield from self._counted(day, end)
            day = end + dt.timedelta(days=1)

    def _counted(self, first: dt.date, last: dt.date) -> Iterator[Arrival]:
        asked = {"begin_date": first.isoformat(), "end_date": last.isoformat()}
        server = self.channel.settings["url"].rstrip("/")
        said = self.api.call(f"{server}/datacube/getusersummary", asked, repeatable=True)
        try:
            for row in said["list"]:
                day, way = dt.date.fromisoformat(row["ref_date"]), WAYS.get(int(row["user_source"]), "other")
                for kind, number in (("join", row["new_user"]), ("leave", row["cancel_user"])):
                    if int(number) > 0:
                        yield Arrival(day, self.channel.name, way, kind=kind, n=int(number))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise Unknown(self.channel.tell("garbled"), channel=self.channel.name) from None
