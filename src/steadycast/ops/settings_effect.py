"""What edited settings would do, told before they are written: slots, drafts, channels, what `check` says of them."""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from steadycast.errors import InputError, Problem
from steadycast.language import gettext as _
from steadycast.ops import promise_change
from steadycast.ops.check_settings import of_settings
from steadycast.ops.promise_change import Change
from steadycast.pipeline.app import App
from steadycast.schedule.model import Series
from steadycast.schedule.slots import slots
from steadycast.workspace import Workspace
from steadycast.workspace.paths import SETTINGS_FILE

LONGEST_DIFF = 80  # lines


@dataclass(frozen=True)
class ChannelChange:
    """A series that goes to other channels than before, from its next slot on."""

    series: str  # its title
    added: tuple[str, ...]
    removed: tuple[str, ...]
    slots: int  # within the horizon


@dataclass(frozen=True)
class PauseChange:
    """A channel that is paused, or goes on, from now on."""

    channel: str
    paused: bool
    slots: int  # that go there within the horizon, of all series


@dataclass(frozen=True)
class SettingsEffect:
    """Edited settings, and all that they change."""

    change: Change
    lines: tuple[tuple[str, str], ...]  # of the file: ("-" or "+", the line)
    channels: tuple[ChannelChange, ...]
    pauses: tuple[PauseChange, ...]
    worse: tuple[Problem, ...]  # what `check` says of the new settings, and not of the old ones
    better: tuple[Problem, ...]  # what it says no more
    desk_url: str | None = None  # the desk's public address from now on, "" for none; None: it stays

    @property
    def same(self) -> bool:
        """Whether the file says it already."""
        return self.change.same


def whole(app: App) -> None:
    """Raises what is wrong with steadycast.toml: while it cannot be read no form can change it."""
    if app.broken_settings is not None:
        raise app.broken_settings


def fingerprint(workspace: Workspace) -> str:
    """What tells whether the settings that a person saw are the ones that are there."""
    return hashlib.sha256(workspace.sources[SETTINGS_FILE]).hexdigest()[:24]


def look(app: App, after: Workspace, now: dt.datetime) -> SettingsEffect:
    """What these settings would do; writes nothing. Raises SettingsError where no channel could be opened by them."""
    changed = app.by(after)
    changed.check_settings()
    change = promise_change.between(app, changed, now)
    old, new = (tuple(of_settings(each, now)) for each in (app, changed))
    said_before, said_after = {_told(p) for p in old}, {_told(p) for p in new}
    return SettingsEffect(
        change,
        tuple(islice(_lines(app.workspace, after), LONGEST_DIFF)),
        tuple(_channels(app.workspace, after, now)),
        tuple(_pauses(app.workspace, after, now)),
        tuple(p for p in new if _told(p) not in said_before),
        tuple(p for p in old if _told(p) not in said_after),
        after.desk.url if after.desk.url != app.workspace.desk.url else None,
    )


def make(app: App, seen: SettingsEffect, seen_as: str, now: dt.datetime) -> None:
    """Writes the settings whose effect a person saw, and plans with them.

    Raises InputError where others lie there by now: nobody's edit is written over.
    """
    if seen_as != fingerprint(app.workspace):
        said = _("it was changed meanwhile, and is left as it is")
        raise InputError(said, file=app.workspace.settings_file.name, hint=_("look at the effect again"))
    promise_change.make(app, seen.change, now)


def _told(problem: Problem) -> tuple[str, str]:
    return problem.said, problem.hint


def _lines(before: Workspace, after: Workspace) -> Iterator[tuple[str, str]]:
    old, new = (each.sources[SETTINGS_FILE].decode("utf-8-sig").splitlines() for each in (before, after))
    for line in islice(difflib.unified_diff(old, new, n=0, lineterm=""), 2, None):
        if line[:1] in "+-" and line[1:].strip():
            yield line[0], line[1:]


def _pauses(before: Workspace, after: Workspace, now: dt.datetime) -> Iterator[PauseChange]:
    for name, channel in after.channels.items():
        if name in before.channels and before.channels[name].paused != channel.paused:
            coming = sum(_coming(each, after, now) for each in after.series.values() if name in each.channels)
            yield PauseChange(name, channel.paused, coming)


def _coming(series: Series, after: Workspace, now: dt.datetime) -> int:
    """How many slots are owed within the horizon."""
    return sum(not slot.excused for slot in slots(series, now, now + after.publish.horizon))


def _channels(before: Workspace, after: Workspace, now: dt.datetime) -> Iterator[ChannelChange]:
    for name, series in after.series.items():
        was = before.series[name].channels if name in before.series else ()
        added = tuple(each for each in series.channels if each not in was)
        removed = tuple(each for each in was if each not in series.channels)
        if name in before.series and (added or removed):
            yield ChannelChange(series.title or name, added, removed, _coming(series, after, now))
