"""Members' feeds: read out of harm's way, and every item once for ever."""

from __future__ import annotations

import datetime as dt
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from feed_examples import NOW, item
from pytest_httpserver import HTTPServer
from werkzeug import Response

from steadycast.draft import MediaRef
from steadycast.errors import DraftError
from steadycast.intake.download import TRIES, Budget, Downloads, NotHadError
from steadycast.intake.feed_draft import draft_of
from steadycast.intake.feeds import FeedSettings, FeedState, Outcome, read, read_all
from steadycast.intake.markup import markdown
from steadycast.outgoing import Fetcher
from steadycast.schedule.model import Form, Origin

PLENTY = (60.0, 1 << 30, 100)
fetcher = Fetcher(allow_private=True, deadline=5)


def entry(n: Any, *, guid: Any = None, link: Any = None, body: str = "text", extra: str = "") -> str:
    return (
        f"<item><title>Title {n}</title><link>{link or f'https://alice.example/{n}'}</link>"
        f"<guid isPermaLink='false'>{guid or f'id-{n}'}</guid><description>&lt;p&gt;{body} {n}&lt;/p&gt;</description>{extra}</item>"
    )


def rss(*entries: Any) -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>爱丽丝</title>{"".join(entries)}</channel></rss>'


def downloads(folder: Any, *, take: Any = lambda ref: ref, budget: Any = None, **more: Any) -> Any:
    return Downloads(folder, fetcher, budget or Budget(*PLENTY), take, **more)


def awake(url: Any) -> Any:
    """Settings of a feed whose hour of unconditional requests is not now."""
    return next(feed for n in range(99) if int((feed := FeedSettings(f"alice{n}", url)).key, 16) % 24 != NOW.hour)


def test_a_feed_is_read_into_items_with_markdown_bodies(httpserver: HTTPServer) -> None:
    dated = "<pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate><category>书</category>"
    httpserver.expect_request("/feed").respond_with_data(rss(entry(1, extra=dated)), headers={"ETag": '"e1"'})
    result = read(FeedSettings("alice", httpserver.url_for("/feed")), FeedState(), fetcher, NOW)
    assert (result.outcome, result.title, result.state.etag) == (Outcome.READ, "爱丽丝", '"e1"')
    (item,) = result.items
    assert (item.guid, item.title, item.body, item.tags) == ("id-1", "Title 1", "text 1", ("书",))
    assert item.published == dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("title", "seen"),
    [
        ("<![CDATA[Tom &amp; Jerry&#8217;s <b>walk</b>]]>", "Tom & Jerry’s walk"),
        ("1 &amp;lt; 2", "1 < 2"),
        ("AT&amp;T", "AT&T"),
    ],
)
def test_a_title_is_read_as_its_readers_see_it(httpserver: HTTPServer, title: Any, seen: Any) -> None:
    httpserver.expect_request("/feed").respond_with_data(rss(entry(1).replace("Title 1", title)))
    (item,) = read(FeedSettings("alice", httpserver.url_for("/feed")), FeedState(), fetcher, NOW).items
    assert item.title == seen


def test_a_feed_is_read_up_to_five_hundred_items(httpserver: HTTPServer) -> None:
    """The newest by date; of items without dates the first."""
    httpserver.expect_request("/long").respond_with_data(rss(*(entry(n) for n in range(501))))
    long = read(FeedSettings("alice", httpserver.url_for("/long")), FeedState(), fetcher, NOW)
    assert [item.guid for item in long.items] == [f"id-{n}" for n in range(500)]


