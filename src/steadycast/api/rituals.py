"""Days that the community marks: which are coming, and how far the draft of each is."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.requests import Request

from steadycast import pipeline
from steadycast.api import pages
from steadycast.api.authorization import needs
from steadycast.api.pages import Page, address, place
from steadycast.api.routes import looks
from steadycast.api.shapes import Here, Shown
from steadycast.pipeline.permissions import Act

router = looks("rituals")


class Ritual(Shown):
    """One coming day, and the slot that carries it."""

    slot: str
    at: dt.datetime
    series: str
    what: str = Field(description="In words.")
    template: str
    ready: dt.date = Field(description="From this local day on its draft lies there.")
    state: str = Field(description="later; then the draft's: waiting, approved, rejected, not-ready, gone.")
    draft: str = Field(description="Its id, or nothing.")


class RitualFilter(pages.Asked):
    """How far ahead."""

    days: int = Field(60, ge=1, le=3660)


@router.get("/rituals", dependencies=[needs(Act.READ)])
def rituals(request: Request, app: Here, asked: Annotated[RitualFilter, Query()]) -> Page[Ritual]:
    """The coming days that the community marks, in order of time."""
    first = (place(asked.cursor, int) or (0,))[0]
    found = pipeline.rituals.coming(app, pipeline.now(), asked.days)
    items = found[first : first + asked.limit]
    following = address(request, first + asked.limit) if first + asked.limit < len(found) else None
    return Page(items=[Ritual.model_validate(each) for each in items], next=following)
