"""A class that gets another name: with `was` its whole past goes along, and nobody owes anything twice."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from class_bench import COMMUNITY, at, workspace_of

from steadycast.classes.model import Leave
from steadycast.errors import InputError, SettingsError
from steadycast.language import of_tag, speaking
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import CommentRow, HandInRow
from steadycast.ops.check_settings import of_settings
from steadycast.pipeline import class_decisions, class_problems, classes, rounds, source_looks, turns
from steadycast.pipeline.app import App
from steadycast.pipeline.collect import collect
from steadycast.pipeline.plan import plan
from steadycast.pipeline.rituals import Made, keep, kept
from steadycast.workspace import load

SETTINGS = """[class.{name}]
{was}every = "week on sun at 20:00"
start = 2021-01-04
turn = "month"
comment = {{ each = 1 }}
"""
ROSTER = "id,class,group,joined,left,role\nann,c16,a,,,leader\nbob,c16,a,,,\ncay,c16,a,,,\n"
TURNS = "class,group,period,member,why\nc16,,2021-03,cay,asked\n"


class Place:
    """A workspace whose class c16 becomes `reading`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.app = workspace_of(root, SETTINGS.format(name="c16", was=""), ROSTER, TURNS)
        self.app.ledger.set_meta(source_looks.FIRST + "c16", at("2021-01-04 00:00").isoformat())

    def called(self, name: str, was: str | list[str] = "") -> None:
        settings = SETTINGS.format(name=name, was=f"was = {json.dumps(was)}\n" if was else "")
        self.app = workspace_of(self.root, settings, roster="")

    def hand_in(self, member: str, when: str, head: str = "---\nseries: c16\n---\n", *, unknown: int = 0) -> None:
        file = self.root / "content" / "ugc" / member / f"{when[:10]}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{head}# {member} {when}\n\nWords of mine.\n", encoding="utf-8")
        self.look(when, unknown=unknown)

    def look(self, when: str, *, unknown: int = 0) -> int:
        """How many duties are judged by then; of so many drafts nobody knows what they are for."""
        collected = collect(self.app, at(when), feeds=False)
        assert [problem.message for problem in collected.problems] == ["unknown series 'c16'"] * unknown
        rounds.see_to_classes(self.app, at(when))
        return len(self.past())

    def past(self) -> list[HandInRow]:
        name = next(iter(self.app.workspace.classes))
        return self.app.ledger.hand_ins(name, at("2021-01-01 00:00"))

    def verdicts(self) -> list[tuple[str, str, str]]:
        return [(row.slot, row.member, row.verdict) for row in self.past()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A class after its first week: two handed in, one did not, and each of the two comments on the other."""
    made = Place(tmp_path)
    made.hand_in("ann", "2021-01-10 18:00")
    made.hand_in("bob", "2021-01-10 18:30")
    assert made.look("2021-01-11 02:00") == 3
    leave = Leave(at("2021-02-01 00:00").date(), at("2021-02-10 00:00").date())
    class_decisions.take_leave(made.app, "bob", leave, at("2021-01-11 09:00"), by="lin", why="travel")
    return made


def test_all_that_is_kept_of_a_class_goes_along_under_its_new_name(place: Place) -> None:
    before, duty = place.verdicts(), turns.served(place.app, "c16")
    drawn = rounds.round_of(place.app, "c16")
    place.called("reading", was="c16")
    plan(place.app, at("2021-01-11 10:00"))
    assert place.verdicts() == [(slot.replace("c16", "reading"), *rest) for slot, *rest in before]
    assert turns.served(place.app, "reading") == duty
    its = rounds.round_of(place.app, "reading")
    assert drawn
    assert its
    assert [(each.reviewer, each.author) for each in its.comments] == [(e.reviewer, e.author) for e in drawn.comments]
    assert its.slot == "reading@2021-01-10T20:00"
    ledger = place.app.ledger
    assert [row.what for row in ledger.member_standings("reading")] == ["leave"]
    assert not ledger.hand_ins("c16", at("2021-01-01 00:00"))
    assert not ledger.member_standings("c16")
    assert ledger.meta(source_looks.FIRST + "c16") is None


@pytest.mark.parametrize("was", [["b", "c16"], ["c16", "b"]])
def test_who_renames_twice_before_anything_runs_names_both(place: Place, was: list[str]) -> None:
    """It was c16, and b for an hour: a draft, the roster and the turns still say c16, another draft says b."""
    before = place.verdicts()
    place.called("b", was="c16")
    place.called("reading", was=was)
    plan(place.app, at("2021-01-11 10:00"))
    assert place.verdicts() == [(slot.replace("c16", "reading"), *rest) for slot, *rest in before]
    assert [row.what for row in place.app.ledger.member_standings("reading")] == ["leave"]
    place.hand_in("ann", "2021-01-17 12:00")
    place.hand_in("bob", "2021-01-17 13:00", "---\nseries: b\n---\n")
    assert place.look("2021-01-18 02:00") == 6
    assert [row[1:] for row in place.verdicts() if "01-17" in row[0]] == [
        ("ann", "kept"), ("bob", "kept"), ("cay", "missed"),
    ]  # fmt: skip


def test_it_is_judged_on_as_if_it_had_always_been_called_so(place: Place) -> None:
    """Drafts, rows of the roster and of the turns may go on naming the old one."""
    place.called("reading", was="c16")
    place.hand_in("ann", "2021-01-17 12:00")
    place.hand_in("cay", "2021-01-17 13:00", "---\nseries: reading\n---\n")
    assert place.look("2021-01-18 02:00") == 6
    week = [row for row in place.verdicts() if "01-17" in row[0]]
    assert week == [
        ("reading@2021-01-17T20:00", "ann", "kept"),
        ("reading@2021-01-17T20:00", "bob", "missed"),
        ("reading@2021-01-17T20:00", "cay", "missed"),
    ]
    assert [row.slot for row in place.past() if row.made_up_at] == ["reading@2021-01-10T20:00"], "what cay owed first"
    assert place.look("2021-01-18 05:00") == 6
    assert not class_problems.problems(place.app, at("2021-01-18 05:00"))


def test_tables_that_name_the_old_class_are_changed_in_their_row(place: Place) -> None:
    place.called("reading", was="c16")
    place.look("2021-01-12 10:00")
    class_decisions.move(place.app, "bob", at("2021-01-12 12:00"), by="lin", why="asked", group="b")
    assert "bob,c16,b,,,\n" in (place.root / "roster.csv").read_text(encoding="utf-8")
    roll = turns.roll(place.app, "reading")
    turns.swap(place.app, roll, "cay", "ann", at("2021-01-12 12:00"), period="2021-03")
    rows = (place.root / "turns.csv").read_text(encoding="utf-8").splitlines()
    assert [row for row in rows if "2021-03" in row] == ["reading,,2021-03,ann,"]


def test_who_says_so_weeks_later_loses_nothing_of_either_name(place: Place) -> None:
    """The new name was judged meanwhile by what was handed in under it."""
    (place.root / "roster.csv").write_text(ROSTER.replace("c16", "reading"), encoding="utf-8")
    (place.root / "turns.csv").unlink()
    place.called("reading")
    place.look("2021-01-12 10:00", unknown=2)
    place.hand_in("ann", "2021-01-17 12:00", "---\nseries: reading\n---\n", unknown=2)
    assert place.look("2021-01-18 02:00", unknown=2) == 3
    place.called("reading", was="c16")
    assert place.look("2021-01-18 03:00") == 6
    assert [(slot[8:18], member, verdict) for slot, member, verdict in place.verdicts()] == [
        ("2021-01-10", "ann", "kept"), ("2021-01-10", "bob", "kept"), ("2021-01-10", "cay", "missed"),
        ("2021-01-17", "ann", "kept"), ("2021-01-17", "bob", "missed"), ("2021-01-17", "cay", "missed"),
    ]  # fmt: skip


def test_what_was_written_for_its_occasions_is_not_written_again(place: Place) -> None:
    keep(place.app, ("opens", "", "c16", "daily"), Made("d", "p", "h"))
    place.called("reading", was="c16")
    assert [*kept(place.app)] == [("opens", "", "reading", "daily")]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[class.other]\nwas = "c16"\nevery = "day at 08:00"\nstart = 2021-01-04\n', "reading was 'c16', too"),
        ('[class.c16]\nevery = "day at 08:00"\nstart = 2021-01-04\n', r"there is a \[class.c16\]"),
        ('[series.c16]\nevery = "day at 08:00"\nchannels = []\n', "class.reading.was: a series is called so already"),
        ('[series.d]\nwas = "c16"\nevery = "day at 08:00"\nchannels = []\n', "a series is called so already"),
    ],
)
def test_a_past_goes_to_one_class_that_has_none_of_its_own(place: Place, more: str, said: str) -> None:
    place.called("reading", was="c16")
    file = place.root / "steadycast.toml"
    file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        load(place.root)


def test_of_two_rows_of_one_duty_the_older_names_stays(ledger: Ledger) -> None:
    """On each database: rows have the class in their key."""

    def duty(name: str, verdict: str) -> Any:
        return HandInRow(the_class=name, slot=f"{name}@2021-01-10T20:00", member="ann", due=at("2021-01-10 20:00"), verdict=verdict)  # fmt: skip

    def comment(name: str, author: str) -> Any:
        return CommentRow(the_class=name, slot=f"{name}@2021-01-10T20:00", reviewer="ann", author=author, due=at("2021-01-12 20:00"))  # fmt: skip

    ledger.put_hand_ins([duty("c16", "kept"), duty("reading", "missed")])
    ledger.put_round([comment("c16", "bob")])
    ledger.put_round([comment("reading", "bob"), comment("reading", "cay")])
    ledger.set_meta("looked:first:c16", "1")
    ledger.set_meta("looked:first:reading", "2")
    for _again in range(2):
        ledger.rename_class("c16", "reading", kept_as=("looked:first:",))
    assert [row.verdict for row in ledger.hand_ins("reading", at("2021-01-01 00:00"))] == ["kept"]
    assert {row.author for row in ledger.round_of("reading", "reading@2021-01-10T20:00")} == {"bob", "cay"}
    assert ledger.metas("looked:first:") == {"reading": "1"}


@pytest.mark.platforms("site")
def test_a_title_that_another_class_or_series_is_called_by_or_was_is_told(tmp_path: Path) -> None:
    """`class show` would take one of the two, and a draft that names it would be for one of them."""
    text = """[community]
name = "c"
timezone = "Asia/Shanghai"
language = "en"

[channel.site]
platform = "site"

[series.daily]
title = "{series}"
was = "morning"
every = "day at 20:00"
channels = ["site"]

[class.reading]
title = "Reading"
was = "c16"
every = "week on sun at 20:00"
start = 2021-01-04

[class.other]
title = "{title}"
every = "week on sun at 20:00"
start = 2021-01-04
"""
    found = {}
    for title, series in (
        ("c16", "Day"), ("reading", "Day"), ("Reading", "Day"), ("morning", "Day"), ("Day", "Day"), ("Other", "c16"),
        ("Other", "Day"), ("other", "daily"), ("", ""),
    ):  # fmt: skip
        (tmp_path / "steadycast.toml").write_text(text.format(title=title, series=series), encoding="utf-8")
        told = [
            each for each in of_settings(App(load(tmp_path)), at("2021-01-05 12:00")) if "is called" in each.message
        ]
        found[title, series] = [(each.message.partition(" is called")[0], each.line) for each in told]
    assert found == {
        ("c16", "Day"): [("class.other.title: class.reading", 22)],
        ("reading", "Day"): [("class.other.title: class.reading", 22)],
        ("Reading", "Day"): [("class.other.title: class.reading", 22)],
        ("morning", "Day"): [("class.other.title: series.daily", 22)],
        ("Day", "Day"): [("class.other.title: series.daily", 22)],
        ("Other", "c16"): [("series.daily.title: class.reading", 10)],
        ("Other", "Day"): [], ("other", "daily"): [], ("", ""): [],
    }  # fmt: skip


def test_where_no_class_is_named_the_hint_says_which_there_are(place: Place) -> None:
    place.called("reading", was="c16")
    with pytest.raises(InputError) as caught:
        classes.known_class(place.app, "")
    assert caught.value.hint == "known here: reading"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize(
    "was", ["{ a = 1 }", "1", "[1]", "true", '"Bad Name"', '["c", "Bad"]', str([*"abcdefghijklmnopqrstuvw"])]
)
def test_former_names_that_are_none_are_told_in_our_own_words(tmp_path: Path, was: str, language: str) -> None:
    text = (COMMUNITY + SETTINGS.format(name="reading", was=f"was = {was}\n")).replace('"en"', f'"{language}"')
    (tmp_path / "steadycast.toml").write_text(text, encoding="utf-8")
    with speaking(of_tag(language).name), pytest.raises(SettingsError) as caught:
        load(tmp_path)
    assert caught.value.line == 7
    said = caught.value.message.partition(": ")[2]
    assert not re.search(r"Input|String|Value|tuple|valid|pattern", said), said
    assert (language == "en") == said.isascii(), said
