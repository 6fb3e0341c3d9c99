"""A first intake of old drafts: held back as archive, until a person says what they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import PurePosixPath

from steadycast.draft import Draft
from steadycast.intake.archive import many, old
from steadycast.intake.reconcile import Change, Changes
from steadycast.ledger.tables import DraftRow
from steadycast.pipeline.app import App
from steadycast.pipeline.draft_identity import ARCHIVE

_FLOOD = dt.timedelta(minutes=10)  # a sync tool brings an archive in many looks: what follows on it is of it


def held_back(
    app: App, changes: Changes, known: Collection[DraftRow], dated: Collection[PurePosixPath], now: dt.datetime
) -> Changes:
    """`changes` with what is an archive held back as such; `dated` are the drafts that say themselves when they are of.

    Only what is new: what came before, once it is stock, stays stock however old it is.
    """
    settings = app.workspace.intake
    fresh = [change for change in changes.new if not change.held]
    paths = {PurePosixPath(row.path) for row in known if row.source == "folder"}
    came = many((change.draft for change in fresh), paths, settings.archive_over)
    flood = {PurePosixPath(row.path).parent for row in known if row.held == ARCHIVE and row.first_seen > now - _FLOOD}
    came |= {change.draft.path for change in fresh if flood.intersection(change.draft.path.parents)}
    if not came:
        return changes
    drafts = [change.draft for change in fresh if change.draft.path in came]
    dates = _dates(app, drafts, dated)
    past = old(drafts, dates, now, settings.archive_after)
    return replace(changes, new=tuple(_archived(c) if c.draft.path in past else c for c in changes.new))


def _archived(change: Change) -> Change:
    return replace(change, held=ARCHIVE)


def _dates(
    app: App, drafts: Iterable[Draft], dated: Collection[PurePosixPath]
) -> dict[PurePosixPath, dt.datetime | None]:
    """What each draft is of: its front matter, its name, or its first commit; a file's own time proves nothing."""
    dates = {draft.path: draft.date if draft.path in dated else None for draft in drafts}
    if None not in dates.values():
        return dates
    from steadycast.intake.git_history import first_days

    committed = first_days(app.workspace.content)
    return {path: at or committed.get(str(path)) for path, at in dates.items()}
