"""axe, the field's checker of accessibility: installed from tests/output/package-lock.json, which holds its hash."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

TOOLS = Path(__file__).parent / "output"
SCRIPT = TOOLS / "node_modules/axe-core/axe.min.js"


def install() -> None:
    """Node's packages, there or installed once for all test processes; a machine without npm fails here, and says so."""
    assert shutil.which("npm"), "npm is missing: apt install npm"
    with (TOOLS / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not SCRIPT.is_file():
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=TOOLS, check=True, timeout=300)


def faults(page: Page, *, exclude: str = "") -> list[str]:
    """What axe finds on a page whose policy lets it in, each as the rule and where; [] is the bar.

    Frames are left out: their pages are looked at by themselves.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    left_out = [[exclude]] if exclude else []
    told = page.evaluate("left => axe.run({exclude: left}, {resultTypes: ['violations'], iframes: false})", left_out)
    return [f"{fault['id']}: {node['html'][:160]}" for fault in told["violations"] for node in fault["nodes"]]
