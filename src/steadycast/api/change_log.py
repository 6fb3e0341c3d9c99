"""Who changed what, on the desk, by the API or by a command."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.requests import Request

from steadycast.api import pages
from steadycast.api.authorization import needs
from steadycast.api.pages import Page, address, place
from steadycast.api.routes import looks
from steadycast.api.shapes import Here, Shown
from steadycast.pipeline import accounts
from steadycast.pipeline.permissions import Act

router = looks("settings")


class Changed(Shown):
    """One change that somebody made."""

    at: dt.datetime
    who: str
    via: str = Field(description="desk, api, cli, mcp.")
    act: str
    subject: str
    detail: str


@router.get("/settings/log", dependencies=[needs(Act.PEOPLE)])
def changes_made(request: Request, app: Here, asked: Annotated[pages.Asked, Query()]) -> Page[Changed]:
    """Who changed what, the newest first."""
    before = (place(asked.cursor, int) or (None,))[0]
    rows = accounts.audited(app, before, asked.limit + 1)
    items, more = rows[: asked.limit], len(rows) > asked.limit
    return Page(
        items=[Changed.model_validate(each) for each in items],
        next=address(request, items[-1].id) if more else None,
    )  # fmt: skip
