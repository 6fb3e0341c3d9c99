"""Every request Steadycast makes, against far sides that misbehave on real sockets."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import ipaddress
import json
import logging
import os
import shutil
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from requests import certs

from steadycast.crash_safety import send_window
from steadycast.errors import Busy, Refused, Unknown
from steadycast.outgoing import Fetcher, FetchError, HttpClient, connection, redacted_urls, retry_after, shown_url
from steadycast.outgoing.addresses import is_public
from steadycast.outgoing.timers import Watch
from steadycast.outgoing.timers import watch as watched

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


fetcher = Fetcher(allow_private=True, deadline=5)


class TestFetcher:
    def test_an_answer_comes_with_status_headers_and_body(self, serve: Callable[..., Any]) -> None:
        server = serve(answer(b"hello", ETag='"1"'))
        got = fetcher.get(server.url + "/x")
        assert (got.status, got.body, got.headers["etag"], got.permanent_url) == (
            200,
            b"hello",
            '"1"',
            server.url + "/x",
        )

    def test_a_conditional_request_carries_what_was_remembered(self, serve: Callable[..., Any]) -> None:
        server = serve(answer(status="304 Not Modified"))
        assert fetcher.get(server.url, etag='"1"', modified="yesterday").status == 304
        assert b'If-None-Match: "1"' in server.requests[0]
        assert b"If-Modified-Since: yesterday" in server.requests[0]

    @pytest.mark.parametrize(
        "script",
        [
            pytest.param(lambda conn, request: time.sleep(10), id="hangs"),
            pytest.param(drip(b"X-A: 1\r\n"), id="drips-before-status"),
            pytest.param(
                lambda c, r: (c.sendall(b"HTTP/1.1 200 OK\r\n"), drip(b"X-A: 1\r\n")(c, r)), id="drips-headers"
            ),
            pytest.param(lambda c, r: (c.sendall(head(Content_Length=9999)), drip(b"x")(c, r)), id="drips-body"),
            pytest.param(lambda c, r: (c.sendall(head()), drip(b"x")(c, r)), id="drips-unmeasured-body"),
            pytest.param(drip(b"HTTP/1.1 100 Continue\r\n\r\n"), id="continues-for-ever"),
        ],
    )
    def test_the_deadline_holds_for_everything_together(self, serve: Callable[..., Any], script: Any) -> None:
        server = serve(script)
        began = time.monotonic()
        with pytest.raises(FetchError):
            fetcher.get(server.url, deadline=0.6)
        assert time.monotonic() - began < 1.6

    def test_an_endless_body_stops_at_the_cap(self, serve: Callable[..., Any]) -> None:
        def endless(conn: socket.socket, request: bytes) -> None:
            conn.sendall(head())
            while True:
                conn.sendall(b"x" * 65536)

        with pytest.raises(FetchError, match="over 100 KB"):
            fetcher.get(serve(endless).url, max_bytes=100 * 1024)

    def test_an_announced_gigabyte_is_not_waited_for(self, serve: Callable[..., Any]) -> None:
        with pytest.raises(FetchError, match="over 1 KB"):
            fetcher.get(serve(head(Content_Length=1 << 30)).url, max_bytes=1024)

    def test_a_body_shorter_than_announced_is_no_answer(self, serve: Callable[..., Any]) -> None:
        with pytest.raises(FetchError):
            fetcher.get(serve(head(Content_Length=100) + b"half").url)

    def test_packed_bodies_are_unpacked(self, serve: Callable[..., Any]) -> None:
        assert fetcher.get(serve(answer(gzip.compress(b"text", mtime=0), Content_Encoding="gzip")).url).body == b"text"

    def test_a_bomb_is_not_unpacked(self, serve: Callable[..., Any]) -> None:
        bomb = gzip.compress(b"\0" * 50_000_000, mtime=0)
        with pytest.raises(FetchError, match="is over"):
            fetcher.get(serve(answer(bomb, Content_Encoding="gzip")).url, max_bytes=1 << 20)

    @pytest.mark.parametrize("body", [b"not packed", gzip.compress(b"text" * 99, mtime=0)[:-9]])
    def test_a_wrongly_packed_body_is_no_answer(self, serve: Callable[..., Any], body: Any) -> None:
        with pytest.raises(FetchError):
            fetcher.get(serve(answer(body, Content_Encoding="gzip")).url)

    @pytest.mark.parametrize("script", [reset, b"garbage\r\n\r\n", b"", b"HTTP/1.1 999999 \r\n"])
    def test_garbage_and_resets_are_one_kind_of_error(self, serve: Callable[..., Any], script: Any) -> None:
        with pytest.raises(FetchError):
            fetcher.get(serve(script).url)

    def test_a_redirect_loop_ends(self, serve: Callable[..., Any]) -> None:
        server = serve(answer(status="302 Found", Location="/again"))
        with pytest.raises(FetchError, match="more than 5 redirects"):
            fetcher.get(server.url)
        assert len(server.requests) == 6

    def test_only_permanent_redirects_move_the_address(self, serve: Callable[..., Any]) -> None:
        end = serve(answer(b"x"))
        temporary = serve(answer(status="302 Found", Location=end.url + "/end"))
        permanent = serve(answer(status="301 Moved", Location=temporary.url + "/t"))
        got = fetcher.get(permanent.url)
        assert (got.url, got.permanent_url) == (end.url + "/end", temporary.url + "/t")

    @pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://a:b@127.0.0.1/"])
    def test_a_redirect_is_checked_like_the_first_address(self, serve: Callable[..., Any], target: str) -> None:
        with pytest.raises(FetchError):
            fetcher.get(serve(answer(status="302 Found", Location=target)).url)

    def test_a_private_address_is_never_connected_to(self, serve: Callable[..., Any]) -> None:
        server = serve(answer(b"secret"))
        with pytest.raises(FetchError, match="not on the public internet"):
            Fetcher().get(server.url)
        with pytest.raises(FetchError, match="not on the public internet"):
            Fetcher().get(server.url.replace("127.0.0.1", "localhost"))
        assert not server.requests

    def test_a_redirect_to_a_private_address_is_not_followed(
        self, serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first host counts as public here; where it points does not."""
        inner = serve(answer(b"secret"))
        outer = serve(answer(status="302 Found", Location=inner.url.replace("127.0.0.1", "127.0.0.2")))
        monkeypatch.setattr(connection, "is_public", lambda address: address == "127.0.0.1")
        with pytest.raises(FetchError, match="not on the public internet"):
            Fetcher().get(outer.url)
        assert not inner.requests

    def test_one_private_address_among_public_ones_refuses_the_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = [(socket.AF_INET, 1, 6, "", (ip, 80)) for ip in ("93.184.216.34", "10.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: found)
        with pytest.raises(FetchError, match="not on the public internet"):
            Fetcher().get("http://rebind.example/")

    def test_what_was_checked_is_what_is_connected_to(
        self, serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A name that changes its address between two look-ups is looked up once."""
        server = serve(answer(b"x"))
        port = int(server.url.rpartition(":")[2])
        asked = []

        def resolve(host: str, *args: Any, **more: Any) -> Any:
            asked.append(host)
            return [(socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        assert fetcher.get(f"http://name.example:{port}/").body == b"x"
        assert asked == ["name.example"]
        assert f"Host: name.example:{port}".encode() in server.requests[0]

    def test_a_resolver_that_hangs_costs_no_more_than_the_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: time.sleep(3))
        began = time.monotonic()
        with pytest.raises(FetchError):
            Fetcher().get("http://slow.example/", deadline=0.3)
        assert time.monotonic() - began < 1.5

    @pytest.mark.parametrize("dead_first", [True, False])
    def test_a_dead_address_leaves_time_for_the_next_and_a_live_one_has_all_of_it(
        self, serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, deaf: int, dead_first: bool
    ) -> None:
        """IPv6 that leads nowhere is common; and a far side that is slow and honest needs the deadline whole."""

        def slow(conn: socket.socket, _request: Any) -> None:
            time.sleep(0.1 if dead_first else 1.2)
            conn.sendall(answer(b"x"))

        ports = [deaf, int(serve(slow).url.rpartition(":")[2])]
        found = [(socket.AF_INET, 1, 6, "", ("127.0.0.1", port)) for port in (ports if dead_first else ports[::-1])]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: found)
        assert fetcher.get("http://name.example/", deadline=2.0).body == b"x"

    def test_where_no_thread_is_left_nothing_is_sent_and_later_ones_are_watched(
        self, serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither the look-up nor the watch can be had: surely not sent, and the next one has its deadline again."""
        server = serve(lambda conn, _request: time.sleep(3))
        monkeypatch.setattr("steadycast.outgoing.connection.watch", watch := Watch())

        def scarce(_thread: Any) -> None:
            raise RuntimeError("can't start new thread")

        for host in ("127.0.0.1", "localhost"):
            if host == "localhost":  # its look-up is the first to want a thread
                watch.begin(thing := TestWatch.Thing(30))
            with monkeypatch.context() as patch:
                patch.setattr(threading.Thread, "start", scarce)
                with pytest.raises(Busy, match="cannot be reached"):
                    far.request("POST", server.url.replace("127.0.0.1", host))
        watch.end(thing)
        assert (server.requests, watch._open) == ([], {})
        began = time.monotonic()
        with pytest.raises(FetchError, match="within the time allowed"):
            fetcher.get(server.url, deadline=0.3)
        assert time.monotonic() - began < 1.5

    def test_no_proxy_is_taken_from_the_environment(
        self, serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        proxy = serve(answer(b"proxied"))
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert fetcher.get(serve(answer(b"direct")).url).body == b"direct"

    @pytest.mark.parametrize(
        "url",
        [
            "file:///etc/passwd",
            "ftp://example.org/",
            "http://user:secret@example.org/",
            "http://127.1.1.1:80\\@127.2.2.2:80/",
            "http://exa mple.org/",
            "http://",
            "http://[::1",
            "http://example.org:99999/",
            "//example.org",
            "http://a\r\nHost: b/",
            "",
        ],
    )
    def test_only_plain_web_addresses_are_asked_for(self, url: str) -> None:
        with pytest.raises(FetchError):
            fetcher.get(url)

    def test_no_message_carries_a_token(self, serve: Callable[..., Any]) -> None:
        server = serve(reset)
        with pytest.raises(FetchError) as caught:
            fetcher.get(server.url + "/feed?token=SECRET-CANARY")
        assert "CANARY" not in str(caught.value)
        assert caught.value.__suppress_context__

    def test_no_log_carries_an_address(self, serve: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG):
            fetcher.get(serve(answer(b"x")).url + "/bot-SECRET-CANARY/send")
        assert "CANARY" not in caplog.text


PRIVATE = """127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.100.100.200 0.0.0.0 192.0.0.192 198.18.0.1
224.0.0.1 240.0.0.1 255.255.255.255 ::1 :: fe80::1 fe80::1%eth0 fd00:ec2::254 ::ffff:127.0.0.1 ::ffff:a9fe:a9fe
::127.0.0.1 2002:7f00:1:: 2002:a9fe:a9fe:: 2001:0:7f00:1:: 64:ff9b::7f00:1 64:ff9b:1::7f00:1 2001:db8::1 ff02::1 100::1
nonsense 127.1 2001::1""".split()
PUBLIC = (
    "93.184.216.34 8.8.8.8 2606:2800:220:1:248:1893:25c8:1946 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1".split()
)


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_lead_inside(address: Any) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_on_the_public_internet(address: Any) -> None:
    assert is_public(address)


def _vectors() -> Any:
    """Small ones of our own, and a public collection where one is at hand."""
    own = [
        "http://0/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost/",
    ]
    folder = os.environ.get("STEADYCAST_CORPORA")
    return own + (json.loads(Path(folder, "ssrf.json").read_text()) if folder else [])


@pytest.mark.parametrize("url", _vectors())
def test_known_tricks_reach_nothing_inside(url: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket is connected to a private address, however it is spelled; names outside are not looked up."""
    real = socket.getaddrinfo

    def offline(host: str, *args: Any, **more: Any) -> Any:
        try:
            socket.inet_aton(host)
        except OSError:
            if ":" not in host and host not in {"localhost", "ip6-localhost"}:
                raise socket.gaierror("offline") from None
        return real(host, *args, **more)

    def never(self: Any, address: Any) -> None:
        assert ipaddress.ip_address(address[0]).is_global, address
        raise OSError("offline")

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    monkeypatch.setattr(socket.socket, "connect", never)
    with pytest.raises(FetchError):
        Fetcher(deadline=5).get(url)


far = HttpClient("blog", deadline=5, redact=lambda text: text.replace("S3CRET", "***"), now=lambda: NOW)


class TestFar:
    def test_an_expected_status_is_an_answer(self, serve: Callable[..., Any]) -> None:
        server = serve(answer(b'{"id": 7}', status="201 Created", Location="/7"))
        got = far.request("POST", server.url, json={"a": 1}, headers={"Authorization": "Bearer x"})
        assert (got.status, got.json(), got.headers["location"], got.text) == (201, {"id": 7}, "/7", '{"id": 7}')
        assert b"Authorization: Bearer x" in server.requests[0]

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 422, 431, 451])
    def test_answers_that_say_not_applied_are_refused(self, serve: Callable[..., Any], status: int) -> None:
        with pytest.raises(Refused) as caught:
            far.request("POST", serve(answer(b'{"message": "no S3CRET"}', status=f"{status} No")).url)
        assert str(caught.value) == f"blog: {status} no ***"

    @pytest.mark.parametrize("status", [408, 409, 418, 425, 500, 502, 503, 504, 302, 303])
    def test_other_answers_may_have_been_applied(self, serve: Callable[..., Any], status: int) -> None:
        server = serve(answer(b"<html>oops", status=f"{status} X", Location="/"))
        with pytest.raises(Unknown):
            far.request("POST", server.url, data=b"x")
        assert len(server.requests) == 1
        if status >= 400:
            with pytest.raises(Busy):
                far.request("GET", server.url)

    @pytest.mark.parametrize(
        ("said", "wait"),
        [
            ("7", 7),
            ("Sun, 22 Nov 2026 12:01:00 GMT", 60),
            ("-5", 1),
            ("0", 1),
            ("99999999999999999999", 86400),
            ("Sun, 22 Nov 2099 12:00:00 GMT", 86400),
            ("Sun, 22 Nov 1999 12:00:00 GMT", 1),
            ("soon", None),
            ("", None),
        ],
    )
    def test_too_many_requests_is_busy_for_as_long_as_is_sane(
        self, serve: Callable[..., Any], said: str, wait: int | None
    ) -> None:
        with pytest.raises(Busy) as caught:
            far.request("POST", serve(answer(status="429 Slow down", Retry_After=said)).url)
        assert caught.value.retry_after == (None if wait is None else dt.timedelta(seconds=wait))
        assert retry_after(said, NOW) == caught.value.retry_after

    def test_nothing_has_left_when_the_connection_fails(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        with pytest.raises(Busy):
            far.request("POST", f"http://127.0.0.1:{port}/")

    def test_nothing_has_left_when_the_name_is_unknown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: (_ for _ in ()).throw(socket.gaierror("no")))
        with pytest.raises(Busy):
            far.request("POST", "https://nowhere.example/")

    @pytest.mark.parametrize("script", [answer(b"x"), lambda conn, request: time.sleep(10)], ids=["plain", "hangs"])
    def test_nothing_has_left_when_tls_fails(self, script: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def serve() -> None:
                with contextlib.suppress(OSError):
                    conn, _ = listener.accept()
                    with conn:
                        conn.recv(4096)
                        script(conn, b"") if callable(script) else conn.sendall(script)

            threading.Thread(target=serve, daemon=True).start()
            began = time.monotonic()
            with pytest.raises(Busy):
                far.request("POST", f"https://127.0.0.1:{listener.getsockname()[1]}/", deadline=0.7)
            assert time.monotonic() - began < 1.7

    @pytest.mark.parametrize(
        "script",
        [
            pytest.param(lambda conn, request: time.sleep(10), id="hang"),
            pytest.param(reset, id="reset"),
            pytest.param(b"", id="empty"),
            pytest.param(b"nonsense\r\n\r\n", id="garbled"),
            pytest.param(head(Content_Length=100) + b"{", id="cut"),
            pytest.param(answer(b"\x00", Content_Encoding="gzip"), id="badly packed"),
            pytest.param(lambda c, r: (c.sendall(head()), drip(b"x")(c, r)), id="drip"),
        ],
    )
    def test_no_answer_after_sending_may_have_been_accepted(self, serve: Callable[..., Any], script: Any) -> None:
        server = serve(script)
        began = time.monotonic()
        with pytest.raises(Unknown):
            far.request("POST", server.url, data=b"x", deadline=0.7)
        assert time.monotonic() - began < 1.7
        with pytest.raises(Busy):
            far.request("GET", server.url, deadline=0.7)

    @pytest.mark.parametrize("body", [b"", b"<html>", b'{"id": ', b"[" * 100_000])
    def test_an_answer_that_is_no_json_may_have_been_accepted(self, serve: Callable[..., Any], body: bytes) -> None:
        server = serve(answer(body))
        with pytest.raises(Unknown):
            far.request("POST", server.url).json()
        with pytest.raises(Busy):
            far.request("GET", server.url).json()

    def test_an_answer_over_the_cap_may_have_been_accepted(self, serve: Callable[..., Any]) -> None:
        with pytest.raises(Unknown, match="over 1 KB"):
            far.request("POST", serve(answer(b"x" * 5000)).url, max_bytes=1024)

    def test_a_moved_endpoint_says_so(self, serve: Callable[..., Any]) -> None:
        with pytest.raises(Refused, match="moved elsewhere"):
            far.request("POST", serve(answer(status="308 Moved", Location="/new")).url)

    def test_a_get_follows_redirects_and_keeps_its_credentials_to_itself(self, serve: Callable[..., Any]) -> None:
        other = serve(answer(b"ok"))
        server = serve(answer(status="302 Found", Location=other.url + "/x"))
        got = far.request("GET", server.url, headers={"Authorization": "Bearer S3CRET"}, params={"a": "1"})
        assert got.body == b"ok"
        assert b"GET /?a=1 " in server.requests[0]
        assert b"Bearer" in server.requests[0]
        assert b"Bearer" not in other.requests[0]

    @pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/", "http://u:S3CRET@127.0.0.1/", "nonsense"])
    def test_an_unusable_address_is_refused_before_anything_is_sent(self, url: str) -> None:
        with pytest.raises(Refused) as caught:
            far.request("POST", url)
        assert "S3CRET" not in str(caught.value)

    def test_a_header_that_cannot_be_written_is_refused_before_anything_is_sent(
        self, serve: Callable[..., Any]
    ) -> None:
        server = serve(answer())
        with pytest.raises(Refused):
            far.request("POST", server.url, headers={"X-Title": "a\r\nEvil: 1"})
        assert not server.requests

    def test_addresses_in_an_answer_are_cut_to_their_host(self, serve: Callable[..., Any]) -> None:
        body = b"see https://u:pw@hook.example/bot/TOKEN?key=1 for help"
        with pytest.raises(Refused) as caught:
            far.request("POST", serve(answer(body, status="400 Bad")).url)
        assert caught.value.message == "see https://hook.example/… for help"


def test_nothing_is_sent_that_has_less_than_its_deadline_left(serve: Callable[..., Any]) -> None:
    """A slow and honest far side may act as late as the deadline: one that was cut short would be looked for too early."""
    server = serve(answer(b"{}"))
    with send_window.lasts(lambda: far.deadline - 1):
        with pytest.raises(Busy, match="too little of its turn"):
            far.request("POST", server.url, data=b"x")
        assert not server.requests
        far.request("GET", server.url)  # changes nothing, and is cut when the turn ends
    with send_window.lasts(lambda: far.deadline + 1) as mine:
        far.request("POST", server.url, data=b"x")
    assert len(server.requests) == 2
    assert 0 < mine.until - time.monotonic() <= far.deadline


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
    class Thing:
        def __init__(self, seconds: float) -> None:
            self.deadline = time.monotonic() + seconds
            self.ended, self.closed = threading.Event(), False

        def cut(self) -> None:
            assert not self.closed
            self.ended.set()

        def close(self) -> None:
            self.closed = True

    def test_each_is_cut_at_its_own_deadline_whichever_came_first(self) -> None:
        watch, late, soon = Watch(), self.Thing(30), self.Thing(0.1)
        watch.begin(late)
        watch.begin(soon)
        assert soon.ended.wait(5)
        assert time.monotonic() >= soon.deadline
        assert not late.ended.is_set()

    def test_what_has_ended_is_not_cut(self) -> None:
        watch, done, other = Watch(), self.Thing(0.1), self.Thing(0.2)
        watch.begin(done)
        watch.begin(other)
        watch.end(done)
        assert done.closed
        assert other.ended.wait(5)
        assert not done.ended.is_set()

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    def test_a_forked_process_has_a_watch_of_its_own(self) -> None:
        watched.begin(self.Thing(30))
        child = os.fork()
        if not child:
            thing = self.Thing(0.1)
            watched.begin(thing)
            os._exit(0 if thing.ended.wait(5) else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_shown_addresses_keep_the_host_and_four_characters() -> None:
    assert shown_url("https://hooks.example/services/T00/B00/abcdEFGH") == "https://hooks.example/…EFGH"
    assert shown_url("https://u:pw@alice.example/") == "https://alice.example"
    assert shown_url("http://[broken") == "(unreadable address)"
    assert redacted_urls("no address") == "no address"
