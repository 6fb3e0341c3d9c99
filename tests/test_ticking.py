"""Ticks out of a process that has everything loaded: none harms it, a fault is told, and new code is taken up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from steadycast.ops.ticking import Job, jobs

ROOT = Path(__file__).resolve().parent.parent
HOUR = 1_800_000_000 // 3600 * 3600

# A process of its own: this one may have threads, and is not to be forked.
SCRIPT = """
import json, os, sys, time
from pathlib import Path
from zoneinfo import ZoneInfo
from steadycast.ops import ticking

root, at = Path(sys.argv[1]), [float(sys.argv[2])]

def work(name, look):
    with open(root / name, "a") as out:
        print(json.dumps([os.getpid() != parent, *look]), file=out)
    if name == "killed":
        os.kill(os.getpid(), 9)
    if name == "fails":
        raise ValueError("a fault")
    if name == "hangs" and not look.fault:
        time.sleep(60)
    return look.due or bool(look.fault)

def settle(ticks):
    assert sum(len(job.running) for job in ticks.jobs.values()) == 1, "one after another"
    until = time.monotonic() + 20
    while any(job.running for job in ticks.jobs.values()) and time.monotonic() < until:
        others = ticks.reap()
        assert not others, others
        time.sleep(0.005)

parent = os.getpid()
stand_in = "import sys; open(sys.argv[1] + '/anew', 'a').write(sys.argv[2] + '\\\\n')"
(root / "flows").mkdir()
ticks = ticking.Ticking(work, ["-c", stand_in, str(root)], [root / "flows"], lambda: at[0])
every = frozenset(range(60))
names = ("quiet", "killed", "fails", "hangs")
ticks.follow({name: ticking.Job(name, every, ZoneInfo("UTC"), longest=0.2) for name in names})
for _minute in range(3):
    for _ in names if _minute else ():
        ticks.beat()
        ticks.beat()
        settle(ticks)
    ticks.beat()
    at[0] += 60
ticks.follow({"quiet": ticking.Job("quiet", every, ZoneInfo("UTC"))})
ticks.beat()
settle(ticks)
at[0] += 3600
(root / "flows" / "edited.py").touch()
ticks.beat()
settle(ticks)
at[0] -= 7200
ticks.beat()
assert not ticks.jobs["quiet"].running
at[0] += 60
ticks.beat()
assert ticks.jobs["quiet"].running, "a clock that was put back is followed"
settle(ticks)
"""


def looks(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parallel
def test_a_tick_harms_no_other_and_what_became_of_it_is_told(tmp_path: Path) -> None:
    """One that is killed, fails or hangs; one that does nothing is told once an hour; edited code is run at once."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(HOUR - 1)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "ValueError: a fault" in done.stderr
    # in a fork; how many before did nothing; whether the hour's summary is due; what became of the last
    assert not (tmp_path / "quiet").read_text().count("false, 0, false")
    assert looks(tmp_path / "quiet") == [[True, 0, True, ""], [True, 0, False, ""], [True, 1, False, ""]]
    for name, code in (("killed", -9), ("fails", 1)):
        fault = f"a run before this one ended with code {code}"
        assert [look[3] for look in looks(tmp_path / name)] == ["", fault]
    assert [look[3] for look in looks(tmp_path / "hangs")] == ["", "a run before this one ended with code 11"]
    assert (tmp_path / "anew").read_text().splitlines() == ["quiet", "quiet"], "what is loaded is not the code any more"


def test_what_runs_every_hour_ticks_and_a_slot_stays_a_run_of_prefects() -> None:
    """Of the file that `steadycast deploy` writes, and of one that a person has changed."""
    entries = yaml.safe_load((ROOT / "prefect.yaml").read_bytes())["deployments"]
    found = jobs(entries)
    assert {name: len(job.minutes) for name, job in found.items()} == {
        "intake": 6, "feeds": 6, "sweep": 60, "verify": 12, "cadence": 1
    }  # fmt: skip
    assert (found["sweep"].most, found["verify"].most) == (2, 1)
    cron = {"cron": "*/5 * * * *", "timezone": "Asia/Shanghai", "active": True}
    hourly = {"name": "publish-hourly", "parameters": {"series": "hourly"}, "schedules": [cron]}
    paused = {"name": "verify", "schedules": [cron | {"active": False}]}
    nightly = {"name": "verify", "schedules": [cron | {"cron": "*/5 0-5 * * *"}]}
    assert jobs([hourly, paused, nightly, {"name": "publish"}]) == {}


def test_a_minute_is_one_of_the_zone_and_after_a_sleep_comes_once() -> None:
    """Seven past the hour in Kathmandu is 22 past in UTC; a laptop that slept for a day ticks once."""
    job = Job("cadence", frozenset({7}), ZoneInfo("Asia/Kathmandu"))
    assert job.is_due(HOUR + 22 * 60 - 1, HOUR + 22 * 60)
    assert not job.is_due(HOUR + 22 * 60, HOUR + 82 * 60 - 1)
    assert job.is_due(HOUR - 90_000, HOUR)
