"""The communities that a hub looks at, for programs; and what a hub asks of this one."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from steadycast import pipeline
from steadycast.api.authorization import Asking, allow, needs
from steadycast.api.routes import changes, looks
from steadycast.api.shapes import Here, Shown
from steadycast.pipeline.permissions import Act

router, changed = looks("circles"), changes("circles")


class Circle(Shown):
    """One community, as it says of itself."""

    name: str
    title: str
    leader: str = Field(description="Who decides there.")
    heard: Literal["yes", "old", "never"] = Field(description="Whether its report is of the last day.")
    at: dt.datetime | None = Field(description="When its report was written.")
    days: int | None = Field(description="The shortest runway of its series; nothing where it was not heard lately.")
    series: str = Field(description="The series with that runway.")
    gap: dt.datetime | None = Field(description="Its first slot with nothing.")
    error: str = Field(description="Why the last look brought nothing.")


class HubAsk(Shown):
    """Something that a hub asks to be taken down here."""

    id: str
    hub: str
    what: str
    why: str
    at: dt.datetime


@router.get("/circles", dependencies=[needs(Act.READ)])
def circles(app: Here) -> list[Circle]:
    """The communities that this one looks at, worst first, as they were heard last."""
    return [Circle.model_validate(each.values()) for each in pipeline.circles.shown(app, pipeline.now())]


@changed.post("/circles/look", dependencies=[needs(Act.PLAN)])
def look_at_circles(app: Here, person: Asking) -> list[Circle]:
    """Read the report of each, now."""
    allow(person, Act.PLAN, None)
    return [Circle.model_validate(each.values()) for each in pipeline.circles.look(app, pipeline.now())]


@router.get("/hub-asks", dependencies=[needs(Act.READ)])
def hub_asks(app: Here) -> list[HubAsk]:
    """What a hub asks to be taken down here, and nobody has seen to."""
    return [HubAsk.model_validate(each, from_attributes=True) for each in pipeline.hub_asks.waiting(app)]


@changed.post("/hub-asks/{id}/done", dependencies=[needs(Act.SETTLE)])
def hub_ask_done(app: Here, person: Asking, id: str) -> HubAsk:
    """Say that a person has seen to it."""
    allow(person, Act.SETTLE, None)
    return HubAsk.model_validate(pipeline.hub_asks.done(app, id), from_attributes=True)
