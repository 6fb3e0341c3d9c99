"""Commands about drafts, as an editor uses them: where each stands, what waits, what is approved."""

from __future__ import annotations

import datetime as dt
import os
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from command_line import A_PERSON, BAD_INPUT, OK, SITE_ONLY, stocked
from conftest import draft_of
from pipeline_bench import Bench, article

from steadycast import pipeline
from steadycast.cli.stand_by import watch


def test_a_gap_needs_a_person_and_an_empty_desk_is_told_what_to_do(
    bench: Bench, run: Callable[..., tuple[int, str, str]]
) -> None:
    bench.set_up(SITE_ONLY, {"pgc/1.md": article("One")})
    out = run("plan", code=A_PERSON)[1]
    assert "14 without a draft; the first: Daily, " in out
    assert "`steadycast intake`" in out
    waits = run("status", code=A_PERSON)[1]
    assert "no draft suits this slot of Daily: write one, or approve one" in waits
    assert "`steadycast intake`" in waits
    run("intake", code=OK)
    assert "`steadycast intake`" not in run("status", code=OK)[1]
    assert "`steadycast intake`" not in run("plan", code=A_PERSON)[1]


def test_a_new_workspace_is_told_to_take_drafts_in_before_it_plans(
    bench: Bench, run: Callable[..., tuple[int, str, str]]
) -> None:
    bench.set_up(SITE_ONLY, {"pgc/1.md": article("One")})
    out = run("status", code=OK)[1]
    assert "`steadycast intake`" in out
    assert "`steadycast plan`" not in out


