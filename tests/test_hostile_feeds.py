"""Feeds that misbehave, through the whole of intake: an item is taken once for ever, and never all of them again."""

from __future__ import annotations

import datetime as dt
import re
from email.utils import format_datetime
from typing import Any, cast

import pytest
from conftest import content_of
from pipeline_bench import COMMUNITY, DAILY, MORNING, SITE, Bench, article
from pytest_httpserver import HTTPServer
from test_pipeline_feeds import Server, feed, item, rss, titles
from werkzeug import Response

from steadycast import pipeline
from steadycast.pipeline.app import App

BASE = COMMUNITY + DAILY.replace(', "far"', "") + SITE
HOUR = dt.timedelta(hours=1)
SIX = [item(n) for n in range(1, 7)]


@pytest.fixture
def server(httpserver: HTTPServer) -> Server:
    return Server(httpserver)


@pytest.fixture
def known(bench: Bench, server: Server) -> App:
    """A community that has taken six items of alice's, and one draft of the house."""
    server.has(*SIX)
    app = bench.set_up(BASE + feed(server.url, "take_old = 10"), {"pgc/good.md": article("Good")})
    assert len(titles(pipeline.collect(app, MORNING))) == 7
    return app


def again(app: App, hours: int = 1) -> tuple[Any, ...]:
    """The titles that a look some hours later brings as new, and what was edited."""
    collected = pipeline.collect(app, MORNING + hours * HOUR)
    return titles(collected), titles(collected, "edited"), [p.message for p in collected.problems]


def stock(app: App) -> set[str]:
    return {row.title for row in app.ledger.drafts() if row.state != "gone"}


def sometimes(names: Any, *always: Any) -> Any:
    """Every one of `names`; but for those to be run `always`, with the slow tests: each starts a process a look."""
    return [
        name if name in always else pytest.param(name, marks=[pytest.mark.slow, pytest.mark.parallel]) for name in names
    ]


REBUILT = {
    "every guid anew": lambda text: re.sub(r"id-(\d)", r"anew-\1", text),
    "every link anew": lambda text: text.replace("alice.example", "new.example"),
    "no guids any more": lambda text: re.sub(r"<guid.*?</guid>", "", text),
    "one guid for all": lambda text: re.sub(r"id-\d", "same", text),
    "one link for all": lambda text: re.sub(r"alice.example/\d", "alice.example/", text),
    "links with a token": lambda text: re.sub(r"(alice.example/\d)", r"\1?session=9f8e", text),
    "the other way round": lambda text: text,
    "as Atom": lambda text: text,
    "each twice": lambda text: text + text,
    "other white space": lambda text: text.replace("<item>", "\n\n<item>\n ").replace("</title>", " </title>"),
    "no dates": lambda text: text,
    "dates in the future": lambda text: text.replace(
        "<item>", "<item><pubDate>Sun, 22 Nov 2099 10:00:00 GMT</pubDate>"
    ),
    "dates that are none": lambda text: text.replace("<item>", "<item><pubDate>yesterday, about noon</pubDate>"),
    "dates before there was any": lambda text: text.replace(
        "<item>", "<item><pubDate>Mon, 01 Jan 0001 00:00:00 GMT</pubDate>"
    ),
}


@pytest.mark.parametrize("how", sometimes(REBUILT, "every guid anew", "one guid for all"))
def test_a_feed_that_was_rebuilt_brings_nothing_twice(known: App, server: Server, how: str) -> None:
    """New guids, addresses, order, dates or format: nothing is new, nothing is lost, and a second look agrees."""
    before = stock(known)
    if how == "as Atom":
        entries = "".join(
            f"<entry><title>Item {n}</title><link href='https://alice.example/{n}'/><id>id-{n}</id><updated>2026-11-22T10:00:00Z</updated>"
            f"<content type='html'>&lt;p&gt;Words {n}&lt;/p&gt;</content></entry>"
            for n in range(1, 7)
        )
        server.answer = Response(
            f"<feed xmlns='http://www.w3.org/2005/Atom'><title>A</title><id>a</id>{entries}</feed>"
        )
    else:
        items = SIX[::-1] if how == "the other way round" else SIX
        server.has(*(cast("Any", REBUILT[how])(text) for text in items))
    assert again(known) == ([], [], [])
    assert again(known, 2) == ([], [], [])
    assert stock(known) == before


def test_a_feed_of_which_nothing_is_known_any_more_does_not_flood(known: App, server: Server) -> None:
    """Other guids, addresses and words at once: a new blog, whose past is not news; what is dated now is."""
    old = [item(n).replace("alice.example", "blog.example").replace("id-", "post-").replace("<item>", "<item><pubDate>Mon, 02 Mar 2020 10:00:00 GMT</pubDate>") for n in range(50, 90)]  # fmt: skip
    fresh = item(99).replace("<item>", "<item><pubDate>Mon, 23 Nov 2026 00:30:00 GMT</pubDate>")
    server.has(fresh, *old)
    assert again(known) == (["Item 99"], [], [])
    assert again(known, 2) == ([], [], [])


def test_a_guid_used_again_for_something_else_is_new_once(known: App, server: Server) -> None:
    reused = "<item><title>Quite another</title><link>https://alice.example/other</link><guid>id-3</guid><description>Not the same</description></item>"
    server.has(*SIX[:2], reused, *SIX[3:])
    assert again(known) == (["Quite another"], [], [])
    assert again(known, 2) == ([], [], [])
    assert "Item 3" in stock(known)


