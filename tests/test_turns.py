"""Turns kept in the ledger, a person's word in turns.csv, and the page that is handed over."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest
from class_bench import handed_in
from pipeline_bench import COMMUNITY, DAILY, FAR, SITE, ZONE, Bench

from steadycast import pipeline
from steadycast.classes.model import Happened, MemberStanding, Seat, State
from steadycast.classes.roster import Roster
from steadycast.cli import classes
from steadycast.cli import rounds as commands
from steadycast.errors import InputError
from steadycast.language import language
from steadycast.ledger.tables import CommentRow
from steadycast.pipeline import App, class_files, hand_over, rounds, turn_changes, turns
from steadycast.pipeline.hand_over import came
from steadycast.pipeline.turn_changes import TurnChange
from steadycast.pipeline.turns import Roll

CLASS = """
[class.c16]
title = "16班"
every = "week on sun at 20:00"
start = 2027-01-04
late = "4h"
turn = "month"
comment = { each = 1 }
"""
SETTINGS = COMMUNITY + CLASS + DAILY + SITE + FAR
NAMES = [f"m{n}" for n in range(1, 7)]
SEATS = [Seat(name, "c16", title=f"成员{name[1:]}", group="甲" if n < 3 else "乙") for n, name in enumerate(NAMES)]


def at(month: int, day: int, hour: int = 12) -> dt.datetime:
    return dt.datetime(2027, month, day, hour, tzinfo=ZONE)


@pytest.fixture
def app(bench: Bench) -> App:
    return bench.set_up(SETTINGS)


def roll(app: App, *happened: MemberStanding, seats: list[Seat] = SEATS) -> Roll:
    return Roll(app.workspace.classes["c16"], seats, happened, class_files.turn_table(app, Roster(tuple(seats))))


def write(app: App, *rows: str) -> Path:
    file = app.workspace.root / "turns.csv"
    file.write_text("class,group,period,member,why\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return file


def enrol(app: App) -> None:
    rows = "".join(f"{seat.member},{seat.title},c16,{seat.group}\n" for seat in SEATS)
    (app.workspace.root / "roster.csv").write_text("id,title,class,group\n" + rows, encoding="utf-8")


def began(app: App, given: Roll, now: dt.datetime) -> list[tuple[str, str]]:
    return [(turn.group, turn.member) for turn in turns.begin(app, given, now)]


def ahead(app: App, given: Roll, now: dt.datetime) -> list[list[str]]:
    return [[turn.member for turn in given] for _period, given in turns.turns(app, given, now).periods]


def test_a_turn_that_began_is_kept_whatever_the_roster_says_later(app: App) -> None:
    """Written once; before the class's first month there is none; who is put out is followed for the rest."""
    assert began(app, roll(app), at(1, 1)) == [("", "m1"), ("甲", "m2"), ("乙", "m4")]
    assert began(app, roll(app), at(1, 10)) == []
    later = [Seat("new", "c16", group="甲"), *SEATS]
    assert began(app, roll(app, seats=later), at(1, 11)) == []
    out = MemberStanding("m2", "c16", at(1, 20), Happened.OUT)
    assert began(app, roll(app, out), at(1, 20)) == [("甲", "m3")]
    assert ahead(app, roll(app, out), at(1, 21)) == [["m1", "m3", "m4"], ["m5", "m1", "m6"], ["m3", "m1", "m4"]]
    assert [turn.member for turn in turns.served(app, "c16")] == ["m1", "m2", "m4", "m3"]
    assert began(app, roll(app), at(1, 1) - dt.timedelta(days=1)) == []


def test_what_a_person_wrote_holds_and_a_row_that_cannot_be_read_starts_nothing(app: App) -> None:
    """Each row that is wrong is told with its line and what to write."""
    write(app, "c16,,2027-01,m5,changed", "c16,乙,2027-01,m6,")
    assert ahead(app, roll(app), at(1, 5))[0] == ["m5", "m1", "m6"]
    write(
        app,
        "c17,,2027-01,m5,",
        "c16,,2027-W01,m5,",
        "c16,,2027-01,m7,",
        "c16,甲,2027-01,m6,",
        "c16,乙,2027-01,m6,",
        "c16,乙,2027-01,m5,",
    )
    broken = roll(app)
    assert [(each.line, each.message) for each in broken.said.problems] == [
        (2, "there is no class 'c17'"),
        (3, "'2027-W01' is no such period"),
        (4, "'m7' is not in that class"),
        (5, "'m6' is not in the group '甲'"),
        (7, "that turn stands in it already"),
    ]
    assert broken.said.problems[1].hint == "its turns go by the month: write 2027-02"
    assert began(app, broken, at(1, 5)) == []
    (app.workspace.root / "turns.csv").write_bytes(b"class,group\n")
    assert [each.message for each in roll(app).said.problems] == ["the column period is missing"]
    (app.workspace.root / "turns.csv").write_bytes(
        "class,group,period,member,why\nc16,乙,2027-01,m6,两个人商量好了换一换\n".encode("gbk")
    )
    assert roll(app).said.of("c16") == {("2027-01", "乙"): "m6"}


