"""What feeds of the real web hold, read over a real socket: odd markup, encodings, dates, sizes and formats."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Response

from steadycast.intake import child_process, feeds
from steadycast.intake.documents import as_markdown
from steadycast.intake.feed_bytes import fixed, is_whole, recoded, shortened
from steadycast.intake.feed_dates import parse_date
from steadycast.intake.feeds import FeedSettings, FeedState, Outcome, read
from steadycast.intake.markup import markdown
from steadycast.outgoing import Fetcher, FetchError

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
fetcher = Fetcher(allow_private=True, deadline=20)


def channel(*items: str, encoding: str = "utf-8") -> str:
    head = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0" xmlns:c="http://purl.org/rss/1.0/modules/content/">'
    return f"{head}<channel><title>频道</title><link>https://blog.example/</link>{''.join(items)}</channel></rss>"


def entry(n: int, html: str = "", *, date: str = "", more: str = "") -> str:
    dated = f"<pubDate>{date}</pubDate>" if date else ""
    return (
        f"<item><title>第 {n} 篇</title><link>https://blog.example/p/{n}/</link><guid isPermaLink='false'>g{n}</guid>"
        f"{dated}<c:encoded><![CDATA[{html or f'<p>文字 {n}</p>'}]]></c:encoded>{more}</item>"
    )


@pytest.fixture
def of(httpserver: HTTPServer) -> Callable[..., Any]:
    """What a look at a feed of these bytes gives."""

    def look(data: bytes | str, content_type: str = "application/xml", status: int = 200, **headers: str) -> Any:
        answer = Response(data, status=status, content_type=content_type, headers=headers)
        httpserver.expect_oneshot_request("/feed.xml").respond_with_handler(lambda _: answer)
        return read(FeedSettings("alice", httpserver.url_for("/feed.xml")), FeedState(), fetcher, NOW)

    return look


MARKUP = [
    ("<img data-src='https://mm.example/a?fmt=png' src='data:image/gif;base64,R0l'>", "![](<https://mm.example/a?fmt=png>)"),
    ("<img data-original='b.png' src='/loading.gif' alt='x'>", "![x](<https://blog.example/p/1/b.png>)"),
    ("<p>see</p><section style='color:red; display : none'>unseen</section><p hidden>unseen</p>", "see"),
    ("<div style='display:none'><p>all there is</p></div>", "all there is"),
    ("<p>a</p><p><br></p><p><br/></p><p>b</p>", "a\n\nb"),
    ("<p>a<br>b<br><br>c<br></p>", "a\\\nb\n\nc"),
    ("<table><tr><th>a<br>b</th></tr><tr><td>1<br></td></tr></table>", "| a b |\n| --- |\n| 1 |"),
    ("<p><strong>a<br></strong></p><h2>h<br>i</h2>", "**a**\n\n## h i"),
    ("<ul><li>a<br></li><li>b</li></ul><br><p>c</p>", "- a\n- b\n\nc"),
    ("<pre>a<br>b</pre>", "```\na\nb\n```"),
    ("<p>C:\\</p>", "C:\\\\"),
    ("<span style='font-weight:bold'>粗</span>字", "**粗**字"),
    ("<a href='../2/'>w</a> <a href='//cdn.example/x'>v</a>", "[w](<https://blog.example/p/2/>) [v](<https://cdn.example/x>)"),
    ("<p>w</p><img src='https://px.example/b.gif' width='1' height='1'>", "w"),
    ("<p>w</p><img src='https://px.example/b.gif' style='width:1px;height:1px'>", "w"),
    ("<img src='https://a.example/1.png' width='100%' style='max-width:100%'>", "![](<https://a.example/1.png>)"),
    ("<p>w</p><p>The post <a href='https://b/1'>T</a> appeared first on <a href='https://b'>B</a>.</p>", "w"),
    ("<p>w</p><p>文章<a href='https://b/1'>《T》</a>最先出现在<a href='https://b'>B</a>。</p>", "w"),
]  # fmt: skip


@pytest.mark.parametrize(("html", "expected"), MARKUP, ids=range(len(MARKUP)))
def test_what_a_reader_sees_is_what_is_read(of: Callable[..., Any], html: str, expected: str) -> None:
    (item,) = of(channel(entry(1, html))).items
    assert item.body == expected


def test_an_address_of_its_own_for_all_that_is_relative_is_the_feeds_word(of: Callable[..., Any]) -> None:
    xml = channel(entry(1, "<img src='a.png'>")).replace("<item>", "<item xml:base='https://cdn.example/x/'>")
    assert of(xml).items[0].body == "![](<https://cdn.example/x/a.png>)"


@given(st.text(alphabet="<>/=\"' \\abp\x01\n\0中", max_size=60))
def test_no_markup_leaves_a_break_without_a_line_to_break(html: str) -> None:
    text = markdown(html)
    assert "\x01" not in text
    assert not text.replace("\\\\", "").endswith("\\")


@pytest.mark.parametrize("html", ["<pre>a" * 30_000, "<div>a" * 30_000, "<b><i>" * 20_000, "<blockquote>" * 30_000])
def test_nesting_costs_no_time_by_the_square(html: str) -> None:
    began = time.process_time()
    markdown(html)
    assert time.process_time() - began < 5


WORDS = "我们这里写了一段话，有逗号，也有句号。"
LIARS = {
    "GBK as UTF-8": (channel(entry(1, WORDS)).encode("gbk"), "application/xml"),
    "GBK as UTF-8 twice": (channel(entry(1, WORDS)).encode("gbk"), "application/xml; charset=utf-8"),
    "GBK, and the server says UTF-8": (channel(entry(1, WORDS), encoding="gb2312").encode("gbk"), "text/xml; charset=utf-8"),
    "GBK as GB2312": (channel(entry(1, WORDS + "喆"), encoding="gb2312").encode("gbk"), "text/xml"),
    "Big5 as UTF-8": (channel(entry(1, "我們這裡寫了一段話，有逗號，也有句號。")).replace("频", "頻").encode("big5"), "application/xml"),
    "UTF-8 as GBK": (channel(entry(1, WORDS), encoding="gbk").encode(), "application/xml"),
    "UTF-8": (channel(entry(1, WORDS)).encode(), "application/xml"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIARS)
def test_a_feed_that_names_the_wrong_encoding_is_read_in_its_own(of: Callable[..., Any], name: str) -> None:
    data, content_type = LIARS[name]
    result = of(data, content_type)
    assert result.outcome is Outcome.READ
    assert result.items[0].body.startswith(("我们这里写了一段话", "我們這裡寫了一段話"))
    assert result.title in {"频道", "頻道"}


def test_a_few_broken_bytes_do_not_make_a_feed_another_encodings(of: Callable[..., Any]) -> None:
    data = channel(entry(1, WORDS)).encode().replace("，".encode(), b"\xef\xbc", 1)
    assert "我们这里写了一段话" in of(data).items[0].body


@given(st.text(max_size=200))
def test_utf8_that_says_so_is_left_alone(text: str) -> None:
    data = text.encode("utf-8", "replace")
    assert recoded(data, "application/xml; charset=utf-8")[0] == data


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026年11月20日 10:00", "2026-11-20T02:00"),
        ("2026年11月20日", "2026-11-19T16:00"),
        ("2026年11月20日 星期五 下午3:05", "2026-11-20T07:05"),
        ("2026/11/20 10:00:00", "2026-11-20T10:00"),
        ("2026/11/20", "2026-11-20T00:00"),
        ("2026.11.20", "2026-11-20T00:00"),
        ("2026-11-20 10:00:00", "2026-11-20T10:00"),
        ("2026-11-20 10:00:00 +0800", "2026-11-20T02:00"),
        ("2026-11-20T10:00:00+08:00", "2026-11-20T02:00"),
        ("Fri, 20 Nov 2026 08:00:00 +0800", "2026-11-20T00:00"),
        ("1795140000", "2026-11-20T02:00"),
        ("1795140000000", "2026-11-20T02:00"),
    ],
)
def test_a_date_is_the_day_that_was_written(of: Callable[..., Any], written: str, utc: str) -> None:
    (item,) = of(channel(entry(1, date=written))).items
    assert item.published is not None
    assert item.published.isoformat()[:16] == utc


@given(st.text(alphabet="0123456789年月日/-.: +下午Z", max_size=40))
def test_no_date_breaks_the_reader(text: str) -> None:
    read_as = parse_date(text)
    assert read_as is None or read_as.tm_year > 0


def of_size(size: int, order: int = 1) -> str:
    """A feed of many items, the newest first (order 1) or last."""
    filler = "填" * 2000
    days = [dt.datetime(2026, 11, 20, tzinfo=dt.UTC) - dt.timedelta(hours=n) for n in range(size // 6200)]
    items = [entry(n, f"<p>{filler}</p>", date=f"{day:%a, %d %b %Y %H:%M:%S} GMT") for n, day in enumerate(days)]
    return channel(*items[::order])


@pytest.mark.parametrize(("order", "packed"), [(1, False), (-1, True)], ids=["newest first", "newest last, packed"])
def test_a_feed_over_the_limit_gives_its_newest_items(of: Callable[..., Any], order: int, packed: bool) -> None:
    data = of_size(12 << 20, order).encode()
    result = of(gzip.compress(data, 1), **{"Content-Encoding": "gzip"}) if packed else of(data)
    assert result.outcome is Outcome.READ, result.error
    newest = max(result.items, key=lambda item: item.published)
    assert (newest.guid, newest.published.date()) == ("g0", dt.date(2026, 11, 20))
    assert len({item.guid for item in result.items}) > 300


def test_a_feed_without_an_end_is_no_feed(of: Callable[..., Any], httpserver: HTTPServer) -> None:
    """What is looked at is bounded, in bytes and in time."""

    def endless() -> Iterator[Any]:
        yield channel(entry(1))[:-30].encode()
        for _ in range(4000):
            yield b"x" * 65536

    httpserver.expect_request("/endless").respond_with_handler(lambda _: Response(endless()))
    result = read(FeedSettings("alice", httpserver.url_for("/endless")), FeedState(), fetcher, NOW)
    assert result.outcome is Outcome.FAILED
    assert "over 128 MB" in str(result.error) or "time allowed" in str(result.error)


@given(st.integers(0, 400), st.integers(0, 400))
def test_what_is_left_of_a_long_feed_is_whole(first: int, last: int) -> None:
    text = channel(*(entry(n) for n in range(9))).encode()
    cut = text[: max(300, len(text) // 2 - first)] + text[len(text) // 2 + last :]
    assert is_whole(fixed(cut, max(300, len(text) // 2 - first)))


@given(st.integers(0, 20), st.sampled_from([2, 4, 10]))
def test_of_too_many_items_the_first_and_the_last_are_left(items: int, most: Any) -> None:
    text = channel(*(entry(n) for n in range(items))).encode()
    left = [n for n in range(items) if n < most // 2 or n >= items - most // 2] if items > most else range(items)
    assert shortened(text, most) == channel(*(entry(n) for n in left)).encode()


@pytest.mark.parametrize("comments", [0, 1, 50])
def test_comments_after_the_end_cost_nothing(comments: int) -> None:
    began = time.process_time()
    assert is_whole(b"<rss></rss>" + b"\n<!-- generated -->" * comments)
    assert not is_whole(b"<rss>" + b"<!--" * 20_000 + b"-->")
    assert time.process_time() - began < 1


JSON_FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "爱丽丝",
    "authors": [{"name": "Alice"}],
    "items": [
        {
            "id": "1", "url": "/p/1", "title": "HTML", "content_html": "<p>a <b>b</b></p><img src='a.png'>",
            "date_published": "2026-11-20T10:00:00+08:00", "tags": ["书"],
            "attachments": [{"url": "/a.mp3", "mime_type": "audio/mpeg"}],
        },
        {"id": "2", "url": "https://blog.example/2", "content_text": "one\ntwo\n\nthree <b>", "summary": "short"},
        "no item",
    ],
}  # fmt: skip


def test_json_feed_is_read(of: Callable[..., Any], httpserver: HTTPServer) -> None:
    result = of(json.dumps(JSON_FEED), "application/feed+json")
    one, two = result.items
    assert (result.title, one.guid, one.title, one.author, one.tags) == ("爱丽丝", "1", "HTML", "Alice", ("书",))
    assert one.link == httpserver.url_for("/p/1")
    assert one.body == f"a **b**\n\n![](<{httpserver.url_for('/p/a.png')}>)"
    assert one.published == dt.datetime(2026, 11, 20, 2, tzinfo=dt.UTC)
    assert one.enclosures == ((httpserver.url_for("/a.mp3"), "audio/mpeg"),)
    assert (two.body, two.summary) == ("one\\\ntwo\n\nthree \\<b\\>", "short")


@pytest.mark.parametrize(
    "data", ["{}", "[" * 100_000, '{"version": "https://jsonfeed.org/version/1", "items": 3}', "{"]
)
def test_json_that_is_no_feed_is_told(of: Callable[..., Any], data: str) -> None:
    assert "this is no feed" in str(of(data, "application/json").error)


@pytest.mark.parametrize(
    ("status", "page", "headers"),
    [
        (200, "<html><title>Just a moment...</title><script src='/cdn-cgi/challenge-platform/x'></script>", {}),
        (403, "<html><title>Just a moment...</title>", {"cf-mitigated": "challenge"}),
        (200, "<!doctype html><html><body>请完成验证后继续访问</body></html>", {}),
    ],
)
def test_a_challenge_is_told_as_one(of: Callable[..., Any], status: int, page: str, headers: dict[str, str]) -> None:
    result = of(page, "text/html", status, **headers)
    assert "tests for browsers" in str(result.error)
    assert "ask the site's owner" in str(result.error)


@pytest.mark.parametrize("half", ["&#xD800;", "&#xdfff;", "&#55296;", "&#x0D834;"])
def test_half_a_character_harms_neither_its_item_nor_the_others(of: Callable[..., Any], half: str) -> None:
    xml = channel(entry(1), entry(2, more=f"<description>a{half}b</description>").replace("第 2 篇", f"t{half}t"))
    result = of(xml)
    assert [item.guid for item in result.items] == ["g1", "g2"], result.error
    assert all(value == value.encode().decode() for item in result.items for value in (item.title, item.body))


def test_what_breaks_the_parser_is_said_to(of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Not "limits": its author can do something about it."""
    monkeypatch.setattr(feeds.subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 0, b'{"kind": "unreadable", "why": "ValueError"}'))  # fmt: skip
    assert "breaks its parser (ValueError)" in str(of(channel(entry(1))).error)


