"""The language of one reader: what they chose, kept in a cookie, else the community's, else their browser's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from steadycast.desk.acts import form_of
from steadycast.desk.pages import CHOSEN, inside
from steadycast.language import LOCALES, chosen, speaking
from steadycast.pipeline import accounts
from steadycast.pipeline.permissions import Act

router = APIRouter()
KEPT = 400 * 86_400  # seconds: browsers keep no cookie for longer


class Speaking:
    """The middleware: what is said in answer to a request is in its reader's language, also what the verbs say."""

    def __init__(self, app: ASGIApp, community: Callable[[], str]) -> None:
        self._app = app
        self._community = community

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on in its language; threads that Starlette starts for it have the same."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        accepted = request.headers.get("accept-language", "")
        with speaking(chosen(request.cookies.get(CHOSEN, ""), accepted, self._community()).name):
            await self._app(scope, receive, send)


@router.post("/language", dependencies=[form_of(Act.READ, changes=False)])
def choose(request: Request, locale: Annotated[str, Form()], back: Annotated[str, Form()] = "/") -> RedirectResponse:
    """Back to the page, in that language; any other means the community's. It comes along with the log-in."""
    answer = RedirectResponse(inside(back), 303)
    if session := getattr(request.state, "session", None):
        with request.app.state.opened.app() as app:
            accounts.set_language(app, session.person.name, locale if locale in LOCALES else None)
    if locale in LOCALES:
        answer.set_cookie(CHOSEN, locale, max_age=KEPT, httponly=True, samesite="strict", path="/")
    else:
        answer.delete_cookie(CHOSEN)
    return answer