def test_a_swap_is_two_rows_and_leaves_the_others_alone(app: App) -> None:
    """Both get the other's turn of the same kind; who has none in sight, or belongs to another group, gets none."""
    file = write(app, "c16,,2027-09,m6,travels in August")
    enrol(app)
    given = turns.roll(app, "c16")
    assert ahead(app, roll(app), at(1, 5)) == [["m1", "m2", "m4"], ["m3", "m1", "m5"], ["m6", "m2", "m4"]]
    assert turns.swap(app, given, "m1", "m3", at(1, 5), period="2027-01", why="ill") == [
        ("2027-01", "", "m3"),
        ("2027-02", "", "m1"),
    ]
    assert file.read_text(encoding="utf-8").splitlines() == [
        "class,group,period,member,why",
        "c16,,2027-09,m6,travels in August",
        "c16,,2027-01,m3,ill",
        "c16,,2027-02,m1,ill",
    ]
    assert [each[0] for each in ahead(app, roll(app), at(1, 5))[:2]] == ["m3", "m1"]
    for member, other, said in (
        ("m2", "m4", "not in the group"),
        ("m2", "m7", "not in that class"),
        ("m7", "m1", "no turn"),
    ):
        with pytest.raises(InputError, match=said):
            turns.swap(app, given, member, other, at(1, 5))


def test_every_turn_that_changes_hands_is_told(app: App) -> None:
    """Those of the row that was written, and those that the rota moved; a row that moves nothing is told as such."""
    enrol(app)
    now, given = at(1, 5), turns.roll(app, "c16")
    turns.begin(app, given, now)
    before = turn_changes.holders(app, "c16", now)
    changed = turn_changes.swap(app, given, "m3", "m5", now, why="travels")
    after = turn_changes.holders(app, "c16", now)
    assert {(each.period, each.group): (each.was, each.member) for each in changed} == {
        key: (before[key], member) for key, member in after.items() if before[key] != member
    }
    assert [each for each in changed if each.written] == [
        TurnChange("2027-02", "", "m3", "m5", written=True, the_class="c16")
    ]
    assert len(changed) == 4, "of each kind of turn some"
    assert turn_changes.said_of_swap(app, given, []) == [
        "It is written into turns.csv. No turn in sight changes hands."
    ]


