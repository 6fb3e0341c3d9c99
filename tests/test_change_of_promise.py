"""`steadycast rhythm` and `steadycast skip`: the effect is shown, then done."""

from __future__ import annotations

import datetime as dt
import json
import os
import pty
import subprocess
import sys

import pytest
import yaml
from pipeline_bench import COMMUNITY, DAILY, FAR, Bench, article

from steadycast import pipeline
from steadycast.cli import main
from steadycast.errors import InputError
from steadycast.ops import deployments, promise_change
from steadycast.pipeline.app import App
from steadycast.testing import drop
from steadycast.workspace import load

FAR_ONLY = COMMUNITY + DAILY.replace('"site", ', "") + FAR
DRAFTS = {f"pgc/{n}.md": article(f"Draft {n}") for n in range(1, 6)}


@pytest.fixture
def planned(bench: Bench) -> App:
    """Five drafts, planned for 20:00 of five days."""
    app = bench.set_up(FAR_ONLY, DRAFTS)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    return app


def carried(app: App, now: dt.datetime) -> dict[str, str]:
    return {slot.when: slot.title for slot in pipeline.plan(app, now).slots if slot.draft}


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
    assert looked.moved_drafts()[0]["becomes"].startswith("Daily 2026-11-2")
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


@pytest.mark.parametrize(
    ("answer", "done"),
    [pytest.param(b"n\n", False, marks=[pytest.mark.slow, pytest.mark.parallel]), (b"y\n", True)],
)
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
