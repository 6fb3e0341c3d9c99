"""The calendar: a month, a week or a list of slots, with what each carries and how it stands; what is empty invites."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import ops, pipeline
from steadycast.desk.acts import SERIES, form_of
from steadycast.desk.pages import Here, done, page
from steadycast.language import current
from steadycast.pipeline import App, slot_view
from steadycast.pipeline.permissions import Act
from steadycast.pipeline.rituals import Coming
from steadycast.pipeline.slot_view import Window
from steadycast.schedule.days import DAY, midnight

router = APIRouter()
VIEWS = ("month", "week", "list")
IN_A_CELL = 6  # slots of one day in a month; more are counted
IN_A_DAY = 24  # in a week
ROWS = 50  # in a list
WEEKS = 5  # of a month that nobody named: from this week on
LIST = 35 * DAY  # as far as one page of the list looks
STOCK = 12  # drafts beside the calendar
CHIPS = 40
MARKED = 400 * DAY  # as far as the days that the community marks are shown
FIRST, LAST = dt.date(2000, 1, 1), dt.date(2200, 1, 1)


@router.get("/calendar")
def calendar(request: Request, app: Here) -> HTMLResponse:
    """The view that is asked for: of a month in whole weeks from Monday, of a week, or a list from a day on."""
    asked, now = request.query_params, pipeline.now()
    today = now.astimezone(app.workspace.community.zone).date()
    view = asked.get("view", "") if asked.get("view") in VIEWS else "month"
    series = asked.get("series", "") if asked.get("series") in app.workspace.series else ""
    channel = asked.get("channel", "") if asked.get("channel") in app.workspace.channels else ""
    day = _day(asked.get("from", "")) or _day(f"{asked.get('month', '')}-01")
    first, days, before, after = _coming(today) if view == "month" and not day else _span(view, day or today)
    enough = ROWS if view == "list" else None
    seen = _window(app, days, now, series=series, channel=channel, per_day=_per_day(view), enough=enough)
    if seen.next:
        days, after = [each for each in days if each < seen.next], seen.next
    month = _month(first, 1) if view == "month" and day else _month(days[len(days) // 2], 0)
    return page(
        request, app, "slot_calendar", "slots",
        view=view, first=first, days=days, named=view == "month" and day is not None, before=before, after=after,
        today=today, seen=seen,
        series=series, channel=channel, at=_addresses(view, day, series, channel),
        chips=_chips(app), holidays=slot_view.holidays_of(app, days, series),
        occasions=_occasions(app, days, now, series),
        mini=month, marked=_marked(app, month, now), stock=_stock(app), undo=_undo(request),
    )  # fmt: skip


@router.get("/skip")
def effect_of_skip(  # noqa: PLR0917 what a form said
    request: Request, app: Here, series: str, day: str, undo: bool = False, because: str = ""
) -> HTMLResponse:
    """What leaving out a day would do, before it is done."""
    change = ops.promise_change.skip(app, series, day, pipeline.now(), undo=undo, because=because)
    of = app.known_series(series)
    return page(
        request, app, "skip", "slots", series=of, day=day, date=_day(day), undo=undo, change=change, because=because
    )


@router.post("/skip", dependencies=[form_of(Act.PLAN, (SERIES, "series"))])
def skip(
    app: Here,
    series: Annotated[str, Form()],
    day: Annotated[str, Form()],
    undo: Annotated[bool, Form()] = False,
    because: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Leaves a day out, or takes that back."""
    now = pipeline.now()
    was = next(
        (why for off, why in app.workspace.left_out(app.known_series(series).name).items() if str(off) == day), ""
    )
    change = ops.promise_change.skip(app, series, day, now, undo=undo, because=because)
    if not change.same:
        ops.promise_change.make(app, change, now)
    say, date = current(), _day(day)
    shown = say.full_day(date) if date else day
    if undo:
        said = say.gettext("%(day)s has its slots again.", day=shown)
    else:
        said = say.gettext("%(day)s is left out.", day=shown)
    opposite = urlencode({"skipped": series, "day": day, "again": "" if undo else "yes", "because": was})
    return done(f"/calendar?month={day[:7]}&{opposite}", said)


