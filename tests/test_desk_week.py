"""A week on the desk alone: somebody who reads only Chinese runs a community in a browser, and opens no terminal.

The clock is the test's; what the schedule would start at each hour is started here by the flows' own verbs.
WEEK_PICTURES names a folder for a picture of each step.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from desk_bench import KEY, Desk, browsing
from test_desk_members import document

from steadycast import pipeline
from steadycast.delivery.clock import SystemClock
from steadycast.language import language
from steadycast.pipeline import App
from steadycast.testing import Clock
from steadycast.workspace import load

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.slow, pytest.mark.parallel, pytest.mark.platforms("site", "feed", "wechat")]
SHANGHAI = ZoneInfo("Asia/Shanghai")
SUNDAY = dt.datetime(2026, 11, 29, 9, 30, tzinfo=SHANGHAI)
ZH = language("zh_Hans").gettext
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
POSTED = "https://mp.weixin.qq.com/s/abc"


class Week:
    """The community's clock, its desk, and the operator's browser."""

    def __init__(self, root: Path, clock: Clock, page: Page, shots: Path | None) -> None:
        self.root, self.clock, self.page, self._shots = root, clock, page, shots
        self.base = page.url.removesuffix("/start")
        self._taken = 0
        self.left: list[str] = []

    def until(self, day: int, hour: int, minute: int = 0) -> None:
        """Days pass; at the hours of slots the schedule runs as `steadycast up` runs it."""
        then = SUNDAY.replace(hour=hour, minute=minute) + dt.timedelta(days=day)
        days = range((then - SUNDAY).days + 1)
        slots = [SUNDAY.replace(hour=hour, minute=0) + dt.timedelta(days=n) for n in days for hour in (20, 21)]
        for at in sorted({*(each for each in slots if each < then), then}):
            if (left := at - self.clock.now()) <= dt.timedelta():
                continue
            self.clock.advance(left)
            with App.in_force(self.root) as app:
                pipeline.collect(app, pipeline.now())
                pipeline.plan(app, pipeline.now())
                pipeline.publish(app)

    def shot(self, name: str, page: Page | None = None) -> None:
        """A picture of what is seen now."""
        shown = page or self.page
        shown.wait_for_load_state("load")  # a width that is measured before the styles are there is another one
        words = shown.locator("main").inner_text()
        self.left += [f"{name}: {text}" for text in english(words)]
        width = shown.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width == 0, f"{name} is wider than its window"
        self._taken += 1
        if self._shots:
            shown.screenshot(path=self._shots / f"{self._taken:02}-{name}.png", full_page=True)

    def go(self, tab: str) -> None:
        """A click on one of the tabs."""
        self.page.locator(f'nav a[href="/{tab}"]').click()

    def press(self, text: str, within: Locator | None = None) -> None:
        (within or self.page).get_by_role("button", name=ZH(text), exact=True).first.click()

    def slot(self, day: int, hour: int) -> str:
        """The address of the page of the slot of that day."""
        (series,) = load(self.root).series
        return f"{self.base}/slots/{series}@{(SUNDAY + dt.timedelta(days=day)):%Y-%m-%d}T{hour}:00"

    def told(self, text: str) -> None:
        """The page says what was done."""
        self.page.get_by_role("status").filter(has_text=text).first.wait_for()

    def write(self, title: str, body: str) -> None:
        """A draft written in the editor and saved."""
        self.page.goto(self.base + "/write")
        self.page.get_by_label(ZH("Title"), exact=True).first.fill(title)
        self.page.locator(".cm-content").click()
        self.page.keyboard.insert_text(body)


def english(words: str) -> list[str]:
    """Runs of English words on a page that should speak Chinese; what people typed, names and addresses aside."""
    words = re.sub(r"\S*[/@.:_=]\S*", " ", words)
    return re.findall(r"\b[a-z]{2,} [a-z]{2,}\b(?: [a-z]+)*", words)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(SUNDAY.astimezone(dt.UTC))
    monkeypatch.setattr(pipeline, "now", lambda: made.now().astimezone(dt.UTC))
    for name in ("now", "monotonic", "reading", "sleep"):
        monkeypatch.setattr(SystemClock, name, staticmethod(getattr(made, name)))
    return made


@pytest.fixture
def week(tmp_path: Path, clock: Clock) -> Iterator[Week]:
    root = tmp_path / "读书会"
    root.mkdir()
    wanted = os.environ.get("WEEK_PICTURES")
    with Desk(root).up() as desk, browsing() as browser:
        page = browser.new_context(
            viewport={"width": 1280, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai"
        ).new_page()
        page.set_default_timeout(10_000)
        page.clock.install(time=SUNDAY)
        page.goto(f"{desk.url}/?key={KEY}")
        yield Week(root, clock, page, Path(wanted) if wanted else None)


def test_a_week_is_run_on_the_desk_alone(week: Week) -> None:
    page = week.page
    # Sunday: an empty folder becomes a community with a promise.
    page.fill("#name", "上海读书会")
    page.fill("#timezone", "Asia/Shanghai")
    week.shot("start-community")
    page.click("button.main")
    page.fill("#title", "每日一篇")
    page.fill("#rhythm", "每天 20:00")
    page.locator("#slots time").nth(9).wait_for()
    week.shot("start-series")
    page.click("button.main")
    page.locator('input[name="ticked"][value="wechat"]').check()
    week.shot("start-channels")
    page.click("button.main")
    page.fill("#text_title", "开卷：为什么每天读一点")
    page.fill("#text", "每天二十分钟，一年就是一百二十个小时。\n\n我们从今晚开始。")
    week.shot("start-text")
    page.click("button.main")
    page.wait_for_url("**/calendar*")
    week.shot("calendar-first-promise")

    # Monday: a draft from the desk's editor; at 20:00 the first one goes out, and its kit waits for a person.
    week.write("雨打阅览室", "我们刚念完第一回，外面就落雨了。\n\n- 第一回\n- 第二回\n")
    page.frame_locator("iframe").first.get_by_text("外面就落雨了").wait_for()
    week.shot("write")
    week.press("Save")
    page.get_by_role("status").filter(has_text="20:00").wait_for()
    week.shot("draft-saved")
    week.until(0, 20, 1)
    page.goto(week.base + "/")
    week.shot("today-kit-waits")
    week.go("kits")
    week.shot("kits")
    page.get_by_role("link", name=re.compile("开卷")).first.click()
    page.frame_locator("iframe").locator("#paste").get_by_text("每天二十分钟").wait_for()
    week.shot("kit")
    page.get_by_label(ZH("Address of the post")).fill(POSTED)
    week.press("Done")
    page.get_by_role("status").first.wait_for()
    week.shot("kit-done")
    # Tuesday: a member is invited, and sends a Word document from a phone; the operator reads and approves it.
    week.until(2, 9)
    week.go("members")
    page.get_by_label(ZH("Invite somebody to write")).fill("阿丽")
    week.press("Make a link")
    link = page.get_by_label(ZH("Link"), exact=True).input_value()
    week.shot("invite")
    assert page.context.browser
    phone = page.context.browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, locale="zh-CN"
    ).new_page()
    phone.goto(week.base + link[link.index("/m/") :])
    phone.get_by_label(ZH("Document, pictures, sound or film")).set_input_files(
        {"name": "读后感.docx", "mimeType": WORD, "buffer": document()}
    )
    week.press("Send", phone.locator("main"))
    phone.get_by_text(ZH("waits for approval")).first.wait_for()
    week.shot("phone-sent", phone)
    page.goto(week.base + "/")
    week.shot("today-draft-waits")
    week.press("Approve")
    page.get_by_role("status").first.wait_for()
    phone.reload()
    week.shot("phone-planned", phone)
    # Wednesday: from Friday on an hour later, and Thursday is left out; each effect is seen before it is saved.
    week.until(3, 9)
    week.go("settings")
    page.get_by_role("link", name="每日一篇").click()
    page.get_by_label(ZH("When, in words")).fill("每天 21:00")
    week.press("Show the effect")
    week.shot("hour-effect")
    week.press("Save")
    page.get_by_role("status").first.wait_for()
    week.go("calendar")
    week.shot("calendar-hour-moved")
    week.write("周三的诗", "晴。")
    week.press("Save")
    week.told("12月2日")
    # Thursday is left out, with a reason; Friday's draft is written on Thursday and moved to Saturday, to make room.
    page.goto(week.slot(4, 21))
    page.get_by_label(ZH("Reason")).fill("读书会搬家")
    week.press("Leave it out…")
    week.shot("skip-effect")
    week.press("Leave it out")
    week.told("")
    week.until(4, 9)
    week.write("搬家记", "三十箱书，两天。")
    week.press("Save")
    week.told("12月4日")
    page.goto(week.slot(5, 21))
    week.shot("slot")
    saturday = page.locator("#move option", has_text="12月5日").first.get_attribute("value")
    page.locator("#move select").select_option(saturday)
    week.press("Move it", page.locator("#move"))
    week.told("搬家记")
    week.write("周五的诗", "晴。")
    week.press("Save")
    week.told("12月4日")
    week.shot("calendar-week")
    # The next Sunday: every promise was kept but the day that was left out, and the record says so.
    week.until(7, 9)
    week.go("record")
    week.shot("record")
    page.goto(week.base + "/matrix")
    week.shot("matrix")
    page.goto(week.base + "/log")
    week.shot("log")
    page.goto(week.base + "/why")
    week.shot("why")
    with App.in_force(week.root) as app:
        out = {(d.slot.partition("@")[2], d.channel): d.state for d in app.ledger.deliveries() if d.finished}
    hours = [*(f"2026-{day}T20:00" for day in ("11-29", "11-30", "12-01")), *(f"2026-12-0{n}T21:00" for n in (2, 4, 5))]
    assert {slot for slot, channel in out if channel == "site"} == set(hours)
    assert out[hours[0], "wechat"] == "confirmed"
    assert set(out.values()) == {"published", "confirmed"}
    assert week.left == []
