"""A class in a real workspace: files and feeds of members are looked at, judged, and what a person says is kept."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import Counter
from pathlib import Path

import pytest
from class_bench import at, workspace_of

from steadycast.classes.leaving import up_for_leaving
from steadycast.classes.model import Happened, Leave
from steadycast.errors import InputError
from steadycast.ledger.tables import FeedRow
from steadycast.pipeline import (
    class_decisions,
    class_problems,
    class_view,
    classes,
    hand_over,
    invites,
    source_looks,
    turns,
)
from steadycast.pipeline.class_view import Mark
from steadycast.pipeline.collect import collect
from steadycast.schedule.model import Verdict

SETTINGS = """[class.c16]
every = "week on sun at 20:00"
start = 2021-01-04
out = "1 missed"
"""
ROSTER = "id,class,group,role\nann,c16,a,leader\nbob,c16,a,\ncay,c16,a,\n"
SUNDAY = at("2021-01-10 20:00")


class Desk:
    """A workspace whose members write, and that is looked at when a test says so."""

    def __init__(self, root: Path, more: str = "", roster: str = ROSTER, *, known: bool = True) -> None:
        self.root = root
        self.app = workspace_of(root, SETTINGS + more, roster)
        for name in ("ann", "bob", "cay"):
            (root / "content" / "ugc" / name).mkdir(parents=True, exist_ok=True)
        if known:  # since the class began
            self.app.ledger.set_meta(source_looks.FIRST + "c16", at("2021-01-04 00:00").isoformat())

    def write(self, member: str, when: str, text: str = "Words of mine.", name: str = "", head: str = "") -> Path:
        file = self.root / "content" / "ugc" / member / f"{name or when[:10]}.md"
        file.write_text(f"{head}# {member} {when}\n\n{text}\n", encoding="utf-8")
        os.utime(file, (at(when).timestamp(),) * 2)
        return file

    def look(self, when: str) -> None:
        collect(self.app, at(when), feeds=False)

    def judge(self, when: str) -> list[classes.Judged]:
        return classes.judge_all(self.app, at(when))

    def verdicts(self) -> dict[tuple[str, str], str]:
        rows = self.app.ledger.hand_ins("c16", at("2021-01-01 00:00"))
        return {(row.member, row.slot[-11:-6]): row.verdict for row in rows}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_files_are_hand_ins_and_who_wrote_none_is_missed_after_the_late_window(desk: Desk) -> None:
    desk.look("2021-01-05 12:00")
    desk.write("ann", "2021-01-10 18:00")
    desk.look("2021-01-10 18:05")
    desk.write("bob", "2021-01-10 22:30")
    desk.look("2021-01-10 22:31")
    assert desk.judge("2021-01-10 23:00")[0].judged == 2
    assert desk.verdicts() == {("ann", "01-10"): "kept", ("bob", "01-10"): "late"}
    desk.look("2021-01-11 00:05")
    desk.judge("2021-01-11 00:06")
    assert desk.verdicts()["cay", "01-10"] == "missed"
    assert desk.judge("2021-01-11 01:00")[0].judged == 0, "judging again changes nothing"


def test_a_hand_in_counts_once_its_hour_has_come_on_the_hand_over_and_in_the_class_alike(desk: Desk) -> None:
    """Each once, and only in its own month; before it is judged, and until its hour nothing was due yet."""

    def told(when: str, period: str = "") -> list[tuple[str, int, int, int]]:
        made = hand_over.hand_over(desk.app, turns.roll(desk.app, "c16"), at(when), period)
        assert ("No hand-in was due yet." in hand_over.markdown(desk.app, made)) == (made.runs and not made.dues)
        rows = class_view.page(desk.app, "c16", at(when)).rows
        shown = [sum(row.counts.get(mark, 0) for row in rows) for mark in (Mark.KEPT, Mark.LATE, Mark.MISSED)]
        dues = [(due.slot[4:14], due.kept, due.late, due.missed) for due in made.dues]
        assert period or [sum(its) for its in zip(*(due[1:] for due in dues), strict=True)] == (shown if dues else [])
        assert dues or period or shown == [0, 0, 0]
        return dues

    desk.look("2021-01-05 12:00")
    assert told("2021-01-05 12:01") == []
    desk.write("ann", "2021-01-08 18:00")
    desk.look("2021-01-08 18:05")
    assert told("2021-01-08 18:06") == []
    assert class_view.page(desk.app, "c16", at("2021-01-08 18:06")).rows[0].cells == (Mark.KEPT,), "it is seen"
    assert told("2021-01-10 20:00") == [("2021-01-10", 1, 0, 0)]
    desk.write("bob", "2021-01-10 22:30")
    desk.look("2021-01-10 22:31")
    assert told("2021-01-10 22:32") == [("2021-01-10", 1, 1, 0)], "and nobody is missed before somebody judged"
    desk.judge("2021-01-10 23:00")
    desk.look("2021-01-11 00:05")
    desk.judge("2021-01-11 00:06")
    desk.write("cay", "2021-01-12 18:00")
    desk.write("ann", "2021-01-12 19:00")
    desk.look("2021-01-12 19:05")
    assert told("2021-01-12 19:06") == [("2021-01-10", 1, 1, 1)]
    assert told("2021-01-12 19:06", "2021-02") == told("2021-01-12 19:06", "2020-12") == []


def test_an_outage_of_ours_is_nobodys_miss(desk: Desk) -> None:
    """Down from Sunday 19:00 to Monday: nothing is missed meanwhile, and a file of 19:45 was in time."""
    desk.look("2021-01-10 18:59")
    desk.write("ann", "2021-01-10 19:45")
    assert desk.judge("2021-01-11 09:00")[0].unseen == {"c16@2021-01-10T20:00"}
    assert desk.verdicts() == {}
    desk.look("2021-01-11 09:30")
    desk.judge("2021-01-11 09:31")
    assert desk.verdicts() == {("ann", "01-10"): "kept", ("bob", "01-10"): "missed", ("cay", "01-10"): "missed"}
    row = desk.app.ledger.hand_in("c16", "c16@2021-01-10T20:00", "ann")
    assert row
    assert (row.by, row.at, row.seen) == ("window", at("2021-01-10 19:45"), at("2021-01-11 09:30"))


def test_a_file_that_was_put_back_in_time_is_not_believed_beyond_the_last_look(desk: Desk) -> None:
    desk.look("2021-01-10 23:00")
    desk.write("ann", "2021-01-10 18:00")
    desk.look("2021-01-11 08:00")
    desk.judge("2021-01-11 08:01")
    assert desk.verdicts()["ann", "01-10"] == "missed"


@pytest.mark.parametrize("member", ["bob", "b.doe"])
def test_with_a_folder_that_cannot_be_read_nobody_looked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, member: str
) -> None:
    (desk.root / "content" / "ugc" / member).mkdir(exist_ok=True)
    desk.look("2021-01-10 18:00")
    real = os.scandir

    def closed(path: object) -> object:
        if str(path).endswith(f"ugc/{member}"):
            raise PermissionError(13, "Permission denied")
        return real(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", closed)
    desk.look("2021-01-11 00:05")
    desk.judge("2021-01-11 00:06")
    assert source_looks.last_look(desk.app) == at("2021-01-10 18:00")
    assert desk.verdicts() == {}


def test_a_member_whose_feed_fails_is_not_judged_and_the_others_are(tmp_path: Path) -> None:
    desk = Desk(tmp_path, '[[feed]]\nmember = "bob"\nurl = "https://bob.example/feed"\n')
    desk.app.ledger.put_feeds(
        [FeedRow(key="k", member="bob", url="https://bob.example/feed", last_ok=at("2021-01-10 12:00"))]
    )
    desk.look("2021-01-11 00:05")
    desk.judge("2021-01-11 00:06")
    assert desk.verdicts() == {("ann", "01-10"): "missed", ("cay", "01-10"): "missed"}
    told = class_problems.alarms_of_classes(desk.app, at("2021-01-11 06:00"))
    assert [each.key for each in told] == ["class:c16:blind"]
    assert "bob" not in told[0].text


def test_too_short_of_another_form_or_for_a_series_is_no_hand_in(tmp_path: Path) -> None:
    series = '[series.daily]\nevery = "day at 20:00"\n'
    desk = Desk(tmp_path, f"least = 10\n{series}")
    desk.look("2021-01-05 12:00")
    desk.write("ann", "2021-01-08 12:00", "**Nine** ch")
    desk.write("bob", "2021-01-08 12:00", "Ten and more characters.")
    desk.write("cay", "2021-01-08 12:00", "Long enough, but not ours.", head="---\nseries: daily\n---\n")
    desk.look("2021-01-08 12:30")
    desk.look("2021-01-11 00:05")
    desk.judge("2021-01-11 00:06")
    assert desk.verdicts() == {("ann", "01-10"): "missed", ("bob", "01-10"): "kept", ("cay", "01-10"): "missed"}


def test_a_piece_that_grew_counts_from_when_it_was_long_enough_and_an_edit_is_none_anew(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "least = 10\n")
    desk.look("2021-01-05 12:00")
    desk.write("ann", "2021-01-08 12:00", "Short", name="one")
    desk.look("2021-01-08 12:30")
    desk.write("ann", "2021-01-10 22:00", "By now it is long enough.", name="one")
    desk.look("2021-01-10 22:10")
    desk.look("2021-01-11 00:05")
    desk.judge("2021-01-11 00:06")
    assert desk.verdicts()["ann", "01-10"] == "late"
    desk.write("ann", "2021-01-16 12:00", "By now it is long enough, and a word was changed.", name="one")
    desk.look("2021-01-16 12:10")
    desk.look("2021-01-18 00:05")
    desk.judge("2021-01-18 00:06")
    assert desk.verdicts()["ann", "01-17"] == "missed"


def test_a_draft_that_names_its_class_is_a_hand_in_and_in_no_slot(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 'title = "Reading"\n[series.daily]\nevery = "day at 20:00"\nchannels = []\n')
    desk.write("cay", "2021-01-08 12:00", "For the class.", head="---\nseries: Reading\n---\n")
    desk.look("2021-01-08 12:30")
    desk.judge("2021-01-10 21:00")
    assert desk.verdicts() == {("cay", "01-10"): "kept"}


def test_what_was_missed_is_made_up_within_the_week_and_stays_missed(desk: Desk) -> None:
    desk.look("2021-01-11 00:05")
    desk.judge("2021-01-11 00:06")
    desk.write("ann", "2021-01-13 09:00")
    desk.look("2021-01-13 09:05")
    desk.judge("2021-01-13 10:00")
    row = desk.app.ledger.hand_in("c16", "c16@2021-01-10T20:00", "ann")
    assert row
    assert (row.verdict, row.made_up_at) == ("missed", at("2021-01-13 09:00"))
    desk.look("2021-01-17 21:00")
    (told,) = desk.judge("2021-01-17 21:01")
    assert set(told.up) == {"bob", "cay"}


def test_the_rule_proposes_and_a_person_puts_out_or_keeps(desk: Desk) -> None:
    """Whoever is up owes on until a person decided; who stays is not up again for the same."""
    for when in ("2021-01-11 00:05", "2021-01-17 20:05"):
        desk.look(when)
        desk.judge(when)
    happened = Counter((row.member, row.what) for row in desk.app.ledger.member_standings("c16"))
    assert happened == {("ann", "up"): 1, ("bob", "up"): 1, ("cay", "up"): 1}
    now = at("2021-01-17 20:10")
    class_decisions.keep(desk.app, "ann", now, by="lin", why="was ill")
    out = class_decisions.put_out(desk.app, "bob", now, by="lin", why="never wrote")
    assert (out.who, out.why, out.what) == ("lin", "never wrote", Happened.OUT)
    for when in ("2021-01-18 00:05", "2021-01-25 00:05"):
        desk.look(when)
        desk.judge(when)
    found = desk.verdicts()
    assert found["ann", "01-17"] == found["cay", "01-17"] == "missed"
    assert ("bob", "01-24") not in found
    ups = [row for row in desk.app.ledger.member_standings("c16") if row.member == "ann" and row.what == "up"]
    assert len(ups) == 2, "for what was missed after that"


def test_where_the_settings_say_so_the_rule_itself_puts_out(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 'enforce = "rule"\n')
    for when in ("2021-01-11 00:05", "2021-01-18 01:00"):
        desk.look(when)
        done = desk.judge(when)
    assert set(done[0].out) == {"ann", "bob", "cay"}
    outs = {row.member: row.at for row in desk.app.ledger.member_standings("c16") if row.what == "out"}
    assert outs["ann"] == at("2021-01-17 20:00")
    assert ("ann", "01-17") not in desk.verdicts()


def test_leave_is_granted_by_the_numbers_and_refused_with_them(desk: Desk) -> None:
    sunday = dt.date(2021, 1, 17)
    with pytest.raises(InputError, match="3 days ahead; 7 are asked"):
        class_decisions.take_leave(
            desk.app, "ann", Leave(sunday, sunday), at("2021-01-14 12:00"), by="ann", why="travel"
        )
    class_decisions.take_leave(desk.app, "bob", Leave(sunday, sunday), at("2021-01-05 12:00"), by="bob", why="travel")
    desk.look("2021-01-18 00:05")
    desk.judge("2021-01-18 00:06")
    assert desk.verdicts()["bob", "01-17"] == "excused"
    assert desk.verdicts()["ann", "01-17"] == "missed"


def test_each_decision_needs_a_reason_and_names_one_who_is_there(desk: Desk) -> None:
    now = at("2021-01-14 12:00")
    with pytest.raises(InputError, match="say why"):
        class_decisions.put_out(desk.app, "ann", now, by="lin", why=" ")
    with pytest.raises(InputError, match="there is no member"):
        class_decisions.put_out(desk.app, "eve", now, by="lin", why="x")
    with pytest.raises(InputError, match="neither out nor on leave"):
        class_decisions.take_back(desk.app, "ann", now, by="lin", why="x")


def test_what_made_up_for_a_miss_before_a_leave_meets_no_duty_after_it(tmp_path: Path) -> None:
    away = "id,class,group,role,leave\nann,c16,a,leader,\nbob,c16,a,,2021-01-12..2021-01-31\ncay,c16,a,,\n"
    desk = Desk(tmp_path, roster=away)
    desk.look("2021-01-11 00:05")
    desk.judge("2021-01-11 00:06")
    desk.write("bob", "2021-01-26 12:00")
    for when in ("2021-01-26 12:05", "2021-02-01 00:05", "2021-02-08 00:05"):
        desk.look(when)
        desk.judge(when)
    assert {slot: each for (who, slot), each in desk.verdicts().items() if who == "bob"} == {
        "01-10": "missed", "01-17": "excused", "01-24": "excused", "01-31": "excused", "02-07": "missed"
    }  # fmt: skip
    made_up = desk.app.ledger.hand_in("c16", "c16@2021-01-10T20:00", "bob")
    assert made_up
    assert made_up.made_up_at == at("2021-01-26 12:00")


def test_coming_back_from_a_leave_forgives_nothing(tmp_path: Path) -> None:
    away = "id,class,group,role,leave\nann,c16,a,leader,\nbob,c16,a,,2021-01-18..2021-01-31\ncay,c16,a,,\n"
    desk = Desk(tmp_path, roster=away)
    for when in ("2021-01-11 00:05", "2021-01-18 00:05"):
        desk.look(when)
        desk.judge(when)
    class_decisions.take_back(desk.app, "bob", at("2021-01-20 12:00"), by="lin", why="back early")
    its = classes.enrolled(desk.app, ["c16"])["c16"]
    hand_ins = [classes.hand_in_of(row) for row in desk.app.ledger.hand_ins_of("bob", at("2021-01-01 00:00"))]
    up = up_for_leaving(its.the_class, hand_ins, its.happened["bob"], at("2021-01-20 12:05"))
    assert up, "a person keeps a member, or nobody does"


def test_a_persons_correction_stands_and_an_event_tells_what_it_was(desk: Desk) -> None:
    desk.look("2021-01-11 00:05")
    desk.judge("2021-01-11 00:06")
    slot = "c16@2021-01-10T20:00"
    class_decisions.correct(desk.app, "ann", slot, Verdict.EXCUSED, at("2021-01-12 12:00"), by="lin", why="in hospital")
    desk.look("2021-01-17 20:05")
    (told,) = desk.judge("2021-01-17 20:06")
    assert desk.verdicts()["ann", "01-10"] == "excused"
    assert "ann" not in told.up


def test_of_a_class_whose_roster_is_broken_nothing_is_judged(tmp_path: Path) -> None:
    desk = Desk(tmp_path, roster=ROSTER + "ann,c16,b,\n")
    desk.look("2021-01-11 00:05")
    (told,) = desk.judge("2021-01-11 00:06")
    assert told.problem
    assert desk.verdicts() == {}
    (problem,) = [each for each in class_problems.problems(desk.app, at("2021-01-11 00:06")) if each.line == 5]
    assert "stands in it already, in line 2" in problem.said


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk", "utf-16"])
def test_a_roster_in_any_encoding_that_is_sure_is_read(tmp_path: Path, encoding: str) -> None:
    """A spreadsheet on a Chinese Windows saves GBK."""
    desk = Desk(tmp_path)
    text = "成员,姓名,班级,小组,职务\nann,张三的读书笔记,c16,第一小组,组长\nbob,王五随手写写,c16,第一小组,\n"
    (tmp_path / "roster.csv").write_bytes(text.encode(encoding))
    its = classes.enrolled(desk.app)["c16"]
    assert its.usable
    assert [seat.title for seat in its.seats] == ["张三的读书笔记", "王五随手写写"]


def test_check_names_each_thing_with_its_line_and_what_to_write(tmp_path: Path) -> None:
    more = "group = 2\n"
    rows = "".join(f"m{n},c16,big,,\n" for n in range(5))
    desk = Desk(tmp_path, more, f"id,class,group,role,leave\nann,c16,a,,2021-01-01..2021-03-01\n{rows}")
    found = class_problems.problems(desk.app, at("2021-01-11 00:06"))
    said = {(each.line, each.said) for each in found}
    assert (2, "leave 2021-01-01..2021-03-01 of ann: 60 days; 30 are the most") in said
    assert (2, "class c16 has no active leader") in said
    assert (7, "group big of c16 has 5 members; a group has 2") in said
    assert (3, "m0 has neither a folder nor a feed: nothing of theirs can be seen") in said
    assert all(each.hint and each.where == "roster.csv" for each in found)
    invites.make(desk.app, "m0", "lin", at("2021-01-05 12:00"))
    left = {
        each.line
        for each in class_problems.problems(desk.app, at("2021-01-11 00:06"))
        if "neither a folder" in each.said
    }
    assert left == {4, 5, 6, 7}, "who has a link sends by it"


def test_a_group_of_which_under_half_is_left_is_told_without_a_name(desk: Desk) -> None:
    now = at("2021-01-14 12:00")
    for member in ("bob", "cay"):
        class_decisions.put_out(desk.app, member, now, by="lin", why="left")
    desk.look("2021-01-14 12:00")
    (told,) = class_problems.alarms_of_classes(desk.app, now + dt.timedelta(hours=1))
    assert (told.key, told.text) == ("class:c16:below", "c16: under half of a group is left: a.")


def test_what_was_due_before_anybody_looked_is_nobodys_miss(tmp_path: Path) -> None:
    """A class that began long ago is judged from the first look on."""
    desk = Desk(tmp_path, known=False)
    desk.look("2021-02-03 12:00")
    desk.write("ann", "2021-02-07 18:00")
    desk.look("2021-02-08 00:30")
    desk.judge("2021-02-08 00:30")
    assert desk.verdicts() == {("ann", "02-07"): "kept", ("bob", "02-07"): "missed", ("cay", "02-07"): "missed"}
    (ann, *_others) = class_view.page(desk.app, "c16", at("2021-02-08 00:30")).rows
    assert [*ann.cells][-3:] == [Mark.NONE, Mark.KEPT, Mark.OPEN], "nor is it still to come"


def test_a_judging_before_the_first_look_settles_nothing(tmp_path: Path) -> None:
    """The hourly flow may come before anybody looked: what was due by then is nobody's miss for ever."""
    desk = Desk(tmp_path, known=False)
    assert desk.judge("2021-02-08 11:00")[0] == classes.Judged("c16")
    desk.look("2021-02-08 11:10")
    desk.judge("2021-02-08 12:00")
    assert desk.verdicts() == {}
    desk.look("2021-02-15 11:10")
    desk.judge("2021-02-15 12:00")
    assert set(desk.verdicts().values()) == {"missed"}
    assert {slot for _member, slot in desk.verdicts()} == {"02-14"}


