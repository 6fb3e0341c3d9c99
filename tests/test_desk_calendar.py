"""The calendar and a slot's page, through the desk's own socket: what they show, and what a person does there."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from desk_bench import Desk, browsing, opened
from pipeline_bench import COMMUNITY, DAILY, FAR, SITE, Bench, article
from sqlalchemy import event

from steadycast import pipeline
from steadycast.pipeline import App, accounts, slot_view
from steadycast.workspace import load

WEEKLY = '\n[series.weekly]\ntitle = "Weekly film"\nevery = "week on friday at 20:00"\nforms = ["video"]\nchannels = ["site"]\n'
TITLED = DAILY.replace('title = "Daily"', 'title = "早安六十秒"').replace('late = "3h"', 'late = "3h"\nfill = []')
SETTINGS = COMMUNITY + TITLED + WEEKLY + SITE + FAR.replace('"far"\n', '"far"\ntitle = "公众号"\n')
KIT = '[channel.hand]\nplatform = "paste"\n'
DRAFTS = {f"pgc/{n}.md": article(f"Draft {n}") for n in range(1, 4)}


@pytest.fixture
def root(bench: Bench) -> Path:
    """A community planned from now on, by the machine's own clock: the desk has no other."""
    app = bench.set_up(SETTINGS, {**DRAFTS, "ugc/bob/waits.md": article("Bob's")})
    now = pipeline.now()
    pipeline.collect(app, now)
    pipeline.plan(app, now)
    return bench.root


@pytest.fixture
def desk(root: Path) -> Iterator[Desk]:
    with Desk(root).up() as desk:
        yield desk


def coming(root: Path, series: str = "daily") -> list[Any]:
    """The coming slots of a series, in order of time."""
    with App(load(root)) as app:
        now = pipeline.now()
        return app.ledger.slots_between(now + dt.timedelta(minutes=2), now + dt.timedelta(days=20), series=series)


def coming_title(root: Path, slot: Any) -> str:
    return planned(root)[slot.id]


def page_of(slot: Any) -> str:
    return f"/slots/{quote(slot.id)}"


def planned(root: Path) -> dict[str, str]:
    """What each slot carries by the plan."""
    with App(load(root)) as app:
        return {row["id"]: row["title"] for row in pipeline.plan(app, pipeline.now()).rows()}


def said_by_the_command(root: Path) -> dict[str, str]:
    """The same as `steadycast plan --json` says it."""
    steadycast = Path(sys.executable).with_name("steadycast")
    run = subprocess.run([steadycast, "plan", "--json"], cwd=root, capture_output=True, text=True, check=False)
    return {row["id"]: row["title"] for row in json.loads(run.stdout)}


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", html))


def test_each_view_shows_titles_states_and_what_is_empty(root: Path, desk: Desk) -> None:
    """By their titles, in words; an empty slot invites, and leads to its drafts."""
    slots = coming(root)
    empty = next(each for each in slots if each.draft is None)
    for view in ("month", "week", "list"):
        answer = desk.get(f"/calendar?view={view}&from={empty.local[:10]}")
        said = text_of(answer.text)
        assert answer.status_code == 200
        for word in ("早安六十秒", "公众号", "Find a draft", "Weekly film"):
            assert word in said, view
        assert f"{page_of(empty)}#choose" in answer.text
    filtered = text_of(desk.get("/calendar?view=list&series=weekly").text)
    assert "Draft 1" not in filtered
    assert "Draft" in text_of(desk.get(f"/calendar?view=list&channel=far&from={slots[0].local[:10]}").text)
    for odd in ("from=0001-01-01", "from=9999-12-31", "month=x", "view=x&series=nobody&channel=%00", "from=2150-01-01"):
        assert desk.get(f"/calendar?{odd}").status_code == 200, odd
    assert desk.get("/slots/nothing@2026").status_code == 404
    assert "BEGIN:VCALENDAR" in desk.get("/calendar/plan.ics").text


