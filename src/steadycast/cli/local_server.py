"""/health for a program that watches, and the report for whoever runs it: this machine only, GET and HEAD.

/health tells nothing secret. The report, kits and previews do, so their address begins with a key that `up` prints.
"""

from __future__ import annotations

import hmac
import io
import json
import mimetypes
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from steadycast import __version__
from steadycast.language import gettext as _

PATHS = ("/health", "/healthz")
FRESH = 5.0  # seconds: whoever asks more often gets the same answer
TIMEOUT = 5.0  # seconds that a client may take to ask
CLIENTS = 32  # at one time; what comes beyond them is hung up on
FOLDERS = ("out", "preview")  # of var/: the report, and what it links to
REPORT = "out/report/index.html"
# Pages hold what members wrote. Each is an origin of its own: none reads another, none sends anything anywhere.
FENCE = "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads; connect-src 'none'"
OWN_NAMES = {"127.0.0.1", "localhost"}  # a page whose name was turned to this machine asks under its own name


class LocalServer(ThreadingHTTPServer):
    """Answers 200 or 503 with `{status, at, checks}`; `ask` says how things stand, and is asked every few seconds.

    Where `pages` names a var/ folder, its report is shown at `report`, with the kits and previews it links to.
    """

    daemon_threads = True
    request_queue_size = 32

    def __init__(self, port: int, ask: Callable[[], dict[str, Any]], pages: Path | None = None) -> None:
        self._ask = ask
        self._pages = pages
        self._key = secrets.token_urlsafe(12)
        self._lock = threading.Lock()
        self._answer: dict[str, Any] = {}
        self._until = 0.0
        self._places = threading.BoundedSemaphore(CLIENTS)
        super().__init__(("127.0.0.1", port), _Handler)

    def answer(self) -> dict[str, Any]:
        """How things stand; an error of our own is bad health too."""
        with self._lock:
            if time.monotonic() >= self._until:
                try:
                    self._answer = self._ask()
                except Exception as error:  # whoever watches must be told, whatever it is; its words may hold a path
                    said = _("health cannot be read: %(error)s", error=type(error).__name__)
                    check = {"check": "health", "status": "bad", "said": said, "series": [], "count": 0}
                    self._answer = {"status": "bad", "checks": [check]}
                self._until = time.monotonic() + FRESH
            return self._answer

    @property
    def report(self) -> str:
        """The report's address, with the key that nobody else on this machine knows."""
        return f"http://127.0.0.1:{self.server_port}/{self._key}/{REPORT}"

    def page(self, path: str) -> Path | None:
        """The file that an address names, or None: one below `out` or `preview`, and under the right key."""
        key, _, name = unquote(urlsplit(path).path).lstrip("/").partition("/")
        if self._pages is None or not hmac.compare_digest(key.encode(), self._key.encode()):
            return None
        try:
            file = (self._pages / name).resolve()
            file = file / "index.html" if file.is_dir() else file
            below = any(file.is_relative_to((self._pages / folder).resolve()) for folder in FOLDERS)
            return file if below and file.is_file() else None
        except (OSError, ValueError):  # a name that no file can have
            return None

    def start(self) -> None:
        """Serve in a thread of its own, until `stop`."""
        threading.Thread(target=self.serve_forever, args=(0.2,), daemon=True, name="health").start()

    def stop(self) -> None:
        """Stop serving, and give the port back."""
        self.shutdown()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread a client, but for those that come when all places are taken."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One client; its place is free afterwards."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is nobody's trouble."""


class _Handler(BaseHTTPRequestHandler):
    server: LocalServer
    timeout = TIMEOUT
    server_version = f"Steadycast/{__version__}"
    sys_version = ""

    def do_GET(self) -> None:
        """The answer."""
        if self.headers.get("Host", "localhost").partition(":")[0].lower() not in OWN_NAMES:
            self._tell(HTTPStatus.MISDIRECTED_REQUEST, {"status": "bad", "checks": []})
            return
        if self.path.partition("?")[0] not in PATHS:
            self._show(self.server.page(self.path))
            return
        told = self.server.answer()
        self._tell(HTTPStatus.OK if told["status"] == "ok" else HTTPStatus.SERVICE_UNAVAILABLE, told)

    do_HEAD = do_GET  # noqa: N815 the name that http.server calls

    def _show(self, file: Path | None) -> None:
        if file is None:
            self._tell(HTTPStatus.NOT_FOUND, {"status": "bad", "checks": []})
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        with file.open("rb") as page:
            fence = {"Referrer-Policy": "no-referrer", "Content-Security-Policy": FENCE}
            self._send(HTTPStatus.OK, kind, page, file.stat().st_size, fence)

    def _tell(self, status: HTTPStatus, told: dict[str, Any]) -> None:
        body = json.dumps(told, ensure_ascii=False).encode()
        self._send(status, "application/json; charset=utf-8", io.BytesIO(body), len(body), {})

    def _send(self, status: HTTPStatus, kind: str, body: BinaryIO, size: int, more: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        self.send_header("Content-Length", str(size))
        for name, value in ({"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} | more).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            shutil.copyfileobj(body, self.wfile)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a monitor asks every few seconds."""
