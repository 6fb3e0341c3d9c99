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
from typing import Any

from steadycast.crash_safety import crashpoints
from steadycast.delivery import Clock
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import OPEN
from storm import faults, worker
from storm.checker import Finding, judge
from storm.history import History, Kinds, logs, stories
from storm.log import Log
from storm.weather import POINTS, Scene

DRILLED = ("conditional-0", "conditional-1", "two-phase-0", "read-back-0", "read-back-3", "blind-0")
CHANNELS = ("conditional-1", "two-phase-0", "read-back-0", "read-back-1", "blind-0")
PHASES: dict[
    str, tuple[str | None, ...]
] = {  # what each tick dies of: None is told "429", "*" is the point in question
    "first": ("*",),
    "retry": (None, "*"),
    "recovery": ("answered", "*"),
    "again": ("answered", "*", "*"),
    "in doubt": ("request-left", "*", "*"),
}
FROZEN = tuple(p for p in POINTS if not p.endswith("-written"))  # there he would keep everybody from the ledger
LAST = "request-leaves"  # the wire's last question has been asked: what leaves now makes it a post
FREEZES = {"frozen": "cleared", "frozen in the send": LAST}
WALLS = {"ahead": 600.0, "back": -600.0}  # seconds
SET = tuple(f"wall {way}{when}" for way in WALLS for when in ("", "-in-send"))
LAPSE = 4.0  # seconds: the longest lease here has lapsed
NOTHING = 1e9  # seconds until nothing wakes
NOTE = "?"  # in place of a point: nobody dies
MOST = 14  # ticks until a story must have ended


class Web:
    """The scene's own far side, which writes its log itself."""

    kinds: Kinds = {}  # noqa: RUF012 the scene's own

    def app(self, scene: Scene, log: Log, clock: Clock) -> worker.App:
        """A worker's."""
        return worker.App(scene.url, log, clock)

    def tell(self, scene: Scene) -> None:
        """It has."""

    def wrong(self, ledger: Ledger) -> list[Finding]:
        """What the logs do not show: nothing."""
        return []


@dataclass
class Case:
    """One story: where it dies or freezes, and how it ended."""

    channel: str
    phase: str
    point: str
    slot: str
    came: int = 0  # how often the point was come to
    shift: float = 0.0
    wall: float = 0.0  # seconds that the wall is wrong by
    findings: list[Finding] = field(default_factory=list)
    side: Any = field(default_factory=Web)  # the far side


def run(channels: Sequence[str] = CHANNELS, seed: int = 1) -> list[Case]:
    """All of them, judged: a phase's first story only takes note of the points that it comes to."""
    worker.scaled_once()
    done: list[Case] = []
    for channel in channels:
        with Scene(seed) as scene:
            empty = scene.folder / "empty.sqlite"
            shutil.copyfile(scene.address, empty)
            scene.control("calm", calm=True)
            for phase in PHASES:
                noted = Case(channel, phase, NOTE, f"{channel}-{phase.replace(' ', '-')}")
                for case in [noted, *(Case(channel, phase, point, f"{noted.slot}-{point}") for point in POINTS)]:
                    if case is noted or case.point in _passed(scene, noted):
                        _begin_anew(scene, empty)
                        _die(scene, case)
                        _judge(scene, case, scene.ledger)
                        done.append(case)
            done += [_drilled(scene, empty, channel, kind) for kind in drills()]
            passed = _passed(scene, Case(channel, "first", NOTE, f"{channel}-first"))
            frozen = [Case(channel, "frozen", at, f"{channel}-frozen-{at}") for at in FROZEN if at in passed]
            _freeze(scene, frozen, empty)
            done += frozen
    return done


def drills() -> list[str]:
    """Every kind of fault: of a sending, of a look, and of a second sending after a look that could not tell."""
    sends = [*faults.SENDS, *(f"too-many:{wait}" for wait in faults.RETRY_AFTER)]
    return [
        *(f"send {kind}" for kind in sends),
        *(f"look {kind}" for kind in faults.LOOKS),
        *SET,
        "late death",
        "again refuse",
    ]


