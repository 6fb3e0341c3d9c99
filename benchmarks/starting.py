"""What commands take that have little to do, beside a Python that has nothing to do and one that loads their libraries.

A community of 60 drafts and two channels of files, planned, with nothing due.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import corpus
from measure import Row, ratio, run, seconds

STEADYCAST = str(Path(sys.executable).with_name("steadycast"))
DRAFTS = 60
# Seconds of CPU: half of what each took in November 2026, on two quiet cores.
TARGETS = {"--help": 0.15, "status": 0.75, "list": 1.0, "plan": 0.85, "check": 0.85, "publish": 0.8}
# What a command cannot do without as it is built: its arguments, its settings' checker, its database's statements.
FLOOR = "import cyclopts, pydantic, sqlalchemy.dialects.sqlite; pydantic.BaseModel; cyclopts.App"
HELP_FLOOR = "import cyclopts, rich.console, rich.table, rich.panel; cyclopts.App"
COUNT = """
import sys
from steadycast.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(len(sys.modules), file=sys.stderr)
"""


def rows(folder: Path, rounds: int) -> Iterator[Row]:
    """`--help`, and the commands that a person or a cron gives many times a day."""
    place = _community(folder / "starting")
    for word, target in TARGETS.items():
        floor = HELP_FLOOR if word == "--help" else FLOOR
        commands = ([STEADYCAST, word], [sys.executable, "-c", floor], [sys.executable, "-c", "pass"])
        found: list[list[float]] = [[], [], []]
        for n in range(rounds + 1):  # the first warms up
            for command, times in zip(commands, found, strict=True):
                cpu = run(command, place, may_end_with=(0, 1)).cpu
                if n:
                    times.append(cpu)
        ours, libraries, bare = found
        yield Row(
            f"`steadycast {word}`, {DRAFTS} drafts",
            f"{seconds(median(ours))} CPU, {_modules(word, place)} modules",
            f"its libraries alone {seconds(median(libraries))}, python -c pass {seconds(median(bare))}",
            f"{ratio(ours, libraries):.1f} x",
            f"<= {target} s",
            median(ours) <= target,
        )


def _community(place: Path) -> Path:
    run([STEADYCAST, "init", str(place)], place.parent)
    corpus.write(place / "content" / "pgc", DRAFTS)
    for words in (["intake"], ["approve", "--archive"], ["plan"], ["publish"]):
        run([STEADYCAST, *words], place, may_end_with=(0, 1))  # 1: something waits for a person
    return place


def _modules(word: str, place: Path) -> int:
    told = subprocess.run([sys.executable, "-c", COUNT, word], cwd=place, capture_output=True, text=True, check=True)
    return int(told.stderr.split()[-1])
