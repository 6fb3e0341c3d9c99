"""The WeCom group robot: a text and its picture, or a card; each once, within limits that are bytes."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_bench import PLATFORMS, adapter, article, changed, event, held

from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Post, Refused, Unknown, registry
from steadycast.testing import FakeServer, Reply

PAGE = "https://hu.example/2026/a.html"


@pytest.fixture
def group() -> Iterator[Any]:
    made = registry.fake(PLATFORMS["wecom"])
    assert made
    with made() as fake:
        yield fake


def robot(group: FakeServer, out: Path, **settings: Any) -> Any:
    return adapter("wecom", out, secrets=group.secrets(), http=HttpClient("group", deadline=3.0), **settings)


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return changed(article(tmp_path / "in"), canonical_url=PAGE)


def test_sample(tmp_path: Path, group: Any) -> None:
    robot(group, tmp_path / "out").publish(event(tmp_path / "in"))
    shown = [json.dumps(request.json(), ensure_ascii=False, indent=2)[:1500] for request in group.requests]
    held("wecom", "messages.json", ("\n".join(shown) + "\n").encode())


def test_the_picture_follows_the_text(tmp_path: Path, group: Any, post: Post) -> None:
    robot(group, tmp_path / "out").publish(post)
    text, picture = (request.json() for request in group.requests)
    assert text == {"msgtype": "text", "text": {"content": post.text}}
    assert post.opening
    data = post.opening.path.read_bytes()
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert picture["image"] == {"base64": base64.b64encode(data).decode(), "md5": md5}
    (seen,) = group.posts()
    assert seen.media == (md5,)


def test_a_community_may_want_no_picture_and_call_everybody(tmp_path: Path, group: Any, post: Post) -> None:
    robot(group, tmp_path / "out", picture=False, mention_all=True).publish(post)
    assert len(group.requests) == 1
    assert group.called == ["@all"]


def test_a_card_leads_to_the_page(tmp_path: Path, group: Any, post: Post) -> None:
    long = changed(post, summary="很长的一段话。" * 100)
    robot(group, tmp_path / "out", style="card", files="https://hu.example/").publish(long)
    (seen,) = group.posts()
    assert (seen.title, seen.url) == (post.title, PAGE)
    assert 400 < len(seen.text.encode()) <= 512
    assert post.opening
    assert seen.media == (f"https://hu.example/media/{post.opening.sha256}.png",)


def test_without_a_page_a_card_is_a_text(tmp_path: Path, group: Any, post: Post) -> None:
    robot(group, tmp_path / "out", style="card").publish(changed(post, canonical_url=""))
    (seen,) = group.posts()
    assert seen.text == post.text


@pytest.mark.parametrize("style", ["text", "card"])
def test_a_preview_shows_what_the_group_sees(tmp_path: Path, group: Any, post: Post, style: str) -> None:
    (view,) = robot(group, tmp_path / "out", style=style).views(post)
    assert view.text == post.text if style == "text" else view.text.splitlines()[::2] == [post.title, PAGE]
    assert not group.requests


def test_a_picture_that_is_not_taken_sends_no_text_again(tmp_path: Path, group: Any, post: Post) -> None:
    group.answer(Reply(200, {"errcode": 45009, "errmsg": "api freq out of limit"}), after=1)
    again = robot(group, tmp_path / "out")
    kept: dict[str, Any] = {}

    def step(name: str, send: Any, *, repeatable: bool = False) -> Any:
        if name not in kept:
            kept[name] = send()
        return kept[name]

    object.__setattr__(again.channel, "step", step)
    with pytest.raises(Busy):
        again.publish(post)
    again.publish(post)
    assert [request.json()["msgtype"] for request in group.requests] == ["text", "image", "image"]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"errcode": 93000, "errmsg": "invalid webhook url"}, Refused),
        ({"errcode": 40058, "errmsg": "text.content exceed max length 2048"}, Refused),
        ({"errcode": 45009, "errmsg": "api freq out of limit"}, Busy),
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


def test_the_21st_of_a_minute_waits_for_the_next(tmp_path: Path, group: Any, post: Post) -> None:
    for _ in range(20):
        robot(group, tmp_path / "out", picture=False).publish(post)
    with pytest.raises(Busy) as busy:
        robot(group, tmp_path / "out", picture=False).publish(post)
    assert busy.value.retry_after
    assert 30 <= busy.value.retry_after.total_seconds() <= 120


def test_it_cannot_be_read_back(tmp_path: Path, group: Any, post: Post) -> None:
    with pytest.raises(Unknown):
        robot(group, tmp_path / "out").find(post, Known())
