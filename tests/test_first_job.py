"""The main job that `up` begins with: told to end it ends soon and cuts off nothing; a fault is told, and fixed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import up_bench
from desk_bench import Desk
from pipeline_bench import Bench
from prefect_server import wait_for
from test_flows import deliveries, make_workspace, steadycast
from up_bench import begun, slow, upped

from steadycast import ops
from steadycast.cli import FAULT, first_job, main
from steadycast.cli.first_job import FirstJob
from steadycast.cli.processes import LONGEST, Processes
from steadycast.ops import one_up
from steadycast.workspace.paths import Paths

ONCE = [sys.executable, "-c", "from steadycast.cli import main; main()", "up", "--once"]


@pytest.mark.live
@pytest.mark.slow
def test_a_main_job_that_is_told_to_end_ends_what_it_sends_and_begins_nothing_more(tmp_path: Path) -> None:
    root = slow(tmp_path / "community", 2.0)
    clean = {k: v for k, v in os.environ.items() if not k.startswith("STEADYCAST_")} | {"STEADYCAST_LANGUAGE": "en"}
    with subprocess.Popen(ONCE, cwd=root, env=clean, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert wait_for(lambda: begun(root), 60, step=0.02)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)  # as systemd does: to each process, and `up` to its child besides
        _, said = process.communicate(timeout=30)
    assert process.returncode == first_job.ENDED
    assert b"Ended before the main job was done" in said
    sent = {each["channel"]: each["state"] for each in deliveries(root) if each["state"] not in {"planned", "due"}}
    assert (sent.pop("site"), sent.pop("mirror")) == ("published", "published")
    assert not sent, "what was not begun is free for the next one"
    first = next(each["slot"] for each in deliveries(root) if each["channel"] == "site" and each["finished"])
    steadycast("publish", "--slot", first, cwd=root)
    kit = [each["state"] for each in deliveries(root) if (each["channel"], each["slot"]) == ("by-hand", first)]
    assert kit == ["handed"]


HANGS = """
import os, signal, time
from steadycast.cli import first_job
from steadycast.crash_safety import ending
ending.GRACE = 0.5
signal.signal(signal.SIGTERM, first_job.end_soon)
try:
    os.kill(os.getpid(), signal.SIGTERM)
finally:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
"""


def test_a_main_job_that_hangs_while_it_ends_is_ended(tmp_path: Path) -> None:
    """In a look that waits for a thread, as it may be: from the first SIGTERM on no other one is heard."""
    done = subprocess.run([sys.executable, "-c", HANGS], cwd=tmp_path, timeout=50)
    assert done.returncode == -signal.SIGALRM


@pytest.mark.live
@pytest.mark.slow
def test_an_up_that_is_told_to_end_in_its_main_job_does_not_wait_for_a_sending_that_takes_hours(tmp_path: Path) -> None:
    """It is waited for as long as any sending is, and then cut off."""
    root = slow(tmp_path / "community", 3600.0)
    with upped(root, told=b"The first posts are shown at once") as up:
        assert wait_for(lambda: begun(root), 60)
        began = time.monotonic()
        up.send_signal(signal.SIGTERM)
        up.wait(40)
        assert time.monotonic() - began < LONGEST + 10
        assert up.returncode == 0
    left = [each["state"] for each in deliveries(root) if each["channel"] == "site"]
    assert "sending" in left, "it is known that it may be out"


def test_a_fault_of_ours_has_a_code_of_its_own_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's script is told 1, as ever."""
    monkeypatch.setattr("steadycast.cli._done", lambda _words: 1 / 0)
    for fault, code in ({"fault": FAULT}, FAULT), ({}, 1):
        with pytest.raises(SystemExit) as ended:
            main(["status"], **fault)
        assert ended.value.code == code


def done(tmp_path: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, FirstJob, Processes]:
    """A main job that has ended as that code does, beside the `up` that has it done."""
    monkeypatch.setattr(first_job, "AGAIN", (0.0, 3600.0))
    processes, ours = Processes(tmp_path / "log"), one_up.take(Paths(tmp_path))
    assert ours is not None
    job = FirstJob(processes, {}, tmp_path, ours, ["-c", code])
    assert job.wait(threading.Event()) == 0
    return ours, job, processes


def ended(job: FirstJob, processes: Processes) -> bool:
    job.see_to()
    return not processes.running


