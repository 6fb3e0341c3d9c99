"""Simulated days of bad weather by the whole product, against the planner alone over as many days."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from measure import Row, median, seconds

from steadycast.drill import Result, drill
from steadycast.schedule.history import History
from steadycast.schedule.model import Form, Origin, Series, StockItem
from steadycast.schedule.planner import plan
from steadycast.schedule.slots import slots

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN, DAY = dt.datetime(2027, 1, 4, tzinfo=ZONE), dt.timedelta(days=1)
DAILY = Series("daily", every="day at 20:00", zone=ZONE, fill=("evergreen",), mix={Origin.PGC: 3, Origin.UGC: 7})
STOCK = [StockItem(f"d{n}", Form.ARTICLE, Origin.UGC, f"m{n % 12}") for n in range(12)]
AFFORDABLE = 0.1  # seconds of CPU a day: a year in a bit more than half a minute


def rows(days: int, rounds: int) -> Iterator[Row]:
    """One row; the two drills of a seed have to come out the same."""
    drill("storm", days=1)  # what is loaded once

    def ours() -> Result:
        return drill("storm", seed=3, days=days)

    def floor() -> None:
        for n in range(days):
            now = BEGIN + n * DAY
            plan([DAILY], slots(DAILY, now, now + 14 * DAY), STOCK, (), History(()), now)

    differ = ours().values() != ours().values()
    spent, least = (sorted(_cpu(work) for _ in range(rounds)) for work in (ours, floor))
    yield Row(
        f"drill {days} days of bad weather",
        f"{seconds(median(spent))} CPU, {1000 * median(spent) / days:.0f} ms a day",
        f"the planner alone {seconds(median(least))}",
        f"{median(spent) / median(least):.0f} x; {'another' if differ else 'the same'} year by the same seed",
        f"<= {1000 * AFFORDABLE:.0f} ms a day, the same year",
        median(spent) <= AFFORDABLE * days and not differ,
    )


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
