"""What changed, told to the pages that are open: one cheap question a second, and none while no page is open."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from steadycast import pipeline
from steadycast.language import gettext as _
from steadycast.ledger.change_mark import ChangeMark
from steadycast.pipeline import App
from steadycast.pipeline.community_state import renew, renew_by_settings
from steadycast.pipeline.open_workspace import Opened
from steadycast.workspace import Workspace, stamps

router = APIRouter()
ASKED_EVERY = 1.0  # seconds
BREATH = 15.0  # seconds of silence, after which a line says that the desk is still there
MOST = 60  # pages at once: each is a connection


@router.get("/events")
async def events(request: Request) -> Response:
    """A line whenever the ledger, content/ or steadycast.toml changed, for as long as the page is open."""
    live: Live = request.app.state.live
    if live.pages >= MOST:
        return PlainTextResponse(_("Too many pages are open."), 503, {"Retry-After": "30"})
    return StreamingResponse(_lines(live), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _lines(live: Live) -> AsyncIterator[str]:
    with live.page() as changed:
        yield "retry: 1500\nevent: here\ndata: \n\n"
        while not live.closed:
            try:
                await asyncio.wait_for(changed.wait(), BREATH)
            except TimeoutError:
                yield ":\n\n"
                continue
            changed.clear()
            yield "event: changed\ndata: \n\n"


class Live:
    """The open pages, and two threads that look for them: at the ledger and the settings, and at content/."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._pages: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.closed = False

    @property
    def pages(self) -> int:
        """How many pages are open."""
        return len(self._pages)

    @contextlib.contextmanager
    def page(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever something changed; the first page starts the looking, the last one ends it."""
        changed = asyncio.Event()
        with self._lock:
            self._pages[changed] = asyncio.get_running_loop()
            if len(self._pages) == 1:
                self._start()
        try:
            yield changed
        finally:
            with self._lock:
                del self._pages[changed]
                if not self._pages:
                    self._stop.set()

    def close(self) -> None:
        """End every page's lines, and the looking."""
        self.closed = True
        self._stop.set()
        self._tell()

    def form_done(self) -> None:
        """A form was answered: where it wrote settings, the record is made by them before somebody asks for it."""
        if not self.closed:
            threading.Thread(target=self._renew, args=(renew_by_settings,), name="form_done", daemon=True).start()

    def _start(self) -> None:
        self._stop = threading.Event()
        for look in (self._look_at_ledger, self._look_at_content):
            threading.Thread(target=look, args=(self._stop,), name=look.__name__, daemon=True).start()

    def _tell(self) -> None:
        with self._lock:
            for changed, loop in self._pages.items():
                with contextlib.suppress(RuntimeError):  # its loop has ended
                    loop.call_soon_threadsafe(changed.set)

    def _look_at_ledger(self, stop: threading.Event) -> None:
        with contextlib.closing(Look(self._opened)) as look:
            before, minute = _seen(look), -1
            while not stop.is_set():
                now = _seen(look)
                if now != before or int(time.time() // 60) != minute:  # before a page asks for it
                    minute = int(time.time() // 60)
                    self._renew(renew)
                if now != before:
                    before = now
                    self._tell()
                stop.wait(ASKED_EVERY)

    def _renew(self, how: Callable[[App, dt.datetime], None]) -> None:
        with contextlib.suppress(Exception), self._opened.app() as app:  # a page that asks for it says what is wrong
            how(app, pipeline.now())

    def _look_at_content(self, stop: threading.Event) -> None:
        from steadycast.pipeline import watch  # a compiled library: only where somebody watches

        with contextlib.suppress(Exception):  # a system that tells of no changes: what is taken in still shows
            for paths in watch(self._workspace().content, stop):
                if paths:
                    self._tell()

    def _workspace(self) -> Workspace:
        with self._opened.app() as app:
            return app.workspace


class Look:
    """What changes whenever the ledger or the settings do: to be compared from one time to the next."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._lock = threading.Lock()
        self._of: object = None
        self._mark: ChangeMark | None = None

    def now(self) -> tuple[object, ...]:
        """How they stand; whatever error keeps them from being read."""
        with self._lock, self._opened.app() as app:
            try:
                if self._of is not app.ledger:
                    self._let_go()
                    self._of, self._mark = app.ledger, ChangeMark(app.ledger)
                assert self._mark
                return (*stamps(app.workspace), id(self._of), self._mark.read())
            except Exception:
                self._let_go()
                raise

    def close(self) -> None:
        """Let the ledger go."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._mark is not None:
            with contextlib.suppress(Exception):
                self._mark.close()
        self._mark = self._of = None


def _seen(look: Look) -> object:
    try:
        return look.now()
    except Exception as error:  # the ledger cannot be read just now, or the settings: that is a change, too
        return type(error).__name__
