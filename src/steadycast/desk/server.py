"""The desk put together, and served on this machine: pages, forms, files of its own."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from pathlib import Path
from types import FrameType
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from steadycast import api, on_demand, ops, pipeline
from steadycast.crash_safety import ending
from steadycast.desk import (
    answers,
    arrivals,
    asks,
    calendar_feeds,
    circles,
    class_rounds,
    classes,
    draft,
    drafts,
    entry,
    fairness,
    files,
    first_run,
    gates,
    kits,
    leave,
    live,
    log,
    matrix,
    member_page,
    members,
    people,
    reader_language,
    ready,
    record,
    settings,
    settings_channels,
    settings_file,
    settings_people,
    settings_rituals,
    slot_calendar,
    slot_page,
    today,
    why,
    write,
)
from steadycast.desk.faults import Faults
from steadycast.desk.guard import Guard
from steadycast.desk.own_files import OwnFiles
from steadycast.desk.pages import problem, refusal
from steadycast.desk.rate_limits import LogIns
from steadycast.desk.when_asked import WhenAsked
from steadycast.errors import SteadycastError
from steadycast.language import gettext as _
from steadycast.ops import desk_proof
from steadycast.pipeline.open_workspace import Opened
from steadycast.workspace import in_force
from steadycast.workspace.paths import Paths

STARTUP_FAILURE = 3  # as uvicorn's own command says it
PAGES = (
    entry,
    settings_channels,
    settings_people,
    settings_rituals,
    settings_file,
    gates,
    live,
    today,
    slot_calendar,
    slot_page,
    asks,
    calendar_feeds,
    leave,
    drafts,
    draft,
    kits,
    files,
    first_run,
    settings,
    write,
    record,
    arrivals,
    circles,
    matrix,
    log,
    why,
    members,
    fairness,
    people,
    class_rounds,
    classes,
    member_page,
    reader_language,
)


def made(root: Path, key: str) -> FastAPI:
    """The desk of the workspace at `root`; `key` is what its first address carries."""
    opened = Opened(root)
    look = live.Look(opened)

    @contextlib.asynccontextmanager
    async def open_until_the_end(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.live.close()
        look.close()
        opened.close()

    # The routes as their modules made them: `include_router` would read every signature again, for each desk.
    routes = [route for page in PAGES for route in page.router.routes]
    desk = FastAPI(
        title="Steadycast", docs_url=None, redoc_url=None, openapi_url=None, lifespan=open_until_the_end, routes=routes
    )  # fmt: skip
    desk.state.opened = opened
    desk.state.live = live.Live(opened)
    desk.add_api_route("/health", health)
    desk.router.routes.append(Route(desk_proof.ADDRESS, _proving(key)))
    desk.mount("/api/v1", WhenAsked(lambda: api.made(opened, key)))
    desk.router.routes.append(Route("/mcp", WhenAsked(lambda: api.made_tools(opened, key))))
    desk.mount("/static", OwnFiles(), name="static")
    desk.add_exception_handler(SteadycastError, refusal)
    desk.add_exception_handler(HTTPException, _refused)
    desk.add_exception_handler(RequestValidationError, _unreadable)
    desk.state.log_ins = LogIns()
    desk.state.visits = {}  # logins to channels that are under way
    desk.add_middleware(Faults)
    desk.add_middleware(
        Guard, key=key, people=entry.Accounts(opened), page=problem, public=lambda: member_page.public_host(opened)
    )
    desk.add_middleware(
        reader_language.Speaking, community=lambda: Paths(root).language or first_run.language_so_far(root)
    )
    # The middleware's own level, 9, takes three times as long for a tenth less.
    desk.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    desk.add_middleware(answers.Answers, look=look, after_form=desk.state.live.form_done)
    return desk


def serve(root: Path, port: int, key: str, host: str = "127.0.0.1", listens: Callable[[], None] | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM, at the address `host`; what a request is sending then comes back first.

    `listens` is called once it listens. Raises OSError where the port is taken.
    """
    import uvicorn

    from steadycast.desk.connections import config

    class Server(uvicorn.Server):
        """uvicorn's own looks ten times a second whether it is to end, for as long as nobody asks for a page."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            if is_there:
                self.making_ready = await ready.make_ready(desk, key)
            await super().startup(sockets)
            if self.started and listens:
                listens()

        async def main_loop(self) -> None:
            seconds, self.told, self.loop = 0, asyncio.Event(), asyncio.get_running_loop()
            while not await self.on_tick(10 * seconds):
                seconds += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.told.wait(), 1)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            while ending.at_work():  # noqa: ASYNC110  threads tell no event of this loop
                await asyncio.sleep(0.05)
            await super().shutdown(sockets)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            ending.ask(sig)
            super().handle_exit(sig, frame)
            with contextlib.suppress(AttributeError, RuntimeError):  # before the loop, or after it
                self.loop.call_soon_threadsafe(self.told.set)

    on_demand.load()
    gc.freeze()  # what is loaded by now stays: no look for what can be let go goes through it
    gc.set_threshold(700, 10, 10)  # Python's own: a command that ends soon looks less often
    is_there = Paths(root).is_there
    proxies = in_force(root)[0].desk.proxies if is_there else ()
    desk = made(root, key)
    server = Server(config(desk, host, port, proxies))
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:  # it said why
        raise SystemExit(STARTUP_FAILURE)


def health(request: Request) -> Response:
    """How things stand, for a program that watches: 200, or 503 where a promise is in danger."""
    if not request.app.state.opened.is_there:
        return JSONResponse({"status": "bad", "checks": []}, 503)
    with request.app.state.opened.app() as app:
        told: dict[str, Any] = ops.health(app, pipeline.now()).plain()
    return JSONResponse(told, 200 if told["status"] == "ok" else 503)


def _proving(key: str) -> Callable[[Request], Response]:
    """Answers a program on this machine that it speaks with the desk which has this key."""

    def prove(request: Request) -> Response:
        asked = request.query_params.get("asked", "")
        if not desk_proof.ASKED.fullmatch(asked):
            return PlainTextResponse("", 404)
        host, port = request.scope["server"]  # of this connection, whatever its Host says
        return PlainTextResponse(desk_proof.answer(key, host, port, asked))

    return prove


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 303:
        return RedirectResponse((error.headers or {})["Location"], 303)
    unsaid = error.detail == HTTPStatus(error.status_code).phrase  # the framework's own words
    said = _("There is no such page.") if unsaid and error.status_code in {404, 405} else error.detail
    return problem(request, said, error.status_code)


async def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(request, _("A value in the address or the form cannot be read."), 422)
