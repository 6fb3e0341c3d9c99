"""Every crash point, each platform: in a first sending, in a retry, in recovery, in recovery of recovery, and frozen.

One small story each, on a ledger of its own, before one far side that takes everything. A process is forked for each
tick and dies (SIGKILL) at its point; then others go on. Between two of them the clock is set on to the next thing
that wakes, since nobody is there to whom it would jump, and nothing is on its way. Whoever is frozen instead, stays so
in real time until the others have settled everything, and is then thawed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import signal
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from steadycast import crashpoints
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import OPEN
from storm import worker
from storm.checker import Finding, judge
from storm.history import History, logs, stories
from storm.log import Log
from storm.weather import POINTS, Scene

CHANNELS = ("conditional-1", "two-phase-0", "read-back-0", "read-back-1", "blind-0")
PHASES: dict[str, tuple[str | None, ...]] = {  # what each tick dies of: None is told "429", "*" is the point in question
    "first": ("*",),
    "retry": (None, "*"),
    "recovery": ("answered", "*"),
    "again": ("answered", "*", "*"),
    "in doubt": ("request-left", "*", "*"),
}
FROZEN = tuple(p for p in POINTS if not p.endswith("-written"))  # there he would keep everybody from the ledger
LAPSE = 4.0  # seconds: the longest lease here has lapsed
NOTHING = 1e9  # seconds until nothing wakes
MOST = 14  # ticks until a story must have ended


@dataclass
class Case:
    """One story: where it dies or freezes, and how it ended."""

    channel: str
    phase: str
    point: str
    slot: str
    came: int = 0  # how often the point was come to
    shift: float = 0.0
    findings: list[Finding] = field(default_factory=list)


def cases(channel: str) -> list[Case]:
    """Every point in every phase, and every point to freeze at."""
    wanted = [(phase, point) for phase in PHASES for point in POINTS] + [("frozen", point) for point in FROZEN]
    return [Case(channel, phase, point, f"{channel}-{n}") for n, (phase, point) in enumerate(wanted)]


def run(channels: Sequence[str] = CHANNELS, seed: int = 1) -> list[Case]:
    """All of them, judged."""
    worker.scaled_once()
    done: list[Case] = []
    for channel in channels:
        with Scene(seed) as scene:
            mine = cases(channel)
            empty = scene.folder / "empty.sqlite"
            shutil.copyfile(scene.address, empty)
            scene.control("calm", calm=True)
            for case in [case for case in mine if case.phase != "frozen"]:
                shutil.copyfile(empty, scene.address)
                _die(scene, case)
                _judge(scene, case, scene.ledger)
            _freeze(scene, [case for case in mine if case.phase == "frozen"], empty)
            done += mine
    return done


def _die(scene: Scene, case: Case) -> None:
    """Its deaths, one process each, then others until all has ended; the ledger was opened before any was forked."""
    _promise(scene, case, scene.ledger)
    for death in PHASES[case.phase]:
        if death is None:
            scene.control("script", script={"send": ["too-many"]})
        died = _wait(_tick(scene, case, scene.ledger, case.point if death == "*" else death, "kill")) != 0
        case.came += died and death == "*"
        scene.control("still")
        case.shift += LAPSE if died else max(scene.shared[0], 0) if scene.shared[0] != NOTHING else 0
    for _ in range(MOST):
        _wait(_tick(scene, case, scene.ledger, None))
        if (ahead := scene.shared[0]) == NOTHING:
            break
        case.shift += max(ahead, 0)


def _freeze(scene: Scene, mine: Sequence[Case], empty: Path) -> None:
    """All at once, as they wait in real time: freeze, go on without them until it is settled, thaw, go on."""
    frozen: dict[int, Case] = {}
    with contextlib.ExitStack() as stack:
        ledgers = {}
        for case in mine:
            path = scene.folder / f"{case.slot}.sqlite"
            shutil.copyfile(empty, path)
            ledgers[case.slot] = stack.enter_context(Ledger.open(path))
            _promise(scene, case, ledgers[case.slot])
        try:
            for case in mine:
                pid = _tick(scene, case, ledgers[case.slot], case.point, "stop")
                _, status = os.waitpid(pid, os.WUNTRACED)
                if os.WIFSTOPPED(status):
                    frozen[pid], case.came = case, 1
            _go_on(scene, [case for case in frozen.values()], ledgers)
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
            for pid in frozen:
                os.waitpid(pid, 0)
        _go_on(scene, mine, ledgers)
        for case in mine:
            _judge(scene, case, ledgers[case.slot])


def _go_on(scene: Scene, mine: Sequence[Case], ledgers: Mapping[str, Ledger]) -> None:
    """Ticks in real time, each story when it wakes, until none does."""
    wakes = dict.fromkeys((case.slot for case in mine), 0.0)
    until = time.monotonic() + 12
    while wakes and time.monotonic() < until:
        for case in [case for case in mine if wakes.get(case.slot, NOTHING) <= time.monotonic()]:
            _wait(_tick(scene, case, ledgers[case.slot], None))
            wakes[case.slot] = time.monotonic() + scene.shared[0]
            if scene.shared[0] == NOTHING:
                del wakes[case.slot]
        time.sleep(0.01)


def _promise(scene: Scene, case: Case, ledger: Ledger) -> None:
    scene.promise(ledger, case.slot, [case.channel], dt.datetime.now(dt.UTC))
    ledger.close()  # nothing is open across a fork


def _tick(scene: Scene, case: Case, ledger: Ledger, point: str | None, how: str = "") -> int:
    """A process that ticks once, tells when something wakes, and ends with 0 unless it comes to the point."""
    if pid := os.fork():
        return pid
    try:
        signal.alarm(20)  # nothing here takes as long
        clock = worker.Shifted(case.shift)
        log = Log(scene.folder / "ours.log", now=clock.monotonic)
        ledger.engine.dispose(close=False)
        if point:
            crashpoints.arm(point, 1, how)
        worker.tick(ledger, worker.Desk(scene.url, log, clock), clock, choose=list, workers=2)
        crashpoints.disarm()
        wakes = [row.wake for row in ledger.deliveries() if row.wake and row.state in OPEN]
        scene.shared[0] = (min(wakes) - clock.now()).total_seconds() + 0.001 if wakes else NOTHING
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(3)


def _wait(pid: int) -> int:
    """How it ended; one that raised has found something by itself."""
    _, status = os.waitpid(pid, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 3:
        raise RuntimeError("a tick ended by an error of its own: its traceback is above")
    return status


def _judge(scene: Scene, case: Case, ledger: Ledger) -> None:
    read = logs(scene.folder)
    told = History(stories(ledger, read, scene.kinds()), scene.spans.deadline, scene.spans.settle)
    mine = {ledger.marker(f"storm@{case.slot}", case.channel)}
    case.findings = [f for f in judge(told).findings if f.key in mine]
    ledger.close()
    if case.phase != "frozen":  # the next story's logs begin empty
        for side in ("ours", "far"):
            os.truncate(scene.folder / f"{side}.log", 0)


def table(done: Sequence[Case]) -> tuple[list[str], list[list[str]]]:
    """A row a platform, a column a phase: stories run, and of them those that came to their point."""
    phases = [*PHASES, "frozen"]
    rows = []
    for channel in dict.fromkeys(case.channel for case in done):
        of = {p: [c for c in done if (c.channel, c.phase) == (channel, p)] for p in phases}
        broken = sum(bool(c.findings) for c in done if c.channel == channel)
        rows.append([channel, *(f"{sum(c.came > 0 for c in of[p])} of {len(of[p])}" for p in phases), str(broken)])
    return ["platform", *phases, "broken"], rows


def shown(case: Case) -> str:
    """One broken story in a line."""
    return f"{case.channel}, {case.phase}, at {case.point}: " + "; ".join(map(str, case.findings))