ONCE_ONLY = f"""
from pathlib import Path
if not Path("tried").exists():
    Path("tried").touch()
    raise SystemExit({FAULT})
"""


def test_a_fault_in_the_main_job_is_told_ends_nothing_and_is_fixed_by_doing_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, job, processes = done(tmp_path, ONCE_ONLY, monkeypatch)
    with ours, processes:
        assert f"The main job failed: it ended with code {FAULT}." in capsys.readouterr().err
        assert one_up.instant(one_up.told(Paths(tmp_path))["fault"])
        job.see_to()
        assert "main job" in processes.running
        assert not processes.dead(but="main job")
        assert wait_for(lambda: ended(job, processes), 30, step=0.05)
        assert one_up.told(Paths(tmp_path))["fault"] == ""
        job.see_to()
        assert not processes.running, "once more, and not for ever"


def test_a_main_job_that_is_killed_is_told_of_and_waits_longer_from_time_to_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, job, processes = done(tmp_path, "import os; os.kill(os.getpid(), 9)", monkeypatch)
    with ours, processes:
        job.see_to()
        assert wait_for(lambda: ended(job, processes), 30, step=0.05)
        assert capsys.readouterr().err.count("it was ended by signal 9") == 2
        job.see_to()
        assert not processes.running, "its next time has not come"


def test_a_main_job_that_hangs_keeps_no_schedule_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It goes on beside them, and is seen to as ever once it ends."""
    monkeypatch.setattr(first_job, "ALONE", 0.2)
    hangs = f"import time; from pathlib import Path\nwhile not Path('go').exists(): time.sleep(.05)\nraise SystemExit({FAULT})"
    ours, job, processes = done(tmp_path, hangs, monkeypatch)
    with ours, processes:
        assert "the schedules begin beside it" in capsys.readouterr().err
        job.see_to()
        assert "main job" in processes.running
        (tmp_path / "go").touch()
        assert wait_for(lambda: ended(job, processes), 30, step=0.05)
        assert f"it ended with code {FAULT}" in capsys.readouterr().err


@pytest.mark.live
@pytest.mark.slow
def test_slots_are_served_beside_a_main_job_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs = (
        "from steadycast.cli import first_job, main; first_job.ALONE = 1; "
        "first_job.FirstJob.__init__.__defaults__ = (('-c', 'import time; time.sleep(3600)'),); main()"
    )
    monkeypatch.setattr(up_bench, "COMMAND", [sys.executable, "-c", hangs, "up"])
    with upped(make_workspace(tmp_path / "community", "03:30")) as up:
        log = (up.root / "up.log").read_text(encoding="utf-8")
        assert "the schedules begin beside it" in log
        assert "Flows keep their schedules" in log
        (up.root / "content" / "pgc" / "dropped.md").write_text("# Dropped just now\n\nWords.\n", encoding="utf-8")
        assert wait_for(lambda: "Dropped just now" in (up.root / "up.log").read_text(encoding="utf-8"), 30)
        up.send_signal(signal.SIGTERM)
        up.wait(15)
        assert up.returncode == 0


@pytest.mark.parametrize("code", [2, 3])
def test_bad_input_and_a_ledger_that_cannot_be_used_end_up(tmp_path: Path, code: int) -> None:
    ours = one_up.take(Paths(tmp_path))
    assert ours is not None
    with ours, Processes(tmp_path / "log") as processes:
        job = FirstJob(processes, {}, tmp_path, ours, ["-c", f"raise SystemExit({code})"])
        assert job.wait(threading.Event()) == code


def test_the_page_that_says_why_nothing_happens_names_a_main_job_that_failed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = bench.set_up()
    ours = one_up.take(app.workspace)
    assert ours is not None
    with ours:
        ours.say(fault="2026-11-23T12:00:00+00:00")
        found = {look.what: look for look in ops.why(app, bench.clock.now()).looks}
        assert "main job" not in found, "this desk is no part of that `up`"
        monkeypatch.setenv("STEADYCAST_PREFECT", "http://127.0.0.1:9/api")
        found = {look.what: look for look in ops.why(app, bench.clock.now()).looks}
        assert (found["main job"].state, found["main job"].how) == ("warn", "failed")
        with Desk(bench.root).up() as desk:
            assert "The work that `steadycast up` begins with failed" in desk.get("/why").text
        ours.say(fault="")
        assert "main job" not in {look.what for look in ops.why(app, bench.clock.now()).looks}
