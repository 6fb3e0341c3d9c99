"""Settings that change while everything runs: read anew by all, told, and a slip in them stops no slot."""

from __future__ import annotations

import threading

import pytest
from pipeline_bench import COMMUNITY, DAILY, FAR, SETTINGS, Bench, article
from prefect_server import wait_for

from steadycast import ops, pipeline
from steadycast.cli import main
from steadycast.cli.stand_by import follow, watch
from steadycast.errors import SettingsError
from steadycast.language import speaking
from steadycast.testing import drop
from steadycast.workspace import changes, in_force, load

FAR_ONLY = COMMUNITY + DAILY.replace('"site", ', "") + FAR
BROKEN = FAR_ONLY.replace('every = "day at 20:00"', 'every = "dya at 20:00')


def test_what_changed_is_told_in_words_and_no_address_is_shown(bench: Bench) -> None:
    bench.set_up(SETTINGS)
    before = load(bench.root)
    bench.settings(
        SETTINGS.replace("day at 20:00", "day at 09:00").replace('late = "3h"', 'late = "4h"')
        + 'x = "https://token@secret.example/"\n'
        + DAILY.replace("series.daily", "series.weekly").replace("day at", "week on fri at")
    )
    assert sorted(changes(before, load(bench.root))) == [
        "channel.far changed",
        "daily is now day at 09:00 (it was day at 20:00)",
        "series.daily.late is now 4h",
        "series.weekly is new",
        "weekly is now week on fri at 20:00",
    ]
    assert changes(before, before) == []


def test_a_table_that_is_new_or_removed_is_told_as_such(bench: Bench) -> None:
    bench.set_up(SETTINGS)
    before = load(bench.root)
    bench.settings(FAR_ONLY + DAILY.replace("series.daily", "series.weekly").replace('"site", ', ""))
    drop(bench.root, "holidays.toml", '"2026-12-25" = "Christmas"')
    after = load(bench.root)
    assert {"channel.site is removed", "series.weekly is new", "holidays.toml is new"} <= {*changes(before, after)}
    assert {"channel.site is new", "series.weekly is removed", "holidays.toml is removed"} <= {*changes(after, before)}
    with speaking("zh_Hans"):
        assert {"删除 channel.site", "新增 series.weekly", "新增 holidays.toml"} <= {*changes(before, after)}


def test_settings_that_cannot_be_read_leave_the_ones_before_in_force(bench: Bench) -> None:
    bench.set_up(FAR_ONLY)
    assert in_force(bench.root)[1] is None
    drop(bench.root, "holidays.toml", '"2026-12-25" = "Christmas"')
    in_force(bench.root)
    drop(bench.root, "holidays.toml", '"2026-12-25" = ')
    workspace, error = in_force(bench.root)
    assert error
    assert error.file == bench.root.resolve() / "holidays.toml"
    assert workspace.overrides == {"2026-12-25": "Christmas"}
    drop(bench.root, "steadycast.toml", BROKEN)
    workspace, error = in_force(bench.root)
    assert error
    assert error.line == 17
    assert workspace.root == bench.root.resolve()
    assert workspace.series["daily"].every == "day at 20:00"
    drop(bench.root, "holidays.toml", "")
    drop(bench.root, "steadycast.toml", FAR_ONLY)
    assert in_force(bench.root)[1] is None
    assert not in_force(bench.root)[0].overrides


@pytest.mark.parametrize(
    ("slip", "line"),
    [
        ('every = "day at 25:00"', 'every = "day at 25:00"'),
        ('every = "nonsense"', 'every = "nonsense"'),
        ('rrule = "FREQ=NEVER"', 'rrule = "FREQ=NEVER"'),
        ('every = "day at 20:00"\nskip = ["holidays:ZZ"]', 'skip = ["holidays:ZZ"]'),
    ],
)
def test_a_rhythm_that_cannot_be_read_leaves_the_one_before_in_force(bench: Bench, slip: str, line: str) -> None:
    """No slot could be told by it: neither the plan nor an alarm of any series. And it is never kept as the last good."""
    bench.set_up(FAR_ONLY)
    pipeline.App.in_force(bench.root).close()
    text = FAR_ONLY.replace('every = "day at 20:00"', slip)
    drop(bench.root, "steadycast.toml", text)
    for _twice in range(2):
        with pipeline.App.in_force(bench.root) as app:
            assert app.workspace.series["daily"].every == "day at 20:00"
            assert app.broken_settings is not None
            assert app.broken_settings.line == text.splitlines().index(line) + 1
    with pytest.raises(SettingsError):
        pipeline.App.open(load(bench.root)).check_settings()


