"""A report gathered from a real ledger and a real steadycast.toml, in the words of both."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from steadycast.ledger.bulk_backfill import PastSlot
from steadycast.ledger.installation import PLANNED
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import DraftRow, ProblemRow, State
from steadycast.receipt import Receipt
from steadycast.report.gather import gather, gather_by_series
from steadycast.report.model import Report, Streak, gravest, to_json
from steadycast.report.page import page
from steadycast.schedule.model import Assignment, Form, Origin, StockItem
from steadycast.schedule.slots import slots
from steadycast.workspace import Workspace, load

ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 22, 21, 3, tzinfo=ZONE)
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
SETTINGS = """
[community]
name = "沪语读书会"
timezone = "Asia/Shanghai"
language = "zh-CN"
[members.alice]
title = "小艾"
[series.notes]
title = "每日一文"
every = "day at 20:00"
channels = ["blog", "gzh"]
mix = { pgc = 3, ugc = 7 }
reserve = 5
[series.friday]
title = "周五视频"
every = "week on fri at 20:00"
forms = ["video"]
channels = ["blog"]
[channel.blog]
platform = "pages"
title = "博客"
[channel.gzh]
platform = "paste"
title = "公众号"
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "steadycast.toml").write_text(SETTINGS, encoding="utf-8")
    return load(tmp_path)


def past(days_ago: int, verdict: str, channel: str = "blog", series: str = "notes", **more: Any) -> PastSlot:
    at = NOW.replace(hour=20, minute=0) - days_ago * DAY
    return PastSlot(f"{series}@{at:%Y-%m-%dT%H:%M}", series, at, f"{at:%Y-%m-%dT%H:%M}", channel, verdict, at, **more)


def stock(count: int, since: dt.datetime = NOW - 9 * DAY) -> list[StockItem]:
    return [StockItem(f"d{n}", Form.ARTICLE, Origin.UGC, "alice", since=since) for n in range(count)]


def draft(n: int, **more: Any) -> DraftRow:
    values = {
        "origin": "ugc",
        "member": "alice",
        "form": "article",
        "title": f"稿 {n}",
        "revision": "r",
        "state": "approved",
    }
    return DraftRow(id=f"d{n}", path=f"ugc/alice/{n}.md", first_seen=NOW, changed=NOW, **{**values, **more})


def plan(ledger: Ledger, workspace: Workspace, carried: list[str], start: dt.datetime = NOW) -> list[str]:
    """Put the next slots of 每日一文 in the ledger, the first of them with these drafts, for two weeks."""
    series = workspace.series["notes"]
    ahead = slots(series, start, start + 14 * DAY)
    chosen = [Assignment(slot.id, draft) for slot, draft in zip(ahead, carried, strict=False)]
    asked = [PlannedDelivery(slot.id, channel) for slot in ahead for channel in series.channels]
    ledger.save_plan(ahead, chosen, asked, start)
    return [slot.id for slot in ahead]


def test_a_fresh_clone_has_an_empty_report_that_can_be_shown(ledger: Ledger, workspace: Workspace) -> None:
    report = gather(ledger, workspace, NOW, [])
    assert (report.community, report.on_time, report.waiting, report.alarms) == ("沪语读书会", None, (), ())
    assert [c.title for c in report.channels] == ["博客", "公众号"]
    assert [(s.title, s.cadence, s.short) for s in report.series] == [
        ("每日一文", "每天 20:00", True),
        ("周五视频", "每周五 20:00", False),
    ]
    assert {entry.state for entry in report.plan} == {"later"}, "nothing is planned yet: no gap"
    assert page(report)


def test_what_a_person_published_by_hand_was_owed_to_nobody(ledger: Ledger, workspace: Workspace) -> None:
    """It is in the year's squares; no rate, count or streak of a promise has it, by channel or in the headline."""
    ledger.backfill([past(1, "kept", series="draft"), past(3, "kept"), past(2, "missed")])
    report = gather(ledger, workspace, NOW, [])
    assert report.counts == report.channels[0].counts == report.series[0].counts == {"kept": 1, "missed": 1}
    assert report.on_time == report.series[0].on_time == 0.5
    assert report.streak == Streak(0, 0, 1, "day")
    yesterday = (NOW - DAY).date()
    assert [square.mark for square in report.channels[0].squares if square.date == yesterday] == ["kept"]


