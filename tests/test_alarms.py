"""Alarms: what is wrong, told once, closed when fixed, and never at the cost of a delivery."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from steadycast import alarms as a
from steadycast.alarms.due import LONGEST
from steadycast.ledger.bulk_backfill import PastSlot
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import AlarmRow, DraftRow, FeedRow, State
from steadycast.report.gather import gather
from steadycast.schedule.model import Assignment, Form, Origin, Slot, StockItem
from steadycast.workspace import load

# Apprise's mail plug-in imports a module that Python 3.13 drops; it has a shim for that day.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 22, 21, 0, tzinfo=ZONE)
DAY = dt.timedelta(days=1)
WELL = a.Promise(
    "notes", "每日一文", coming=14, covered=9, gap=NOW + 9 * DAY, ends=NOW + 9 * DAY, stock=9, reserve=5,
    waiting=3, editors=("小艾", "老董"),
)  # fmt: skip


def alarm_row(key: str, sent: dt.datetime | None = NOW) -> AlarmRow:
    return AlarmRow(key=key, kind="starvation", opened=NOW, sent=sent, text="")


def keys(alarm_inputs: a.AlarmInputs) -> list[str]:
    return [alarm.key for alarm in a.due_alarms(alarm_inputs)]


def starving(**changes: Any) -> list[a.Alarm]:
    if "gap" in changes:
        changes.setdefault("ends", changes["gap"])
    return a.due_alarms(a.AlarmInputs(NOW, "zh-CN", (replace(WELL, **changes),)))


def test_a_kept_promise_with_enough_stock_rings_nothing() -> None:
    assert starving() == []


def test_an_empty_horizon_names_series_first_gap_days_left_and_who_can_fix_it() -> None:
    gap = NOW + dt.timedelta(days=1, hours=-1)
    (alarm,) = starving(covered=0, gap=gap, stock=0)
    assert alarm.key == "starvation:notes:empty"
    assert (
        alarm.text
        == "每日一文：下一档期无稿可发。首个空档 11月23日周一 20:00，还有 0 天。3 篇待审。可补救：小艾、老董。"
    )


def test_english_texts_count_in_english() -> None:
    (alarm,) = a.due_alarms(
        a.AlarmInputs(NOW, "en-GB", (replace(WELL, stock=4, gap=NOW + DAY, ends=NOW + DAY, waiting=1),))
    )
    assert "First gap Mon, Nov 23 21:00, in 1 day." in alarm.text
    assert "1 draft waits for approval. Who can fix it: 小艾, 老董." in alarm.text


def test_an_alarm_names_the_likeliest_day_where_that_is_not_the_one_that_stock_reaches_to() -> None:
    """Drafts that come until then move the gap on."""
    gap = NOW + 2 * DAY
    for key, stock in (("low", 4), ("soon", 9)):
        (alarm,) = starving(gap=gap, stock=stock, around=gap + DAY)
        assert alarm.key.endswith(key)
        assert "来稿若照旧，空档最可能在11月25日周三前后。" in alarm.text
        assert "来稿" not in starving(gap=gap, stock=stock, around=gap)[0].text


def test_stock_under_the_reserve_line_rings_and_at_the_line_does_not() -> None:
    assert [x.key for x in starving(stock=4)] == ["starvation:notes:low"]
    assert starving(stock=5) == []


def test_a_slot_for_which_nothing_is_left_is_told_three_days_ahead_whether_a_reserve_is_asked_for_or_not() -> None:
    """What reserve fills is none. Told, it is over once it lies twice as far ahead: who lives from day to day is told
    once, and not each time that a draft moves it by a day.
    """
    soon, later = NOW + 3 * DAY, (NOW + 4 * DAY).replace(hour=0)  # by days, so that a look each morning is enough
    for reserve in (0, 5):
        (alarm,) = starving(gap=NOW + 2 * DAY, ends=soon, reserve=reserve)
        assert alarm.key == "starvation:notes:soon"
        assert alarm.text.startswith("每日一文：11月25日周三 21:00 那一档已无稿可发，还有 3 天。3 篇待审。")
        assert starving(gap=NOW + 2 * DAY, ends=later, reserve=reserve) == []
        assert starving(gap=NOW + 2 * DAY, ends=None, reserve=reserve) == []
        assert len(starving(ends=NOW + 6 * DAY, soon=True, reserve=reserve)) == 1
        assert starving(ends=(NOW + 7 * DAY).replace(hour=0), soon=True, reserve=reserve) == []
    ahead = a.AlarmInputs(NOW, ahead=dt.timedelta(0), promises=(replace(WELL, ends=NOW),))
    assert keys(ahead) == []


@pytest.mark.parametrize("reserve", [0, 2])
def test_who_lives_from_day_to_day_is_told_once_that_nothing_is_left(reserve: int) -> None:
    """A draft each morning, its slot each evening: the evenings are empty, and what was told before stays told."""
    open_, rung = set[str](), []
    for day in range(10):
        for stock, hour in ((2, 8), (1, 12), (0, 22)):
            now = (NOW + day * DAY).replace(hour=hour)
            gap = (now + DAY * (2 if stock > 1 else 1)).replace(hour=20)
            promise = replace(WELL, covered=stock, gap=gap, ends=gap, stock=stock, reserve=reserve)
            promise = replace(promise, soon="starvation:notes:soon" in open_)
            due = keys(a.AlarmInputs(now, promises=(promise,)))
            rung += [key for key in due if key not in open_]
            open_ = set(due)
    assert rung.count("starvation:notes:soon") == 1


def test_what_the_reserve_fills_is_not_empty_and_it_is_told_up_to_when() -> None:
    gap = NOW + DAY
    assert starving(covered=0, gap=gap, ends=NOW + 5 * DAY) == []
    (alarm,) = starving(covered=0, gap=gap, ends=NOW + 5 * DAY, stock=4)
    assert alarm.key == "starvation:notes:low"
    assert "首个空档 11月23日周一 21:00，还有 1 天。储备可补到 11月27日周五 21:00 之前，还有 5 天。" in alarm.text


def test_an_empty_horizon_says_so_instead_of_telling_of_the_reserve_too() -> None:
    assert [x.key for x in starving(covered=0, gap=NOW + DAY, stock=0)] == ["starvation:notes:empty"]


def test_a_series_without_a_slot_to_come_is_not_empty() -> None:
    """Its last date is past, or all its coming days are holidays."""
    assert starving(coming=0, covered=0, gap=None) == []


def test_nothing_published_for_two_slots_rings() -> None:
    assert starving(silent=1) == []
    assert [x.key for x in starving(silent=2)] == ["starvation:notes:silent"]


def test_nothing_ever_published_is_an_alarm_of_its_own() -> None:
    """A misconfigured series that never put anything out must not hide behind 'nothing new'."""
    assert [x.key for x in starving(ever=False, silent=1)] == ["starvation:notes:never"]
    assert [x.key for x in starving(ever=False, silent=40)] == ["starvation:notes:never"]
    assert starving(ever=False, silent=0) == []


def test_the_machinery_is_down_when_no_tick_came_for_longer_than_asked() -> None:
    quiet = dt.timedelta(hours=6)
    at = a.AlarmInputs(NOW, last_tick=NOW - quiet, quiet_after=quiet)
    assert keys(at) == []
    late = replace(at, last_tick=NOW - quiet - dt.timedelta(seconds=1))
    assert keys(late) == ["machinery:tick:quiet"]
    assert a.due_alarms(late)[0].kind == "machinery"


def test_a_desk_that_has_not_started_yet_is_not_down() -> None:
    assert keys(a.AlarmInputs(NOW, last_tick=None)) == []


def test_a_delivery_is_an_alarm_when_it_is_unknown_for_more_than_a_day() -> None:
    stuck = a.Stuck("blog", "读书会博客", 2, NOW - DAY)
    assert keys(a.AlarmInputs(NOW, unknown=(stuck,))) == []
    old = replace(stuck, since=NOW - DAY - dt.timedelta(minutes=1))
    (alarm,) = a.due_alarms(a.AlarmInputs(NOW, "en", unknown=(old,)))
    assert alarm.key == "machinery:blog:unknown"
    assert "2 deliveries are there" in alarm.text


def test_a_refused_delivery_rings_at_once_with_the_far_sides_code() -> None:
    (alarm,) = a.due_alarms(a.AlarmInputs(NOW, "en", refused=(a.Stuck("blog", "Blog", 1, NOW, "401"),)))
    assert alarm.text == "Blog: 1 delivery was refused (401)."


@pytest.mark.parametrize("code", ["<script>", "a b", "x" * 60, "token=s3cret&x", "４０１"])
def test_what_is_no_plain_code_is_not_repeated(code: str) -> None:
    (alarm,) = a.due_alarms(a.AlarmInputs(NOW, "en", refused=(a.Stuck("blog", "Blog", 1, NOW, code),)))
    assert alarm.text == "Blog: 1 delivery was refused."


def test_a_feed_rings_after_two_days_of_failures_by_its_members_name() -> None:
    feed = FeedRow(key="k1", member="小艾", url="", failures=1, last_ok=NOW - 2 * DAY)
    assert keys(a.AlarmInputs(NOW, feeds=(feed,))) == []
    (alarm,) = a.due_alarms(a.AlarmInputs(NOW, "zh-CN", feeds=(feed.model_copy(update={"last_ok": NOW - 3 * DAY}),)))
    assert (alarm.key, alarm.text) == ("machinery:feed-k1:failing", "小艾的订阅源自 11月19日周四 21:00 起读不到。")


def test_a_feed_that_never_could_be_read_rings_at_its_third_failure() -> None:
    feed = FeedRow(key="k1", member="小艾", url="", failures=2)
    assert keys(a.AlarmInputs(NOW, feeds=(feed,))) == []
    (alarm,) = a.due_alarms(a.AlarmInputs(NOW, "en", feeds=(feed.model_copy(update={"failures": 3}),)))
    assert alarm.text == "The feed of 小艾 could never be read."


def test_a_text_is_one_line_of_bounded_length_whatever_titles_hold() -> None:
    (alarm,) = starving(stock=0, title="\x1b[31m坏\n标题\u202e" * 99)
    assert not set(alarm.text) & set("\n\x1b\u202e")
    assert len(alarm.text) <= LONGEST


def test_an_alarm_is_sent_once_and_closed_when_it_is_fixed() -> None:
    due = starving(stock=4)
    assert a.reconcile([], due) == (due, [])
    row = alarm_row(due[0].key)
    assert a.reconcile([row], due) == ([], [])
    assert a.reconcile([row], []) == ([], [row])


def test_an_alarm_that_nobody_could_be_told_is_sent_again() -> None:
    due = starving(stock=4)
    assert a.reconcile([alarm_row(due[0].key, sent=None)], due) == (due, [])


@given(
    st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef"))
)  # fmt: skip
def test_reconciling_partitions_the_alarms(due: Any, opened: Any, told: Any) -> None:
    """Every due alarm is told or was told; every open one is due or closed; none is both sent and closed."""
    rows = [alarm_row(key, NOW if key in told else None) for key in sorted(opened)]
    to_send, to_close = a.reconcile(rows, [a.Alarm(key, "machinery", key) for key in sorted(due)])
    sent, closed = {x.key for x in to_send}, {row.key for row in to_close}
    assert sent == due - (opened & told)
    assert closed == opened - due
    assert not sent & closed


class Addresses:
    """A notifier that remembers what it was told, and fails where it is told to."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.told: list[Any] = []

    def __call__(self, url: str, title: Any, body: Any) -> Any:
        self.told.append((url, title, body))
        answer = self.answers.get(url, True)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_alarms_of_one_tick_travel_in_one_message_to_every_address() -> None:
    both = [a.Alarm("machinery:tick:quiet", "machinery", "down"), a.Alarm("starvation:x:low", "starvation", "low")]
    to = Addresses()
    assert a.send(both, ["one", "two"], to, language="en")
    assert sorted(to.told) == [(url, "Machinery · Nothing to publish", "down\nlow") for url in ("one", "two")]