def test_a_first_look_by_a_clock_that_was_ahead_is_not_the_first(tmp_path: Path) -> None:
    desk = Desk(tmp_path, known=False)
    desk.look("2031-02-08 11:10")
    desk.look("2021-02-08 11:10")
    desk.look("2021-02-15 11:10")
    desk.judge("2021-02-15 12:00")
    assert {slot for _member, slot in desk.verdicts()} == {"02-14"}


def test_where_a_class_publishes_none_its_hand_ins_are_no_stock_and_meet_their_duty(tmp_path: Path) -> None:
    """They wait for nobody; what names a series is an offer like any other."""
    desk = Desk(tmp_path, 'publish = "keep"\n[series.daily]\nevery = "day at 20:00"\nchannels = []\n')
    desk.look("2021-01-05 12:00")
    desk.write("ann", "2021-01-08 12:00")
    desk.write("bob", "2021-01-08 12:00", head="---\nseries: daily\n---\n")
    desk.look("2021-01-08 12:30")
    assert {row.member: row.state for row in desk.app.ledger.drafts()} == {"ann": "hand-in", "bob": "waiting"}
    desk.look("2021-01-11 00:05")
    desk.judge("2021-01-11 00:06")
    assert desk.verdicts() == {("ann", "01-10"): "kept", ("bob", "01-10"): "missed", ("cay", "01-10"): "missed"}


