"""A login to a channel in several requests: its page is shown by one, and a later one brings the code."""

from __future__ import annotations

import queue
import threading
from contextvars import copy_context

from steadycast.errors import Busy, SteadycastError
from steadycast.language import gettext as _
from steadycast.ops import channel_login
from steadycast.pipeline.app import App

ANSWERS = 30.0  # seconds within which a login has to go on
WAITS = 900.0  # seconds for which it waits for what a person pastes


class Visit:
    """One login that is under way, in a thread of its own.

    `shown` is what its platform shows: words, and an address that a person opens. `asks` is what it wants pasted, ""
    once it has ended; then `told` says in a few lines what was kept where.
    """

    def __init__(self, app: App, name: str) -> None:
        self.name = name
        self.shown: list[tuple[str, str]] = []
        self.asks = ""
        self.told: list[str] = []
        self._root = app.workspace.root
        self._error: SteadycastError | None = None
        self._pasted: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._goes_on = threading.Event()

    @classmethod
    def begin(cls, app: App, name: str) -> Visit:
        """A login that has shown its page. Raises what `channel_login.login` raises."""
        channel_login.check(app, name)
        visit = cls(app, name)
        threading.Thread(target=copy_context().run, args=(visit._run,), daemon=True, name=f"login of {name}").start()
        return visit._next()

    def answer(self, pasted: str) -> Visit:
        """Goes on with what a person pasted, to the end or to the next question. Raises as `begin` does."""
        self._goes_on.clear()
        self._pasted.put(pasted)
        return self._next()

    def end(self) -> None:
        """Gives it up: nothing is kept."""
        self._pasted.put("")

    def _next(self) -> Visit:
        if not self._goes_on.wait(ANSWERS):
            raise Busy(_("%(name)s does not answer", name=self.name))
        if self._error:
            raise self._error
        return self

    def _run(self) -> None:
        try:
            with App.in_force(self._root) as own:  # whoever began it is answered long before it ends
                self.told = channel_login.login(own, self.name, lambda *page: self.shown.append(page), self._ask)
        except SteadycastError as error:
            self._error = error
        self.asks = ""
        self._goes_on.set()

    def _ask(self, words: str) -> str:
        self.asks = words
        self._goes_on.set()
        try:
            return self._pasted.get(timeout=WAITS)
        except queue.Empty:
            return ""
