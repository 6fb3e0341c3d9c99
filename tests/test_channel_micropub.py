"""The Micropub platform: one post whatever happens, found by its key or by its second, changed and deleted.

The first half is held by a fake, and in test_channel_micropub_live.py by a real server.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cut_proxy import CutProxy
from pipeline_bench import COMMUNITY, Bench
from pipeline_bench import article as draft
from platform_bench import (
    PLATFORMS,
    adapter,
    article,
    audio,
    changed,
    event,
    held,
    hostile,
    key,
    media,
    png,
    video,
)

from steadycast import pipeline
from steadycast.ops.check import check
from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Post, Receipt, Refused, Unknown
from steadycast.platform.registry import load

PACKAGE = load(PLATFORMS["micropub"]).__module__
Fake = import_module(f"{PACKAGE}.fake").Fake


@dataclasses.dataclass
class Side:
    """A site's endpoint, a token that may do all and one that may create nothing, and what made it."""

    url: str
    token: str
    few: str
    made: Any = None

    def channel(self, out: Path, **changes: Any) -> Any:
        """The adapter as a new attempt has it."""
        token = changes.pop("token", self.token)
        http = HttpClient("site", deadline=20.0)
        return adapter("micropub", out / "out", secrets={"token": token}, http=http, **{"url": self.url, **changes})

    def kept(self, url: str, out: Path) -> Any:
        """What the site keeps of a post."""
        return self.channel(out).api.source(url)

    def copies(self, key: str, out: Path) -> list[str]:
        """The addresses of all that the site has of a post."""
        sending = self.channel(out)
        rows = sending.api.http.request("GET", self.url, params={"q": "source", "limit": 1000}).json()["items"]
        return [url for row in rows if key in (url := row["properties"]["url"][0])]

    def through(self) -> tuple[CutProxy, str]:
        """A proxy that can lose answers, and the endpoint's address behind it."""
        port = int(self.url.partition("//")[2].partition("/")[0].rpartition(":")[2])
        proxy = CutProxy(port)
        return proxy, self.url.replace(f"http://127.0.0.1:{port}", proxy.url)


@pytest.fixture
def fake() -> Iterator[Any]:
    with Fake() as running:
        yield running
        assert not running.broken


@pytest.fixture
def side(fake: Any) -> Side:
    return Side(fake.settings()["url"], fake.secrets()["token"], "t0ken-few", fake)


NUMBERS = count(1000)


@pytest.fixture
def post(tmp_path: Path) -> Post:
    """A post that nobody has sent yet."""
    n = next(NUMBERS)
    return article(tmp_path / "in", n, title=f"弄堂 & 书摊 <{n}>")


# By the fake and by a real server


def test_published_and_published_again_it_is_one_post(side: Side, tmp_path: Path, post: Post) -> None:
    first = side.channel(tmp_path, tags=["每日一文"]).publish(post)
    assert side.channel(tmp_path).publish(post) == first
    assert len(side.copies(post.key, tmp_path)) == 1
    kept = side.kept(first.url, tmp_path)
    assert (kept["name"], kept["summary"]) == ([post.title], [post.summary])
    assert kept["category"] == ["每日一文", *post.tags]
    assert dt.datetime.fromisoformat(kept["published"][0]) == post.published
    html = kept["content"][0]["html"]
    assert "<strong>弄堂口</strong>" in html
    assert post.member_title in html
    assert 'src="media:' not in html
    found = dataclasses.replace(first, seen="read-back")
    assert side.channel(tmp_path).find(post, Known()) == side.channel(tmp_path).find(post, Known(first)) == found
    assert side.channel(tmp_path).find(changed(post, key=key(7), slug="x"), Known()) is None


def test_every_form_is_taken(side: Side, tmp_path: Path) -> None:
    def kept(post: Post) -> Any:
        return side.kept(side.channel(tmp_path).publish(post).url, tmp_path)

    paper = media(tmp_path / "in", "attachment", "plan.pdf", "application/pdf", b"%PDF-1.4 the plan")
    html = kept(event(tmp_path / "in", next(NUMBERS), media=(paper,) if side.made else ()))["content"][0]["html"]
    assert "上海图书馆东馆" in html
    assert ".pdf" in html or not side.made
    sound = media(tmp_path / "in", "audio", "morning.mp3", "audio/mpeg", b"ID3\3" + bytes(300))
    spoken = kept(audio(tmp_path / "in", next(NUMBERS), media=(sound,)))
    assert len(spoken["audio"]) == 1
    film = kept(video(tmp_path / "in", next(NUMBERS)))
    assert film["video"][0].endswith(".mp4")
    assert film["featured"][0].endswith(".png")


