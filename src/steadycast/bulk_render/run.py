"""One run over all drafts: look, make what differs, take away what is over, remember."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from steadycast.bulk_render.all_made import AllMade
from steadycast.bulk_render.cache import Memory, Runs, Summary
from steadycast.bulk_render.look import NO_LIMIT, Differences, differences, look
from steadycast.crash_safety import durable, file_lock
from steadycast.errors import Problem
from steadycast.intake.stamps import stamps
from steadycast.language import gettext as _
from steadycast.language import ngettext
from steadycast.progress import Progress, unseen
from steadycast.workspace.paths import Paths, find_root

if TYPE_CHECKING:
    from steadycast.bulk_render.recipe import Inputs, Recipe


class Rendered(NamedTuple):
    """What a run found and did."""

    drafts: int
    channels: int
    outputs: int  # that lie there now
    made: int = 0  # drafts that were rendered
    written: int = 0  # outputs whose bytes changed
    removed: int = 0
    problems: tuple[Problem, ...] = ()  # all that stand now, not only new ones

    def row(self) -> dict[str, Any]:
        """The counts, and the problems as rows."""
        told = [p.row() for p in self.problems]
        counts = {name: getattr(self, name) for name in ("drafts", "channels", "outputs", "made", "written", "removed")}
        return {**counts, "problems": told}

    def summary(self) -> str:
        """One line: how many of what."""
        words = _(
            "%(drafts)s for %(channels)s: %(outputs)s, %(written)s written",
            drafts=ngettext("%(num)s draft", "%(num)s drafts", self.drafts),
            channels=ngettext("%(num)s channel", "%(num)s channels", self.channels),
            outputs=ngettext("%(num)s output", "%(num)s outputs", self.outputs),
            written=self.written,
        )
        words += _(", %(num)s removed", num=self.removed) if self.removed else ""
        if self.problems:
            words += ngettext("; %(num)s problem", "; %(num)s problems", len(self.problems))
        return words


def render_all(
    *,
    root: Path | None = None,
    channel: str = "",
    jobs: int = 2,
    approved: Mapping[str, str] | None = None,
    force: bool = False,
    progress: Progress = unseen,
) -> Rendered:
    """Brings var/render/<channel>/<draft>.<ext> up to date with content/, and says what that took.

    `approved` maps paths below content/ to the revision that may be shown; None shows every draft. With `channel`, only
    that channel's outputs are touched. One broken draft is one problem and stops nothing; raises SettingsError where
    the settings or a platform are wrong. Nothing depends on the hour: equal inputs give equal bytes.
    """
    paths = Paths((root or find_root()).resolve())
    file = paths.cache / (f"render-{channel}.json" if channel else "render.json")
    durable.make_folder(paths.cache)
    paths.make_private()
    with file_lock.held(paths.cache / "render.lock"):
        lying = stamps(paths.content, NO_LIMIT)
        runs = Runs(paths.cache / "render-runs.json")
        summary = None if force or approved is not None or lying is None else Summary.load(file)
        if summary is not None and lying is not None and summary.holds(lying, paths.var / "render", runs.known):
            return summed_up(summary)
        memory = None if force else Memory.load(file)
        known = memory.drafts if memory else AllMade()
        found = (None if lying is None else differences(lying, known)) or look(paths.content, known)
        if (
            memory is not None
            and approved is None
            and memory.inputs_unchanged()
            and memory.runs == runs.of(memory.runs)
            and _is_all_there(paths, memory, found)
        ):
            return summed_up(memory.summary(), found.problems)
        # Only now: a run that finds nothing changed loads no settings, no parser and no template.
        from steadycast.bulk_render.run_changes import Work

        recipe, inputs = _recipe(paths, channel, file.with_suffix(".recipe"), memory)
        work = Work(recipe, inputs, memory, approved, runs)
        remembered = work.do(found, jobs, progress, forget=lambda: file.unlink(missing_ok=True))
        remembered.save(file)
        return summed_up(
            remembered.summary(), work.problems, made=work.made, written=work.written, removed=work.removed
        )


def _recipe(paths: Paths, channel: str, kept: Path, memory: Memory | None) -> tuple[Recipe, Inputs]:
    """As it was kept, where nothing is another that it comes from; else as the settings say now."""
    from steadycast.bulk_render.recipe import Recipe

    if memory is not None and memory.inputs_unchanged() and (recipe := Recipe.load(kept, paths.root, memory.inputs)):
        return recipe, memory.inputs
    from steadycast.bulk_render import from_settings

    recipe, inputs = from_settings.recipe(paths.root, channel)
    recipe.save(kept, inputs)
    return recipe, inputs


def _is_all_there(paths: Paths, memory: Memory, found: Differences) -> bool:
    hidden = memory.drafts.hidden - memory.drafts.faults.keys()
    return not (found.fresh or found.gone or hidden or memory.missing(paths.var / "render"))


def summed_up(summary: Summary, unread: Sequence[Problem] = (), **counts: int) -> Rendered:
    """What is remembered, and what could not even be read, as a result."""
    problems = [*unread, *(Problem(*fault) for fault in summary.faults)]
    problems.sort(key=lambda p: (p.where, p.line or 0, p.message))
    return Rendered(summary.drafts, summary.channels, summary.outputs, **counts, problems=tuple(problems))
