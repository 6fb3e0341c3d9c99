"""What a run does once it knows that something differs: orders, removals, and what to remember."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from steadycast.bulk_render.all_made import AllMade, Made, stem_of
from steadycast.bulk_render.cache import Memory, Runs
from steadycast.bulk_render.look import Differences
from steadycast.bulk_render.recipe import Inputs, Recipe
from steadycast.bulk_render.render_draft import Maker, Order
from steadycast.errors import Problem
from steadycast.intake import folder
from steadycast.language import gettext as _
from steadycast.progress import Progress


class Work:
    """A run that has something to do, or had to read the settings to know."""

    def __init__(
        self, recipe: Recipe, inputs: Inputs, memory: Memory | None, approved: Mapping[str, str] | None, runs: Runs
    ) -> None:
        self.render = recipe.var / "render"
        self.inputs, self.runs = inputs, runs
        self.lost = memory is None  # nobody knows what lies there
        self.memory = memory or Memory()
        self.editions = {name: outlet.edition for name, outlet in recipe.outlets.items()}
        self.maker = Maker(recipe, approved)
        self.names = list(recipe.outlets)
        self.problems: list[Problem] = []  # of what could not even be read
        self.made = self.written = self.removed = 0

    def do(self, found: Differences, jobs: int, progress: Progress, *, forget: Callable[[], None]) -> Memory:
        """Makes what `found` and the editions ask for; what is to be remembered of it.

        `forget` is called before anything is written: a run that is cut off is a run that nobody remembers.
        """
        self.problems = list(found.problems)
        orders = self._orders(found)
        forget()
        if orders or found.gone:
            self.runs.begin(self.names)
        before = set(self._lying()) if self.lost else set()
        drafts = self._make(orders, self.memory.drafts.of(found.same, self.names), jobs, progress)
        self._clear(before, orders, drafts)
        remembered = Memory(self.inputs, self.editions, drafts, runs=self.runs.of(self.names))
        remembered.note_folders(self.render)
        return remembered

    def _make(self, orders: list[Order], drafts: AllMade, jobs: int, progress: Progress) -> AllMade:
        """`drafts`, and what was made of the orders."""
        self.made, known = len(orders), self.memory.drafts
        for n, (order, made, written) in enumerate(self.maker.make_all(orders, jobs), 1):
            before = known.get(order.path)
            kept = {k: v for k, v in before.files.items() if k in self.names} if before else {}
            if made is not None:
                left = {k: v for k, v in kept.items() if k not in order.channels}
                drafts[order.path] = made._replace(files={**left, **made.files})
            elif before is not None:
                drafts[order.path] = before._replace(files=kept)
            self.written += written
            if n % 20 == 0 or n == len(orders):
                progress(n, len(orders))
        return drafts

    # What is to be made

    def _orders(self, found: Differences) -> list[Order]:
        stale = {name for name, edition in self.editions.items() if self.memory.editions.get(name) != edition}
        stale |= {name for name, run in self.runs.of(self.names).items() if self.memory.runs.get(name) != run}
        gaps = self.memory.missing(self.render)
        orders = [Order(path, found.fresh[path], self.names) for path in self._apart(found)]
        known = self.memory.drafts
        few = found.same & (known.hidden | gaps.keys())  # of ten thousand others it need not be asked
        for path in found.same if stale or self.maker.approved is not None else few:
            made = known[path]
            if wanted := self._wanted(path, made, stale | gaps.get(path, set())):
                orders.append(Order(path, folder.FileStamp(*made[:4]), wanted))
        return sorted(orders, key=lambda order: order.path)

    def _wanted(self, path: str, made: Made, stale: set[str]) -> list[str]:
        """The channels for which a draft that has not changed has to be made again."""
        approved = self.maker.approved
        shown = approved is None or (bool(made.revision) and approved.get(path) == made.revision)
        if shown != made.shown and (made.revision or not made.faults):
            return self.names
        if made.faults and stale:
            return self.names
        return [name for name in self.names if name in stale]

    def _apart(self, found: Differences) -> list[str]:
        """What is fresh, without those whose outputs would be another draft's: `a.md` and `a.markdown`."""
        if found.fresh.keys() <= self.memory.drafts.keys():  # they were apart before
            return sorted(found.fresh)
        owners = {stem_of(path): path for path in found.same}
        apart = []
        for path in sorted(found.fresh):
            owner = owners.setdefault(stem_of(path), path)
            if owner == path:
                apart.append(path)
            else:
                said = _("its outputs would be those of %(draft)s", draft=owner)
                self.problems.append(Problem(path, None, said, _("give one of them another name")))
        return apart

    # What is over

    def _lying(self) -> Iterable[str]:
        """What lies below var/render, of the channels of this run."""
        for name in self.names:
            for above, _folders, files in os.walk(self.render / name):
                yield from (os.path.relpath(os.path.join(above, file), self.render) for file in files)  # noqa: PTH118

    def _clear(self, before: set[str], orders: Iterable[Order], drafts: AllMade) -> None:
        """Removes what lay there before and no draft makes any more, and the folders that this leaves empty."""
        known = self.memory.drafts
        changed = {order.path for order in orders} | (known.keys() - drafts.keys())
        if not self.memory.editions.keys() <= set(self.names):  # of a channel that is gone, all goes
            changed |= known.keys()
        before |= _outputs(known, changed)
        for output in before - _outputs(drafts, changed):
            path = self.render / output
            self.removed += path.exists()
            path.unlink(missing_ok=True)
            _remove_empty(path.parent, self.render)


def _outputs(drafts: Mapping[str, Made], paths: Iterable[str]) -> set[str]:
    return {output for path in paths if path in drafts for output in drafts[path].outputs(path)}


def _remove_empty(path: Path, top: Path) -> None:
    """Removes `path` and what is above it, below `top`, as far as they are empty."""
    while path != top:
        try:
            path.rmdir()
        except OSError:
            return
        path = path.parent
