"""Forks: where one is safe, and how it ends with its parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def are_safe() -> bool:
    """Whether this process may fork: threads make it unsafe, whose locks it would copy, and so do other systems."""
    return sys.platform == "linux" and threading.active_count() == 1


def are_worth_it() -> bool:
    """Whether a fork is safe, and another processor is there for it."""
    return are_safe() and len(os.sched_getaffinity(0)) > 1


def die_with_parent(parent: int) -> None:
    """Asks Linux to end this child when its `parent` dies, even by SIGKILL; other systems have no such call."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before it was asked for
            os.kill(os.getpid(), signal.SIGKILL)


def group_lives(group: int) -> bool:
    """Whether a process of that group still runs: one that has ended, and whose parent too, may wait to be reaped."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    if sys.platform != "linux":
        return True
    return any(_runs_in(group, each.name) for each in Path("/proc").iterdir() if each.name.isdigit())


def _runs_in(group: int, process: str) -> bool:
    try:
        with Path("/proc", process, "stat").open(encoding="utf-8", errors="replace") as file:
            state, _parent, its, *_ = file.read().rpartition(")")[2].split()
    except (OSError, ValueError):  # it is gone
        return False
    return int(its) == group and state not in "ZX"


def beside(there: Callable[[], object], here: Callable[[], object]) -> bool:
    """Does `here` while a fork does `there`; whether the fork did all of it, and else nothing is known of it.

    It has ended when this returns or raises.
    """
    parent = os.getpid()
    try:
        pid = os.fork()
    except OSError:  # no more processes, or no memory for one
        here()
        return False
    if not pid:
        _there(there, parent)
    whole = False
    try:
        here()
        whole = True
    finally:
        if not whole:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    return status == 0


def _there(work: Callable[[], object], parent: int) -> None:
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        die_with_parent(parent)
        work()
        code = 0
    finally:  # whatever failed: no second parent goes on from here
        os._exit(code)
