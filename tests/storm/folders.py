"""Every crash point of the platforms whose far side is a folder: a worker killed between any two of their files.

The real adapters, on real files, through the pipeline's own lock; a small story each, as in `points`. Of a file that
is written many times in one publish, every time is a story. In half of the phases another slot's post goes out after
the first death, before anybody looks: it meets whatever the dead one left behind. The folder itself is what the far side has
to say; in the end it must be, byte for byte, what an undisturbed publisher leaves.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import shutil
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import platform_bench

from steadycast.crash_safety import crashpoints
from steadycast.delivery import Clock, Opened
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.store import Ledger
from steadycast.pipeline import app as pipeline_desk
from steadycast.pipeline.app import write_atomically
from steadycast.pipeline.publish import OneAtATime
from steadycast.platform import Adapter, Channel, Known, Post, PostStore, Receipt
from steadycast.platform.contract import Step, sent_now
from steadycast.platform.post_bytes import post_from_bytes
from steadycast.platform.post_store import INDEX
from storm import points, worker
from storm.checker import Finding
from storm.history import Kinds
from storm.log import Log
from storm.points import NOTE, Case
from storm.weather import Scene

PHASES: dict[str, tuple[str, ...]] = {  # as in `points`; in doubt here: the post is there, its pages are not
    "first": ("*",),
    "recovery": ("answered", "*"),
    "again": ("answered", "*", "*"),
    "in doubt": ("shelf-put", "*", "*"),
}
NEIGHBOURS = ("recovery", "again")  # phases in which another post comes between
FILES = ("media", "file", "shelf")  # points that one publish may come to many times
FROZEN = tuple(p for p in crashpoints.POINTS if not p.endswith("-written") or p == "file-written")
PATIENCE = 0.1  # seconds for a folder that another process has
THAW = 4.0  # seconds after which the frozen go on: until then nobody else can write
FORMS = {"podcast": "audio", "calendar": "event"}


class App(worker.App):
    """Opens a channel whose far side is a folder."""

    alone = pipeline_desk.App.alone

    def __init__(self, log: Log, clock: Clock, out: Path) -> None:
        super().__init__("", log, clock)
        self.out = out
        self.workspace = SimpleNamespace(cache=out.with_name(f"{out.name}.cache"), out=out.parent)

    def open(self, channel: str, step: Step) -> Opened:
        """One channel for one attempt, told to the log; it takes turns as the pipeline's do."""
        told = _channel(channel, self.out, step)
        alone: Any = OneAtATime(platform_bench.opened(told), cast("Any", self), channel)
        return Opened(
            worker.Witnessed(alone, worker.Witness(cast("Any", None), self.log), self.log), cast("Any", told.spec)
        )

    def make_post(self, claim: Delivery) -> Post:
        """Words that differ at every rendering, with pictures or sound."""
        return _post(claim.channel, self.out, claim.marker, claim.slot, claim.at, os.urandom(4).hex())


class Folder:
    """One story's far side."""

    def __init__(self, scene: Scene, case: Case) -> None:
        self.out = scene.folder / case.slot / case.channel
        self.channel = case.channel
        self.kinds: Kinds = {self.channel: (worker.kind_of(self.channel), "conditional", 1)}
        self.others = [_neighbour(self.channel, self.out, 1)]
        _adapter(self.channel, self.out).publish(self.others[0])
        self.before = _read(self.out)
        self.met: dict[str, bytes] = {}  # what a reader met after the first death

    def app(self, _scene: Scene, log: Log, clock: Clock) -> App:
        """A worker's."""
        return App(log, clock, self.out)

    def look(self) -> None:
        """What a reader meets now."""
        self.met = _read(self.out)

    def another(self) -> None:
        """Somebody serves another slot."""
        self.others.append(_neighbour(self.channel, self.out, 2))
        _adapter(self.channel, self.out).publish(self.others[-1])

    def tell(self, scene: Scene) -> None:
        """What is there, written into the far side's log as if it had said so; looked at in a copy, as looking fixes."""
        log, copy = Log(scene.folder / "far.log"), self.out.with_name(f"{self.out.name}.copy")
        shutil.copytree(self.out, copy)
        for post in _shelf(self.channel, copy).posts:
            log(
                "taken",
                key=post.key,
                part=1,
                id=cast("Receipt", _adapter(self.channel, copy).find(post, Known())).remote_id,
            )

    def wrong(self, ledger: Ledger) -> list[Finding]:
        """How it differs from an undisturbed one with the same posts."""
        (row,) = [row for row in ledger.deliveries() if row.channel == self.channel]
        post = post_from_bytes(ledger.frozen([row.id or 0])[row.id or 0])
        whole = self.out.with_name(f"{self.out.name}.undisturbed")
        for one in (*self.others, post):
            _adapter(self.channel, whole).publish(one)
        left, wanted = _read(self.out, everything=True), _read(whole)
        odd = sorted(name for name in left.keys() | wanted.keys() if left.get(name) != wanted.get(name))
        half = sorted(n for n, data in self.met.items() if data not in {self.before.get(n), wanted.get(n)})
        found = [Finding("torn", row.marker, f"{name} was half written") for name in half[:3]]
        return found + [Finding("torn", row.marker, f"{name} is not as it should be") for name in odd[:3]]


