"""Drafts: what came in, what waits, what is in stock; approved and rejected here."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import pipeline
from steadycast.desk.pages import FromOurForm, Here, done, language_of, page
from steadycast.pipeline.drafts import find_draft, read

router = APIRouter()
SHOWN = 50
FILTERS = ("state", "origin", "member", "form")


@router.get("/drafts")
def drafts(request: Request, app: Here, page_number: int = 1) -> HTMLResponse:
    """The list, by what the address asks: state, origin, member, form."""
    rows = pipeline.drafts(app)
    states = Counter(row["state"] for row in rows)
    asked = {name: request.query_params.get(name, "") for name in FILTERS}
    rows = [row for row in rows if all(not value or row[name] == value for name, value in asked.items())]
    first = (max(page_number, 1) - 1) * SHOWN
    shown = rows[first : first + SHOWN]
    return page(request, app, "drafts", "drafts", rows=shown, counted=states, asked=asked, total=len(rows))


@router.get("/drafts/{id}")
def draft(request: Request, app: Here, id: str) -> HTMLResponse:
    """One draft: its text, where it ran and will run."""
    row = find_draft(app, id)
    text = read(app, row.id, row.revision)
    where = app.ledger.deliveries(draft=row.id)
    return page(request, app, "draft", "drafts", row=row, draft=text, where=where)


@router.post("/drafts/decide", dependencies=[FromOurForm])
def decide(
    request: Request,
    app: Here,
    verdict: Annotated[str, Form()],
    ids: Annotated[list[str], Form()],
    back: Annotated[str, Form()] = "/drafts",
) -> RedirectResponse:
    """Approves or rejects one draft or several, and plans with it."""
    told = pipeline.decide(app, ids, verdict, by=pipeline.who(), now=pipeline.now())
    pipeline.plan(app, pipeline.now())
    say = language_of(request, app)
    if verdict == "approve":
        said = say.ngettext("One draft is approved.", "%(num)s drafts are approved.", len(told))
    else:
        said = say.ngettext("One draft is rejected.", "%(num)s drafts are rejected.", len(told))
    return done(back, said)
