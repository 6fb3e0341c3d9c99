"""Rounds, turns and the hand-over on the desk, and what a member sees of them on their own page."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from html import escape

import pytest
import requests
from api_bench import Client, person
from class_bench import handed_in
from desk_bench import Desk
from pipeline_bench import Bench
from test_desk_members import FORM, PUBLIC, invited
from test_rounds import SETTINGS, WORDS

from steadycast import pipeline
from steadycast.cli import classes as class_commands
from steadycast.ledger.tables import CommentRow
from steadycast.pipeline import turn_changes
from steadycast.pipeline.app import App
from steadycast.pipeline.permissions import Role

ROSTER = """id,title,class,group
alice,Alice,c16,甲
bob,<b>Bob</b>,c16,甲
cui,Cui,c16,乙
"""
PAIRS = [("alice", "bob"), ("bob", "cui"), ("cui", "alice")]
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def app(bench: Bench) -> App:
    """A round whose comments were due an hour ago, in a class that began long before."""
    own = SETTINGS.replace("start = 2026-11-02", 'start = 2020-01-06\nturn = "month"')
    app = bench.set_up(own + f'\n[desk]\nurl = "https://{PUBLIC}"\n', {"ugc/bob/rain.md": f"# Rain\n\n{WORDS}\n"})
    (bench.root / "roster.csv").write_text(ROSTER, encoding="utf-8")
    now = pipeline.now()
    pipeline.collect(app, now)
    rain = app.ledger.drafts()[0].id
    due = now - 30 * HOUR
    slot = handed_in(app, due, dict.fromkeys(("alice", "bob", "cui"), "kept"), draft=rain)
    app.ledger.put_round(
        CommentRow(the_class="c16", slot=slot, reviewer=one, author=other, draft=rain, due=now - HOUR)
        for one, other in PAIRS
    )
    pipeline.turns.see_to(app, now)
    return app


@pytest.fixture
def desk(bench: Bench, app: App) -> Iterator[Desk]:
    with Desk(bench.root).up() as desk:
        yield desk


def test_a_round_shows_who_has_no_comment_and_one_button_closes_one(desk: Desk, app: App) -> None:
    """What a person said can be taken back; what nobody was drawn for is refused, in words."""
    page = desk.get("/classes/c16/round").text
    assert "Nobody has commented yet" in page
    assert "&lt;b&gt;Bob&lt;/b&gt;" in page
    assert "<b>Bob" not in page
    slot = app.ledger.latest_rounds("c16", 1)[0]
    given = {"on": "/classes/c16/round", "slot": slot, "reviewer": "alice", "author": "bob"}
    page = desk.post("/classes/c16/round", **given).text
    assert "The comment of Alice is done." in page
    assert "1 of 3 are done" in page
    page = desk.post("/classes/c16/round", **given, is_done="no").text
    assert "The comment of Alice is open again." in page
    assert "0 of 3 are done" in page
    assert "was not drawn" in desk.post("/classes/c16/round", **(given | {"author": "cui"})).text
    assert "no person said" in desk.post("/classes/c16/round", **given, is_done="no").text
    assert desk.get("/classes/c17/round").status_code == 404


def test_the_hand_over_shows_the_month_and_swaps_turns(desk: Desk, app: App, bench: Bench) -> None:
    """The page, its Markdown, and a swap that is written into turns.csv."""
    page = desk.get("/classes/c16/hand-over").text
    assert "Whose turn it is" in page
    assert "Leads group 甲" in page
    period = pipeline.hand_over.period_named(app.workspace.classes["c16"], "", pipeline.now()).name
    plain = desk.get("/classes/c16/hand-over.md")
    assert plain.text.startswith(f"# 16班, handed over: {period}\n")
    assert plain.headers["Content-Disposition"] == f'attachment; filename="c16-{period}.md"'
    roll = pipeline.turns.roll(app, "c16")
    following = pipeline.turns.turns(app, roll, pipeline.now()).periods[1][1][0]
    other = next(seat.member for seat in roll.seats if seat.member != following.member)
    answer = desk.post(
        "/classes/c16/turns", on="/classes/c16/hand-over", period=following.period, member=following.member,
        other=other, why="travels",
    )  # fmt: skip
    assert "has the turn now." in answer.text
    titles = [roll.title(app, who) for who in (following.member, other)]
    assert f"{following.period}, the class: {' → '.join(map(escape, titles))}" in answer.text
    assert f"c16,,{following.period},{other},travels" in (bench.root / "turns.csv").read_text(encoding="utf-8")
    assert desk.get("/classes/c16/hand-over?period=2026-13").status_code == 404
    begin = pipeline.now().astimezone(app.workspace.community.zone).replace(hour=12)  # one day, whatever time it is
    pipeline.class_decisions.put_out(app, "cui", begin, by="lin", why="asked")
    pipeline.class_decisions.take_back(app, "cui", begin + HOUR, by="lin", why="a slip")
    told = desk.get("/classes/c16/hand-over.md").text
    assert told.index("Cui is out") < told.index("Cui came back"), "of one day, as it happened"


def test_a_leave_and_a_swap_tell_a_person_and_a_program_whose_turns_change_hands(
    desk: Desk, app: App, bench: Bench
) -> None:
    roll, now = pipeline.turns.roll(app, "c16"), pipeline.now()
    third, fourth = (its[0] for _period, its in pipeline.turns.turns(app, roll, now, 3).periods[2:])
    asked = {"member": third.member, "first": str(third.start), "last": str(third.start), "why": "travels"}
    answer = desk.post("/classes/c16/leave", on="/classes/c16", **asked)
    assert "The leave is granted.\nThese turns change hands:\n" in answer.text
    assert f"{third.period}, the class: {escape(roll.title(app, third.member))} → " in answer.text
    program = Client(desk, person(bench, "olga", Role.OWNER))
    holder = turn_changes.holders(app, "c16", now)[fourth.period, ""]
    asked = {"member": holder, "first": str(fourth.start), "last": str(fourth.start), "why": "travels"}
    told = program.post("/classes/c16/leave", **asked).json()
    assert told["member"] == holder
    assert {**told["turns"][0], "member": ""} == {
        "period": fourth.period, "group": "", "was": holder, "member": "", "written": False
    }  # fmt: skip
    holder = turn_changes.holders(app, "c16", now)[third.period, ""]
    given = {"member": holder, "other": third.member, "period": third.period, "why": "travels"}
    said = program.post("/classes/c16/turns", **given)
    assert next(each["member"] for each in said.json() if each["written"]) == third.member


def test_a_member_reads_the_piece_they_were_drawn_for_and_says_that_they_commented(desk: Desk, app: App) -> None:
    """And no other; a comment that is not theirs is refused."""
    path = invited(desk, "alice")
    page = requests.get(desk.url + path, timeout=10).text
    assert "Hello, Alice" in page
    assert "Hello, Cui" in requests.get(desk.url + invited(desk, "cui"), timeout=10).text, "whom the roster alone names"
    assert "Whom you comment on" in page
    assert "Your turn" in page
    found = re.search(rf'href="({path}/hand-ins/\w+)"', page)
    assert found
    shown = requests.get(desk.url + found[1], timeout=10)
    assert WORDS in shown.text
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert requests.get(f"{desk.url}{path}/hand-ins/nothing", timeout=10).status_code == 404
    slot = app.ledger.latest_rounds("c16", 1)[0]
    assert "You were not drawn" in said(desk, path, slot, "cui")
    assert "Your comment is noted." in said(desk, path, slot, "bob")
    done = [row.reviewer for row in app.ledger.round_of("c16", slot) if row.done_at]
    assert done == ["alice"]


def said(desk: Desk, path: str, slot: str, author: str) -> str:
    token = re.search(r'name="form_token" value="(\w+)"', requests.get(desk.url + path, timeout=10).text)
    given = {"form_token": token[1] if token else "", "slot": slot, "author": author}
    with requests.Session() as session:
        return session.post(f"{desk.url}{path}/comments", data=given, headers=FORM, timeout=10).text


def test_every_word_on_a_member_tells_whose_turns_change_hands(
    desk: Desk, app: App, bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Out, back and moved as a leave does: in a terminal, to a program and on the desk, where they have their name."""
    monkeypatch.chdir(bench.root)
    monkeypatch.setenv("COLUMNS", "200")
    now = pipeline.now()
    whose = pipeline.turns.turns(app, pipeline.turns.roll(app, "c16"), now, 2).periods[1][1][0].member
    name = pipeline.class_decisions.called(app, whose, "c16")

    def held() -> list[str]:
        return [*turn_changes.holders(app, "c16", pipeline.now()).values()]

    def changed() -> bool:
        shown = capsys.readouterr().out
        assert name in shown
        return "These turns change hands:" in shown

    before = held()
    assert class_commands.out(whose, by="lin", why="asked") == 0
    assert changed() == (held() != before) is True
    before = held()
    assert class_commands.back(whose, by="lin", why="a slip", json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (bool(told["turns"]), told["turns"][0]["class"]) == (held() != before, "c16")
    before = held()
    answer = desk.post("/classes/c16/decide", on="/classes/c16", member=whose, answer="out", why="asked")
    assert f"{escape(name)} is out." in answer.text
    assert ("These turns change hands:" in answer.text) == (held() != before) is True
    program, before = Client(desk, person(bench, "olga", Role.OWNER)), held()
    told = program.post("/classes/c16/decide", member=whose, answer="back", why="a slip").json()
    assert bool(told["turns"]) == (held() != before)
    leader, before = next(seat for seat in pipeline.turns.roll(app, "c16").seats if seat.group), held()
    name = pipeline.class_decisions.called(app, leader.member, "c16")
    assert class_commands.move(leader.member, by="lin", why="asked", group="elsewhere") == 0
    assert changed() == (held() != before)