@pytest.mark.parametrize("line", ["POST .*media", "POST .*micropub"], ids=["a picture", "the post"])
def test_an_answer_cut_after_it_was_accepted_makes_no_second_post(
    side: Side, tmp_path: Path, post: Post, line: str
) -> None:
    proxy, url = side.through()
    proxy.cut(line)
    sending = side.channel(tmp_path, url=url)
    endpoint = sending.api.config["media-endpoint"].partition("//")[2].partition("/")[2]
    sending.api.config = {"media-endpoint": f"{proxy.url}/{endpoint}"}
    with pytest.raises((Busy, Unknown)) as lost:
        sending.publish(post)
    proxy.close()
    assert len(proxy.cuts) == 1
    there = side.copies(post.key, tmp_path)
    assert (len(there), isinstance(lost.value, Unknown)) == ((1, True) if "micropub" in line else (0, False))
    found = side.channel(tmp_path).find(post, Known())
    assert [found.url] == there if there else found is None
    assert side.channel(tmp_path).publish(post).url in side.copies(post.key, tmp_path)
    assert len(side.copies(post.key, tmp_path)) == 1


def test_a_wrong_token_is_refused_and_one_without_the_scope_is_told(side: Side, tmp_path: Path, post: Post) -> None:
    wrong = side.channel(tmp_path, token="not-the-token")
    for verb in (wrong.check, lambda: wrong.publish(post), lambda: wrong.find(post, Known())):
        with pytest.raises(Refused, match="does not know this token"):
            verb()
    few = side.channel(tmp_path, token=side.few)
    with pytest.raises(Refused, match=r"lacks a right.*create, update, delete and media"):
        few.publish(changed(post, media=(), html="<p>words</p>"))
    assert side.copies(post.key, tmp_path) == []


def test_what_is_too_large_is_refused(side: Side, tmp_path: Path, post: Post) -> None:
    with pytest.raises(Refused):
        side.channel(tmp_path).publish(changed(post, media=(), html="<p>" + "书" * 1_300_000 + "</p>"))
    assert side.copies(post.key, tmp_path) == []


def test_an_edit_stays_at_its_address_and_may_be_made_again(side: Side, tmp_path: Path, post: Post) -> None:
    sending = side.channel(tmp_path)
    receipt = sending.publish(post)
    edited = changed(post, title="改过", html="<p>新的</p>", media=(), summary="", tags=("改",))
    for known in (Known(receipt), Known(receipt), Known()):
        assert sending.revise(edited, known).url == receipt.url
        kept = side.kept(receipt.url, tmp_path)
        assert (kept["name"], kept["category"]) == (["改过"], ["改"])
        assert "<p>新的</p>" in kept["content"][0]["html"]
        assert not kept.get("summary")
        assert not kept.get("featured")
    assert len(side.copies(post.key, tmp_path)) == 1


def test_withdrawn_twice_it_is_gone_and_a_correction_says_so(side: Side, tmp_path: Path, post: Post) -> None:
    sending = side.channel(tmp_path)
    receipt = sending.publish(post)
    for known in (Known(receipt), Known(receipt), Known()):
        sending.withdraw(post, known)
    assert sending.find(post, Known(receipt)) is sending.find(post, Known()) is None
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(receipt.url, timeout=20)
    with pytest.raises(Refused, match="no longer on the site"):
        sending.revise(post, Known(receipt))


def test_check_lets_the_token_in_and_names_where_posts_can_be_passed_on(side: Side, tmp_path: Path) -> None:
    assert side.channel(tmp_path).check().name == ""
    side.channel(tmp_path, syndicate=["https://news.example/club"]).check()
    with pytest.raises(Refused, match=r"to elsewhere; it can to: https://news\.example/club"):
        side.channel(tmp_path, syndicate=["elsewhere"]).check()
    with pytest.raises(Refused):
        side.channel(tmp_path, url=f"{side.url.rstrip('/')}/nowhere").check()


def test_no_word_of_a_draft_comes_alive(side: Side, tmp_path: Path) -> None:
    evil = changed(hostile(tmp_path / "in", next(NUMBERS)), media=())
    kept = side.kept(side.channel(tmp_path).publish(evil).url, tmp_path)
    assert kept["name"] == [evil.title]
    assert "<script>" not in kept["content"][0]["html"]
    assert "javascript:" not in json.dumps(kept)


# By the fake alone


def test_sample(side: Side, tmp_path: Path) -> None:
    side.channel(tmp_path, syndicate=["https://news.example/club"]).publish(article(tmp_path / "in"))
    (sent,) = [request for request in side.made.requests if request.path == "/micropub" and request.method == "POST"]
    told = json.dumps(sent.json(), ensure_ascii=False, indent=2).replace(side.made.url, "https://blog.example")
    held("micropub", "entry.json", f"{told}\n".encode())


def test_of_a_site_with_addresses_of_its_own_the_second_tells(tmp_path: Path, post: Post) -> None:
    with Fake(slugs=False) as fake:
        side = Side(fake.settings()["url"], "t0ken-all", "", fake)
        side.channel(tmp_path).publish(changed(post, published=post.published - dt.timedelta(days=7), key=key(3)))
        fake.accept_then_cut(path="/micropub")
        with pytest.raises(Unknown):
            side.channel(tmp_path).publish(post)
        assert side.channel(tmp_path).find(post, Known()).url.endswith("/posts/2/")
        with pytest.raises(Unknown, match="what was sent is known no more"):
            side.channel(tmp_path).find(changed(post, title="Another"), Known(frozen=False))


