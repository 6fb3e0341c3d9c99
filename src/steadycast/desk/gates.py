"""Ready to be copied? The gates, each with what is asked, what was found and how it was counted."""

from __future__ import annotations

from itertools import groupby

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from steadycast import pipeline
from steadycast.desk.pages import Here, page
from steadycast.language import current
from steadycast.ops.copied_from import copied_from
from steadycast.ops.ready import ready
from steadycast.schedule.gates import STAGES

router = APIRouter()
PAGE = "/settings/ready"


@router.get(PAGE)
def gates(request: Request, app: Here) -> HTMLResponse:
    """The page; of a community that is a copy it says of which, and in which words."""
    found = ready(app, pipeline.now())
    say = current()
    stages = [(say.gettext(STAGES[stage]), list(its)) for stage, its in groupby(found, key=lambda gate: gate.stage)]
    return page(
        request, app, "ready", "settings", stages=stages, passed=sum(bool(gate.ok) for gate in found), of=len(found),
        begun=copied_from(app.workspace.root),
    )  # fmt: skip
