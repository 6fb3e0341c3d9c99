"""The page, the badge, the calendar and the JSON of a made-up year; and the page in a real browser."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import icalendar
import pytest
from report_year import NOW, ZONE, year

from steadycast.language import of_tag
from steadycast.report import model as m
from steadycast.report.badge import badge
from steadycast.report.ics import plan_ics
from steadycast.report.page import page

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e{{ 7*7 }}</title></svg>\x00\x1b[31m'
CHROMIUM = "/usr/bin/chromium"
VOID = {"meta", "link", "br", "img"}


class Reader(HTMLParser):
    """Collects a page's elements, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: Any, attrs: Any) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: Any, attrs: Any) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: Any) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: Any) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)


def empty(**changes: Any) -> m.Report:
    first, last = m.span(NOW.date())
    return replace(m.Report("新社", "Asia/Shanghai", "zh-CN", NOW, first, last), **changes)


def test_the_page_fetches_and_runs_nothing() -> None:
    read = Reader(page(year()))
    assert not read.open
    assert "script" not in read.tags
    loading = {("src"), ("srcset"), ("action"), ("style")}
    assert not [a for a in read.attributes if a[1] in loading or a[1].startswith("on")]
    links = {value for tag, name, value in read.attributes if name == "href" and not value.startswith("#")}
    assert links == {"data:,", "https://blog.example.org/2026/11/breakfast"}
    assert "url(" not in re.sub(r"url\(#\w+\)", "", page(year()))


def test_the_page_forbids_itself_all_but_its_own_style() -> None:
    read = Reader(page(year()))
    (policy,) = [v for t, n, v in read.attributes if t == "meta" and v.startswith("default-src")]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_hostile_words_stay_words() -> None:
    """From titles, far sides, feeds, paths, addresses and settings alike."""
    entry = m.PlanEntry(
        "x@2026-11-23T06:00", NOW, "x", HOSTILE, "planned", "d", HOSTILE, "ugc", HOSTILE, (HOSTILE,), HOSTILE
    )
    waits = m.Waiting("unknown", "1", HOSTILE, HOSTILE, NOW, HOSTILE, HOSTILE, "javascript:alert(3)", HOSTILE)
    report = year(2)
    report = replace(
        report, community=HOSTILE, zone=HOSTILE, plan=(entry, replace(entry, state="excused", title="")), waiting=(waits,),
        channels=tuple(replace(c, title=HOSTILE) for c in report.channels),
        series=tuple(replace(s, title=HOSTILE, cadence=HOSTILE) for s in report.series),
        contributors=(m.Contributor("m", HOSTILE, 3, NOW),),
        problems=(m.Unread(HOSTILE, None, HOSTILE, HOSTILE, since=NOW),), alarms=(m.OpenAlarm("starvation", HOSTILE, NOW),),
    )  # fmt: skip
    html = page(report)
    read = Reader(html)
    assert not read.open
    assert "script" not in read.tags
    assert "img" not in read.tags
    assert not [a for a in read.attributes if a[1].startswith("on") or a[2].startswith("javascript:")]
    assert not {"\u202e", "\x00", "\x1b"} & set(html)
    assert "{{ 7*7 }}" in "".join(read.text)


def test_every_square_is_told_apart_by_more_than_its_colour() -> None:
    """Each mark has a drawing of its own, whatever the colours are."""
    html = page(year())
    shapes = re.findall(r'<g id="(\w+)">(.*?)</g>', html)
    assert {name for name, _ in shapes} == set(m.MARKS)
    bare = [re.sub(r' class="[\w-]+"', "", drawing) for _, drawing in shapes]
    assert len(set(bare)) == len(m.MARKS)


def test_a_square_says_its_date_weekday_and_what_happened() -> None:
    square = m.Square(dt.date(2026, 11, 20), "late", {"late": 1, "kept": 2})
    channel = replace(year(1).channels[0], squares=(square,))
    assert "<title>2026-11-20 周五 迟发 1 · 按时 2</title>" in page(empty(channels=(channel,)))
    assert "<title>2026-11-20 Fri late 1 · kept 2</title>" in page(empty(channels=(channel,), language="en"))


def test_squares_stand_in_their_week_and_weekday() -> None:
    """Monday on top, weeks to the right, the second half from the 30th week on."""
    first, last = m.span(NOW.date())
    ends = tuple(m.Square(day, "kept", {"kept": 1}) for day in (first, first + dt.timedelta(weeks=29), last))
    html = page(empty(channels=(replace(year(1).channels[0], squares=ends),)))
    halves = re.findall(r'<svg class="year".*?</svg>', html, re.DOTALL)
    places = [re.findall(r'<use href="#kept" x="(\d+)" y="(\d+)"', half) for half in halves]
    assert places == [[("0", "18")], [("0", "18"), ("392", "102")]]


