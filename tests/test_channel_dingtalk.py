"""The DingTalk group robot: a text or a card, signed, once."""

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
    made = registry.fake(PLATFORMS["dingtalk"])
    assert made
    with made() as fake:
        yield fake


def robot(group: FakeServer, out: Path, secrets: dict[str, str] | None = None, **settings: Any) -> Any:
    http = HttpClient("group", deadline=3.0)
    return adapter("dingtalk", out, secrets=group.secrets() | (secrets or {}), http=http, **settings)


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return changed(article(tmp_path / "in"), canonical_url=PAGE)


def test_sample(tmp_path: Path, group: Any) -> None:
    robot(group, tmp_path / "out").publish(event(tmp_path / "in"))
    robot(group, tmp_path / "out", style="card", files="https://hu.example").publish(
        changed(article(tmp_path / "b"), canonical_url=PAGE)
    )
    shown = [json.dumps(request.json(), ensure_ascii=False, indent=2) for request in group.requests]
    held("dingtalk", "messages.json", ("\n".join(shown) + "\n").encode())


def test_the_signature_is_the_vendors(tmp_path: Path, group: Any) -> None:
    """A secret and a time whose signature is known from elsewhere."""
    signature = registry.load(PLATFORMS["dingtalk"]).__init__.__globals__["signature"]
    assert signature("SECtestsecret", "1757900000000") == "7DTCbPdUp9dEDbGUkEo43X0orBgxSXRZduKUKwKbwFs="


def test_a_clock_may_be_an_hour_off_and_no_more(tmp_path: Path, group: Any, post: Post) -> None:
    group.now = NOW.timestamp() + 3500
    robot(group, tmp_path / "out").publish(post)
    group.now = NOW.timestamp() + 3700
    with pytest.raises(Refused, match="invalid timestamp"):
        robot(group, tmp_path / "out").publish(post)


def test_a_wrong_secret_is_refused_and_none_signs_nothing(tmp_path: Path, group: Any, post: Post) -> None:
    with pytest.raises(Refused, match="sign not match"):
        robot(group, tmp_path / "out", {"secret": "SECother"}).publish(post)
    with pytest.raises(Refused, match="sign not match"):
        robot(group, tmp_path / "out", {"secret": ""}).publish(post)
    assert "sign" not in group.requests[-1].query


def test_a_text_calls_everybody_only_where_it_should(tmp_path: Path, group: Any, post: Post) -> None:
    robot(group, tmp_path / "out").publish(post)
    robot(group, tmp_path / "out", mention_all=True).publish(post)
    assert group.called == [False, True]


def test_a_card_leads_to_the_page(tmp_path: Path, group: Any, post: Post) -> None:
    robot(group, tmp_path / "out", style="card", files="https://hu.example/").publish(post)
    (seen,) = group.posts()
    assert (seen.title, seen.url) == (post.title, PAGE)
    assert post.opening
    assert seen.media == (f"https://hu.example/media/{post.opening.sha256}.png",)
    robot(group, tmp_path / "out", style="card").publish(changed(post, canonical_url=""))
    assert group.posts()[-1].text == post.text


def test_the_longest_text_fits_into_a_message(tmp_path: Path, group: Any, post: Post) -> None:
    most = PLATFORMS["dingtalk"].limits["text"].max
    for text in ('"' * most, "\n" * (most - 1) + "x", "😀" * (most // 4)):
        robot(group, tmp_path / "out").publish(changed(post, text=text))
    assert len(group.posts()) == 3


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"errcode": 310000, "errmsg": "keywords not in content"}, Refused),
        ({"errcode": 300005, "errmsg": "token is not exist"}, Refused),
        ({"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}, Busy),
        ({"errcode": 410100, "errmsg": "throttled"}, Busy),
        ({"status": 1111, "wait": 5, "source": "x5", "punish": "deny"}, Busy),
        ({"errcode": -1, "errmsg": "system busy"}, Unknown),
        ({"errmsg": "ok"}, Unknown),
        (["ok"], Unknown),
        ("ok", Unknown),
    ],
)
def test_what_it_answers_is_sorted(tmp_path: Path, group: Any, post: Post, said: Any, error: Any) -> None:
    group.answer(Reply(200, said))
    with pytest.raises(error):
        robot(group, tmp_path / "out").publish(post)


def test_it_cannot_be_read_back(tmp_path: Path, group: Any, post: Post) -> None:
    with pytest.raises(Unknown):
        robot(group, tmp_path / "out").find(post, Known())
