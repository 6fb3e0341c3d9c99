"""Kits: what a person posts by hand, one after another, also on a phone; and the address that closes each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import pipeline
from steadycast.desk.pages import FromOurForm, Here, done, language_of, page
from steadycast.pipeline.plan import stock_of
from steadycast.report.gather import gather

router = APIRouter()


@router.get("/kits")
def kits(request: Request, app: Here) -> HTMLResponse:
    """The queue, the oldest first."""
    report = gather(app.ledger, app.workspace, pipeline.now(), stock_of(app))
    rows = sorted((row for row in report.waiting if row.kind == "kit"), key=lambda row: row.at or report.at)
    return page(request, app, "kits", "kits", rows=rows, r=report)


@router.post("/kits/{marker}/confirm", dependencies=[FromOurForm])
def confirm(
    request: Request, app: Here, marker: str, url: Annotated[str, Form()], at: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """Closes a kit with the address of the post, or corrects it."""
    pipeline.confirm(app, marker, url, pipeline.now(), at)
    return done("/kits", language_of(request, app).gettext("Confirmed: %(url)s", url=url))