def test_every_month_of_the_year_is_named_in_its_week_and_within_the_picture() -> None:
    """The one that begins in the last week of a half ends with that week: beyond it the next half stands."""
    for n in range(0, 371, 7):
        now = NOW + dt.timedelta(days=n)
        first, last = m.span(now.date())
        html = page(empty(at=now, first=first, last=last, channels=year(1).channels[:1]))
        days = [first + dt.timedelta(days=day) for day in range((last - first).days + 1)]
        named = re.findall(r'<text class="month" x="(\d+)"(| text-anchor="end") y="11">(\d+)月</text>', html)
        assert [int(name) for _, _, name in named] == [day.month for day in days if day.day == 1]
        assert all(int(x) < 28 * 14 or end for x, end, _ in named)


def test_the_year_shows_at_least_365_days_and_four_weeks_ahead() -> None:
    for n in range(14):
        today = NOW.date() + dt.timedelta(days=n)
        first, last = m.span(today)
        assert (today - first).days >= 365
        assert (last - today).days >= 28
        assert (last - first).days + 1 == 58 * 7
        assert first.weekday() == 0


def test_a_year_of_a_dozen_channels_is_small() -> None:
    assert len(page(year(12)).encode()) < 1_500_000


def test_the_same_report_makes_the_same_page() -> None:
    assert page(year()) == page(year())


def test_a_community_on_its_first_day_gets_a_page_that_says_what_to_do() -> None:
    read = "".join(Reader(page(empty())).text)
    assert "没有等你处理的事" in read
    assert "steadycast plan" in read
    assert "steadycast.toml" in read


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_page_on_which_all_was_missed_does_not_call_promises_kept(language: Any) -> None:
    """That nobody has to act now says nothing about the past year, nor about the gaps to come."""
    missed = replace(year(1).channels[0], counts={"missed": 21}, on_time=0.0)
    read = "".join(Reader(page(empty(language=language, counts={"missed": 21}, on_time=0.0, channels=(missed,)))).text)
    assert of_tag(language).gettext("Nothing needs you.") in read
    assert "romise" not in read
    assert "承诺" not in read


def test_what_waits_comes_first_the_gravest_first() -> None:
    text = "".join(Reader(page(year(1))).text)
    said = ("等你处理", "被拒", "不知道发出去没有", "等人发布的物料包", "待审的稿子", "没能收进来", "各渠道这一年")
    order = [text.index(words) for words in said]
    assert order == sorted(order)
    assert "steadycast settle" in text


def test_long_lists_fold_and_lose_nothing() -> None:
    drafts = tuple(m.Waiting("draft", str(n), f"稿件{n}号", at=NOW) for n in range(40))
    html = page(empty(waiting=drafts))
    assert html.count("<details>") == 1
    assert all(f"稿件{n}号" in html for n in range(40))
    assert "另有 35 项" in html


def test_on_time_leaves_out_what_was_excused_and_counts_reserve_as_kept() -> None:
    assert m.on_time({"kept": 6, "filled": 2, "late": 1, "missed": 1, "excused": 9}) == 0.8
    assert m.on_time({"excused": 3}) is None


# -- JSON


def test_the_json_is_stable_and_holds_the_whole_record() -> None:
    report = year()
    text = m.to_json(report)
    assert text == m.to_json(year())
    data = json.loads(text)
    assert data["report"] == m.JSON_VERSION
    record = data["record"]
    assert record["community"] == "沪语读书会"
    assert record["at"] == "2026-11-22T21:03:00+08:00"
    assert len(record["channels"]) == 10
    assert record["channels"][0]["squares"][0].keys() == {"date", "mark", "counts"}
    assert set(record) == set(m.Report.__slots__)


# -- badge