def drill(channels: Sequence[str] = DRILLED, kinds: Sequence[str] = (), seed: int = 1) -> list[Case]:
    """Each kind of fault once on each platform, by itself, in an order and at times that no machine's load changes."""
    worker.scaled_once()
    done: list[Case] = []
    for channel in channels:
        with Scene(seed) as scene:
            empty = scene.folder / "empty.sqlite"
            shutil.copyfile(scene.address, empty)
            scene.control("calm", calm=True)
            done += [_drilled(scene, empty, channel, kind) for kind in kinds or drills() if kind not in FREEZES]
            frozen = [Case(channel, "frozen", at, f"{channel}-{at}") for kind, at in FREEZES.items() if kind in kinds]
            _freeze(scene, frozen, empty)
            done += frozen
    return done


def _drilled(scene: Scene, empty: Path, channel: str, kind: str) -> Case:
    """One story: all goes well and slowly up to a thread's last part; then the fault, or a death in mid-request."""
    case = Case(channel, "faults", kind, f"{channel}-{kind.replace(' ', '-')}", came=1)
    verb, _, fault = kind.partition(" ")
    before = ["accept"] if channel.startswith("two-phase") else ["slow"] * (worker.parts_of(channel) - 1)
    _begin_anew(scene, empty)
    _promise(scene, case, scene.ledger)
    last = {
        "send": [fault],
        "look": ["cut-after"],
        "again": ["cut-after", fault],
        "late": ["accept"],
        "wall": ["error-before"],
    }
    looks = {"look": [fault], "again": ["error"]}
    scene.control("script", script={"send": [*before, *last[verb]], "look": looks.get(verb, [])})
    if verb == "wall":  # it is set when the answer was lost, or when a worker has just died in mid-request
        died = ("request-ready", "kill", len(before) + 1) if fault.endswith("in-send") else (None,)
        _wait(_tick(scene, case, scene.ledger, *died))
        case.wall = WALLS[fault.removesuffix("-in-send")]
    if verb == "late":  # the last part, told to the witness and never sent
        _wait(_tick(scene, case, scene.ledger, "request-ready", "kill", len(before) + 1))
        scene.control("still")
        case.shift += _sleep(scene)
    _until_death(scene, case, None)
    scene.control("script", script={})
    _judge(scene, case, scene.ledger)
    return case


def _begin_anew(scene: Scene, empty: Path) -> None:
    """An empty ledger, without the mark beside it: by the last story's it would take itself for a restored copy."""
    shutil.copyfile(empty, scene.address)
    for mark in Path(scene.address).parent.glob(f"{Path(scene.address).name}.sent*"):
        mark.unlink()


def _sleep(scene: Scene) -> float:
    """Seconds until the ledger wakes somebody, exactly."""
    wakes = [row.wake for row in scene.ledger.deliveries() if row.wake and row.state in OPEN]
    scene.ledger.close()
    return max(0.0, (min(wakes) - dt.datetime.now(dt.UTC)).total_seconds() + 0.001)


def _passed(scene: Scene, case: Case) -> set[str]:
    file = scene.folder / f"{case.slot}.points"
    return set(file.read_text().split()) if file.exists() else set()


def _die(scene: Scene, case: Case) -> None:
    """Its deaths, one process each, then others until all has ended; the ledger was opened before any was forked."""
    _promise(scene, case, scene.ledger)
    for death in PHASES[case.phase]:
        if death is None:
            scene.control("script", script={"send": ["too-many"]})
            _wait(_tick(scene, case, scene.ledger, None))
            case.shift += max(scene.shared[0], 0)
        else:
            _until_death(scene, case, case.point if death == "*" else death)
    _until_death(scene, case, None)


