"""Who asks: a bearer token opens the API for a person, with their role; and no request is larger than it may be.

No cookie counts here, so no page of another site can ask in a reader's name.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steadycast import pipeline
from steadycast.api.problems import ProblemError, of_http, problem, refused
from steadycast.errors import SteadycastError
from steadycast.language import N_, accepted_tags, first_of, speaking
from steadycast.language import gettext as _
from steadycast.pipeline import App, accounts
from steadycast.pipeline.open_workspace import Opened
from steadycast.pipeline.permissions import Act, Person, Role, may, may_somewhere

OPEN = ("/openapi.json",)  # it tells nothing of the community
SMALL = 64_000  # bytes of a request that carries no draft
WITH_DRAFT = ("/drafts", "/drafts/preview", "/mcp")  # a draft as JSON may take twice its bytes
TEXT, FILE = "/text", "/media"  # how paths end to which a whole draft is sent, or a file, which is bounded there
PATIENCE = 60  # seconds for a request's body
SAFE = {"GET", "HEAD", "OPTIONS"}
LONGEST_TOKEN = 200
HINT = N_("send `Authorization: Bearer TOKEN`; `steadycast token add` makes a token")


class Door:
    """The middleware: answers 401 itself, else hands the request on with its person and its whole body."""

    def __init__(self, app: ASGIApp, opened: Opened, key: str) -> None:
        self._app = app
        self._opened = opened
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, or refuse."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        path = request.url.path.removeprefix(scope.get("root_path", ""))
        state = scope.setdefault("state", {})
        wished = accepted_tags(request.headers.get("accept-language", ""))
        with speaking(first_of(*wished).name):
            try:
                if path not in OPEN:
                    state["person"], own = await run_in_threadpool(self._person, request)
                    wished += (own,)
                if request.method not in SAFE and not path.endswith(FILE):
                    large = path in WITH_DRAFT or path.endswith(TEXT)
                    receive = _again(await self._body(request, large=large), receive)
            except (ProblemError, SteadycastError, TimeoutError) as error:
                await (await _refusal(request, error))(scope, receive, send)
                return
        with pipeline.acting(state["person"].name if "person" in state else ""), speaking(first_of(*wished).name):
            await self._app(scope, receive, send)

    def _person(self, request: Request) -> tuple[Person, str]:
        """Who asks, and in which language they read; "" where they never said."""
        kind, _space, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if kind.lower() != "bearer" or not token:
            raise ProblemError(401, _("A token is needed."), _(HINT), headers={"WWW-Authenticate": "Bearer"})
        person, own = None, ""
        if self._opened.is_there and len(token) <= LONGEST_TOKEN:
            with self._opened.app() as app:
                person = person_of(app, token, self._key)
                own = accounts.language_of(app, person.name) if person else ""
        if person is None:
            said = _("This token opens nothing: it ended, was revoked, or never was.")
            raise ProblemError(401, said, _(HINT), headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return person, own

    async def _body(self, request: Request, *, large: bool) -> bytes:
        most = SMALL
        if large:
            with self._opened.app() as app:
                most += 2 * app.workspace.intake.max_bytes
        told = request.headers.get("content-length", "0")
        if told.isdecimal() and int(told[:20]) > most:
            raise _too_large(most)
        pieces, size = [], 0
        async with asyncio.timeout(PATIENCE):
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    raise _too_large(most)
                pieces.append(piece)
        return b"".join(pieces)


async def _refusal(request: Request, error: Exception) -> Response:
    if isinstance(error, ProblemError):
        return await of_http(request, error)
    return refused(error) if isinstance(error, SteadycastError) else problem(408, _("The request came too slowly."))


def person_of(app: App, token: str, key: str = "") -> Person | None:
    """Whom a token lets in. Where nobody has an account yet, the machine's own `key` lets in as its owner."""
    if key and not app.ledger.has_people() and hmac.compare_digest(token.encode(), key.encode()):
        return Person(pipeline.who(), Role.OWNER)
    return accounts.token(app, token, pipeline.now())


def _too_large(most: int) -> ProblemError:
    return ProblemError(413, _("The request has more than %(most)s bytes.", most=most), headers={"Connection": "close"})


def _again(body: bytes, further: Receive) -> Receive:
    """A body that was read, for whoever reads it next; after it comes what the connection says."""
    told = False

    async def receive() -> Message:
        nonlocal told
        if told:
            return await further()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def asking(request: Request) -> Person:
    """Who asks."""
    person: Person = request.state.person
    return person


Asking = Annotated[Person, Depends(asking)]


@dataclass(frozen=True, slots=True)
class Needs:
    """A route's dependency: refuses whoever may do this nowhere. In which series, the route asks by `allow`."""

    act: Act

    def __call__(self, person: Asking) -> None:
        """Asked before each request of the route."""
        if not may_somewhere(person, self.act):
            raise forbidden(person, self.act)


def needs(act: Act) -> Any:
    """A route's dependency on this act."""
    return Depends(Needs(act))


def allow(person: Person, act: Act, series: Collection[str] | None) -> None:
    """Refuses an editor of other series than these; None: it concerns the whole community."""
    if not may(person, act, series):
        raise forbidden(person, act)


def forbidden(person: Person, act: Act) -> ProblemError:
    """The refusal."""
    values = {"role": _(person.role.value.title()), "act": act.value}
    if person.is_limited:
        said = N_("The role %(role)s may not do this (%(act)s), or not in this series.")
    else:
        said = N_("The role %(role)s may not do this (%(act)s).")
    return ProblemError(403, _(said, **values))


def act_of(route: APIRoute) -> Act:
    """Which act a route declares. Raises ValueError where it is not one."""
    (act,) = (each.dependency.act for each in route.dependencies if isinstance(each.dependency, Needs))
    return act
