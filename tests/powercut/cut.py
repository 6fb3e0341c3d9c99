"""One run traced, and its images judged: what `make powercut` and the tests call."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipeline_bench import OURS

from powercut.disk import KINDS, Disk, load
from powercut.judge import COUNTS, Failure, judge
from powercut.replay import Promised, Replay, replayed
from powercut.trace import Call, calls, command
from steadycast.testing import workspace

TESTS = Path(__file__).resolve().parent.parent
CUTS_AT_ONCE = 4  # images of one moment and one kind of disk

SETTINGS = """
[community]
name = "Test readers"
timezone = "Asia/Shanghai"
language = "en"
url = "https://readers.example/"

[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["site", "mirror", "hand"]
late = "3h"

[channel.site]
platform = "pages"
url = "https://readers.example/"

[channel.mirror]
platform = "pages"

[channel.hand]
platform = "paste"
"""


@dataclass(frozen=True)
class Run:
    """A traced run: the folder it began with, what it asked of the kernel, and what it promised in all."""

    root: Path
    marks: Path
    begun: Path
    calls: list[Call]
    moments: list[int]
    promised: Promised
    in_place: frozenset[str]


@dataclass
class Verdict:
    """What the images of one run told."""

    seed: int
    images: int = 0
    broken: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    first: list[tuple[str, int, Failure]] = field(default_factory=list)  # disk, moment, what

    def row(self, name: str) -> str:
        counts = " | ".join(str(self.counts[kind]) for kind in COUNTS)
        return f"| {name} | {self.images} | {self.broken} | {counts} |"


@contextmanager
def traced(control: str = "") -> Iterator[Run]:
    """The workload run once under strace, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="powercut-") as folder:
        # It runs where the clock's own folder is a plain path: links are not modelled.
        base = Path(folder).resolve()
        root, marks, log, begun = base / "disk", base / "marks", base / "log", base / "begun"
        workspace(root, SETTINGS, content(), OURS)
        shutil.copytree(root, begun)
        program = [sys.executable, "-m", "powercut.workload", str(root), str(marks), control]
        environment = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}", "PYTHONDONTWRITEBYTECODE": "1"}
        for name in ("STEADYCAST_VAR", "STEADYCAST_LEDGER", "STEADYCAST_WORKSPACE"):
            environment.pop(name, None)
        done = subprocess.run([*command(log), *program], cwd=root, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"the workload ended with {done.returncode}: {done.stderr[-2000:]}")
        asked = list(calls(log))
        log.unlink()
        replay = Replay(Disk(KINDS[0], load(begun)), root, marks)
        moments = list(replayed(asked, replay))
        yield Run(root, marks, begun, asked, moments, replay.promised, frozenset(replay.in_place))


def content() -> dict[str, str | bytes]:
    """Three drafts; two have pictures, which have to be measured and adapted."""
    from io import BytesIO

    from PIL import Image

    found: dict[str, str | bytes] = {}
    for n, colour in enumerate(("teal", "maroon", "olive"), 1):
        picture = BytesIO()
        Image.new("RGB", (320 + n, 240), colour).save(picture, "PNG")
        found[f"pgc/draft-{n}.png"] = picture.getvalue()
        shown = "" if n == 3 else f"![a colour](draft-{n}.png)\n\n"
        found[f"pgc/draft-{n}.md"] = f"---\ntitle: Draft {n}\n---\n\n{shown}{'Words and more words. ' * 40}\n"
    return found


def cut(run: Run, images: int, seed: int, *, until_broken: bool = False, told: Callable[[], object] = bool) -> Verdict:
    """Judge so many images of a run: moments and losses are drawn from the seed; half of the images a kind of disk."""
    verdict = Verdict(seed)
    shares = dict(zip(KINDS, (images - images // 2, images // 2), strict=True))
    for kind, share in shares.items():
        rng = random.Random(f"{seed} {kind}")
        drawn = Counter(rng.choice(run.moments) for _ in range(-(-share // CUTS_AT_ONCE)))
        left = share
        replay = Replay(Disk(kind, load(run.begun)), run.root, run.marks)
        for moment in replayed(run.calls, replay):
            for _ in range(min(left, drawn[moment] * CUTS_AT_ONCE)):
                left -= 1
                _one(run, replay, rng, verdict, moment)
                told()
                if until_broken and verdict.broken:
                    return verdict
    return verdict


def _one(run: Run, replay: Replay, rng: random.Random, verdict: Verdict, moment: int) -> None:
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    image = replay.disk.image(rng)
    with tempfile.TemporaryDirectory(prefix="powercut-", dir=memory) as folder:
        whole = run.promised
        failures = judge(image, Path(folder), replay.promised, whole.commits, whole.versions)
    verdict.images += 1
    verdict.broken += bool(failures)
    verdict.counts.update({failure.kind for failure in failures})
    verdict.first += [(replay.disk.kind, moment, failure) for failure in failures[: 5 - len(verdict.first)]]
