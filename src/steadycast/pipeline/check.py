"""What would fail at its slot, said today: settings, platforms, rhythms, drafts, media, limits, schedules, rights."""

from __future__ import annotations

import datetime as dt
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from steadycast.draft import Draft, parse
from steadycast.errors import DraftError, InputError, SettingsError
from steadycast.intake import folder
from steadycast.pipeline.deployments import differences
from steadycast.pipeline.desk import Desk
from steadycast.pipeline.results import Problem
from steadycast.render.body import prepare
from steadycast.render.compose import Target, fits
from steadycast.schedule.cadence import parse as parse_cadence
from steadycast.workspace import Workspace, load

Progress = Callable[[int, int], None]


def check(now: dt.datetime, *, root: Path | None = None, progress: Progress | None = None) -> list[Problem]:
    """Everything of the nearest workspace that a person has to mend, in order; reads no ledger and no feed."""
    try:
        workspace = load(root)
    except SettingsError as error:
        return [_problem(error)]
    desk = Desk(workspace)
    found = [*_settings(desk), *_rights(workspace)]
    if not found:
        found += [
            Problem("prefect.yaml", None, line, "`steadycast deploy` writes it") for line in _schedules(workspace)
        ]
    return found + list(_drafts(desk, now, progress))


def _problem(error: InputError, path: str = "") -> Problem:
    said = f"{error.channel}: {error.message}" if error.channel else error.message
    return Problem(path or str(error.file or "steadycast.toml"), error.line, said, error.mend or "")


def _settings(desk: Desk) -> Iterator[Problem]:
    """Channels against their platforms, and rhythms."""
    for name in desk.workspace.channels:
        try:
            desk.settings(name)
        except SettingsError as error:
            yield _problem(error)
    try:
        promises = desk.workspace.series
    except SettingsError as error:
        yield _problem(error)
        return
    for name, series in promises.items():
        try:
            parse_cadence(series.every, series.rrule)
        except SettingsError as error:
            yield Problem("steadycast.toml", None, f"series.{name}: {error.message}", error.mend or "")


def _schedules(workspace: Workspace) -> list[str]:
    try:
        return differences(workspace)
    except SettingsError as error:
        return [str(error)]


def _rights(workspace: Workspace) -> Iterator[Problem]:
    """Whoever may write to these folders runs code in the worker: Prefect puts them first on the import path."""
    for path in (workspace.root, workspace.flows, *workspace.platform_folders):
        if path.is_dir() and path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            yield Problem(str(path), None, "others than its owner may write here", f"chmod go-w {path}")


def _drafts(desk: Desk, now: dt.datetime, progress: Progress | None) -> Iterator[Problem]:
    workspace = desk.workspace
    limits = folder.Limits(draft_bytes=workspace.intake.max_bytes)
    for n, item in enumerate(folder.scan(workspace.content, limits, {}), 1):
        if isinstance(item, folder.Problem):
            yield Problem(str(item.path), item.line, item.message, item.mend)
        elif isinstance(item, folder.Found):
            try:
                draft = parse(
                    item.raw or b"",
                    item.path,
                    item.file,
                    workspace.content,
                    zone=workspace.community.zone,
                    mtime=item.mtime,
                    known_series=frozenset(workspace.series),
                )
            except DraftError as error:
                yield _problem(error, str(item.path))
                continue
            for fault in unfit(desk, draft, now):
                yield _problem(fault, str(item.path))
        if progress:
            progress(n, n)


def unfit(desk: Desk, draft: Draft, now: dt.datetime) -> list[DraftError]:
    """What of `draft` would fail on the channels that its series go to; each fault once."""
    workspace = desk.workspace
    body = prepare(draft, workspace.media, workspace.cache, base=workspace.community.url)
    found: dict[str, DraftError] = {}
    for channel in channels_for(desk, draft):
        platform = desk.platform(channel)
        target = Target(channel, site_url=workspace.community.url, published=now, settings=desk.settings(channel))
        for fault in fits(draft, platform, target, workspace.media, workspace.cache, now=now, body=body):
            found.setdefault(fault.message, replace_line(fault, draft))
    return list(found.values())


def channels_for(desk: Desk, draft: Draft) -> list[str]:
    """The channels on which a draft may come: those of each series it could serve, less those it leaves out."""
    found: dict[str, None] = {}
    for name, series in desk.workspace.series.items():
        if draft.form in series.forms and (not draft.series or name in draft.series):
            found |= dict.fromkeys(series.channels)
    return [c for c in found if not draft.channels.get(c, {}).get("skip") and draft.form in desk.platform(c).forms]


def replace_line(fault: DraftError, draft: Draft) -> DraftError:
    """A fault with the draft's file named as people know it."""
    return replace(fault, file=str(draft.path))