def test_a_day_that_was_left_out_is_excused_on_the_record(ledger: Ledger, tmp_path: Path) -> None:
    """Past and to come, on each channel of that series; a day on which it has no slot stays empty."""
    skipped = SETTINGS.replace(
        'every = "day at 20:00"', 'every = "weekday at 20:00"\nskip = ["2026-11-19 停一次", "2026-11-21..2026-11-24"]'
    )
    assert skipped != SETTINGS
    (tmp_path / "steadycast.toml").write_text(skipped, "utf-8")
    ledger.backfill([past(1, "kept")])
    report, years = gather_by_series(ledger, load(tmp_path), NOW, [])
    for squares in (years[0].squares, years[0].channels[0].squares, report.channels[0].squares):
        left_out = [square.date.day for square in squares if square.mark == "excused"]
        assert left_out == [19, 23, 24]
    assert report.counts == {"kept": 1}


def test_the_year_the_rate_and_the_streaks_come_from_the_deliveries(ledger: Ledger, workspace: Workspace) -> None:
    """博客 missed on one day and was late since; a series breaks with any of its channels, the community with any series."""
    rows = [past(n, {7: "missed", 3: "late", 2: "filled", 5: "excused"}.get(n, "kept")) for n in range(1, 11)]
    rows += [past(n, "missed" if n == 4 else "kept", "gzh") for n in range(1, 11)]
    ledger.backfill(rows)
    report = gather(ledger, workspace, NOW, [])
    blog, gzh = report.channels
    marks = {square.date.day: square.mark for square in blog.squares if square.date <= NOW.date()}
    assert marks == {
        12: "kept",
        13: "kept",
        14: "kept",
        15: "missed",
        16: "kept",
        17: "excused",
        18: "kept",
        19: "late",
        20: "filled",
        21: "kept",
    }
    assert blog.counts == {"kept": 6, "late": 1, "filled": 1, "missed": 1, "excused": 1}
    assert blog.on_time == 7 / 9
    assert blog.streak == Streak(5, 1, 5, "slot")
    assert gzh.streak == Streak(3, 0, 6, "slot")
    (notes, _) = report.series
    assert notes.streak == Streak(3, 1, 3, "slot")
    assert report.streak == Streak(3, 1, 3, "day")
    assert notes.counts == {"kept": 15, "late": 1, "filled": 1, "missed": 2, "excused": 1}


def test_runway_plan_and_first_gap_come_from_the_plan_and_go_on_beyond_it(ledger: Ledger, workspace: Workspace) -> None:
    """The ledger is planned for two weeks; the planner says what the stock left over would fill after that."""
    ledger.put_drafts([draft(n) for n in range(16)])
    plan(ledger, workspace, [f"d{n}" for n in range(14)])
    report = gather(ledger, workspace, NOW, stock(16))
    notes = report.series[0]
    assert (notes.runway.slots, notes.runway.days, notes.stock, notes.short) == (16, 16, 16, False)
    assert notes.runway.gap == dt.datetime(2026, 12, 9, 20, tzinfo=ZONE)
    assert [c.state for c in notes.coming] == ["planned"] * 16 + ["later"] * 12
    daily = [entry for entry in report.plan if entry.series == "notes"]
    assert daily[0].at == dt.datetime(2026, 11, 23, 20, tzinfo=ZONE)
    assert (daily[0].title, daily[0].member, daily[0].channels) == ("稿 0", "小艾", ("博客", "公众号"))
    assert {entry.title for entry in daily[14:16]} == {"稿 14", "稿 15"}
    assert report.channels[1].runway.slots == 16
    ahead = [square.mark for square in report.channels[1].squares]
    assert ahead == ["planned"] * 16 + ["later"] * 12  # the year view goes on beyond the ledger, too
    assert gravest({"planned": 2, "later": 1}) == "later", "where stock ends, not where the last series' ends"
    html = page(report)
    assert (html.count('<p class="carries">还没排期'), html.count('class="entry gap"')) == (16, 0)  # both series
    assert report.channels[0].runway.gap == dt.datetime(2026, 11, 27, 20, tzinfo=ZONE)  # the video has nothing


def test_the_chance_of_a_gap_is_told_once_there_is_a_rate_of_intake(ledger: Ledger, workspace: Workspace) -> None:
    """What the first intake found is no rate; a week later, what came in since is one."""
    opening = stock(20)
    assert gather(ledger, workspace, NOW - 3 * DAY, opening).series[0].gap_chance is None
    notes, video = (series.forecast for series in gather(ledger, workspace, NOW, opening).series)
    assert notes is not None
    assert video is not None
    assert notes.chance == 1
    assert notes.likely == notes.late == dt.datetime(2026, 12, 13, 20, tzinfo=ZONE)
    fresh = [StockItem(f"n{n}", Form.ARTICLE, Origin.UGC, "alice", since=NOW - n * DAY / 2) for n in range(12)]
    some, plenty = (
        gather(ledger, workspace, NOW, [*opening[: 20 - less], *fresh]).series[0].gap_chance for less in (19, 10)
    )
    assert plenty is not None
    assert some is not None
    assert 0 < plenty < some < 1
    assert video.chance == 1


