"""Fair: who writes and who decides, side by side; how long drafts wait, and the mix with its steps."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from steadycast import pipeline
from steadycast.desk.pages import Here, page

router = APIRouter()
PAGE = "/fair"  # not below /members: a member may be called so
SHOWN = 60  # people of a page


@router.get(PAGE)
def fair(request: Request, app: Here) -> HTMLResponse:
    """The page."""
    found = pipeline.fair.fair(app, pipeline.now())
    return page(
        request, app, "fair", "members", found=found, voices=found.voices[:SHOWN], zone=app.workspace.community.zone,
        more=max(len(found.voices) - SHOWN, 0), kinds=[each.kind for each in found.breaches],
        limits=app.workspace.fair,
        titles={name: series.title or name for name, series in app.workspace.series.items()},
    )  # fmt: skip
