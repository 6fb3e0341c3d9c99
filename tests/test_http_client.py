"""An adapter's client: its defaults, the one place that reads a vendor's codes, and what an error carries."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from far_servers import NOW, answer

from steadycast.errors import Busy, Refused, Unknown
from steadycast.outgoing import HttpClient, reset_after
from steadycast.outgoing.answers import words

SECRET = "S3CRET-t0ken"
client = HttpClient("blog", deadline=5, redact=lambda text: text.replace(SECRET, "***"), now=lambda: NOW)


@pytest.mark.parametrize(
    ("base", "url", "path"),
    [
        ("/api/v1", "posts", "/api/v1/posts"),
        ("/api/v1/", "/posts?a=1", "/api/v1/posts?a=1"),
        ("", "/posts", "/posts"),
    ],
)
def test_a_relative_address_is_put_after_the_base(serve: Callable[..., Any], base: str, url: str, path: str) -> None:
    server = serve(answer(b"{}"))
    client.using(base=server.url + base).request("POST", url)
    assert server.requests[0].startswith(f"POST {path} ".encode())


def test_defaults_add_up_and_the_requests_own_go_over_them(serve: Callable[..., Any]) -> None:
    server = serve(answer(b"{}"))
    one = client.using(base=server.url, headers={"X-A": "1", "X-B": "1"}, params={"v": "5"})
    one.using(base="api", headers={"X-B": "2"}).request("GET", "me", headers={"X-C": "3"}, params={"w": "6"})
    [request] = server.requests
    assert request.startswith(b"GET /api/me?v=5&w=6 ")
    assert all(line in request for line in (b"X-A: 1\r\n", b"X-B: 2\r\n", b"X-C: 3\r\n"))


def test_an_address_that_a_far_side_names_gets_no_credentials(serve: Callable[..., Any]) -> None:
    """The next page of a list may be anywhere: only the base's host is known to be the operator's."""
    own, other = serve(answer(b"{}")), serve(answer(b"{}"))
    mine = client.using(
        base=own.url, headers={"Authorization": f"Bearer {SECRET}"}, auth=("u", SECRET), params={"k": SECRET}
    )
    mine.request("GET", f"{own.url}/2")
    mine.request("GET", f"{other.url}/2", headers={"X-Own": "1"})
    assert b"Authorization" in own.requests[0]
    assert SECRET.encode() in own.requests[0]
    assert b"Authorization" not in other.requests[0]
    assert SECRET.encode() not in other.requests[0]
    assert b"X-Own: 1" in other.requests[0]


def vendor(said: Any) -> Any:
    """As a vendor that answers 200 whatever happened."""
    code = said.json().get("errcode", 0)
    if code in (40001, 42001):
        return Refused("log in again", str(code))
    if code == 45009:
        return Busy("quota used up", str(code))
    return Unknown("which code is this?", str(code)) if code else None


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        ("200 OK", b'{"errcode": 40001}', Refused, "40001"),
        ("200 OK", b'{"errcode": 45009}', Busy, "45009"),
        ("500 Oops", b'{"errcode": 42001}', Refused, "42001"),
        ("429 Slow", b'{"errcode": 7}', Unknown, "7"),
        ("401 No", b'{"errcode": 0, "message": "who?"}', Refused, "401"),
    ],
)
def test_every_answer_is_shown_to_whoever_reads_the_vendors_codes(
    serve: Callable[..., Any],
    status: str,
    body: bytes,
    error: Any,
    code: str,
) -> None:
    with pytest.raises(error) as caught:
        client.using(errors=vendor).request("POST", serve(answer(body, status=status, Retry_After="9")).url)
    assert (caught.value.code, caught.value.channel) == (code, "blog")
    assert caught.value.answer.status == int(status[:3])
    if error is Busy:
        assert caught.value.retry_after == dt.timedelta(seconds=9)


@pytest.mark.parametrize(
    ("status", "error"), [("401 No", Refused), ("429 Slow", Busy), ("502 Bad", Unknown), ("200 OK", Unknown)]
)
def test_an_answer_that_whoever_reads_the_codes_cannot_read_is_sorted_by_its_status(
    serve: Callable[..., Any],
    status: str,
    error: Any,
) -> None:
    """A proxy says 401 in HTML where the vendor would say it in JSON."""
    with pytest.raises(error):
        client.using(errors=vendor).request("POST", serve(answer(b"<html>no", status=status)).url)


def test_an_answer_that_means_no_error_is_the_answer(serve: Callable[..., Any]) -> None:
    got = client.using(errors=vendor).request("POST", serve(answer(b'{"errcode": 0, "id": 3}')).url)
    assert got.json()["id"] == 3


def test_a_vendors_own_words_are_without_secrets(serve: Callable[..., Any]) -> None:
    mine = client.using(errors=lambda said: Refused(f"it says {said.text}", "1"))
    with pytest.raises(Refused, match=r"^blog: 1 it says \*\*\*$"):
        mine.request("POST", serve(answer(SECRET.encode())).url)


@pytest.mark.parametrize("script", [b"", b"nonsense\r\n\r\n", answer(status="500 Oops"), answer(b"no json")])
def test_what_may_be_repeated_is_busy_where_another_would_be_unknown(serve: Callable[..., Any], script: Any) -> None:
    url = serve(script).url
    with pytest.raises(Busy):
        client.request("PUT", url, data=b"x", repeatable=True).json()
    with pytest.raises(Unknown):
        client.request("PUT", url, data=b"x").json()


def test_an_error_carries_its_answer_and_tells_none_of_it(serve: Callable[..., Any]) -> None:
    """Not in its words, its repr, a traceback, or what another process is given of it."""
    body = b'{"message": "bad word", "token": "%s"}' % SECRET.encode()
    with pytest.raises(Refused) as caught:
        client.request("POST", serve(answer(body, status="422 No", Set_Cookie=SECRET)).url)
    error = caught.value
    assert error.answer.json()["token"] == SECRET
    assert error.answer.headers["set-cookie"] == SECRET
    assert str(error) == "blog: 422 bad word"
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.answer) == (str(error), None)
    assert str(copy.copy(error)) == str(error)
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    told = f"{error!r} {error.args} {error.answer!r} {replace(error)!r} {pickle.dumps(error)!r}"
    assert SECRET not in told
    assert "Set-Cookie" not in shown
    assert SECRET not in shown.replace(repr(body), "").replace(repr(SECRET), "")  # but for this test's own locals


def test_a_busy_error_goes_to_another_process_with_its_wait() -> None:
    error = Busy("later", "429", "blog", dt.timedelta(seconds=3))
    assert pickle.loads(pickle.dumps(error)).retry_after == dt.timedelta(seconds=3)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": "Validation failed: Text is too long"}', "Validation failed: Text is too long"),
        (b'{"error": "invalid_grant", "error_description": "The code has expired"}', "The code has expired"),
        (b'{"code": "rest_forbidden", "message": "Sorry, not you.", "data": {"status": 401}}', "Sorry, not you."),
        (b'{"error": {"message": "Unsupported post request", "code": 100}}', "Unsupported post request"),
        (b'{"errors": [{"message": "Something"}, {"message": "else"}]}', "Something"),
        (b'{"errcode": 40013, "errmsg": "invalid appid"}', "invalid appid"),
        (b'{"title": "Unprocessable", "detail": "no image"}', "no image"),
        (b'{"message": "' + SECRET.encode() + b' is old"}', "*** is old"),
        (b'{"message": "a\\nb\\u0007"}', "a b"),
        (b'{"a": 1}', '{"a": 1}'),
        (b"[1, 2]", "[1, 2]"),
        (b"plain\n words", "plain words"),
        (b"<!doctype html><p>502", ""),
        (b"", ""),
        (b'{"message": "see https://x.example/t0ken/1"}', "see https://x.example/…"),
        (b"[" * 60_000, "[" * 199 + "…"),
    ],
)
def test_a_vendors_words_are_one_line_for_an_operator(body: bytes, said: str) -> None:
    assert words(body, client.redact) == said


LATER = int(NOW.timestamp()) + 90


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        (str(LATER), 90),
        (f"{LATER}.5", 90.5),
        (f"{LATER}000", 90),
        ("90", 90),
        ("1.5", 1.5),
        ("0", 1),
        ("2026-11-22T12:01:30Z", 90),
        ("2026-11-22T20:01:30.000+08:00", 90),
        ("2026-11-22T12:01:30", 90),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90),
        ("1", 1),
        (str(LATER - 1000), 1),
        (str(LATER + 10**8), 86400),
        ("9999-12-31T23:59:59-23:59", 86400),
        ("soon", None),
        ("", None),
        ("9" * 400, 86400),
    ],
)
def test_when_a_rate_limit_is_over_is_read_in_every_way_that_vendors_write_it(said: str, wait: float | None) -> None:
    assert reset_after(said, NOW) == (None if wait is None else dt.timedelta(seconds=wait))


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        ("429 Slow", {"X_RateLimit_Reset": str(LATER)}, 90),
        ("429 Slow", {"RateLimit_Reset": "30"}, 30),
        ("429 Slow", {"X_RateLimit_Reset": "2026-11-22T12:05:00.000000Z"}, 300),
        ("429 Slow", {"x_rate_limit_reset": str(LATER)}, 90),
        ("429 Slow", {"Retry_After": "5", "X_RateLimit_Reset": str(LATER)}, 5),
        ("429 Slow", {"Retry_After": "soon", "X_RateLimit_Reset": str(LATER)}, 90),
        ("503 Down", {"X_RateLimit_Reset": str(LATER)}, None),  # sent with every answer: it says nothing of this one
        ("503 Down", {"X_RateLimit_Reset": str(LATER), "X_RateLimit_Remaining": "0"}, 90),
    ],
)
def test_a_busy_answer_says_how_long_to_wait(
    serve: Callable[..., Any],
    status: str,
    headers: Any,
    wait: int | None,
) -> None:
    with pytest.raises(Busy) as caught:
        client.request("GET", serve(answer(status=status, **headers)).url)
    assert caught.value.retry_after == (None if wait is None else dt.timedelta(seconds=wait))
