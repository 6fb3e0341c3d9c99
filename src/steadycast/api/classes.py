"""Classes: who belongs to them, how each member stands, and how their duties ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from steadycast import pipeline
from steadycast.api.authorization import Asking, allow, needs
from steadycast.api.problems import ProblemError
from steadycast.api.routes import changes, looks
from steadycast.api.shapes import Asked, Here, Name, TurnChange
from steadycast.classes.model import MemberStanding
from steadycast.language import gettext as _
from steadycast.pipeline import class_decisions, class_view, turn_changes
from steadycast.pipeline.permissions import Act, may

router, changed = looks("classes"), changes("classes")
Id = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")]


class ClassRead(BaseModel):
    """A class."""

    name: str
    title: str
    members: int = Field(description="Who belong to it now.")
    up: int = Field(description="Of them, those up for leaving: a person decides.")
    readable: bool = Field(description="Whether its roster can be read: else nobody is judged.")


class MemberOfClass(BaseModel):
    """A member of a class."""

    member: str
    title: str
    group: str
    role: str = Field(description="leader, deputy, or nothing.")
    state: str = Field(description="active, warned, up, away, out, left.")
    streak: int = Field(description="Hand-ins in a row.")
    longest: int
    kept: int
    late: int
    missed: int = Field(description="And not made up.")
    made_up: int
    excused: int
    up_since: dt.datetime | None
    why: str = Field(description="What the rule has against them, while a person has not decided.")


class HandInRead(BaseModel):
    """How one duty ended."""

    member: str
    slot: str
    due: dt.datetime
    verdict: str = Field(description="kept, late, missed, excused.")
    draft: str | None
    at: dt.datetime | None = Field(description="When it was handed in.")
    seen: dt.datetime | None = Field(description="When it was found.")
    by: str = Field(description="look, window (its own time, as nobody had looked since), or who corrected it.")
    made_up_at: dt.datetime | None
    note: str


class Decision(Asked):
    """A person's word about a member."""

    member: Id
    answer: Literal["out", "keep", "back"]
    why: str = Field(min_length=1, max_length=500)


class WantedLeave(Asked):
    """A leave that a member asks for now."""

    member: Id
    first: dt.date
    last: dt.date
    why: str = Field(min_length=1, max_length=500)


class Decided(BaseModel):
    """What was written down of a member, and the turns that somebody else has for it."""

    member: str
    at: dt.datetime
    what: str = Field(description="out, kept, returned, leave.")
    first: dt.date | None
    last: dt.date | None
    who: str
    why: str
    turns: list[TurnChange]


class Since(BaseModel):
    """Which duties are asked for; a field that we do not know is refused."""

    model_config = ConfigDict(extra="forbid")
    days: int = Field(default=90, ge=1, le=3660, description="How many days back from now.")


@router.get("/classes", dependencies=[needs(Act.READ)])
def classes(app: Here) -> list[ClassRead]:
    """All classes."""
    found = [class_view.page(app, name, pipeline.now()) for name in app.workspace.classes]
    return [
        ClassRead(
            name=each.the_class.name, title=each.the_class.title, members=each.here, up=len(each.up),
            readable=each.usable,
        )
        for each in found
    ]  # fmt: skip


@router.get("/classes/{name}", dependencies=[needs(Act.READ)])
def class_members(app: Here, name: Name) -> list[MemberOfClass]:
    """Who belongs to a class, and how each stands."""
    found = class_view.page(app, _known(app, name), pipeline.now())
    return [MemberOfClass.model_validate(each) for each in class_view.plain(found.rows)]


@router.get("/classes/{name}/hand-ins", dependencies=[needs(Act.READ)])
def hand_ins(app: Here, person: Asking, name: Name, asked: Annotated[Since, Query()]) -> list[HandInRead]:
    """How the duties of the last days ended, by slot and member. A person's reason is for whoever decides."""
    since = pipeline.now() - dt.timedelta(days=asked.days)
    rows = app.ledger.hand_ins(_known(app, name), since)
    said = {} if may(person, Act.DECIDE, None) else {"note": ""}
    return [
        HandInRead.model_validate({name: getattr(row, name) for name in HandInRead.model_fields} | said) for row in rows
    ]


def _known(app: Here, name: str) -> str:
    if name not in app.workspace.classes:
        raise ProblemError(404, _("There is no such class."))
    return name


@changed.post("/classes/{name}/decide", dependencies=[needs(Act.DECIDE)])
def decide_on_member(app: Here, person: Asking, name: Name, asked: Decision) -> Decided:
    """Put a member out, keep one who is up for leaving, or take one back; also the turns that it changes."""
    allow(person, Act.DECIDE, None)
    verbs = {"out": class_decisions.put_out, "keep": class_decisions.keep, "back": class_decisions.take_back}
    now, the_class = pipeline.now(), _known(app, name)
    act = partial(verbs[asked.answer], app, asked.member, now, by=person.name, why=asked.why, the_class=the_class)
    return _decided(*turn_changes.watched(app, [the_class], now, act))


@changed.post("/classes/{name}/leave", dependencies=[needs(Act.DECIDE)])
def grant_leave(app: Here, person: Asking, name: Name, asked: WantedLeave) -> Decided:
    """Grant a member leave, if the class's notice, length and number allow it; also the turns that it changes."""
    allow(person, Act.DECIDE, None)
    wanted, now = class_decisions.leave_of(asked.first, asked.last), pipeline.now()
    the_class = _known(app, name)
    take_leave = class_decisions.take_leave
    act = partial(take_leave, app, asked.member, wanted, now, by=person.name, why=asked.why, the_class=the_class)
    return _decided(*turn_changes.watched(app, [the_class], now, act))


def _decided(each: MemberStanding, changed: Iterable[turn_changes.TurnChange]) -> Decided:
    return Decided(
        member=each.member, at=each.at, what=str(each.what), first=each.first, last=each.last, who=each.who,
        why=each.why, turns=[TurnChange.model_validate(turn) for turn in changed],
    )  # fmt: skip
