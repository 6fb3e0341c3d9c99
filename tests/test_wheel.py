"""What people install: one import name, everything in it, and a workspace from nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.every_platform

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The wheel, built from this checkout and unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder), "."]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=180)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def steadycast(*words: str, site: Path, cwd: Path) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("STEADYCAST_") or k == "STEADYCAST_LANGUAGE"}
    done = subprocess.run(
        [sys.executable, "-c", "from steadycast.cli import main; main()", *words],
        cwd=cwd, env={**clean, "PYTHONPATH": str(site)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


@pytest.mark.parallel
@pytest.mark.slow
def test_it_owns_one_import_name(unpacked: Any) -> None:
    """No `channels`, no `flows`: those are other packages' names."""
    names = {p.name for p in unpacked.iterdir() if not p.name.endswith(".dist-info")}
    assert names == {"steadycast"}
    bundled = unpacked / "steadycast" / "_workspace"
    assert {p.name for p in bundled.iterdir()} == {"channels", "flows", "prefect.yaml"}
    assert not list(unpacked.rglob("__pycache__"))
    (info,) = unpacked.glob("*.dist-info")
    assert (info / "licenses" / "LICENSE").is_file()
    metadata = (info / "METADATA").read_text(encoding="utf-8")
    assert "License-Expression: Apache-2.0" in metadata


@pytest.mark.parallel
@pytest.mark.slow
def test_a_workspace_from_nothing_publishes(unpacked: Any, tmp_path: Path) -> None:
    """`pip install steadycast`, `steadycast init`, and the first page is there."""
    steadycast("init", "mine", site=unpacked, cwd=tmp_path)
    mine = tmp_path / "mine"
    assert "package" in steadycast("channel", "list", site=unpacked, cwd=mine)
    first = mine / "content" / "pgc" / "first.md"
    first.write_text(re.sub(r"draft: true.*\n", "", first.read_text(encoding="utf-8")), encoding="utf-8")
    assert "daily" in steadycast("up", "--once", site=unpacked, cwd=mine)
    assert "published" in steadycast("publish", "daily", site=unpacked, cwd=mine)
    assert (mine / "var" / "out" / "site" / "index.html").is_file()
    assert steadycast("deploy", "--check", site=unpacked, cwd=mine).startswith("prefect.yaml agrees")
    known = json.loads(steadycast("channel", "list", "--json", site=unpacked, cwd=mine))
    blind = next(row["platform"] for row in known if row["delivery"] == "blind")
    steadycast("channel", "eject", blind, "--name", "mine", site=unpacked, cwd=mine)
    assert (mine / "channels" / "mine" / "adapter.py").is_file()
    kept = json.loads(steadycast("channel", "test", "mine", "--json", site=unpacked, cwd=mine))
    assert {row["state"] for row in kept} <= {"kept", "not tried"}
