"""Far sides that misbehave on real sockets, for the tests of what we send to them."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from steadycast.outgoing import HttpClient

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


class Server:
    """A far side that runs `script(connection, request)` for each connection."""

    def __init__(self, script: Any) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.stop = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(conn,), daemon=True).start()

    def answer(self, conn: socket.socket) -> None:
        with conn, contextlib.suppress(OSError):
            conn.settimeout(10)
            data = b""
            while b"\r\n\r\n" not in data:
                piece = conn.recv(65536)
                if not piece:
                    return
                data += piece
            self.requests.append(data)
            self.script(conn, data)


class Timed:
    """Something that ends at its deadline, and must not be ended when it is closed."""

    def __init__(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.ended, self.closed = threading.Event(), False

    def cut(self) -> None:
        assert not self.closed
        self.ended.set()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def serve() -> Iterator[Callable[..., Any]]:
    servers = []

    def start(script: Any) -> Any:
        if isinstance(script, bytes):
            answer = script
            script = lambda conn, request: conn.sendall(answer)  # noqa: E731
        servers.append(Server(script))
        return servers[-1]

    yield start
    for server in servers:
        server.stop.set()
        server.socket.close()


def head(status: str = "200 OK", **headers: Any) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer(body: bytes = b"", status: str = "200 OK", **headers: Any) -> Any:
    return head(status, Content_Length=len(body), **headers) + body


def hang(server_event: Any) -> Any:
    return lambda conn, request: server_event.wait(10)


def drip(piece: Any) -> Any:
    def script(conn: socket.socket, request: bytes) -> None:
        while True:
            conn.sendall(piece)
            time.sleep(0.05)

    return script


def reset(conn: socket.socket, request: bytes) -> None:
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


far = HttpClient("blog", deadline=5, redact=lambda text: text.replace("S3CRET", "***"), now=lambda: NOW)