def test_a_draft_is_moved_with_its_effect_shown_and_taken_back(root: Path, desk: Desk) -> None:
    first, second = coming(root)[:2]
    titles = planned(root)
    on, to = page_of(first), f"{second.id} {second.draft}"
    shown = desk.post("/slots/move", on=on, draft=first.draft, to=to, back=on)
    assert "/take?" in shown.url
    assert titles[second.id] in text_of(shown.text)
    assert planned(root) == titles
    with App(load(root)) as app:
        assert accounts.audited(app) == [], "nobody has agreed: nothing was changed"
    done = desk.post("/slots/move", on=on, draft=first.draft, to=to, back=on, agreed="true")
    assert "is pinned to" in done.text
    assert planned(root)[second.id] == titles[first.id]
    assert 'value="Undo"' in done.text or ">Undo<" in done.text
    fields = dict(
        re.findall(
            r'name="(draft|was|seen)" value="([^"]*)"', done.text.split('action="/slots/undo"')[1].split("</form>")[0]
        )
    )
    assert "as it was before" in desk.post("/slots/undo", on=on, **fields).text
    assert sorted(planned(root).values()) == sorted(titles.values())
    with App(load(root)) as app:
        row = app.ledger.draft(first.draft)
        assert row
        assert row.plan["slot"] is None


def test_the_second_of_two_editors_is_told(root: Path, desk: Desk) -> None:
    """They both saw the slot with the same draft; the second sees that it has another by now."""
    first, second, third = coming(root)[:3]
    to = f"{first.id} {first.draft}"
    desk.post("/slots/move", on=page_of(first), draft=second.draft, to=to, agreed="true")
    before = planned(root)
    told = desk.post("/slots/move", on=page_of(first), draft=third.draft, to=to, agreed="true")
    assert "refused" in told.text
    assert "meanwhile" in told.text
    assert planned(root) == before
    other = page_of(first)
    assert "Unpin" in desk.get(other).text
    assert "pinned no more" in desk.post("/slots/unpin", on=other, draft=second.draft, back=other).text
    for wrong in ("nothing@2026 ", f"{first.id}", "\x00 "):
        assert "refused" in desk.post("/slots/move", on=other, draft=third.draft, to=wrong).text
    assert (
        "not approved"
        in desk.post("/slots/move", on=other, draft="ugc/bob/waits.md", to=f"{first.id} {second.draft}").text
    )


def test_an_empty_slot_is_filled_and_a_day_left_out_with_its_reason(bench: Bench, root: Path, desk: Desk) -> None:
    empty = [each for each in coming(root) if each.draft is None][1]
    on = page_of(empty)
    assert "no reserve" in desk.post(f"{on}/fill", on=on).text
    bench.drop("pgc/film.md", article("A film", "evergreen: true\nform: video"))
    bench.drop("pgc/elsewhere.md", article("Elsewhere", f"evergreen: true\nslot: {coming(root)[0].id}"))
    with App(load(root)) as app:
        pipeline.collect(app, pipeline.now())
    assert "Fill from reserve" not in desk.get(on).text, "nothing of it fits"
    bench.drop("pgc/ever.md", article("Evergreen", "evergreen: true"))
    with App(load(root)) as app:
        pipeline.collect(app, pipeline.now())
    assert "Fill from reserve" in desk.get(on).text
    assert "from reserve is in this slot" in desk.post(f"{on}/fill", on=on).text
    assert planned(root)[empty.id] == "Evergreen"
    holds = next(each.draft for each in coming(root) if each.id == empty.id)
    first = coming(root)[0]
    moved = desk.post("/slots/move", on=on, draft=first.draft, to=f"{empty.id} {holds}", back=on, agreed="true").text
    assert planned(root)[empty.id] != "Evergreen"
    undo = moved.split('action="/slots/undo"')[1].split("</form>")[0]
    back = desk.post("/slots/undo", on=on, **dict(re.findall(r'name="(draft|was|seen|filled)" value="([^"]*)"', undo)))
    assert "from reserve is in its slot again" in back.text
    assert planned(root)[empty.id] == "Evergreen", "what the move had pushed out"
    assert "empty again" in desk.post(f"{on}/empty", on=on, holds=holds).text
    day = empty.local[:10]
    assert "我们的年会" in text_of(desk.get(f"/skip?series=daily&day={day}&because=我们的年会").text)
    done = desk.post("/skip", on=on, series="daily", day=day, because="我们的年会")
    assert "is left out" in done.text
    assert f'"{day} 我们的年会"' in (root / "steadycast.toml").read_text()
    assert "我们的年会" in text_of(desk.get(f"/calendar?view=list&from={day}").text)
    left_out = text_of(desk.get(on).text)
    assert "Take it back" in left_out
    assert "Nothing is owed on this day." in left_out
    assert "waits for a draft" not in left_out
    desk.post("/skip", on="/calendar", series="daily", day=day, undo="true")
    assert day not in (root / "steadycast.toml").read_text()
    assert "longer than" in desk.post("/skip", on="/calendar", series="daily", day=day, because="x" * 300).text


