"""What tests of the desk stand on: a workspace served by the desk through a real socket, and Chromium to look at it."""

from __future__ import annotations

import copy
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import uvicorn

from steadycast.desk.connections import config
from steadycast.desk.server import made

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

KEY = "k3y-of-the-tests"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


class Desk:
    """The desk of one workspace, up: asked as a browser asks it, with its cookie and its headers."""

    def __init__(self, root: Path, port: int = 0) -> None:
        self._socket = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        served = config(made(root, KEY), "127.0.0.1", 0, ["127.0.0.1"])  # as the settings have it
        served.timeout_graceful_shutdown = 1
        self._server = uvicorn.Server(served)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self.session = requests.Session()

    @contextmanager
    def up(self) -> Iterator[Desk]:
        """Serve inside the block, let in by the key."""
        self._thread.start()
        try:
            assert self.get(f"/?key={KEY}").status_code == 200
            yield self
        finally:
            self._server.should_exit = True
            self._thread.join(10)
            self._socket.close()

    def logged_in(self, name: str, password: str) -> Desk:
        """The same desk, as a person sees it who has logged in and has no key."""
        other = copy.copy(self)
        other.session = requests.Session()
        answer = other.post("/log-in", on="/log-in", name=name, password=password)
        assert (answer.status_code, "/log-in" in answer.url) == (200, False), answer.text
        return other

    def get(self, path: str, **headers: str) -> requests.Response:
        """A page."""
        return self.session.get(self.url + path, headers=headers, timeout=30)

    def post(self, path: str, on: str | None = None, **values: Any) -> requests.Response:
        """A form of the page `on` (else of `path`), sent as a browser sends it; the page it leads to."""
        return self.session.post(
            self.url + path,
            data={"form_token": self.token(on or "/"), **values},
            headers={"Sec-Fetch-Site": "same-origin", "Origin": self.url, "Referer": self.url + (on or "/")},
            timeout=30,
        )

    def token(self, path: str) -> str:
        """The token in the forms of a page."""
        found = re.search(r'name="form_token" value="([^"]+)"', self.get(path).text)
        return found[1] if found else ""


def hidden(page: str) -> dict[str, Any]:
    """What a page of effects would send when its button is pressed."""
    main = page.partition("</main>")[0]
    form = main[main.rindex("<form") :]
    found: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(value)
    found.pop("form_token", None)
    return found


@contextmanager
def browsing() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


def opened(browser: Browser, desk: Desk, path: str = "/", *, width: int = 1280, **context: Any) -> Page:
    """A page of the desk, let in by the key."""
    page = browser.new_context(viewport={"width": width, "height": 900}, **context).new_page()
    page.goto(f"{desk.url}/?key={KEY}")
    if path != "/":
        page.goto(desk.url + path)
    return page