@pytest.mark.parallel
@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (rss(*SIX)[:-200], "breaks off"),
        (rss(*SIX).replace("</rss>", ""), "breaks off"),
        ("", "no feed"),
        ("<html><body>We moved</body></html>", "web page"),
        ("{}", "no feed"),
        ("<rss", ""),
        ("\0" * 1000, ""),
    ],
    ids=["cut in an item", "cut at the end", "empty", "a page", "JSON", "a beginning", "zeros"],
)  # fmt: skip
def test_half_a_feed_takes_nothing_away_and_is_one_problem(known: App, server: Server, answer: Any, said: Any) -> None:
    """And once it is whole again, it is as if nothing had been."""
    before = stock(known)
    server.answer = Response(answer)
    new, edited, problems = again(known)
    assert (new, edited, len(problems)) == ([], [], 1)
    assert said in problems[0]
    server.has(*SIX)
    assert again(known, 24) == ([], [], [])
    assert stock(known) == before


def test_a_feed_that_shrank_to_nothing_takes_nothing_away(known: App, server: Server) -> None:
    before = stock(known)
    server.has()
    assert again(known) == ([], [], [])
    server.has(*SIX)
    assert again(known, 2) == ([], [], [])
    assert stock(known) == before


@pytest.mark.parallel
@pytest.mark.slow
def test_a_server_that_says_not_modified_for_ever_is_asked_anew_within_a_day(bench: Bench, server: Server) -> None:
    """A false 304 costs hours, not a member's voice."""
    server.has(*SIX, ETag='"1"')
    app = bench.set_up(BASE + feed(server.url, 'every = "30m"'), {"pgc/good.md": article("Good")})
    pipeline.collect(app, MORNING)
    whole = rss(item(7), *SIX)

    def answered(request: Any) -> Any:
        return (
            Response(status=304) if request.headers.get("If-None-Match") else Response(whole, headers={"ETag": '"1"'})
        )

    bench_handler(server, answered)
    found = [title for hour in range(1, 26) for title in again(app, hour)[0]]
    assert found == ["Item 7"]


def bench_handler(server: Any, answered: Any) -> None:
    """Answer by what was asked."""
    server.http.clear()
    server.http.expect_request("/feed").respond_with_handler(answered)


@pytest.fixture(autouse=True)
def _http(server: Server, httpserver: HTTPServer) -> None:
    server.http = httpserver  # type: ignore[attr-defined]


@pytest.mark.parallel
@pytest.mark.slow
@pytest.mark.parametrize("newest_first", [True, False])
def test_of_a_hundred_thousand_items_the_newest_few_are_taken_and_none_at_a_second_look(
    bench: Bench, server: Server, newest_first: Any
) -> None:
    """How many the parser is given is bounded before it begins, so what is taken is no matter of the machine's speed."""
    items = [dated(n, MORNING - n * HOUR / 2) for n in range(100_000)]
    server.answer = Response(rss(*(items if newest_first else items[::-1])))
    app = bench.set_up(BASE + feed(server.url, "take_old = 3"), {"pgc/good.md": article("Good")})
    new, _, problems = again(app, 0)
    assert (sorted(new), list(problems)) == (["Good", "Item 0", "Item 1", "Item 2"], [])
    assert again(app, 24)[0] == []


def dated(n: int, when: dt.datetime) -> str:
    return item(n).replace("</item>", f"<pubDate>{format_datetime(when)}</pubDate></item>")


@pytest.mark.parametrize(
    "words",
    [
        "&lt;blockquote&gt;" * 90 + "deep",
        "&lt;ul&gt;&lt;li&gt;" * 45 + "deep",
        "&lt;p&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;",
        "&lt;p&gt;&amp;#0;&amp;#27;[31m&amp;#xFFFE;",
        "&lt;ol start=" + "9" * 5000 + "&gt;&lt;li&gt;x",
        "{% include '/etc/passwd' %}",
    ],
)
def test_an_item_that_cannot_be_taken_harms_no_other(bench: Bench, server: Server, words: str) -> None:
    """It is one problem, or it is text; the items beside it and the house's drafts are taken, and go out."""
    bad = f"<item><title>Odd</title><link>https://alice.example/odd</link><guid>odd</guid><description>{words}</description></item>"
    server.has(item(1), bad, item(2))
    app = bench.set_up(BASE + feed(server.url, "take_old = 10"), {"pgc/good.md": article("Good")})
    new, _, _ = again(app, 0)
    assert {"Good", "Item 1", "Item 2"} <= set(new)
    pipeline.plan(app, bench.clock.now())
    for row in app.ledger.drafts():
        assert [s.state for s in pipeline.publish(app, draft=row.id, channel="site").sent] == ["published"]


@pytest.mark.parametrize(
    "data",
    [b"garbage", b"", b"\xff\xfb\x90\x00", b"<html>", b"GIF89a\x01"],
    ids=["garbage", "empty", "three bytes", "a page", "half a picture"],
)
@pytest.mark.parametrize("kind", sometimes(["audio/mpeg", "image/gif", "video/mp4"]))
def test_an_enclosure_that_is_none_is_one_problem(
    bench: Bench, server: Server, httpserver: HTTPServer, data: Any, kind: Any
) -> None:
    """Its item is taken without it, as the others are."""
    httpserver.expect_request("/file").respond_with_data(data, content_type=kind)
    bad = item(1).replace(
        "</item>", f'<enclosure url="{httpserver.url_for("/file")}" type="{kind}" length="9"/></item>'
    )
    server.has(bad, item(2))
    app = bench.set_up(BASE + feed(server.url, "take_old = 10"), {"pgc/good.md": article("Good")})
    new, _, problems = again(app, 0)
    assert {"Good", "Item 1", "Item 2"} <= set(new)
    kept = [m for row in app.ledger.drafts() for m in content_of(app.ledger, row.revision, row.id)["media"]]
    assert bool(kept) != bool(problems)
