"""The preview shows what each channel shows, made by its own adapter: without a far side, a secret, or a trace."""

from __future__ import annotations

import dataclasses
import re
import socket
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st
from pipeline_bench import COMMUNITY, EVENING, MORNING, SETTINGS, Bench, article
from platform_bench import PLATFORMS, channel, hostile, of_form, png

from steadycast import pipeline
from steadycast.pipeline.app import App
from steadycast.pipeline.drafts import find_draft, read
from steadycast.pipeline.live_preview import live_preview
from steadycast.pipeline.preview import place_of
from steadycast.pipeline.preview_frames import NoFarSide, Page
from steadycast.platform import Refused
from steadycast.platform.registry import load

CHANNELS = ("site", "feed", "mail", "wechat", "weibo", "far", "hook")
HOUSE = (
    COMMUNITY
    + f'[series.daily]\ntitle = "Daily"\nevery = "day at 20:00"\nchannels = {list(CHANNELS)}\n'
    + "".join(f'[channel.{name}]\nplatform = "{name}"\n' for name in CHANNELS if name not in ("mail", "hook"))
    + '[channel.mail]\nplatform = "mail"\nfrom = "house@readers.example"\nhost = "smtp.readers.example"\npassword = "NO_SUCH_SECRET"\n'
    + '[channel.hook]\nplatform = "hook"\nurl = "NO_SUCH_SECRET"\n'
)
BODY = 'Words **with** marks.\n\n![sea](sea.png "The sea at noon")\n\n![far](https://elsewhere.example/a.png)\n\n[a link](https://x.example/)'
POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"


