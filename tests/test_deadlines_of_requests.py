"""A request ends at its deadline, and what it holds; whom TLS trusts."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from far_servers import Timed, answer, far
from requests import certs

from steadycast.errors import Busy, Refused, Unknown
from steadycast.outgoing import connection
from steadycast.outgoing.timers import Watch
from steadycast.outgoing.timers import watch as watched

UNDELIVERED = b"x" * 200_000  # more than the far side's window takes, less than a system holds for a process


class Shut:
    """A far side whose window is shut: what it was sent waits in the sender's system until `everything` reads it."""

    def __init__(self) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen()
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def everything(self) -> Any:
        connection, _ = self.socket.accept()
        connection.settimeout(5)
        read = 0
        with connection, contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                read += len(piece)
        return read


@pytest.fixture
def shut() -> Iterator[Any]:
    side = Shut()
    with side.socket:
        yield side


class TestUndelivered:
    """A far side must not get a request after its deadline, when what became of it has been settled without it."""

    def test_the_harness_would_see_one_that_comes_late(self, shut: Any) -> None:
        with socket.create_connection(shut.socket.getsockname()) as late:
            late.sendall(UNDELIVERED)
        assert shut.everything() == len(UNDELIVERED)

    def test_what_the_system_still_holds_at_the_deadline_is_dropped(self, shut: Any) -> None:
        with pytest.raises(Unknown):
            far.request("POST", shut.url, data=UNDELIVERED, deadline=0.3)
        assert shut.everything() < len(UNDELIVERED)

    def test_and_when_the_process_is_gone(self, shut: Any) -> None:
        """Killed when all had been handed to the system: nobody is left who could take it back."""
        sent, told = os.pipe()
        if not (pid := os.fork()):
            reached: Any = lambda point, *_: point == "request-left" and os.write(told, b".")  # noqa: E731
            connection.crashpoints.checkpoint = reached
            with contextlib.suppress(BaseException):
                far.request("POST", shut.url, data=UNDELIVERED, deadline=0.5)
            os._exit(0)
        assert os.read(sent, 1) == os.read(sent, 1) == b"."  # head and body
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        time.sleep(1.5)
        assert shut.everything() < len(UNDELIVERED)


class TestOnePiece:
    """A short body leaves with its head, in one call: nothing can come between the two, and the far side wakes once."""

    @pytest.mark.parametrize(
        ("body", "pieces"),
        [(None, 1), (b"", 1), (b"x", 1), (b"x" * connection.SHORT, 1), (b"x" * (connection.SHORT + 1), 2)],
    )
    def test_the_far_side_gets_the_same_request(
        self, serve: Any, monkeypatch: pytest.MonkeyPatch, body: bytes | None, pieces: int
    ) -> None:
        left: list[str] = []
        monkeypatch.setattr(connection.crashpoints, "checkpoint", lambda point, *_: left.append(point))
        length = len(body or b"")

        def whole(conn: socket.socket, request: bytes) -> None:
            while len(request.partition(b"\r\n\r\n")[2]) < length:
                request += conn.recv(65536)
            side.requests.append(request)
            conn.sendall(answer(b"{}"))

        side = serve(whole)
        far.request("POST", f"{side.url}/posts", data=body, headers={"X-A": "1"})
        head, _, given = side.requests[-1].partition(b"\r\n\r\n")
        assert (given, left.count("request-leaves")) == (body or b"", pieces)
        assert head.startswith(b"POST /posts HTTP/1.1\r\n")
        assert head.lower().count(f"content-length: {length}".encode()) == 1
        assert head.lower().count(b"content-length") == 1
        assert b"chunked" not in head

    def test_a_body_of_unknown_length_follows_in_chunks(self, serve: Any) -> None:
        def whole(conn: socket.socket, request: bytes) -> None:
            while not request.endswith(b"0\r\n\r\n"):
                request += conn.recv(65536)
            side.requests.append(request)
            conn.sendall(answer(b"{}"))

        side = serve(whole)
        far.request("POST", side.url, data=iter([b"one", b"two"]))
        assert side.requests[-1].endswith(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")

    def test_a_far_side_that_answers_a_head_alone_is_heard(self, serve: Any) -> None:
        """It reads no body, and closes."""
        side = serve(answer(b"{}", "413 Too Large"))
        with pytest.raises(Refused):
            far.request("POST", side.url, data=b"x" * connection.SHORT)


class TestTLS:
    @pytest.fixture
    def port(self, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]

        def serve() -> None:
            with listener:
                while True:
                    try:
                        plain, _ = listener.accept()
                        with context.wrap_socket(plain, server_side=True) as conn:
                            conn.recv(65536)
                            conn.sendall(answer(b"{}"))
                    except OSError:
                        if listener.fileno() < 0:
                            return

        threading.Thread(target=serve, daemon=True).start()
        found = [(socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: found)
        yield port
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()

    def test_the_authorities_that_the_environment_names_are_trusted(
        self, port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        assert far.request("POST", f"https://name.example:{port}/").json() == {}

    def test_nobody_else_is_trusted(self, port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(Busy, match="certificate or TLS"):
            far.request("POST", f"https://name.example:{port}/")

    @pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
    def test_a_certificate_is_for_the_name_that_was_asked_for(
        self, port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch, host: str
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        with pytest.raises(Busy, match="certificate or TLS"):
            far.request("POST", f"https://{host}:{port}/")

    def test_authorities_that_changed_are_read_again(
        self, port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        bundle = tmp_path / "bundle.pem"
        shutil.copy(cast("Any", certs).where(), bundle)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
        with pytest.raises(Busy, match="certificate or TLS"):
            far.request("POST", f"https://name.example:{port}/")
        shutil.copy(certificate, bundle)
        os.utime(bundle, (1, 1))
        assert far.request("POST", f"https://name.example:{port}/").json() == {}


class TestWatch:
    def test_each_is_cut_at_its_own_deadline_whichever_came_first(self) -> None:
        watch, late, soon = Watch(), Timed(30), Timed(0.1)
        watch.begin(late)
        watch.begin(soon)
        assert soon.ended.wait(5)
        assert time.monotonic() >= soon.deadline
        assert not late.ended.is_set()

    def test_what_has_ended_is_not_cut(self) -> None:
        watch, done, other = Watch(), Timed(0.1), Timed(0.2)
        watch.begin(done)
        watch.begin(other)
        watch.end(done)
        assert done.closed
        assert other.ended.wait(5)
        assert not done.ended.is_set()

    def test_who_closes_keeps_nobody_from_the_watch(self) -> None:
        """A system call lets go of the interpreter, and sixty threads would queue for the watch until it is back."""
        watch, slow, other, closing, go_on = Watch(), Timed(30), Timed(30), threading.Event(), threading.Event()
        slow.close = lambda: (closing.set(), go_on.wait(5))  # type: ignore[method-assign, assignment, func-returns-value]
        watch.begin(slow)
        ends = threading.Thread(target=watch.end, args=(slow,))
        ends.start()
        assert closing.wait(5)
        watch.begin(other)
        watch.end(other)
        assert other.closed
        assert ends.is_alive()
        go_on.set()
        ends.join()

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    def test_a_forked_process_has_a_watch_of_its_own(self) -> None:
        watched.begin(Timed(30))
        child = os.fork()
        if not child:
            thing = Timed(0.1)
            watched.begin(thing)
            os._exit(0 if thing.ended.wait(5) else 1)
        assert os.waitpid(child, 0)[1] == 0