def test_a_move_changes_one_row_of_the_roster_and_is_told(tmp_path: Path) -> None:
    """Another group in its place; for another class the row ends, and a new one begins."""
    more = '[class.c17]\nevery = "week on sun at 20:00"\nstart = 2021-01-04\n'
    text = "\ufeffid;title;class;group;joined;left;role;leave\nann;张三;c16;a;;;组长;\nbob;;c16;a;;;;\n"
    desk = Desk(tmp_path, more, text)
    now = at("2021-01-14 12:00")
    class_decisions.move(desk.app, "bob", now, by="lin", why="asked", group="b")
    class_decisions.move(desk.app, "ann", now, by="lin", why="leads it", to="c17", group="a")
    assert (tmp_path / "roster.csv").read_text(encoding="utf-8") == (
        "\ufeffid;title;class;group;joined;left;role;leave\nann;张三;c16;a;;2021-01-14;组长;\nbob;;c16;b;;;;\n"
        "ann;张三;c17;a;2021-01-14;;组长;\n"
    )
    assert [row.why for row in desk.app.ledger.member_standings("c16")] == ["b: asked", "c16 → c17 a: leads it"]
    with pytest.raises(InputError, match="sits there already"):
        class_decisions.move(desk.app, "bob", now, by="lin", why="again", group="b")


