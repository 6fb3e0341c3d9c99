"""Ghost itself: what the fake says of it is true, and a post is there once, whatever happens on the way."""

from __future__ import annotations

import datetime as dt
import html
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from cut_proxy import CutProxy
from pipeline_bench import COMMUNITY, Bench
from pipeline_bench import article as draft
from platform_bench import PLATFORMS, ROOT, adapter, article, audio, changed, event, hostile, media, png, video

from steadycast import pipeline
from steadycast.outgoing import HttpClient
from steadycast.platform import Account, Busy, Known, Refused, Unknown
from steadycast.platform.registry import load
from steadycast.testing import FakeServer, Reply, Request

pytestmark = [pytest.mark.live, pytest.mark.parallel]
SCRIPT = ROOT / "tests" / "ghost.sh"
CONTENT = import_module(f"{load(PLATFORMS['ghost']).__module__}.content")


class Mailgun(FakeServer):
    """What takes a site's newsletters in the place of Mailgun: it says that it has them, and of no events."""

    def handle(self, request: Request) -> Reply:
        sent = request.method == "POST" and request.path == "/v3/example.test/messages"
        return Reply(200, {"id": "<1@example.test>", "message": "Queued."} if sent else {"items": [], "paging": {}})

    def letters(self, wait: float = 0.0) -> list[Any]:
        """The forms of the letters, once there is one or so many seconds have gone by."""
        until = time.monotonic() + wait
        while True:
            sent = [request.form() for request in self.requests if request.path.endswith("/messages")]
            if sent or time.monotonic() > until:
                return sent
            time.sleep(0.2)


@pytest.fixture(scope="module")
def mailgun() -> Iterator[Any]:
    with Mailgun() as running:
        yield running


