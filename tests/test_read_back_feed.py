"""What a feed shows is there: kits close by themselves, and a lost answer is settled; what it lacks proves nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from feed_examples import NOW, item
from hypothesis import given
from hypothesis import strategies as st
from pipeline_bench import COMMUNITY, DAILY, SETTINGS, SITE, Bench, article
from publish_bench import ready
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from steadycast import pipeline
from steadycast.errors import InputError, SettingsError
from steadycast.ledger.tables import State
from steadycast.ops import channel_add
from steadycast.ops.doctor import channel as examined
from steadycast.pipeline.read_back_feed import Expected, letters, sighted

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def waits(id_: int, title: str, *, slot: dt.datetime = NOW, addresses: tuple[str, ...] = ()) -> Expected:
    return Expected(id_, slot - 12 * HOUR, slot, frozenset({title}), frozenset(addresses))


def found(items: Any, *expected: Expected, now: dt.datetime = NOW, others: Any = ()) -> dict[int, str]:
    return {seen.id: seen.url for seen in sighted(items, expected, now, others)}


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ("弄堂里的早晨：六十秒听懂一句话", "弄堂里的早晨：六十秒听懂一句话"),
        (
            "【弄堂里的早晨：六十秒听懂一句话】六十秒…",
            "弄堂里的早晨：六十秒听懂一句话",
        ),  # a short post's title is its text
        ("弄堂里的早晨：六十…", "弄堂里的早晨：六十秒听懂一句话"),  # the outlet cut it
        ("A  Walk, Along the RIVER", "A walk along the river!"),
        ("Ｓｔｅａｄｙ　ｗｅｅｋ", "Steady week"),
    ],
)
def test_a_title_is_known_however_the_outlet_writes_it(told: str, title: str) -> None:
    assert found([item(1, title=told)], waits(7, title)) == {7: "https://a.example/1"}


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ("Title 1", "Title 2"),
        ("晨读第二期", "晨读"),
        ("", "晨读"),
        ("…", "!"),
        ("A walk", "Not a walk along the river"),
        ("沪语每日一词", "沪语每日一词：白相"),
        ("沪语每日一词：白相", "沪语每日一词"),
    ],
)
def test_another_title_is_another_post(told: str, title: str) -> None:
    assert found([item(1, title=told)], waits(7, title)) == {}


def test_an_address_tells_more_than_a_title() -> None:
    page = "https://hu.example/nongtang/"
    leads = item(1, title="弄堂里的早晨", body=f"Read it [here]({page}) today")
    cites = item(3, title="Something else", body=f"As we said at {page} today")
    assert found([cites], waits(7, "弄堂里的早晨", addresses=(page,))) == {}
    assert found([leads], waits(7, "弄堂里的早晨"), waits(8, "弄堂里的早晨", addresses=(page,))) == {8: leads.link}
    near = item(4, title="弄堂里的早晨", body="https://hu.example/nongtang/12")
    assert found([near], waits(7, "弄堂里的早晨"), waits(8, "弄堂里的早晨", addresses=(page,))) == {}
    same = item(2, title="Renamed there", link="http://www.a.example/x/")
    assert found([same], waits(7, "Ours", addresses=("https://a.example/x",))) == {7: "http://www.a.example/x/"}


@pytest.mark.parametrize(
    ("after", "there"), [(-13 * HOUR, False), (-11 * HOUR, True), (13 * DAY, True), (15 * DAY, False)]
)
def test_an_item_counts_near_its_slot(after: dt.timedelta, there: bool) -> None:
    items = [item(1, title="Weekly notes", published=NOW + after)]
    assert bool(found(items, waits(7, "Weekly notes"), now=NOW + 20 * DAY)) == there


def test_what_has_no_time_counts_for_two_days_and_while_it_is_the_only_one() -> None:
    undated = item(1, title="Weekly notes", published=None)
    assert found([undated], waits(7, "Weekly notes"), now=NOW + DAY) == {7: undated.link}
    assert found([undated], waits(7, "Weekly notes"), now=NOW + 3 * DAY) == {}
    assert found([undated, item(2, title="Weekly notes", published=None)], waits(7, "Weekly notes")) == {}


def test_what_could_be_two_is_left_to_a_person() -> None:
    """A series whose title is always the same: one item, two kits that wait."""
    assert found([item(1, title="Weekly notes")], waits(7, "Weekly notes"), waits(8, "Weekly notes")) == {}


def test_an_address_of_another_delivery_is_not_ours() -> None:
    assert found([item(1, title="Weekly notes")], waits(7, "Weekly notes"), others=["http://a.example/1/"]) == {}


@given(
    st.lists(
        st.tuples(
            st.sampled_from("晨读 walk notes weekly 弄堂里的早晨六十秒".split()), st.integers(-40, 40) | st.none()
        ),
        max_size=6,
    ),
    st.lists(
        st.tuples(st.sampled_from("晨读 walk notes weekly 弄堂里的早晨六十秒".split()), st.integers(0, 30)), max_size=5
    ),
)
def test_one_item_closes_one_delivery_and_what_it_shows_is_never_undone(items: Any, slots: Any) -> None:
    there = [
        item(n, title=title, published=None if day is None else NOW + day * DAY) for n, (title, day) in enumerate(items)
    ]
    expected = [waits(n, title, slot=NOW + day * DAY) for n, (title, day) in enumerate(slots)]
    seen = sighted(there, expected, NOW + 30 * DAY)
    assert len({each.id for each in seen}) == len({each.url for each in seen}) == len(seen)
    by_link = {each.link: each for each in there}
    for each in seen:
        assert letters(by_link[each.url].title) == letters(next(iter(expected[each.id].titles)))


# The whole way

KIT = '[channel.hand]\nplatform = "paste"\nread_back_feed = "{url}"\nread_back_private = true\n'


class Outlet:
    """The outlet's feed, as a converter gives it."""

    def __init__(self, server: HTTPServer) -> None:
        self.url, self.asked, self.items, self.status = server.url_for("/feed"), 0, "", 200
        server.expect_request("/feed").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.asked += 1
        return Response(f"<rss version='2.0'><channel><title>x</title>{self.items}</channel></rss>", status=self.status)

    def shows(self, title: str, link: str, at: dt.datetime) -> None:
        when = at.astimezone(dt.UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
        self.items = f"<item><title>{title}</title><link>{link}</link><pubDate>{when}</pubDate></item>" + self.items


@pytest.fixture
def outlet(httpserver: HTTPServer) -> Outlet:
    return Outlet(httpserver)


def handed_over(bench: Bench, outlet: Outlet, settings: str = KIT) -> Any:
    content = {f"pgc/{n}.md": article(f"A walk number {n} along the river") for n in (1, 2)}
    app = ready(bench, COMMUNITY + DAILY.replace('"far"', '"hand"') + SITE + settings.format(url=outlet.url), content)
    bench.at(23, 20, 0)
    (handed,) = [s for s in pipeline.publish(app).sent if s.channel == "hand"]
    return app, handed.delivery.id, app.ledger.titles([handed.delivery.draft])[handed.delivery.draft]


def row_of(app: Any, id_: int) -> Any:
    return app.ledger.deliveries(ids=[id_])[0]


def test_a_kit_closes_by_itself_once_the_feed_shows_it(bench: Bench, outlet: Outlet) -> None:
    app, id_, title = handed_over(bench, outlet)
    bench.at(23, 20, 5)
    pipeline.verify(app, bench.clock.now())
    assert (row_of(app, id_).state, outlet.asked) == (State.HANDED, 1), "it is not there yet, which proves nothing"
    outlet.shows(title, "https://hand.example/p/1", bench.clock.now() + dt.timedelta(minutes=2))
    bench.at(23, 20, 10)
    pipeline.verify(app, bench.clock.now())
    assert outlet.asked == 1, "a feed is asked once in ten minutes"
    bench.at(23, 20, 20)
    told = pipeline.verify(app, bench.clock.now())
    row = row_of(app, id_)
    assert (row.state, row.url, row.verdict) == (State.CONFIRMED, "https://hand.example/p/1", "kept")
    assert row.finished == bench.clock.now() - dt.timedelta(minutes=13), "since the feed says so"
    assert [(r["channel"], r["state"]) for r in told.rows() if r["channel"] == "hand"] == [("hand", "confirmed")]
    bench.at(23, 20, 40)
    pipeline.verify(app, bench.clock.now())
    assert outlet.asked == 2, "nothing waits there any more"
    assert "is confirmed: its address is" in pipeline.confirm(
        app, row.marker, "https://hand.example/p/2", bench.clock.now()
    )


@pytest.mark.parametrize(
    "link", ["https://evil.example/p/1", "javascript:alert(1)", "https://hand.example.evil.example/1"]
)
def test_an_address_that_the_outlet_cannot_have_closes_nothing(bench: Bench, outlet: Outlet, link: str) -> None:
    app, id_, title = handed_over(bench, outlet)
    outlet.shows(title, link, bench.clock.now())
    bench.at(23, 20, 20)
    pipeline.verify(app, bench.clock.now())
    assert row_of(app, id_).state == State.HANDED


def test_a_kit_that_is_made_and_posted_a_day_ahead_is_seen(bench: Bench, outlet: Outlet) -> None:
    content = {"pgc/1.md": article("A walk along the river")}
    app = ready(bench, COMMUNITY + DAILY.replace('"far"', '"hand"') + SITE + KIT.format(url=outlet.url), content)
    bench.at(22, 22, 0)
    (handed,) = [s for s in pipeline.publish(app, series="daily").sent if s.channel == "hand"]
    bench.at(22, 22, 30)
    outlet.shows("A walk along the river", "https://hand.example/p/1", bench.clock.now())
    pipeline.verify(app, bench.clock.now())
    assert row_of(app, handed.delivery.id).state == State.CONFIRMED


@pytest.mark.parametrize("status", [404, 500, 503])
def test_a_feed_that_fails_harms_nothing(bench: Bench, outlet: Outlet, status: int) -> None:
    app, id_, _ = handed_over(bench, outlet)
    outlet.status = status
    bench.at(23, 20, 20)
    pipeline.verify(app, bench.clock.now())
    assert (row_of(app, id_).state, outlet.asked) == (State.HANDED, 1)


def test_a_feed_in_this_network_is_read_with_leave_only(
    bench: Bench, outlet: Outlet, caplog: pytest.LogCaptureFixture
) -> None:
    app, id_, title = handed_over(bench, outlet, KIT.replace("true", "false"))
    outlet.shows(title, "https://hand.example/p/1", bench.clock.now())
    bench.at(23, 20, 20)
    pipeline.verify(app, bench.clock.now())
    assert (row_of(app, id_).state, outlet.asked) == (State.HANDED, 0)
    assert "Then write read_back_private = true" in caplog.text
    app = bench.settings((bench.root / "steadycast.toml").read_text("utf-8").replace("false", "true"))
    pipeline.verify(app, bench.clock.now())
    assert row_of(app, id_).state == State.CONFIRMED, "other settings are tried at once"


def test_a_test_of_the_channel_reads_its_feed(bench: Bench, outlet: Outlet) -> None:
    """And says what it found, and what to do where none of it can be a post of that platform."""
    app, id_, title = handed_over(bench, outlet)
    outlet.shows(title, "https://hand.example/p/1", bench.clock.now())

    def said(app: Any) -> Any:
        return [
            (each.severity, each.said, each.hint)
            for each in examined(app, "hand", bench.clock.now())
            if "feed" in each.where
        ]

    ((how, what, _),) = said(app)
    assert (how, what) == ("ok", f"1 item, the newest: {title}")
    assert row_of(app, id_).state == State.HANDED, "a test closes nothing"
    outlet.items = outlet.items.replace("hand.example", "other.example")
    assert said(app)[0][2] == "none can be a post: an address begins with hand.example/ or www.hand.example/"
    outlet.status = 404
    assert said(app)[0][::2] == ("warn", "open the address in a browser")
    app = bench.settings((bench.root / "steadycast.toml").read_text("utf-8").replace("true", "false"))
    assert "read_back_private = true" in said(app)[0][2]


def test_a_channel_is_added_with_its_feed(bench: Bench) -> None:
    app = bench.set_up(SETTINGS)
    feed = {"read_back_feed": "https://rsshub.example/a", "read_back_private": "yes"}
    made = channel_add.wanted(app.workspace, "paste", "hand", given=feed)
    assert made.values == {"platform": "paste", "read_back_feed": feed["read_back_feed"], "read_back_private": True}
    with pytest.raises(InputError) as wrong:
        channel_add.wanted(app.workspace, "paste", "hand", given={"read_back_fed": "x"})
    assert "read_back_feed" in str(wrong.value.hint)


def test_a_lost_answer_is_settled_by_what_the_feed_shows(bench: Bench, outlet: Outlet) -> None:
    """A blind platform cannot be asked itself, and is never sent to again on a guess."""
    settings = COMMUNITY + DAILY.replace('"far"', '"hand"') + SITE + KIT.replace('"paste"', '"blind"')
    app = ready(bench, settings.format(url=outlet.url))
    far = app.workspace.out / "far-side-hand"
    far.mkdir(parents=True)
    (far / "verbs").write_text("cut")
    bench.at(23, 20, 0)
    (lost,) = [s for s in pipeline.publish(app).sent if s.channel == "hand"]
    assert lost.state == State.UNKNOWN
    bench.at(23, 20, 20)
    pipeline.verify(app, bench.clock.now())
    assert row_of(app, lost.delivery.id).state == State.UNKNOWN
    title = app.ledger.titles([lost.delivery.draft])[lost.delivery.draft]
    outlet.shows(title, "https://out.example/p/1", bench.clock.now())
    bench.at(23, 20, 40)
    pipeline.verify(app, bench.clock.now())
    row = row_of(app, lost.delivery.id)
    assert (row.state, row.url) == (State.PUBLISHED, "https://out.example/p/1")
    assert len((far / "calls").read_text().splitlines()) == 1


def test_a_feed_that_is_no_address_is_said_with_its_line(bench: Bench) -> None:
    with pytest.raises(SettingsError, match="is no web address"):
        bench.set_up(COMMUNITY + DAILY + SITE + KIT.format(url="rsshub/weibo"))
