"""Asking a member to write for a slot, and taking that back."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse

from steadycast import pipeline
from steadycast.desk.acts import ASK, DRAFT, SLOT, form_of
from steadycast.desk.pages import Here, done, inside
from steadycast.language import current
from steadycast.pipeline import App, asking
from steadycast.pipeline.drafts import find_draft
from steadycast.pipeline.invites import stands
from steadycast.pipeline.permissions import Act
from steadycast.pipeline.slot_view import SlotSeen

router = APIRouter()
EMPTY = ("gap", "filled", "later")  # slots that somebody may be asked for


@router.post("/slots/{id}/ask", dependencies=[form_of(Act.PLAN, (SLOT, "id"))])
def ask(  # noqa: PLR0917 a form's fields
    app: Here,
    id: str,
    member: Annotated[str, Form()],
    due: Annotated[dt.date | None, Form()] = None,
    note: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/calendar",
) -> RedirectResponse:
    """Asks a member for a draft."""
    made = asking.ask(app, id, member, pipeline.now(), by=pipeline.who(), due=due, note=note)
    say = current()
    said = say.gettext("%(name)s is asked to write by %(day)s.", name=made.title, day=say.day(made.due))
    return done(_with_undo(back, made.id), said)


@router.post("/asks/{id}/withdraw", dependencies=[form_of(Act.PLAN, (ASK, "id"))])
def withdraw(app: Here, id: int, back: Annotated[str, Form()] = "/calendar") -> RedirectResponse:
    """Asks no more."""
    made = asking.withdraw(app, id, pipeline.now())
    said = current().gettext("%(name)s is not asked any more.", name=made.title)
    return done(_with_undo(back, made.id, again="yes"), said)


@router.post("/asks/{id}/restore", dependencies=[form_of(Act.PLAN, (ASK, "id"))])
def restore(app: Here, id: int, back: Annotated[str, Form()] = "/calendar") -> RedirectResponse:
    """Asks again, as before."""
    made, say = asking.restore(app, id, pipeline.now()), current()
    return done(back, say.gettext("%(name)s is asked to write by %(day)s.", name=made.title, day=say.day(made.due)))


@router.post("/asks/{id}/sent", dependencies=[form_of(Act.PLAN, (ASK, "id"), (DRAFT, "draft"))])
def sent(app: Here, id: int, draft: Annotated[str, Form()]) -> RedirectResponse:
    """What came by another way than the member's own page is what they were asked for."""
    row, say = find_draft(app, draft), current()
    asked = asking.take(app, id, row, pipeline.now())
    if asked.standing is asking.Standing.MET:
        said = say.gettext("It is in the slot that was asked for.")
    else:
        said = say.gettext("Once it is approved, it goes into the slot that was asked for.")
    return done(f"/drafts/{row.id}", said)


def form(app: App, slot: SlotSeen, now: dt.datetime) -> dict[str, Any]:
    """What the page of a slot shows of asking: who may be asked, by when, and whether who is asked can see it."""
    asked = slot.asked if slot.asked and slot.asked.holds else None
    able = slot.state in EMPTY and slot.at > now and asked is None
    today = now.astimezone(app.workspace.community.zone).date()
    members = asking.who_may_be_asked(app, now) if able else []
    last = slot.asked.member if slot.asked else ""
    members.sort(key=lambda each: each[0] == last)  # whoever could not is the last to be asked again
    return {
        "members": [(name, app.member_title(name), gave) for name, gave in members],
        "able": able,
        "usual": asking.usual_day(slot.day, today),
        "today": today,
        "longest": asking.LONGEST_NOTE,
        "reached": asked is None or any(stands(row, now) for row in app.ledger.invites_of(asked.member)),
    }


def _with_undo(back: str, id: int, again: str = "") -> str:
    path = inside(back)
    return f"{path}{'&' if '?' in path else '?'}ask={id}{'&again=yes' if again else ''}"