@pytest.fixture(scope="module")
def site(mailgun: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """(address, folder): a new site, which ends with this module's tests."""
    folder = tmp_path_factory.mktemp("ghost")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ports = (str(port), mailgun.url.rpartition(":")[2])
    subprocess.run(["bash", SCRIPT, "start", folder, *ports], check=True, timeout=600)
    yield f"http://127.0.0.1:{port}", folder
    subprocess.run(["bash", SCRIPT, "stop", folder], check=True, timeout=30)


def made(site: Any, out: Any, *, key: Any = None, url: Any = None, **settings: Any) -> Any:
    secret = key or (site[1] / "key").read_text()
    http = HttpClient("blog", deadline=60.0)
    return adapter("ghost", out, secrets={"key": secret}, http=http, url=url or site[0], **settings)


def page(url: str) -> str:
    """What a reader's browser gets."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode()


NUMBERS = iter(range(1000, 2000))


@pytest.fixture
def post(tmp_path: Path) -> Any:
    """A post that nobody has sent yet, with pictures of its own."""
    number = next(NUMBERS)
    picture = media(tmp_path / "in", "image", "lane.png", "image/png", png(92, 122, number % 256), alt="弄堂口的书摊")
    cover = media(tmp_path / "in", "cover", "cover.png", "image/png", png(201, 162, number % 256), alt="书摊 & 猫")
    given = article(tmp_path / "in", number)
    body = given.html.replace(given.of("image")[0].sha256, picture.sha256)
    return changed(given, media=(cover, picture), html=body, title=f"弄堂 & 书摊 <{number}>")


def rows(site: Any, out: Any, key: str) -> Any:
    """Every post of that key that the site has, in any state, with its tags and its letter."""
    asked = {"filter": f"tags.name:'#steadycast-{key}'", "include": "tags,email", "formats": "html", "limit": 100}
    return made(site, out).api.http.request("GET", "posts/", params=asked).json()["posts"]


def states(site: Any, out: Any, key: str) -> Any:
    return [(row["slug"], row["status"]) for row in rows(site, out, key)]


def test_published_and_published_again_it_is_one_post_that_readers_see(site: Any, tmp_path: Path, post: Any) -> None:
    post = changed(post, canonical_url="https://hu.example/p/1.html")
    first = made(site, tmp_path / "out", tags=["每日一文"]).publish(post)
    assert made(site, tmp_path / "out").publish(post) == first
    assert states(site, tmp_path / "out", post.key) == [(f"nong-tang-{post.key}", "published")]
    shown = page(first.url)
    assert f">{html.escape(post.title, quote=False)}</h1>" in shown
    assert '<link rel="canonical" href="https://hu.example/p/1.html">' in shown
    assert post.summary in shown
    assert 'alt="书摊 &amp; 猫"' in shown
    (row,) = rows(site, tmp_path / "out", post.key)
    assert [tag["name"] for tag in row["tags"]] == ["每日一文", *post.tags, f"#steadycast-{post.key}"]
    assert f"steadycast-{post.key}" not in re.sub(r'class="[^"]*"', "", shown)
    for address in (*re.findall(r'<img[^>]+src="([^"]+content/images[^"]+)"', row["html"]), row["feature_image"]):
        with urllib.request.urlopen(address, timeout=60) as picture:
            assert picture.read(4) == b"\x89PNG"
    assert first.at == post.published
    assert made(site, tmp_path / "out").find(post, Known()) == made(site, tmp_path / "out").find(post, Known(first))


def test_every_form_is_taken(site: Any, tmp_path: Path) -> None:
    paper = media(tmp_path / "in", "attachment", "plan.pdf", "application/pdf", b"%PDF-1.4 the plan")
    sheet = media(tmp_path / "in", "attachment", "names.csv", "text/csv", b"name\nA\n")
    meeting = event(tmp_path / "in", next(NUMBERS), media=(paper, sheet))
    shown = page(made(site, tmp_path / "out").publish(meeting).url)
    assert "上海图书馆东馆" in shown
    assert re.search(r'<a class="kg-file-card-container" href="[^"]+/content/files/[^"]+\.pdf"', shown)
    assert "names.csv" in shown
    shown = page(made(site, tmp_path / "out").publish(audio(tmp_path / "in", next(NUMBERS), title="R&D <1>")).url)
    assert re.search(r'<audio src="[^"]+/content/media/[^"]+\.mp3"', shown)
    assert '<div class="kg-audio-title">R＆D ＜1＞</div>' in shown
    shown = page(made(site, tmp_path / "out").publish(video(tmp_path / "in", next(NUMBERS))).url)
    assert re.search(r'<video src="[^"]+/content/media/[^"]+\.mp4"', shown)
    assert re.search(r'kg-video-card[^>]+data-kg-thumbnail="[^"]+/content/images/', shown)


@pytest.mark.parametrize(
    "request_line",
    [r"POST .*/images/upload/", r"POST .*/posts/\?", r"PUT .*/posts/"],
    ids=["a picture", "the draft", "the publication"],
)
def test_an_answer_cut_after_it_was_accepted_makes_no_second_of_anything(
    site: Any, tmp_path: Path, post: Any, request_line: Any
) -> None:
    proxy = CutProxy(int(site[0].rpartition(":")[2]))
    proxy.cut(request_line)
    with pytest.raises((Busy, Unknown)) as lost:
        made(site, tmp_path / "out", url=proxy.url).publish(post)
    assert len(proxy.cuts) == 1
    assert isinstance(lost.value, Unknown) == request_line.startswith("PUT")
    receipt = made(site, tmp_path / "out", url=proxy.url).publish(post)
    proxy.close()
    assert states(site, tmp_path / "out", post.key) == [(f"nong-tang-{post.key}", "published")]
    for file in post.media:
        assert [f.name for f in (site[1] / "content" / "images").rglob(f"{file.sha256[:32]}*")] == [
            f"{file.sha256[:32]}.png"
        ]
    assert post.key in receipt.url


def test_a_wrong_key_publishes_nothing_and_says_so(site: Any, tmp_path: Path, post: Any) -> None:
    id, _, secret = (site[1] / "key").read_text().partition(":")
    for wrong in (f"{id}:{secret[::-1]}", f"{id[::-1]}:{secret}"):
        sending = made(site, tmp_path / "out", key=wrong)
        for verb in (sending.check, lambda: sending.publish(post), lambda: sending.find(post, Known())):
            with pytest.raises(Refused, match="does not know this key"):
                verb()
    with pytest.raises(Refused, match="no Admin API key"):
        made(site, tmp_path / "out", key="52f0d3917736a3aedba2eb3d57").check()
    assert states(site, tmp_path / "out", post.key) == []


def test_a_token_that_is_too_old_is_told_as_a_clock(site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = import_module(f"{load(PLATFORMS['ghost']).__module__}.api")
    now = api.time.time()
    monkeypatch.setattr(api.time, "time", lambda: now - 1000)
    with pytest.raises(Busy, match="clock is"):
        made(site, tmp_path / "out").check()


def test_an_address_where_no_ghost_answers_is_told(site: Any, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no Ghost answers there"):
        made(site, tmp_path / "out", url=f"{site[0]}/elsewhere").check()


def test_check_says_which_site_and_a_contributor_may_not(site: Any, tmp_path: Path, post: Any) -> None:
    account = made(site, tmp_path / "out").check()
    assert account == Account("Steadycast test (Ghost 6.65)", ("publish posts, as Admin Integration",))
    low = made(site, tmp_path / "out", key=(site[1] / "contributor").read_text())
    with pytest.raises(Refused, match="Contributor may not publish, as a Contributor"):
        low.check()
    with pytest.raises(Refused, match="may not do that"):
        low.publish(post)
    assert "published" not in dict(states(site, tmp_path / "out", post.key)).values()


def test_what_the_site_does_not_take_is_refused_in_its_words(site: Any, tmp_path: Path, post: Any) -> None:
    sending = made(site, tmp_path / "out")
    program = media(tmp_path / "in", "attachment", "a.exe", "application/x-msdownload", b"MZ program")
    with pytest.raises(Refused, match="not supported"):
        sending.publish(changed(post, media=(*post.media, program)))
    with pytest.raises(Refused, match=r"posts\.title\] exceeds maximum length of 255 characters"):
        sending.publish(changed(post, title="字" * 256))
    assert states(site, tmp_path / "out", post.key) == []
    assert sending.publish(changed(post, title="😀" * 255)).url


def test_an_edit_stays_at_its_address_and_may_be_made_again(site: Any, tmp_path: Path, post: Any) -> None:
    sending = made(site, tmp_path / "out")
    receipt = sending.publish(post)
    edited = changed(post, title="改过", html="<p>新的 {{title}}</p>", media=())
    there = sending.revise(edited, Known(receipt))
    assert (there.remote_id, there.url, there.at) == (receipt.remote_id, receipt.url, receipt.at)
    assert sending.revise(edited, Known(receipt)) == there  # as if its answer had been lost
    assert "<p>新的 {{title}}</p>" in page(receipt.url)
    assert sending.revise(changed(edited, title="又改过"), Known(there)).url == receipt.url


def test_what_somebody_edited_in_the_meantime_is_told_and_stays(site: Any, tmp_path: Path, post: Any) -> None:
    sending = made(site, tmp_path / "out")
    receipt = sending.publish(post)
    row = sending.api.rows(f"id:'{receipt.remote_id}'")[0]
    time.sleep(1.1)  # it counts whole seconds
    sending.api.save({"title": "a person's own words"}, row["id"], row["updated_at"])
    edited = changed(post, title="改过")
    with pytest.raises(Refused, match="somebody edited this post in Ghost"):
        sending.revise(edited, Known(receipt))
    assert "a person&#x27;s own words" in page(receipt.url)
    sending.revise(changed(edited, extra={"overwrite": True}), Known(receipt))
    assert "改过</h1>" in page(receipt.url)


def test_withdrawn_twice_it_is_a_draft_and_can_be_published_again(site: Any, tmp_path: Path, post: Any) -> None:
    sending = made(site, tmp_path / "out")
    receipt = sending.publish(post)
    for known in (Known(receipt), Known(receipt), Known()):
        sending.withdraw(post, known)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        page(receipt.url)
    assert sending.find(post, Known(receipt)) is sending.find(post, Known()) is None
    assert (sending.publish(post).remote_id, states(site, tmp_path / "out", post.key)) == (
        receipt.remote_id,
        [(f"nong-tang-{post.key}", "published")],
    )


def test_a_newsletter_reaches_its_readers_once_with_the_publication(
    site: Any, tmp_path: Path, post: Any, mailgun: Any
) -> None:
    out, slug = tmp_path / "out", "default-newsletter"
    with pytest.raises(Refused, match="no newsletter called weekly; there are: default-newsletter"):
        made(site, out, newsletter="weekly").publish(post)
    assert states(site, out, post.key) == []
    proxy = CutProxy(int(site[0].rpartition(":")[2]))
    sending = made(site, out, url=proxy.url, newsletter=slug, email_segment="status:free")
    assert sending.check().name == "Steadycast test (Ghost 6.65)"
    letter = sending.api.http.request("GET", "newsletters/").json()["newsletters"][0]
    reader = {"email": "reader@example.test", "newsletters": [{"id": letter["id"]}]}
    sending.api.http.request("POST", "members/", json={"members": [reader]})
    proxy.cut(r"PUT .*/posts/")
    with pytest.raises(Unknown):
        sending.publish(post)
    receipt = sending.publish(post)
    proxy.close()
    (row,) = rows(site, out, post.key)
    (sent,) = mailgun.letters(wait=30)
    assert (sent["to"], sent["subject"], row["email"]["recipient_filter"]) == (
        reader["email"],
        post.title,
        "status:free",
    )
    assert "<table" in sent["html"]
    assert "白相" in html.unescape(sent["html"])
    (tmp_path / "letter.html").write_text(sent["html"], encoding="utf-8")
    sending = made(site, out, newsletter=slug)
    sending.revise(changed(post, title="改过"), Known(receipt))
    sending.withdraw(post, Known(receipt))
    sending.publish(post)
    sending.publish(quiet := changed(article(tmp_path / "in", next(NUMBERS)), extra={"newsletter": False}))
    assert rows(site, out, quiet.key)[0]["email"] is None
    assert rows(site, out, post.key)[0]["email"]["id"] == row["email"]["id"]
    assert len(mailgun.letters()) == 1


# What its editor keeps

BODY = (
    "<p>一 <strong>b</strong> <em>i</em> <a href='https://e.example/?a=1&amp;b=2'>a</a> <code>c</code> <del>d</del> <u>u</u>"
    " x<sup>2</sup> <span>x<sub>3</sub></span> <span>m</span> <mark>mark</mark> <kbd>K</kbd></p>"
    "<h2 id='h-a'>二</h2><ul>\n<li>\n<p>a</p>\n</li>\n<li>b\n<ul>\n<li>c</li>\n</ul>\n</li>\n</ul>"
    "<ol><li><p>one</p><p>more</p></li></ol><ul><li><input type='checkbox' checked='' disabled=''> done</li></ul>"
    "<blockquote>\n<p>q</p>\n<p>r</p>\n</blockquote><pre><code class='language-python'><span class='k'>for</span> &lt;x&gt;\n</code></pre>"
    "<details><summary>s</summary>\n<p>inside</p>\n</details><table><tr><th>t</th></tr></table><hr><p><ruby>沪<rt>wu</rt></ruby></p>"
    "<p>See<sup class='footnote-ref'><a href='#fn-1' id='fnref-1'>1</a></sup> and <a href='#h-a'>above</a>.</p>"
    "loose &lt;script&gt;alert(1)&lt;/script&gt; <b>words</b>"
    "<section class='footnotes'>\n<ol>\n<li id='fn-1'>\n<p>note <a href='#fnref-1'>↩</a></p>\n</li>\n</ol>\n</section>"
).replace("'", '"')


def words(shown: str) -> str:
    return "".join(html.unescape(re.sub(r"<[^>]*>", "", shown)).split())


def test_nothing_of_a_body_is_lost_or_comes_alive(site: Any, tmp_path: Path, post: Any) -> None:
    receipt = made(site, tmp_path / "out").publish(changed(post, html=BODY, media=()))
    (row,) = rows(site, tmp_path / "out", post.key)
    there = row["html"]
    assert words(there) == post.member_title + words(BODY)
    for kept in (
        *("<s>d</s>", "<mark>mark</mark>", "<kbd>K</kbd>", "<u>u</u>", "<ruby>沪<rt>wu</rt></ruby>", "<p>more</p>"),
        *('<code class="language-python">for &lt;x&gt;', 'type="checkbox"', "<details><summary>s</summary>"),
        *("<li>b<ul><li>c</li></ul></li>", 'id="fnref-1"', '<li id="fn-1">', '<h2 id="h-a">二</h2>'),
        "&lt;script&gt;alert(1)&lt;/script&gt; <strong>words</strong>",
    ):
        assert kept in there, kept
    assert "<script>alert" not in page(receipt.url)


def test_no_word_of_a_draft_comes_alive(site: Any, tmp_path: Path) -> None:
    post = changed(hostile(tmp_path / "in", next(NUMBERS)), media=())
    receipt = made(site, tmp_path / "out").publish(post)
    (row,) = rows(site, tmp_path / "out", post.key)
    assert row["canonical_url"] is None
    assert row["title"] == post.title
    assert "<script>alert" not in page(receipt.url)
    assert "49" not in words(page(receipt.url).partition("<h1")[2].partition("</h1>")[0])


BLOG = """
[channel.blog]
platform = "ghost"
url = "{url}"
key = "BLOG_KEY"

[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["blog"]
late = "3h"
"""


def test_through_the_whole_of_steadycast_a_slot_is_served_once(
    bench: Bench, site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code and a table wider than the page, a picture, a footnote; and the answer to its publication is lost."""
    monkeypatch.setenv("BLOG_KEY", (site[1] / "key").read_text())
    proxy = CutProxy(int(site[0].rpartition(":")[2]))
    wide = "|".join(["a cell"] * 20)
    body = (
        "![A lane](lane.png)\n\n> A quotation.\n\n- one\n- two\n\n```python\n"
        + "word " * 60
        + f"\n```\n\n|{wide}|\n|{'---|' * 20}\n|{wide}|\n\nWith a note[^1].\n\n[^1]: The note."
    )
    content: dict[str, str | bytes] = {
        "pgc/one.md": draft("A title that goes on " * 10, body=body),
        "pgc/lane.png": png(92, 122, 118, 1600, 900),
    }
    app = bench.set_up(COMMUNITY + BLOG.format(url=proxy.url), content)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 1)
    proxy.cut(r"PUT .*/posts/")
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
        only = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", only]
        )
        for width in (390, 1280):
            tab = browser.new_page(viewport={"width": width, "height": 1000})
            tab.goto(url, wait_until="load")
            pictures = tab.locator(".gh-content img")
            assert pictures.count() == 1
            pictures.scroll_into_view_if_needed()
            tab.wait_for_function(
                "[...document.querySelectorAll('.gh-content img')].every(i => i.complete && i.naturalWidth)"
            )
            assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            assert tab.evaluate("document.querySelector('#fn-1').closest('.gh-content') !== null")
            tab.screenshot(path=shots / f"ghost-{width}.png", full_page=True)
        browser.close()
