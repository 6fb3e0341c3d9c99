"""What one community shares fills another's empty slot: once for ever, with whose it is said under it, for nobody's turn."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pipeline_bench import FILES, MORNING, Bench, article
from planner_cases import DAY, MIXED, NOTES, NOW, PGC, UGC, draft, planned
from platform_bench import PLATFORMS
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from steadycast import pipeline
from steadycast.draft import Draft, revision_of
from steadycast.errors import SettingsError
from steadycast.intake import json_feed
from steadycast.platform import Limit
from steadycast.platform.text import count
from steadycast.render.compose import Target, compose
from steadycast.render.prepared_body import prepare
from steadycast.schedule.history import History
from steadycast.schedule.model import Assignment, Form, Past, Series
from steadycast.schedule.planner import plan
from steadycast.schedule.slots import slots
from steadycast.testing import workspace
from steadycast.workspace import load

CREDIT = "来自绘画营 · 作者 M"
LICENCE = "CC BY 4.0"
LADDER = replace(NOTES, fill=("evergreen", "shared", "digest"))


def given(id: str, **fields: Any) -> Any:
    return draft(id, origin=UGC, circle="绘画营", **fields)


# The planner's rung


def test_a_slot_that_nobody_here_wrote_for_takes_what_is_shared_before_the_digest() -> None:
    """Of the house's own reserve first, then the piece that has waited longest; each goes out once."""
    stock = [draft("old", evergreen=True), given("b", since=NOW - DAY), given("a", since=NOW - 2 * DAY)]
    found = planned(LADDER, stock, fill_within=5 * DAY, days=5)
    assert found == {
        "11-22": "old", "11-23": "a", "11-24": "b",
        "11-25": "digest:notes:notes@2026-11-25T20:00", "11-26": "digest:notes:notes@2026-11-26T20:00",
    }  # fmt: skip


def test_what_is_shared_is_reserve_and_never_fresh() -> None:
    """No slot beyond `fill_within` has it, nor one whose series names no such rung; a draft from here goes before it."""
    assert planned(LADDER, [given("a")]) == {"11-22": "a"}, "only the slot within a day"
    assert planned(replace(NOTES, fill=("evergreen",)), [given("a")]) == {}
    former = [Assignment("notes@2026-11-22T20:00", "a", filled=True, why="shared")]
    assert planned(LADDER, [given("a"), draft("fresh")], former, fill_within=2 * DAY, days=2) == {
        "11-22": "fresh", "11-23": "a",
    }  # fmt: skip


def test_what_was_shared_goes_out_once_for_ever() -> None:
    """However long ago, and in whatever series."""
    past = [Past("video@2025-01-01T20:00", "video", NOW - 600 * DAY, UGC, "", "a")]
    assert planned(replace(LADDER, fill=("shared",)), [given("a")], history=past) == {}


def test_what_filled_an_announced_occasion_is_free_once_when_a_draft_of_its_own_comes() -> None:
    """Two slots give it back, and one other slot takes it."""
    hours = tuple(dt.timedelta(hours=n) for n in (3, 1))
    talk = Series("talk", every="day at 20:00", announce=hours, fill=("shared",), forms=(Form.EVENT, Form.ARTICLE))
    other = replace(LADDER, fill=("shared",))
    early, late = replace(other, name="e", every="day at 18:00"), replace(other, name="z", every="day at 20:30")
    series, stock = [talk, early, late], [given("a")]
    coming = sorted(slot for each in series for slot in slots(each, NOW, NOW + DAY))
    first = plan(series, coming, stock, [], [], NOW, DAY)
    assert [each.slot for each in first] == ["talk@2026-11-22T20:00-3h", "talk@2026-11-22T20:00-1h"]
    event = draft("own", form=Form.EVENT, event_start=dt.datetime(2026, 11, 22, 20, tzinfo=dt.UTC))
    then = plan(series, coming, [*stock, event], first, [], NOW, DAY)
    assert [each.draft for each in then].count("a") == 1
    assert [each.draft for each in then].count("own") == 2


