"""The API put together: its routes, its description at /openapi.json, and one way to say what went wrong."""

from __future__ import annotations

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from steadycast import __version__
from steadycast.api import channels, deliveries, drafts, members, previews, problems, record, slots, today
from steadycast.api.asking import Door
from steadycast.errors import SteadycastError
from steadycast.pipeline.opened import Opened

ADDRESS = "/api/v1"
ABOUT = """What the desk's pages do, for programs. Each request carries `Authorization: Bearer TOKEN`.
Each change carries an `Idempotency-Key`: sent again within a day with the same body it answers the same and changes
nothing. What goes wrong is told as problem details (RFC 9457), with a hint."""
PARTS = (today, slots, drafts, previews, deliveries, record, members, channels)
ROUTERS = [router for part in PARTS for router in (part.router, getattr(part, "changed", None)) if router]
BEARER = HTTPBearer(auto_error=False, description="A token of a person: `steadycast desk token add` makes one.")
ALWAYS = (401, 403, 404, 422, 429, 503)
OF_CHANGES = (400, 409, 413, 502)


def made(opened: Opened, key: str) -> FastAPI:
    """The API of one workspace; `key` is the machine's own, which opens it where nobody has an account yet."""
    api = FastAPI(
        title="Steadycast", version=__version__, description=ABOUT, docs_url=None, redoc_url=None,
        generate_unique_id_function=_name, responses=problems.described(*ALWAYS), dependencies=[Depends(BEARER)],
    )  # fmt: skip
    api.state.opened = opened
    for router in ROUTERS:
        api.include_router(
            router, responses=problems.described(*OF_CHANGES) if router.route_class is not APIRoute else None
        )
    api.add_exception_handler(SteadycastError, problems.of_verb)
    api.add_exception_handler(HTTPException, problems.of_http)
    api.add_exception_handler(RequestValidationError, problems.of_request)
    api.add_exception_handler(Exception, problems.of_fault)
    api.add_middleware(Door, opened=opened, key=key)
    return api


def _name(route: APIRoute) -> str:
    """What a route is called in the description."""
    return route.name
