"""WordPress itself: what the fake says of it is true, and a post is there once, whatever happens on the way."""

from __future__ import annotations

import datetime as dt
import re
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import pytest
from cut_proxy import CutProxy
from pipeline_bench import COMMUNITY, Bench
from pipeline_bench import article as draft
from platform_bench import ROOT, adapter, article, audio, changed, event, media, png

from steadycast import pipeline
from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Refused, Unknown

pytestmark = [pytest.mark.live, pytest.mark.parallel]
SCRIPT = ROOT / "tests" / "wordpress.sh"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """(address, folder): a new site, which ends with this module's tests."""
    folder = tmp_path_factory.mktemp("wordpress")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    subprocess.run(["bash", SCRIPT, "start", folder, str(port)], check=True, timeout=300)
    yield f"http://127.0.0.1:{port}", folder
    subprocess.run(["bash", SCRIPT, "stop", folder], check=True, timeout=30)


def made(site: Any, out: Any, *, user: str = "admin", password: Any = None, url: Any = None, **settings: Any) -> Any:
    secret = password or (site[1] / {"admin": "password"}.get(user, user)).read_text()
    http = HttpClient("blog", deadline=30.0)
    return adapter("wordpress", out, secrets={"password": secret}, http=http, url=url or site[0], user=user, **settings)


def page(url: str) -> str:
    """What a reader's browser gets."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


NUMBERS = iter(range(1000, 2000))


@pytest.fixture
def post(tmp_path: Path) -> Any:
    """A post that nobody has sent yet, with pictures of its own."""
    number = next(NUMBERS)
    picture = media(tmp_path / "in", "image", "lane.png", "image/png", png(92, 122, number % 256), alt="弄堂口的书摊")
    cover = media(tmp_path / "in", "cover", "cover.png", "image/png", png(201, 162, number % 256))
    given = article(tmp_path / "in", number)
    html = given.html.replace(given.of("image")[0].sha256, picture.sha256)
    return changed(given, media=(cover, picture), html=html, title=f"弄堂 & 书摊 <{number}>")


def slugs(site: Any, out: Any, key: Any) -> Any:
    """Every row that the site has of a post, in any state but the trash."""
    rows = made(site, out).http.request("GET", "posts", params={"status": "any", "per_page": 100}).json()
    return [(row["slug"], row["status"]) for row in rows if key in row["slug"]]


def test_published_and_published_again_it_is_one_post_that_readers_see(site: Any, tmp_path: Path, post: Any) -> None:
    first = made(site, tmp_path / "out").publish(post)
    assert made(site, tmp_path / "out").publish(post) == first
    assert slugs(site, tmp_path / "out", post.key) == [(f"nong-tang-{post.key}", "publish")]
    shown = page(first.url)
    assert f">{escape(post.title, quote=False)}</h1>" in shown
    assert "每日一文" in shown
    assert 'rel="tag">沪语</a>' in shown
    for address in re.findall(r'<img[^>]+src="([^"]+)"', shown):
        with urllib.request.urlopen(address, timeout=30) as picture:
            assert picture.read(4) == b"\x89PNG"
    assert first.at == post.published
    assert made(site, tmp_path / "out").find(post, Known()) == made(site, tmp_path / "out").find(post, Known(first))


def test_every_form_is_taken(site: Any, tmp_path: Path) -> None:
    heard = made(site, tmp_path / "out").publish(event(tmp_path / "in", next(NUMBERS)))
    assert "上海图书馆东馆" in page(heard.url)
    tone = audio(tmp_path / "in", next(NUMBERS))
    wave = media(tmp_path / "in", "audio", "morning.wav", "audio/wav", tone.media[0].path.read_bytes())
    assert "<audio controls" in page(made(site, tmp_path / "out").publish(changed(tone, media=(wave,))).url)


@pytest.mark.parametrize(
    "request_line",
    [r"POST .*/media\?", r"POST .*/tags\?", r"POST .*/posts\?", r"POST .*/posts/\d+\?"],
    ids=["a file", "a tag", "the draft", "the publication"],
)
def test_an_answer_cut_after_it_was_accepted_makes_no_second_of_anything(
    site: Any, tmp_path: Path, post: Any, request_line: Any
) -> None:
    proxy = CutProxy(int(site[0].rpartition(":")[2]))
    proxy.cut(request_line)
    with pytest.raises((Busy, Unknown)):
        made(site, tmp_path / "out", url=proxy.url).publish(post)
    assert len(proxy.cuts) == 1
    receipt = made(site, tmp_path / "out", url=proxy.url).publish(post)
    proxy.close()
    assert slugs(site, tmp_path / "out", post.key) == [(f"nong-tang-{post.key}", "publish")]
    files = made(site, tmp_path / "out").http
    for file in post.media:
        found = files.request("GET", "media", params={"search": file.sha256[:32], "per_page": 100}).json()
        assert len(found) == 1
    assert post.key in receipt.url


def test_a_wrong_password_publishes_nothing_and_says_so(site: Any, tmp_path: Path, post: Any) -> None:
    wrong = made(site, tmp_path / "out", password="not the password")
    for verb in (wrong.check, lambda: wrong.publish(post), lambda: wrong.find(post, Known())):
        with pytest.raises(Refused, match="does not know the user"):
            verb()
    assert slugs(site, tmp_path / "out", post.key) == []


def test_an_address_without_a_rest_api_is_told(site: Any, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no WordPress answers there"):
        made(site, tmp_path / "out", url=f"{site[0]}/elsewhere").check()


def test_check_says_as_whom_and_a_contributor_may_not(site: Any, tmp_path: Path, post: Any) -> None:
    assert made(site, tmp_path / "out").check().name == "admin"
    low = made(site, tmp_path / "out", user="contributor")
    with pytest.raises(Refused, match="contributor may not publish_posts"):
        low.check()
    with pytest.raises(Refused):
        low.publish(changed(post, media=()))
    assert ("publish" in dict(slugs(site, tmp_path / "out", post.key)).values()) is False


def test_a_file_that_the_site_does_not_take_is_refused_in_its_words(site: Any, tmp_path: Path, post: Any) -> None:
    program = media(tmp_path / "in", "attachment", "a.exe", "application/x-msdownload", b"MZ program")
    with pytest.raises(Refused, match="not allowed to upload this file type"):
        made(site, tmp_path / "out").publish(changed(post, media=(*post.media, program)))
    assert slugs(site, tmp_path / "out", post.key) == []


def test_an_edit_stays_at_its_address(site: Any, tmp_path: Path, post: Any) -> None:
    sending = made(site, tmp_path / "out")
    receipt = sending.publish(post)
    edited = sending.revise(changed(post, title="改过", html="<p>新的 [gallery]</p>", media=()), Known(receipt))
    assert edited == receipt
    shown = page(receipt.url)
    assert "改过" in shown
    assert "<p>新的 [gallery]</p>" in shown.replace("&#91;", "[")


def test_withdrawn_twice_it_is_gone_and_can_be_published_again(site: Any, tmp_path: Path, post: Any) -> None:
    sending = made(site, tmp_path / "out")
    receipt = sending.publish(post)
    for known in (Known(receipt), Known(receipt), Known()):
        sending.withdraw(post, known)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        page(receipt.url)
    assert sending.find(post, Known(receipt)) is sending.find(post, Known()) is None
    assert sending.publish(post).remote_id != receipt.remote_id


def test_after_a_restore_it_is_found_by_its_key_alone(site: Any, tmp_path: Path, post: Any) -> None:
    receipt = made(site, tmp_path / "out").publish(post)
    guessed = changed(post, slug="something-else", title="Something else")
    assert made(site, tmp_path / "out").find(guessed, Known(frozen=False)) == made(site, tmp_path / "out").find(
        post, Known(receipt)
    )


BLOG = """
[channel.blog]
platform = "wordpress"
url = "{url}"
user = "admin"
password = "BLOG_PASSWORD"