def test_a_reader_of_its_own_says_the_same(of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """As a command starts it; where it is not said otherwise, tests read by a fork of one that has loaded everything."""
    book, xml = (
        json.dumps({"cells": [{"cell_type": "markdown", "source": "# Walks"}]}).encode(),
        channel(entry(1, WORDS)),
    )
    ours = of(xml).items, as_markdown(book, ".ipynb", 1_000)
    monkeypatch.setattr(child_process, "subprocess", subprocess)
    assert (of(xml).items, as_markdown(book, ".ipynb", 1_000)) == ours
    assert (of(b"<rss" * 9).outcome, of(xml).outcome) == (Outcome.FAILED, Outcome.READ)


def test_a_busy_machine_blames_nobody(of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is of the process's own time; where it has waited for its turn too long, that is what is said."""
    monkeypatch.setattr(feeds, "PATIENCE", -1)
    result = of(channel(entry(1)))
    assert "this machine is too busy" in str(result.error)
    assert result.error.hint == "it is tried again"


@pytest.mark.parallel
@pytest.mark.slow
def test_a_process_that_is_stopped_for_longer_than_its_limit_still_reads_its_feed(
    of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wall time is none of its own."""
    real = subprocess.run

    def slow(command: Any, **given: Any) -> Any:
        return real(["/bin/sh", "-c", 'sleep 11; exec "$@"', "sh", *command], **given)

    monkeypatch.setattr(feeds.subprocess, "run", slow)
    assert of(channel(entry(1))).outcome is Outcome.READ


class TestWhereAFeedMayLead:
    """A member's address leads to the public web, and not from there to what stands inside or beside it."""

    def test_leave_for_one_private_host_is_no_leave_for_another(self, httpserver: HTTPServer) -> None:
        with HTTPServer(port=0) as other:
            other.expect_request("/secret").respond_with_data("inside")
            httpserver.expect_request("/feed").respond_with_data(
                "", status=302, headers={"Location": other.url_for("/secret")}
            )
            httpserver.expect_request("/here").respond_with_data("", status=302, headers={"Location": "/there"})
            httpserver.expect_request("/there").respond_with_data("there")
            guarded = Fetcher(deadline=5)
            with pytest.raises(FetchError, match="public internet"):
                guarded.get(httpserver.url_for("/feed"), allow_private=True)
            assert guarded.get(httpserver.url_for("/here"), allow_private=True).body == b"there"
            assert other.log == []

    @pytest.mark.parametrize("port", [22, 25, 110, 6667, 5060, 2049])
    def test_a_port_of_another_protocol_is_not_dialled(self, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("dialled"))
        with pytest.raises(FetchError, match=f"port {port}"):
            fetcher.get(f"http://127.0.0.1:{port}/")

    def test_https_does_not_lead_to_http(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from steadycast.outgoing import fetcher as module

        monkeypatch.setattr(module, "_sorted_get", lambda *a, **k: (301, {"Location": "http://a.example/"}, b"", 0))
        with pytest.raises(FetchError, match="from https to http"):
            fetcher.get("https://a.example/feed")
