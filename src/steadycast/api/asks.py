"""Members who are asked to write for a slot: who, by when, what they answered, what they sent for it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field
from starlette.requests import Request

from steadycast import pipeline
from steadycast.api import pages
from steadycast.api.authorization import Asking, allow, needs
from steadycast.api.drafts import Member, Word
from steadycast.api.pages import Page, address, place
from steadycast.api.problems import ProblemError
from steadycast.api.routes import changes, looks
from steadycast.api.shapes import Asked, Here, Name, Reason, Shown, draft_of
from steadycast.language import gettext as _
from steadycast.pipeline import App, asking, concerns
from steadycast.pipeline.asking import Standing
from steadycast.pipeline.permissions import Act, Person

router, changed = looks("asks"), changes("asks")
Id = Annotated[int, Path(ge=1, lt=asking.LARGEST)]


class Ask(Shown):
    """One member who is asked to write for one slot."""

    id: int
    slot: str
    at: dt.datetime
    series: str = Field(description="As people call it.")
    member: str
    title: str = Field(description="The member's name for people.")
    due: dt.date = Field(description="The local day by whose end it is wanted.")
    note: str
    standing: Standing
    who: str = Field(description="Who asked.")
    asked: dt.datetime
    answered: bool = Field(description="By the member.")
    draft: str = Field(description="What was sent for it.")


class AskFilter(pages.Asked):
    """Which asks are listed: those for coming slots that something is still hoped for, or all of one member's."""

    member: Word = ""


class Wanted(Asked):
    """Whom to ask, by when and for what."""

    member: Member
    due: dt.date | None = Field(None, description="The day before the slot's where left out.")
    note: Reason = ""


class Came(Asked):
    """A draft, by its id."""

    draft: Word


class Answer(Asked):
    """What a member says: they will, or they cannot."""

    takes: bool


@router.get("/asks", dependencies=[needs(Act.READ)])
def asks(request: Request, app: Here, asked: Annotated[AskFilter, Query()]) -> Page[Ask]:
    """Who is asked for coming slots, in order of time."""
    now, first = pipeline.now(), (place(asked.cursor, int) or (0,))[0]
    found = asking.of_member(app, asked.member, now) if asked.member else asking.coming(app, now)
    items = sorted(found, key=lambda each: (each.at, each.id))[first : first + asked.limit]
    more = first + asked.limit < len(found)
    following = address(request, first + asked.limit) if more else None
    return Page(items=[Ask.model_validate(each) for each in items], next=following)


@router.get("/asks/{id}", dependencies=[needs(Act.READ)])
def one_ask(app: Here, id: Id) -> Ask:
    """One ask."""
    row = app.ledger.ask(id)
    if row is None:
        raise ProblemError(404, _("There is no such ask."))
    return Ask.model_validate(asking.look(app, [row], pipeline.now())[0])


@changed.post("/slots/{id}/ask", status_code=201, dependencies=[needs(Act.PLAN)])
def ask(app: Here, person: Asking, id: Name, asked: Wanted) -> Ask:
    """Ask a member to write for an empty slot; it may be one that is not planned yet."""
    allow(person, Act.PLAN, concerns.series_of_slot(id))
    made = asking.ask(app, id, asked.member, pipeline.now(), by=person.name, due=asked.due, note=asked.note)
    return Ask.model_validate(made)


@changed.post("/asks/{id}/withdraw", dependencies=[needs(Act.PLAN)])
def withdraw_ask(app: Here, person: Asking, id: Id) -> Ask:
    """Take an ask back."""
    return Ask.model_validate(asking.withdraw(app, _to_plan(app, person, id), pipeline.now()))


@changed.post("/asks/{id}/restore", dependencies=[needs(Act.PLAN)])
def restore_ask(app: Here, person: Asking, id: Id) -> Ask:
    """Ask again, as before."""
    return Ask.model_validate(asking.restore(app, _to_plan(app, person, id), pipeline.now()))


@changed.post("/asks/{id}/sent", dependencies=[needs(Act.PLAN)])
def ask_sent(app: Here, person: Asking, id: Id, asked: Came) -> Ask:
    """Say that a draft which came another way is what the member was asked for."""
    row = draft_of(app, asked.draft)
    if person.is_limited:
        allow(person, Act.PLAN, concerns.series_of_draft(app, row.id))
    return Ask.model_validate(asking.take(app, _to_plan(app, person, id), row, pipeline.now()))


@changed.post("/asks/{id}/answer", dependencies=[needs(Act.SUBMIT)])
def answer_ask(app: Here, person: Asking, id: Id, asked: Answer) -> Ask:
    """Say, as the member who is asked, whether you will write it."""
    return Ask.model_validate(asking.answer(app, id, person.name, pipeline.now(), takes=asked.takes))


def _to_plan(app: App, person: Person, id: int) -> int:
    allow(person, Act.PLAN, concerns.series_of_ask(app, str(id)))
    return id
