"""The webhook platform: a request that a receiver can trust, and tell from its repetition."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from platform_bench import NOW, adapter, article, event, held
from pytest_httpserver import HTTPServer
from werkzeug import Response

from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Refused, Unknown

SECRET = "s3cret-of-the-hook"


def hook(out: Any, url: str, **more: Any) -> Any:
    return adapter(
        "webhook", out, secrets={"url": url, "secret": SECRET}, http=HttpClient("hook", deadline=3.0), **more
    )


@pytest.fixture
def receiver(httpserver: HTTPServer) -> HTTPServer:
    httpserver.expect_request("/in", method="POST").respond_with_json({"id": 42, "url": "https://far.example/42"})
    return httpserver


def test_sample(tmp_path: Path, receiver: HTTPServer) -> None:
    hook(tmp_path / "out", receiver.url_for("/in")).publish(event(tmp_path / "in"))
    request, _ = receiver.log[0]
    shown = ("Content-Type", "Idempotency-Key", "Steadycast-Timestamp", "Steadycast-Signature")
    lines = ["POST /in HTTP/1.1", *(f"{name}: {request.headers[name]}" for name in shown)]
    body = json.dumps(json.loads(request.get_data()), ensure_ascii=False, indent=2)
    held("webhook", "request.http", ("\n".join(lines) + "\n\n" + body + "\n").encode())


def test_a_receiver_can_check_who_sent_it_and_when(tmp_path: Path, receiver: HTTPServer) -> None:
    post = article(tmp_path / "in")
    receipt = hook(tmp_path / "out", receiver.url_for("/in")).publish(post)
    request, _ = receiver.log[0]
    stamp, body = request.headers["Steadycast-Timestamp"], request.get_data()
    wanted = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert request.headers["Steadycast-Signature"] == f"sha256={wanted}"
    assert int(stamp) == int(NOW.timestamp())
    assert request.headers["Idempotency-Key"] == post.key
    assert json.loads(body)["title"] == post.title
    assert (receipt.remote_id, receipt.url) == ("42", "https://far.example/42")


def test_the_same_post_is_the_same_request(tmp_path: Path, receiver: HTTPServer) -> None:
    for _ in range(2):
        hook(tmp_path / "out", receiver.url_for("/in")).publish(article(tmp_path / "in"))
    first, second = (request for request, _ in receiver.log)
    assert first.get_data() == second.get_data()
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]


def test_without_a_secret_nothing_is_signed(tmp_path: Path, receiver: HTTPServer) -> None:
    adapter("webhook", tmp_path / "out", secrets={"url": receiver.url_for("/in")}, http=HttpClient("hook")).publish(
        article(tmp_path / "in")
    )
    assert "Steadycast-Signature" not in receiver.log[0][0].headers


def test_media_get_the_address_where_they_are_served(tmp_path: Path, receiver: HTTPServer) -> None:
    post = article(tmp_path / "in")
    hook(tmp_path / "out", receiver.url_for("/in"), files="https://hu.example/").publish(post)
    told = json.loads(receiver.log[0][0].get_data())
    cover = post.media[0]
    assert told["media"][0]["url"] == f"https://hu.example/media/{cover.sha256}.png"
    assert f'src="https://hu.example/media/{post.media[1].sha256}.png"' in told["html"]
    assert str(cover.path) not in receiver.log[0][0].get_data(as_text=True)


@pytest.mark.parametrize("said", ["", "ok", "[]", "3", '{"id": null, "url": "javascript:alert(1)"}', "<html>"])
def test_any_2xx_is_enough(tmp_path: Path, httpserver: HTTPServer, said: str) -> None:
    httpserver.expect_request("/in").respond_with_data(said)
    post = article(tmp_path / "in")
    receipt = hook(tmp_path / "out", httpserver.url_for("/in")).publish(post)
    assert (receipt.remote_id, receipt.url) == (post.key, "")


@pytest.mark.parametrize(("status", "error"), [(400, Refused), (429, Busy), (409, Unknown), (503, Unknown)])
def test_what_it_answers_is_sorted(tmp_path: Path, httpserver: HTTPServer, status: int, error: Any) -> None:
    httpserver.expect_request("/in").respond_with_handler(lambda request: Response("no", status))
    with pytest.raises(error):
        hook(tmp_path / "out", httpserver.url_for("/in")).publish(article(tmp_path / "in"))


def test_it_cannot_be_read_back(tmp_path: Path) -> None:
    with pytest.raises(Unknown):
        hook(tmp_path / "out", "http://127.0.0.1:9/").find(article(tmp_path / "in"), Known())
