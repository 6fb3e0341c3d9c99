"""Circles: the communities that a hub looks at, worst first; and, on today's page, what a hub asks of this one."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import pipeline
from steadycast.desk.acts import form_of
from steadycast.desk.pages import Here, done, page
from steadycast.language import current
from steadycast.pipeline.permissions import Act

router = APIRouter()
PAGE = "/circles"


@router.get(PAGE)
def circles(request: Request, app: Here) -> HTMLResponse:
    """The page: as they were heard last."""
    now = pipeline.now()
    return page(
        request, app, "circles", "record", rows=pipeline.circles.shown(app, now), zone=app.workspace.community.zone
    )


@router.post(f"{PAGE}/look", dependencies=[form_of(Act.PLAN)])
def look(app: Here) -> RedirectResponse:
    """Reads the report of each, now."""
    say, found = current(), pipeline.circles.look(app, pipeline.now())
    wrong = [say.gettext("%(name)s: %(said)s", name=each.title, said=each.error) for each in found if each.error]
    return done(
        PAGE,
        say.gettext("; ").join(wrong) or say.gettext("All of them were looked at."),
        refused=bool(wrong),
    )


@router.post("/hub-asks/{id}", dependencies=[form_of(Act.SETTLE)])
def seen_to(app: Here, *, id: str) -> RedirectResponse:
    """A person has seen to what a hub asks for."""
    asked = pipeline.hub_asks.done(app, id)
    return done("/", current().gettext("Seen to: %(what)s", what=asked.what))