def test_a_gap_in_the_ledgers_plan_is_shown_as_it_stands(ledger: Ledger, workspace: Workspace) -> None:
    """Even where the planner would fill it now: what is shown is what is promised, not what could be."""
    ledger.put_drafts([draft(0)])
    plan(ledger, workspace, [])
    report = gather(ledger, workspace, NOW, stock(1))
    assert report.series[0].coming[0].state == "gap"
    assert report.series[0].runway.slots == 0


def test_a_slot_that_was_taken_away_before_its_hour_is_planned_no_more(ledger: Ledger, workspace: Workspace) -> None:
    """It is no gap either: it was served, and a person took it back."""
    first, second = plan(ledger, workspace, ["one", "two"])[:2]
    with ledger.write() as connection:
        connection.exec_driver_sql(f"UPDATE delivery SET state = 'withdrawn' WHERE slot = '{first}'")
        one = f"SELECT min(id) FROM delivery WHERE slot = '{second}'"
        connection.exec_driver_sql(f"UPDATE delivery SET state = 'withdrawn' WHERE id = ({one})")
    entries = {entry.slot: entry for entry in gather(ledger, workspace, NOW, stock(0)).plan}
    assert (entries[first].state, bool(entries[first].note)) == ("excused", True)
    assert entries[second].state == "planned", "on another channel it still comes"


def gaps(ledger: Ledger, workspace: Workspace, now: dt.datetime = NOW) -> list[tuple[str, str]]:
    return [(w.title, w.channel) for w in gather(ledger, workspace, now, []).waiting if w.kind == "gap"]


def test_a_gap_within_a_day_waits_for_a_person_and_is_told_once(ledger: Ledger, workspace: Workspace) -> None:
    """At once, not when the alarm is raised; and once that is open, by the alarm alone."""
    plan(ledger, workspace, [])
    assert gaps(ledger, workspace) == [("每日一文", "博客 · 公众号")]
    assert "一天之内有档期没有稿子" in page(gather(ledger, workspace, NOW, []))
    ledger.open_alarm("starvation:notes:empty", "starvation", "每日一文：无稿", NOW)
    assert gaps(ledger, workspace) == []


def test_a_gap_that_reserve_may_still_fill_waits_for_nobody(ledger: Ledger, workspace: Workspace) -> None:
    """A ladder reaches `fill_within` beyond the last plan: what the next plan may fill by itself is no person's yet."""
    text = SETTINGS.replace("reserve = 5", 'reserve = 5\nfill = ["evergreen"]')
    (workspace.root / "steadycast.toml").write_text(text, encoding="utf-8")
    workspace = load(workspace.root)
    plan(ledger, workspace, [])
    ledger.set_meta(PLANNED, (NOW - 2 * HOUR).isoformat())
    assert gaps(ledger, workspace) == []
    ledger.set_meta(PLANNED, NOW.isoformat())
    assert len(gaps(ledger, workspace)) == 1
    ledger.set_meta(PLANNED, (NOW - 9 * DAY).isoformat())
    assert gaps(ledger, workspace) == []
    assert len(gaps(ledger, workspace, NOW + 12 * HOUR)) == 1, "nobody plans any more"


def test_mix_and_contributors_count_slots_once(ledger: Ledger, workspace: Workspace) -> None:
    alice, bo = {"origin": "ugc", "member": "alice"}, {"origin": "ugc", "member": "bo"}
    for channel in ("blog", "gzh"):
        ledger.backfill([past(1, "kept", channel, **alice), past(2, "kept", channel, origin="pgc"), past(3, "late", channel, **alice), past(4, "kept", channel, **bo), past(5, "missed", channel, **bo)])  # fmt: skip
    report = gather(ledger, workspace, NOW, [])
    assert report.series[0].mix_asked == {"pgc": 3, "ugc": 7}
    assert report.series[0].mix_real == {"pgc": 1, "ugc": 3}
    assert report.series[0].writers == ("小艾", "bo")
    assert [(c.member, c.title, c.count) for c in report.contributors] == [
        ("alice", "小艾", 2),
        ("", "", 1),
        ("bo", "bo", 1),
    ]
    assert report.contributors[0].last == NOW.replace(hour=20, minute=0) - DAY


def test_whose_draft_went_out_before_its_hour_has_contributed(ledger: Ledger, workspace: Workspace) -> None:
    ledger.backfill([past(-1, "kept", origin="ugc", member="alice")])
    report = gather(ledger, workspace, NOW, [])
    assert report.ahead == report.series[0].ahead == 1
    assert report.series[0].mix_real == {"ugc": 1}
    assert [(c.member, c.count, c.last) for c in report.contributors] == [("alice", 1, NOW)]


