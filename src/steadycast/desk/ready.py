"""The first pages, made ready while the desk starts: whoever opens it first waits for none of them.

The desk asks itself, as this machine's browser would: so all is there that a page is made of, whatever that is.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Iterable

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Scope

from steadycast.desk.guard import COOKIE
from steadycast.desk.pages import compile_templates

FIRST = ("/record", "/", "/calendar", "/drafts", "/kits", "/members", "/matrix", "/log", "/settings")
LATER = ("/why", "/calendar/plan.ics", "/record.png")  # a calendar program and a picture can wait
AT_MOST = 1.0  # seconds by which the desk begins to answer later, for the first; what is left is done meanwhile


async def make_ready(desk: ASGIApp, key: str) -> asyncio.Task[None]:
    """Return once the first pages are ready, or it took too long; the task does what is left. Keep hold of it."""
    first = asyncio.create_task(_first(desk, key))
    await asyncio.wait([first], timeout=AT_MOST)
    return asyncio.create_task(_later(desk, key, first))


async def _first(desk: ASGIApp, key: str) -> None:
    await _look_at(desk, key, FIRST)
    await run_in_threadpool(_settle)


async def _later(desk: ASGIApp, key: str, first: asyncio.Task[None]) -> None:
    await first
    await _look_at(desk, key, LATER)
    for _ in compile_templates():
        await asyncio.sleep(0)  # a reader's turn


def _settle() -> None:
    """What is there by now stays: without this, a look for what can be let go takes a tenth of a second of a page."""
    gc.collect()
    gc.freeze()


async def _look_at(desk: ASGIApp, key: str, pages: Iterable[str]) -> None:
    for page in pages:
        with contextlib.suppress(Exception):  # whoever asks for it is told
            await _ask(desk, key, page)


async def _ask(desk: ASGIApp, key: str, page: str) -> None:
    scope: Scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": page, "raw_path": page.encode(), "query_string": b"", "root_path": "", "state": {},
        "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 0),
        "headers": [(b"host", b"127.0.0.1"), (b"cookie", f"{COOKIE}={key}".encode())],
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        pass

    await desk(scope, receive, send)
