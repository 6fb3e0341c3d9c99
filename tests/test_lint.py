"""The linters are tests: whoever runs everything has run them too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.parallel]

ROOT = Path(__file__).resolve().parent.parent
PLATFORMS = sorted(f.parent.name for f in (ROOT / "channels").glob("*/adapter.py"))


def run(*command: str, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    """Every rule is on; each exception stands in pyproject.toml."""
    run("ruff", "check", ".")


def test_ruff_would_format_nothing() -> None:
    """One form for every file."""
    run("ruff", "format", "--check", ".")


def test_mypy_is_satisfied_with_library_and_flows() -> None:
    """Strict."""
    run("mypy")


def test_mypy_is_satisfied_with_the_tests() -> None:
    """As strictly; platforms and what is data are left out."""
    run("mypy", "--config-file", "tests/mypy.ini")


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What mypy knows of the library, which every platform imports."""
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_mypy_is_satisfied_with_each_platform(platform: Any, looked_at: Path) -> None:
    """One by one: each folder has a file of the same name. Under a name that a package can have, as it is imported."""
    here = looked_at / platform.replace("-", "_")
    here.mkdir()
    package = here / here.name
    package.symlink_to(ROOT / "channels" / platform)
    files = sorted(str(f) for f in package.glob("*.py"))
    run("mypy", "--explicit-package-bases", "--cache-dir", str(looked_at / "known"), *files, MYPYPATH=str(here))
