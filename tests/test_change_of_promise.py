"""`steadycast rhythm` and `steadycast skip`: the effect is shown, then done; the file keeps its comments and layout."""

from __future__ import annotations

import datetime as dt
import json
import os
import pty
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st
from pipeline_bench import COMMUNITY, DAILY, FAR, Bench, article

from steadycast import pipeline
from steadycast.cli import main
from steadycast.errors import InputError
from steadycast.ops import deployments, promise_change
from steadycast.pipeline.app import App
from steadycast.schedule.effect import Served, effect
from steadycast.schedule.model import Series, Slot
from steadycast.schedule.slots import slots
from steadycast.testing import drop
from steadycast.workspace import Workspace, edit, load

FAR_ONLY = COMMUNITY + DAILY.replace('"site", ', "") + FAR
DRAFTS = {f"pgc/{n}.md": article(f"Draft {n}") for n in range(1, 6)}
ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 23, 9, tzinfo=ZONE).astimezone(dt.UTC)
RHYTHMS = [
    "day at 20:00",
    "day at 09:30",
    "每天 08:00",
    "day at 08:00,20:00",
    "week on fri at 20:00",
    "3 days at 07:00",
]


@pytest.fixture
def planned(bench: Bench) -> App:
    """Five drafts, planned for 20:00 of five days."""
    app = bench.set_up(FAR_ONLY, DRAFTS)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    return app


def carried(app: App, now: dt.datetime) -> dict[str, str]:
    return {slot.when: slot.title for slot in pipeline.plan(app, now).slots if slot.draft}


# The difference between two plans

PLAN = st.tuples(
    st.sampled_from(RHYTHMS), st.lists(st.sampled_from(["", "a", "b", "c", "d"]), max_size=12), st.integers(0, 30)
)


def plan_of(rhythm: str, drafts: list[str], off: int) -> list[Served]:
    found = slots(Series("daily", every=rhythm, zone=ZONE), NOW, NOW + dt.timedelta(days=5))
    drafts = list(dict.fromkeys(filter(None, drafts)))
    return [Served(s, drafts[n] if n < len(drafts) else "") for n, s in enumerate(found) if n != off]


@examples(100)
@given(PLAN, PLAN, st.sets(st.integers(0, 12), max_size=3))
def test_the_effect_leads_from_one_plan_to_the_other_and_touches_nothing_begun(
    one: Any, other: Any, begun: set[int]
) -> None:
    before, after = plan_of(*one), plan_of(*other)
    ids = {before[n].slot.id for n in begun if n < len(before)}
    told = effect(before, after, ids, NOW)
    there = {each.slot: each.draft for each in before}
    for move in told.slots:
        if move.before:
            assert move.before.slot.id not in ids, "what has begun is moved"
            assert there.pop(move.before.slot) == move.before.draft
    for move in told.slots:
        if move.after:
            there[move.after.slot] = move.after.draft
    kept = {each.slot: each.draft for each in before if each.slot.id in ids}
    assert set(there) == {each.slot for each in after} | set(kept)
    for move in told.slots:
        assert move.before or move.after
        if move.before and move.after:
            assert move.before.slot.local.date() == move.after.slot.local.date()
    firsts: dict[str, Slot | None] = {each.draft: each.slot for each in reversed(before) if each.draft}
    firsts |= {move.draft: move.after for move in told.drafts}
    ends = {
        **{each.slot: each.draft for each in after},
        **{s: d for s, d in kept.items() if s.id not in {a.slot.id for a in after}},
    }
    last = {draft: slot for slot, draft in sorted(ends.items(), reverse=True) if draft}
    assert {draft: slot for draft, slot in firsts.items() if slot} == last


@examples(50)
@given(PLAN)
def test_a_plan_that_stays_has_no_effect(plan: Any) -> None:
    assert not effect(plan_of(*plan), plan_of(*plan), set(), NOW)


# The file

WRITTEN = """\
# 读书会
[community]
name = "Readers"   # whose it is
timezone = "Asia/Shanghai"

[series.daily]
title = "每日一文"
every  =  'day at 20:00'   # 晚上八点
channels = ["far"]   # one

# ── the next one ──

[series.weekly]
rrule = "FREQ=WEEKLY;BYDAY=FR;BYHOUR=20;BYMINUTE=0;BYSECOND=0"  # fridays
skip = [
  "holidays:CN",   # 放假
  "2026-12-24..2026-12-27",   # away
  # a note
]
channels = ["far"]

# ── channels ──

[channel.far]
platform = "far"
"""


@pytest.fixture
def written(tmp_path: Path) -> Workspace:
    drop(tmp_path, "steadycast.toml", WRITTEN)
    return load(tmp_path)