def test_a_plan_made_again_moves_nothing_that_is_shared() -> None:
    coming = slots(LADDER, NOW, NOW + 3 * DAY)
    stock = [given("a"), given("b")]
    first = plan([LADDER], coming, stock, [], [], NOW, 3 * DAY)
    assert plan([LADDER], coming, stock[::-1], first, [], NOW, 3 * DAY) == first


def test_what_is_shared_is_nobodys_turn() -> None:
    """Neither a member's nor the house's; the mix counts it as members' work."""
    past = [
        Past(f"notes@2026-11-{day}T20:00", "notes", NOW - (22 - day) * DAY, UGC, "", f"s{day}") for day in (19, 20, 21)
    ]
    assert History(past).turns == {}
    assert planned(MIXED, [draft("house"), draft("hers", "alice")], history=past, days=2) == {
        "11-22": "house", "11-23": "hers",
    }, "three of three were members': the house is owed the next"  # fmt: skip
    assert past[0].nobodys
    assert not past[0]._replace(origin=PGC).nobodys


# The line under it


ARTICLES = {name: found for name, found in PLATFORMS.items() if "article" in found.forms}


@pytest.mark.slow
@pytest.mark.parallel
@pytest.mark.every_platform
@pytest.mark.parametrize("name", sorted(ARTICLES))
def test_every_platform_says_whose_it_is(name: str, tmp_path: Path) -> None:
    """In the text and in the HTML, also where the text is cut to a limit."""
    outlet = ARTICLES[name]
    limit, body = outlet.limits.get("text", Limit(1 << 60)), "岸边写生，画到天黑。" * 400
    if not (limit.cut and outlet.limits.get("html", limit).cut):
        body = body[:40]
    post = compose(prepare(shared(body), tmp_path / "media", tmp_path / "cache"), outlet, target())
    assert post.credit == f"{CREDIT} · {LICENCE}"
    assert CREDIT in post.parts[-1]
    assert post.html.count(CREDIT) == 1
    assert all(count(part, limit) <= limit.max for part in post.parts)


def shared(body: str) -> Draft:
    made = Draft(
        PurePosixPath("feed/绘画营/a"), UGC, "", "", "写生", body, author="M", circle="绘画营", licence=LICENCE,
    )  # fmt: skip
    return replace(made, revision=revision_of(made))


def target() -> Target:
    at = dt.datetime(2026, 11, 24, 20, tzinfo=ZoneInfo("Asia/Shanghai"))
    return Target("out", "daily@2026-11-24T20:00", "abcdefghijklm", published=at, language="zh-CN")


def test_a_draft_of_this_community_keeps_its_revision() -> None:
    """The new fields are in it only where they say something."""
    here = replace(shared("x"), circle="", licence="")
    assert revision_of(here) == revision_of(replace(here, path=PurePosixPath("pgc/b.md")))
    assert revision_of(here) != revision_of(shared("x"))


# Two real communities, with a real feed between them


def community(name: str, *more: str) -> str:
    return f"""
[community]
name = "{name}"
timezone = "Asia/Shanghai"
language = "zh-CN"

[series.daily]
title = "每日"
every = "day at 20:00"
channels = ["out"]
fill = ["evergreen", "shared", "digest"]
""" + "\n".join(more)


PAGES = '\n[channel.out]\nplatform = "pages"\nurl = "https://readers.example/"\n'
OFFER = f'\n[channel.out]\nplatform = "feed"\nurl = "https://huihua.example/"\nlicence = "{LICENCE}"\n'
TOMORROW = "daily@2026-11-24T20:00"


class Circles:
    """Workspaces side by side, each with a desk of its own, on one clock; and a server with the first one's feed."""

    def __init__(self, bench: Bench, httpserver: HTTPServer) -> None:
        self.bench, self.server = bench, httpserver

    def found(self, name: str, settings: str, content: dict[str, str] | None = None) -> pipeline.App:
        root = self.bench.root.parent / name
        made = workspace(root, settings, content or {}, FILES)
        made.var.mkdir(parents=True, exist_ok=True)
        (made.var / "ledger.sqlite").write_bytes(self.bench.empty.read_bytes())
        app = pipeline.App(load(root), clock=self.bench.clock)
        self.bench.opened.append(app)
        return app

    def serve(self, app: pipeline.App) -> str:
        def answer(_request: Request) -> Response:
            return Response((app.workspace.out / "out" / "feed.json").read_bytes(), mimetype="application/feed+json")

        self.server.expect_request("/feed.json").respond_with_handler(answer)
        return self.server.url_for("/feed.json")


