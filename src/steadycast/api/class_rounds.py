"""Classes: who comments on whom, whose turn it is, and the page that is handed over."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from steadycast import pipeline
from steadycast.api.authorization import Asking, allow, needs
from steadycast.api.problems import ProblemError
from steadycast.api.routes import changes, looks
from steadycast.api.shapes import Asked, Here, Name, Shown, TurnChange
from steadycast.language import gettext as _
from steadycast.pipeline import App, hand_over, rounds, turn_changes, turns
from steadycast.pipeline.permissions import Act
from steadycast.pipeline.turns import Roll

router, changed = looks("classes"), changes("classes")
Short = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


class OfSlot(BaseModel):
    """Which round is asked for; a field that we do not know is refused."""

    model_config = ConfigDict(extra="forbid")
    slot: Short = Field(default="", description="Another one than the newest, such as c16@2027-01-10T20:00.")


class OfPeriod(BaseModel):
    """Which week or month is asked for; a field that we do not know is refused."""

    model_config = ConfigDict(extra="forbid")
    period: Short = Field(default="", description="2027-02, or 2027-W06; without it the one that runs.")


class Comment(Shown):
    """One comment that a member owes or gave."""

    reviewer: str
    author: str
    draft: str = Field(description="The hand-in that it is on.")
    title: str
    due: dt.datetime
    done_at: dt.datetime | None
    how: str = Field(description="file, feed or person; empty while it is open.")


class Round(Shown):
    """The comments on one duty slot."""

    slot: str
    due: dt.datetime
    done: int
    alone: list[str] = Field(description="Authors who have no comment yet.")
    comments: list[Comment]


class Turn(Shown):
    """Who is on duty for the class, or leads a group."""

    period: str
    group: str = Field(description="Empty: being on duty for the class.")
    member: str = Field(description="Empty: nobody.")
    start: dt.date
    last: dt.date


class HandOver(BaseModel):
    """One period of a class, as Markdown; the names in it are those for people."""

    title: str
    period: str
    markdown: str


class Own(Asked):
    """A member's word that they commented."""

    author: Short = Field(min_length=1)
    slot: Short = Field(default="", description="Without it the newest round that owes it.")


class Settled(Own):
    """A person's word about a member's comment."""

    reviewer: Short = Field(min_length=1)
    done: bool = True


class Swap(Asked):
    """A turn that goes to another."""

    member: Short = Field(min_length=1)
    other: Short = Field(min_length=1)
    period: Short = Field(default="", description="Without it the member's next one.")
    why: Annotated[str, StringConstraints(min_length=1, max_length=turns.LONGEST_WHY, pattern=r"^[^\x00-\x1f\x7f]*$")]


@router.get("/classes/{name}/round", dependencies=[needs(Act.READ)])
def round_of_class(app: Here, name: Name, asked: Annotated[OfSlot, Query()]) -> Round:
    """Who comments on whom in the newest round, and who has no comment yet."""
    found = rounds.round_of(app, _roll(app, name).the_class.name, asked.slot)
    if found is None:
        raise ProblemError(404, _("There is no such round."))
    return Round.model_validate(found)


@router.get("/classes/{name}/turns", dependencies=[needs(Act.READ)])
def turns_of_class(app: Here, name: Name) -> list[Turn]:
    """Whose turn it is, now and in the next two weeks or months."""
    found = turns.turns(app, _roll(app, name), pipeline.now())
    return [Turn.model_validate(turn) for _period, its in found.periods for turn in its]


@router.get("/classes/{name}/hand-over", dependencies=[needs(Act.READ)])
def hand_over_of_class(app: Here, name: Name, asked: Annotated[OfPeriod, Query()]) -> HandOver:
    """The page that whoever is on duty hands over."""
    made = hand_over.hand_over(app, _roll(app, name), pipeline.now(), asked.period)
    return HandOver(title=made.title, period=made.period.name, markdown=hand_over.markdown(app, made))


@changed.post("/classes/{name}/comments", dependencies=[needs(Act.SUBMIT)])
def say_commented(app: Here, person: Asking, name: Name, asked: Own) -> Comment:
    """Say, as the member who was drawn for it, that you commented."""
    return _said(app, name, person.name, asked)


@changed.post("/classes/{name}/comments/settle", dependencies=[needs(Act.SETTLE)])
def settle_comment(app: Here, person: Asking, name: Name, asked: Settled) -> Comment:
    """Say that a member's comment was made, or that it was not after all."""
    allow(person, Act.SETTLE, None)
    if asked.done:
        return _said(app, name, asked.reviewer, asked)
    the_class = _roll(app, name).the_class.name
    return Comment.model_validate(rounds.take_back(app, the_class, asked.slot, asked.reviewer, asked.author))


def _said(app: App, name: str, reviewer: str, asked: Own) -> Comment:
    the_class, now = _roll(app, name).the_class.name, pipeline.now()
    done = rounds.say_done(app, reviewer, asked.author, now, the_class=the_class, slot=asked.slot)
    return Comment.model_validate(done)


@changed.post("/classes/{name}/turns", dependencies=[needs(Act.PLAN)])
def swap_turns(app: Here, person: Asking, name: Name, asked: Swap) -> list[TurnChange]:
    """Give a turn to another, and theirs of the same kind to the member; all turns that it changes."""
    allow(person, Act.PLAN, None)
    roll, now = _roll(app, name), pipeline.now()
    changed = turn_changes.swap(app, roll, asked.member, asked.other, now, period=asked.period, why=asked.why)
    return [TurnChange.model_validate(each) for each in changed]


def _roll(app: App, name: str) -> Roll:
    if name not in app.workspace.classes:
        raise ProblemError(404, _("There is no such class."))
    return turns.roll(app, name)