def test_an_unchanged_feed_is_not_sent_again(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/feed", headers={"If-None-Match": '"e1"'}).respond_with_data("", status=304)
    feed = awake(httpserver.url_for("/feed"))
    assert read(feed, FeedState(etag='"e1"', baseline=True), fetcher, NOW).outcome is Outcome.UNMODIFIED


def test_not_modified_without_having_asked_is_a_failure(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/feed").respond_with_data("", status=304)
    assert read(awake(httpserver.url_for("/feed")), FeedState(), fetcher, NOW).outcome is Outcome.FAILED


def test_one_hour_a_day_it_is_asked_for_unconditionally(httpserver: HTTPServer) -> None:
    """A server that answers 304 for ever does not silence a member for ever."""
    seen = []

    def answer(request: Any) -> Any:
        seen.append(request.headers.get("If-None-Match"))
        return Response(rss(entry(1)))

    httpserver.expect_request("/feed").respond_with_handler(answer)
    feed = FeedSettings("alice", httpserver.url_for("/feed"))
    for hour in range(24):
        read(feed, FeedState(etag='"e1"'), Fetcher(allow_private=True), NOW.replace(hour=hour)) if hour in {
            int(feed.key, 16) % 24,
            (int(feed.key, 16) + 1) % 24,
        } else None
    assert sorted(seen, key=str) == ['"e1"', None]


def test_a_permanent_redirect_moves_the_feed_and_410_ends_it(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/old").respond_with_data(
        "", status=301, headers={"Location": httpserver.url_for("/new")}
    )
    httpserver.expect_request("/new").respond_with_data(rss(entry(1)))
    httpserver.expect_request("/gone").respond_with_data("", status=410)
    moved = read(FeedSettings("alice", httpserver.url_for("/old")), FeedState(), fetcher, NOW)
    assert moved.state.url == httpserver.url_for("/new")
    gone = read(FeedSettings("alice", httpserver.url_for("/gone")), FeedState(), fetcher, NOW)
    assert (gone.outcome, gone.state.gone) == (Outcome.GONE, True)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "<html><head><link rel='alternate' type='application/rss+xml' href='/feed.xml'></head></html>",
            "page names: http://localhost:PORT/feed.xml",
        ),
        ("<!doctype html><p>hello", "often /feed"),
        ("just text", "this is no feed"),
        (rss(entry(1))[:-30], "breaks off"),
        ("", "this is no feed"),
    ],
)
def test_what_is_no_whole_feed_is_an_error_with_its_hint(httpserver: HTTPServer, body: Any, message: Any) -> None:
    httpserver.expect_request("/feed").respond_with_data(body)
    before = FeedState(etag='"x"', baseline=True)
    result = read(FeedSettings("alice", httpserver.url_for("/feed?token=CANARY-1234")), before, fetcher, NOW)
    assert (result.outcome, result.state) == (Outcome.FAILED, before)
    assert message.replace("PORT", str(httpserver.port)) in str(result.error)
    assert "CANARY" not in str(result.error)


