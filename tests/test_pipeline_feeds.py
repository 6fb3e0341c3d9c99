"""Members' feeds through the desk: a baseline first, then each item once for ever, and no harm from a bad one."""

from __future__ import annotations

import datetime as dt
import json
import socket
import sqlite3
import threading
import time
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, DAILY, MORNING, SITE, Bench, article
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from steadycast import ops, pipeline
from steadycast.outgoing import Fetcher
from steadycast.pipeline.results import Collected

BASE = COMMUNITY + DAILY.replace(', "far"', "") + SITE
HOUR = dt.timedelta(hours=1)


def rss(*items: str) -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>A feed</title>{"".join(items)}</channel></rss>'


def item(n: int, body: str = "Words") -> str:
    return (
        f"<item><title>Item {n}</title><link>https://alice.example/{n}</link><guid isPermaLink='false'>id-{n}</guid>"
        f"<description>&lt;p&gt;{body} {n}&lt;/p&gt;</description></item>"
    )


def feed(url: str, *more: str, member: str = "alice") -> str:
    return "\n".join(["[[feed]]", f'member = "{member}"', f'url = "{url}"', "allow_private = true", *more, ""])


class Server:
    """One feed whose answer a test may change; `asked` holds what each request wanted to know."""

    def __init__(self, httpserver: HTTPServer, path: str = "/feed") -> None:
        self.url = httpserver.url_for(path)
        self.answer = Response(rss())
        self.asked: list[dict[str, str]] = []
        httpserver.expect_request(path).respond_with_handler(self._answered)

    def _answered(self, request: Request) -> Response:
        self.asked.append(dict(request.headers))
        return self.answer

    def has(self, *items: str, **headers: str) -> None:
        self.answer = Response(rss(*items), headers=headers)


@pytest.fixture
def server(httpserver: HTTPServer) -> Any:
    return Server(httpserver)


def titles(collected: Collected, kind: str = "new") -> list[str]:
    return sorted(t.title for t in collected.taken if t.kind == kind)


def look(app: Any, hours: int = 0) -> Any:
    """A look so many hours after the first."""
    return pipeline.collect(app, MORNING + hours * HOUR)


def test_the_first_look_sets_a_baseline_and_takes_nothing_old(bench: Bench, server: Any) -> None:
    server.has(item(1), item(2))
    app = bench.set_up(BASE + feed(server.url))
    first = look(app)
    assert titles(first) == []
    assert first.feeds[0].said == "baseline set, 2 old items left"
    server.has(item(3), item(1), item(2))
    assert titles(look(app, 1)) == ["Item 3"]
    assert titles(look(app, 2)) == [], "once for ever"
    server.has(item(4))
    assert titles(look(app, 3)) == ["Item 4"]
    server.has(item(1), item(3), item(4))
    assert titles(look(app, 4)) == [], "what came back is not new"


def test_a_community_may_want_some_of_the_old_items(bench: Bench, server: Any) -> None:
    server.has(*(item(n) for n in range(9)))
    app = bench.set_up(BASE + feed(server.url, "take_old = 3"))
    assert len(look(app).taken) == 3


def test_a_feeds_items_are_the_members_and_stand_as_theirs(bench: Bench, server: Any) -> None:
    """A trusted member's items need no editor, another's wait; whose they are does not come from the feed."""
    server.has()
    app = bench.set_up(BASE + feed(server.url) + feed(server.url + "?b", member="bob"))
    look(app)
    server.has(item(1))
    look(app, 1)
    assert {(r["member"], r["origin"], r["state"]) for r in pipeline.drafts(app, MORNING)} == {
        ("alice", "ugc", "stock"), ("bob", "ugc", "waiting")
    }  # fmt: skip


def test_a_form_that_the_settings_give_is_its_items(bench: Bench, server: Any, httpserver: HTTPServer) -> None:
    """A diary with a sound in each entry may stay a series of articles."""
    sound = Server(httpserver, "/a.mp3")
    sound.answer = Response(b"ID3", content_type="audio/mpeg")
    server.has(item(1).replace("</item>", f'<enclosure url="{sound.url}" length="3" type="audio/mpeg"/></item>'))
    app = bench.set_up(BASE + feed(server.url, "take_old = 1", 'form = "article"'))
    look(app)
    assert [row["form"] for row in pipeline.drafts(app, MORNING)] == ["article"]


