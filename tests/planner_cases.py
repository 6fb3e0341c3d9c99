"""Series, drafts and plans that the planner's tests share."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from steadycast.schedule.model import Form, Origin, Series, Slot, StockItem
from steadycast.schedule.planner import plan
from steadycast.schedule.slots import slots

UTC = dt.UTC
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = dt.timedelta(days=1)
PGC, UGC = Origin.PGC, Origin.UGC
NOTES = Series("notes", every="day at 20:00")
MIXED = replace(NOTES, mix={PGC: 3, UGC: 7})
CLUB = Series("club", every="week on sat at 14:00", forms=(Form.EVENT,), announce=(7 * DAY, DAY))


def ahead(*series: Series, days: int = 14, now: dt.datetime = NOW) -> list[Slot]:
    return sorted(slot for each in series for slot in slots(each, now, now + days * DAY))


def draft(id: str, member: str = "", **fields: Any) -> StockItem:
    return StockItem(
        id, fields.pop("form", Form.ARTICLE), fields.pop("origin", UGC if member else PGC), member, **fields
    )


def planned(
    series: Any, stock: Any, assigned: Any = (), history: Any = (), now: Any = NOW, days: int = 14, **options: Any
) -> dict[str, str]:
    """The plan as {local day: draft}."""
    series = series if isinstance(series, list) else [series]
    result = plan(series, ahead(*series, days=days, now=now), stock, assigned, history, now, **options)
    return {each.slot.split("@")[1].removesuffix("T20:00")[5:]: each.draft for each in result}


RESERVED = replace(NOTES, fill=("evergreen", "digest"))


SERIES = [
    MIXED,
    Series(
        "video", every="week on fri at 20:00", forms=(Form.VIDEO, Form.ARTICLE), fill=("evergreen", "shared", "digest")
    ),
    replace(RESERVED, name="twice", every="day at 08:00,18:00", cooldown=5 * DAY),
    replace(CLUB, fill=("evergreen", "shared")),
]
WINDOW = ahead(*SERIES, days=12, now=NOW - DAY)


def make(stock: Any, assigned: Any = (), history: Any = ()) -> Any:
    return plan(SERIES, WINDOW, stock, assigned, history, NOW, 3 * DAY)
