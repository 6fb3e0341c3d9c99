"""Classes: who handed in what, week by week; who is up for leaving, which a person decides."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import pipeline
from steadycast.classes.model import Class
from steadycast.desk.acts import form_of
from steadycast.desk.pages import LONGEST, Here, done, page
from steadycast.language import Language, current
from steadycast.pipeline import class_decisions, class_view, turn_changes
from steadycast.pipeline.class_view import Mark
from steadycast.pipeline.permissions import Act
from steadycast.schedule.cadence import parse

router = APIRouter()
LIST = "/classes"
ONE = LIST + "/{name}"


def words(say: Language) -> dict[Mark, tuple[str, str]]:
    """Each mark's letter, and what it means: no mark is told by its colour alone."""
    _ = say.gettext
    return {
        Mark.KEPT: (_("K"), _("On time")),
        Mark.LATE: (_("L"), _("Handed in late")),
        Mark.MISSED: (_("M"), _("Not handed in")),
        Mark.MADE_UP: (_("U"), _("Made up")),
        Mark.EXCUSED: (_("E"), _("On leave")),
        Mark.OFF: ("–", _("Nothing is owed on that day")),
        Mark.NONE: ("", _("Blank: before this class began or they joined, or after they left")),
        Mark.OPEN: ("·", _("Still open")),
        Mark.UNSEEN: ("?", _("We could not look yet: nobody is judged by that")),
    }


def rhythm(the_class: Class) -> str:
    """When hand-ins are due, in the reader's language."""
    return parse(the_class.rhythm.every, the_class.rhythm.rrule).describe(current().tag)


@router.get(LIST)
def classes(request: Request, app: Here) -> HTMLResponse:
    """All classes."""
    now = pipeline.now()
    problems = pipeline.class_problems.problems(app, now)
    found = [class_view.page(app, name, now) for name in app.workspace.classes]
    return page(request, app, "classes", "classes", classes=found, problems=problems, rhythm=rhythm)


@router.get(ONE)
def one(request: Request, app: Here, name: str, before: str = "") -> HTMLResponse:
    """One class: a row a member, a column a slot."""
    now = pipeline.now()
    found = class_view.page(app, name, now, before)
    problems = pipeline.class_problems.problems(app, now) if not found.usable else []
    letters = words(current())
    return page(request, app, "class", "classes", c=found, letters=letters, problems=problems, rhythm=rhythm)


@router.post(ONE + "/decide", dependencies=[form_of(Act.DECIDE)])
def decide(
    app: Here,
    name: str,
    member: Annotated[str, Form()],
    answer: Annotated[Literal["out", "keep", "back"], Form()],
    why: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """A person's word: who is up for leaving is out, or stays; who was out is back."""
    verbs = {"out": class_decisions.put_out, "keep": class_decisions.keep, "back": class_decisions.take_back}
    act = partial(verbs[answer], app, member, now := pipeline.now(), by=pipeline.who(), why=why, the_class=name)
    written, changed = turn_changes.watched(app, [name], now, act)
    _, whom = current().gettext, class_decisions.called(app, written.member, name)
    said = {
        "out": _("%(member)s is out.", member=whom),
        "keep": _("%(member)s stays.", member=whom),
        "back": _("%(member)s is back.", member=whom),
    }
    lines = [said[answer], *turn_changes.said_of(app, changed)]
    return done(f"{LIST}/{name}", turn_changes.within(lines, LONGEST))


@router.post(ONE + "/leave", dependencies=[form_of(Act.DECIDE)])
def leave(  # noqa: PLR0917 a form's fields
    app: Here,
    name: str,
    member: Annotated[str, Form()],
    first: Annotated[dt.date, Form()],
    last: Annotated[dt.date, Form()],
    why: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """A leave that a member asked for."""
    wanted, now, who = class_decisions.leave_of(first, last), pipeline.now(), pipeline.who()
    act = partial(class_decisions.take_leave, app, member, wanted, now, by=who, why=why, the_class=name)
    _told, changed = turn_changes.watched(app, [name], now, act)
    said = [current().gettext("The leave is granted."), *turn_changes.said_of(app, changed)]
    return done(f"{LIST}/{name}", turn_changes.within(said, LONGEST))