def test_the_commands_show_a_class_grant_leave_and_put_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each decision names who and why; where a person has to decide, the exit code says so."""
    from steadycast.cli import main

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = capsys.readouterr()
        return int(str(ended.value.code)), said.out, said.err

    for when in ("2021-01-11 00:05", "2021-01-17 20:05"):
        desk.look(when)
        desk.judge(when)
    desk.app.close()
    monkeypatch.chdir(desk.root)
    code, out, _ = run("class", "show", "c16")
    assert (code, "up for leaving" in out, "handed in late" in out) == (1, True, True)
    assert run("member", "out", "bob", "--by", "lin", "--why", "never wrote")[0] == 0
    assert run("member", "keep", "ann", "--by", "lin", "--why", "was ill")[0] == 0
    code, out, _ = run("member", "show", "bob", "--json")
    told, shown = json.loads(out), run("member", "show", "bob")[1]
    assert all(word in shown for word in ("not handed in", "up for leaving", "the rule")), shown
    assert (code, told["state"], told["story"][-1]["why"]) == (0, "out", "never wrote")
    assert "--why" in run("member", "out", "cay", "--by", "lin")[2]
    assert run("member", "warn", "cay", "--by", "lin", "--why", "twice late")[0] == 0
    assert "warned" in run("member", "show", "cay")[1]
    corrected = ("member", "correct", "cay", "c16@2021-01-10T20:00", "excused", "--by", "lin", "--why", "in hospital")
    assert json.loads(run(*corrected, "--json")[1])["verdict"] == "excused"
    assert "in hospital" in run("member", "show", "cay")[1]
    code, _, err = run("member", "leave", "cay", "2021-01-25", "2021-03-25", "--by", "lin", "--why", "travel")
    assert (code, "asked" in err) == (2, True)
    code, out, _ = run("class", "list", "--json")
    assert (code, json.loads(out)[0]["up"]) == (1, 1)


def test_a_class_of_a_new_name_judges_nobody_anew(desk: Desk) -> None:
    """What was handed in named the old one: by the new one all of it would have been missed."""
    desk.write("ann", "2021-01-10 18:00", head="---\nseries: c16\n---\n")
    desk.look("2021-01-10 18:05")
    desk.app = workspace_of(desk.root, SETTINGS.replace("c16", "c17"), ROSTER.replace("c16", "c17"))
    desk.look("2021-01-12 12:00")
    assert desk.judge("2021-01-12 12:00")[0].judged == 0
    desk.look("2021-01-18 12:00")
    assert desk.judge("2021-01-18 12:00")[0].judged == 3


def test_who_is_out_does_not_stay_by_a_word_and_an_id_goes_before_a_name(tmp_path: Path) -> None:
    desk = Desk(tmp_path, roster="id,title,class\nann,bob,c16\nbob,ann,c16\n")
    now = at("2021-01-12 12:00")
    assert class_decisions.put_out(desk.app, "bob", now, by="lin", why="asked to").member == "bob"
    assert class_decisions.called(desk.app, "bob", "c16") == "ann"
    with pytest.raises(InputError, match="out already"):
        class_decisions.keep(desk.app, "bob", now, by="lin", why="a slip")


def test_a_roster_that_is_a_pipe_stops_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "roster.csv").unlink()
    os.mkfifo(tmp_path / "roster.csv")
    assert [each.problem for each in desk.judge("2021-01-12 12:00")] == ["its roster cannot be read"]
    (tmp_path / "roster.csv").unlink()
    (tmp_path / "elsewhere.csv").write_text(ROSTER, encoding="utf-8")
    (tmp_path / "roster.csv").symlink_to("elsewhere.csv")
    assert desk.judge("2021-01-12 12:00")[0].problem == ""


def test_what_a_clock_that_was_ahead_has_judged_is_judged_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 'enforce = "rule"\n')
    for name in ("ann", "bob", "cay"):
        desk.write(name, "2021-01-10 18:00")
    desk.look("2021-01-10 18:05")
    desk.look("2021-02-03 12:00")
    assert len(desk.judge("2021-02-03 12:00")[0].out) == 3
    desk.look("2021-01-12 12:00")
    desk.judge("2021-01-12 12:00")
    back = class_decisions.take_back(desk.app, "ann", at("2021-01-12 13:00"), by="lin", why="the clock was wrong")
    assert back.at > at("2021-01-12 13:00")
    desk.write("ann", "2021-01-17 18:00")
    desk.look("2021-01-18 12:00")
    assert desk.judge("2021-01-18 12:00")[0].out == ()
    assert desk.verdicts()["ann", "01-17"] == "kept"
