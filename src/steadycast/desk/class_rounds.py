"""A class's round of comments, its turns, and the page that whoever is on duty hands over."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from steadycast import pipeline
from steadycast.desk.acts import form_of
from steadycast.desk.pages import LONGEST, Here, done, page
from steadycast.language import current
from steadycast.pipeline import hand_over, rounds, turn_changes, turns
from steadycast.pipeline.permissions import Act

router = APIRouter()
CLASS = "/classes/{name}"


def day_of_id(slot: str) -> dt.date:
    """The local day that the id of a slot names."""
    return dt.date.fromisoformat(slot.partition("@")[2][:10])


@router.get(CLASS + "/round")
def round_(request: Request, app: Here, name: str, slot: str = "") -> HTMLResponse:
    """Who comments on whom in the newest round, or in that of `slot`; and who has no comment yet."""
    roll = turns.roll(app, name)
    found = rounds.round_of(app, name, slot)
    slots = [(slot, day_of_id(slot)) for slot in app.ledger.latest_rounds(name, rounds.SHOWN)]
    return page(
        request, app, "class_round", "classes", roll=roll, found=found, slots=slots,
        title_of=lambda member: roll.title(app, member),
        alone=[roll.title(app, member) for member in found.alone] if found else [],
    )  # fmt: skip


@router.post(CLASS + "/round", dependencies=[form_of(Act.SETTLE)])
def say(  # noqa: PLR0917 a form's fields
    app: Here,
    name: str,
    slot: Annotated[str, Form()],
    reviewer: Annotated[str, Form()],
    author: Annotated[str, Form()],
    is_done: Annotated[str, Form()] = "yes",
) -> RedirectResponse:
    """A person's word that a comment was made, or that it was not after all."""
    roll, words = turns.roll(app, name), current()
    title = roll.title(app, reviewer)
    if is_done == "no":
        rounds.take_back(app, name, slot, reviewer, author)
        said = words.gettext("The comment of %(name)s is open again.", name=title)
    else:
        rounds.say_done(app, reviewer, author, pipeline.now(), the_class=name, slot=slot)
        said = words.gettext("The comment of %(name)s is done.", name=title)
    return done(f"/classes/{name}/round?slot={slot}", said)


@router.get(CLASS + "/hand-over")
def handed_over(request: Request, app: Here, name: str, period: str = "") -> HTMLResponse:
    """One week or month of a class, and whose turn is next."""
    roll, now = turns.roll(app, name), pipeline.now()
    made = hand_over.hand_over(app, roll, now, period)
    running = hand_over.period_named(roll.the_class, "", now)
    return page(
        request, app, "class_hand_over", "classes", roll=roll, made=made, turns=turns.turns(app, roll, now),
        before=hand_over.before(roll.the_class, made.period), running=running.name,
        text=hand_over.markdown(app, made), held=hand_over.held, role=hand_over.role, came=hand_over.came,
        nothing_due=hand_over.nothing_due, day_of=day_of_id, title_of=lambda member: roll.title(app, member),
    )  # fmt: skip


@router.get(CLASS + "/hand-over.md")
def as_markdown(app: Here, name: str, period: str = "") -> Response:
    """The page as a file, for a draft or a chat."""
    made = hand_over.hand_over(app, turns.roll(app, name), pipeline.now(), period)
    file = f'attachment; filename="{name}-{made.period.name}.md"'
    return PlainTextResponse(hand_over.markdown(app, made), headers={"Content-Disposition": file})


@router.post(CLASS + "/turns", dependencies=[form_of(Act.PLAN)])
def swap(  # noqa: PLR0917 a form's fields
    app: Here,
    name: str,
    period: Annotated[str, Form()],
    member: Annotated[str, Form()],
    other: Annotated[str, Form()],
    why: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Gives a turn to another, and theirs of the same kind to the member."""
    roll, words = turns.roll(app, name), current()
    now, why = pipeline.now(), why[: turns.LONGEST_WHY]
    changed = turn_changes.swap(app, roll, member, other, now, period=period, why=why)
    given = any(each.written and each.member == other for each in changed)
    said = [words.gettext("%(name)s has the turn now.", name=roll.title(app, other))] if given else []
    said += turn_changes.said_of_swap(app, roll, changed)
    return done(f"/classes/{name}/hand-over", turn_changes.within(said, LONGEST))
