"""No library with a known hole is what a new machine installs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# The first version without the hole that is known of. A library that nothing needs any more may stand here: it may
# come back with another's upgrade.
FLOORS = {
    "prefect": "3.6.28",
    "starlette": "1.0.1",
    "python-multipart": "0.0.30",
    "jinja2": "3.1.6",
}


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", version.partition("+")[0]))


def locked(name: str) -> dict[str, str]:
    """What a lock file installs, and which version."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return {found[1]: found[2] for line in lines if (found := re.match(r"([\w.-]+)==([\w.+]+)", line))}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_version_is_past_its_floor(lock: str) -> None:
    versions = locked(lock)
    assert len(versions) > 50, "the lock file is read otherwise than it is written"
    below = {n: versions[n] for n, floor in FLOORS.items() if n in versions and numbers(versions[n]) < numbers(floor)}
    assert not below
    assert {"prefect", "starlette", "jinja2"} <= versions.keys()


def test_who_installs_without_the_lock_gets_no_older_one() -> None:
    """What pyproject.toml asks for itself begins at its floor, or later."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    asked = {found[1]: found[2] for line in wanted if (found := re.match(r"([\w.-]+)(?:\[\w+\])?>=([\d.]+)", line))}
    assert asked.keys() & FLOORS.keys()
    assert not {name for name in asked.keys() & FLOORS.keys() if numbers(asked[name]) < numbers(FLOORS[name])}