def test_a_disk_that_takes_nothing_is_no_error_for_who_only_looks(bench: Bench) -> None:
    bench.set_up(FAR_ONLY)
    kept = load(bench.root).kept_settings
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(b"a file in the way of the folder")
    assert in_force(bench.root)[1] is None


def test_settings_that_never_could_be_read_are_an_error(bench: Bench) -> None:
    drop(bench.root, "steadycast.toml", BROKEN)
    with pytest.raises(SettingsError, match="TOML"):
        in_force(bench.root)


def test_a_slip_in_the_settings_stops_no_slot(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a cron or a flow runs publishes all the same, says the line, and health is bad until it is fixed."""
    bench.set_up(FAR_ONLY, {"pgc/1.md": article("In time")})
    with pipeline.App.in_force(bench.root) as app:
        pipeline.collect(app, bench.clock.now())
        pipeline.plan(app, bench.clock.now())
    drop(bench.root, "steadycast.toml", BROKEN)
    with pipeline.App.in_force(bench.root) as app:
        app.clock = bench.clock
        bench.at(23, 20, 0)
        assert [sent.state for sent in pipeline.publish(app).sent] == ["published"]
        bad = [check for check in ops.health(app, bench.clock.now()).checks if check.severity == "bad"]
    assert [(check.where, "steadycast.toml:17" in check.message) for check in bad] == [("settings", True)]
    monkeypatch.chdir(bench.root)
    with pytest.raises(SystemExit) as done:
        main(["verify"])
    assert done.value.code != 2, "it looks, and a cron is told in its mail"
    with pytest.raises(SystemExit) as done:
        main(["plan"])
    assert done.value.code == 2, "a person at work is told at once"
    assert "steadycast.toml:17" in capsys.readouterr().err


def test_a_drop_is_planned_by_the_settings_of_now_not_those_at_the_start(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two planners fought: each drop moved the plan back to the old hour."""
    app = bench.set_up(FAR_ONLY, {"pgc/1.md": article("One")})
    monkeypatch.setattr(pipeline, "now", bench.clock.now)
    monkeypatch.setattr(pipeline, "watch", lambda *_: iter([set()]))
    watch(app.workspace, threading.Event())
    bench.settings(FAR_ONLY.replace("20:00", "20:30"))
    bench.drop("pgc/2.md", article("Two"))
    watch(app.workspace, threading.Event())
    assert "Two (pgc/2.md): Daily 2026-11-24 20:30" in capsys.readouterr().out
    slots = app.ledger.slots_between(bench.clock.now(), bench.at(30, 0, 0))
    assert {slot.local[11:] for slot in slots} == {"20:30"}


def test_a_change_of_the_settings_is_told_and_planned_while_up_runs(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = bench.set_up(FAR_ONLY, {"pgc/1.md": article("One")})
    monkeypatch.setattr(pipeline, "now", bench.clock.now)
    monkeypatch.setattr("steadycast.cli.stand_by.LOOK", 0.02)
    pipeline.collect(app, bench.clock.now())
    stop, out, err = threading.Event(), "", ""

    def told(words: str) -> bool:
        nonlocal out, err
        more = capsys.readouterr()
        out, err = out + more.out, err + more.err
        return words in out + err

    thread = threading.Thread(target=follow, args=(load(bench.root), stop))
    thread.start()
    try:
        stop.wait(0.2)
        drop(bench.root, "steadycast.toml", BROKEN)
        assert wait_for(lambda: told("steadycast.toml:17"), 20), err
        drop(bench.root, "steadycast.toml", FAR_ONLY.replace("20:00", "09:30"))
        assert wait_for(lambda: told("Daily: next"), 20), out + err
    finally:
        stop.set()
        thread.join(10)
    assert "settings read anew: daily is now day at 09:30 (it was day at 20:00)" in out
    assert "Daily: next 2026-11-23 09:30, One" in out
