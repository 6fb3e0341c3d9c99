"""Calendars for calendar programs: the slots with how they stand, and what one member is asked for."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from steadycast import pipeline
from steadycast.desk.acts import form_of
from steadycast.desk.guard import CALENDARS, address_of
from steadycast.desk.pages import Here, done, page, rendered
from steadycast.language import Language, current
from steadycast.pipeline import App, asking, calendar_links, slot_view
from steadycast.pipeline.ask_calendar import asks_ics
from steadycast.pipeline.permissions import Act
from steadycast.pipeline.slot_view import SlotSeen
from steadycast.report.ics import CalendarEntry, calendar_ics

router = APIRouter()
BACK, AHEAD = dt.timedelta(days=31), dt.timedelta(days=62)  # slots of this time


@router.get("/calendar/plan.ics")
def plan(request: Request, app: Here) -> Response:
    """The slots of some weeks; an empty one reminds a day before."""
    return _plan(request, app)


@router.get("/calendar/link")
def link(request: Request, app: Here) -> Response:
    """The page that makes and ends the address for one's own calendar program."""
    return _link(request, app)


@router.post("/calendar/link", dependencies=[form_of(Act.READ)])
def make_link(request: Request, app: Here) -> Response:
    """A new address; it is shown on this page alone, and ends the one before."""
    return _link(request, app, calendar_links.make(app, request.state.person.name))


@router.post("/calendar/link/end", dependencies=[form_of(Act.READ)])
def end_link(request: Request, app: Here) -> Response:
    """The address opens nothing any more."""
    calendar_links.end(app, request.state.person.name)
    return done("/calendar/link", current().gettext("The address is ended: it opens nothing any more."))


@router.get(CALENDARS + "{token}.ics")
def plan_by_link(request: Request, app: Here, token: str) -> Response:
    """The same for a calendar program, by a person's own address."""
    if calendar_links.person_of(app, token) is None:
        request.state.missed(address_of(request))
        raise HTTPException(404, current().gettext("This link has ended. Please ask for a new one."))
    return _plan(request, app)


def _link(request: Request, app: App, token: str = "") -> Response:
    public = app.workspace.desk.url
    address = f"{public.rstrip('/') or str(request.base_url).rstrip('/')}{CALENDARS}{token}.ics" if token else ""
    return page(
        request, app, "calendar_link", "slots", link=address, webcal=f"webcal:{address.partition(':')[2]}",
        public=public, there=calendar_links.has(app, request.state.person.name),
    )  # fmt: skip


def _plan(request: Request, app: App) -> Response:
    now, say = pipeline.now(), current()
    words = json.loads(rendered(request, say, "slot_states"))
    seen = slot_view.window(app, now - BACK, now + AHEAD, now)
    slots = [each for day in seen.days.values() for each in day]
    changes = app.ledger.changes_of(each.id for each in slots)
    entries = [_slot(say, each, words, changes.get(each.id, 0)) for each in slots]
    return _answer(calendar_ics(entries, name=app.workspace.community.name, now=now))


def of_member(app: App, member: str, id: int | None = None) -> Response:
    """What a member is asked for, or one ask of them: each of its days, reminding the day before while nothing came."""
    now = pipeline.now()
    asks = asking.of_member(app, member, now, since=now - BACK)
    if id is not None and not (asks := [each for each in asks if each.id == id]):
        raise HTTPException(404, current().gettext("This is not asked for any more."))
    return _answer(asks_ics(app, asks, current(), now))


def _answer(raw: bytes) -> Response:
    return Response(raw, media_type="text/calendar; charset=utf-8")


def _slot(say: Language, slot: SlotSeen, words: Mapping[str, str], changes: int) -> CalendarEntry:
    mark = {"gap": "◌ ", "later": "◌ ", "excused": "– "}.get(slot.state, "")
    title, asked = slot.series_title or say.gettext("by hand"), slot.asked
    lines = [words[slot.state] if slot.title else "", slot.member, slot.note]
    if asked and asked.stands:
        lines.append(say.gettext("%(name)s is asked to write by %(day)s.", name=asked.title, day=say.day(asked.due)))
    lines.append(" · ".join(each.title for each in slot.channels))
    return CalendarEntry(
        f"{slot.id}@steadycast",
        slot.at,
        mark + say.gettext("%(name)s: %(said)s", name=title, said=slot.title or words[slot.state]),
        "\n".join(filter(None, lines)),
        title,
        "TENTATIVE" if slot.state in ("gap", "later") else "CONFIRMED",
        changes,
        reminds=slot.state == "gap",
    )
