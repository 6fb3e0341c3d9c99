"""Why is nothing happening? Each look with what it means and what to do, the one that explains it first."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from steadycast import ops, pipeline
from steadycast.desk.pages import Here, page

router = APIRouter()


@router.get("/why")
def why(request: Request, app: Here) -> HTMLResponse:
    """The page."""
    found = ops.why(app, pipeline.now())
    return page(request, app, "why", "record", looks=found.looks, answer=found.answer)
