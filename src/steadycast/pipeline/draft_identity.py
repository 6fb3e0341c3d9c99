"""Which draft a file is: an edit, a copy, one of an archive; and which of them wait to be told apart by a person."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from steadycast.draft import Draft
from steadycast.errors import Problem
from steadycast.intake import archive
from steadycast.intake.reconcile import COPY, DOUBTFUL, Changes, KnownDraft, Memory, reconcile
from steadycast.intake.similar import Text
from steadycast.language import N_, ngettext
from steadycast.language import gettext as _
from steadycast.ledger.intake import KnownDraft as KnownRow
from steadycast.ledger.tables import DraftRow
from steadycast.pipeline.app import App
from steadycast.pipeline.frozen_draft import draft_id

ARCHIVE = "archive"
HELD = (ARCHIVE, COPY, DOUBTFUL)


def as_known(row: KnownRow | DraftRow) -> KnownDraft:
    """A draft's row, as much of it as tells it from others."""
    gone = row.state == "gone"
    return KnownDraft(row.id, PurePosixPath(row.path), row.revision, gone, row.title, row.held, row.resembles)


def memory(app: App) -> Memory:
    """The ledger, asked only where drafts have to be told apart."""

    def texts(rows: Collection[KnownDraft]) -> dict[str, Text]:
        named = [(row.id, row.revision) for row in rows]
        return {
            id: Text.of(
                content["title"], content["body"], ((m["role"], Path(m["file"]).stem) for m in content["media"])
            )
            for id, content in app.ledger.texts(named)
        }

    return Memory(lambda: used(app), texts, app.ledger.had)


def used(app: App) -> dict[str, dt.datetime]:
    """When each draft went out last, that did."""
    return {past.draft: past.at for past in app.ledger.used()}


def held(app: App) -> list[Problem]:
    """What waits for a person: each copy and each doubtful draft with the other one's name; an archive in one line."""
    rows = app.ledger.known_drafts(HELD)
    waiting = [row for row in rows if row.state in {COPY, DOUBTFUL}]
    others = app.ledger.drafts_of({row.resembles for row in waiting}) if waiting else {}
    went_out = used(app) if waiting else {}
    found = []
    for row in waiting:
        other = others.get(row.resembles)
        one = Held(row.id, row.path, row.state, row.resembles)
        gone = other is not None and other.state == "gone"
        found.append(_named(app, one, other.path if other else None, went_out, gone=gone))
    return found + _archives(app, [row.path for row in rows if row.state == ARCHIVE])


def copies(app: App, drafts: Collection[Draft], present: Collection[PurePosixPath]) -> list[Problem]:
    """What `held` would say of copies and doubtful drafts, had `drafts` been taken in, and says of an archive that was;
    nothing is written.

    `present` are the paths that could not be read.
    """
    rows = {row.id: row for row in app.ledger.known_drafts()} if app.has_ledger else {}
    known = [as_known(row) for row in rows.values() if row.source == "folder"]
    found = reconcile(drafts, known, present=present, make_id=ids(set(rows)), memory=memory(app) if rows else None)
    changes = [*found.new, *found.edited, *found.renamed, *found.back]
    here = {change.id: str(change.draft.path) for change in changes}
    waiting = [(c.id, str(c.draft.path), c.held, c.resembles) for c in changes if c.held in {COPY, DOUBTFUL}]
    waiting += [(k.id, str(k.path), k.held, k.resembles) for k in found.same if rows[k.id].state in {COPY, DOUBTFUL}]
    gone = {known.id for known in found.deleted} | {
        row.id for row in rows.values() if row.state == "gone"
    } - here.keys()
    went_out = used(app) if waiting and rows else {}
    told = []
    for id, path, why, resembles in waiting:
        other = here.get(resembles) or (rows[resembles].path if resembles in rows else None)
        told.append(_named(app, Held(id, path, why, resembles), other, went_out, gone=resembles in gone))
    return told + _archives(app, [row.path for row in rows.values() if row.state == ARCHIVE])


