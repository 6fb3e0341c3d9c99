"""What became of a request of an adapter: an answer, or one of the three errors."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from far_servers import NOW, answer, drip, far, head, reset

from steadycast.crash_safety import send_window
from steadycast.errors import Busy, Refused, Unknown
from steadycast.outgoing import retry_after


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
