"""Drafts and their standing: listed, approved, rejected; found by id or path."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from steadycast.draft import Draft
from steadycast.errors import InputError, unknown_name
from steadycast.hints import command, hint
from steadycast.language import gettext as _
from steadycast.language import listed as in_words
from steadycast.ledger.connection import chunks
from steadycast.ledger.intake import HELD, OUT_OF_STOCK
from steadycast.ledger.tables import DONE, DraftRow, State
from steadycast.pipeline import leaders
from steadycast.pipeline.app import App
from steadycast.pipeline.past_pins import ids_past
from steadycast.pipeline.results import Row

LONGEST_REASON = 500  # characters
OUT = {*DONE, State.HANDED, State.SENDING, State.UNKNOWN, State.WITHDRAWN}


def drafts(app: App, now: dt.datetime) -> list[Row]:
    """Every draft with its standing: waiting, stock, planned, past, used, rejected, not-ready or gone; newest first."""
    ids, past = app.ledger.listed_drafts(), ids_past(app, now)
    return [row for some in chunks(ids) for _draft, row in _standing(app, some, past)]


class DraftsListed(NamedTuple):
    """Drafts with their standing and where they are, read as they are asked for; and how many there are besides."""

    rows: Iterator[Row]
    more: int


def listed(  # noqa: PLR0917 what may be asked of them
    app: App, now: dt.datetime, state: str = "", member: str | None = None, form: str = "", most: int | None = None
) -> DraftsListed:
    """Drafts as `drafts` tells them, with `where`; those that stand so, are a member's ("" for the house's), of a form.

    Of `most` of them, the newest, no more is read than they are.
    """
    from steadycast.pipeline.draft_location import DraftLocation  # plans, where somebody asks for a turn

    location = DraftLocation(app, now)
    past = ids_past(app, now, location.past_pins)
    ids = app.ledger.listed_drafts(standing=state, member=member, form=form, past=past)

    def rows() -> Iterator[Row]:
        for some in chunks(ids[:most]):
            found = _standing(app, some, past)
            location.look_up(some)
            yield from ({**row, "where": location.of(draft)} for draft, row in found)

    return DraftsListed(rows(), len(ids[most:]) if most else 0)


def _standing(app: App, ids: list[str], past: Collection[str]) -> list[tuple[DraftRow, Row]]:
    """Some drafts with their standing, in that order; those that are not there are left out."""
    found, due, out = app.ledger.drafts_of(ids), app.ledger.drafts_due(), app.ledger.last_used(ids)
    carried = {**dict.fromkeys(past, "past"), **dict.fromkeys(due, "planned"), **dict.fromkeys(out, "used")}
    return [
        (
            row,
            {
                "id": row.id,
                "title": _newest_title(app, row),
                "path": row.path,
                "form": row.form,
                "origin": row.origin,
                "member": row.member,
                "member_title": app.member_title(row.member),
                "state": carried.get(row.id, "stock") if row.state == "approved" else row.state,
                "edited_since_approval": _edited(row),
                "changed": row.changed.isoformat(),
                "revision": row.revision[:12],
            },
        )
        for row in (found[id] for id in ids if id in found)
    ]


def _edited(row: DraftRow) -> bool:
    return bool(row.approved_revision) and row.approved_revision != row.revision


def _newest_title(app: App, row: DraftRow) -> str:
    """The title of what is there now; the row's own is that of what was approved."""
    draft = read(app, row.id, row.revision) if _edited(row) else None
    return draft.title if draft else row.title