def ids(taken: set[str]) -> Callable[[Draft], str]:
    """Makes ids for drafts; one whose path and content were another draft's before gets the next."""

    def make(draft: Draft) -> str:
        for salt in range(1000):
            id_ = draft_id(str(draft.path), draft.revision, *([str(salt)] if salt else []))
            if id_ not in taken:
                taken.add(id_)
                return id_
        raise AssertionError

    return make


class Held(NamedTuple):
    """A draft that waits to be told apart: as what, and from which."""

    id: str
    path: str
    why: str
    resembles: str


def _named(app: App, row: Held, name: str | None, used: dict[str, dt.datetime], *, gone: bool) -> Problem:
    name = name or _("a draft that is no longer known")
    out = used.get(row.resembles)
    day = format(out.astimezone(app.workspace.community.zone), "%Y-%m-%d") if out else ""
    if row.why == DOUBTFUL:
        hint = _(
            "a new one: `steadycast approve %(id)s`; the same: `steadycast reject %(id)s`, or remove the file",
            id=row.id,
        )
        said = N_("looks like %(name)s, which went out on %(day)s") if out else N_("looks like %(name)s")
        return Problem(row.path, None, _(said, name=name, day=day), hint, held=1)
    said = N_("is a copy of %(name)s, which went out on %(day)s") if out else N_("is a copy of %(name)s")
    if gone and not out:
        said = N_("is a copy of %(name)s, which is gone")
    hint = _("remove one of the two; `steadycast approve %(id)s` makes it a draft of its own", id=row.id)
    return Problem(row.path, None, _(said, name=name, day=day), hint, held=1)


def _archives(app: App, paths: Collection[str]) -> list[Problem]:
    """One line for all that came in at once and is old, and the commands that decide."""
    if not paths:
        return []
    folders: dict[str, int] = defaultdict(int)
    for path in paths:
        folders[path.partition("/")[0]] += 1
    days = app.workspace.intake.archive_after.days
    said = ngettext(
        "%(num)s old draft came at once, dated more than %(days)s days back: held as archive",
        "%(num)s old drafts came at once, dated more than %(days)s days back: held as archive",
        len(paths),
        days=days,
    )
    where = max(folders, key=lambda folder: folders[folder])
    series = next(iter(app.workspace.series), "SERIES")
    command = f"steadycast backfill {app.workspace.content.name}/{where} --series {series}"
    hint = _(
        "published before: `%(backfill)s`; to publish now: `steadycast approve --archive`; "
        "neither: `steadycast reject --all --before DATE`",
        backfill=command,
    )
    return [Problem(f"{where}/", None, said, hint, held=len(paths))]


_FLOOD = dt.timedelta(minutes=10)  # a sync tool brings an archive in many looks: what follows on it is of it


def held_back(
    app: App, changes: Changes, known: Collection[KnownRow], dated: Collection[PurePosixPath], now: dt.datetime
) -> Changes:
    """`changes` with what is an archive held back as such; `dated` are the drafts that say themselves when they are of.

    Only what is new: what came before, once it is stock, stays stock however old it is.
    """
    settings = app.workspace.intake
    fresh = [change for change in changes.new if not change.held]
    if not fresh:
        return changes
    paths = {PurePosixPath(row.path) for row in known if row.source == "folder"}
    came = archive.many((change.draft for change in fresh), paths, settings.archive_over)
    flood = {PurePosixPath(row.path).parent for row in known if row.held == ARCHIVE and row.first_seen > now - _FLOOD}
    came |= {change.draft.path for change in fresh if flood.intersection(change.draft.path.parents)}
    if not came:
        return changes
    drafts = [change.draft for change in fresh if change.draft.path in came]
    dates = _dates(app, drafts, dated)
    past = archive.old(drafts, dates, now, settings.archive_after)
    return replace(changes, new=tuple(replace(c, held=ARCHIVE) if c.draft.path in past else c for c in changes.new))


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
