"""Child processes of `steadycast up`: each in a group of its own, and none of them left behind."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Self

from steadycast.cli import shared_forks
from steadycast.cli.shared_forks import Fork
from steadycast.crash_safety import ending, forks

GRACE = 3.0  # seconds between SIGTERM and SIGKILL, for who sends nothing
LONGEST = ending.GRACE + 2  # who sends ends by itself before that
LOOK = 0.5  # seconds between two looks whether anybody sends
PAUSE = 5.0  # seconds between two starts of the same child
Child = subprocess.Popen[bytes] | Fork


class Processes:
    """The children that were started, in order; leaving the `with` block ends them all."""

    def __init__(
        self, logs: Path, *, share: bool = False, send: Callable[[Collection[int]], bool] = lambda _groups: False
    ) -> None:
        """With `share`, children are forks where that is safe: they share what is loaded here.

        `send` says whether any of these process groups is sending: that one is given longer to end.
        """
        self.logs, self.share, self._send = logs, share, send
        self.running: dict[str, Child] = {}
        self._again: dict[str, Callable[[], None]] = {}
        self._begun: dict[str, float] = {}

    def start(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        *,
        again: bool = False,
        aloud: bool = False,
    ) -> None:
        """Starts `python COMMAND…`, whose output goes to a log file; its group is its own, so Ctrl-C reaches only us.

        `again`: should it end, `revive` starts it once more. `aloud`: its output goes where ours goes.
        """
        if again:
            self._again[name] = partial(self.start, name, command, env, cwd, again=True, aloud=aloud)
        self._begun[name] = time.monotonic()
        if aloud:
            self.running[name] = self._child(name, command, env, cwd, None)
            return
        self.logs.mkdir(parents=True, exist_ok=True)
        file = self.logs / f"{name}.log"
        if file.exists():
            file.replace(file.with_suffix(".log.1"))  # one run before this one is kept
        with file.open("wb") as log:
            self.running[name] = self._child(name, command, env, cwd, log.fileno())

    def finish(self, name: str, stop: threading.Event | None = None, within: float = math.inf) -> int:
        """Waits for a child that ends by itself, until we are to stop, or for so many seconds; its exit code, or 0.

        One that has not ended stays among those that run.
        """
        child, until = self.running[name], time.monotonic() + within
        while child.poll() is None:
            time.sleep(0.05)
            if (stop and stop.is_set()) or time.monotonic() > until:
                return 0
        return self.running.pop(name).returncode or 0

    def _child(self, name: str, command: Sequence[str], env: Mapping[str, str], cwd: Path, log: int | None) -> Child:
        if self.share and forks.are_safe():
            return Fork(lambda: shared_forks.become(name, command, env, cwd, log))
        return subprocess.Popen(  # noqa: S603
            [sys.executable, *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **env},
            cwd=cwd,
            start_new_session=True,
            preexec_fn=partial(forks.die_with_parent, os.getpid()),  # noqa: PLW1509  only a system call: safe between fork and exec
        )

    def dead(self, but: str = "") -> dict[str, int]:
        """Children that have ended and are not started again, with their exit codes; `but` one that may end."""
        expected = {but, *self._again}
        return {n: code for n, p in self.running.items() if n not in expected and (code := p.poll()) is not None}

    def revive(self) -> None:
        """Starts those again that have ended and may be; one that ends at once, only every `PAUSE` seconds."""
        for name, start in list(self._again.items()):
            if self.running[name].poll() is not None and time.monotonic() - self._begun[name] > PAUSE:
                self._signal(self.running[name], signal.SIGKILL)  # what it may have left in its group
                start()

    def end(self, name: str) -> None:
        """Ends a child that hangs, so that `revive` starts it again."""
        self._signal(self.running[name], signal.SIGKILL)

    def stop(self) -> None:
        """Ends every group: SIGTERM, and SIGKILL for what is left after its grace. Who sends is given longer.

        A second Ctrl-C cuts the waiting short: it leaves none behind either.
        """
        try:
            for process in self.running.values():
                self._signal(process, signal.SIGTERM)
            self._wait_for_all()
        finally:
            for process in self.running.values():
                self._signal(process, signal.SIGKILL)
            for process in self.running.values():
                process.wait()

    def _wait_for_all(self) -> None:
        began = time.monotonic()
        until, look = began + GRACE, began + LOOK
        while (now := time.monotonic()) < until and any(self._alive(process) for process in self.running.values()):
            if now >= look:
                if self._send({process.pid for process in self.running.values()}):
                    until = max(until, min(now + GRACE, began + LONGEST))
                look = time.monotonic() + LOOK
            time.sleep(0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @staticmethod
    def _signal(process: Child, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)

    @staticmethod
    def _alive(process: Child | Fork) -> bool:
        process.poll()
        return forks.group_lives(process.pid)