def test_of_a_site_without_a_list_the_page_is_asked_for(tmp_path: Path, post: Post) -> None:
    with Fake(lists=False) as fake:
        side = Side(fake.settings()["url"], "t0ken-all", "", fake)
        with pytest.raises(Unknown, match="look at the site yourself"):
            side.channel(tmp_path).find(post, Known())
        page = f"{fake.url}/posts/{{slug}}/"
        assert side.channel(tmp_path, page=page).find(post, Known()) is None
        receipt = side.channel(tmp_path).publish(post)
        assert side.channel(tmp_path, page=page).find(post, Known()).url == receipt.url


def test_a_page_is_asked_for_without_the_token(side: Side, tmp_path: Path, post: Post) -> None:
    assert side.channel(tmp_path).find(post, Known(Receipt("", f"{side.made.url}/posts/none/"))) is None
    (page,) = [request for request in side.made.requests if request.path.startswith("/posts/")]
    assert page.headers["Authorization"] is None


def test_a_site_that_takes_no_files_says_so(tmp_path: Path, post: Post) -> None:
    with Fake(files=False) as fake:
        side = Side(fake.settings()["url"], "t0ken-all", "", fake)
        with pytest.raises(Refused, match="no media endpoint"):
            side.channel(tmp_path).publish(post)
        assert side.channel(tmp_path).publish(changed(post, media=(), html="<p>a</p>")).url


def test_a_long_list_is_looked_through_until_the_hour(side: Side, tmp_path: Path, post: Post) -> None:
    receipt = side.channel(tmp_path).publish(post)
    for n in range(150):
        at = (post.published + dt.timedelta(minutes=n)).isoformat()
        side.made.rows[f"{side.made.url}/posts/{n}/"] = {"name": [str(n)], "published": [at], "content": [{"html": ""}]}
    assert side.channel(tmp_path).find(post, Known()).url == receipt.url
    for n in range(150, 600):
        at = post.published.isoformat()
        side.made.rows[f"{side.made.url}/posts/{n}/"] = {"name": [str(n)], "published": [at], "content": [{"html": ""}]}
    with pytest.raises(Unknown, match="not all were looked through"):
        side.channel(tmp_path).find(post, Known())


SITE = """
[channel.site]
platform = "micropub"
url = "{url}"
token = "SITE_TOKEN"

[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["site"]
late = "3h"
"""


@pytest.mark.parametrize("verb", ["accept_then_cut", "fail", "busy"])
def test_a_slot_is_served_once_corrected_and_withdrawn(
    bench: Bench, side: Side, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setenv("SITE_TOKEN", side.token)
    app = bench.set_up(COMMUNITY + SITE.format(url=side.url), {"pgc/one.md": draft("Reading")})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 1)
    getattr(side.made, verb)(method="POST", path="/micropub")
    assert [s.state for s in pipeline.publish(app).sent] != ["published"]
    for _ in range(3):
        bench.clock.advance(dt.timedelta(minutes=5))
        pipeline.verify(app, bench.clock.now())
        pipeline.publish(app)
    assert [seen.title for seen in side.made.posts()] == ["Reading"]
    bench.drop("pgc/one.md", draft("Reading, moved"))
    pipeline.collect(app, bench.clock.now())
    assert [each.what for each in pipeline.amend.revise(app, "pgc/one.md")] == ["revised"]
    assert [seen.title for seen in side.made.posts()] == ["Reading, moved"]
    assert [each.what for each in pipeline.amend.withdraw(app, "pgc/one.md", "called off")] == ["withdrawn"]
    assert side.made.posts() == []


def test_a_title_over_the_limit_is_an_error_of_check(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_TOKEN", "x")
    content: dict[str, str | bytes] = {"pgc/long.md": draft("A title that goes on " * 25)}
    app = bench.set_up(COMMUNITY + SITE.format(url="http://127.0.0.1:9/micropub"), content)
    (problem,) = [each for each in check(bench.clock.now(), root=app.workspace.root) if "long.md" in str(each)]
    assert "title is too long" in str(problem)


def test_pictures_go_up_once(side: Side, tmp_path: Path, post: Post) -> None:
    picture = media(tmp_path / "in", "image", "lane.png", "image/png", png(92, 122, 7))
    sending = side.channel(tmp_path)
    side.made.fail(path="/micropub")
    with pytest.raises(Unknown):
        sending.publish(changed(post, media=(picture,), html=f'<p><img src="media:{picture.sha256}"></p>'))
    sending.channel.step.__self__.kept.pop("post")
    sending.publish(changed(post, media=(picture,), html=f'<p><img src="media:{picture.sha256}"></p>'))
    assert len(side.made.files) == 1
