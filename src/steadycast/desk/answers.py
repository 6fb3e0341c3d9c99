"""A page that was made this second, given again to whoever asks for the very same while nothing has changed.

What a page shows depends on who asks for what, on the ledger, the settings and the second: no page tells of less. So an
answer is given again only to a request that is the same byte for byte (its cookies and language with it), from the same
address, within the second, where neither the ledger nor the settings changed since before the answer was begun, and no
form was sent. What tells of a change is what an open page is told by.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steadycast import pipeline
from steadycast.desk.guard import SAFE
from steadycast.desk.live import Look
from steadycast.desk.pages import SAID

# Pages that are made of ledger, settings and second alone: not those that read a file, a secret or a folder.
HEALTH = "/health"  # which answers 503 where a promise is in danger
PAGES = frozenset({"/", "/calendar", "/drafts", "/kits", "/log", "/record", "/matrix", "/members", HEALTH})
OWN_FILES = "/static/"  # which change with a release
MOST = 8_000_000  # bytes that are kept, requests and answers together
Key = tuple[Hashable, ...]


class Answers:
    """The middleware. It stands before all others, so that an answer that is given again costs nothing of theirs."""

    def __init__(self, app: ASGIApp, look: Look, after_form: Callable[[], None]) -> None:
        self._app = app
        self._look = look
        self._after_form = after_form
        self._forms = 0  # begun and ended
        self._state: Key | None = None  # for which what is kept holds
        self._kept: dict[Key, tuple[Message, Message]] = {}
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or hand the request on and keep what comes of it."""
        if scope["type"] != "http" or scope["method"] not in SAFE:
            self._forms += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._forms += 1
            self._after_form()
            return
        state = await run_in_threadpool(self._now) if _is_one(scope) else None
        if state is None:
            await self._app(scope, receive, send)
            return
        if state != self._state:
            self._state, self._size = state, 0
            self._kept.clear()
        key = (scope["client"] or ("",))[0], scope["scheme"], scope["path"], scope["query_string"], *scope["headers"]
        if kept := self._kept.get(key):
            for message in kept:
                await send(message)
            return
        said: list[Message] = []

        async def heard(message: Message) -> None:
            said.append(message)
            await send(message)

        await self._app(scope, receive, heard)
        self._keep(state, key, said)

    def _now(self) -> Key | None:
        """All that decides besides the request; None where it cannot be told just now."""
        forms, second = self._forms, pipeline.now().replace(microsecond=0)
        try:
            return self._look.now(), forms, second
        except Exception:  # the page itself says what is wrong
            return None

    def _keep(self, state: Key, key: Key, said: list[Message]) -> None:
        good = said[0]["status"] == 200 or (said[0]["status"] == 503 and key[2] == HEALTH)
        if state != self._state or len(said) != 2 or not good or said[1].get("more_body"):
            return
        headers = said[0]["headers"]
        size = len(said[1]["body"]) + sum(len(name) + len(value) for name, value in (*headers, *key[4:]))
        if self._size + size <= MOST and not any(name == b"set-cookie" for name, _ in headers):
            self._kept[key] = said[0], said[1]
            self._size += size


def _is_one(scope: Scope) -> bool:
    """Whether the request is for such a page; one that says once what was done is made for that one reader."""
    told = any(name == b"cookie" and SAID.encode() in value for name, value in scope["headers"])
    asked = scope["path"]
    return scope["method"] == "GET" and (asked in PAGES or asked.startswith(OWN_FILES)) and not told