@pytest.fixture
def circles(bench: Bench, httpserver: HTTPServer) -> Circles:
    return Circles(bench, httpserver)


@pytest.fixture
def huihua(circles: Circles) -> pipeline.App:
    """A community that shares: three pieces of its member M have gone out in a feed with a licence."""
    one = community("绘画营", OFFER, '\n[members.m]\ntitle = "M"\ntrusted = true\n').replace(
        "day at 20:00", "day at 06:00,07:00,08:00"
    )
    app = circles.found("huihua", one, {f"ugc/m/{n}.md": article(f"写生 {n}", body=f"岸边 {n}。") for n in (1, 2, 3)})
    circles.bench.clock.set_wall(MORNING.replace(hour=5))
    pipeline.collect(app, circles.bench.clock.now())
    pipeline.plan(app, circles.bench.clock.now())
    for hour in (6, 7, 8):
        circles.bench.clock.set_wall(MORNING.replace(hour=hour, second=1))
        pipeline.publish(app)
    circles.bench.clock.set_wall(MORNING.replace(hour=21))
    return app


def taker(circles: Circles, name: str, url: str, *more: str) -> pipeline.App:
    feed = f'\n[[feed]]\ncircle = "绘画营"\nurl = "{url}"\nallow_private = true\n'
    return circles.found(name, community(name, PAGES, feed, *more))


def look(app: pipeline.App, now: dt.datetime) -> list[str]:
    """Take in, approve what waits, plan."""
    took = pipeline.collect(app, now, at_once=True)
    for row in app.ledger.drafts(["waiting"]):
        pipeline.decide(app, [row.id], "approve", by="chen", now=now)
    pipeline.plan(app, now)
    return sorted(t.title for t in took.taken)


@pytest.mark.platforms("feed")
def test_two_circles_with_a_gap_tomorrow_may_each_take_any_of_the_three(circles: Circles, huihua: pipeline.App) -> None:
    """Each for its own audience: what one takes, the other may take as well; a second look brings nothing twice."""
    url, now = circles.serve(huihua), circles.bench.clock.now()
    for name in ("shufa", "sheying"):
        app = taker(circles, name, url)
        assert look(app, now) == ["写生 1", "写生 2", "写生 3"]
        slot = app.ledger.slots_between(now, now + DAY)[0]
        row = app.ledger.draft(slot.draft or "")
        assert (slot.id, slot.filled, slot.why) == (TOMORROW, True, "shared")
        assert row
        assert (row.circle, row.member, row.origin) == ("绘画营", "", "ugc")
        assert row.title in {"写生 1", "写生 2", "写生 3"}
        assert look(app, now) == []
        assert len(app.ledger.drafts()) == 3


@pytest.mark.platforms("feed")
def test_it_goes_out_with_whose_it_is_and_counts_for_nobody(circles: Circles, huihua: pipeline.App) -> None:
    """The post, the record and the list of who wrote; the next day brings another one, and never the same again."""
    app = taker(circles, "shufa", circles.serve(huihua))
    seen = []
    for day in (24, 25, 26, 27):
        look(app, circles.bench.clock.now())
        circles.bench.at(day, 20, 0, 1)
        pipeline.publish(app)
        seen += [d.draft for d in app.ledger.deliveries() if d.verdict == "filled" and d.draft and d.draft not in seen]
        circles.bench.at(day, 21)
    rows = [app.ledger.draft(id) for id in seen]
    assert [row.circle for row in rows if row] == ["绘画营"] * 3 + [""], "then the digest of what went out here"
    page = "".join(p.read_text() for p in (app.workspace.out / "out").rglob("*.html"))
    assert f"{CREDIT} · {LICENCE}" in page
    report = pipeline.report(app, circles.bench.clock.now()).data["record"]
    assert [(each["member"], each["count"]) for each in report["contributors"]] == [("", 1)], (
        "the digest is the house's"
    )
    assert report["series"][0]["mix_real"]["ugc"] == 3
    voices = pipeline.fair.fair(app, circles.bench.clock.now()).voices
    assert [(each.name, each.slots) for each in voices if each.slots] == [("", 1)], (
        "of what the house and members wrote"
    )


