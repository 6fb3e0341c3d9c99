"""How things stand: what is due next, what went out, what needs a person; and who asks."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from steadycast import ops, pipeline
from steadycast.api.authorization import Asking, needs
from steadycast.api.routes import looks
from steadycast.api.shapes import Here, Note, Shown
from steadycast.errors import BAD
from steadycast.pipeline import App
from steadycast.pipeline.permissions import Act
from steadycast.pipeline.today import today

router = looks("status")
UNREAD = 100


class Call(Shown):
    """One delivery that needs a person."""

    id: str
    title: str
    channel: str
    at: dt.datetime
    said: str
    url: str
    draft: str


class Next(Shown):
    """A coming slot, and what it carries: nothing where `draft` is empty."""

    slot: str
    at: dt.datetime
    series: str
    title: str
    draft: str
    filled: bool = Field(description="From reserve.")


class Place(Shown):
    """Where a post can be seen."""

    channel: str
    url: str


class Out(Shown):
    """A slot that went out."""

    at: dt.datetime
    title: str
    series: str
    draft: str
    places: list[Place]


class Reach(Shown):
    """How far the plan of one series is filled: to its first gap, else to its end."""

    name: str
    title: str
    cadence: str
    gap: dt.datetime | None
    last: dt.datetime | None
    ends: dt.datetime | None = Field(description="The first slot that reserve does not fill either, where it is known.")
    filled: bool = Field(description="Reserve fills every gap in sight.")


class Status(Shown):
    """One day for the person who looks after it. Of what waits, the first few; `counts` says how many."""

    at: dt.datetime
    community: str
    counts: dict[str, int]
    refused: list[Call]
    unknown: list[Call]
    kits: list[Call]
    amendments: list[Call]
    gaps: list[Next]
    coming: list[Next]
    lately: list[Out]
    reach: list[Reach]
    tick: dt.datetime | None = Field(description="When somebody last looked at what is due.")
    quiet: bool = Field(description="Nobody has looked for too long.")


class Look(Shown):
    """One thing that was looked at, to find out why nothing happens."""

    what: str
    state: str
    how: str = Field(description="Which of several things it is that was seen there.")
    at: dt.datetime | None = Field(description="When it was seen last, or since when it is so.")
    count: int
    names: list[str]
    said: str = Field(description="An error's own words.")


class Me(Shown):
    """Who asks, and what they may do."""

    name: str
    role: str
    series: list[str] = Field(description="An editor's; empty: all.")


@router.get("/me", dependencies=[needs(Act.READ)])
def me(person: Asking) -> Me:
    """Who this token acts for."""
    return Me(name=person.name, role=person.role.value, series=sorted(person.series))


@router.get("/status", dependencies=[needs(Act.READ)])
def status(app: Here) -> Status:
    """How things stand now."""
    return status_of(app)


def status_of(app: App) -> Status:
    """How things stand now."""
    now, zone = pipeline.now(), app.workspace.community.zone
    day = today(app, now)
    found = {name: getattr(day, name) for name in Status.model_fields if hasattr(day, name)}
    lately = [
        Out(
            at=out.at,
            title=out.title,
            series=out.series,
            draft=out.draft,
            places=[Place(channel=c, url=u) for c, u in out.places],
        )
        for out in day.lately
    ]
    return Status.model_validate(
        {**found, "lately": lately, "at": now.astimezone(zone), "community": app.workspace.community.name}
    )


@router.get("/why", dependencies=[needs(Act.READ)])
def why(app: Here) -> list[Look]:
    """Why nothing happens: clock, tick, slots, server, workers, watcher, alarms, one look after another."""
    return [Look.model_validate(each) for each in ops.why(app, pipeline.now()).looks]


@router.get("/unread", dependencies=[needs(Act.READ)])
def unread(app: Here) -> list[Note]:
    """Files that could not be taken in: what is wrong, with the line. At most 100."""
    return [
        Note(where=each.path, line=each.line, message=each.message, hint=each.hint, severity=BAD, channel="")
        for each in app.ledger.problems()[:UNREAD]
    ]