def test_a_draft_is_named_by_what_was_meant(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    bench.set_up(SITE_ONLY, {"pgc/welcome.md": article("One")})
    run("intake", code=OK)
    for slip in ("pgc/welcom.md", "content/pgc/welcom.md", "welcom.md"):
        assert "did you mean 'pgc/welcome.md'" in run("publish", "--draft", slip, code=BAD_INPUT)[2]


def test_a_file_that_could_not_be_taken_in_waits_for_a_person_with_its_hint(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    bench.set_up(SITE_ONLY, {"pgc/a.md": "---\ntitle: [a\n---\nWords.\n"})
    run("intake", code=A_PERSON)
    (problem,) = told("status")["problems"]
    out = run("status", code=A_PERSON)[1]
    assert f"pgc/a.md:{problem['line']}: {problem['message']} ({problem['hint']})" in out
    assert "Nothing waits" not in out
    assert "1 file or feed could not be taken in" in out
    assert run("status", "--json")[0] == A_PERSON


def test_a_note_to_people_keeps_check_in_order(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    stocked(bench, drafts=0)
    run("deploy")
    assert run("check", code=OK)[1] == "Everything is in order.\n"
    bench.drop("pgc/README.md", "# Our drafts\n\nOne file each.\n")
    out = run("check", code=OK)[1]
    assert "Nothing has to be fixed. Please read the notes.\npgc/README.md: is a note to people, and no draft" in out
    assert told("check") == []
    assert "is a note to people" in run("preview", "content/pgc/README.md", code=BAD_INPUT)[2]


@pytest.mark.usefixtures("monday")
def test_a_plan_tells_what_is_in_stock_beyond_it_and_how_to_see_that(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    """A draft that is not in the table is not lost: its turn is told, and the plan that was named shows it there."""
    stocked(bench)
    bench.drop("pgc/spare.md", article("Spare", "evergreen: true"))
    run("intake")
    out = run("plan", code=OK)[1]
    assert "in stock beyond it: 6 of Daily; `steadycast plan --days 20` shows their turns" in out
    assert "in reserve: 1 evergreen" in out
    expected = {row["title"]: row["where"] for row in told("list") if "its turn about" in row["where"]}
    assert len(expected) == 6
    shown = told("plan", "--days", 20)
    assert {row["title"]: f"in stock of Daily, its turn about {row['when']}" for row in shown[14:]} == expected
    assert "beyond it" not in run("plan", "--days", 20, code=OK)[1]


@pytest.mark.usefixtures("monday")
def test_a_plan_tells_what_is_pinned_to_a_slot_that_is_past(
    bench: Bench, run: Callable[..., tuple[int, str, str]]
) -> None:
    stocked(bench, drafts=0)
    bench.drop("pgc/lost.md", article("Lost", "slot: 2026-11-20"))
    run("intake")
    out = run("plan", code=A_PERSON)[1]
    assert "pinned to a slot that is past: 1; `steadycast list` says which" in out
    assert "in stock" not in out


@pytest.mark.usefixtures("monday")
def test_intake_says_of_each_draft_where_it_stands(bench: Bench, told: Callable[..., Any]) -> None:
    stocked(bench, drafts=14)
    told("intake")
    bench.drop("pgc/late.md", article("Late"))
    bench.drop("pgc/soon.md", article("Soon", "slot: 2026-11-25"))
    bench.drop("pgc/far.md", article("Far", "not_before: 2027-03-01"))
    bench.drop("pgc/not.md", article("Not ready", "draft: true"))
    bench.drop("pgc/lost.md", article("Lost", "slot: 2026-11-20"))
    bench.drop("pgc/old.md", article("Old", "slot: daily@2026-11-20\nevergreen: true"))
    bench.drop("ugc/bob/new.md", article("Bob's"))
    found = {row["title"]: row["where"] for row in told("intake")["changes"]}
    waiting = next(row["id"] for row in told("list", "--state", "waiting"))
    assert found["Soon"] == "Daily 2026-11-25 20:00"
    assert found["Late"].startswith("in stock of Daily, its turn about 2026-12-")
    assert found["Far"] == "in stock of Daily, its turn about 2027-03-01 20:00"
    assert found["Not ready"] == "not ready: its front matter says so"
    assert found["Lost"].startswith("pinned to the slot 2026-11-20, which is past: name another, or take `slot` out")
    assert found["Old"].startswith("pinned to the slot daily@2026-11-20, which is past"), "it fills no other"
    assert found["Bob's"] == f"waits for approval: `steadycast approve {waiting}`"


def test_an_edit_is_told_to_wait_while_the_approved_words_keep_their_slot(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked(bench, drafts=0)
    bench.drop("ugc/bob/new.md", article("Bob's"))
    run("intake")
    (id_,) = (row["id"] for row in told("list"))
    run("approve", id_, "--by", "eve", code=OK)
    (slot,) = (row["where"] for row in told("list"))
    bench.drop("ugc/bob/new.md", article("Bob's", body="Other words."))
    (changed,) = told("intake")["changes"]
    assert changed["where"] == f"waits for approval: `steadycast approve {id_}`; as approved before: {slot}"
    run("publish", "daily", code=OK)
    monkeypatch.setattr(pipeline, "now", lambda later=pipeline.now() + dt.timedelta(days=4): later)
    (row,) = told("list")
    assert row["where"].endswith(f"as approved before: {slot.replace('Daily', 'had its slot')}")


@pytest.mark.usefixtures("monday")
def test_the_watcher_says_where_a_dropped_draft_stands(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = stocked(bench, drafts=1)
    monkeypatch.setattr(pipeline, "watch", lambda *_: iter([set()]))
    watch(app.workspace, threading.Event())
    assert "Draft 0 (pgc/0.md): Daily 2026-11-23 20:00" in capsys.readouterr().out
    for n in range(1, 20):
        bench.drop(f"pgc/{n}.md", article(f"Draft {n}"))
    watch(app.workspace, threading.Event())
    out = capsys.readouterr().out
    assert out.count("(pgc/") == 12
    assert "and 7 more: `steadycast list`" in out
    bench.drop("pgc/20.md", article("Draft 20"))
    watch(app.workspace, threading.Event())
    assert "Draft 20 (pgc/20.md): in stock of Daily, its turn about 2026-12-" in capsys.readouterr().out


def test_approving_and_rejecting(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    bench.set_up(SITE_ONLY, {"ugc/bob/1.md": article("One"), "ugc/bob/2.md": article("Two")})
    run("intake", code=OK)
    said = run("approve", "ugc/bob/1.md", "--by", "eve", code=OK)[1]
    assert re.fullmatch(r"approved  One  \(ugc/bob/1\.md\): Daily [\d-]{10} 20:00\n", said), "it says which slot it got"
    assert run("reject", "ugc/bob/2.md", "--by", "eve", code=OK)[1] == "rejected  Two  (ugc/bob/2.md)\n"
    assert {row["path"]: row["state"] for row in told("list")} == {
        "ugc/bob/1.md": "planned",
        "ugc/bob/2.md": "rejected",
    }
    assert run("approve", "--all", "--by", "eve", code=OK)[1] == ""
    assert "bob wrote it" in run("approve", "ugc/bob/2.md", "--by", "bob", code=BAD_INPUT)[2]


def test_a_user_without_a_name_is_known_by_number(
    bench: Bench, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container with a number for a user."""
    app = bench.set_up(SITE_ONLY, {"ugc/bob/1.md": article("One")})
    run("intake", code=OK)
    monkeypatch.setattr("getpass.getuser", lambda: dict[str, str]()["uid not found"])
    run("approve", "ugc/bob/1.md", code=OK)
    assert draft_of(app.ledger, "ugc/bob/1.md").approved_by == f"uid {os.getuid()}"