def test_rate_and_streak_count_the_same_slots_those_whose_hour_has_come(ledger: Ledger, workspace: Workspace) -> None:
    """What went out ahead of its hour is told apart, today's as well: else "100 % of 1" stands beside a streak of 0."""
    now = NOW.replace(hour=9)
    ahead = [past(0, "kept"), past(-1, "filled", "gzh")]
    ledger.backfill(ahead)
    report = gather(ledger, workspace, now, [])
    assert (report.counts, report.on_time, report.streak.current, report.ahead) == ({}, None, 0, 2)
    assert [(c.counts, c.streak.current) for c in report.channels] == [({}, 0), ({}, 0)]
    assert [square.mark for c in report.channels for square in c.squares if square.date == now.date()] == ["kept"]
    assert "还没有到点的 · 另有 2 次投递已提前发出" in page(report)
    early = report.plan[0], report.series[0].coming[0]
    assert [(each.at.date(), each.state) for each in early] == [(now.date(), "kept")] * 2
    assert [entry.state for entry in report.plan[:3]] == ["kept", "kept", "later"]
    assert page(report).count('<p class="by">按时：提前发出</p>') == 2
    ledger.backfill([past(1, "kept")])
    report = gather(ledger, workspace, NOW, [])
    assert (report.counts, report.on_time, report.streak.current, report.ahead) == ({"kept": 2}, 1, 2, 1)


def test_what_waits_for_a_person_says_what_to_type(ledger: Ledger, workspace: Workspace) -> None:
    ledger.put_drafts([draft(0), draft(1, state="waiting", title="新稿")])
    (slot, *_) = plan(ledger, workspace, ["d0"], NOW - DAY)
    claimed = {c.channel: c for c in ledger.claim(NOW, "w", DAY)}
    blog, gzh = claimed["blog"], claimed["gzh"]
    ledger.release([Outcome(blog, State.REFUSED, NOW, code="401", message="log in again")], NOW)
    ledger.freeze([(gzh, b"post")], NOW)
    ledger.intend([gzh], NOW, DAY)
    ledger.receive([Outcome(gzh, State.HANDED, NOW, Receipt("k", url="file:///kit"))], NOW)
    report = gather(ledger, workspace, NOW, [])
    told = {row.kind: row for row in report.waiting}
    assert set(told) == {"refused", "kit", "gap", "draft"}
    key = ledger.marker(slot, "gzh")
    assert told["kit"].command == f"steadycast confirm {key} --url URL"
    assert (told["kit"].channel, told["kit"].title, told["kit"].link) == ("公众号", "稿 0", "file:///kit")
    assert told["refused"].command == f"steadycast settle {ledger.marker(slot, 'blog')} --again"
    assert told["refused"].note == "401 log in again"
    assert (told["draft"].command, told["draft"].member) == ("steadycast approve d1", "小艾")


def test_problems_and_open_alarms_are_shown_as_the_ledger_has_them(ledger: Ledger, workspace: Workspace) -> None:
    ledger.put_problems([ProblemRow(path="ugc/bo/x.md", at=NOW, line=3, message="not closed", hint="close it"), ProblemRow(path="feed/alice/1", at=NOW, message="a web page")])  # fmt: skip
    ledger.open_alarm("starvation:notes:empty", "starvation", "每日一文：无稿", NOW)
    ledger.open_alarm("machinery:tick:quiet", "machinery", "down", NOW)
    ledger.close_alarm("machinery:tick:quiet", NOW)
    report = gather(ledger, workspace, NOW, [])
    assert [(p.kind, p.where, p.hint) for p in report.problems] == [
        ("feed", "feed/alice/1", ""),
        ("draft", "ugc/bo/x.md:3", "close it"),
    ]
    assert [(a.kind, a.text, a.opened) for a in report.alarms] == [("starvation", "每日一文：无稿", NOW)]


def test_a_whole_report_survives_json_and_page(ledger: Ledger, workspace: Workspace) -> None:
    ledger.backfill([past(n, "kept", origin="ugc", member="alice") for n in range(1, 300)])
    ledger.put_drafts([draft(n) for n in range(4)])
    plan(ledger, workspace, ["d0", "d1"])
    report = gather(ledger, workspace, NOW.astimezone(dt.UTC), stock(4))
    assert isinstance(report, Report)
    assert report.at == NOW
    assert report.at.utcoffset() == dt.timedelta(hours=8)
    assert '"first": "2025-' in to_json(report)
    assert "2026-11-21 周六 按时 1" in page(report)