@pytest.fixture
def house(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> App:
    """A desk of every kind of channel whose member's draft waits; any connection fails the test."""

    def refused(*_: Any) -> None:
        raise AssertionError("a preview connected")

    monkeypatch.setattr(socket.socket, "connect", refused)
    files: dict[str, str | bytes] = {"ugc/bob/1.md": article("The sea", body=BODY), "ugc/bob/sea.png": png(20, 90, 140)}
    return bench.set_up(HOUSE, files)


def page_of(made: Any, name: str) -> str:
    """What is framed of one channel."""
    return (made.page.parent / name).read_text(encoding="utf-8")


@pytest.mark.platforms("site", "feed", "mail", "wechat", "weibo")
def test_each_channel_is_shown_as_it_will_be(house: App) -> None:
    """The site's page in its own clothes, both halves of the letter, an item, the pasted text, what a program is sent."""
    made = pipeline.preview(house, "ugc/bob/1.md", now=MORNING)
    assert not made.problems
    assert set(made.counts) == set(CHANNELS)
    site, letter = page_of(made, "site/page.html"), page_of(made, "mail/letter.html")
    assert '<article class="piece"' in site
    assert "--paper: hsl(" in site, "its stylesheet is inside"
    assert 'role="presentation"' in letter
    assert '<p class="meta">Test readers · Bob' in page_of(made, "feed/item.html")
    assert 'style="' in page_of(made, "wechat/body.html")
    for page in (site, letter, page_of(made, "feed/item.html")):
        assert re.search("<figcaption[^>]*>The sea at noon</figcaption>", page)
    shown = made.page.read_text(encoding="utf-8")
    assert "Words with marks." in shown, "the letter's text"
    assert "【The sea】" in shown
    assert "&#34;title&#34;: &#34;The sea&#34;" in shown
    assert [int(width) for width in re.findall(r"--w: (\d+)\"><iframe", shown)] == [
        390,
        1280,
        600,
        600,
        390,
        414,
        390,
        600,
    ]


@pytest.mark.platforms("site", "wechat", "weibo")
def test_what_becomes_something_else_is_told(house: App) -> None:
    """While it is written: links at the end, and HTML that could run; a link that leads nowhere has its line."""
    pipeline.collect(house, MORNING)
    draft = read(house, (row := find_draft(house, "ugc/bob/1.md")).id, row.revision)
    assert draft
    more = "\n\n[elsewhere](other.md)\n\n<script>alert(1)</script>"
    seen = live_preview(house, dataclasses.replace(draft, body=draft.body + more), MORNING)
    became = {one.channel: one.shown.converted(seen.draft) for one in seen.channels if one.shown}
    assert became["site"] == {"code": 1}
    assert became["wechat"]["links"], "no link may lead out of an article there"
    assert became["far"] == {"code": 1}
    (nowhere,) = [problem for problem in seen.noticed if "other.md" in problem.message]
    assert nowhere.line


@pytest.mark.platforms("site", "feed", "mail", "wechat", "weibo")
def test_every_page_is_whole_and_loads_nothing(house: App) -> None:
    """Styles and pictures are inside it; its policy stands before all else, and every frame is a sandbox."""
    made = pipeline.preview(house, "ugc/bob/1.md", now=MORNING)
    frames = [file for file in made.page.parent.glob("*/*.html") if "kit" not in file.parts]
    assert len(frames) == 6
    for file in frames:
        text = file.read_text(encoding="utf-8")
        assert text.startswith(
            f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        )
        assert text.count("Content-Security-Policy") == 1
        assert not [address for address in re.findall(r'<(?:img|link|source|audio|video)\b[^>]*? (?:src|href|poster)="([^"]*)"', text)
                    if not address.startswith("data:image/")]  # fmt: skip
        assert "data:image/" in text
    tags = re.findall(r"<iframe[^>]*>", made.page.read_text(encoding="utf-8"))
    assert tags
    assert all(re.match(r'<iframe sandbox loading="lazy" src="[\w/]+\.html"', tag) for tag in tags)


@pytest.mark.platforms("site", "feed", "mail", "wechat", "weibo")
def test_a_preview_leaves_nothing_behind(house: App) -> None:
    """No row, no output, no file beside its own; and a draft that waits for an editor is shown all the same."""
    pipeline.collect(house, MORNING)
    before = [(row.id, row.state) for row in house.ledger.drafts()], house.ledger.deliveries()
    made = pipeline.preview(house, "ugc/bob/1.md", now=MORNING)
    (row,) = house.ledger.drafts()
    again = pipeline.preview(house, row.id, now=MORNING)
    assert set(made.counts) == set(again.counts) == set(CHANNELS)
    assert ([(row.id, row.state) for row in house.ledger.drafts()], house.ledger.deliveries()) == before
    assert not house.workspace.out.exists()
    assert not [file for file in house.workspace.cache.iterdir() if file.is_dir() and file.name.startswith("tmp")]


@pytest.mark.platforms("site", "feed", "mail", "wechat", "weibo")
def test_an_adapter_that_asks_is_refused(bench: Bench) -> None:
    """What is wrong with a channel's view is that channel's problem; the others are shown."""
    app = bench.set_up(HOUSE, {"pgc/1.md": article("One")})
    source = bench.root / "channels/far/adapter.py"
    text = source.read_text(encoding="utf-8")
    for asking in ('self.channel.http.request("GET", "https://far.example/")', 'self.channel.secret("key")'):
        source.write_text(f"{text}\n    def views(self, post):\n        {asking}\n", encoding="utf-8")
        made = pipeline.preview(bench.open(), "pgc/1.md", now=MORNING)
        assert [problem.channel for problem in made.problems] == ["far"]
        assert set(made.counts) == set(CHANNELS) - {"far"}
    assert app.ledger.deliveries() == []


@pytest.mark.every_platform
@pytest.mark.parametrize("name", [name for name in sorted(PLATFORMS) if hasattr(load(PLATFORMS[name]), "views")])
def test_what_a_platform_shows_is_made_without_its_far_side(name: Any, tmp_path: Path) -> None:
    """Of every form it takes, and of words that would be markup: pages and words, nothing that runs, nothing outside."""
    spec = PLATFORMS[name]
    for number, form in enumerate(spec.forms, 1):
        needed: dict[str, Any] = {
            s.name: "probe@hu.example" for s in spec.settings.values() if s.required and not s.secret
        }
        posts = (of_form(form, tmp_path / "in", number), hostile(tmp_path / "in", number, form=form))
        for out, post in ((tmp_path / f"{form}-{n}", post) for n, post in enumerate(posts)):
            far = NoFarSide(name)
            made = dataclasses.replace(channel(name, out, http=far, **needed), secret=far.secret)
            try:
                views = list(cast("Any", load(spec)(made)).views(post))
            except Refused as refused:
                assert "sends nothing" not in refused.message  # noqa: PT017  hostile() has no event, no sound
                assert "no secret" not in refused.message  # noqa: PT017
                continue
            assert views
            assert all(view.html or view.text or view.file for view in views)
            for view in (view for view in views if view.html):
                html = Page(view.base or out, out).contained(view.html)
                assert "<script>alert" not in html
                assert "media:" not in html.replace("-media:", "")


# A page made whole


@given(address=st.text(alphabet="./\\%2eEfFaA:?#&;", max_size=40) | st.text(max_size=40))
@examples(200)
def test_no_address_reaches_out_of_its_folder(address: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "contained"
    (folder / "in").mkdir(parents=True, exist_ok=True)
    (folder / "a.png").write_bytes(b"outside")
    html = Page(folder / "in", folder / "in").contained(
        f'<img src="{address.replace(chr(34), "")}"> <link rel="stylesheet" href="../a.png">'
    )
    assert "b3V0c2lkZQ" not in html
    assert "outside" not in html


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(b"outside")
    (folder / "a.png").symlink_to(tmp_path / "secret.png")
    assert Page(folder, folder).contained('<img src="a.png" alt="a">').endswith('<img alt="a">')


def test_links_lead_nowhere_but_within(tmp_path: Path) -> None:
    """A sandbox opens no window; a file of the page's own site is not there; a footnote is."""
    made = Page(tmp_path, tmp_path).contained(
        '<a href="#fn1">1</a><a class="x" href="../index.html">home</a><a href="https://x.example/">x</a><a href="javascript:y">y</a>'
    )
    assert made.endswith(
        '<a href="#fn1">1</a><a class="x">home</a><a target="_blank" rel="noopener noreferrer" href="https://x.example/">x</a><a>y</a>'
    )


def test_words_that_look_like_a_page_stay(tmp_path: Path) -> None:
    """Code that shows a tag is words: its quotation marks are not escaped, its brackets are."""
    code = '<code>&lt;img src="a.png"&gt; &lt;a href="b"&gt;</code>'
    assert Page(tmp_path, tmp_path).contained(code).endswith(code)


def test_a_page_carries_so_much_and_no_more(tmp_path: Path) -> None:
    """A draft of a thousand pictures does not make a page of a gigabyte."""
    (tmp_path / "a.png").write_bytes(b"x" * 700)
    html = Page(tmp_path, tmp_path, left=1500).contained('<img src="a.png">' * 5)
    assert html.count("data:image/png") == 2
    assert html.count("<img>") == 3


# In a browser


@pytest.mark.parallel
@pytest.mark.live
def test_a_browser_shows_every_frame_and_asks_for_nothing(house: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the browser is spoken to by a socket
    from playwright.sync_api import sync_playwright

    made = pipeline.preview(house, "ugc/bob/1.md", now=MORNING)
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        for width in (1280, 390):
            page = opened.new_page(viewport={"width": width, "height": 900})
            asked: list[str] = []
            page.on("request", partial(lambda asked, request: asked.append(request.url), asked))
            page.goto(made.page.as_uri())
            for frame in page.query_selector_all("iframe"):
                frame.scroll_into_view_if_needed()
            page.wait_for_timeout(300)
            folder = made.page.parent.as_uri()
            assert not [url for url in asked if not url.startswith((folder, "data:"))]
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            for shown in page.frames[1:]:
                assert shown.evaluate("document.body.innerText.includes('The sea')")
                assert shown.evaluate("[...document.images].some(one => one.naturalWidth > 0)"), shown.url
                assert shown.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, shown.url
            page.close()
        opened.close()


def test_a_preview_names_the_hour_that_is_planned_and_makes_none_up(bench: Bench) -> None:
    app = bench.set_up(SETTINGS, {"pgc/1.md": article("Soon")})
    pipeline.collect(app, MORNING)
    row = find_draft(app, "pgc/1.md")
    draft = read(app, row.id, row.revision)
    assert draft is not None
    assert place_of(app, draft, "far", MORNING).slot == "daily@YYYY-MM-DDTHH:MM"
    (first, *_) = pipeline.plan(app, MORNING).slots
    place = place_of(app, draft, "far", MORNING)
    assert (place.slot, place.at) == (first.slot, EVENING)
