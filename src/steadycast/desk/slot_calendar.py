"""The calendar: every slot of a month with its draft and its state; what is empty stands out."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import ops, pipeline
from steadycast.desk.pages import FromOurForm, Here, done, language_of, page
from steadycast.pipeline.plan import show
from steadycast.pipeline.results import PlannedSlot
from steadycast.schedule.days import midnight

router = APIRouter()
WEEKS = 6  # that a month may touch


@router.get("/calendar")
def calendar(request: Request, app: Here, month: str = "") -> HTMLResponse:
    """One month, in whole weeks from Monday."""
    zone, now = app.workspace.community.zone, pipeline.now()
    today = now.astimezone(zone).date()
    first = _month(month) or today.replace(day=1)
    monday = first - dt.timedelta(days=first.weekday())
    last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    weeks = ((last - monday).days + 7) // 7
    begin = midnight(monday, zone)
    slots: dict[dt.date, list[PlannedSlot]] = defaultdict(list)
    for slot in show(app, begin, midnight(monday + dt.timedelta(weeks=weeks), zone) - begin).slots:
        slots[dt.date.fromisoformat(slot.when[:10])].append(slot)
    days = [monday + dt.timedelta(days=n) for n in range(weeks * 7)]
    return page(
        request, app, "slot_calendar", "slots", first=first, days=days, slots=slots, today=today,
        before=(first - dt.timedelta(days=1)).strftime("%Y-%m"), after=(last + dt.timedelta(days=1)).strftime("%Y-%m"),
    )  # fmt: skip


def _month(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(f"{text}-01") if text else None
    except ValueError:
        return None


@router.get("/skip")
def effect_of_skip(request: Request, app: Here, series: str, day: str, undo: bool = False) -> HTMLResponse:
    """What leaving out a day would do, before it is done."""
    change = ops.promise_change.skip(app, series, day, pipeline.now(), undo=undo)
    return page(request, app, "skip", "slots", series=app.known_series(series), day=day, undo=undo, change=change)


@router.post("/skip", dependencies=[FromOurForm])
def skip(
    request: Request,
    app: Here,
    series: Annotated[str, Form()],
    day: Annotated[str, Form()],
    undo: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    """Leaves a day out, or takes that back."""
    now = pipeline.now()
    change = ops.promise_change.skip(app, series, day, now, undo=undo)
    if not change.same:
        ops.promise_change.make(app, change, now)
    say = language_of(request, app)
    if undo:
        said = say.gettext("%(day)s has its slots again.", day=day)
    else:
        said = say.gettext("%(day)s is left out.", day=day)
    return done(f"/calendar?month={day[:7]}", said)
