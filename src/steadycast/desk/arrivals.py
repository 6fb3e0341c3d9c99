"""Who came: by source and by slot; asked for now, taken from a table, kept."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from steadycast import pipeline
from steadycast.desk.acts import form_of
from steadycast.desk.pages import Here, done, page
from steadycast.language import current
from steadycast.pipeline.permissions import Act

router = APIRouter()
PAGE = "/arrivals"
SHOWN = (30, 90, 365)  # days that a link asks for
MOST = 200  # rows of one table on a page
Days = Annotated[int, Query(ge=1, le=3660)]


@router.get(PAGE)
def arrivals(request: Request, app: Here, days: Days = 90) -> HTMLResponse:
    """The page."""
    found = pipeline.arrivals.shown(app, pipeline.now(), days)
    return page(request, app, "arrivals", "record", found=found, days=days, spans=SHOWN, most=MOST)


@router.post(PAGE, dependencies=[form_of(Act.PLAN)])
def take(app: Here, *, table: Annotated[str, Form()] = "") -> RedirectResponse:
    """Takes in a table that was pasted."""
    rows = pipeline.arrivals.take_table(app, table.encode("utf-8", "replace"), current().gettext("the table"))
    return done(PAGE, current().ngettext("%(num)s row is kept.", "%(num)s rows are kept.", rows))


@router.post(PAGE + "/pull", dependencies=[form_of(Act.PLAN)])
def pull(app: Here) -> RedirectResponse:
    """Asks those who count, now."""
    found = pipeline.arrivals.pull(app, pipeline.now())
    wrong = [f"{each.counter}: {each.error}" for each in found if each.error]
    return done(
        PAGE, current().gettext("; ").join(wrong) or current().gettext("All who count were asked."), refused=bool(wrong)
    )


@router.get("/arrivals.csv")
def as_table(app: Here, days: Days = 90) -> Response:
    """For a spreadsheet."""
    table = pipeline.arrivals.to_csv(app, pipeline.now(), days)
    return _file(table.encode(), "text/csv; charset=utf-8", "arrivals.csv")


@router.get("/arrivals.json")
def as_json(app: Here, days: Days = 90) -> Response:
    """For a program."""
    return _file(
        orjson.dumps(pipeline.arrivals.shown(app, pipeline.now(), days).values()), "application/json", "arrivals.json"
    )


def _file(content: bytes, kind: str, name: str) -> Response:
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
