"""What a reader sees where a page fails by a fault of ours: a page that says so, and what to do next."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steadycast import pipeline
from steadycast.desk.guard import CALENDARS, LEAVE, MEMBERS, SAFE
from steadycast.desk.pages import rendered
from steadycast.language import current


class Faults:
    """The middleware. It stands within those that give a page its headers and its language.

    The fault itself goes on to the server, which logs it with its traceback; nothing of it stands on the page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on; answer by the page where nothing was answered yet."""
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception:
            if scope["type"] == "http" and not begun:
                await _page(Request(scope))(scope, receive, send)
            raise


def _page(request: Request) -> HTMLResponse:
    own = request.url.path.startswith((MEMBERS, LEAVE, CALENDARS))  # whose address is a secret of its reader's
    when = pipeline.now().astimezone().isoformat(" ", "seconds")
    told = when if own else f"{when} {request.method} {request.url.path}"
    logging.getLogger(__name__).error("%s", told)  # the traceback that the server logs after it says no time
    changes = request.method not in SAFE
    text = rendered(request, current(), "fault", own=own, changes=changes, told=told)
    return HTMLResponse(text, 500, {"Connection": "close"})  # as the server does: nobody asks more on this one
