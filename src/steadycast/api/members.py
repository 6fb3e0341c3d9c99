"""Members: who gave what and when, who waits, who has gone quiet."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.requests import Request

from steadycast import pipeline
from steadycast.api import pages
from steadycast.api.asking import needs
from steadycast.api.pages import Page, address, place
from steadycast.api.problems import ProblemError
from steadycast.api.routes import looks
from steadycast.api.shapes import Here, Name, Shown
from steadycast.pipeline.permissions import Act

router = looks("members")


class Member(Shown):
    """One member, as the record has them."""

    name: str
    title: str
    trusted: bool
    drafts: int
    last: dt.datetime | None = Field(description="When their last draft came.")
    waiting: int
    waiting_since: dt.datetime | None
    stock: int
    went_out: int = Field(description="Slots of the past year.")
    share: float = Field(description="Of the slots that members filled then.")
    wait: dt.timedelta | None = Field(description="How long they usually waited for an answer.")
    quiet_since: dt.datetime | None


class Given(Shown):
    """One draft of a member, and what became of it."""

    draft: str
    title: str
    fate: str = Field(description="out, planned, due, stock, waiting, rejected, not-ready, gone, held.")
    at: dt.datetime | None
    reason: str
    urls: list[str]


class WholeMember(Member):
    """One member, with what they gave lately; `GET /drafts?member=` lists all of it."""

    given: list[Given]


@router.get("/members", dependencies=[needs(Act.READ)])
def members(request: Request, app: Here, asked: Annotated[pages.Asked, Query()]) -> Page[Member]:
    """All members: who waits longest first, then who gave last."""
    found = pipeline.members.members(app, pipeline.now())
    first = (place(asked.cursor, int) or (0,))[0]
    items = [Member.model_validate(each) for each in found[first : first + asked.limit]]
    more = first + asked.limit < len(found)
    return Page(items=items, next=address(request, first + asked.limit) if more else None)


@router.get("/members/{name}", dependencies=[needs(Act.READ)])
def member(app: Here, name: Name) -> WholeMember:
    """One member."""
    found = pipeline.members.page_of(app, name, pipeline.now())
    if found is None:
        raise ProblemError(404, "There is no such member.")
    given = [
        Given(
            draft=each.draft.id, title=each.draft.title, fate=each.fate, at=each.at, reason=each.reason,
            urls=[place.url for place in each.places if place.url],
        )
        for each in found.given
    ]  # fmt: skip
    return WholeMember(**Member.model_validate(found.member).model_dump(), given=given)
