"""A far side on loopback, for a platform's fake.py: real HTTP, and verbs that say what goes wrong with a request.

class Fake(FakeServer):
    def settings(self): return {"url": self.url}
    def secrets(self): return {"token": "t0ken"}
    def handle(self, request): ...          # a Reply for each request, as the vendor would answer
    def posts(self): ...                    # what a reader would see

with Fake() as fake:
    fake.accept_then_cut()                  # the next request that changes something is accepted; its answer is lost
"""

from __future__ import annotations

import contextlib
import http.server
import re
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from steadycast.testing.http_messages import Reply, Request, Seen, Upload

__all__ = ["FakeServer", "Reply", "Request", "Seen", "Upload"]
HANG = 30.0  # seconds that a request hangs at most
READS = {"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"}  # the last two are of WebDAV


class Cut(Exception):
    """The connection ends here, without an answer."""


@dataclass
class Verb:
    """What happens to the requests that it is meant for: `times` of them, after the first `after`."""

    act: Callable[[Request], Reply]
    method: str  # "" is any that changes something, "*" any at all
    path: str  # a regular expression that the path has to contain
    after: int
    times: int

    def takes(self, request: Request) -> bool:
        """Whether this request is one of its own; counts it where it is."""
        fits = request.method not in READS if not self.method else self.method in ("*", request.method)
        if not fits or not re.search(self.path, request.path) or not self.times:
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return True


class FakeServer:
    """A far side in a thread. `handle` is called for one request at a time; without a verb its Reply is the answer.

    A verb is meant for the next request that changes something; `method` and `path` (a regular expression) narrow that,
    `after` lets so many pass first, and `times` is for how many it is meant.
    """

    platform: Any = None  # the Platform that it stands for, which may be one that is built on its folder's

    def __init__(self) -> None:
        self.requests: list[Request] = []  # all that came
        self.broken: list[Exception] = []  # what went wrong in `handle`
        self._verbs: list[Verb] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop: from now on nobody listens."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    # What a platform's fake says

    def settings(self) -> dict[str, Any]:
        """What [channel.x] needs to reach it."""
        return {}

    def secrets(self) -> dict[str, str]:
        """The values of the secret settings: those that it lets in."""
        return {}

    def code(self, address: str) -> str:
        """What the page of a login at `address` shows to a person who agrees to all that it asks."""
        raise NotImplementedError(f"{type(self).__name__} has no code()")

    def handle(self, request: Request) -> Reply:
        """Answer as the far side would, and keep what it would keep."""
        raise NotImplementedError(f"{type(self).__name__} has no handle()")

    def posts(self) -> Sequence[Seen]:
        """What a reader would see, the oldest first."""
        return ()

    # Verbs

    def accept_then_cut(self, method: str = "", path: str = "", *, after: int = 0, times: int = 1) -> None:
        """Take it, and cut the line before the answer."""
        self._do(lambda request: _cut(self._handled(request)), method, path, after, times)

    def hang(self, method: str = "", path: str = "", *, accepted: bool = False, after: int = 0, times: int = 1) -> None:
        """Give no answer until the one who asks gives up; `accepted`: it was taken all the same."""
        self._do(lambda request: self._hung(request, accepted), method, path, after, times)

    def busy(
        self, seconds: float | None = None, method: str = "", path: str = "", *, after: int = 0, times: int = 1
    ) -> None:
        """Answer 429, and when to come back; nothing was taken."""
        wait = {} if seconds is None else {"Retry-After": f"{seconds:.0f}"}
        self.answer(Reply(429, {"error": "too many requests"}, wait), method, path, after=after, times=times)

    def fail(self, method: str = "", path: str = "", *, after: int = 0, times: int = 1) -> None:
        """Answer 500; nothing was taken."""
        self.answer(Reply(500, "<html>internal error</html>"), method, path, after=after, times=times)

    def refuse(
        self,
        status: int = 422,
        said: str = "refused",
        method: str = "",
        path: str = "",
        *,
        after: int = 0,
        times: int = 1,
    ) -> None:
        """Answer that it will not be taken as it is."""
        self.answer(Reply(status, {"error": said}), method, path, after=after, times=times)

    def answer_garbage(
        self, method: str = "", path: str = "", *, accepted: bool = True, after: int = 0, times: int = 1
    ) -> None:
        """Answer 200 with what is no answer; `accepted`: it was taken all the same."""
        self._do(lambda request: self._garbage(request, accepted), method, path, after, times)

    def echo(self, status: int, method: str = "*", path: str = "", *, after: int = 0, times: int = 10**6) -> None:
        """Answer every request with `status`, and repeat all that it said: a token must not end in a log by that."""
        self._do(lambda request: _echoed(request, status), method, path, after, times)

    def answer(self, reply: Reply, method: str = "", path: str = "", *, after: int = 0, times: int = 1) -> None:
        """Answer this, and take nothing."""
        self._do(lambda _request: reply, method, path, after, times)

    def _do(self, act: Callable[[Request], Reply], method: str, path: str, after: int, times: int) -> None:
        with self._lock:
            self._verbs.append(Verb(act, method, path, after, times))

    # The server

    def _answered(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            verb = next((verb for verb in self._verbs if verb.takes(request)), None)
        return verb.act(request) if verb else self._handled(request)

    def _handled(self, request: Request) -> Reply:
        with self._lock:
            try:
                return self.handle(request)
            except Exception as error:  # whatever the fake's writer forgot: the test says so
                self.broken.append(error)
                return Reply(500, "the fake itself failed")

    def _hung(self, request: Request, accepted: bool) -> Reply:
        if accepted:
            self._handled(request)
        self._closing.wait(HANG)
        raise Cut

    def _garbage(self, request: Request, accepted: bool) -> Reply:
        if accepted:
            self._handled(request)
        return Reply(200, b"\x00\xff garbage")

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Nothing is logged."""

            def _serve(self) -> None:
                with contextlib.suppress(OSError):
                    try:
                        reply = fake._answered(Request(self.command, self.path, self.headers, _body(self)))
                    except Cut:
                        _reset(self.connection)
                        self.close_connection = True
                        return
                    _send(self, reply)

        for method in {*READS, "POST", "PUT", "PATCH", "DELETE"}:
            setattr(Handler, f"do_{method}", Handler._serve)
        return Handler


def _cut(_taken: Reply) -> Reply:
    raise Cut


def _echoed(request: Request, status: int) -> Reply:
    said = f"{request.target}\n{request.headers}\n{request.body[:2000].decode('utf-8', 'replace')}"
    return Reply(status, said, {"Retry-After": "7"} if status == 429 else {})


def _body(handler: http.server.BaseHTTPRequestHandler) -> bytes:
    if "chunked" not in handler.headers.get("Transfer-Encoding", ""):
        return handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    body = b""
    while size := int(handler.rfile.readline().split(b";")[0], 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return body


def _send(handler: http.server.BaseHTTPRequestHandler, reply: Reply) -> None:
    body, kind = reply.encoded()
    handler.send_response(reply.status)
    headers = {"Content-Type": kind, **reply.headers, "Content-Length": str(len(body))}
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


def _reset(connection: socket.socket) -> None:
    """End a connection as a crash does: with RST, and without an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.close(connection.detach())
