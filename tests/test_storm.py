"""Storms: real workers that die and freeze in mid-send, a real far side that misbehaves, and the judge's verdict.

Every class, both databases, every crash point and every mutant, with `make test ALL=1`; `make storm` has more deaths.
A mutant that only a storm shows is caught within some fifty of them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from storm.mutants import MUTANTS
from storm.weather import CLASSES

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("STEADYCAST_TEST_POSTGRES", "")


def command(*arguments: Any, timeout: Any, code: int = 0) -> Any:
    """`python -m storm ...` in a process of its own: it forks, and this one has threads."""
    done = subprocess.run(
        [sys.executable, "-m", "storm", *map(str, arguments)], env={**os.environ, "PYTHONPATH": "tests"}, cwd=ROOT,
        capture_output=True, text=True, check=False, timeout=timeout,
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == code, f"{done.stdout}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.slow
def test_a_storm_that_ran_out_of_time_is_no_proof() -> None:
    """Fewer deaths than were asked for end in red, whatever the judge says."""
    said = command("--kills", 5000, "--longest", 0.5, "--seed", 1, "--classes", "conditional", timeout=100, code=1)
    assert re.search(r"^conditional: \d+ of 5000 kills in 0 s, which is no proof$", said, re.MULTILINE)


@pytest.mark.slow
def test_four_hundred_deaths() -> None:
    """Every class: 0 doubled, 0 lost, 0 silent; none parked where a second sending is harmless."""
    said = command("--kills", 400, "--seed", 1, timeout=1200)
    kills = re.findall(r"^\| (conditional|read-back|blind|clocks) +\| (\d+) ", said, re.MULTILINE)
    assert len(kills) == len(CLASSES)
    assert all(int(each) >= 60 for _, each in kills)


@pytest.mark.slow
def test_every_crash_point() -> None:
    """Each class, from a first sending to the recovery of a recovery, and frozen past the lease."""
    command("points", "--seed", 1, timeout=1500)


@pytest.mark.slow
def test_every_mutant_is_caught() -> None:
    """The judge sees each of the ways to break the protocol."""
    said = command("mutants", "--seed", 1, timeout=1500)
    caught = re.findall(r"^\| \d+ +\| (.*?) +\| (?!nothing)", said, re.MULTILINE)
    assert caught == [mutant.name for mutant in MUTANTS]


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.skipif(not POSTGRES, reason="STEADYCAST_TEST_POSTGRES names no server")
def test_a_hundred_and_twenty_deaths_on_postgresql() -> None:
    """The same promises on the other database."""
    command("--kills", 120, "--seed", 1, "--postgres", timeout=900)
