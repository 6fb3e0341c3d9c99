"""Who is meant by a name: a member of the roster by the name that people use, and a class by one that it had."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from class_bench import at, workspace_of
from desk_bench import Desk
from pipeline_bench import MORNING, Bench
from pipeline_bench import SETTINGS as DAILY_SETTINGS

from steadycast import pipeline
from steadycast.classes.roster import Roster, read_roster
from steadycast.cli import drafts as commands
from steadycast.errors import InputError
from steadycast.pipeline import class_files, classes, community_state, invites, members, slot_view
from steadycast.pipeline.app import App
from steadycast.pipeline.collect import collect
from steadycast.pipeline.drafts import find_draft

SETTINGS = """[members.lin]
title = "阿林"

[class.reading]
was = "c16"
every = "week on sun at 20:00"
start = 2021-01-04
"""
ROSTER = "id,title,class,group,role\nmomo,沫沫,c16,a,leader\nxu,徐,c16,a,\nxu2,徐,c16,a,\n"
NOW, DAY = at("2021-01-05 01:00"), dt.timedelta(days=1)


@pytest.fixture
def app(tmp_path: Path) -> App:
    return workspace_of(tmp_path, SETTINGS, ROSTER)


@pytest.mark.parametrize(("said", "meant"), [("沫沫", "momo"), ("momo", "momo"), ("阿林", "lin"), ("新人", "新人")])
def test_a_link_is_for_the_member_whom_people_call_so(app: App, said: str, meant: str) -> None:
    """Else their hand-ins would be those of somebody else of that name, and they would be missed."""
    assert invites.make(app, said, "lin", NOW).row.member == meant


def test_of_two_of_one_name_nobody_is_guessed(app: App) -> None:
    with pytest.raises(InputError, match=r"several members are called '徐' \(xu, xu2\)"):
        invites.make(app, "徐", "lin", NOW)
    assert invites.make(app, "xu2", "lin", NOW).row.member == "xu2"


def test_members_are_those_of_the_roster_and_those_with_a_link_too(app: App) -> None:
    invites.make(app, "guest", "lin", NOW)
    found = {each.name: each.title for each in members.members(app, NOW)}
    assert found == {"lin": "阿林", "momo": "沫沫", "xu": "徐", "xu2": "徐", "guest": "guest"}
    page = members.page_of(app, "momo", NOW)
    assert page
    assert page.member.title == "沫沫"
    assert members.page_of(app, "nobody", NOW) is None


def test_a_class_is_found_by_the_name_that_it_had(app: App) -> None:
    assert classes.known_class(app, "c16").name == "reading"
    with pytest.raises(InputError, match=r"write a \[class.other\] table"):
        classes.known_class(app, "other")
    [problem] = read_roster("id,class\nann,zzz\n", {"reading": "reading"}).problems
    assert 'was = "zzz"' in problem.hint


@pytest.mark.parametrize("given", ["pgc/bad.md", "content/pgc/bad.md"])
def test_a_file_that_could_not_be_taken_in_is_named_with_its_reason(
    app: App, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    (app.workspace.content / "pgc" / "bad.md").write_text("---\nslot: 2026-02-30\n---\nx\n", encoding="utf-8")
    collect(app, dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1), feeds=False)
    monkeypatch.chdir(app.workspace.root)
    with pytest.raises(InputError, match=r"pgc/bad.md could not be taken in: slot is no date") as told:
        find_draft(app, given)
    assert told.value.line == 2


def test_drafts_are_listed_under_the_name_that_people_use(
    app: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The roster's where the settings have none; it is read once, and only where somebody is of it alone."""
    read: list[App] = []
    real = class_files.roster

    def roster(app: App) -> Roster:
        read.append(app)
        return real(app)

    monkeypatch.setattr(class_files, "roster", roster)
    assert (app.member_title("lin"), app.member_title(""), len(read)) == ("阿林", "", 0)
    for member in ("lin", "momo", "xu", "guest"):
        (app.workspace.content / "ugc" / member).mkdir(parents=True)
        (app.workspace.content / "ugc" / member / "one.md").write_text(f"# Of {member}\n\nWords.\n", encoding="utf-8")
    collect(app, NOW + dt.timedelta(days=1), feeds=False)
    read.clear()
    told = {row["member"]: row["member_title"] for row in pipeline.listed(app, NOW).rows}
    assert told == {"lin": "阿林", "momo": "沫沫", "xu": "徐", "guest": "guest"}
    assert len(read) == 1
    monkeypatch.chdir(app.workspace.root)
    monkeypatch.setenv("COLUMNS", "200")
    assert commands.list_() == 0
    shown = capsys.readouterr().out
    assert "沫沫 (momo)" in shown, "the name is for people, and the id is what one types"
    assert " guest " in shown
    momos = next(row.id for row in app.ledger.drafts() if row.member == "momo")
    with Desk(app.workspace.root).up() as desk:
        for page in ("/drafts", "/drafts?member=momo", f"/drafts/{momos}", "/"):
            assert "<bdi>沫沫</bdi>" in desk.get(page).text, page
        for page in ("/drafts", "/write"):
            options = re.findall(r'<option value="(\w+)"(?: selected)?>([^<]*)', desk.get(page).text)
            assert {("lin", "阿林"), ("momo", "沫沫"), ("xu", "徐")} <= {*options}, page


def test_a_slot_its_calendar_and_the_record_name_a_member_of_the_roster_as_the_list_of_members_does(
    bench: Bench,
) -> None:
    """And by another name once the roster has another: of what waits too, though nothing else has changed."""
    text = DAILY_SETTINGS + '[class.c16]\nevery = "week on sun at 20:00"\nstart = 2026-11-02\n'
    app = bench.set_up(text, {f"ugc/momo/{n}.md": f"# Piece {n}\n\nWords.\n" for n in range(3)})
    pipeline.collect(app, MORNING)
    pipeline.decide(app, ["ugc/momo/0.md", "ugc/momo/1.md"], "approve", by="lin", now=MORNING)
    pipeline.plan(app, MORNING)
    bench.at(23, 20, 0)
    pipeline.publish(app)
    for minute, name in enumerate(("沫沫", "小沫")):
        (bench.root / "roster.csv").write_text(f"id,title,class\nmomo,{name},c16\n", encoding="utf-8")
        report = community_state.standing(app, MORNING + dt.timedelta(hours=12, minutes=minute)).report
        told = [report.contributors[0].title, *report.series[0].writers]
        told += [each.member for each in report.plan if each.member]
        told += [each.member for each in report.waiting if each.member]
        assert told == [name] * 4
        seen = [slot_view.one(app, f"daily@2026-11-{day}T20:00", MORNING) for day in (23, 24)]
        assert [each and each.member for each in seen] == [name] * 2
        assert {voice.title for voice in pipeline.fair.fair(app, MORNING + DAY).voices if voice.slots} == {name}
