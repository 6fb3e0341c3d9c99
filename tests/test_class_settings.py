"""Classes as steadycast.toml and roster.csv write them; what is wrong is told with its line and what to write."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from steadycast.classes.model import Leave, OutRule, Role
from steadycast.classes.roster import Roster, read_roster
from steadycast.errors import SettingsError
from steadycast.workspace import Workspace, load

HEAD = '[community]\nname = "c"\ntimezone = "Asia/Shanghai"\n'
CLASS = '[class.c16]\nevery = "week on sun at 20:00"\nstart = 2027-01-04\n'


def settings(folder: Path, text: str) -> Workspace:
    (folder / "steadycast.toml").write_text(HEAD + text, encoding="utf-8")
    return load(folder)


def test_a_class_is_a_series_whose_days_off_and_left_out_days_are_excused(tmp_path: Path) -> None:
    """Nothing is owed on either, and both are shown: so its rhythm leaves no day out."""
    more = 'skip = ["2027-02-07 Spring Festival"]\nleast = 300\nout = "2 missed in a row"\nmakeup = "3d"\n'
    made = settings(tmp_path, CLASS + more).classes["c16"]
    assert made.rhythm.days_off == {dt.date(2027, 2, 7): "Spring Festival"}
    assert made.rhythm.except_ == frozenset()
    assert (made.least, made.makeup, made.out) == (300, dt.timedelta(days=3), OutRule(2, in_row=True))
    assert made.title == "c16"
    assert made.rhythm.late == dt.timedelta(hours=4)


def test_holidays_of_a_class_are_days_off(tmp_path: Path) -> None:
    made = settings(tmp_path, CLASS + 'skip = ["holidays:CN"]\n').classes["c16"]
    assert dt.date(2027, 2, 7) in made.rhythm.days_off


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (CLASS + 'out = "often"\n', 7, "2 missed in a row"),
        (CLASS + 'out = "0 missed"\n', 7, "no such rule"),
        (CLASS + 'makeup = "soon"\n', 7, "a length of time"),
        (CLASS + 'leave = { notice = "36h" }\n', 7, "whole days"),
        (CLASS + 'grace = "5h"\n', 4, "grace is longer than late"),
        (CLASS.replace("week on sun", "weak on son"), 4, "rhythm"),
        (CLASS.replace("start = 2027-01-04\n", ""), 4, "start"),
        (CLASS + "moderators = 3\n", 7, "unknown key"),
        (CLASS + '[series.c16]\nevery = "day at 20:00"\n', 4, "give it another name"),
    ],
)
def test_a_class_that_cannot_be_is_told_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(SettingsError) as error:
        settings(tmp_path, text)
    assert error.value.line == line
    assert said in str(error.value)


def test_the_five_forms_of_a_rule_are_read_and_no_other() -> None:
    assert [
        OutRule.read(text)
        for text in ("1 missed", "2 missed in a row", "3 missed in 7d", "3 missed per 7d", "9 missed per month")
    ] == [OutRule(1), OutRule(2, in_row=True), OutRule(3, within=7), OutRule(3, per=7), OutRule(9, per="month")]
    for text in ("", "missed", "0 missed", "3 missed in 0d", "3 late", "1 missed or so", "3 missed in 7h"):
        with pytest.raises(ValueError, match="missed"):
            OutRule.read(text)


ROSTER = """id,title,class,group,joined,left,role,leave
alice,小艾,c16,a,2027-01-04,,leader,2027-01-25..2027-02-14 2027-03-01
bob,,c16,a,2027/1/20,2027.3.1,,
bob,,c17,,,,,
"""


def test_a_roster_says_who_sits_where() -> None:
    found = read_roster(ROSTER, {"c16": "c16", "c17": "c17"})
    assert found.problems == ()
    assert found.usable("c16")
    alice, bob, other = found.seats
    assert (alice.member, alice.title, alice.group, alice.role, alice.line) == ("alice", "小艾", "a", Role.LEADER, 2)
    march = dt.date(2027, 3, 1)
    assert alice.leave == (Leave(dt.date(2027, 1, 25), dt.date(2027, 2, 14)), Leave(march, march))
    assert (bob.joined, bob.left, other.the_class) == (dt.date(2027, 1, 20), march, "c17")


def test_a_roster_of_a_chinese_spreadsheet_reads_the_same() -> None:
    chinese = "成员;姓名;班级;小组;加入;离开;职务;请假\nalice;小艾;c16;a;2027-01-04;;组长;\n"
    (seat,) = read_roster(chinese, {"c16": "c16"}).seats
    assert (seat.title, seat.role, seat.joined) == ("小艾", Role.LEADER, dt.date(2027, 1, 4))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("bob,,c16,a,someday,,,", "no day"),
        ("bob,,c16,a,2027-13-01,,,", "no day"),
        ("bob,,c16,a,2027-03-01,2027-02-01,,", "left is before joined"),
        ("bob,,c16,a,,,boss,", "no role"),
        ("bob,,c16,a,,,,2027-02-14..2027-01-25", "no leave"),
        ("bob,,c16,a,,,,2027-01-01..2027-01-09 2027-01-08", "overlap"),
        ("alice,,c16,b,,,,", "stands in it already, in line 2"),
        ("../etc,,c16,a,,,,", "no folder's name"),
        (",,c16,a,,,,", "names no member"),
        (f"{'x' * 81},,c16,a,,,,", "longer than 80"),
    ],
)
def test_a_row_that_cannot_be_read_stops_its_class_alone(row: str, said: str) -> None:
    """It is told in one line with where it stands; the other class is judged."""
    found = read_roster(f"{ROSTER}{row}\n", {"c16": "c16", "c17": "c17"})
    (problem,) = found.problems
    assert (problem.where, problem.line) == ("roster.csv", 5)
    assert said in problem.said
    assert not found.usable("c16")
    assert found.usable("c17")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("name,group\nalice,a\n", "column id is missing"),
        ("id,group\nalice,a\n", "column class is missing"),
        ('id,class\n"alice,c16\n', "no table"),
        ("id,class\nalice,c61\n", "no class"),
        ("id,class\nalice,\n", "names no class"),
    ],
)
def test_a_roster_that_is_none_stops_every_class(text: str, said: str) -> None:
    found = read_roster(text, {"c16": "c16", "c17": "c17"})
    assert said in found.problems[0].said
    assert not found.usable("c16")
    assert not found.usable("c17")


def test_no_roster_is_no_fault() -> None:
    assert Roster().usable("c16")
