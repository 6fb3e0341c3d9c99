"""The site platform: pages that work from any folder, archives that stay put, words that stay words."""

from __future__ import annotations

import colorsys
import dataclasses
import datetime as dt
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_bench import PLATFORMS, adapter, article, audio, channel, event, held, key, opened, video

from steadycast.platform import Event, Post, Receipt
from steadycast.platform.registry import load


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]

    def links(self) -> list[str]:
        return [a[n] for _, a in self.tags for n in ("href", "src", "poster") if a.get(n)]


def publish(out: Path, *posts: Post, **settings: int | str) -> list[Receipt]:
    site = adapter("site", out, **settings)
    return [site.publish(post) for post in posts]


def page(out: Path, name: str) -> str:
    return (out / name).read_text(encoding="utf-8")


def linked(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_sample(tmp_path: Path) -> None:
    publish(
        tmp_path / "out",
        audio(tmp_path / "in"),
        event(tmp_path / "in"),
        article(tmp_path / "in"),
        url="https://hu.example",
    )
    held("site", "article.html", (tmp_path / "out/notes/2026-11-02-2000.html").read_bytes())
    held("site", "index.html", (tmp_path / "out/index.html").read_bytes())


def test_every_link_of_every_page_leads_to_a_file_beside_it(tmp_path: Path) -> None:
    """So that the site works from any address, and from the disk."""
    out = tmp_path / "out"
    posts = [article(tmp_path / "in", n, tags=("沪语", "AI/ML", "Ai", "..", "a b")) for n in range(1, 8)]
    posts += [audio(tmp_path / "in", 20), video(tmp_path / "in", 21), event(tmp_path / "in", 22)]
    site = adapter("site", out, page_size=2)
    dataclasses.replace(site.channel, site_url="")
    for post in posts:
        site.publish(post)
    seen = 0
    for file in out.rglob("*.html"):
        if file.name == "404.html":
            continue
        for link in Page(file.read_text()).links():
            if urlsplit(link).scheme or link.startswith("#"):
                continue
            assert (file.parent / unquote(link.partition("#")[0])).resolve().is_file(), f"{file.name}: {link}"
            seen += 1
    assert seen > 200


def test_no_page_runs_or_loads_anything_foreign(tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish(out, video(tmp_path / "in"), audio(tmp_path / "in"), article(tmp_path / "in"), url="https://hu.example")
    for file in out.rglob("*.html"):
        told = Page(file.read_text())
        policy = next(m["content"] for m in told.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert all(s.get("type") == "application/ld+json" for s in told.all("script"))
        assert not told.all("style")
        assert not [a for _, a in told.tags if "style" in a]
    assert len((out / "style.css").read_bytes()) < 20_000
    assert "url(" not in page(out, "style.css")


@pytest.mark.parametrize(
    ("make", "kind", "must"),
    [
        (article, "BlogPosting", ("headline", "datePublished", "author", "image")),
        (audio, "PodcastEpisode", ("name", "duration", "associatedMedia", "partOfSeries")),
        (video, "VideoObject", ("name", "uploadDate", "thumbnailUrl", "contentUrl")),
        (event, "Event", ("name", "startDate", "endDate", "location", "organizer")),
    ],
)
def test_search_engines_are_told_what_a_page_is(
    tmp_path: Path, make: Callable[..., Any], kind: str, must: tuple[str, ...]
) -> None:
    receipt = publish(tmp_path / "out", make(tmp_path / "in"), url="https://hu.example")[0]
    told = linked(page(tmp_path / "out", receipt.remote_id))
    assert told["@type"] == kind
    assert all(told.get(name) for name in must)
    assert told["url"].startswith("https://")


def test_shared_links_show_title_picture_and_address(tmp_path: Path) -> None:
    publish(tmp_path / "out", article(tmp_path / "in"), url="https://hu.example/club/")
    told = {
        m["property"]: m["content"]
        for m in Page(page(tmp_path / "out", "notes/2026-11-02-2000.html")).all("meta")
        if "property" in m
    }
    assert told["og:title"] == "弄堂口的书摊"
    assert told["og:url"] == "https://hu.example/club/notes/2026-11-02-2000.html"
    assert told["og:image"].startswith("https://hu.example/club/media/")
    assert told["og:locale"] == "zh_CN"
    assert "Sitemap: https://hu.example/club/sitemap.xml" in page(tmp_path / "out", "robots.txt")
    assert 'href="/club/style.css"' in page(tmp_path / "out", "404.html")


def test_players_for_sound_and_film_and_a_leaf_for_an_event(tmp_path: Path) -> None:
    out = tmp_path / "out"
    a, v, e = (
        r.remote_id for r in publish(out, audio(tmp_path / "in"), video(tmp_path / "in"), event(tmp_path / "in"))
    )
    assert Page(page(out, a)).all("audio")[0]["src"].endswith(".mp3")
    film = Page(page(out, v)).all("video")[0]
    assert film["src"].endswith(".mp4")
    assert film["poster"].endswith(".png")
    assert "2026年12月5日 周六 14:00\u2060–\u206016:00" in page(out, e)
    assert "上海图书馆东馆" in page(out, "events.html")


@pytest.mark.parametrize(
    ("days", "said"),
    [(1, "2026年12月12日 周六</time>"), (2, "2026年12月12日 周六\u2060–\u206012月13日 周日</time>")],
)
def test_an_all_day_event_says_its_days(tmp_path: Path, days: int, said: str) -> None:
    start = dt.datetime(2026, 12, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    shown = event(tmp_path / "in", event=Event(start, start + dt.timedelta(days=days), all_day=True))
    (made,) = publish(tmp_path / "out", shown)
    for name in (made.remote_id, "events.html"):
        assert f'<time datetime="2026-12-12">{said}' in page(tmp_path / "out", name)
    told = linked(page(tmp_path / "out", made.remote_id))
    assert (told["startDate"], told["endDate"]) == ("2026-12-12", f"2026-12-{11 + days}")


def test_an_event_announced_twice_is_listed_once(tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish(out, event(tmp_path / "in", 80), event(tmp_path / "in", 81, slot="reading@2026-12-04T14:00"))
    assert page(out, "events.html").count('class="occasion"') == 1
    assert page(out, "index.html").count('class="occasion"') == 1


def test_the_community_says_what_it_is_about_where_the_channel_does_not(tmp_path: Path) -> None:
    for own, shown in (("", "用上海话读书。"), ("读书，也读闲话。", "读书，也读闲话。")):
        made = dataclasses.replace(channel("site", tmp_path / (own or "out"), about=own), about="用上海话读书。")
        opened(made).publish(article(tmp_path / "in"))
        assert f'<p class="about">{shown}</p>' in page(made.out, "index.html")


@pytest.mark.parametrize("hue", range(0, 360, 8))
def test_words_stand_out_from_their_paper_in_every_colour(tmp_path: Path, hue: int) -> None:
    """4.5 to 1 for text and code, 3 to 1 for the large letter of the seal: WCAG 2.2, level AA."""
    made = channel("site", tmp_path / "out")
    css = made.render("style.css.j2", site={"hue": hue}, words={})
    for sheet in (css, css.partition("(prefers-color-scheme: dark)")[2]):
        told = re.findall(r"--(\w+): hsl\((var\(--h\)|\d+), (\d+)%, (\d+)%\)", sheet)
        colours: dict[str, float] = {}
        for name, h, *rest in told:
            colours.setdefault(name, luminance(hue if h.startswith("var") else int(h), *map(int, rest)))
        for name in ("ink", "soft", "mark", "string", "number"):
            for paper in ("paper", "tint"):
                assert contrast(colours[name], colours[paper]) >= 4.5, (name, paper)
        assert contrast(colours["seal"], 1.0) >= 3


def luminance(hue: int, saturation: int, lightness: int) -> float:
    """Relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    rgb = colorsys.hls_to_rgb(hue / 360, lightness / 100, saturation / 100)
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_no_rule_of_the_pages_undoes_the_alignment_of_a_column(tmp_path: Path) -> None:
    publish(tmp_path / "out", article(tmp_path / "in"))
    rules = re.findall(
        r"^\.body [^{]*t[hd][^{]*\{[^}]*text-align[^}]*\}", page(tmp_path / "out", "style.css"), re.MULTILINE
    )
    assert rules
    assert all(":not([align])" in rule for rule in rules)


def test_another_language_and_another_colour(tmp_path: Path) -> None:
    told = dataclasses.replace(channel("site", tmp_path / "out", hue=200), language="en", community="Reading Circle")
    where = opened(told).publish(article(tmp_path / "in", language="en"))
    assert "2 Nov 2026" in page(tmp_path / "out", "index.html")
    assert "--h: 200;" in page(tmp_path / "out", "style.css")
    assert '<html lang="en">' in page(tmp_path / "out", "index.html")
    assert re.search(r">\w{3}, \d+ Nov 2026</time>", page(tmp_path / "out", where.remote_id))
    assert ">1 post<" in page(tmp_path / "out", "all.html")


def test_feeds_and_calendar_are_announced_where_they_are_set(tmp_path: Path) -> None:
    publish(tmp_path / "a", event(tmp_path / "in"))
    assert 'rel="alternate"' not in page(tmp_path / "a", "index.html")
    wanted = {
        "feed": "https://hu.example/feed/",
        "podcast": "https://hu.example/pod/feed.xml",
        "calendar": "https://hu.example/c.ics",
    }
    publish(tmp_path / "b", event(tmp_path / "in"), **wanted)
    types = [
        link["type"] for link in Page(page(tmp_path / "b", "index.html")).all("link") if link["rel"] == "alternate"
    ]
    assert types == ["application/rss+xml", "application/atom+xml", "application/feed+json", "application/rss+xml"]
    assert "https://hu.example/c.ics" in page(tmp_path / "b", "events.html")


@given(total=st.integers(0, 60), size=st.integers(1, 9))
def test_archives_hold_each_post_once_and_never_change_behind_the_newest(total: int, size: int) -> None:
    """Cut from the oldest on: one more post changes at most the two newest archive pages."""
    load(PLATFORMS["site"])
    import sys

    listings = sys.modules["steadycast_channel_site.listings"]

    def archives(n: Any) -> Any:
        listing, posts = listings.Listing("all", "", n), [key(i) for i in range(n)]
        pages = [(number, listing.part(number, size)) for number in range(listing.last(size) + 1)]
        return {
            listing.path(number, size): (posts[slice(*part)], *reversed(listing.beside(number, size)))
            for number, part in pages
        }

    before, after = archives(total), archives(total + 1)
    told = listings.Listing("all", "", total + 1)
    touched = {told.path(number, size) for number in told.touched(size, total, ())}
    assert {path for path, now in after.items() if before.get(path) != now} <= touched
    assert len(touched) <= 3
    cut = {path: told for path, told in before.items() if path != "all.html"}
    if total > size:
        assert sorted(k for keys, _, _ in cut.values() for k in keys) == sorted(key(i) for i in range(total))
        assert len([path for path in cut if after[path] != before[path]]) <= 2
    else:
        assert not cut
    for _, older, newer in before.values():
        assert all(not link or link in before for link in (older, newer))


def test_a_cover_that_the_text_shows_anyway_is_not_shown_twice(tmp_path: Path) -> None:
    """As with `cover: images/a.png` over a text that has that picture: lists keep it, the page opens with the text."""
    post = article(tmp_path / "in")
    same = tuple(dataclasses.replace(m, ref="images/lane.png") for m in post.media)
    publish(tmp_path / "a", post)
    publish(tmp_path / "b", dataclasses.replace(post, media=same))
    assert len(Page(page(tmp_path / "a", "notes/2026-11-02-2000.html")).all("img")) == 2
    assert len(Page(page(tmp_path / "b", "notes/2026-11-02-2000.html")).all("img")) == 1
    assert len(Page(page(tmp_path / "b", "all.html")).all("img")) == 1


FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.mark.parallel
@pytest.mark.live
def test_in_chromium_emphasis_leans_in_latin_letters_and_not_in_han(tmp_path: Path) -> None:
    """On a Chinese site too, where a font of Han would have drawn the letters upright."""
    sync_api = pytest.importorskip("playwright.sync_api")
    html = "<p>读<em>The Old Man and the Sea</em>，再读<em>老人与海</em>。</p>"
    (receipt,) = publish(tmp_path / "out", article(tmp_path / "in", html=html))
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        shown = browser.new_context(bypass_csp=True).new_page()
        shown.goto((tmp_path / "out" / receipt.remote_id).as_uri())
        words = shown.locator(".body em").all()
        leaning = [each.screenshot() for each in words]
        shown.add_style_tag(content=".body em { font-style: normal !important; }")
        upright = [each.screenshot() for each in words]
        browser.close()
    assert [a == b for a, b in zip(leaning, upright, strict=True)] == [False, True]


@pytest.mark.parallel
@pytest.mark.live
def test_in_chromium_notes_and_boxes_hold_their_lines(tmp_path: Path) -> None:
    """No line begins with a footnote's number, and the lines of a task stand below its words, not below its box."""
    sync_api = pytest.importorskip("playwright.sync_api")
    note = '<sup class="footnote-ref"><a href="#fn-1">1</a></sup>。'
    task = '<ul><li><input type="checkbox" disabled=""> ' + "语" * 60 + "</li></ul>"
    html = "".join(f"<p>{'语' * n}{note}</p>" for n in range(12, 32)) + task
    (receipt,) = publish(tmp_path / "out", article(tmp_path / "in", html=html))
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        shown = browser.new_context(viewport={"width": 390, "height": 900}).new_page()
        shown.goto((tmp_path / "out" / receipt.remote_id).as_uri())
        left = shown.evaluate("document.querySelector('.body p').getBoundingClientRect().left")
        notes = shown.evaluate("[...document.querySelectorAll('sup a')].map((a) => a.getBoundingClientRect().left)")
        lines = shown.evaluate("""(() => { const range = document.createRange();
            range.selectNodeContents(document.querySelector('.body li').lastChild);
            return [...range.getClientRects()].filter((r) => r.width > 20).map((r) => r.left); })()""")
        browser.close()
    assert min(notes) > left + 10
    assert len(lines) > 2
    assert max(lines) - min(lines) < 6


def test_in_chromium_english_quotation_marks_are_no_wider_than_english(tmp_path: Path) -> None:
    """A Chinese face draws them as wide as a character: “It rained,”  she said."""
    sync_api = pytest.importorskip("playwright.sync_api")
    told = dataclasses.replace(channel("site", tmp_path / "out"), language="en", community="Reading Circle")
    where = opened(told).publish(
        article(tmp_path / "in", language="en", html="<p>“It rained,” <em>“she”</em> said.</p>")
    )
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        shown = browser.new_page()
        shown.goto((tmp_path / "out" / where.remote_id).as_uri())
        widths = shown.evaluate("""(() => { const found = [], walk = document.createTreeWalker(document.querySelector('.body'), 4);
            while (walk.nextNode()) for (let n = 0; n < walk.currentNode.length; n++) if ('“”'.includes(walk.currentNode.data[n])) {
                const range = document.createRange();
                range.setStart(walk.currentNode, n); range.setEnd(walk.currentNode, n + 1);
                found.push(range.getBoundingClientRect().width / parseFloat(getComputedStyle(range.startContainer.parentNode).fontSize));
            } return found; })()""")
        browser.close()
    assert len(widths) == 4
    assert max(widths) < 0.7


@pytest.mark.parametrize(
    ("html", "summary", "stands"),
    [
        ("<p>Rain &amp; wind.</p>", "Rain & wind.", False),
        (
            '<p>We <a href="https://x.example">met</a>\nat the bridge. Then we left.</p>',
            "We met at the bridge.…",
            False,
        ),
        ("<h2>First</h2><p>We met.</p>", "We met.", False),
        ("<p>We met.</p>", "A short walk.", True),
    ],
)
def test_a_summary_stands_above_the_text_only_where_the_text_does_not_begin_with_it(
    tmp_path: Path, html: str, summary: str, stands: bool
) -> None:
    post = dataclasses.replace(article(tmp_path / "in"), html=html, summary=summary)
    publish(tmp_path / "out", post)
    text = page(tmp_path / "out", "notes/2026-11-02-2000.html")
    assert ('<p class="summary">' in text) == stands
    assert '<meta name="description" content="' in text