def test_a_private_address_needs_the_operators_word(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/feed").respond_with_data(rss(entry(1)))
    feed = FeedSettings("alice", httpserver.url_for("/feed"))
    assert "allow_private = true" in str(read(feed, FeedState(), Fetcher(), NOW).error)
    assert read(replace(feed, allow_private=True), FeedState(), Fetcher(), NOW).outcome is Outcome.READ


def test_a_feed_that_hangs_harms_no_other(httpserver: HTTPServer) -> None:
    release = threading.Event()
    httpserver.expect_request("/hang").respond_with_handler(lambda request: (release.wait(4), Response(""))[1])
    httpserver.expect_request("/huge").respond_with_data(b"x" * (6 * 1024 * 1024))
    httpserver.expect_request("/good").respond_with_data(rss(entry(1)))
    # The test's server is of one thread: the hanging one comes last.
    feeds = [(FeedSettings("m", httpserver.url_for(path)), FeedState()) for path in ("/good", "/huge", "/hang")]
    began = time.monotonic()
    results = list(read_all(feeds, Fetcher(allow_private=True, deadline=1.5), NOW, workers=1))
    release.set()
    assert [r.outcome for r in results] == [Outcome.READ, Outcome.FAILED, Outcome.FAILED]
    assert time.monotonic() - began < 12


@pytest.mark.parametrize("most", [0, 1])
def test_a_system_that_gives_no_more_threads_still_reads_every_feed(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, most: Any
) -> None:
    """One after the other: the intake that asked for them takes everything in."""
    paths = [f"/{n}" for n in range(3)]
    for path in paths:
        httpserver.expect_request(path).respond_with_data(rss(entry(1)))
    start, left = threading.Thread.start, [most]

    def scarce(thread: Any) -> None:
        if thread.name.startswith("feed"):
            if not left[0]:
                raise RuntimeError("can't start new thread")
            left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    feeds = [(FeedSettings("m", httpserver.url_for(path)), FeedState()) for path in paths]
    results = list(read_all(feeds, fetcher, NOW))
    assert [(r.feed.url, r.outcome) for r in results] == [(f.url, Outcome.READ) for f, _ in feeds]


def test_an_item_becomes_its_members_draft_with_its_audio(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/a.mp3").respond_with_data(b"ID3", content_type="audio/mpeg")
    feed = FeedSettings("alice", httpserver.url_for("/feed"))
    one = replace(item(1), enclosures=((httpserver.url_for("/a.mp3"), "audio/mpeg"),))
    draft = draft_of(one, feed, one.key, downloads(tmp_path)).draft
    assert (draft.origin, draft.member, draft.form, draft.title) == (Origin.UGC, "alice", Form.AUDIO, "Title 1")
    assert draft.media[0].path.read_bytes() == b"ID3"
    assert draft.path.parts[:2] == ("feed", "alice")
    httpserver.clear()
    assert draft_of(one, feed, one.key, downloads(tmp_path)).draft == draft, "the second time it comes from the cache"


@pytest.mark.parametrize(
    ("asked", "mime", "form"),
    [
        (Form.ARTICLE, "audio/mpeg", Form.ARTICLE),
        (Form.VIDEO, "audio/mpeg", Form.AUDIO),
        (Form.AUDIO, "audio/mpeg", Form.AUDIO),
    ],
)
def test_a_feed_may_say_what_form_its_items_are(
    httpserver: HTTPServer, tmp_path: Path, asked: Any, mime: Any, form: Any
) -> None:
    httpserver.expect_request("/a").respond_with_data(b"ID3", content_type=mime)
    feed = FeedSettings("alice", httpserver.url_for("/feed"), form=asked)
    one = replace(item(1), enclosures=((httpserver.url_for("/a"), mime),))
    draft = draft_of(one, feed, one.key, downloads(tmp_path)).draft
    assert draft.form is form
    assert [ref.role for ref in draft.media] == ["audio"]


def test_an_item_whose_title_shows_nothing_is_called_by_its_words(tmp_path: Path) -> None:
    feed = FeedSettings("alice", "https://alice.example/feed")
    named = [replace(item(1), title="\u200b", body=body) for body in ("## 海边\n\n文", "我们去了海边。", "\u200b")]
    assert [draft_of(one, feed, one.key, downloads(tmp_path)).draft.title for one in named] == [
        "海边",
        "我们去了海边。",
        "alice",
    ]


def test_an_enclosure_that_is_a_page_is_told_and_its_text_is_taken(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/a.mp3").respond_with_data("<html>", content_type="text/html")
    one = replace(item(1), enclosures=((httpserver.url_for("/a.mp3"), "audio/mpeg"),))
    made = draft_of(one, FeedSettings("alice", httpserver.url_for("/feed")), "k", downloads(tmp_path))
    assert (made.draft.form, made.draft.body, made.draft.media) == (Form.ARTICLE, "Body 1", ())
    assert "without the file" in made.missing[0]
    assert made.again


class TestDownloads:
    """Files from the web: once, within what they may cost together, and a few tries only."""

    def asked_for(self, httpserver: Any, *, status: int = 200) -> Any:
        asked = []
        httpserver.expect_request("/a").respond_with_handler(
            lambda _: asked.append(1) or Response(b"bytes", status=status)  # type: ignore[func-returns-value]
        )
        return asked, MediaRef("image", httpserver.url_for("/a"), cast("Path", None))

    def test_what_is_there_is_not_asked_for_again(self, httpserver: HTTPServer, tmp_path: Path) -> None:
        asked, wanted = self.asked_for(httpserver)
        for _ in range(3):
            got = downloads(tmp_path).get(wanted, "a", most=1000, seconds=5)
            assert got.path.read_bytes() == b"bytes"
        assert len(asked) == 1

    def test_what_fails_is_tried_ever_later_and_then_no_more(
        self, httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked, wanted = self.asked_for(httpserver, status=404)
        began, finals = time.time(), []
        for hours in (0, 0.1, 1, 2, 8, 40, 400, 4000):
            monkeypatch.setattr(time, "time", lambda hours=hours: began + hours * 3600)
            with pytest.raises(NotHadError) as error:
                downloads(tmp_path).get(wanted, "a", most=1000, seconds=5)
            finals.append(error.value.final)
        assert len(asked) == TRIES
        assert finals[0] is False
        assert finals[-1] is True
        with pytest.raises(NotHadError):
            downloads(tmp_path, at_once=True).get(wanted, "a", most=1000, seconds=5)
        assert len(asked) == TRIES + 1, "a person who fixed it wants to see that"

    @pytest.mark.parametrize(
        "budget", [Budget(0, 1 << 30, 9), Budget(60, 10, 9), Budget(60, 1 << 30, 9, Budget(60, 10, 9))]
    )
    def test_beyond_the_total_nothing_is_asked_for_and_nothing_counts_as_failed(
        self, httpserver: HTTPServer, tmp_path: Path, budget: Any
    ) -> None:
        asked, wanted = self.asked_for(httpserver)
        with pytest.raises(NotHadError, match="next look") as error:
            downloads(tmp_path, budget=budget).get(wanted, "a", most=1000, seconds=5)
        assert (asked, error.value.final, list(tmp_path.iterdir())) == ([], False, [])

    def test_what_others_took_the_time_of_is_no_failure(self, httpserver: HTTPServer, tmp_path: Path) -> None:
        httpserver.expect_request("/a").respond_with_handler(lambda _: time.sleep(1) or Response(b"x"))  # type: ignore[func-returns-value]
        wanted = MediaRef("image", httpserver.url_for("/a"), cast("Path", None))
        with pytest.raises(NotHadError, match="time was up"):
            downloads(tmp_path, budget=Budget(0.2, 1 << 30, 9)).get(wanted, "a", most=1000, seconds=5)
        assert list(tmp_path.iterdir()) == []

    def test_what_is_refused_is_no_longer_kept(self, httpserver: HTTPServer, tmp_path: Path) -> None:
        asked, wanted = self.asked_for(httpserver)

        def refuse(ref: Any) -> None:
            raise DraftError(f"image {ref.ref} is text")

        for _ in range(2):
            with pytest.raises(NotHadError) as error:
                downloads(tmp_path, take=refuse, at_once=True).get(wanted, "a", most=1000, seconds=5)
            assert "/a" not in str(error.value)
        assert len(asked) == 2


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a <b>bold </b>word</p>", "a **bold** word"),
        ("<h2>题</h2><p>x<br>y</p>", "## 题\n\nx\\\ny"),
        ("<ul><li>a</li><li>b</li></ul><ol><li>c</li><li>d</li></ol>", "- a\n- b\n\n1. c\n2. d"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("<pre><code>a\n  *b*</code></pre>", "```\na\n  *b*\n```"),
        ("<a href='https://x/'>w</a><a href='javascript:1'>j</a>", "[w](<https://x/>)j"),
        ("<img src='https://x/a.png' alt='[a]'><img src='data:x'>", "![\\[a\\]](<https://x/a.png>)"),
        (
            "<p>*not* # _mark_ &lt;b&gt;</p><p># no heading</p><p>1. no list</p>",
            "\\*not\\* # \\_mark\\_ \\<b\\>\n\n\\# no heading\n\n1\\. no list",
        ),
        ("<script>alert(1)</script><style>x</style><p onclick=x>ok</p>", "ok"),
        ("<table><tr><th>a</th></tr><tr><td>1</td></tr></table>", "| a |\n| --- |\n| 1 |"),
    ],
)
def test_html_becomes_markdown(html: Any, expected: Any) -> None:
    assert markdown(html) == expected
