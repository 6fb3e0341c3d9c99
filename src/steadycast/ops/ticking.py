"""Ticks out of a process that has everything loaded: forks of it, so that none can harm it or make it grow."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import steadycast
from steadycast.crash_safety import ending, forks

EVERY = re.compile(r"(?:\*(?:/([1-9]\d?))?|(\d{1,2})) \* \* \* \*")
LONGEST = 1800.0  # seconds, where a flow does not say that it may take longer
END = signal.SIGUSR1  # asks one that hangs to end, and with it the programs that it started
GRACE = 30.0  # seconds that it has for that
TOO_LONG = 11  # its exit code
APART = 5.0  # seconds that a tick waits at most for the one before it
TOLD = 10  # exit code of a tick that told what it did
heeded = ending.heeded  # for a flow whose work is done in another thread than the one that hears signals


class Look(NamedTuple):
    """What a tick is to tell besides what it did: how many before it did nothing, and what became of the last."""

    quiet: int = 0
    due: bool = True  # a summary, once an hour
    fault: str = ""


@dataclass(slots=True)
class Job:
    """One deployment that runs at some minutes of every hour, and how its ticks do."""

    name: str
    minutes: frozenset[int]
    zone: ZoneInfo
    most: int = 1  # side by side
    longest: float = LONGEST
    running: dict[int, float] = field(default_factory=dict)  # since when, by process
    quiet: int = 0
    hour: int = 0  # since 1970, in which Prefect was told last
    fault: str = ""

    def is_due(self, after: float, until: float) -> bool:
        """Whether one of its minutes began in (after, until]; after a sleep of hours, once."""
        first = max(int(after // 60), int(until // 60) - 60) + 1
        begun = (dt.datetime.fromtimestamp(n * 60, self.zone) for n in range(first, int(until // 60) + 1))
        return any(at.minute in self.minutes for at in begun)


def jobs(deployments: Iterable[Mapping[str, Any]]) -> dict[str, Job]:
    """The deployments of prefect.yaml that tick beside Prefect, by name: they run every hour, and name no series."""
    found = {}
    for entry in deployments:
        if minutes := _minutes(entry):
            limit = entry.get("concurrency_limit") or 1
            zone = ZoneInfo(entry["schedules"][0].get("timezone") or "UTC")
            most = limit["limit"] if isinstance(limit, dict) else limit
            found[entry["name"]] = Job(entry["name"], minutes, zone, most)
    return found


def _minutes(entry: Mapping[str, Any]) -> frozenset[int]:
    """The minutes of every hour at which one runs; none where its rhythm is another, or is switched off."""
    found: set[int] = set()
    for schedule in entry.get("schedules") or ():
        said = EVERY.fullmatch(str(schedule.get("cron")))
        if not said or not schedule.get("active", True) or (entry.get("parameters") or {}).get("series"):
            return frozenset()
        step, minute = said.groups()
        found.update([int(minute)] if minute else range(0, 60, int(step or 1)))
    return frozenset(found)


class Ticking:
    """Starts ticks in forks, one after another; reaps them, ends what hangs, and keeps what each is to tell.

    `work` does one tick by its job's name and says whether it told. `command` does the same in a process of its own:
    where a fork is not safe, or where the code is another by now than what is loaded here.
    """

    def __init__(
        self,
        work: Callable[[str, Look], bool],
        command: Sequence[str],
        code: Iterable[Path],
        clock: Callable[[], float],
    ) -> None:
        self.work, self.command, self.clock = work, command, clock
        self.folders = (Path(steadycast.__file__).parent, *code)
        self.jobs: dict[str, Job] = {}
        self.loaded = self._code()
        self.seen = clock()
        self.waiting: list[str] = []
        self.begun = 0.0

    def follow(self, fresh: Mapping[str, Job]) -> None:
        """Goes by other rhythms from now on; what runs goes on."""
        for name, job in fresh.items():
            if (old := self.jobs.get(name)) is not None:
                job.running, job.quiet, job.hour, job.fault = old.running, old.quiet, old.hour, old.fault
        gone = {pid: at for name, job in self.jobs.items() if name not in fresh for pid, at in job.running.items()}
        before, self.jobs = self.jobs, dict(fresh)
        if gone:
            longest = max(job.longest for job in before.values())
            self.jobs[""] = Job("", frozenset(), ZoneInfo("UTC"), longest=longest, running=gone)

    def beat(self) -> None:
        """Starts one of those that fell due since the last beats. A clock that was put back waits for nothing."""
        now = self.clock()
        after, self.seen = min(self.seen, now), now
        due = [job.name for job in self.jobs.values() if job.is_due(after, now) and job.name not in self.waiting]
        # The sweep first. One after another: side by side they would hold several times the memory.
        self.waiting += sorted(due, key=lambda name: -len(self.jobs[name].minutes))
        alone = not any(job.running for job in self.jobs.values())
        if self.waiting and (alone or time.monotonic() - self.begun >= APART):
            job = self.jobs.get(self.waiting.pop(0))
            if job and len(job.running) < job.most:
                try:
                    self._start(job)
                except OSError as error:  # no memory or process to be had just now: its next minute comes
                    job.fault = f"a run before this one did not start: {error}"

    def rest(self) -> None:
        """Waits until the next beat."""
        time.sleep(min(1.0, 60 - self.clock() % 60))

    def reap(self) -> dict[int, int]:
        """Notes which ticks ended, and ends those that hang; gives the exit codes of other children, by process."""
        others = {}
        for pid, code in _ended():
            job = next((job for job in self.jobs.values() if pid in job.running), None)
            if job is None:
                others[pid] = code
                continue
            del job.running[pid]
            if code == TOLD:
                job.quiet, job.fault, job.hour = 0, "", self._hour()
            else:
                job.quiet += 1
            if code not in (0, TOLD):
                job.fault = f"a run before this one ended with code {code}"
        for job in self.jobs.values():
            for pid, since in job.running.items():
                lasted = time.monotonic() - since
                if lasted > job.longest:
                    os.kill(pid, signal.SIGKILL if lasted > job.longest + GRACE else END)
        return others

    def _hour(self) -> int:
        return int(self.clock() // 3600)

    def _start(self, job: Job) -> None:
        look = Look(job.quiet, job.hour != self._hour(), job.fault)
        command = [*self.command, job.name, json.dumps(look)]
        pid = child(lambda: TOLD if self.work(job.name, look) else 0, command, anew=self._code() != self.loaded)
        job.running[pid] = self.begun = time.monotonic()

    def _code(self) -> frozenset[tuple[str, int, int]]:
        """What tells that the code on the disk is another one: a process of its own takes it up at once."""
        found = set()
        for file in (file for folder in self.folders for file in folder.rglob("*.py")):
            with contextlib.suppress(OSError):  # an editor's copy that is gone again
                stat = file.stat()
                found.add((str(file), stat.st_mtime_ns, stat.st_size))
        return frozenset(found)


def child(work: Callable[[], int | None], command: Sequence[str], *, anew: bool = False) -> int:
    """The process id of a fork that does this work; where no fork is safe, or `anew`, of Python with that command."""
    if anew or not forks.are_safe():
        return os.posix_spawn(sys.executable, [sys.executable, *command], os.environ)
    return forked(work)


def forked(work: Callable[[], int | None]) -> int:
    """The process id of a fork, which ends with the code that `work` gives; where it fails, with 1."""
    parent = os.getpid()
    if pid := os.fork():
        return pid
    code = 1
    try:
        forks.die_with_parent(parent)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # at once, but for what it sends: `ending`
        signal.signal(END, lambda *_: sys.exit(TOO_LONG))
        code = work() or 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:  # whatever failed, such as a full disk: no second parent goes on from here
            os._exit(code)


def _ended() -> Iterator[tuple[int, int]]:
    """The children that have ended, with their exit codes."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        yield pid, os.waitstatus_to_exitcode(status)
