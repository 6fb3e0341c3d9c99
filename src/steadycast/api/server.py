"""The API put together: its routes, its description at /openapi.json, and one way to say what went wrong."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from steadycast import __version__
from steadycast.api import (
    arrivals,
    asks,
    change_log,
    channels,
    circles,
    class_rounds,
    classes,
    deliveries,
    draft_decisions,
    drafts,
    fairness,
    members,
    people,
    previews,
    problems,
    publish_requests,
    ready,
    record,
    rituals,
    settings,
    settings_channels,
    settings_file,
    settings_people,
    slots,
    today,
)
from steadycast.api.authorization import Door
from steadycast.errors import SteadycastError
from steadycast.language import gettext as _
from steadycast.pipeline.open_workspace import Opened

INSTALL = "`pip install 'steadycast[mcp]'`"
ABOUT = """What the desk's pages do, for programs. Each request carries `Authorization: Bearer TOKEN`.
Each change carries an `Idempotency-Key`: sent again within a day with the same body it answers the same and changes
nothing. What goes wrong is told as problem details (RFC 9457), with a hint."""
PARTS = (
    today, slots, asks, publish_requests, rituals, drafts, draft_decisions, previews, deliveries, record, arrivals,
    circles, members, classes, class_rounds, channels, settings, settings_channels, settings_people, settings_file,
    change_log, people, fairness, ready,
)  # fmt: skip
ROUTERS = [getattr(part, name) for part in PARTS for name in ("router", "changed", "uploaded") if hasattr(part, name)]


def made(opened: Opened, key: str) -> FastAPI:
    """The API of one workspace; `key` is the machine's own, which opens it where nobody has an account yet."""
    routes = [route for router in ROUTERS for route in router.routes]
    api = FastAPI(
        title="Steadycast", version=__version__, description=ABOUT, docs_url=None, redoc_url=None, routes=routes
    )
    api.state.opened = opened
    api.add_exception_handler(SteadycastError, problems.of_verb)
    api.add_exception_handler(HTTPException, problems.of_http)
    api.add_exception_handler(RequestValidationError, problems.of_request)
    api.add_exception_handler(Exception, problems.of_fault)
    api.add_middleware(Door, opened=opened, key=key)
    return api


def made_tools(opened: Opened, key: str) -> ASGIApp:
    """The tools for assistants over HTTP, under the same tokens; their SDK is loaded when somebody asks."""
    ready: list[ASGIApp] = []

    async def tools(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            from steadycast.api.tools_http import Tools
        except ModuleNotFoundError as error:
            if error.name and error.name.partition(".")[0] != "mcp":
                raise
            hint = _("run %(command)s", command=INSTALL)
            await problems.problem(501, _("The tools for assistants are not installed."), hint)(scope, receive, send)
            return
        if scope["type"] == "http" and scope["method"] != "POST":  # no session: nothing would ever be told on a stream
            refusal = problems.problem(405, _("Each call is a POST."), headers={"Allow": "POST"})
            await refusal(scope, receive, send)
            return
        if not ready:
            ready.append(await run_in_threadpool(Tools, opened))
        await ready[0](scope, receive, send)

    return Door(tools, opened, key)
