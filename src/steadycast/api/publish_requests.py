"""Publish requests: a program asks a person to publish a slot now, and reads what the person said."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field
from starlette.requests import Request

from steadycast import pipeline
from steadycast.api import pages
from steadycast.api.authorization import Asking, allow, needs
from steadycast.api.pages import Page, address, place
from steadycast.api.problems import ProblemError
from steadycast.api.routes import changes, looks
from steadycast.api.shapes import Asked, Here, Name, Reason, Shown
from steadycast.language import gettext as _
from steadycast.pipeline import concerns, publish_requests
from steadycast.pipeline.permissions import Act
from steadycast.pipeline.publish_requests import Standing

router, changed = looks("publish requests"), changes("publish requests")
Id = Annotated[int, Path(ge=1, lt=publish_requests.LARGEST)]


class Place(Shown):
    """One channel that it would go to, or went to."""

    channel: str
    title: str
    state: str
    url: str
    message: str


class PublishRequest(Shown):
    """A person is asked to publish a slot ahead of its hour, with the text that it carried then."""

    id: int
    slot: str
    at: dt.datetime = Field(description="The slot's hour.")
    series: str = Field(description="As people call it.")
    draft: str
    title: str
    who: str = Field(description="For whom the program asked.")
    via: str = Field(description="mcp or api.")
    why: str
    asked: dt.datetime
    standing: Standing = Field(description="lapsed: the slot is past, out, or carries another text.")
    answered: dt.datetime | None
    answered_by: str
    note: str = Field(description="What the person said besides.")
    places: list[Place] = Field(description="Where it would go, or how far it is there.")


class Wish(Asked):
    """Why it should go out now, for the person who decides it."""

    why: Reason = ""


class Answer(Asked):
    """What a person says. `yes` sends it to real channels at once."""

    yes: bool
    note: Reason = ""


@router.get("/publish-requests", dependencies=[needs(Act.READ)])
def requests(request: Request, app: Here, asked: Annotated[pages.Asked, Query()]) -> Page[PublishRequest]:
    """All requests, the newest first."""
    before = (place(asked.cursor, int) or (None,))[0]
    found = publish_requests.newest(app, pipeline.now(), before, asked.limit + 1)
    items, more = found[: asked.limit], len(found) > asked.limit
    following = address(request, items[-1].id) if more else None
    return Page(items=[PublishRequest.model_validate(each) for each in items], next=following)


@router.get("/publish-requests/{id}", dependencies=[needs(Act.READ)])
def one_request(app: Here, id: Id) -> PublishRequest:
    """One request: what a person said, and what came of it."""
    if app.ledger.publish_request(id) is None:
        raise ProblemError(404, _("There is no such request."))
    return PublishRequest.model_validate(publish_requests.one(app, id, pipeline.now()))


@changed.post("/slots/{id}/ask-to-publish", status_code=201, dependencies=[needs(Act.SUBMIT)])
def ask_to_publish(app: Here, person: Asking, id: Name, asked: Wish) -> PublishRequest:
    """Ask a person to publish what a slot carries now. It stands on the desk's page of the day."""
    made = publish_requests.ask(app, id, pipeline.now(), by=person.name, via="api", why=asked.why)
    return PublishRequest.model_validate(made)


@changed.post("/publish-requests/{id}/withdraw", dependencies=[needs(Act.SUBMIT)])
def withdraw_request(app: Here, person: Asking, id: Id) -> PublishRequest:
    """Take your own request back."""
    return PublishRequest.model_validate(publish_requests.withdraw(app, id, pipeline.now(), by=person.name))


@changed.post("/publish-requests/{id}/answer", dependencies=[needs(Act.PLAN)])
def answer_request(app: Here, person: Asking, id: Id, asked: Answer) -> PublishRequest:
    """Say yes, which sends it at once, or no, and it keeps its hour."""
    allow(person, Act.PLAN, concerns.series_of_request(app, str(id)))
    now = pipeline.now()
    if asked.yes:
        publish_requests.say_yes(app, id, now, by=person.name, note=asked.note)
    else:
        publish_requests.say_no(app, id, now, by=person.name, note=asked.note)
    return PublishRequest.model_validate(publish_requests.one(app, id, pipeline.now()))
