"""What a power cut cost: an image is written down, opened by the real ledger and the real shelves, and judged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powercut.replay import TEMPORARY, Promised
from powercut.workload import EVENING, state
from steadycast.errors import SteadycastError
from steadycast.ledger.store import Ledger, State
from steadycast.pipeline import App
from steadycast.platform import Known
from steadycast.platform.post_bytes import post_from_bytes
from steadycast.testing import Clock
from steadycast.workspace import load

LEDGER = "var/ledger.sqlite"
LOST, OPENS, TORN, MISSING, UNFOUND = "commits lost", "ledgers broken", "files torn", "outputs lost", "posts not found"
COUNTS = (LOST, OPENS, TORN, MISSING, UNFOUND)
# Not synced, on purpose: lost or torn, everything is read once more.
MADE_AGAIN = frozenset({"var/cache/intake.json", "var/cache/intake-look.json"})
THERE = (State.PUBLISHED, State.SEEN, State.HANDED)


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that a cut must not do: which kind of it, and what exactly."""

    kind: str
    what: str


def write_down(image: Mapping[str, bytes], folder: Path) -> None:
    """The image as real files."""
    made: set[Path] = set()
    for path, content in image.items():
        target = folder / path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        target.write_bytes(content)


def judge(
    image: Mapping[str, bytes], folder: Path, promised: Promised, commits: Sequence[str], versions: Mapping[str, Any]
) -> list[Failure]:
    """Every promise that the image breaks; `commits` and `versions` are those of the whole run."""
    failures = outputs(image, promised, versions)
    write_down(image, folder)
    found, held = ledger(folder, promised, commits)
    if found or not held:
        return failures + found
    # Many images differ in nothing that a shelf looks at.
    shelf = hashlib.sha256(repr((held, sorted(i for i in image.items() if i[0].startswith("var/out")))).encode())
    if (key := shelf.hexdigest()) not in _seen:
        _seen[key] = shelves(folder)
    return failures + _seen[key]


_seen: dict[str, list[Failure]] = {}


def outputs(image: Mapping[str, bytes], promised: Promised, versions: Mapping[str, Any]) -> list[Failure]:
    """Each file is one whole version of itself, and of what was promised that one or a later one."""
    found = []
    for path, content in image.items():
        if path in versions and path not in MADE_AGAIN and not TEMPORARY.search(path):
            digest = hashlib.sha256(content).hexdigest()
            if digest not in versions[path]:
                found.append(Failure(TORN, f"{path} is no whole version of itself ({len(content)} bytes)"))
            elif path in promised.files and digest not in versions[path][promised.files[path] :]:
                found.append(Failure(MISSING, f"{path} is an older version than the one promised"))
    for path, least in promised.files.items():
        if path not in image and None not in versions[path][least:]:
            found.append(Failure(MISSING, f"{path} was promised and is not there"))
    return found


def ledger(folder: Path, promised: Promised, commits: Sequence[str]) -> tuple[list[Failure], str]:
    """The ledger opens, is sound, and holds every promised commit whole; with a hash of what it holds."""
    path = folder / LEDGER
    if promised.opened and not path.exists():
        return [Failure(LOST, "the whole ledger is gone")], ""
    try:
        with Ledger.open(path) as opened, opened.read() as connection:
            said = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check")]
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            held = state(connection)
    except SteadycastError as error:  # any other error would be ours: a damaged ledger is told, not stumbled over
        return [Failure(OPENS, str(error))], ""
    if said != ["ok"] or broken:
        return [Failure(OPENS, f"integrity: {said[:1]} {broken[:1]}")], ""
    if not promised.opened:
        return [], ""
    done = len(promised.commits)
    if held not in commits[done - 1 : done + 1]:
        older = held in commits[:done]
        return [Failure(LOST, f"an older state, of {done} commits" if older else "a state that never was")], held
    return [], held


def shelves(folder: Path) -> list[Failure]:
    """Each channel finds each post that the ledger calls published."""
    found = []
    with App(load(folder), clock=Clock(EVENING)) as app:
        rows = [row for row in app.ledger.deliveries() if row.state in THERE]
        posts = app.ledger.frozen(row.id or 0 for row in rows)
        for row in rows:
            try:
                there = app.adapter(row.channel).find(post_from_bytes(posts[row.id or 0]), Known()) is not None
            except Exception as error:  # whatever a torn file makes of an adapter is a failure of the shelf
                found.append(Failure(UNFOUND, f"{row.channel} {row.slot}: {type(error).__name__}: {error}"))
            else:
                found += [] if there else [Failure(UNFOUND, f"{row.channel} {row.slot}")]
    return found
