"""The settings on the desk: each form shows its effect, then writes it; what others changed meanwhile stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from desk_bench import Desk
from pipeline_bench import COMMUNITY, DAILY, FAR, SITE, Bench, article

from steadycast import pipeline
from steadycast.workspace import load

SETTINGS = COMMUNITY + "# the one promise\n" + DAILY + SITE + FAR
DRAFTS = {f"pgc/{n}.md": article(f"Draft {n}") for n in range(1, 4)}
FORM: dict[str, Any] = {"title": "Daily", "forms": ["article"], "channels": ["site", "far"], "late": "3h"}


@pytest.fixture
def desk(bench: Bench) -> Iterator[Desk]:
    with bench.set_up(SETTINGS, DRAFTS) as app:
        pipeline.collect(app, pipeline.now())
        pipeline.plan(app, pipeline.now())
    with Desk(bench.root).up() as desk:
        yield desk


def toml(bench: Bench) -> str:
    return (bench.root / "steadycast.toml").read_text(encoding="utf-8")


def hidden(page: str) -> dict[str, Any]:
    """What a page of effects would send when its button is pressed."""
    form = page[page.rindex("<form") :]
    found: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(value)
    found.pop("form_token", None)
    return found


def test_another_hour_shows_what_moves_and_is_written_after_that(desk: Desk, bench: Bench) -> None:
    asked = {**FORM, "rhythm": "day at 21:30"}
    page = desk.post("/settings/series/daily", "/settings/series/daily", **asked).text
    assert "21:30" in page
    assert "Draft 1" in page
    assert toml(bench) == SETTINGS, "a look writes nothing"
    answer = desk.post("/settings/series/daily", "/settings/series/daily", **hidden(page))
    assert answer.url.endswith("/settings")
    assert toml(bench) == SETTINGS.replace('every = "day at 20:00"', 'every = "day at 21:30"')
    with bench.open() as app:
        slots = pipeline.plan(app, pipeline.now()).slots
        assert {slot.when[11:] for slot in slots} == {"21:30"}
    assert "say so already" in desk.post("/settings/series/daily", "/settings/series/daily", **asked).text


def test_a_file_that_changed_meanwhile_is_told_and_left_as_it_is(desk: Desk, bench: Bench) -> None:
    page = desk.post("/settings/series/daily", "/settings/series/daily", **FORM | {"rhythm": "day at 21:30"}).text
    others = SETTINGS.replace("3h", "4h")
    (bench.root / "steadycast.toml").write_text(others, encoding="utf-8")
    answer = desk.post("/settings/series/daily", "/settings/series/daily", **hidden(page))
    assert answer.status_code == 422
    assert "changed meanwhile" in answer.text
    assert toml(bench) == others


def test_what_is_wrong_stands_on_the_form_with_all_that_was_filled_in(desk: Desk, bench: Bench) -> None:
    for wrong, said in (
        ({"rhythm": "dya at 20:00"}, "did you mean"),
        ({"rhythm": "day at 21:30", "late": "soon"}, "is not a length of time"),
        ({"rhythm": "day at 21:30", "channels": ["nowhere"]}, "nowhere"),
        ({"rhythm": "day at 21:30", "start": "tomorrow"}, "is no date"),
        ({"rhythm": "day at 21:30", "reserve": "many"}, "no whole number"),
    ):
        answer = desk.post(
            "/settings/series/daily", "/settings/series/daily", **FORM | {"title": "Typed by hand"} | wrong
        )
        assert answer.status_code == 422
        assert said in answer.text
        assert "Typed by hand" in answer.text
    assert desk.get("/settings/series/nowhere").status_code == 404
    assert toml(bench) == SETTINGS


def test_channels_that_come_and_go_are_told_with_their_slots(desk: Desk, bench: Bench) -> None:
    page = desk.post(
        "/settings/series/daily", "/settings/series/daily", **FORM | {"rhythm": "day at 20:00", "channels": ["site"]}
    ).text
    assert "goes to far no more" in page
    desk.post("/settings/series/daily", "/settings/series/daily", **hidden(page))
    assert load(bench.root).series["daily"].channels == ("site",)


def test_a_series_is_added_below_all_others(desk: Desk, bench: Bench) -> None:
    asked: dict[str, Any] = {
        "title": "周五影像",
        "rhythm": "每周五 20:00",
        "forms": ["video"],
        "channels": ["site"],
        "late": "",
    }
    page = desk.post("/settings/series", "/settings/series", **asked).text
    assert "每周五 20:00" in page
    desk.post("/settings/series", "/settings/series", **hidden(page))
    assert toml(bench).startswith(SETTINGS.rstrip())
    made = load(bench.root).series["zhou-wu-ying-xiang"]
    assert (made.title, made.every, made.forms, made.channels) == ("周五影像", "每周五 20:00", ("video",), ("site",))


def test_the_community_keeps_its_comments_and_a_new_key_its_place(desk: Desk, bench: Bench) -> None:
    asked = {"name": "Readers", "timezone": "Asia/Shanghai", "language": "en", "email": "desk@readers.example"}
    asked |= {"url": "https://readers.example/", "description": ""}
    page = desk.post("/settings/community", "/settings/community", **asked).text
    desk.post("/settings/community", "/settings/community", **hidden(page))
    community = load(bench.root).community
    assert (community.name, community.email) == ("Readers", "desk@readers.example")
    assert "# the one promise\n" in toml(bench)
    wrong = desk.post("/settings/community", "/settings/community", **asked | {"timezone": "Asia/Shanghia"})
    assert "did you mean" in wrong.text


def test_slots_follow_what_is_typed(desk: Desk) -> None:
    assert desk.post("/settings/slots", "/settings/series", rhythm="每周五 20:00").text.count("<time") == 10
    assert "cannot be read" in desk.post("/settings/slots", "/settings/series", rhythm="never").text
    looked = desk.post("/settings/series/daily", "/settings/series/daily", **FORM, rhythm="day at 06:20", look="1").text
    assert looked.count("06:20") >= 10