def test_an_edited_item_is_a_revision(bench: Bench, server: Any) -> None:
    server.has()
    app = bench.set_up(BASE + feed(server.url))
    look(app)
    server.has(item(1))
    (new,) = look(app, 1).taken
    server.has(item(1, "Better words"))
    (edited,) = look(app, 2).taken
    assert (edited.kind, edited.draft) == ("edited", new.draft)


def test_a_feed_is_asked_politely(bench: Bench, server: Any) -> None:
    """What did not change is not sent again; nor is it asked for before its time."""
    server.has(item(1), ETag='"one"')
    app = bench.set_up(BASE + feed(server.url))
    look(app)
    look(app)
    assert len(server.asked) == 1, "every = 30m is the least"
    server.answer = Response(status=304)
    said = [look(app, hours).feeds[0].said for hours in (1, 2)]
    assert "not modified" in said, "of two hours in a row one at least is asked conditionally"
    assert '"one"' in [headers.get("If-None-Match") for headers in server.asked]


def test_a_feed_that_is_gone_is_told_and_asked_no_more(bench: Bench, server: Any) -> None:
    server.has(item(1))
    app = bench.set_up(BASE + feed(server.url))
    look(app)
    server.answer = Response(status=410)
    (problem,) = look(app, 1).problems
    assert "gone for good" in problem.message
    assert problem.hint
    asked = len(server.asked)
    (still,) = look(app, 30).problems
    assert still.message == problem.message
    assert len(server.asked) == asked


def test_a_feed_that_moved_for_good_is_followed(bench: Bench, server: Any, httpserver: HTTPServer) -> None:
    new = Server(httpserver, "/new")
    new.has(item(1))
    server.answer = Response(status=301, headers={"Location": new.url})
    app = bench.set_up(BASE + feed(server.url))
    look(app)
    new.has(item(2), item(1))
    assert titles(look(app, 1)) == ["Item 2"]
    assert len(server.asked) == 1


def test_a_changed_address_brings_nothing_twice(bench: Bench, server: Any, httpserver: HTTPServer) -> None:
    """What the member's feed brought at its old address is known at the new one, and an edit there is a revision."""
    server.has(item(1), item(2))
    app = bench.set_up(BASE + feed(server.url, "take_old = 2"))
    assert titles(look(app)) == ["Item 1", "Item 2"]
    new = Server(httpserver, "/new")
    new.has(item(3), item(1), item(2))
    app = bench.set_up(BASE + feed(new.url, "take_old = 2"))
    assert titles(look(app, 1)) == ["Item 3"]
    new.has(item(3), item(1, "Better words"), item(2))
    assert titles(look(app, 2), "edited") == ["Item 1"]
    assert len(pipeline.drafts(app, MORNING)) == 3


def test_two_feeds_of_one_member_bring_an_item_once(bench: Bench, server: Any, httpserver: HTTPServer) -> None:
    other = Server(httpserver, "/other")
    server.has(item(1))
    other.has(item(1), item(2))
    two = feed(server.url, "take_old = 9") + feed(other.url, "take_old = 9")
    app = bench.set_up(BASE + two + feed(other.url, "take_old = 9", member="bob"))
    assert titles(look(app)) == ["Item 1", "Item 1", "Item 2", "Item 2"], "what another member brings is theirs"


