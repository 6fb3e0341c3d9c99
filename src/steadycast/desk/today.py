"""Today: is the promise safe? What went out, what is due next, what needs a person; each with its one button."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import pipeline
from steadycast.desk.pages import FromOurForm, Here, done, language_of, local, page
from steadycast.pipeline.plan import stock_of
from steadycast.report.gather import gather

router = APIRouter()
NEXT = 5  # slots shown


@router.get("/")
def today(request: Request, app: Here) -> HTMLResponse:
    """The page."""
    now = pipeline.now()
    report = gather(app.ledger, app.workspace, now, stock_of(app))
    coming = [entry for entry in report.plan if entry.at >= report.at and entry.state != "excused"][:NEXT]
    tick = app.ledger.last_tick()
    return page(request, app, "today", "today", r=report, coming=coming, tick=tick and local(app, tick))


@router.post("/deliveries/{marker}/settle", dependencies=[FromOurForm])
def settle(
    request: Request,
    app: Here,
    *,
    marker: str,
    is_there: Annotated[str, Form()],
    url: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/",
) -> RedirectResponse:
    """What a person saw on the channel: there (with its address), absent, or to be sent again."""
    again = is_there == "again"
    pipeline.settle(app, marker, url=url if is_there == "yes" else "", again=again, now=pipeline.now())
    return done(back, language_of(request, app).gettext("Settled."))