def run(channel: str, seed: int) -> list[Case]:
    """All stories of one platform, judged."""
    worker.scaled_once()
    cast("Any", sys.modules[OneAtATime.__module__]).PATIENCE = PATIENCE
    with Scene(seed) as scene:
        empty = scene.folder / "empty.sqlite"
        shutil.copyfile(scene.address, empty)
        done: list[Case] = []
        for phase in PHASES:
            noted = _die(scene, _case(scene, channel, phase, NOTE), empty)
            come_to = _come_to(scene, noted, every=phase == "first")
            done += [noted, *(_die(scene, _case(scene, channel, phase, point), empty) for point in come_to)]
        frozen = [_case(scene, channel, "frozen", at) for at in _come_to(scene, done[0]) if at in FROZEN]
        points._freeze(scene, frozen, empty, THAW)
    return done + frozen


def _case(scene: Scene, channel: str, phase: str, point: str) -> Case:
    name = f"{channel}-{phase}-{point}".replace(" ", "-").replace(":", "-")
    case = Case(channel, phase, point, name)
    case.side = Folder(scene, case)
    return case


def _come_to(scene: Scene, noted: Case, *, every: bool = False) -> list[str]:
    """The points that a story comes to; each time of a file's where every one is asked for."""
    passed = Counter((scene.folder / f"{noted.slot}.points").read_text().split())
    return [
        f"{point}:{hit}" if hit > 1 else point
        for point in crashpoints.POINTS
        for hit in range(1, passed[point] + 1)
        if hit == 1 or (every and point.startswith(FILES))
    ]


def _die(scene: Scene, case: Case, empty: Path) -> Case:
    """The deaths, then others until all has ended."""
    points._begin_anew(scene, empty)
    points._promise(scene, case, scene.ledger)
    for nth, death in enumerate(PHASES[case.phase]):
        points._until_death(scene, case, case.point if death == "*" else death)
        if nth == 0 and case.phase in NEIGHBOURS:
            case.side.another()
        elif nth == 0:
            case.side.look()
    points._until_death(scene, case, None)
    points._judge(scene, case, scene.ledger)
    return case


def _channel(name: str, out: Path, step: Step) -> Channel:
    spec = platform_bench.PLATFORMS[worker.kind_of(name)]
    spec = dataclasses.replace(spec, deadline=0.3, settle=0.3)  # as everything here is quicker than life
    made = platform_bench.channel(spec, out)
    return dataclasses.replace(made, name=name, step=step, write=partial(write_atomically, out))


def _adapter(channel: str, out: Path) -> Adapter:
    told = _channel(channel, out, sent_now)
    return platform_bench.opened(told)


def _shelf(channel: str, out: Path) -> PostStore:
    return PostStore.of(_channel(channel, out, sent_now))


def _post(channel: str, out: Path, key: str, slot: str, at: dt.datetime, words: str) -> Post:
    form = FORMS.get(worker.kind_of(channel), "article")
    changes: dict[str, Any] = {"key": key, "slot": slot, "channel": channel, "published": at, "draft": f"pgc/{key}.md"}
    changes |= {"title": words, "summary": words}
    return platform_bench.of_form(form, out.with_name(f"{out.name}.in"), **changes)


def _neighbour(channel: str, out: Path, number: int) -> Post:
    """Another slot's post, older than the story's: the same in every story."""
    at = dt.datetime(2026, 11, number, tzinfo=dt.UTC)
    return _post(channel, out, platform_bench.key(number), f"other@2026-11-0{number}T20:00", at, f"neighbour {number}")


def _read(out: Path, *, everything: bool = False) -> dict[str, bytes]:
    """What readers get, without the index, which remembers times; or everything, what was not put in place as well."""
    files = {n: d for n, d in platform_bench.tree(out).items() if not n.startswith(INDEX)}
    return files if everything else {n: d for n, d in files.items() if "/." not in f"/{n}"}