def _day(text: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST <= day < LAST else None


def _coming(today: dt.date) -> tuple[dt.date, list[dt.date], dt.date, dt.date]:
    """Weeks from this one on: late in a month, most of its weeks are over, and nobody has asked for them."""
    monday = today - dt.timedelta(days=today.weekday())
    return monday, [monday + n * DAY for n in range(WEEKS * 7)], monday - DAY, monday + WEEKS * 7 * DAY


def _span(view: str, day: dt.date) -> tuple[dt.date, list[dt.date], dt.date, dt.date]:
    """(the day that names the view, its days, a day of the view before, one of the view after)."""
    monday = day - dt.timedelta(days=day.weekday())
    if view == "week":
        return monday, [monday + n * DAY for n in range(7)], monday - 7 * DAY, monday + 7 * DAY
    if view == "list":
        return day, [day + n * DAY for n in range(LIST.days)], day - LIST, day + LIST
    first = day.replace(day=1)
    return first, _month(first, 0), first - DAY, _last(first) + DAY


def _month(day: dt.date, further: int) -> list[dt.date]:
    """The days of a month, or of the one after it, in whole weeks."""
    first = day.replace(day=1)
    first = _last(first) + DAY if further else first
    monday = first - dt.timedelta(days=first.weekday())
    return [monday + n * DAY for n in range(((_last(first) - monday).days + 7) // 7 * 7)]


def _last(first: dt.date) -> dt.date:
    return (first + 31 * DAY).replace(day=1) - DAY


def _per_day(view: str) -> int:
    return {"month": IN_A_CELL, "week": IN_A_DAY}.get(view, ROWS)


def _window(app: App, days: list[dt.date], now: dt.datetime, **asked: Any) -> Window:
    zone = app.workspace.community.zone
    return slot_view.window(app, midnight(days[0], zone), midnight(days[-1] + DAY, zone), now, **asked)


def _occasions(app: App, days: list[dt.date], now: dt.datetime, series: str) -> dict[dt.date, list[Coming]]:
    """The days of a view that the community marks, as far ahead as anybody looks."""
    ahead = (days[-1] - now.astimezone(app.workspace.community.zone).date()).days + 1
    found = pipeline.rituals.coming(app, now, ahead) if 0 < ahead <= MARKED.days else []
    by_day: dict[dt.date, list[Coming]] = {}
    for each in found:
        if each.at.date() >= days[0] and series in ("", each.series):
            by_day.setdefault(each.at.date(), []).append(each)
    return by_day


def _addresses(view: str, day: dt.date | None, series: str, channel: str) -> Callable[..., str]:
    """Makes the address of this calendar with something else of it asked for."""

    def at(**other: Any) -> str:
        asked = {"view": view, "from": day, "series": series, "channel": channel} | other
        return "/calendar?" + urlencode({name: value for name, value in asked.items() if value})

    return at


def _chips(app: App) -> dict[str, list[tuple[str, str]]]:
    """What can be filtered by: (name, name for people)."""
    series = [(each.name, slot_view.title_of(each)) for each in app.workspace.series.values()]
    channels = [(name, app.channel_title(name)) for name in app.workspace.channels]
    return {"series": series[:CHIPS], "channel": channels[:CHIPS]}


def _marked(app: App, days: list[dt.date], now: dt.datetime) -> dict[dt.date, str]:
    zone = app.workspace.community.zone
    return slot_view.days_marked(app, midnight(days[0], zone), midnight(days[-1] + DAY, zone), now)


def _stock(app: App) -> list[dict[str, Any]]:
    """The fresh drafts that could be dragged into a slot."""
    return [
        {
            "id": row.id,
            "title": row.title,
            "member": app.writer_title(row.member, row.circle),
            "seen": row.revision,
            "fits": slot_view.series_for(app, row),
        }
        for row in slot_view.free_stock(app, STOCK)
    ]


def _undo(request: Request) -> dict[str, str]:
    """What the change just made can be taken back with, where it was one that can be."""
    asked = request.query_params
    names = ("draft", "was", "seen", "filled", "skipped", "day", "again", "because", "ask")
    able = {"draft", "skipped", "ask"} & {*asked}
    return {name: asked.get(name, "")[:200] for name in names} if able else {}
