"""微博 by statuses/share: one request with the bound domain's link in it; what may be there is never posted again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_bench import PLATFORMS, adapter, article, changed, held

from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Post, Refused, Unknown, registry
from steadycast.testing import Reply
from steadycast.testing.bench import NOW, fitted

NAME = "weibo-api"
SPEC = PLATFORMS[NAME]
PAGE = "https://hu.example/2026/a.html"


@pytest.fixture
def far() -> Iterator[Any]:
    made = registry.fake(SPEC)
    assert made
    with made() as fake:
        yield fake


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return fitted(changed(article(tmp_path / "in"), canonical_url=PAGE), SPEC)


def speaking(far: Any, out: Path, secrets: dict[str, str] | None = None, **settings: Any) -> Any:
    given = {**far.settings(), **settings}
    return adapter(NAME, out, secrets=secrets or far.secrets(), http=HttpClient("weibo", deadline=3.0), **given)


def error(code: int, said: str, status: int = 400) -> Reply:
    return Reply(status, {"request": "/2/statuses/share.json", "error_code": code, "error": said})


def test_sample(tmp_path: Path, far: Any, post: Post) -> None:
    speaking(far, tmp_path).publish(post)
    held(NAME, "post.txt", f"{far.posts()[0].text}\n".encode())


def test_a_post_has_its_text_its_link_and_one_picture(tmp_path: Path, far: Any, post: Post) -> None:
    receipt = speaking(far, tmp_path, rip="203.0.113.7").publish(post)
    (seen,) = far.posts()
    assert seen.text == post.text
    assert PAGE in seen.text
    assert len(seen.text) <= 140
    assert len(seen.media) == 1
    assert (receipt.remote_id, receipt.url) == (seen.id, f"https://m.weibo.cn/status/{seen.id}")
    assert far.ips == ["203.0.113.7"]
    assert all("access_token" not in request.target for request in far.requests)


def test_a_community_may_want_no_picture(tmp_path: Path, far: Any, post: Post) -> None:
    speaking(far, tmp_path, picture=False).publish(post)
    assert far.posts()[0].media == ()


@pytest.mark.parametrize("page", ["", "https://elsewhere.example/a", "https://hu.example.evil.example/a"])
def test_what_leads_to_no_page_of_the_domain_ends_on_one(tmp_path: Path, far: Any, post: Post, page: str) -> None:
    speaking(far, tmp_path).publish(changed(post, text=f"{'书' * (140 - len(page) - 1)} {page}"))
    (seen,) = far.posts()
    assert seen.text.endswith("\nhttps://hu.example/")
    assert len(seen.text) <= 140


def test_topics_and_calls_become_words(tmp_path: Path, far: Any, post: Post) -> None:
    text = f"#上海# @某人 {PAGE}#top"
    speaking(far, tmp_path).publish(changed(post, text=text))
    assert far.posts()[0].text == f"＃上海＃ ＠某人 {PAGE}#top"


def test_the_same_again_may_be_there(tmp_path: Path, far: Any, post: Post) -> None:
    ours = speaking(far, tmp_path)
    far.accept_then_cut()
    for code in (None, "20019"):
        with pytest.raises(Unknown) as unknown:
            ours.publish(post)
        assert unknown.value.code == code
    with pytest.raises(Unknown, match=post.key):
        ours.find(post, Known())
    assert len(far.posts()) == 1


def test_one_that_is_taken_with_delay_is_taken(tmp_path: Path, far: Any, post: Post) -> None:
    far.answer(error(20032, "Update success, while server slow now, please wait 1-2 minutes"))
    receipt = speaking(far, tmp_path).publish(post)
    assert (receipt.remote_id, receipt.url) == (post.key, "")


@pytest.mark.parametrize(
    ("reply", "kind", "fix"),
    [
        (error(21327, "expired_token", 403), Refused, "set `token`"),
        (error(21315, "Token expired", 403), Refused, "set `token`"),
        (error(10014, "Insufficient app permissions!", 403), Refused, "Use the kit"),
        (error(10017, "text not find domain!"), Refused, "safe domain"),
        (error(20012, "Text too long"), Refused, "20012: Text too long"),
        (error(20017, "similar content"), Unknown, "account's page"),
        (error(20111, "repeated"), Unknown, "account's page"),
        (error(10022, "IP requests out of rate limit", 403), Busy, "10022"),
        (error(10024, "User requests for (share) out of rate limit!", 403), Busy, "10024"),
        (error(20016, "out of limit"), Busy, "20016"),
        (error(10001, "System error", 503), Unknown, "10001"),
        (Reply(200, {"created_at": "today"}), Unknown, "number"),
        (Reply(200, {"idstr": "../1"}), Unknown, "number"),
        (Reply(200, ["ok"]), Unknown, "number"),
        (Reply(200, "<html>a proxy</html>"), Unknown, "no JSON"),
        (Reply(404, "<html>not found</html>"), Refused, "refused"),
    ],
)
def test_what_it_answers_is_sorted(tmp_path: Path, far: Any, post: Post, reply: Reply, kind: Any, fix: str) -> None:
    far.answer(reply)
    with pytest.raises(kind, match=fix) as raised:
        speaking(far, tmp_path).publish(post)
    if kind is Busy:
        assert raised.value.retry_after == dt.timedelta(hours=1)


def test_a_wrong_token_is_refused_and_told_nowhere(tmp_path: Path, far: Any, post: Post) -> None:
    ours = speaking(far, tmp_path, {"token": "2.00wr0ng"})
    for verb, given in (("publish", [post]), ("check", [])):
        with pytest.raises(Refused, match="set `token`") as refused:
            getattr(ours, verb)(*given)
        assert "wr0ng" not in str(refused.value)
    assert not far.posts()


def test_the_doctor_says_when_the_token_ends(tmp_path: Path, far: Any) -> None:
    account = speaking(far, tmp_path).check()
    assert account.name == "1195230310"
    assert account.until == NOW + dt.timedelta(seconds=157679471)
    assert not far.posts()


def test_a_preview_shows_what_goes_out(tmp_path: Path, far: Any, post: Post) -> None:
    (view,) = speaking(far, tmp_path).views(changed(post, text="#一# 书"))
    assert view.text == "＃一＃ 书\nhttps://hu.example/"
    assert not far.requests


@pytest.mark.parametrize("bare", [False, True])
def test_a_login_gives_the_token(tmp_path: Path, far: Any, bare: bool) -> None:
    """The whole address may be pasted, or the code alone."""
    shown: list[str] = []

    def ask(_words: str) -> str:
        told = str(far.code(shown[-1]))
        return told.rpartition("code=")[2] if bare else f" {told}\n"

    given = speaking(far, tmp_path, {"token": ""}).login(lambda _words, address: shown.append(address), ask)
    assert given == far.secrets()
    assert shown[0] == "https://open.weibo.com/apps/1073880650/info/basic"
    assert not far.posts()


@pytest.mark.parametrize(
    ("settings", "pasted", "fix"),
    [
        ({"app": ""}, "x", "set `app`"),
        ({}, "wr0ng", "the app's secret is wrong"),
        ({"back": "https://hu.example/back"}, "", "`back` has to be"),
    ],
)
def test_a_login_that_fails_says_what_to_do(
    tmp_path: Path, far: Any, settings: dict[str, Any], pasted: str, fix: str
) -> None:
    shown = [""]
    with pytest.raises(Refused, match=fix) as refused:
        speaking(far, tmp_path, **settings).login(
            lambda _words, address: shown.append(address), lambda _words: pasted or far.code(shown[-1])
        )
    assert "wr0ng" not in str(refused.value)
