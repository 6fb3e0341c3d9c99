"""Fairness: who wrote and who decided in the last 30 days, how long drafts waited, the mix and its steps."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, Field

from steadycast import pipeline
from steadycast.api.authorization import needs
from steadycast.api.routes import looks
from steadycast.api.shapes import Here
from steadycast.pipeline.permissions import Act

router = looks("members")


class Waits(BaseModel):
    """Seconds; nothing where there is nothing to tell."""

    p50: int | None = Field(description="Half of what went out was out so long after it had come in.")
    p90: int | None
    oldest: int | None = Field(description="The longest wait of an approved draft that no slot carries.")


class Step(BaseModel):
    """A mix that came into force."""

    since: dt.datetime
    mix: dict[str, int]
    active: int = Field(description="Members who were active then.")
    above: int = Field(description="The number of the step; 0: the series' own mix.")
    why: str = Field(description="grew, shrank; settings: steadycast.toml says otherwise than before.")


class Mix(BaseModel):
    """One series: what is asked now, and the slots that went out."""

    series: str
    asked: dict[str, int]
    real: dict[str, int]
    steps: list[Step]


class Voice(BaseModel):
    """One person; the house has no name."""

    name: str
    title: str
    slots: int
    share: float = Field(description="Of all slots that went out, 0 to 1.")
    decisions: int
    decided: float = Field(description="Of all decisions, 0 to 1.")


class Fair(BaseModel):
    """Shares are 0 to 1. Those of members leave the house out."""

    since: dt.datetime
    until: dt.datetime
    published: int = Field(description="Slots that went out.")
    active: int = Field(description="Members who were published, handed in or commented.")
    new: int
    returning: int
    top: float = Field(description="The largest share of a member.")
    absence_factor: int = Field(description="The fewest members who made half of it together.")
    effective: float = Field(description="As many authors as it comes to, had all written as much.")
    gini: float
    founder: float = Field(description="The founder's share of all slots.")
    waits: Waits
    decisions: int
    deciders: int
    decisions_top: float
    mixes: list[Mix]
    alarms: list[str] = Field(description="What is at a limit of [fair]: top, founder, wait, decided.")
    people: list[Voice]


@router.get("/fair", dependencies=[needs(Act.READ)])
def fair(app: Here) -> Fair:
    """Who wrote and who decided in the last 30 days."""
    return Fair.model_validate(pipeline.fair.fair(app, pipeline.now()).plain())
