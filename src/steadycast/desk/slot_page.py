"""A slot's own page: what it carries, how far each channel is, and what a person may do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import pipeline
from steadycast.desk import asks, files
from steadycast.desk.acts import DRAFT, SLOT, form_of
from steadycast.desk.pages import Here, done, inside, page
from steadycast.language import current
from steadycast.ledger.tables import DONE, SlotRow, State
from steadycast.pipeline import App, pinning, publish_requests, slot_view
from steadycast.pipeline.drafts import find_draft
from steadycast.pipeline.permissions import Act
from steadycast.pipeline.pinning import Pinned
from steadycast.pipeline.results import Published
from steadycast.pipeline.slot_view import SlotSeen
from steadycast.schedule.days import DAY
from steadycast.typesetting import sentences

router = APIRouter()
CHOICES = 50  # drafts or slots to choose from
AHEAD = 90 * DAY  # slots to move a draft to


def address(slot: str) -> str:
    """The page of a slot."""
    return f"/slots/{quote(slot, safe='@:')}"


@router.post("/slots/move", dependencies=[form_of(Act.PLAN, (SLOT, "to"), (DRAFT, "draft"))])
def move(  # noqa: PLR0917 a form's fields
    request: Request,
    app: Here,
    draft: Annotated[str, Form()],
    to: Annotated[str, Form()],
    seen: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "",
    agreed: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    """Gives a draft the slot `to` ("ID DRAFT": the slot, and what it carried when it was shown).

    Where other drafts would move by that, it is shown first.
    """
    slot, _, holds = to.partition(" ")
    now = pipeline.now()
    pinning.open_slot(app, slot, now, holds)
    if not agreed and pinning.moved_by(app, draft, slot, now):
        request.state.change = None  # nothing is moved yet: the audit log names no change
        asked = {"draft": draft, "seen": seen, "holds": holds, "back": back}
        return RedirectResponse(f"{address(slot)}/take?{urlencode(asked)}", 303)
    target = app.ledger.slot(slot)
    made = pinning.pin(app, draft, slot, now, seen=seen, holds=holds)
    told = slot_view.one(app, slot, now)
    say = current()
    said = say.gettext("%(title)s is pinned to %(when)s.", title=made.title, when=say.instant(told.at) if told else "")
    filled = slot if target and target.filled and target.draft != made.draft else ""
    return done(_with_undo(app, back or address(slot), made, filled), said)


@router.post("/slots/unpin", dependencies=[form_of(Act.PLAN, (DRAFT, "draft"))])
def unpin(
    app: Here,
    draft: Annotated[str, Form()],
    seen: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/calendar",
) -> RedirectResponse:
    """Lets the plan choose the slot of a draft again."""
    made = pinning.unpin(app, draft, pipeline.now(), seen=seen)
    said = current().gettext("%(title)s is pinned no more.", title=made.title)
    return done(_with_undo(app, back, made), said)


@router.post("/slots/undo", dependencies=[form_of(Act.PLAN, (DRAFT, "draft"), (SLOT, "filled"))])
def undo(  # noqa: PLR0917 a form's fields
    app: Here,
    draft: Annotated[str, Form()],
    was: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
    filled: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/calendar",
) -> RedirectResponse:
    """Puts a draft's pin back as it was; what came from reserve is in `filled`, its slot, again."""
    made, say = pinning.put_pin(app, draft, was, pipeline.now(), seen=seen), current()
    said = [say.gettext("%(title)s is as it was before.", title=made.title)]
    if filled and not pinning.open_slot(app, filled, pipeline.now()).draft:
        reserve = pinning.fill(app, filled, pipeline.now(), holds="")
        said.append(say.gettext("%(title)s from reserve is in its slot again.", title=reserve.title))
    return done(back, sentences(*said))


@router.get("/slots/{id}")
def slot(request: Request, app: Here, id: str) -> HTMLResponse:
    """The page."""
    now = pipeline.now()
    seen = _seen(app, id)
    row = app.ledger.slot(id) if seen.open else None
    today = now.astimezone(app.workspace.community.zone).date()
    return page(
        request, app, "slot_page", "slots", s=seen, coming=seen.day >= today and seen.at > now,
        choices=_choices(app, row), planned=_elsewhere(app, row), targets=_targets(app, seen), undo=_undo(request),
        ask=asks.form(app, seen, now), occasions=pipeline.rituals.of_slot(app, id, now) if seen.at > now else [],
        local=files.local_addresses(request, app, app.ledger.deliveries(slots=[id])),
        has_reserve=bool(row and seen.state == "gap" and slot_view.has_reserve(app, row)),
        can_publish=bool(seen.draft and seen.at > now and any(c.state == "due" for c in seen.channels)),
    )  # fmt: skip


@router.get("/slots/{id}/take")
def effect(  # noqa: PLR0917 what a form said
    request: Request, app: Here, id: str, draft: str, seen: str = "", holds: str = "", back: str = ""
) -> HTMLResponse:
    """What giving a draft this slot would do to others, before it is done."""
    now = pipeline.now()
    moved = [
        {"title": each.title, "before": _brief(app, each.before), "after": _brief(app, each.after)}
        for each in pinning.moved_by(app, draft, id, now)
    ]
    row = find_draft(app, draft)
    return page(
        request, app, "slot_take", "slots", s=_seen(app, id), draft=row, moved=moved[:CHOICES],
        more=max(len(moved) - CHOICES, 0), seen=seen, holds=holds, back=inside(back) if back else "",
    )  # fmt: skip