def test_a_leave_tells_whose_turns_it_gives_to_another(
    app: App, bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that gives none to another tells nothing more; a roster that cannot be read keeps nobody from a leave."""
    monkeypatch.chdir(bench.root)
    monkeypatch.setattr(pipeline, "now", lambda: at(1, 5))
    enrol(app)

    def leave(first: dt.date, last: dt.date, *, json: bool = False) -> list[str]:
        assert classes.leave("m3", first, last, by="lin", why="travels", json=json) == 0
        return capsys.readouterr().out.splitlines()

    said = leave(dt.date(2027, 2, 1), dt.date(2027, 2, 7))
    assert said[:3] == ["成员3 is on leave from 2027-02-01 to 2027-02-07.", "These turns change hands:", said[2]]
    assert said[2].startswith("2027-02, the class: 成员3 → ")
    assert len(leave(dt.date(2029, 2, 1), dt.date(2029, 2, 7))) == 1, "further ahead than turns are looked at"
    told = json.loads("".join(leave(dt.date(2027, 4, 1), dt.date(2027, 4, 7), json=True)))["turns"]
    assert all(each["period"] >= "2027-04" and not each["written"] for each in told)
    (bench.root / "roster.csv").write_text("id,title,class,group\nm3,,c16,\nm3,,c16,\n", encoding="utf-8")
    assert turn_changes.holders(app, "c16", at(1, 5)) == {}


def test_what_does_not_fit_into_a_notice_is_said_to_be_more() -> None:
    lines = [f"2027-{n:02}, the class: {'x' * 20} → y" for n in range(1, 13)]
    assert turn_changes.within(lines, 900) == "\n".join(lines)
    short = turn_changes.within(lines, 200)
    assert len(short) <= 200
    assert short.splitlines()[0] == lines[0]
    assert short.splitlines()[-1] == "and more turns: `steadycast turn show` lists all"
    assert turn_changes.within(["x" * 300], 200) == "x" * 300


def test_nobody_for_a_turn_is_told_a_week_ahead(app: App) -> None:
    """All of a group are away in February."""
    away = [
        MemberStanding(name, "c16", at(1, 5), Happened.LEAVE, dt.date(2027, 1, 30), dt.date(2027, 2, 3))
        for name in ("m4", "m5", "m6")
    ]
    given = roll(app, *away)
    assert turns.turns(app, given, at(1, 24)).nobody(dt.date(2027, 1, 24)) == []
    told = turns.turns(app, given, at(1, 25)).nobody(dt.date(2027, 1, 25))
    assert [(turn.period, turn.group) for turn in told] == [("2027-02", "乙")]


def test_the_page_that_is_handed_over_tells_a_period_in_numbers(app: App) -> None:
    """Who was on duty, what was kept and missed, comments, who came and went, who is next; Markdown for a draft."""
    due = at(1, 10, 20)
    joined = [replace(SEATS[0], joined=dt.date(2027, 1, 20)), *SEATS[1:]]
    verdicts = dict(zip(NAMES, ["kept", "late", "missed", "missed", "excused", "kept"], strict=True))
    slot = handed_in(app, due, verdicts)
    handed_in(app, due, {"m4": "missed"}, made_up_at=at(1, 12), made_up_by="rain")
    app.ledger.put_round(
        CommentRow(the_class="c16", slot=slot, reviewer=one, author=other, due=at(1, 12, 0))
        for one, other in (("m1", "m2"), ("m2", "m6"), ("m6", "m1"))
    )
    rounds.say_done(app, "m1", "m2", at(1, 11))
    given = roll(app, MemberStanding("m3", "c16", at(1, 24), Happened.OUT), seats=joined)
    turns.begin(app, given, at(1, 5))
    text = hand_over.markdown(app, hand_over.hand_over(app, given, at(1, 30), "2027-01"))
    assert text == (
        "# 16班, handed over: 2027-01\n"
        "\n"
        "- On duty: 成员2\n"
        "- Leads group 甲: 成员3\n"
        "- Leads group 乙: 成员4\n"
        "\n"
        "## Hand-ins\n"
        "\n"
        "| Due | On time | Handed in late | Not handed in | Made up | On leave |\n"
        "|---|--:|--:|--:|--:|--:|\n"
        "| Sun, Jan 10 20:00 | 2 | 1 | 2 | 1 | 1 |\n"
        "\n"
        "- 成员4 made up on Tue, Jan 12:\n"
        "\n"
        "## Comments\n"
        "\n"
        "1 of 3 comments were made.\n"
        "\n"
        "- Due Mon, Jan 11, without a comment: 成员1, 成员6\n"
        "\n"
        "## Who came and went\n"
        "\n"
        "- Wed, Jan 20 成员1 joined\n"
        "- Sun, Jan 24 成员3 is out\n"
        "\n"
        "## Whose turn is next\n"
        "\n"
        "- On duty: 成员5\n"
        "- Leads group 甲: 成员1\n"
        "- Leads group 乙: 成员6\n"
    )
    with pytest.raises(InputError, match="no such period"):
        hand_over.hand_over(app, given, at(1, 30), "2027-13")


def test_a_table_that_is_none_is_told_and_not_written_over(app: App) -> None:
    file = app.workspace.root / "turns.csv"
    file.write_text(text := f"class,group,period,member,why\nc16,,2027-01,{'x' * 200_000},a\n", encoding="utf-8")
    with pytest.raises(InputError, match="no table"):
        turns._write(app, [])
    assert file.read_text(encoding="utf-8") == text


def test_the_commands_show_turns_swap_them_and_write_the_page(
    app: App, bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 where nobody is there for a turn, or a row of turns.csv cannot be read."""
    monkeypatch.chdir(bench.root)
    monkeypatch.setattr(pipeline, "now", lambda: at(1, 5))
    enrol(app)
    assert [turn.member for turn in turns.see_to(app, at(1, 5))] == ["m1", "m2", "m4"]
    assert commands.turn_show("c16", periods=1) == 0
    shown = capsys.readouterr().out
    assert "2027-01" in shown
    assert "成员3" in shown
    assert commands.turn_swap("成员3", "m5", why="travels") == 0
    assert capsys.readouterr().out.splitlines() == [
        "2027-02, the class: 成员3 → 成员5",
        "The other turns from then on are worked out anew. These change hands too:",
        "2027-02, 甲: 成员1 → 成员3",
        "2027-02, 乙: 成员5 → 成员6",
        "2027-03, the class: 成员6 → 成员1",
    ]
    assert commands.turn_show(json=True) == 0
    told = [row["member"] for row in json.loads(capsys.readouterr().out) if row["period"] == "2027-02"]
    assert told[0] == "m5"
    assert commands.report(period="2027-01", out=bench.root / "page.md") == 0
    assert (bench.root / "page.md").read_text(encoding="utf-8").startswith("# 16班, handed over: 2027-01\n")
    capsys.readouterr()
    assert commands.report(json=True) == 0
    assert json.loads(capsys.readouterr().out)["next"][0] == {"group": "", "member": "成员5", "first": "2027-02-01"}
    with (bench.root / "turns.csv").open("a", encoding="utf-8") as file:
        file.write("c16,,2027-03,nobody,\n")
    assert commands.turn_show() == 1
    assert "turns.csv:3: 'nobody' is not in that class" in capsys.readouterr().out


def test_out_left_and_back_have_one_word_each() -> None:
    """As the glossary has them: who is out was told so, and who left went by themself."""
    said = {what: came(language("zh_Hans"), what, "沫沫") for what in (Happened.OUT, State.LEFT, Happened.RETURNED)}
    assert [*said.values()] == ["沫沫出局", "沫沫离开", "沫沫归队"]
