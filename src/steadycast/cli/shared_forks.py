"""Children of `up` that share with it what is loaded: a fork goes on as the Python program that it is told to be."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from steadycast import on_demand
from steadycast.ops.ticking import forked

POSSIBLE = sys.platform == "linux"  # what is loaded on other systems does not live through a fork
M_ARENA_MAX = -8  # malloc.h
PR_SET_NAME = 15  # linux/prctl.h
# What several of the children work with. What is one child's alone is loaded there: it would lie here a second time.
SHARED = ("anyio._backends._asyncio", "fastapi", "sqlalchemy.dialects.sqlite.aiosqlite", "uvicorn")
OF_PREFECT = ("prefect.runner", "prefect.deployments.runner", "prefect.client.orchestration")


class Fork:
    """A fork with the face of a `subprocess.Popen`."""

    def __init__(self, work: Callable[[], int | None]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid, self.returncode = forked(work), None

    returncode: int | None

    def poll(self) -> int | None:
        """The exit code once it has ended."""
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, when it has ended."""
        until = time.monotonic() + (float("inf") if timeout is None else timeout)
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            time.sleep(0.01)
        return code


def load(names: Iterable[str] = ()) -> None:
    """Loads what the children work with, once for all. Nothing of it is looked through for garbage: it stays shared."""
    with contextlib.suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)  # threads that share one heap leave less of it unused
    on_demand.load()
    for name in names:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def become(name: str, command: Sequence[str], env: Mapping[str, str], cwd: Path, log: int | None) -> NoReturn:
    """Goes on as `python COMMAND…` would in a session and a folder of its own, with its output in `log`."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (1, 2) if log is not None else ():
        os.dup2(log, stream)  # type: ignore[arg-type]
    os.chdir(cwd)
    os.environ.update(env)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_NAME, f"up: {name}".encode()[:15])
    if callable(signal.getsignal(signal.SIGINT)):
        signal.signal(signal.SIGINT, signal.default_int_handler)
    _run(list(command))
    raise SystemExit(0)


def _run(words: list[str]) -> None:
    """What `python` does with these words: -m and a module, -c and code, or a file; and what is for the program."""
    first, *rest = words
    if first == "-m":
        sys.argv, sys.path[0] = rest, ""
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv, sys.path[0] = ["-c", *rest[1:]], ""
        exec(rest[0], {"__name__": "__main__"})  # noqa: S102  ours: no word of it comes from outside
    else:
        sys.argv, sys.path[0] = words, str(Path(first).parent)
        runpy.run_path(first, run_name="__main__")
