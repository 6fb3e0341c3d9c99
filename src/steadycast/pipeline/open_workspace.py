"""The workspace as it is in force, opened once: a request pays for neither the settings nor the ledger's opening.

What it is made of is asked for at each request: the settings, and the workspace's own platforms.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from steadycast.crash_safety.cache_files import facts
from steadycast.pipeline import App
from steadycast.platform import registry
from steadycast.workspace import stamps
from steadycast.workspace.paths import Paths

Stamps = Mapping[Path, list[int] | None]


class Opened:
    """One App for all requests; another one as soon as steadycast.toml, or a platform of its own, says otherwise."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._app: App | None = None
        self._stamps: object = None
        self._platforms: Stamps = {}
        self._users: dict[int, int] = {}
        self._retired: dict[int, App] = {}

    @property
    def is_there(self) -> bool:
        """Whether there is a workspace to open; else the first run makes one."""
        return self._app is not None or Paths(self.root).is_there

    @contextlib.contextmanager
    def app(self) -> Iterator[App]:
        """The App in force; it stays open until the block ends, whatever the settings say meanwhile."""
        with self._lock:
            app = self._current()
            self._users[id(app)] = self._users.get(id(app), 0) + 1
        try:
            yield app
        finally:
            with self._lock:
                self._users[id(app)] -= 1
                self._close_unused()

    def close(self) -> None:
        """Close what is open."""
        with self._lock:
            if self._app is not None:
                self._retire()
            self._close_unused()

    def _current(self) -> App:
        if self._app is not None and (stamps(self._app.workspace) != self._stamps or _are_others(self._platforms)):
            registry.forget(self._app.workspace.platform_folders[0])
            self._retire()
        if self._app is None:
            self._stamps = stamps(Paths(self.root))  # before they are read: what is written meanwhile is read again
            self._app = App.in_force(self.root)
            self._platforms = _platforms_of(self._app)
            for former in self._retired.values():
                self._app.share_ledger(former)
        return self._app

    def _retire(self) -> None:
        assert self._app is not None
        self._retired[id(self._app)] = self._app
        self._app = None

    def _close_unused(self) -> None:
        for key in [key for key in self._retired if not self._users.get(key)]:
            app = self._retired.pop(key)
            self._users.pop(key, None)
            if not any(app.shares_ledger(other) for other in (self._app, *self._retired.values()) if other):
                app.close()


def _platforms_of(app: App) -> Stamps:
    """The workspace's own files of the platforms that its channels use, as they are now.

    And where one would lie that hides a platform which came along.
    """
    own = app.workspace.platform_folders[0]
    names = {*registry.own([own]), *(channel.platform for channel in app.workspace.channels.values())}
    names.update(folder.name for folder in app.platform_folders_used)
    files = (file for name in names for file in (own / name / "channel.toml", *(own / name).glob("*.py")))
    return {file: facts(file) for file in files}


def _are_others(known: Stamps) -> bool:
    return any(facts(file) != stamp for file, stamp in known.items())