[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["blog"]
late = "3h"
"""


def test_through_the_whole_of_steadycast_a_slot_is_served_once(
    bench: Bench, site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A title over the limit, code wider than the page, a picture; and the answer to its publication is lost."""
    monkeypatch.setenv("BLOG_PASSWORD", (site[1] / "password").read_text())
    proxy = CutProxy(int(site[0].rpartition(":")[2]))
    body = "![A lane](lane.png)\n\n> A quotation.\n\n```\n" + "word " * 60 + "\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    content: dict[str, str | bytes] = {
        "pgc/one.md": draft("A title that goes on " * 15, body=body),
        "pgc/lane.png": png(92, 122, 118, 1600, 900),
    }
    app = bench.set_up(COMMUNITY + BLOG.format(url=proxy.url), content)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 1)
    proxy.cut(r"POST .*/posts/\d+\?")
    assert [s.state for s in pipeline.publish(app).sent] == ["unknown"]
    bench.clock.advance(dt.timedelta(minutes=10))
    (seen,) = pipeline.verify(app, bench.clock.now()).sent
    assert seen.state == "seen"
    proxy.close()
    looks_as_it_should(seen.url, tmp_path)


def looks_as_it_should(url: str, shots: Path) -> None:
    """In a browser, narrow and wide: every picture is there, and the page does not scroll sideways."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        for width in (390, 1280):
            tab = browser.new_page(viewport={"width": width, "height": 1000})
            tab.goto(url)
            assert tab.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
            assert tab.evaluate("document.images.length") == 1
            assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            assert len(tab.inner_text("h1")) <= 200
            tab.screenshot(path=shots / f"wordpress-{width}.png", full_page=True)
        browser.close()