@pytest.mark.platforms("feed")
def test_what_is_shared_waits_for_an_editor_of_the_circle_that_takes_it(circles: Circles, huihua: pipeline.App) -> None:
    app = taker(circles, "shufa", circles.serve(huihua))
    now = circles.bench.clock.now()
    pipeline.collect(app, now, at_once=True)
    pipeline.plan(app, now)
    assert {row.state for row in app.ledger.drafts()} == {"waiting"}
    assert app.ledger.slots_between(now, now + DAY)[0].draft is None


@pytest.mark.platforms("feed")
def test_what_a_community_has_from_another_it_does_not_share_on(circles: Circles, huihua: pipeline.App) -> None:
    """So nothing comes back to who wrote it, and no licence is given for another's work."""
    feed = f'\n[[feed]]\ncircle = "绘画营"\nurl = "{circles.serve(huihua)}"\nallow_private = true\n'
    app = circles.found("shufa", community("书法营", OFFER, feed), {"pgc/own.md": article("自己的")})
    for day in (24, 25):
        look(app, circles.bench.clock.now())
        circles.bench.at(day, 20, 0, 1)
        pipeline.publish(app)
        circles.bench.at(day, 21)
    items = json.loads((app.workspace.out / "out" / "feed.json").read_text())["items"]
    assert {(each["title"] == "自己的", "_steadycast" in each) for each in items} == {(True, True), (False, False)}


@pytest.mark.parametrize(
    "mark",
    [{}, {"_steadycast": {}}, {"_steadycast": "CC0"}, {"_steadycast": {"licence": ""}}, {"_steadycast": ["licence"]}],
)
def test_a_feed_that_shares_nothing_is_told_and_brings_nothing(
    circles: Circles, httpserver: HTTPServer, mark: dict[str, Any]
) -> None:
    """What is not marked stays where it is, whatever stands in the mark's place."""
    items = [{"id": "1", "title": "t", "content_html": "<p>x</p>", **mark}]
    told = {"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": items}
    httpserver.expect_request("/feed.json").respond_with_json(told)
    app = taker(circles, "shufa", httpserver.url_for("/feed.json"))
    took = pipeline.collect(app, MORNING, at_once=True)
    assert not took.taken
    assert ["they are not shared" in p.message for p in took.problems] == [True]


def test_a_licence_is_one_short_line() -> None:
    """Whatever its feed says of it."""
    said = {"_steadycast": {"licence": "x" * 1000}}
    feed = {"version": json_feed.VERSION, "items": [said, {"_steadycast": {"licence": {"deep": [1]}}}]}
    found = json_feed.entries(json.dumps(feed).encode(), "https://a.example/", 10)
    assert found
    assert all(len(each["licence"]) <= json_feed.LONGEST_LICENCE for each in found[1])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('url = "https://a.example/f"', "exactly one of member and circle"),
        ('member = "alice"\ncircle = "绘画营"\nurl = "https://a.example/f"', "exactly one of member and circle"),
        ('circle = "绘画营"\ntake_old = 3\nurl = "https://a.example/f"', "take_old is for members' feeds"),
        ('circle = "a/b"\nurl = "https://a.example/f"', "feed[1].circle"),
    ],
)
def test_what_is_wrong_with_such_a_feed_is_told_with_its_line(bench: Bench, lines: str, said: str) -> None:
    with pytest.raises(SettingsError) as error:
        bench.set_up(community("x", PAGES) + f"\n[[feed]]\n{lines}\n")
    assert said in str(error.value)
    assert error.value.line