def _until_death(scene: Scene, case: Case, point: str | None) -> None:
    """Tick, each time that something wakes, until a process dies at the point, or nothing wakes any more."""
    for _ in range(MOST):
        died = _wait(_tick(scene, case, scene.ledger, point, "kill")) != 0
        scene.control("still")
        if died:
            case.came += point == case.point
            case.shift += LAPSE
            return
        if scene.shared[0] == NOTHING:
            return
        case.shift += max(scene.shared[0], 0)


def _freeze(scene: Scene, mine: Sequence[Case], empty: Path, most: float = 12) -> None:
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
            _go_on(scene, list(frozen.values()), ledgers, most)
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
            for pid in frozen:
                os.waitpid(pid, 0)
        _go_on(scene, mine, ledgers)
        for case in mine:
            _judge(scene, case, ledgers[case.slot])


def _go_on(scene: Scene, mine: Sequence[Case], ledgers: Mapping[str, Ledger], most: float = 12) -> None:
    """Ticks in real time, each story when it wakes, until none does."""
    wakes = dict.fromkeys((case.slot for case in mine), 0.0)
    until = time.monotonic() + most
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


def _tick(scene: Scene, case: Case, ledger: Ledger, point: str | None, how: str = "", hit: int = 1) -> int:
    """A process that ticks once, tells when something wakes, and ends with 0 unless it comes to the point."""
    if pid := os.fork():
        return pid
    try:
        signal.alarm(20)  # nothing here takes as long
        clock = worker.Shifted(case.shift, case.wall)
        log = Log(scene.folder / "ours.log", now=clock.monotonic)
        ledger.engine.dispose(close=False)
        if point == NOTE:
            _note(scene.folder / f"{case.slot}.points")
        elif point:
            name, _, nth = point.partition(":")
            crashpoints.arm(name, int(nth or hit), how)
        worker.tick(ledger, case.side.app(scene, log, clock), clock, limit=40, workers=2)
        crashpoints.disarm()
        wakes = [row.wake for row in ledger.deliveries() if row.wake and row.state in OPEN]
        scene.shared[0] = (min(wakes) - clock.now()).total_seconds() + 0.001 if wakes else NOTHING
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(3)


def _note(file: Path) -> None:
    """Write down each point that this process passes."""

    def noted(point: str, when: str = "") -> None:
        with file.open("a") as passed:
            passed.write(f"{point}-{when}\n" if when else f"{point}\n")

    crashpoints.checkpoint = noted


def _wait(pid: int) -> int:
    """How it ended; one that raised has found something by itself."""
    _, status = os.waitpid(pid, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 3:
        raise RuntimeError("a tick ended by an error of its own: its traceback is above")
    return status


def _judge(scene: Scene, case: Case, ledger: Ledger) -> None:
    case.side.tell(scene)
    read = logs(scene.folder)
    told = History(stories(ledger, read, scene.kinds() | case.side.kinds), scene.spans.deadline, scene.spans.settle)
    mine = {ledger.marker(f"storm@{case.slot}", case.channel)}
    case.findings = [f for f in judge(told).findings if f.key in mine] + case.side.wrong(ledger)
    ledger.close()
    if case.phase != "frozen":  # the next story's logs begin empty
        for side in ("ours", "far"):
            os.truncate(scene.folder / f"{side}.log", 0)


def table(done: Sequence[Case]) -> tuple[list[str], list[list[str]]]:
    """A row a platform, a column a phase: how many points its stories died or froze at."""
    phases = [*PHASES, "faults", "frozen"]
    rows = []
    for channel in dict.fromkeys(case.channel for case in done):
        mine = [case for case in done if case.channel == channel]
        told = {case.phase for case in mine}
        died = [str(sum(c.came > 0 for c in mine if c.phase == p)) if p in told else "" for p in phases]
        rows.append([channel, *died, str(sum(bool(case.findings) for case in mine))])
    return ["platform", *phases, "broken"], rows


def shown(case: Case) -> str:
    """One broken story in a line."""
    return f"{case.channel}, {case.phase}, at {case.point}: " + "; ".join(map(str, case.findings))
