"""Intake: what was dropped, edited, renamed or taken away, and what members' feeds brought."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Container, Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING

from steadycast import retold
from steadycast.draft import Draft
from steadycast.errors import DraftError, InputError, Problem
from steadycast.intake import folder, reconcile
from steadycast.intake.draft_status import DraftStatus, draft_status
from steadycast.intake.reconcile import Change, Changes
from steadycast.language import gettext as _
from steadycast.ledger.intake import HAND_IN
from steadycast.ledger.tables import DraftRow, ProblemRow, RevisionRow
from steadycast.pipeline import draft_identity, draft_media, draft_notes, rituals, source_looks
from steadycast.pipeline.app import App
from steadycast.pipeline.draft_identity import as_known, held, ids, memory
from steadycast.pipeline.draft_media import Quotas, with_media
from steadycast.pipeline.draft_notes import Titles, crowded, notes_of
from steadycast.pipeline.files_read import NOTE, FilesRead, stamp_of
from steadycast.pipeline.frozen_draft import to_content, to_plan
from steadycast.pipeline.posts import PageLinks
from steadycast.pipeline.results import Collected, DraftChange, FeedLooked
from steadycast.pipeline.unchanged_content import LastLook
from steadycast.progress import Progress, unseen
from steadycast.schedule.model import Origin

if TYPE_CHECKING:
    from steadycast.pipeline.member_feeds import FeedUpdate

PATIENCE = 600.0  # seconds that intake may take another process: feeds are slow


def watch(content: Path, stop: threading.Event) -> Iterator[set[Path]]:
    """Sets of paths below `content` that changed, as they change, until `stop` is set; an empty set: look at all."""
    from steadycast.intake.watch import watch as changes  # a compiled library: only where somebody watches

    yield from changes(content, stop)


def collect(
    app: App, now: dt.datetime, *, feeds: bool = True, at_once: bool = False, progress: Progress = unseen
) -> Collected:
    """Takes in what changed in content/ and, with `feeds`, in members' feeds; says what it found.

    A feed is asked when its time has come; with `at_once` now, as a person who fixed it wants to see that.

    One broken file or feed is one problem, and stops nothing else. Calling it again at once changes nothing.
    """
    with app.in_turn("intake", PATIENCE):
        lacking: list[draft_media.MissingPictures] = []
        times: dict[PurePosixPath, dt.datetime] = {}
        with retold.noting():  # a problem is told to whoever reads it, in that reader's language
            changes, problems, harmless, keep = _folder(app, now, progress, lacking, times)
        noticed = [*_noticed(app, changes, now), *harmless]
        taken = _write(app, now, changes, source_looks.own_times(app, now, times))
        source_looks.looked(app, now, problems, anything=bool(taken))
        with retold.noting():
            problems += [*held(app), *rituals.faults(app)]
        fresh, fixed = _remember(app, now, problems, feeds=False)
        keep()  # last: what was not written is read again
    if feeds and lacking:
        taken += _pictures(app, now, lacking, noticed, {t.draft for t in taken}, at_once=at_once)
    looked: list[FeedLooked] = []
    if feeds and app.workspace.feeds:
        came, brought, new_ones, well = _feeds(app, now, at_once=at_once)
        taken, looked, problems = [*taken, *brought], came.looked, [*problems, *came.problems]
        fresh, fixed = (*fresh, *new_ones), (*fixed, *well)
    elif feeds:
        fixed += _remember(app, now, [], feeds=True)[1]
    return Collected(tuple(taken), tuple(problems), tuple(looked), fresh, fixed, tuple(noticed))


def _noticed(app: App, changes: Changes, now: dt.datetime) -> list[Problem]:
    """What is told once of drafts that were taken, when they come or are edited."""
    if not (drafts := [change.draft for change in (*changes.new, *changes.edited)]):
        return []
    titles, here = Titles(drafts), {str(draft.path) for draft in drafts}
    for row in app.ledger.known_drafts():
        if row.state not in {"gone", "not-ready"} and row.path not in here:
            titles.add_known(row.title, row.path)
    links = PageLinks(app, drafts)
    said = (problem for draft in drafts for problem in (*notes_of(draft), *links.problems(draft)))
    full = (fault.problem(str(draft.path)) for draft in drafts for fault in crowded(app, draft, now))
    return [*said, *full, *titles.problems()]


def _pictures(
    app: App,
    now: dt.datetime,
    lacking: list[draft_media.MissingPictures],
    noticed: list[Problem],
    told: Container[str],
    *,
    at_once: bool,
) -> list[DraftChange]:
    """Fetches pictures from elsewhere, and says which drafts that edited, but for those that are `told` of anyway."""
    brought = list(draft_media.bring(app, lacking, at_once=at_once))
    with app.in_turn("intake", PATIENCE):
        edited, said = draft_media.changes(app, brought)
        noticed += said
        return [t for t in _write(app, now, Changes(edited=edited)) if t.draft not in told]


def _feeds(
    app: App, now: dt.datetime, *, at_once: bool
) -> tuple[FeedUpdate, list[DraftChange], tuple[Problem, ...], tuple[str, ...]]:
    """What the members' feeds brought, and which of their problems are new or fixed.

    Theirs is the time that they take: whoever drops a file does not wait for it.
    """
    from steadycast.pipeline import member_feeds as members_feeds  # loads the web: only where a feed is asked

    with app.in_turn("feeds", PATIENCE), retold.noting():
        came = members_feeds.look(app, now, at_once=at_once)
        with app.in_turn("intake", PATIENCE):
            changes = Changes(new=tuple(came.new), edited=tuple(came.edited))
            taken = _write(app, now, changes, source_looks.own_times_of_feeds(app, now, came.items))
            members_feeds.keep(app, came)
            fresh, fixed = _remember(app, now, came.problems, feeds=True)
    return came, taken, fresh, fixed


def _folder(
    app: App,
    now: dt.datetime,
    progress: Progress,
    lacking: list[draft_media.MissingPictures],
    times: dict[PurePosixPath, dt.datetime],
) -> tuple[Changes, list[Problem], list[Problem], Callable[[], None]]:
    """What the content folder makes of the known drafts; `times` gets when each file that was read was written.

    Then its problems, the harmless ones that were not told yet, and what remembers what was read: of what has not
    changed since, nothing is read or made.
    """
    workspace = app.workspace
    limits = folder.Limits(draft_bytes=workspace.intake.max_bytes)
    last = LastLook(app, limits, (NOTE, draft_notes.TOLD))
    if last.was_the_same():
        return Changes(), [], [], lambda: None
    here = app.ledger.dropped_paths()
    before = FilesRead(app, here, last.seen)
    drafts, present, problems, stamps, dated = [], set[PurePosixPath](), [], {}, set()
    notes: dict[str, list[int]] = {}
    alone: list[folder.OtherFile] = []
    named: set[Path] = set()
    quotas = Quotas(app)
    for item in folder.scan(workspace.content, limits, unchanged=before.unchanged, others=True):
        if isinstance(item, folder.ReadmeNote):
            notes[str(item.path)] = list(item.stamp)  # if it was taken for a draft before, that one is gone
        elif isinstance(item, folder.OtherFile):
            alone.append(item)
        elif isinstance(item, folder.Unsettled):
            present.add(item.path)
        elif isinstance(item, Problem):
            present.add(PurePosixPath(item.where))
            problems.append(item)
        else:
            try:
                draft = item.draft(app.reader)
                times[draft.path] = item.mtime
                named.update(ref.path for ref in draft.media)
                quotas.take(draft)
                with_files = with_media(app, draft, keep=_approved_on_arrival(app, draft))
                drafts.append(draft_media.at_hand(app, with_files, quotas, lacking))
                if draft.date != item.mtime:  # its front matter or its name says when it is of
                    dated.add(draft.path)
                if not (lacking and lacking[-1].draft.path == draft.path):  # else it is read again, until it lacks none
                    stamps[item.path] = folder.FileRead.of(item, draft)
            except DraftError as error:
                present.add(item.path)
                problems.append(error.problem(str(item.path)))
        done = len(before.same) + len(drafts)
        progress(done, max(done, len(here)))
    broken = {PurePosixPath(problem.where) for problem in problems}
    if alone:
        problems += draft_notes.problems(app, alone, {*named, *before.named()}, broken)
    harmless = [problem for problem in problems if problem.harmless]
    problems = [problem for problem in problems if not problem.harmless]
    changes = Changes()
    if drafts or not all(reconcile.stands(PurePosixPath(path), present) for path in here - before.same.keys()):
        rows = app.ledger.known_drafts()
        present.update(map(PurePosixPath, before.same))
        known = [as_known(row) for row in rows if row.source == "folder"]
        make_id = ids({each.id for each in known})
        changes = reconcile.reconcile(drafts, known, present=present, make_id=make_id, memory=memory(app))
        changes = draft_identity.held_back(app, changes, rows, dated, now)

    def keep() -> None:
        before.keep(stamps)
        if not (drafts or present or problems or changes.deleted):
            others = [str(item.path) for item in alone]
            last.keep(before.stamps() | notes, others, before.media(), told=bool(harmless))

    return changes, problems, draft_notes.not_yet_told(app, harmless), keep


def _approved_on_arrival(app: App, draft: Draft) -> bool:
    """Whether nobody has to look at a draft before it may go out: of the others no file is copied until then."""
    member = app.workspace.members.get(draft.member)
    if draft.origin is Origin.PGC:
        return not (app.workspace.intake.approve_pgc or rituals.waits_for_an_editor(draft.path))
    return bool(member and member.trusted)


def _write(
    app: App,
    now: dt.datetime,
    changes: Changes,
    own_times: Mapping[str, dt.datetime] = MappingProxyType({}),
) -> list[DraftChange]:
    """Puts what changed into the ledger, and says it in rows; the media of what is approved are in var/media by now.

    `own_times`, by path or id, are of drafts that count from when they were written, as nobody had looked since.
    """
    groups = {"new": (*changes.new, *changes.back), "edited": changes.edited, "renamed": changes.renamed}
    ids_ = [*(change.id for group in groups.values() for change in group), *(known.id for known in changes.deleted)]
    if not ids_:
        return []
    before = app.ledger.drafts_of(ids_)
    made = [(kind, *_rows(app, now, c, before.get(c.id))) for kind, group in groups.items() for c in group]
    for _kind, row, revision in made:
        revision.own_at = own_times.get(row.path) or own_times.get(row.id)
    gone = [DraftRow(**before[known.id].model_dump() | {"state": "gone", "changed": now}) for known in changes.deleted]
    changed = [*((kind, row) for kind, row, _ in made), *(("gone", row) for row in gone)]
    app.ledger.put_drafts([row for _, row in changed], [revision for *_, revision in made])
    return [
        DraftChange(kind, row.id, row.path, row.title, row.origin, row.member, row.form, row.state)
        for kind, row in changed
    ]


def _rows(app: App, now: dt.datetime, change: Change, row: DraftRow | None) -> tuple[DraftRow, RevisionRow]:
    draft, workspace = change.draft, app.workspace
    member = workspace.members.get(draft.member)
    lives = row is not None and row.state != "gone" and not change.released
    why_held = change.held or (source_looks.hand_in_alone(app, draft) if row is None or row.held == HAND_IN else "")
    stands = draft_status(
        draft,
        trusted=bool(member and member.trusted),
        pgc_approved=not (workspace.intake.approve_pgc or rituals.waits_for_an_editor(draft.path)),
        before=DraftStatus(row.state, row.approved_revision) if row and lives else None,
        previous_revision=row.revision if row else None,
        held=why_held,
    )
    fresh = bool(stands.approved_revision) and (row is None or row.approved_revision != stands.approved_revision)
    content = to_content(draft, workspace.content)
    # What is not approved shows nowhere: title, form and plan stay the approved revision's.
    told = row if row and stands.approved_revision not in (None, draft.revision) else None
    return (
        DraftRow(
            id=change.id,
            path=str(draft.path),
            source="feed" if draft.path.parts[0] == "feed" else "folder",
            origin=draft.origin,
            member=draft.member,
            circle=draft.circle,
            form=told.form if told else draft.form,
            title=told.title if told else draft.title,
            revision=draft.revision,
            state=stands.state,
            first_seen=row.first_seen if row else now,
            changed=now,
            approved_revision=stands.approved_revision,
            approved_at=now if fresh else row.approved_at if row else None,
            approved_by="on arrival" if fresh else row.approved_by if row else "",
            held=why_held,
            resembles=change.resembles,
            plan=told.plan if told else to_plan(draft, workspace.community.zone, row.plan if row else {}),
        ),
        RevisionRow(
            hash=draft.revision, draft=change.id, at=now, content=content, letters=source_looks.letters(app, draft)
        ),
    )


def _remember(
    app: App, now: dt.datetime, problems: list[Problem], *, feeds: bool
) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
    """Keeps the problems that stand, of feeds or of the folder, and forgets the fixed ones.

    Returns those that are new, and the paths that are well now.
    """
    paths = {p.where for p in problems}
    before = {row.path: row for row in app.ledger.problems() if row.path.startswith("feed/") is feeds}
    fixed = [path for path in before if path not in paths]
    known = {(row.path, row.line, row.message) for row in before.values()}
    said = {p: retold.again(retold.kept(p.said)) for p in problems}  # as a row says it
    kept = {(row.path, row.line, row.message, row.hint) for row in before.values()}
    newest = {p.where: p for p in problems}.values()  # a row has room for one of a path
    others = [p for p in newest if (p.where, p.line, said[p], retold.again(retold.kept(p.hint))) not in kept]
    rows = [ProblemRow(at=now, **p.row()) for p in others]
    if rows or fixed:
        app.ledger.put_problems(rows, fixed)
    return tuple(p for p in problems if (p.where, p.line, said[p]) not in known), tuple(fixed)


def check_taken_in(app: App, row: DraftRow) -> None:
    """Raises the InputError of a draft whose file was edited since it was read: the text before would go out."""
    file = app.workspace.content / row.path
    if row.source != "folder" or not file.is_file():
        return
    if (stamp := folder.FileStamp.of(file.stat())) == stamp_of(app, row.path):
        return
    if not _says_the_same(app, row, stamp):  # `chmod`, or a copy put back, changes the times alone
        raise InputError(_("it was edited since it was taken in"), file=file, hint=_("run `steadycast intake` first"))


def _says_the_same(app: App, row: DraftRow, stamp: folder.FileStamp) -> bool:
    """Whether a file makes the revision that was taken in, as intake would read it."""
    limits = folder.Limits(draft_bytes=app.workspace.intake.max_bytes)
    found = folder.read(app.workspace.content, folder.DraftFile(PurePosixPath(row.path), stamp), limits)
    if not isinstance(found, folder.DraftFile):
        return False
    try:
        draft = with_media(app, found.draft(app.reader), keep=False)
    except DraftError:
        return False
    return draft_media.at_hand(app, draft, Quotas(app)).revision == row.revision
