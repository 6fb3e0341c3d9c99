"""What a run does once it knows that something differs: orders, removals, and what to remember."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from steadycast.bulk_render.cache import Made, Memory
from steadycast.bulk_render.changes import Differences, folder_times, folders_of, missing
from steadycast.bulk_render.outlets import Outlet, inputs, outlets
from steadycast.bulk_render.pool import make_all
from steadycast.bulk_render.render_draft import Maker, Order, remove, stem_of
from steadycast.errors import Problem, unknown_name
from steadycast.intake import folder
from steadycast.workspace import Workspace

Progress = Callable[[int, int], None]


class Work:
    """A run that has something to do, or had to read the settings to know."""

    def __init__(
        self, workspace: Workspace, channel: str, memory: Memory | None, approved: Mapping[str, str] | None
    ) -> None:
        self.workspace = workspace
        self.render = workspace.var / "render"
        self.lost = memory is None and self.render.exists()  # nobody knows what lies there
        self.memory = memory or Memory()
        self.approved = approved
        self.outlets = self._outlets(channel)
        self.names = [outlet.name for outlet in self.outlets]
        self.problems: list[Problem] = []  # of what could not even be read
        self.made = self.written = self.removed = 0

    def _outlets(self, channel: str) -> list[Outlet]:
        channels = self.workspace.channels
        if channel and channel not in channels:
            raise unknown_name("channel", channel, channels)
        return outlets(self.workspace, [channel] if channel else list(channels))

    def do(self, found: Differences, jobs: int, progress: Progress | None, *, forget: Callable[[], None]) -> Memory:
        """Makes what `found` and the editions ask for; what is to be remembered of it.

        `forget` is called before anything is written: a run that is cut off is a run that nobody remembers.
        """
        depends = inputs(self.workspace, self.outlets)  # first: what is edited meanwhile differs the next time
        self.problems = list(found.problems)
        orders = self._orders(found)
        forget()
        drafts = self._still_there(found)
        self._make(orders, drafts, jobs, progress)
        editions = {outlet.name: outlet.edition for outlet in self.outlets}
        remembered = Memory(depends, editions, {path: drafts[path] for path in sorted(drafts)})
        if self.lost:
            self._sweep(remembered)
        remembered.folders = folder_times(self.render, folders_of(remembered.drafts, self.names))
        return remembered

    def _make(self, orders: list[Order], drafts: dict[str, Made], jobs: int, progress: Progress | None) -> None:
        self.made = len(orders)
        maker = Maker(self.workspace, self.outlets, self.approved)
        for n, done in enumerate(make_all(maker, orders, jobs), 1):
            if done.made is not None:
                drafts[done.path] = done.made
            self.written += done.written
            self.removed += done.removed
            if progress and (n % 20 == 0 or n == len(orders)):
                progress(n, len(orders))

    # What is to be made

    def _orders(self, found: Differences) -> list[Order]:
        known, outlets = self.memory.drafts, self.memory.editions
        stale = {outlet.name for outlet in self.outlets if outlets.get(outlet.name) != outlet.edition}
        gaps = missing(self.render, self.memory)
        orders = []
        for path in self._apart(found):
            before = known[path].files if path in known else {}
            orders.append(Order(path, found.fresh[path], self.names, before))
        for path, made in found.same.items():
            wanted = self._wanted(path, made, stale | gaps.get(path, set()))
            if wanted:
                orders.append(Order(path, folder.Print(*made[:3]), wanted, made.files))
        return sorted(orders, key=lambda order: order.path)

    def _wanted(self, path: str, made: Made, stale: set[str]) -> list[str]:
        """The channels for which a draft that has not changed has to be made again."""
        shown = self.approved is None or (bool(made.revision) and self.approved.get(path) == made.revision)
        if shown != made.shown and (made.revision or not made.faults):
            return self.names
        if not stale:
            return []
        return self.names if made.faults else [name for name in self.names if name in stale]

    def _apart(self, found: Differences) -> list[str]:
        """What is fresh, without those whose outputs would be another draft's: `a.md` and `a.markdown`."""
        owners = {stem_of(path): path for path in found.same}
        apart = []
        for path in sorted(found.fresh):
            owner = owners.setdefault(stem_of(path), path)
            if owner == path:
                apart.append(path)
            else:
                said = f"its outputs would be those of {owner}"
                self.problems.append(Problem(path, None, said, "give one of them another name"))
        return apart

    # What is over

    def _still_there(self, found: Differences) -> dict[str, Made]:
        """The unchanged drafts; the outputs of drafts that are gone, and of channels that are, are removed."""
        over = self.memory.editions.keys() - set(self.names)
        for path in found.gone:
            self._remove(path, self.memory.drafts[path].files)
        for above in {path.rpartition("/")[0] for path in found.gone}:
            for name in self.memory.editions:
                _remove_empty(self.render / name / above, self.render)
        if not over:
            return dict(found.same)
        kept = {}
        for path, made in found.same.items():
            self._remove(path, {name: ext for name, ext in made.files.items() if name in over})
            kept[path] = made._replace(files={name: ext for name, ext in made.files.items() if name not in over})
        return kept

    def _remove(self, path: str, files: Mapping[str, str]) -> None:
        for channel, extension in files.items():
            self.removed += remove(self.render / channel / f"{stem_of(path)}.{extension}")

    def _sweep(self, remembered: Memory) -> None:
        """Removes what no draft of today accounts for, where the last run's memory was lost."""
        ours = {
            f"{channel}/{stem_of(path)}.{extension}"
            for path, made in remembered.drafts.items()
            for channel, extension in made.files.items()
        }
        for name in self.names:
            for above, _, files in os.walk(self.render / name, topdown=False):
                for file in files:
                    path = Path(above, file)
                    if str(path.relative_to(self.render)) not in ours:
                        path.unlink()
                        self.removed += not file.endswith(".part")
                _remove_empty(Path(above), self.render)


def _remove_empty(path: Path, top: Path) -> None:
    """Removes `path` and what is above it, below `top`, as far as they are empty."""
    while path != top:
        try:
            path.rmdir()
        except OSError:
            return
        path = path.parent