def test_a_badge_says_how_long_the_promise_has_been_kept() -> None:
    svg = ET.fromstring(badge(year()))
    texts = [t.text for t in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["沪语读书会", "连更 128 天"]


def test_a_badge_in_english_counts_in_english() -> None:
    report = replace(year(1, language="en", name="Circle"), streak=m.Streak(1, 0, 1, "day"))
    assert "Circle: 1 day in a row" in badge(report)


def test_a_badge_shows_by_its_colour_whether_all_is_well() -> None:
    colours = {
        badge(replace(year(1), streak=streak)).split('fill="#')[2][:6]
        for streak in (m.Streak(), m.Streak(3), m.Streak(3, 1))
    }
    assert len(colours) == 3


def test_a_badge_of_a_hostile_title_is_still_an_image_of_bounded_width() -> None:
    svg = ET.fromstring(badge(replace(year(1), community=HOSTILE * 5)))
    assert int(svg.attrib["width"]) < 500
    assert not [e for e in svg.iter() if e.tag.endswith("script")]


# -- calendar


def calendar(*entries: m.PlanEntry) -> icalendar.Calendar:
    return icalendar.Calendar.from_ical(plan_ics(entries, community="沪语读书会", language="zh-CN", now=NOW))


def entry(state: str = "planned", **changes: Any) -> m.PlanEntry:
    at = dt.datetime(2026, 11, 27, 20, tzinfo=ZONE)
    made = m.PlanEntry(
        "notes@2026-11-27T20:00",
        at,
        "notes",
        "每日一文",
        state,
        "d1",
        "外婆的绒线衫",
        "ugc",
        "小艾",
        ("公众号", "博客"),
    )
    return replace(made, **changes)


def test_each_coming_slot_is_one_event_under_the_slots_id() -> None:
    event: Any
    (event,) = calendar(entry()).walk("VEVENT")
    assert event["UID"] == "notes@2026-11-27T20:00@steadycast"
    assert event["SUMMARY"] == "每日一文：外婆的绒线衫"
    assert event["DESCRIPTION"] == "小艾\n公众号 · 博客"
    assert event.start == dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)


def test_gaps_and_excused_slots_are_marked() -> None:
    gap, excused = calendar(entry("gap", title=""), entry("excused", title="", note="春节", slot="x")).walk("VEVENT")
    assert (gap["SUMMARY"], gap["STATUS"]) == ("◌ 每日一文：空档", "TENTATIVE")
    assert excused["SUMMARY"] == "– 每日一文：免发 春节"
    (later,) = calendar(entry("later", title="")).walk("VEVENT")
    assert (later["SUMMARY"], later["STATUS"]) == ("◌ 每日一文：还没排期", "TENTATIVE")


def test_subscribers_look_again_every_hour() -> None:
    text = plan_ics([], community="x", language="en", now=NOW).decode()
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in text


def test_a_title_cannot_add_a_line_to_the_calendar() -> None:
    raw = plan_ics(
        [entry(title="a\r\nATTENDEE:mailto:x@example.org\r\nBEGIN:VALARM")], community="x", language="en", now=NOW
    )
    assert b"\nATTENDEE" not in raw.replace(b"\r\n ", b"")
    assert b"\nBEGIN:VALARM" not in raw


def test_long_han_titles_fold_at_75_octets() -> None:
    raw = plan_ics([entry(title="上海闲话" * 80)], community="x", language="zh-CN", now=NOW)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75


# -- in a real browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield opened
        opened.close()


@pytest.mark.parallel
@pytest.mark.live
@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_in_chromium_nothing_is_fetched_logged_or_cut_off(
    browser: Any, tmp_path: Path, width: Any, scheme: Any, language: Any
) -> None:
    """At both widths, in both schemes: no request but the file itself, no console message, no sideways scrolling."""
    file = tmp_path / "report.html"
    report = year(language=language)
    waits = (
        *report.waiting,
        m.Waiting("unknown", "9", HOSTILE + "长" * 300 + "w" * 300, "c" * 90, NOW, command="x" * 200),
    )
    file.write_text(page(replace(report, waiting=waits)), encoding="utf-8")
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said, asked = [], []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(file.as_uri())
    assert asked == [file.as_uri()]
    assert said == []
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(246, 245, 241)" if scheme == "light" else "rgb(19, 24, 26)"
    )
    drawn = """[...document.querySelectorAll('svg.year use:not([href="#excused"])')]"""
    squares = tab.evaluate(drawn + ".map(e => e.getBoundingClientRect().width)")
    assert min(squares) >= 8
    tab.close()


@pytest.mark.parallel
@pytest.mark.live
def test_in_chromium_the_badge_is_an_image(browser: Any, tmp_path: Path) -> None:
    tab = browser.new_page(viewport={"width": 600, "height": 100})
    file = tmp_path / "badge.svg"
    file.write_text(badge(year()), encoding="utf-8")
    tab.goto(file.as_uri())
    boxes = tab.evaluate("[...document.querySelectorAll('text')].map(e => e.getBBox().width)")
    fields = tab.evaluate("[...document.querySelectorAll('g rect')].map(e => e.getBBox().width)")
    assert all(0 < text < field for text, field in zip(boxes, fields, strict=True))
    tab.close()
