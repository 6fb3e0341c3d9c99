"""Measures Steadycast beside its peers, in the same minutes, and writes RESULTS.md.

make bench                                    every row: about an hour on two cores
make bench ARGS="--rows rendering --size 1000"  these alone, anew: the others stay as they were
make bench ARGS="--quick --out -"             every row at its smallest, to see that all of it runs
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROWS = (
    "starting", "commands", "resting", "slots", "classes", "drill", "ledger", "pages", "sending", "reading", "rendering",
    "sites", "publishing",
)  # fmt: skip
NOTES = HERE / "NOTES.md"
HEAD = "## `"
INTRODUCTION = """\
Each row stands beside its peer, measured in the same minutes by the command over its table; `make bench` measures all of them.
What a row means, and where the time goes, stands [below](#how-to-read-this).

"""


def options() -> argparse.Namespace:
    """What was asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", nargs="*", choices=ROWS, default=list(ROWS), help="only these")
    asked.add_argument("--size", type=int, nargs="*", default=[100, 1_000, 10_000], help="drafts to render")
    asked.add_argument("--deliveries", type=int, default=1_000_000, help="deliveries in the large ledger")
    asked.add_argument("--rounds", type=int, default=3, help="rounds that count, after one that warms up")
    asked.add_argument("--quick", action="store_true", help="the smallest of everything: says whether it runs, no more")
    asked.add_argument("--out", default=str(HERE / "RESULTS.md"), help="the file to write; - for standard output")
    asked.add_argument("--memory", type=Path, default=_memory(), help="a folder in memory, for files that come and go")
    return asked.parse_args()


def _memory() -> Path:
    shared = Path("/dev/shm")
    return shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())


def rows(name: str, asked: argparse.Namespace, memory: Path, disk: Path) -> Iterator[object]:
    """The rows of that name, each as soon as it is measured."""
    quick, rounds = asked.quick, 1 if asked.quick else asked.rounds
    if name == "starting":
        import starting

        yield from starting.rows(memory, 1 if quick else rounds * 3)
    if name == "resting":
        import resting

        yield from resting.rows(memory, 5 if quick else 1_260, 2 if quick else 30)  # 21 min: two of all that runs
    if name == "slots":
        import rhythms

        yield from rhythms.rows(10 if quick else 1_000, rounds)
    if name == "commands":
        import commands

        yield from commands.rows(memory, [60, 120] if quick else [60, 1_000, 10_000], rounds)
    if name == "classes":
        import classes

        yield from classes.rows(2 if quick else 100, rounds)
    if name == "drill":
        import drilling

        yield from drilling.rows(5 if quick else 84, rounds)
    if name == "ledger":
        import ledgers

        yield from ledgers.rows(memory, 5_000 if quick else asked.deliveries, rounds)
    if name == "pages":
        import pages

        yield from pages.rows(memory, 2_000 if quick else asked.deliveries // 10, rounds)
    if name == "sending":
        import bursts
        import sending

        yield from sending.rows(memory, disk, 70 if quick else 1_000, 1 if quick else 60, rounds)
        yield from bursts.rows(disk, [70] if quick else [1_000, 5_000], rounds)
    if name == "reading":
        import reading

        yield from reading.rows(memory, 16 if quick else 400, rounds)
    if name == "rendering":
        import rendering

        if shutil.which("hugo"):
            yield from rendering.rows(memory, [10] if quick else asked.size, rounds)
        else:
            print("Hugo is not installed (apt install hugo): nothing to render against", file=sys.stderr)

    if name == "sites" and shutil.which("hugo"):
        import sites

        yield from sites.rows(memory, [1, 10] if quick else [1, *(n for n in asked.size if n >= 1_000)], rounds)
    if name == "publishing":
        import publishing

        yield from publishing.rows(memory, [10] if quick else [n for n in asked.size if n >= 1_000], rounds)


def table(found: list[object]) -> str:
    """The rows as Markdown."""
    lines = ["| what | Steadycast | peer | ratio | target | |", "|---|---|---|---|---|---|"]
    for row in found:
        mark = {True: "met", False: "**missed**", None: ""}[row.met]  # type: ignore[attr-defined]
        cells = (row.what, row.ours, row.peer, row.ratio, row.target, mark)  # type: ignore[attr-defined]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def machine() -> str:
    """Where and with what it was measured."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    versions = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}"]
    if shutil.which("hugo"):
        versions.append(
            " ".join(subprocess.run(["hugo", "version"], capture_output=True, text=True, check=True).stdout.split()[:2])
        )
    versions += [
        f"{name} {importlib.metadata.version(name)}"
        for name in ("requests", "croniter", "python-dateutil", "steadycast")
    ]
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GB; {platform.system()} {platform.release()}; load "
        f"{os.getloadavg()[0]:.1f} at the end.\n{', '.join(versions)}."
    )


def section(name: str, found: list[object]) -> str:
    """The rows of one name, with when, where and by what they were measured."""
    command = f"python benchmarks/run.py --rows {name}"
    return f"{HEAD}{command}`\n\n{dt.datetime.now(dt.UTC):%Y-%m-%d}, {machine()}\n\n{table(found)}\n\n"


def results(before: str, fresh: dict[str, str]) -> str:
    """The whole file: what was measured now, and what was `before` of all other rows."""
    kept = dict(re.findall(rf"({re.escape(HEAD)}[^`]* (\w+)`.*?)(?=^## )", before, re.MULTILINE | re.DOTALL))
    there = {name: text for text, name in kept.items()} | fresh
    return "# Results\n\n" + INTRODUCTION + "".join(there.get(name, "") for name in ROWS) + NOTES.read_text("utf-8")


def main() -> None:
    """Measures, tells each row as it comes, and writes the results."""
    asked = options()
    fresh: dict[str, str] = {}
    with (
        tempfile.TemporaryDirectory(dir=asked.memory, prefix="steadycast-bench-") as memory,
        tempfile.TemporaryDirectory(dir=HERE, prefix=".bench-") as disk,
    ):
        for name in asked.rows:
            found = []
            for row in rows(name, asked, Path(memory), Path(disk)):
                found.append(row)
                print(f"{row.what}: {row.ours} | {row.peer} | {row.ratio}", file=sys.stderr, flush=True)  # type: ignore[attr-defined]
            if found:
                fresh[name] = section(name, found)
    if asked.out == "-":
        print(results("", fresh))
    else:
        out = Path(asked.out)
        out.write_text(results(out.read_text("utf-8") if out.is_file() else "", fresh), encoding="utf-8")


if __name__ == "__main__":
    main()