def test_publish_now_asks_first_and_the_page_shows_each_channel(root: Path, desk: Desk) -> None:
    slot = coming(root)[0]
    on = page_of(slot)
    asked = desk.get(f"{on}/publish")
    assert "leaves this machine" in asked.text
    assert "somebody changed" in desk.post(f"{on}/publish", on=on, holds="another").text
    done = desk.post(f"{on}/publish", on=on, holds=slot.draft)
    assert "It went to 2 channels." in done.text
    said = text_of(done.text)
    told = "kept: out before its hour"
    assert told in said
    assert told in text_of(desk.get(f"/calendar?month={slot.local[:7]}").text)
    assert "2 deliveries are there before their hour" in text_of(desk.get("/record").text)
    with App.open(load(root)) as app:
        pipeline.report(app, pipeline.now())
        assert told in text_of((app.workspace.out / "report" / "index.html").read_text(encoding="utf-8"))
    assert "https://far.example/" in said
    moved = desk.post(
        "/slots/move", on="/calendar", draft=slot.draft, to=f"{coming(root)[1].id} {coming(root)[1].draft}"
    )
    assert "cannot be moved" in moved.text
    today = text_of(desk.get("/").text)
    assert f"Next: {coming_title(root, slot)}" not in today, "it is not due any more"
    matrix = text_of(desk.get("/matrix").text)
    assert matrix.count("nothing went out yet") == 1, "of the weekly film alone"
    assert "Nothing went there yet" not in desk.get("/channels/far").text
    assert "Nothing was ever published" not in desk.get("/why").text
    gone = desk.post(f"/drafts/{slot.draft}/amend", on=f"/drafts/{slot.draft}", verb="withdraw", why="Wrong.").text
    assert "Done on" in gone
    lately = desk.get("/").text.split("Went out lately")[1].split("</section>")[0]
    assert "far.example" in lately
    assert "readers.example" not in lately, "it was taken away there"
    following = re.search(r"The next slot [^<]*", desk.get("/why").text)
    assert following
    assert coming_title(root, slot) not in following[0]


def test_publish_now_says_of_each_channel_what_became_of_it(bench: Bench) -> None:
    """Out, a kit for a person, or to be tried again: never "it went out" of what did not."""
    kit = '[channel.paste]\nplatform = "paste"\n'
    app = bench.set_up(SETTINGS.replace('["site", "far"]', '["site", "far", "paste"]') + kit, DRAFTS)
    now = pipeline.now()
    pipeline.collect(app, now)
    pipeline.plan(app, now)
    slot = coming(bench.root)[0]
    far = bench.root / "var" / "out" / "far-side-far"
    far.mkdir(parents=True, exist_ok=True)
    (far / "verbs").write_text("busy")
    with Desk(bench.root).up() as desk:
        told = desk.post(f"{page_of(slot)}/publish", on=page_of(slot), holds=slot.draft).text
        assert "It went to one channel. One kit waits to be posted. One channel could not take it yet" in told
        assert "What went wrong lately" in (page := desk.get("/channels/far").text)
        assert "Nothing went wrong lately" not in page


def test_the_past_shows_the_record(bench: Bench) -> None:
    """Kept, late, missed and taken away are told apart; the plan of that day is no more."""
    app = bench.set_up(SETTINGS, DRAFTS)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20)
    pipeline.publish(app)
    bench.at(24, 21)
    pipeline.publish(app)
    bench.far("refuse")
    bench.at(25, 20)
    pipeline.publish(app)
    now = bench.at(28, 12)
    pipeline.publish(app)
    seen = slot_view.window(app, now - dt.timedelta(days=6), now + dt.timedelta(days=30), now)
    states = {slot.id[6:16]: slot.state for day in seen.days.values() for slot in day if slot.series == "daily"}
    told = [states[f"2026-11-{day}"] for day in range(23, 28)]
    assert told == ["kept", "late", "refused", "missed", "missed"]
    assert states["2026-11-28"] == "gap"
    assert states["2026-12-20"] == "later"
    orders = {
        tuple(c.name for c in slot.channels) for day in seen.days.values() for slot in day if len(slot.channels) > 1
    }
    assert orders == {("site", "far")}, "as the series names them, on every day"
    alone = slot_view.one(app, "daily@2026-11-23T20:00", now)
    assert alone
    assert [c.name for c in alone.channels] == ["site", "far"]