@router.post("/slots/{id}/fill", dependencies=[form_of(Act.PLAN, (SLOT, "id"))])
def fill(app: Here, id: str) -> RedirectResponse:
    """Puts the reserve that has rested longest into an empty slot."""
    made = pinning.fill(app, id, pipeline.now(), holds="")
    said = current().gettext("%(title)s from reserve is in this slot.", title=made.title)
    return done(address(id), said)


@router.post("/slots/{id}/empty", dependencies=[form_of(Act.PLAN, (SLOT, "id"))])
def empty(app: Here, id: str, holds: Annotated[str, Form()]) -> RedirectResponse:
    """Takes what came from reserve out of it."""
    pinning.empty(app, id, pipeline.now(), holds=holds)
    return done(address(id), current().gettext("The slot is empty again."))


@router.get("/slots/{id}/publish")
def ask_to_publish(request: Request, app: Here, id: str) -> HTMLResponse:
    """Asks before anything goes out ahead of its hour."""
    seen = _seen(app, id)
    leaving = {each.delivery.channel for each in pipeline.leaving(app, slot=id)}
    asked = publish_requests.for_slot(app, id, pipeline.now())
    return page(request, app, "slot_publish", "slots", s=seen, leaving=leaving, asked=asked)


@router.post("/slots/{id}/publish", dependencies=[form_of(Act.PLAN, (SLOT, "id"))])
def publish(app: Here, id: str, holds: Annotated[str, Form()]) -> RedirectResponse:
    """Sends what the slot carries now; whoever asked for it has their answer."""
    made = publish_requests.publish_slot(app, id, pipeline.now(), by=pipeline.who(), holds=holds)
    return done(address(id), sentences(*became(made)), refused=bool(made.failed))


def became(made: Published) -> Iterator[str]:
    """What became of each channel's delivery, in words: what is out, what a person posts, what is tried again."""
    say = current()
    states = [outcome.state for outcome in made.sent]
    if number := sum(state in DONE for state in states):
        yield say.ngettext("It went to one channel.", "It went to %(num)s channels.", number)
    if number := sum(state == State.HANDED for state in states):
        yield say.ngettext("One kit waits to be posted.", "%(num)s kits wait to be posted.", number)
    if number := len(made.failed):
        yield say.ngettext("One channel needs you.", "%(num)s channels need you.", number)
    if number := sum(state in (State.DUE, State.CLAIMED, State.SENDING) for state in states):
        yield say.ngettext(
            "One channel could not take it yet: it is tried again by itself.",
            "%(num)s channels could not take it yet: they are tried again by themselves.",
            number,
        )
    if not states:
        yield say.gettext("There was nothing to send.")


def _seen(app: App, id: str) -> SlotSeen:
    found = slot_view.one(app, id, pipeline.now())
    if found is None:
        raise HTTPException(404, current().gettext("There is no such slot."))
    return found


def _brief(app: App, id: str) -> SlotSeen | None:
    return slot_view.one(app, id, pipeline.now()) if id else None


def _choices(app: App, row: SlotRow | None) -> list[dict[str, str]]:
    """The free drafts that fit an open slot."""
    if row is None:
        return []
    found = slot_view.free_stock(app, CHOICES, target=row)
    return [{"id": d.id, "title": d.title, "member": app.writer_title(d.member, d.circle)} for d in found]


def _elsewhere(app: App, row: SlotRow | None) -> list[SlotSeen]:
    """Drafts that fit an open slot, and are planned for another one of the same series."""
    if row is None:
        return []
    now = pipeline.now()
    near = app.ledger.slots_shown(now, row.at + AHEAD, series=row.series, limit=CHOICES)
    return [each for each in slot_view.look(app, near, now) if each.fits and each.open and each.id != row.id]


def _targets(app: App, seen: SlotSeen) -> list[SlotSeen]:
    """The coming slots that the draft could be moved to."""
    if not (seen.fits and seen.open):
        return []
    now, draft = pipeline.now(), app.ledger.draft(seen.draft)
    rows = app.ledger.slots_shown(now, now + AHEAD, limit=4 * CHOICES)
    able = [
        row
        for row in rows
        if draft
        and row.id != seen.id
        and not row.excused
        and row.series in app.workspace.series
        and pinning.suits_slot(app, draft, row)
    ]
    return [each for each in slot_view.look(app, able[:CHOICES], now) if each.open]


def _with_undo(app: App, to: str, made: Pinned, filled: str = "") -> str:
    """The page to go on to, with what takes the change back."""
    row = app.ledger.draft(made.draft)
    asked = {"draft": made.draft, "was": made.before, "seen": row.revision if row else ""}
    asked |= {"filled": filled} if filled else {}
    path = inside(to)
    return f"{path}{'&' if '?' in path else '?'}{urlencode(asked)}"


def _undo(request: Request) -> dict[str, Any]:
    asked, names = request.query_params, ("draft", "was", "seen", "filled", "ask", "again")
    return {name: asked.get(name, "")[:200] for name in names} if {"draft", "ask"} & {*asked} else {}
