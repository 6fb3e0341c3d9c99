"""The storm itself: workers forked, killed, frozen past their lease and thawed, while slots keep falling due."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import mmap
import os
import random
import shutil
import signal
import socket
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from steadycast.crash_safety import crashpoints
from steadycast.delivery import Clock, SystemClock
from steadycast.errors import LedgerError
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import DraftRow, RevisionRow, State
from steadycast.schedule.model import Assignment, Slot
from storm import far_side, worker
from storm.checker import Verdict, judge, safety
from storm.history import History, Kinds, logs, stories
from storm.log import Log

CLASSES = {
    "conditional": ("conditional", "two-phase"), "read-back": ("read-back",), "blind": ("blind",),
    "clocks": ("read-back",),  # the class that a wrong clock could double, while the walls are set and set again
}  # fmt: skip
CHANNELS = 4  # of each platform; odd ones carry threads
LATE = dt.timedelta(hours=2)  # so long that nothing may be missed
POINTS = tuple(p for p in crashpoints.POINTS if not p.startswith(("media", "file", "shelf", "amend", "upload")))
PAUSE = (0.8, 2.2)  # seconds: past a lease of 300 s / SCALE, and of a sending's 240 s / SCALE
LONG_PAUSE = (2.5, 4.0)  # until others have surely sent for him
STEPS = 120  # crash points that a worker may pass, at most: some eight deliveries' worth
PLACES = 256  # of workers at one time
HOSTS = 2  # that share a server: their walls are minutes apart; one ledger that is a file has one
APART = 200.0  # seconds
FARTHEST = 600.0  # seconds that a wall is set forward or back
CALM_AGAIN = (0.1, 1.0)  # seconds until it is set again
STILL = {State.PLANNED, State.DUE, State.CLAIMED, State.SENDING}


@dataclass
class Result:
    """One storm: what was done to the workers, and what the judge says."""

    name: str
    seed: int
    kills: int
    pauses: int
    seconds: float
    verdict: Verdict
    history: History
    sets: int = 0  # of a wall

    @property
    def delivery(self) -> str:
        """The class of its platforms."""
        return worker.PLATFORMS[CLASSES[self.name][0]].delivery


@dataclass
class Crew:
    """Worker processes by pid; whatever happens, none of them outlives the crew."""

    start: Callable[[int], None]  # runs in the child, and does not come back
    running: set[int] = field(default_factory=set)
    frozen: dict[int, float] = field(default_factory=dict)  # pid -> when it is thawed
    born: int = 0
    pause: tuple[float, float] = PAUSE

    def fork(self) -> int:
        """One more worker."""
        self.born += 1
        if pid := os.fork():
            self.running.add(pid)
            return pid
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self.start(self.born)
        finally:
            os._exit(1)

    def reap(self) -> tuple[int, int]:
        """Take note of who died (how many) and who froze by itself (how many)."""
        died = stopped = 0
        for pid in list(self.running):
            with contextlib.suppress(ChildProcessError):
                done, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
                if done and os.WIFSTOPPED(status):
                    stopped += pid not in self.frozen
                    self.frozen.setdefault(pid, time.monotonic() + random.uniform(*self.pause))
                elif done:
                    died += 1
                    self.running.discard(pid)
                    self.frozen.pop(pid, None)
        return died, stopped

    def thaw(self, *, everyone: bool = False) -> None:
        """Wake those whose pause is over."""
        for pid, until in list(self.frozen.items()):
            if everyone or until <= time.monotonic():
                os.kill(pid, signal.SIGCONT)
                del self.frozen[pid]

    def end(self) -> None:
        """Nobody is left."""
        for pid in list(self.running):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        self.running.clear()
        self.frozen.clear()


class Scene:
    """A far side's process, an empty ledger and a folder for the logs; all gone when the block ends."""

    def __init__(self, seed: int, postgres: str = "") -> None:
        self.seed, self.postgres = seed, postgres
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(prefix="storm-", dir=memory if os.access(memory, os.W_OK) else None))
        self.spans = far_side.Spans(*next((p.deadline, p.settle) for p in worker.PLATFORMS.values()))
        self.address = str(self.folder / "ledger.sqlite")
        self.shared = memoryview(mmap.mmap(-1, 8)).cast("d")  # one number that a child tells its parent
        self._schema = ""
        self._far = 0

    def __enter__(self) -> Self:
        sock = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        if not (pid := os.fork()):
            try:
                far_side.run(sock, self.folder, self.seed, self.spans)
            finally:
                os._exit(0)
        sock.close()
        self._far = pid
        (self.folder / "ours.log").touch()
        if self.postgres:
            self._schema, self.address = _schema(self.postgres)
        self.ledger = Ledger.open(self.address)
        self._warm()
        return self

    def _warm(self) -> None:
        """Compile every statement once, so that a forked worker begins at once; no connection is left open."""
        log = Log(self.folder / "ours.log")
        app = worker.App(self.url, log, SystemClock())
        self.control("calm", calm=True)
        self.promise(self.ledger, "warm", ["read-back-1", "two-phase-0"], dt.datetime.now(dt.UTC))
        worker.tick(self.ledger, app, app.clock, limit=40, workers=2)
        self.control("calm", calm=False)
        self.ledger.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.ledger.close()
        os.kill(self._far, signal.SIGKILL)
        os.waitpid(self._far, 0)
        if self._schema:
            _drop(self.postgres, self._schema)
        shutil.rmtree(self.folder, ignore_errors=True)

    def control(self, verb: str, **more: object) -> None:
        """Tell the far side something over the harness's own wire; `still` comes back when nothing is to act later."""
        request = urllib.request.Request(f"{self.url}/control/{verb}", orjson.dumps(more), method="POST")
        urllib.request.urlopen(request, timeout=10).read()

    def say(self, word: str) -> None:
        """Tell the harness's other processes."""
        (self.folder / word).touch()

    def says(self, word: str) -> bool:
        """Whether one of them said so."""
        return (self.folder / word).exists()

    def promise(self, ledger: Ledger, name: str, channels: list[str], at: dt.datetime) -> None:
        """A slot that is due, with a draft, on these channels."""
        if ledger.draft("d1") is None:
            row = DraftRow(
                id="d1", path="pgc/d1.md", origin="pgc", form="article", title="今天", revision="r1", state="approved",
                first_seen=at, changed=at, approved_revision="r1",
            )  # fmt: skip
            ledger.put_drafts([row], [RevisionRow(hash="r1", draft="d1", at=at, content={})])
        slot = Slot(at, f"storm@{name}", "storm", at.replace(tzinfo=None))
        asked = [PlannedDelivery(slot.id, channel, grace=LATE, late=LATE) for channel in channels]
        ledger.save_plan([slot], [Assignment(slot.id, "d1")], asked, at)

    def kinds(self) -> Kinds:
        """What each channel is."""
        names = [f"{p}-{n}" for p in worker.PLATFORMS for n in range(CHANNELS)]
        return {c: (worker.kind_of(c), worker.PLATFORMS[worker.kind_of(c)].delivery, worker.parts_of(c)) for c in names}

    def history(self, ledger: Ledger) -> History:
        """What both sides wrote so far."""
        read = logs(self.folder)
        return History(stories(ledger, read, self.kinds()), self.spans.deadline, self.spans.settle)


