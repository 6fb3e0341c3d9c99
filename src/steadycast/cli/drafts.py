"""Commands about drafts: check, intake, list, approve, reject, preview, render."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from steadycast.cli.lazy_rooms import ops, pipeline
from steadycast.cli.output import (
    NEEDS_A_PERSON,
    NOTHING_YET,
    OK,
    as_json,
    in_order,
    progress,
    say,
    show,
    stream,
    stream_json,
    tell,
)
from steadycast.cli.words import shown_word
from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.language import ngettext

if TYPE_CHECKING:
    from steadycast.cli.parameters import By, Draft, Jobs, Json
    from steadycast.ledger.tables import DraftRow
    from steadycast.pipeline import App

Standing = Literal[
    "waiting",
    "stock",
    "planned",
    "past",
    "used",
    "archive",
    "hand-in",
    "copy",
    "doubtful",
    "rejected",
    "not-ready",
    "gone",
]
PAGE = 50  # drafts that a table shows: one of thousands is drawn for seconds


def check(*, json: Json = False) -> int:
    """Find today what would fail later: settings, drafts, media, limits of every channel, schedules.

    Writes nothing. Exit 1 when something must be fixed.
    """
    with progress(_("checking")) as bar:
        told = ops.check(pipeline.now(), progress=bar)
    found = [f for f in told if not f.harmless]
    notes = [str(f) for f in told if f.harmless]
    lines = [str(f) for f in found] or [in_order(0, told=bool(notes))]
    tell(json, [f.row() for f in found], *lines, *notes)
    return NEEDS_A_PERSON if found else OK


def intake(*, feeds: bool = True, watch: bool = False, trigger: bool = False, json: Json = False) -> int:
    """Take in drafts from content/ and from members' feeds, and plan with them.

    Parameters
    ----------
    feeds
        Also read the members' feeds.
    watch
        Stay, and take in each file when it is dropped.
    trigger
        Only tell Prefect's server that something was dropped, so that a worker takes it in.
    """
    if trigger:
        return _trigger(watch=watch)
    with pipeline.App.open() as app:
        with progress(_("taking drafts in")) as bar:
            collected = pipeline.collect(app, pipeline.now(), feeds=feeds, at_once=True, progress=bar)
        pipeline.plan(app, pipeline.now())
        collected = pipeline.DraftLocation(app, pipeline.now()).placed(collected)
        with progress(_("converting sounds and films")) as bar:
            pipeline.convert(app, pipeline.now(), progress=bar)
        if json:
            as_json({"changes": collected.rows(), "summary": collected.summary()})
        else:
            columns = {"what": "what", "title": "draft", "by": "by", "state": "state", "where": "where", "path": "path"}
            lines = [str(p) for p in collected.problems if p.held > 1]  # too much for a cell of a table
            names, rows = app.member_title, collected.brief().rows()
            show([{**row, "by": row["by"] and names(row["by"])} for row in rows if row["title"] not in lines], columns)
            say(*lines, collected.summary())
        if watch:
            from steadycast.cli.stand_by import watch as stay

            stay(app.workspace, threading.Event())
        return NEEDS_A_PERSON if collected.problems else OK


def _trigger(*, watch: bool) -> int:
    """Sends the event that the deployment `intake/intake` waits for: once, or at each change of content/."""
    from steadycast.cli.setup import check_server
    from steadycast.ops.deployments import DROPPED
    from steadycast.workspace import load

    check_server()
    from prefect.events import emit_event  # seconds: only where it is asked for

    content = load().content
    changes = pipeline.watch(content, threading.Event()) if watch else iter([{content}])
    for paths in changes:
        shown = sorted(str(p.relative_to(content)) for p in paths)[:1] or [""]
        resource = {"prefect.resource.id": DROPPED["match"]["prefect.resource.id"]}
        emit_event(event=DROPPED["expect"][0], resource=resource, payload={"path": shown[0]})
        say(_("told Prefect: %(path)s", path=shown[0] or content))
    return OK


def list_(
    *,
    state: Standing | None = None,
    member: str = "",
    form: Literal["article", "audio", "video", "event"] | None = None,
    all: bool = False,
    json: Json = False,
) -> int:
    """List the drafts, the newest first: what waits, what is in stock, what went out.

    A table shows the first fifty. JSON has them all.

    Parameters
    ----------
    state
        Only these: waiting, stock, planned, past, used, archive, hand-in, copy, doubtful, rejected, not-ready, gone.
    member
        Only this member's; pgc for your editors'.
    form
        Only article, audio, video or event.
    all
        Every one, a line each, with tabs between.
    """
    with pipeline.App.open(readonly=True) as app:
        whose = None if not member else "" if member == "pgc" else pipeline.members.named(app, member)
        most = None if all or json else PAGE
        found = pipeline.listed(app, pipeline.now(), state or "", whose, form or "", most)
        if json:
            stream_json(found.rows)
            return OK
        columns = {"id": "id", "state": "state", "form": "form", "member": "by", "title": "title"}
        columns |= {"where": "where", "path": "path"}
        if all:
            stream(found.rows, list(columns))
            return OK
        rows = list(found.rows)
    show(rows, columns, empty=_("No such draft.") if state or member or form else _(NOTHING_YET))
    if found.more:
        said = ngettext(
            "and %(num)s draft more: `steadycast list --all`",
            "and %(num)s drafts more: `steadycast list --all`",
            found.more,
        )
        say(said)
    return OK


def approve(*drafts: Draft, by: By = "", all: bool = False, archive: bool = False) -> int:
    """Approve drafts as they are now. An edit asks again.

    Approving a copy, or a draft that looks like another one, makes it a draft of its own.

    Parameters
    ----------
    all
        Every draft that waits.
    archive
        Every draft that is held as archive: publish it from now on.
    """
    with pipeline.App.open() as app:
        besides = [*(pipeline.waiting(app) if all else ()), *(pipeline.waiting(app, archive=True) if archive else ())]
        return _decide(app, drafts, "approve", by=by, besides=besides, chosen=all or archive)


def reject(*drafts: Draft, by: By = "", all: bool = False, before: dt.date | None = None) -> int:
    """Reject drafts: they are never planned. `approve` takes that back.

    Parameters
    ----------
    all
        Every draft older than --before that has not gone out.
    before
        A day such as 2026-11-22; with --all.
    """
    if all != (before is not None):
        said = _("--all and --before DATE belong together")
        raise InputError(said, hint=_("write --all --before 2026-11-22, or name the drafts"))
    with pipeline.App.open() as app:
        besides = pipeline.before(app, before) if before else []
        return _decide(app, drafts, "reject", by=by, besides=besides, chosen=all)


def _decide(app: App, drafts: tuple[str, ...], verdict: str, *, by: str, besides: list[DraftRow], chosen: bool) -> int:
    if not drafts and not chosen:
        raise InputError(_("name a draft"), hint=_("`steadycast list --state waiting` shows which wait"))
    judged = pipeline.decide(app, drafts, verdict, by=by or pipeline.who(), now=pipeline.now(), besides=besides)
    pipeline.plan(app, now := pipeline.now())
    done = shown_word("approved" if verdict == "approve" else "rejected")
    where = pipeline.DraftLocation(app, now)
    rows = app.ledger.drafts_of([row["id"] for row in judged]) if verdict == "approve" else {}
    for row in judged:
        goes_to = f": {where.of(rows[row['id']])}" if row["id"] in rows else ""
        say(f"{done}  {row['title']}  ({row['path']}){goes_to}")
    return OK


def title(file: str, title: str) -> int:
    """Give a title to a sound, film or picture that lies alone in content/, which makes it a draft.

    Parameters
    ----------
    file
        The file, or its path below content/.
    title
        What it is called.
    """
    with pipeline.App.open() as app:
        made = pipeline.give_title(app, file, title)
    say(_("written: %(file)s", file=made), _("`steadycast intake` takes it in."))
    return OK


def preview(draft: Path, *, channel: str = "", open: bool = False, out: Path | None = None) -> int:
    """Show one draft as every channel will show it, side by side on one page.

    Parameters
    ----------
    draft
        A Markdown file in content/, or a draft's id.
    channel
        Only this one.
    open
        Open the page in a browser.
    out
        Where to write; without it: var/preview.
    """
    with pipeline.App.open(readonly=True) as app:
        made = pipeline.preview(app, draft, channel=channel, out=out, now=pipeline.now())
    for name, count in made.counts.items():
        say(_("%(name)s: %(said)s", name=name, said=count))
    say(*map(str, (*made.problems, *made.noticed)), _("Page  %(file)s", file=made.page))
    if open:
        import webbrowser

        webbrowser.open(made.page.resolve().as_uri())
    return NEEDS_A_PERSON if made.problems else OK


def render(*, all: bool = False, channel: str = "", jobs: Jobs = 2, force: bool = False, json: Json = False) -> int:
    """Render drafts for every channel that takes them, into var/render. Write only what changed.

    Writes var/render/CHANNEL/PATH.EXT for each draft content/PATH.md, and removes what no draft makes any more.

    Parameters
    ----------
    all
        Every draft of content/, approved or not.
    channel
        Only for this channel.
    jobs
        Processes that render side by side.
    force
        Render everything again, and write what differs.
    """
    from steadycast.bulk_render.run import render_all

    with progress(_("rendering")) as bar:
        done = render_all(channel=channel, jobs=jobs, approved=None if all else _approved(), force=force, progress=bar)
    tell(json, done.row(), done.summary(), *map(str, done.problems))
    return NEEDS_A_PERSON if done.problems else OK


def _approved() -> dict[str, str]:
    with pipeline.App.open(readonly=True) as app:
        return {row.path: row.approved_revision for row in app.ledger.drafts() if row.approved_revision}