def test_a_broken_feed_and_one_that_hangs_harm_no_other(
    bench: Bench, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is one problem, with its hint; the good feed's item is taken."""
    monkeypatch.setattr("steadycast.pipeline.member_feeds.Fetcher", lambda: Fetcher(deadline=1))
    good, broken, page = (Server(httpserver, path) for path in ("/good", "/broken", "/page"))
    broken.answer = Response("<rss><channel><item>", mimetype="application/xml")
    page.answer = Response("<!doctype html><html><body>Welcome</body></html>", mimetype="text/html")
    good.has(item(1))
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection, and says nothing
        hangs = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        bad = [feed(hangs, member="hanna"), feed(broken.url, member="boris"), feed(page.url, member="page")]
        app = bench.set_up(BASE + "".join(bad) + feed(good.url, "take_old = 1"))
        found = look(app)
    assert titles(found) == ["Item 1"]
    assert {p.where.split("/")[1] for p in found.problems} == {"hanna", "boris", "page"}
    assert all(p.hint for p in found.problems)
    assert {p.path for p in app.ledger.problems()} == {p.where for p in found.problems}


def test_a_fixed_feed_is_a_problem_no_more(bench: Bench, server: Any) -> None:
    server.answer = Response("no feed")
    app = bench.set_up(BASE + feed(server.url))
    assert len(look(app).problems) == 1
    server.has(item(1))
    assert look(app, 13).problems == ()
    assert app.ledger.problems() == []


def test_a_secret_that_is_not_set_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed that nobody can look at is not passed over in silence."""
    monkeypatch.delenv("ALICE_FEED", raising=False)
    app = bench.set_up(BASE + '[[feed]]\nmember = "alice"\nsecret = "ALICE_FEED"\n')
    (problem,) = look(app).problems
    assert "ALICE_FEED is not set" in problem.message
    assert "export" in problem.hint


@pytest.mark.parametrize("answer", ["items", "page", "moved", "gone", "error"])
def test_an_address_that_is_a_secret_is_written_nowhere(
    bench: Bench, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    """Not in the ledger, not in a message, not in JSON, whatever the far side answers: path and query may be the key."""
    token = "t0k3nt0k3nt0k3n"
    server = Server(httpserver, f"/{token}/feed")
    server.answer = {
        "items": Response(rss(item(1))),
        "page": Response("<html></html>", mimetype="text/html"),
        "moved": Response(status=301, headers={"Location": f"/{token}/feed?again={token}"}),
        "gone": Response(status=410),
        "error": Response(status=500),
    }[answer]
    monkeypatch.setenv("ALICE_FEED", f"{server.url}?key={token}")
    app = bench.set_up(BASE + '[[feed]]\nmember = "alice"\nsecret = "ALICE_FEED"\nallow_private = true\ntake_old = 5\n')
    found = look(app)
    look(app, 13)
    told = json.dumps([found.rows(), found.summary(), ops.status(app, MORNING), pipeline.drafts(app, MORNING)])
    pipeline.report(app, MORNING)
    with sqlite3.connect(app.workspace.ledger) as ledger:
        dump = "\n".join(ledger.iterdump())
    ledger.close()
    kept = b"".join(f.read_bytes() for f in app.workspace.var.rglob("*") if f.is_file())
    assert server.asked
    assert token not in told
    assert token not in dump
    assert token.encode() not in kept
    assert {row["path"] for row in found.rows() if row["what"] == "feed"} == {"ALICE_FEED"}


def test_a_feed_of_one_item_that_is_another_each_day_is_as_many_drafts(bench: Bench, server: Any) -> None:
    """One title and the home page as link for all: a new guid with new words is no edit of yesterday's."""
    app = bench.set_up(BASE + feed(server.url, "take_old = 1"))
    for day in range(1, 4):
        server.has(
            f"<item><title>早安</title><link>https://alice.example/</link><guid isPermaLink='false'>d{day}</guid>"
            f"<pubDate>{20 + day} Nov 2026 00:00:00 GMT</pubDate><description>Day {day}</description></item>"
        )
        assert titles(look(app, 24 * day)) == ["早安"]
    assert len(pipeline.drafts(app, MORNING)) == 3


def test_a_small_blog_that_moves_house_brings_nothing_twice(bench: Bench, server: Any) -> None:
    """Three items with new guids, links and picture hosts are the three that are known, by title and date."""

    def blog(host: Any) -> Any:
        return [
            f"<item><title>T {n}</title><link>https://{host}/{n}</link><guid>https://{host}/?p={n}</guid>"
            f"<pubDate>Mon, 0{n} Jun 2026 08:00:00 GMT</pubDate>"
            f"<description>&lt;p&gt;Words {n} &lt;a href='https://{host}/img/{n}'&gt;see&lt;/a&gt;&lt;/p&gt;</description></item>"
            for n in (1, 2, 3)
        ]

    server.has(*blog("old.example"))
    app = bench.set_up(BASE + feed(server.url, "take_old = 3"))
    assert len(titles(look(app))) == 3
    server.has(*blog("new.example"))
    moved = look(app, 1)
    assert (titles(moved), titles(moved, "edited")) == ([], ["T 1", "T 2", "T 3"])
    assert look(app, 2).taken == ()
    assert len(pipeline.drafts(app, MORNING)) == 3


def with_sound(n: int, url: str) -> str:
    return item(n).replace("</item>", f'<enclosure url="{url}" length="3" type="audio/mpeg"/></item>')


def test_a_dropped_file_does_not_wait_for_a_members_slow_feed(
    bench: Bench, server: Any, httpserver: HTTPServer
) -> None:
    """An enclosure that drips for minutes holds neither the lock of intake nor the house's own draft."""
    asked, release = threading.Event(), threading.Event()
    httpserver.expect_request("/slow.mp3").respond_with_handler(
        lambda _: (asked.set(), release.wait(30), Response(b"ID3", content_type="audio/mpeg"))[2]  # type: ignore[func-returns-value]
    )
    server.has(with_sound(1, httpserver.url_for("/slow.mp3")))
    app = bench.set_up(BASE + feed(server.url, "take_old = 1"))
    slow = threading.Thread(target=lambda: look(bench.open()))
    slow.start()
    try:
        assert asked.wait(20)
        bench.drop("pgc/news.md", article("News"))
        began = time.monotonic()
        assert titles(pipeline.collect(app, MORNING, feeds=False)) == ["News"]
        assert time.monotonic() - began < 10
        assert slow.is_alive()
    finally:
        release.set()
        slow.join()
    assert {row["title"] for row in pipeline.drafts(app, MORNING)} == {"News", "Item 1"}


def test_one_look_takes_so_many_items_of_a_feed_and_the_next_the_rest(
    bench: Bench, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the server says that nothing changed since: that would leave the rest for ever."""
    monkeypatch.setattr("steadycast.pipeline.member_feeds.OF_A_FEED", (60.0, 1 << 20, 3))
    whole = rss(*(item(n) for n in range(7)))
    server.answer = Response(whole, headers={"ETag": '"1"'})
    app = bench.set_up(BASE + feed(server.url, "take_old = 7"))
    found = look(app)
    assert len(found.taken) == 3
    assert "4 wait for the next look" in found.feeds[0].said
    assert len(look(app).taken) == 3, "at once: it is still its turn"
    assert len(look(app).taken) == 1
    assert look(app, 1).taken == ()
    assert "If-None-Match" not in server.asked[1]


def test_what_one_look_may_cost_is_shared_and_each_feed_has_its_turn(
    bench: Bench, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steadycast.pipeline.member_feeds.OF_A_LOOK", (60.0, 1 << 20, 2))
    servers = [Server(httpserver, f"/{n}") for n in range(3)]
    for n, one in enumerate(servers):
        one.has(item(n), item(n + 10))
    app = bench.set_up(BASE + "".join(feed(one.url, "take_old = 2", member=f"m{n}") for n, one in enumerate(servers)))
    assert [len(look(app).taken) for _ in range(4)] == [2, 2, 2, 0]


def test_an_enclosure_that_cannot_be_had_is_told_and_its_text_taken(
    bench: Bench, server: Any, httpserver: HTTPServer
) -> None:
    """It is asked for ever less often, and where it comes at last that is an edit of the same draft."""
    sound = Server(httpserver, "/a.mp3")
    sound.answer = Response(status=503)
    server.has(with_sound(1, sound.url), with_sound(2, sound.url), ETag='"1"')
    app = bench.set_up(BASE + feed(server.url, "take_old = 2"))
    first = look(app)
    assert titles(first) == ["Item 1", "Item 2"]
    (problem,) = first.problems
    assert "an enclosure cannot be had" in problem.message
    assert app.ledger.problems()[0].message == problem.message
    (row,) = app.ledger.feeds()
    assert (row.failures, row.next_at) == (1, MORNING + HOUR), "twice its half an hour"
    assert look(app).problems == first.problems, "it stands until the feed is looked at again"
    sound.answer = Response(b"ID3", content_type="audio/mpeg")
    second = pipeline.collect(app, MORNING + 2 * HOUR, at_once=True)
    assert (titles(second), titles(second, "edited"), second.problems) == ([], ["Item 1", "Item 2"], ())
    assert {row["form"] for row in pipeline.drafts(app, MORNING)} == {"audio"}
    (row,) = app.ledger.feeds()
    assert (row.failures, app.ledger.problems()) == (0, [])
    assert look(app, 4).taken == ()


def test_an_enclosure_that_never_comes_is_asked_for_no_more(
    bench: Bench, server: Any, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After four tries its feed is looked at as often as any other."""
    sound = Server(httpserver, "/a.mp3")
    sound.answer = Response(status=404)
    server.has(with_sound(1, sound.url))
    app = bench.set_up(BASE + feed(server.url, "take_old = 1"))
    began = time.time()
    for days in range(6):
        monkeypatch.setattr(time, "time", lambda days=days: began + days * 86400)
        look(app, 24 * days)
    assert len(sound.asked) == 4
    (row,) = app.ledger.feeds()
    assert (row.failures, len(pipeline.drafts(app, MORNING))) == (0, 1)