@dataclass
class Storm:
    """One class's storm: `kills` deaths over `workers` workers, then calm, then the verdict."""

    name: str
    seed: int
    kills: int
    workers: int = 6
    postgres: str = ""
    longest: float = 600.0  # seconds until the calm is enforced
    watch: Callable[[str, int], None] = lambda _name, _kills: None
    stop_at_first: bool = False  # ends the storm at the first broken promise: mutants
    freeze_at: tuple[str, ...] = ()  # half of the workers freeze at one of these points
    walls: Any = field(default_factory=lambda: memoryview(mmap.mmap(-1, 8 * HOSTS)).cast("d"))  # seconds wrong
    sets: int = 0  # how often a wall was set
    steps: Any = field(default_factory=lambda: memoryview(mmap.mmap(-1, 4 * PLACES)).cast("I"))  # shared by all

    def run(self) -> Result:
        """Blow, calm down, and be judged."""
        worker.scaled_once()
        draw = random.Random(f"{self.seed}|{self.name}")
        began = time.monotonic()
        with Scene(self.seed, self.postgres) as scene:
            office = Crew(lambda _: self._office(scene))
            crew = Crew(lambda nth: self._worker(scene, nth), pause=LONG_PAUSE if self.freeze_at else PAUSE)
            try:
                office.fork()
                kills, pauses = self._blow(scene, crew, draw)
                self._calm(scene, crew)
            finally:
                crew.end()
                office.end()
            with Ledger.open(scene.address) as ledger:
                history = scene.history(ledger)
            verdict = judge(history)
            return Result(
                self.name, self.seed, kills, pauses, time.monotonic() - began, verdict, history, self.sets
            )  # fmt: skip

    def _worker(self, scene: Scene, nth: int) -> None:
        """In the child. Every third worker is to die, or to freeze, at a numbered point; the others where it hits."""
        draw = random.Random(f"{self.seed}|{self.name}|worker|{nth}")
        fate = draw.random()
        if self.freeze_at and fate < 0.5:
            crashpoints.arm(draw.choice(self.freeze_at), 1, "stop")
        elif fate < 0.4:
            crashpoints.arm(draw.choice(POINTS), draw.randint(1, 4), "stop" if fate < 0.1 else "kill")
        self._count_steps((nth - 1) % PLACES)
        worker.work(scene.ledger, scene.url, scene.folder, f"{self.seed}|{nth}", self._clock(nth))

    def _clock(self, nth: int) -> Clock:
        return worker.Blown(self.walls, nth % HOSTS if self.postgres else 0)

    def _blow_clocks(self, draw: random.Random) -> None:
        """NTP after a start, a machine that resumes, a person: a wall is set, half of the time right."""
        host = draw.randrange(HOSTS)
        apart = APART * host if self.postgres else 0.0
        self.walls[host] = apart + draw.choice([0.0, draw.uniform(-FARTHEST, FARTHEST)])
        self.sets += 1

    def _count_steps(self, place: int) -> None:
        """Every crash point that this process passes is one step of its life."""
        armed = crashpoints.checkpoint

        def counted(point: str, when: str = "") -> None:
            self.steps[place] += 1
            armed(point, when)

        crashpoints.checkpoint = counted

    def _blow(self, scene: Scene, crew: Crew, draw: random.Random) -> tuple[int, int]:
        """Each worker lives for a drawn number of steps, then dies, or now and then freezes, at whatever it is at."""
        kills = pauses = 0
        blows = time.monotonic() if self.name == "clocks" else math.inf
        lives: dict[int, tuple[int, int]] = {}  # pid -> its place in `steps`, and how many it is given
        began = time.monotonic()
        while kills < self.kills and time.monotonic() - began < self.longest and not scene.says("broken"):
            while len(crew.running) < self.workers + len(crew.frozen):
                place = crew.born % PLACES
                self.steps[place] = 0
                lives[crew.fork()] = (place, draw.randint(1, STEPS))
            time.sleep(draw.uniform(0.001, 0.008))
            if time.monotonic() > blows:
                self._blow_clocks(draw)
                blows = time.monotonic() + draw.uniform(*CALM_AGAIN)
            died, stopped = crew.reap()
            kills, pauses = kills + died, pauses + stopped
            crew.thaw()
            for pid in sorted(crew.running - crew.frozen.keys()):
                place, given = lives[pid]
                if self.steps[place] < given:
                    continue
                if draw.random() < 0.06 and len(crew.frozen) < 3:
                    os.kill(pid, signal.SIGSTOP)
                    pauses += 1
                    crew.frozen[pid] = time.monotonic() + draw.uniform(*PAUSE)
                    lives[pid] = (place, given + STEPS)
                else:
                    os.kill(pid, signal.SIGKILL)
            self.watch(self.name, kills)
        return kills, pauses

    def _calm(self, scene: Scene, crew: Crew) -> None:
        """Nobody is killed any more: go on until everything has ended, or waits for a person."""
        scene.control("calm", calm=True)
        scene.say("calm")
        crew.thaw(everyone=True)
        for host in range(HOSTS):
            self.walls[host] = 0.0
        crew.start = lambda nth: worker.work(scene.ledger, scene.url, scene.folder, f"calm|{nth}", self._clock(nth))
        until = time.monotonic() + (12 if self.stop_at_first else 150)  # a loaded machine is slow, not silent
        while time.monotonic() < until and not scene.says("quiet") and not scene.says("broken"):
            crew.reap()
            crew.thaw()
            while len(crew.running) < 3:
                crew.fork()
            time.sleep(0.05)
        if not scene.says("broken"):
            time.sleep(2 * (scene.spans.deadline + scene.spans.settle))  # what would act late, acts
        scene.control("still")

    def _office(self, scene: Scene) -> None:
        """In a child that is not killed: slots keep falling due while it storms, and somebody reads the ledger.

        Not the crew's own parent: it must thaw whoever froze with the ledger's lock in his hand.
        """
        slots, looked = 0, time.monotonic()
        while True:
            with contextlib.suppress(LedgerError), Ledger.open(scene.address) as ledger:
                while True:
                    if scene.says("calm"):
                        self._look_for_quiet(scene, ledger)
                    else:
                        slots += self._feed(scene, ledger, slots)
                    if self.stop_at_first and time.monotonic() - looked > 0.5:
                        looked = time.monotonic()
                        if safety(scene.history(ledger)):
                            scene.say("broken")
                    time.sleep(0.2)

    def _look_for_quiet(self, scene: Scene, ledger: Ledger) -> None:
        moving = any(ledger.counts().get(state) for state in STILL)
        if not moving and not any(row.wake for row in ledger.deliveries(states=(State.UNKNOWN,))):
            scene.say("quiet")

    def _feed(self, scene: Scene, ledger: Ledger, slots: int) -> int:
        """Keep some thirty deliveries open; how many slots were added."""
        counts = ledger.counts()
        still = STILL if self.name == "blind" else STILL | {State.UNKNOWN}
        wanted = (30 - sum(counts.get(state, 0) for state in still)) // (2 if self.name != "conditional" else 4)
        channels = [f"{p}-{n}" for p in CLASSES[self.name] for n in range(CHANNELS)]
        for n in range(max(0, wanted)):
            mine = channels if self.name == "conditional" else channels[:: 2 if n % 2 else 1]
            scene.promise(ledger, f"{slots + n}", mine, dt.datetime.now(dt.UTC))
        return max(0, wanted)


def _schema(server: str) -> tuple[str, str]:
    """A schema of this run's own on a PostgreSQL server, and its address."""
    from sqlalchemy import create_engine, make_url

    name = f"storm_{os.getpid()}_{time.monotonic_ns() % 10**6}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    engine.dispose()
    url = make_url(server).update_query_dict({"options": f"-c search_path={name}"})
    return name, url.render_as_string(hide_password=False)


def _drop(server: str, schema: str) -> None:
    from sqlalchemy import create_engine

    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    engine.dispose()
