"""The fetcher for what a draft or a feed names, against far sides that misbehave."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from far_servers import Timed, answer, drip, far, head, reset

from steadycast.errors import Busy
from steadycast.outgoing import Fetcher, FetchError, connection
from steadycast.outgoing.timers import Watch

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
        assert time.monotonic() - began < 8  # it would never end; how soon it does is the machine's affair

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
        over = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: over.wait(20) and [])
        began = time.monotonic()
        with pytest.raises(FetchError):
            Fetcher().get("http://slow.example/", deadline=0.3)
        assert time.monotonic() - began < 8
        over.set()

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
                watch.begin(thing := Timed(30))
            with monkeypatch.context() as patch:
                patch.setattr(threading.Thread, "start", scarce)
                with pytest.raises(Busy, match="cannot be reached"):
                    far.request("POST", server.url.replace("127.0.0.1", host))
        watch.end(thing)
        assert (server.requests, watch._open) == ([], {})
        began = time.monotonic()
        with pytest.raises(FetchError, match="within the time allowed"):
            fetcher.get(server.url, deadline=0.3)
        assert time.monotonic() - began < 8

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