def find_draft(app: App, id_or_path: str) -> DraftRow:
    """One draft by its id, its path below content/, or its file.

    InputError says which was meant, or why the file could not be taken in.
    """
    named = "\0" not in id_or_path  # else neither a disk nor PostgreSQL can be asked for it
    row, path = app.ledger.draft(id_or_path) if named else None, id_or_path
    if row is None and named:
        file = Path(id_or_path).resolve()
        content = app.workspace.content.resolve()
        if file.is_relative_to(content):
            path = str(file.relative_to(content))
            row = app.ledger.draft(path)
    if row is None:
        if wrong := next((each for each in app.ledger.problems() if each.path == path), None):
            said = _("%(draft)s could not be taken in: %(why)s", draft=path, why=wrong.message)
            raise InputError(said, line=wrong.line, hint=wrong.hint or None)
        raise unknown_name("draft", id_or_path, app.ledger.draft_paths(), _("`steadycast list` shows them"))
    return row


def unapproved(row: DraftRow) -> InputError:
    """The error for a draft that may not go out: it waits for an editor, was rejected, is not ready, or gone."""
    state = _("not approved") if row.state == "waiting" else _(row.state.replace("-", " "))
    said = _("%(path)s is %(state)s", path=row.path, state=state)
    approvable = row.state in {"waiting", "rejected"}
    return InputError(said, hint=f"`{command('draft', row.id)}`" if approvable else hint(row.state, row.id) or None)


def may_go_out(row: DraftRow) -> str:
    """The revision of a draft that somebody approved. Raises an InputError where none is, or it may go out no more."""
    if not row.approved_revision or row.state in OUT_OF_STOCK:
        raise unapproved(row)
    return row.approved_revision


def read(app: App, id_: str, revision: str) -> Draft | None:
    """One revision of a draft, as the ledger kept it."""
    from steadycast.pipeline.frozen_draft import from_content

    kept = app.ledger.revision(revision, id_)
    return from_content(kept.content, app.workspace.media, app.workspace.content) if kept else None


def decide(
    app: App,
    names: Iterable[str],
    verdict: str,
    *,
    by: str,
    now: dt.datetime,
    besides: Iterable[DraftRow] = (),
    why: str = "",
) -> list[Row]:
    """Approves or rejects drafts as they are now; says which. An edit in the meantime is not covered: it asks again.

    `why` is kept with the decision: the member reads it.
    """
    from steadycast.pipeline.draft_media import keep_media
    from steadycast.pipeline.frozen_draft import to_plan
    from steadycast.pipeline.report import renew

    why = " ".join(why.split())[:LONGEST_REASON]
    rows = [*(find_draft(app, name) for name in names), *besides]
    told, zone = [], app.workspace.community.zone
    for row in rows:
        if by and row.member == by:
            said = _("%(path)s: %(who)s wrote it", path=row.path, who=by)
            raise InputError(said, hint=_("somebody else approves a member's draft"))
        if row.state == "not-ready" and verdict == "approve":
            raise _of_circle(app, row) or unapproved(row)
        draft = read(app, row.id, row.revision)
        if draft and verdict == "approve":
            keep_media(app, row.path, draft)
        own = {"title": draft.title, "form": draft.form.value, "plan": to_plan(draft, zone, row.plan)} if draft else {}
        done = (
            app.ledger.approve(row.id, row.revision, by, now, why, **own)
            if verdict == "approve"
            else app.ledger.reject(row.id, row.revision, by, now, why)
        )
        if not done:
            said = _("%(path)s was not taken: it changed just now, or is gone", path=row.path)
            raise InputError(said, hint=_("look at it again: `steadycast list`"))
        leaders.note(app, verdict, _series_of(app, row), row.path, now, by)
        if verdict != "approve":
            _stop(app, row, by, now)
        told.append({"id": row.id, "title": own.get("title", row.title), "path": row.path, "member": row.member})
    if told and verdict == "approve":
        _pin_what_was_asked_for(app, told, now)
    if told:
        renew(app, now)
    return told


def _of_circle(app: App, row: DraftRow) -> InputError | None:
    """The error for a draft that is meant for another community: its leader decides, and nobody here."""
    if not (name := row.plan.get("circle")):
        return None
    leader = next((circle.leader for circle in app.workspace.circles if circle.name == name), _("the leader there"))
    return InputError(
        _("%(path)s is decided by %(leader)s", path=row.path, leader=leader),
        hint=_("it is meant for the circle %(name)s, where it waits", name=name),
    )