def test_the_small_calendar_calls_no_day_empty_that_the_large_one_calls_not_planned_yet(bench: Bench) -> None:
    """A plan by hand reaches further than the next one will: its last days are planned again."""
    app, now = bench.set_up(SETTINGS, DRAFTS), bench.clock.now()
    pipeline.plan(app, now, days=30)
    end = now + dt.timedelta(days=30)
    states = {day: {slot.state for slot in slots} for day, slots in slot_view.window(app, now, end, now).days.items()}
    assert {"gap"} in states.values()
    assert {"later"} in states.values()
    marked = slot_view.days_marked(app, now, end, now)
    assert marked == {day: "gap" if "gap" in each else "some" for day, each in states.items()}


def test_a_month_reads_what_it_shows(root: Path) -> None:
    """Not all drafts, and no more statements where there are more slots."""
    with App(load(root)) as app:
        now, said = pipeline.now(), []
        event.listen(app.ledger.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
        for days in (3, 40):
            said.clear()
            slot_view.window(app, now, now + dt.timedelta(days=days), now, per_day=6)
            assert len([each for each in said if each.startswith("SELECT")]) <= 8
            assert not any("FROM draft" in each and "WHERE" not in each for each in said)


@pytest.mark.live
@pytest.mark.parallel
def test_a_draft_is_dragged_and_moved_by_keyboard(root: Path) -> None:
    """By mouse onto another slot, then by keyboard alone: the plan says so both times."""
    slots = coming(root)
    dragged, free = slots[0], [each for each in slots if each.draft is None]
    titles = planned(root)
    with Desk(root).up() as desk, browsing() as browser:
        page = opened(browser, desk, f"/calendar?view=month&from={slots[0].local[:10]}")
        page.set_viewport_size({"width": 1280, "height": 1800})  # a drag across a page that scrolls is none
        target = next(each for each in free if page.locator(f'[data-slot="{each.id}"]').count())
        with page.expect_navigation():
            page.locator(f'[data-slot="{dragged.id}"]').drag_to(page.locator(f'[data-slot="{target.id}"]'))
        agree(page)
        assert said_by_the_command(root)[target.id] == titles[dragged.id]
        # By keyboard, on the slot's own page: the list, the button.
        page.goto(desk.url + page_of(target))
        there = page.locator(f'#move option[value^="{dragged.id} "]').get_attribute("value")
        page.locator('#move select[name="to"]').select_option(there)
        page.locator('#move select[name="to"]').focus()
        page.keyboard.press("Tab")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        agree(page)
        assert said_by_the_command(root)[dragged.id] == titles[dragged.id]


def test_a_channel_that_a_person_posts_to_goes_out_by_no_hour(bench: Bench) -> None:
    """On the page of a slot and on that of its draft."""
    app = bench.set_up(SETTINGS.replace('"far"]', '"far", "hand"]') + KIT, DRAFTS)
    pipeline.collect(app, pipeline.now())
    pipeline.plan(app, pipeline.now())
    slot = next(each for each in coming(bench.root) if each.draft)
    with Desk(bench.root).up() as desk:
        for page in (page_of(slot), f"/drafts/{slot.draft}"):
            said = text_of(desk.get(page).text)
            assert said.count("its kit is ready at its hour, and a person posts it") == 1
            assert said.count("goes out at its hour") == len(app.workspace.series["daily"].channels) - 1


@pytest.mark.live
@pytest.mark.parallel
def test_a_month_counts_the_channels_that_have_no_room(bench: Bench) -> None:
    """Whatever their names are cut to; and a pin stands beside the hour."""
    more = "".join(f'[channel.far{n}]\nplatform = "far"\ntitle = "一个名字很长的渠道"\n' for n in range(3))
    app = bench.set_up(SETTINGS.replace('"far"]', '"far", "far0", "far1", "far2"]') + more, DRAFTS)
    pipeline.collect(app, pipeline.now())
    pipeline.plan(app, pipeline.now())
    slot = next(each for each in coming(bench.root) if each.draft)
    pipeline.pinning.pin(app, slot.draft, slot.id, pipeline.now())
    with Desk(bench.root).up() as desk, browsing() as browser:
        page = opened(browser, desk, f"/calendar?month={slot.local[:7]}")
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            cell = page.locator(".slot", has=page.locator(".pinned")).first
            count, frame = cell.locator(".outlets .further").bounding_box(), cell.bounding_box()
            hour, pin = cell.locator(".hour time").bounding_box(), cell.locator(".pin").bounding_box()
            assert count
            assert frame
            left_out = int(cell.locator(".outlets .further").inner_text().removeprefix("+"))
            assert cell.locator(".outlets bdi").count() + left_out == len(app.workspace.series[slot.series].channels)
            assert count["x"] + count["width"] <= frame["x"] + frame["width"]
            assert hour
            assert pin
            assert abs(hour["y"] - pin["y"]) < hour["height"]


@pytest.mark.live
@pytest.mark.parallel
def test_a_month_opens_where_today_is_and_filters_hold(root: Path) -> None:
    """However many weeks of it are over; by a series and a channel it shows those alone, and the other views keep that."""
    with Desk(root).up() as desk, browsing() as browser:
        page = opened(browser, desk, "/calendar")
        for width, height in ((1280, 520), (390, 600)):
            page.set_viewport_size({"width": width, "height": height})
            page.goto(f"{desk.url}/calendar")
            page.wait_for_load_state("load")
            box = page.locator("#today").bounding_box()
            assert box is None or box["y"] < height - 40, "a day without a slot is not there on a phone"
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{desk.url}/calendar?view=list")
        assert {"早安六十秒", "Weekly film"} <= set(page.locator(".listed .meta > bdi:first-child").all_inner_texts())
        page.get_by_role("link", name="Weekly film", exact=True).click()
        page.get_by_role("link", name="公众号", exact=True).click()
        page.get_by_text("There is no slot in this time.").wait_for()
        page.get_by_role("link", name="All channels").click()
        page.locator(".listed").first.wait_for()
        assert set(page.locator(".listed .meta > bdi:first-child").all_inner_texts()) == {"Weekly film"}
        page.get_by_role("link", name="Month", exact=True).click()
        page.locator(".days.month").wait_for()
        assert "早安六十秒" not in page.locator(".days.month").inner_text()


def agree(page: Any) -> None:
    """Where the effect on others is shown first, goes on from there by keyboard."""
    if "/take?" in page.url:
        page.locator("main button.main").focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
    assert page.locator(".said:not(.refused)").count() == 1


def test_a_calendar_that_names_no_month_begins_with_this_week(root: Path, desk: Desk) -> None:
    """Late in a month most of its weeks are over. The link before leads to them, and a month that is named is whole."""
    today = pipeline.now().astimezone(load(root).community.zone).date()
    monday = today - dt.timedelta(days=today.weekday())
    page = desk.get("/calendar").text
    days = re.findall(r'<li class="day[^"]*"[^>]*>\s*<p class="date"><time datetime="([\d-]+)"', page)
    assert (days[0], len(days)) == (monday.isoformat(), 35)
    assert "is-outside" not in page.partition('class="side"')[0]
    (before,) = re.findall(r'href="([^"]+)" rel="prev"', page)
    assert f'datetime="{monday - dt.timedelta(days=1)}"' in desk.get(unescape(before)).text
    named = desk.get(f"/calendar?month={monday:%Y-%m}").text
    assert f'datetime="{monday.replace(day=1)}"' in named


@pytest.mark.live
@pytest.mark.parallel
def test_the_calendar_opens_with_its_heading_in_sight(root: Path) -> None:
    """The day of today stands in its first row; what is below it may be as long as it likes."""
    with Desk(root).up() as desk, browsing() as browser:
        page = opened(browser, desk, "/")
        page.set_viewport_size({"width": 1280, "height": 480})
        page.goto(f"{desk.url}/calendar", wait_until="load")
        page.wait_for_timeout(200)
        day = page.locator(".days.month #today").bounding_box()
        assert page.evaluate("scrollY") == 0
        assert day
        assert day["y"] + day["height"] > 480, "it would have to be scrolled to be seen whole"
