"""The Feishu group robot: a rich message, signed, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_bench import NOW, PLATFORMS, adapter, article, changed, event, held

from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Post, Refused, Unknown, registry
from steadycast.testing import FakeServer, Reply

PAGE = "https://hu.example/2026/a.html"


@pytest.fixture
def group() -> Iterator[Any]:
    made = registry.fake(PLATFORMS["feishu"])
    assert made
    with made() as fake:
        yield fake


def robot(group: FakeServer, out: Path, secrets: dict[str, str] | None = None, **settings: Any) -> Any:
    http = HttpClient("group", deadline=3.0)
    return adapter("feishu", out, secrets=group.secrets() | (secrets or {}), http=http, **settings)


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return changed(article(tmp_path / "in"), canonical_url=PAGE)


def test_sample(tmp_path: Path, group: Any) -> None:
    robot(group, tmp_path / "out", mention_all=True).publish(event(tmp_path / "in"))
    held("feishu", "message.json", (json.dumps(group.requests[0].json(), ensure_ascii=False, indent=2) + "\n").encode())


def test_the_signature_is_the_vendors(tmp_path: Path, group: Any) -> None:
    """A secret and a time whose signature is known from elsewhere: the secret is in the key, and nothing is signed."""
    signature = registry.load(PLATFORMS["feishu"]).__init__.__globals__["signature"]
    assert signature("lark-test-secret", "1757900000") == "rWW3ygiAdSmKEIysYTVjbdbv4Xnqjn35pAGLgGJZsNg="


def test_a_clock_may_be_an_hour_off_and_no_more(tmp_path: Path, group: Any, post: Post) -> None:
    group.now = NOW.timestamp() + 3500
    robot(group, tmp_path / "out").publish(post)
    group.now = NOW.timestamp() + 3700
    with pytest.raises(Refused, match="sign match fail"):
        robot(group, tmp_path / "out").publish(post)


def test_a_wrong_secret_is_refused_and_none_signs_nothing(tmp_path: Path, group: Any, post: Post) -> None:
    for secret in ("another", ""):
        with pytest.raises(Refused, match="sign match fail"):
            robot(group, tmp_path / "out", {"secret": secret}).publish(post)
    assert "sign" not in group.requests[-1].json()


def test_what_a_member_wrote_calls_nobody(tmp_path: Path, group: Any, post: Post) -> None:
    words = '<at user_id="all">所有人</at> **不是粗体** [不是链接](https://evil.example)'
    robot(group, tmp_path / "out").publish(changed(post, text=words))
    (seen,) = group.posts()
    assert (seen.text, seen.url, group.called) == (words, PAGE, [False])


def test_it_calls_everybody_where_it_should_and_links_where_there_is_a_page(
    tmp_path: Path, group: Any, post: Post
) -> None:
    robot(group, tmp_path / "out", mention_all=True).publish(changed(post, canonical_url=""))
    (seen,) = group.posts()
    assert (seen.url, group.called) == ("", [True])


def test_the_longest_text_fits_into_a_message(tmp_path: Path, group: Any, post: Post) -> None:
    most = PLATFORMS["feishu"].limits["text"].max
    for text in ('"' * most, "\n" * (most - 1) + "x", "😀" * (most // 4)):
        robot(group, tmp_path / "out").publish(changed(post, text=text))
    assert len(group.posts()) == 3


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}, Refused),
        ({"code": 19024, "msg": "Key Words Not Found"}, Refused),
        ({"code": 9499, "msg": "Bad Request"}, Refused),
        ({"code": 11232, "msg": "frequency limited psm[lark.oapi.app_platform_runtime]"}, Busy),
        ({"msg": "ok"}, Unknown),
        (["ok"], Unknown),
        ("ok", Unknown),
    ],
)
def test_what_it_answers_is_sorted(tmp_path: Path, group: Any, post: Post, said: Any, error: Any) -> None:
    group.answer(Reply(200, said))
    with pytest.raises(error):
        robot(group, tmp_path / "out").publish(post)


def test_older_answers_carry_a_status_code_only(tmp_path: Path, group: Any, post: Post) -> None:
    group.answer(Reply(200, {"StatusCode": 0, "StatusMessage": "success", "Extra": None}))
    assert robot(group, tmp_path / "out").publish(post).remote_id == post.key


def test_it_cannot_be_read_back(tmp_path: Path, group: Any, post: Post) -> None:
    with pytest.raises(Unknown):
        robot(group, tmp_path / "out").find(post, Known())
