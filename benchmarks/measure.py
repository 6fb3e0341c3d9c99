"""Runs of a thing and of its peer, in turn, so that a machine that drifts drifts under both; medians and ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One run of one command, with every process that it started and waited for."""

    wall: float  # seconds
    cpu: float  # seconds, user and system


@dataclass
class Row:
    """One line of the results."""

    what: str
    ours: str
    peer: str
    ratio: str
    target: str
    met: bool | None  # None: there is nothing to hold it against
    notes: list[str] = field(default_factory=list)


def run(
    command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None, *, may_end_with: Collection[int] = (0,)
) -> Run:
    """One run of a command; raises RuntimeError with what it said when it ends with another code."""
    with tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        child = subprocess.Popen(
            command, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in may_end_with:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)}: {said.read()[-600:].decode(errors='replace')}")
    return Run(wall, used.ru_utime + used.ru_stime)


def peak_memory(command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> float:
    """Megabytes that the command and its children held at once, shared pages counted once; a run that is not timed."""
    most, over = 0, threading.Event()
    with subprocess.Popen(
        command, cwd=cwd, env={**os.environ, **(env or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        while child.poll() is None:
            most = max(most, sum(map(_held, _tree(child.pid))))
            over.wait(0.03)
    return most / 1024


def _tree(pid: int) -> list[int]:
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for below in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                found += _tree(int(below))
    except OSError:
        pass
    return found


def _held(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def written() -> int:
    """Bytes that this process and those that it waited for have written, to files or elsewhere."""
    return int(Path("/proc/self/io").read_text().partition("wchar: ")[2].split()[0])


def timed(work: Callable[[], object]) -> float:
    """Seconds of wall time of one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def in_turn(rounds: int, *works: Callable[[], object], warm: int = 1) -> list[list[float]]:
    """Seconds of each call of each work, A B A B; the first `warm` rounds are not counted."""
    found: list[list[float]] = [[] for _ in works]
    for n in range(warm + rounds):
        for work, times in zip(works, found, strict=True):
            seconds = timed(work)
            if n >= warm:
                times.append(seconds)
    return found


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def ratio(ours: Sequence[float], peer: Sequence[float]) -> float:
    """The median of the rounds' own ratios."""
    return statistics.median(a / b for a, b in zip(ours, peer, strict=True))


def seconds(value: float) -> str:
    """A time as people read it."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms" if value >= 0.001 else f"{value * 1e6:.0f} µs"
