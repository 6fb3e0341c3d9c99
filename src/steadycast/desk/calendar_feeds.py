"""Calendars for calendar programs: the slots with how they stand, and what one member is asked for."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from steadycast import pipeline
from steadycast.desk.pages import Here, rendered
from steadycast.language import Language, current
from steadycast.pipeline import App, asking, slot_view
from steadycast.pipeline.asking import Asked, Standing
from steadycast.pipeline.slot_view import SlotSeen
from steadycast.report.ics import CalendarEntry, calendar_ics

router = APIRouter()
BACK, AHEAD = dt.timedelta(days=31), dt.timedelta(days=62)  # slots of this time
ENDED = (Standing.DECLINED, Standing.WITHDRAWN, Standing.LAPSED)
WANTED = (Standing.OPEN, Standing.TAKEN, Standing.OVERDUE)


@router.get("/calendar/plan.ics")
def plan(request: Request, app: Here) -> Response:
    """The slots of some weeks; an empty one reminds a day before."""
    now, say = pipeline.now(), current()
    words = json.loads(rendered(request, say, "slot_states"))
    seen = slot_view.window(app, now - BACK, now + AHEAD, now)
    slots = [each for day in seen.days.values() for each in day]
    changes = app.ledger.changes_of(each.id for each in slots)
    entries = [_slot(say, each, words, changes.get(each.id, 0)) for each in slots]
    return _answer(calendar_ics(entries, name=app.workspace.community.name, now=now))


def of_member(app: App, member: str) -> Response:
    """What a member is asked for: each of its days, reminding the day before while nothing came."""
    now, say = pipeline.now(), current()
    asks = asking.of_member(app, member, now, since=now - BACK)
    changes = app.ledger.changes_of(each.slot for each in asks)
    entries = [_ask(say, each, changes.get(each.slot, 0)) for each in asks]
    return _answer(calendar_ics(entries, name=app.workspace.community.name, now=now))


def _answer(raw: bytes) -> Response:
    return Response(raw, media_type="text/calendar; charset=utf-8")


def _slot(say: Language, slot: SlotSeen, words: Mapping[str, str], changes: int) -> CalendarEntry:
    mark = {"gap": "◌ ", "later": "◌ ", "excused": "– "}.get(slot.state, "")
    title, asked = slot.series_title or say.gettext("by hand"), slot.asked
    lines = [words[slot.state] if slot.title else "", slot.member, slot.note]
    if asked and asked.stands:
        lines.append(say.gettext("%(name)s is asked, by %(day)s.", name=asked.title, day=say.day(asked.due)))
    lines.append(" · ".join(each.title for each in slot.channels))
    return CalendarEntry(
        f"{slot.id}@steadycast",
        slot.at,
        f"{mark}{title}: {slot.title or words[slot.state]}",
        "\n".join(filter(None, lines)),
        title,
        "TENTATIVE" if slot.state in ("gap", "later") else "CONFIRMED",
        changes,
        reminds=slot.state == "gap",
    )


def _ask(say: Language, ask: Asked, changes: int) -> CalendarEntry:
    ended = ask.standing in ENDED
    promised = ask.standing in (Standing.TAKEN, Standing.SENT, Standing.MET)
    mark = {Standing.SENT: "✓ ", Standing.MET: "✓ "}.get(ask.standing, "")
    return CalendarEntry(
        f"ask-{ask.id}@steadycast",
        ask.due,
        mark + say.gettext("Write for %(series)s of %(day)s", series=ask.series, day=say.day(ask.at.date())),
        ask.note,
        ask.series,
        "CANCELLED" if ended else "CONFIRMED" if promised else "TENTATIVE",
        changes,
        reminds=ask.standing in WANTED,
    )
