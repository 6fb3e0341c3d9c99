"""Who came: by source and by slot, for a program or a spreadsheet."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from steadycast import pipeline
from steadycast.api.authorization import needs
from steadycast.api.record import Csv
from steadycast.api.routes import changes, looks
from steadycast.api.shapes import Asked, Here
from steadycast.pipeline.permissions import Act

router, changed = looks("record"), changes("record")


class Span(BaseModel):
    """Which days are asked for; a field that we do not know is refused."""

    model_config = ConfigDict(extra="forbid")
    days: int = Field(default=90, ge=1, le=3660, description="How many days back from today.")


class Came(BaseModel):
    """How many came by one way, as one counter has it."""

    name: str = Field(description="The source (of a call's link: the channel), or the slot.")
    title: str
    counter: str = Field(description="Who counted: two of them may have counted the same people.")
    visits: int
    joins: int
    leaves: int


class Counted(BaseModel):
    """One who counts."""

    name: str
    last_day: dt.date | None = Field(description="The last day that it told of.")
    asked: dt.datetime | None = Field(description="When it was last asked.")
    error: str = Field(description="What went wrong then, or nothing.")


class Arrivals(BaseModel):
    """Who came in some days."""

    first: dt.date
    last: dt.date
    sources: list[Came] = Field(description="By source, those with the most joins first.")
    slots: list[Came] = Field(description="By slot, the newest first.")
    counters: list[Counted]


class Table(Asked):
    """Counts as a table (CSV): `steadycast arrivals import` says which columns."""

    table: str = Field(min_length=1, max_length=1_500_000)


class Kept(BaseModel):
    """How many rows are kept of a table."""

    rows: int


class Pulled(BaseModel):
    """What came of one look at one who counts."""

    counter: str
    rows: int
    error: str = Field(description="Why it could not be read, or nothing.")


@router.get("/arrivals", dependencies=[needs(Act.READ)])
def arrivals(app: Here, asked: Annotated[Span, Query()]) -> Arrivals:
    """Visits, joins and leavings in the last days."""
    return Arrivals.model_validate(pipeline.arrivals.shown(app, pipeline.now(), asked.days).values())


@router.get("/arrivals.csv", dependencies=[needs(Act.READ)], response_class=Csv)
def arrivals_csv(app: Here, asked: Annotated[Span, Query()]) -> Response:
    """Each row of the last days, as a table."""
    return Csv(pipeline.arrivals.to_csv(app, pipeline.now(), asked.days))


@changed.post("/arrivals", dependencies=[needs(Act.PLAN)])
def take(app: Here, asked: Table) -> Kept:
    """Keep the rows of a table. What it says of the same day and way goes over what a table said before."""
    return Kept(rows=pipeline.arrivals.take_table(app, asked.table.encode("utf-8", "replace"), "table"))


@changed.post("/arrivals/pull", dependencies=[needs(Act.PLAN)])
def pull(app: Here) -> list[Pulled]:
    """Ask those who count for their last days, now."""
    found = pipeline.arrivals.pull(app, pipeline.now())
    return [Pulled(counter=each.counter, rows=each.rows, error=each.error) for each in found]