def _stop(app: App, row: DraftRow, by: str, now: dt.datetime) -> None:
    """Of a draft that is rejected: what a worker has taken, or tries again, and has not sent, is sent no more."""
    for each in app.ledger.draft_deliveries(row.id, states=(State.CLAIMED, State.DUE)):
        if each.attempt and each.id:  # the others are the plan's
            app.ledger.cancel(each.id, by, now)


def _pin_what_was_asked_for(app: App, told: Iterable[Row], now: dt.datetime) -> None:
    """Says of drafts that a member was asked for which slot they have (`slot`), or why not (`not_pinned`)."""
    from steadycast.pipeline import asking  # which stands on this file

    rows = {row["id"]: row for row in told}
    for each in asking.pin_approved(app, list(rows), now):
        rows[each.draft] |= {"slot": each.slot, "not_pinned": each.why}


def take_back(app: App, names: Iterable[str], *, by: str, now: dt.datetime) -> list[Row]:
    """Undoes the last decision on each of these drafts: it stands as it did before. Says which."""
    from steadycast.pipeline.report import renew

    told = []
    for row in [find_draft(app, name) for name in names]:
        begun = app.ledger.draft_deliveries(row.id, states=(*OUT, State.CLAIMED))
        if begun and row.state == "approved":
            where = in_words(sorted({d.channel for d in begun}))
            raise InputError(
                _("%(path)s is out on %(channels)s already", path=row.path, channels=where),
                hint=_("withdraw it there instead"),
            )
        _as_it_was_pinned(app, row, now)
        if not app.ledger.take_back_decision(row.id, by, now):
            said = _("%(path)s: there is no decision to take back, or it changed since", path=row.path)
            raise InputError(said, hint=_("look at it again: `steadycast list`"))
        leaders.note(app, "take back", _series_of(app, row), row.path, now, by)
        told.append({"id": row.id, "title": row.title, "path": row.path, "member": row.member})
    if told:
        renew(app, now)
    return told


def _series_of(app: App, row: DraftRow) -> set[str]:
    """The series that a draft concerns; asked only where some have editors of their own."""
    from steadycast.pipeline import concerns  # which stands on this file

    return concerns.series_of_draft(app, row.id) if any(leaders.editors_of(app).values()) else set()


def _as_it_was_pinned(app: App, row: DraftRow, now: dt.datetime) -> None:
    """Takes out of a draft's file the slot that it was given since its last decision, which was on the text before."""
    from steadycast.pipeline import pinning  # which stands on this file

    last = next(iter(app.ledger.decisions_of(row.id, 1)), None)
    if last and last.revision != row.revision and pinning.same_but_slot(app, row.id, last.revision, row.revision):
        kept = app.ledger.revision(last.revision, row.id)
        pinning.put_pin(app, row.id, str((kept.content if kept else {}).get("slot") or ""), now)


def waiting(app: App, *, archive: bool = False) -> list[DraftRow]:
    """The drafts that wait for an editor, of one member as many as the inbox shows; or those held as archive."""
    if archive:
        return app.ledger.drafts(["archive"])
    return app.ledger.drafts_to_decide(app.workspace.fair.waiting)


def before(app: App, day: dt.date) -> list[DraftRow]:
    """The drafts dated before a day that have not gone out, and may: waiting, held or in stock."""
    from steadycast.pipeline.frozen_draft import instant

    used = {past.draft for past in app.ledger.used()}
    rows = [r for r in app.ledger.drafts(["waiting", "approved", *HELD]) if r.id not in used and r.source == "folder"]
    dates = {id: content["date"] for id, content in app.ledger.texts([(r.id, r.revision) for r in rows])}
    zone = app.workspace.community.zone
    return [r for r in rows if (at := instant(dates.get(r.id))) is not None and at.astimezone(zone).date() < day]
