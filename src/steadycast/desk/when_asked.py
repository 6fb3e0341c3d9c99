"""A part of the desk that is loaded when somebody asks for it: most desks are asked by no program."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send


class WhenAsked:
    """An application that the first request for it makes, while others are answered."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._made: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        if self._made is None:
            await run_in_threadpool(self._once)
        assert self._made
        await self._made(scope, receive, send)

    def _once(self) -> None:
        with self._lock:
            if self._made is None:
                self._made = self._make()
                gc.freeze()  # it stays, as what the desk began with