def test_an_address_that_fails_stops_nothing_and_its_secret_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    to = Addresses(first=RuntimeError("cannot reach slack://s3cret"), second=False)
    with caplog.at_level(logging.DEBUG):
        assert a.send(starving(stock=0), ["first", "second", "third"], to)
        assert not a.send(starving(stock=0), ["first", "second"], to)
    assert "s3cret" not in caplog.text
    assert "first" not in caplog.text
    assert "alarm address 1 failed: RuntimeError" in caplog.text
    assert "alarm address 2 did not take the message" in caplog.text


def test_nothing_to_tell_is_told_to_nobody() -> None:
    to = Addresses()
    assert not a.send([], ["one"], to)
    assert not a.send_fixed([], ["one"], to, language="en")
    assert to.told == []


def test_the_news_of_a_fixed_alarm_carries_its_text() -> None:
    to = Addresses()
    assert a.send_fixed(["每日一文：存稿 4"], ["one"], to, language="zh-CN")
    assert to.told == [("one", "已恢复", "每日一文：存稿 4")]


def test_apprise_reaches_a_real_address(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/hook", method="POST").respond_with_data("ok")
    assert a.send(starving(stock=4), [f"json://127.0.0.1:{httpserver.port}/hook"], language="zh-CN")
    (request, _), *rest = httpserver.log
    told = json.loads(request.data)
    assert not rest
    assert told["title"] == "断更"
    assert told["message"].startswith("每日一文：存稿 4 篇，低于告警线（5 篇）。")


@pytest.mark.parametrize(
    "url", ["bogus://s3cret@host/s3cret", "json://user:s3cret@127.0.0.1:9/s3cret", "slack://s3cret", "s3cret", ""]
)
def test_apprise_never_writes_an_address_to_the_log(
    url: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Apprise itself logs what it cannot parse, tokens and all."""
    with caplog.at_level(0), caplog.at_level(0, "apprise"), caplog.at_level(0, "urllib3.connectionpool"):
        assert not a.send([a.Alarm("machinery:tick:quiet", "machinery", "down")], [url])
    assert "s3cret" not in caplog.text + "".join(capfd.readouterr())
    logging.getLogger("apprise").warning("audible again")
    assert "audible again" in caplog.text


# -- a round, with a ledger

SETTINGS = """
[community]
name = "沪语读书会"
timezone = "Asia/Shanghai"
[members.alice]
title = "小艾"
[series.notes]
title = "每日一文"
every = "day at 20:00"
channels = ["blog"]
[channel.blog]
platform = "pages"
title = "博客"
"""


@pytest.fixture
def at_work(ledger: Ledger, tmp_path: Path) -> Callable[..., list[str]]:
    """A round of the alarms on a workspace with one series, at some instant, with some stock."""
    (tmp_path / "steadycast.toml").write_text(SETTINGS, encoding="utf-8")
    workspace = load(tmp_path)

    def work(to: Addresses, now: dt.datetime = NOW, stock: int = 0, urls: Any = ("one",)) -> list[str]:
        items = [StockItem(f"d{n}", Form.ARTICLE, Origin.UGC, "alice", since=NOW - DAY) for n in range(stock)]
        report = gather(ledger, workspace, now, items)
        wrong = a.alarm_inputs(ledger, report, quiet_after=6 * DAY / 24, editors={"notes": "老董"})
        return [alarm.key for alarm in a.watch(ledger, wrong, urls, to)]

    return work


def test_a_round_tells_once_keeps_it_open_and_tells_when_it_is_fixed(
    at_work: Callable[..., list[str]], ledger: Ledger
) -> None:
    to = Addresses()
    assert at_work(to) == at_work(to, NOW + DAY / 24) == ["starvation:notes:empty"]
    assert len(to.told) == 1
    assert "可补救：老董。" in to.told[0][2]
    (row,) = ledger.alarms()
    assert (row.key, row.opened) == ("starvation:notes:empty", NOW)
    assert "还有 0 天" in row.text
    assert at_work(to, NOW + DAY / 12, stock=9) == []
    assert to.told[1][1] == "已恢复"
    assert ledger.alarms() == []
    at_work(to, NOW + DAY / 8)
    assert [title for _, title, _ in to.told] == ["断更", "已恢复", "断更"]


def test_the_text_of_an_open_alarm_stays_true(at_work: Callable[..., list[str]], ledger: Ledger) -> None:
    """Three drafts wait today, four tomorrow: who looks at the report tomorrow reads four."""
    rows = [DraftRow(id=f"w{n}", path=f"{n}.md", origin="ugc", member="alice", form="article", title="x", revision="r", state="waiting", first_seen=NOW, changed=NOW) for n in range(4)]  # fmt: skip
    ledger.put_drafts(rows[:3])
    at_work(to := Addresses())
    ledger.put_drafts(rows)
    at_work(to, NOW + DAY / 24)
    (row,) = ledger.alarms()
    assert "4 篇待审" in row.text
    assert row.opened == NOW
    assert "3 篇待审" in to.told[0][2]
    assert len(to.told) == 1


def test_an_alarm_is_opened_without_any_address_and_told_as_soon_as_there_is_one(
    at_work: Callable[..., list[str]], ledger: Ledger
) -> None:
    to = Addresses(broken=OSError("no route"))
    at_work(to, urls=())
    at_work(to, urls=("broken",))
    assert [row.sent for row in ledger.alarms()] == [None]
    at_work(to, NOW + DAY / 24, urls=("broken", "well"))
    at_work(to, NOW + DAY / 12, urls=("broken", "well"))
    assert [url for url, _, _ in to.told] == ["broken", "broken", "well"]
    assert ledger.alarms()[0].sent == NOW + DAY / 24


def test_what_was_never_told_is_not_told_as_fixed(at_work: Callable[..., list[str]]) -> None:
    to = Addresses()
    at_work(to, urls=())
    at_work(to, stock=9)
    assert to.told == []


def test_a_silent_series_and_a_quiet_machine_are_two_alarms(at_work: Callable[..., list[str]], ledger: Ledger) -> None:
    """Nothing came out for days because nothing ran: both are true, and each says its own."""
    ledger.ticked(NOW - 3 * DAY)
    gone = [NOW.replace(hour=20) - n * DAY for n in (1, 2)]
    ledger.backfill([PastSlot(f"notes@{at:%Y-%m-%dT%H:%M}", "notes", at, "", "blog", "missed") for at in gone])
    to = Addresses()
    assert at_work(to, stock=9) == ["machinery:tick:quiet", "starvation:notes:never"]
    assert to.told[0][1] == "运行状况 · 断更"


def test_an_alarm_that_turns_into_another_is_not_told_as_fixed(
    at_work: Callable[..., list[str]], ledger: Ledger
) -> None:
    to = Addresses()
    first = a.Alarm("starvation:notes:low", "starvation", "low")
    ledger.open_alarm(first.key, first.kind, first.text, NOW)
    ledger.alarm_sent(first.key, NOW)
    assert at_work(to) == ["starvation:notes:empty"]
    assert [title for _, title, _ in to.told] == ["断更"]


def test_deliveries_and_feeds_that_need_a_person_ring_by_channel(
    at_work: Callable[..., list[str]], ledger: Ledger
) -> None:
    slot = Slot(NOW - 2 * DAY, "notes@2026-11-20T21:00", "notes", (NOW - 2 * DAY).replace(tzinfo=None))
    row = DraftRow(id="x", path="x.md", origin="pgc", form="article", title="x", revision="r", state="approved", first_seen=NOW, changed=NOW)  # fmt: skip
    ledger.put_drafts([row])
    ledger.save_plan(
        [slot], [Assignment(slot.id, "x")], [PlannedDelivery(slot.id, "blog", late=9 * DAY)], NOW - 3 * DAY
    )
    (claim,) = ledger.claim(NOW, "w", DAY)
    ledger.freeze([(claim, b"post")], NOW)
    ledger.intend([claim], NOW, DAY)
    ledger.receive([Outcome(claim, State.UNKNOWN, NOW, message="timed out")], NOW)
    ledger.put_feeds([FeedRow(key="k", member="alice", url="https://a.example", failures=9, last_ok=NOW - 5 * DAY), FeedRow(key="w", member="bo", url="https://b.example", last_ok=NOW - 9 * DAY)])  # fmt: skip
    assert at_work(Addresses(), stock=9) == ["machinery:blog:unknown", "machinery:feed-k:failing"]
