"""/health over HTTP, for a program that watches from elsewhere: this machine only, GET and HEAD, nothing secret."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from steadycast import __version__

PATHS = ("/health", "/healthz")
FRESH = 5.0  # seconds: whoever asks more often gets the same answer
TIMEOUT = 5.0  # seconds that a client may take to ask
CLIENTS = 32  # at one time; what comes beyond them is hung up on
OWN_NAMES = {"127.0.0.1", "localhost"}  # a page whose name was turned to this machine asks under its own name


class HealthServer(ThreadingHTTPServer):
    """Answers 200 or 503 with `{status, at, checks}`; `ask` says how things stand, and is asked every few seconds."""

    daemon_threads = True
    request_queue_size = 32

    def __init__(self, port: int, ask: Callable[[], dict[str, Any]]) -> None:
        self._ask = ask
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
                    said = f"health cannot be told: {type(error).__name__}"
                    check = {"check": "health", "status": "bad", "said": said, "series": [], "count": 0}
                    self._answer = {"status": "bad", "checks": [check]}
                self._until = time.monotonic() + FRESH
            return self._answer

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
    server: HealthServer
    timeout = TIMEOUT
    server_version = f"Steadycast/{__version__}"
    sys_version = ""

    def do_GET(self) -> None:
        """The answer."""
        if self.headers.get("Host", "localhost").partition(":")[0].lower() not in OWN_NAMES:
            self._tell(HTTPStatus.MISDIRECTED_REQUEST, {"status": "bad", "checks": []})
            return
        if self.path.partition("?")[0] not in PATHS:
            self._tell(HTTPStatus.NOT_FOUND, {"status": "bad", "checks": []})
            return
        told = self.server.answer()
        self._tell(HTTPStatus.OK if told["status"] == "ok" else HTTPStatus.SERVICE_UNAVAILABLE, told)

    do_HEAD = do_GET  # noqa: N815 the name that http.server calls

    def _tell(self, status: HTTPStatus, told: dict[str, Any]) -> None:
        body = json.dumps(told, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a monitor asks every few seconds."""