def changed_lines(before: str, after: str) -> list[str]:
    old, new = before.splitlines(), after.splitlines()
    return [f"-{line}" for line in old if line not in new] + [f"+{line}" for line in new if line not in old]


@pytest.mark.parametrize(
    ("make", "lines"),
    [
        pytest.param(lambda w: edit.with_rhythm(w, "daily", "每天 09:00"),
                     ["-every  =  'day at 20:00'   # 晚上八点", '+every  =  "每天 09:00"   # 晚上八点'], id="a rhythm"),
        pytest.param(lambda w: edit.with_rhythm(w, "weekly", "day at 09:00"),
                     ['-rrule = "FREQ=WEEKLY;BYDAY=FR;BYHOUR=20;BYMINUTE=0;BYSECOND=0"  # fridays',
                      '+every = "day at 09:00"  # fridays'], id="words for an RRULE"),
        pytest.param(lambda w: edit.with_rhythm(w, "daily", "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0"),
                     ["-every  =  'day at 20:00'   # 晚上八点",
                      '+rrule = "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0"   # 晚上八点'], id="an RRULE for words"),
        pytest.param(lambda w: edit.with_skip(w, "daily", "2026-12-24"),
                     ['+skip = ["2026-12-24"]'], id="the first day left out"),
        pytest.param(lambda w: edit.with_skip(w, "weekly", "2026-12-31"), ['+  "2026-12-31"'], id="one more"),
        pytest.param(lambda w: edit.without_skip(w, "weekly", "2026-12-25"),
                     ['-  "2026-12-24..2026-12-27",   # away', '+  "2026-12-24",   # away',
                      '+  "2026-12-26..2026-12-27"'], id="one day of a span is had again"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_edit_changes_its_value_and_keeps_every_comment(
    tmp_path: Path, make: Callable[..., Any], lines: list[str], end: str
) -> None:
    drop(tmp_path, "steadycast.toml", WRITTEN.replace("\n", end).encode())
    workspace = load(tmp_path)
    edit.write(make(workspace), workspace)
    after = (tmp_path / "steadycast.toml").read_bytes().decode()
    assert after.count(end) == after.count("\n")
    assert changed_lines(WRITTEN, after) == lines
    at = after.splitlines().index("# ── the next one ──")
    assert "skip" not in after.splitlines()[at + 1 : at + 3]
    tomllib.loads(after)


def test_a_day_had_again_leaves_the_file_as_it_was(written: Workspace) -> None:
    once = edit.with_skip(written, "daily", "2026-12-24..2026-12-26")
    again = edit.without_skip(once, "daily", "2026-12-24..2026-12-26")
    assert again.sources["steadycast.toml"].decode() == WRITTEN


@pytest.mark.parametrize("head", ["", "\ufeff"])
@pytest.mark.parametrize(
    "text",
    [
        'series = {daily = {every = "day at 20:00", channels = []}}\n[community]\nname = "R"\ntimezone = "UTC"\n',
        '[community]\nname = "R"\ntimezone = "UTC"\n[series]\ndaily.every = "day at 20:00"\ndaily.channels = []\n',
        '[community]\nname = "R"\ntimezone = "UTC"\n[series."daily"]\n"every" = "day at 20:00"',
    ],
)
def test_other_ways_to_write_a_table_are_edited_too(tmp_path: Path, text: str, head: str) -> None:
    drop(tmp_path, "steadycast.toml", head + text)
    workspace = load(tmp_path)
    edit.write(edit.with_skip(edit.with_rhythm(workspace, "daily", "day at 09:00"), "daily", "2026-12-24"), workspace)
    after = load(tmp_path).series["daily"]
    assert after.every == "day at 09:00"
    assert after.except_ == {dt.date(2026, 12, 24)}
    assert (tmp_path / "steadycast.toml").read_text(encoding="utf-8").startswith(head)


def test_a_file_that_was_changed_meanwhile_is_left_as_it_is(written: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "steadycast.toml"
    drop(tmp_path, "steadycast.toml", WRITTEN + "# by hand\n")
    with pytest.raises(InputError, match="meanwhile"):
        edit.write(edit.with_rhythm(written, "daily", "day at 09:00"), written)
    assert file.read_text(encoding="utf-8") == WRITTEN + "# by hand\n"
    assert [each.name for each in tmp_path.iterdir()] == ["steadycast.toml"]


def test_a_link_stays_a_link_and_rights_stay(written: Workspace, tmp_path: Path) -> None:
    file, real = tmp_path / "steadycast.toml", tmp_path / "real.toml"
    file.rename(real)
    file.symlink_to(real)
    real.chmod(0o640)
    edit.write(edit.with_rhythm(written, "daily", "day at 09:00"), written)
    assert file.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "day at 09:00" in real.read_text(encoding="utf-8")


@examples(25)
@given(
    st.sampled_from(RHYTHMS),
    st.lists(st.integers(0, 40), max_size=4),
    st.lists(st.integers(0, 40), max_size=4),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_row_of_edits_says_what_was_asked_and_loses_no_comment(
    rhythm: Any, skipped: list[int], undone: list[int], end: Any
) -> None:
    """Held against the settings alone: days left out and had again, in any order, under any rhythm."""
    workspace = _read(WRITTEN.replace("\n", end))
    workspace = edit.with_rhythm(workspace, "weekly", rhythm)
    wanted = set(workspace.series["weekly"].except_)
    for n in skipped:
        day = dt.date(2026, 12, 1) + dt.timedelta(days=n)
        workspace, wanted = edit.with_skip(workspace, "weekly", str(day)), wanted | {day}
    for n in undone:
        day = dt.date(2026, 12, 1) + dt.timedelta(days=n)
        workspace, wanted = edit.without_skip(workspace, "weekly", str(day)), wanted - {day}
    assert workspace.series["weekly"].except_ == wanted
    assert workspace.series["weekly"].every == rhythm
    assert workspace.promises["weekly"].skip[0] == "holidays:CN"
    text = workspace.sources["steadycast.toml"].decode()
    assert all(
        note in text for note in ("# 读书会", "# whose it is", "# 晚上八点", "# 放假", "# a note", "# ── channels ──")
    )


def _read(text: str) -> Workspace:
    from steadycast.workspace.loading import read

    return read(Path("/nowhere"), {"steadycast.toml": text.encode()}, Path("/nowhere/steadycast.toml"))


# The command


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0)


def test_another_hour_moves_the_slots_and_the_drafts_with_them(bench: Bench, planned: App) -> None:
    looked = promise_change.new_rhythm(planned, "Daily", "每天 09:30", bench.clock.now())
    assert [(r["change"], r["was"], r["becomes"], r["carries"]) for r in looked.rows()][:2] == [
        ("moves", "2026-11-23 20:00", "2026-11-23 09:30", "Draft 1"),
        ("moves", "2026-11-24 20:00", "2026-11-24 09:30", "Draft 2"),
    ]
    assert looked.rows()[0]["at"] == "2026-11-23T09:30:00+08:00"
    assert looked.moved_drafts() == []
    assert (bench.root / "steadycast.toml").read_text() == FAR_ONLY, "a look writes nothing"
    promise_change.make(planned, looked, bench.clock.now())
    assert carried(bench.open(), bench.clock.now()) == {f"2026-11-{22 + n} 09:30": f"Draft {n}" for n in range(1, 6)}


def test_what_is_shown_is_what_planning_does(bench: Bench, planned: App) -> None:
    looked = promise_change.new_rhythm(planned, "daily", "2 days at 21:00", bench.clock.now())
    shown = {r["becomes"]: r["carries"] for r in looked.rows() if r["becomes"] and r["carries"]}
    promise_change.make(planned, looked, bench.clock.now())
    assert carried(bench.open(), bench.clock.now()) == shown


def test_a_day_left_out_gives_its_draft_to_the_next_and_back(bench: Bench, planned: App) -> None:
    looked = promise_change.skip(planned, "daily", "2026-11-24", bench.clock.now())
    assert next((r["change"], r["was"], r["becomes"]) for r in looked.rows()) == ("gone", "2026-11-24 20:00", "")
    assert looked.moved_drafts()[0]["title"] == "Draft 2"
    assert looked.moved_drafts()[0]["becomes"].startswith("daily 2026-11-2")
    promise_change.make(planned, looked, bench.clock.now())
    app = bench.open()
    assert "2026-11-24 20:00" not in carried(app, bench.clock.now())
    back = promise_change.skip(app, "daily", "2026-11-24", bench.clock.now(), undo=True)
    assert ("new", "", "2026-11-24 20:00") in [(r["change"], r["was"], r["becomes"]) for r in back.rows()]
    promise_change.make(app, back, bench.clock.now())
    assert (bench.root / "steadycast.toml").read_text() == FAR_ONLY


def test_what_is_claimed_stays_and_is_said_to(bench: Bench, planned: App) -> None:
    bench.at(23, 19, 59)
    (row,) = planned.ledger.deliveries(slots=["daily@2026-11-23T20:00"])
    assert planned.ledger.claim(
        bench.clock.now() + dt.timedelta(minutes=1), "a worker", dt.timedelta(hours=1), ids=[row.id or 0]
    )
    looked = promise_change.new_rhythm(planned, "daily", "day at 21:00", bench.clock.now())
    assert [(r["change"], r["was"], r["becomes"]) for r in looked.rows()][:2] == [
        ("stays", "2026-11-23 20:00", "2026-11-23 20:00"), ("moves", "2026-11-24 20:00", "2026-11-24 21:00")
    ]  # fmt: skip
    assert not [r for r in looked.rows() if r["becomes"] == "2026-11-23 21:00"], "that day is served"
    promise_change.make(planned, looked, bench.clock.now())
    assert carried(bench.open(), bench.clock.now())["2026-11-23 20:00"] == "Draft 1"


def test_what_went_out_ahead_of_its_hour_stays_and_cannot_be_left_out(bench: Bench, planned: App) -> None:
    pipeline.publish(planned, series="daily")  # by hand, hours before 20:00
    looked = promise_change.new_rhythm(planned, "daily", "day at 21:00", bench.clock.now())
    told = [(r["change"], r["was"], r["becomes"]) for r in looked.rows()]
    assert told[0] == ("stays", "2026-11-23 20:00", "2026-11-23 20:00")
    assert not [row for row in told[1:] if "2026-11-23" in row[1] + row[2]]
    assert "Draft 1" not in [row["title"] for row in looked.moved_drafts()]
    with pytest.raises(InputError, match="out already"):
        promise_change.skip(planned, "daily", "2026-11-23", bench.clock.now())
    days = promise_change.skip(planned, "daily", "2026-11-23..2026-11-24", bench.clock.now())
    assert [(r["change"], r["was"]) for r in days.rows()][:2] == [
        ("stays", "2026-11-23 20:00"), ("gone", "2026-11-24 20:00")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rhythm", "dayly", "day at 09:00"), "did you mean 'daily'"),
        (("rhythm", "daily", "dya at 09:00"), "dya"),
        (("skip", "daily", "2020-01-01"), "is past"),
        (("skip", "daily", "tomorrow"), "is no date"),
        (("skip", "daily", "2099-01-01", "--undo"), "does not skip"),
        (("skip", "weekly", "2099-01-01"), "has no slot then"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_way_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    weekly = DAILY.replace("series.daily", "series.weekly").replace("day at", "week on fri at").replace('"site", ', "")
    bench.set_up(FAR_ONLY + weekly.replace('"Daily"', '"Weekly"'))
    monkeypatch.chdir(bench.root)
    before = (bench.root / "steadycast.toml").read_bytes()
    assert run(*words) == 2
    assert said in capsys.readouterr().err
    assert (bench.root / "steadycast.toml").read_bytes() == before


def test_the_command_shows_then_does_and_prefect_yaml_follows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.set_up(FAR_ONLY, DRAFTS)
    monkeypatch.chdir(bench.root)
    deployments.write(load(bench.root))
    assert run("rhythm", "daily", "每天 09:00", "--dry-run") == 0
    shown = capsys.readouterr().out
    assert "moves" in shown
    assert (bench.root / "steadycast.toml").read_text() == FAR_ONLY
    assert run("rhythm", "daily", "每天 09:00", "--yes", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["written"]
    assert told["prefect_yaml"]
    assert deployments.differences(load(bench.root)) == []
    file = yaml.safe_load((bench.root / "prefect.yaml").read_text(encoding="utf-8"))
    (daily,) = [d for d in file["deployments"] if d["name"] == "publish-daily"]
    assert daily["schedules"][0]["cron"] == "59 8 * * *"
    assert run("rhythm", "daily", "每天 09:00") == 0
    assert "says so already" in capsys.readouterr().out


def test_a_prefect_yaml_of_ones_own_is_left_alone(bench: Bench, planned: App) -> None:
    drop(bench.root, "prefect.yaml", "name: mine\ndeployments: []\n")
    looked = promise_change.new_rhythm(planned, "daily", "day at 09:00", bench.clock.now())
    assert not promise_change.make(planned, looked, bench.clock.now())
    assert (bench.root / "prefect.yaml").read_text() == "name: mine\ndeployments: []\n"


@pytest.mark.parametrize(("answer", "done"), [(b"n\n", False), (b"y\n", True)])
def test_a_terminal_is_asked(bench: Bench, answer: bytes, done: bool) -> None:
    bench.set_up(FAR_ONLY)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from steadycast.cli import main; main()", "rhythm", "daily", "day at 09:00"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=bench.root) as process:
        os.write(ours, answer)
        code = process.wait(60)
    os.close(theirs)
    os.close(ours)
    assert code == 0
    assert ("09:00" in (bench.root / "steadycast.toml").read_text()) is done
