"""Which pins are past: what is pinned to such a slot goes out in none, as it is too late even for a late one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from steadycast.schedule.days import DAY
from steadycast.schedule.model import Series
from steadycast.schedule.pins import by_name, day_of, normal
from steadycast.schedule.slots import MOVED_AT_MOST, slots

ANYWHERE = 2 * DAY  # before and after, a day has not begun, or has ended, by the clocks of every zone
TO_COME = dt.datetime.max.replace(tzinfo=dt.UTC)
NO_TIME = dt.timedelta()


class PastPins:
    """Which pins are past at one moment; however many are asked for, the slots of each series are computed once."""

    def __init__(self, now: dt.datetime) -> None:
        self._now, self._today = now, now.astimezone(dt.UTC).date()
        self._near: dict[str, Mapping[str, dt.datetime]] = {}

    def has(self, pin: str, promises: Iterable[Series]) -> bool:
        """Whether it is too late for all slots that a pin may mean; `promises` are the series that may take it."""
        day, pin = day_of(pin), normal(pin)
        if day is None:
            return False
        named, at, _local = pin.rpartition("@")
        last = [self._last(each, pin, day) for each in promises if each.name == named or not at]
        known = [found for found in last if found]
        return max(known) < self._now if known else day < self._today - ANYWHERE

    def _last(self, series: Series, pin: str, day: dt.date) -> dt.datetime | None:
        """Until when the last slot of a series that a pin may mean is served; None: it has none, or it was long ago."""
        lead, after = max(series.announce, default=NO_TIME), _moved(series) + series.late
        if day > self._today + lead + ANYWHERE:
            return TO_COME
        if day < self._today - after - ANYWHERE:
            return None
        if series.name not in self._near:
            reach = lead + after + 2 * ANYWHERE
            found = by_name(slots(series, self._now - reach, self._now + reach))
            self._near[series.name] = {name: its[-1].at + series.late for name, its in found.items()}
        return self._near[series.name].get(pin)


def _moved(series: Series) -> dt.timedelta:
    """How much later than its day a slot may be at most."""
    return MOVED_AT_MOST * DAY if series.days_off and series.on_day_off == "move" else NO_TIME
