"""One draft: its text, its files, what was decided, how it changed, where it ran and where it will."""

from __future__ import annotations

import mimetypes
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from steadycast import pipeline
from steadycast.desk import files
from steadycast.desk.acts import DRAFT, form_of
from steadycast.desk.pages import Here, done, page
from steadycast.draft.model import Draft
from steadycast.errors import InputError
from steadycast.language import current
from steadycast.language import gettext as _
from steadycast.ledger.intake import INBOX
from steadycast.ledger.tables import DONE
from steadycast.pipeline import App, amend
from steadycast.pipeline.draft_page import difference, document, facts, fault_free, problems_of
from steadycast.pipeline.drafts import find_draft, read
from steadycast.pipeline.past_pins import past_pin
from steadycast.pipeline.permissions import Act
from steadycast.schedule.past_pins import PastPins
from steadycast.typesetting import sentences

router = APIRouter()
WHERE = 50  # deliveries shown, the newest
REVISIONS = 30
FRAME = (
    "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; sandbox; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
SERVED = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "audio/", "video/")


@router.get("/drafts/{id}")
def draft(request: Request, app: Here, id: str, revision: str = "", against: str = "") -> HTMLResponse:
    """The page; with `revision`, that one instead of the newest, and how it differs from the one before."""
    row = find_draft(app, id)
    revisions = app.ledger.revisions_of(row.id, REVISIONS)
    known = [one.hash for one in revisions]
    shown = revision if revision in known else row.revision
    text = read(app, row.id, shown)
    older = known[known.index(shown) + 1 :] if shown in known else []
    before = against if against in known else next(iter(older), "")
    former = read(app, row.id, before) if before else None
    where = app.ledger.draft_deliveries(row.id, most=WHERE)
    resembles = app.ledger.draft(row.resembles) if row.resembles else None
    return page(
        request, app, "draft", "drafts", row=row, draft=text, shown=shown, before=before, revisions=revisions,
        changes=difference(former, text) if former and text and (revision or against) else None,
        facts=_facts(app, text) if text else {}, decisions=app.ledger.decisions_of(row.id), where=where,
        slots=app.ledger.slots_of(row.id, pipeline.now()), resembles=resembles, inbox=(*INBOX, "archive", "hand-in"),
        series_title=app.series_title, member_title=app.member_title,
        is_out=any(d.state in DONE for d in where),
        served=[_mime(m.stored) for m in text.media] if text else [],
        local=files.local_addresses(request, app, where),
        asks=pipeline.asking.waited_for(app, row, pipeline.now()),
        past_pin=past_pin(app, row, PastPins(pipeline.now())),
    )  # fmt: skip


@router.get("/drafts/{id}/text")
def text_of(app: Here, id: str, revision: str = "") -> Response:
    """Its text as readers would see it, as a document that can do nothing, for a frame."""
    row = find_draft(app, id)
    found = read(app, row.id, revision or row.revision)
    shown = document(app, found) if found else ""
    return HTMLResponse(shown, headers={"Content-Security-Policy": FRAME})


@router.get("/drafts/{id}/problems")
def problems(request: Request, app: Here, id: str) -> HTMLResponse:
    """What channels would cut or refuse of it, as `check` tells; a part of its page, and a page of its own."""
    row = find_draft(app, id)
    found = read(app, row.id, row.revision)
    told = problems_of(app, found, pipeline.now()) if found else []
    return page(request, app, "draft_problems", "drafts", row=row, problems=told)


@router.get("/drafts/{id}/media/{n}")
def media(app: Here, id: str, n: int) -> Response:
    """One of its files: a picture, a sound or a film, and nothing that could be a page."""
    row = find_draft(app, id)
    found = read(app, row.id, row.revision)
    file = found.media[n] if found and 0 <= n < len(found.media) else None
    mime = _mime(file.stored) if file else ""
    if file is None or not mime or not fault_free(app, file.path):
        raise InputError(_("%(path)s: there is no such file to show", path=row.path))
    return FileResponse(file.path, media_type=mime, headers={"Content-Security-Policy": FRAME})


def _facts(app: App, text: Draft) -> dict[str, object]:
    """What it says of itself, with series by their names for people."""
    names, found = app.workspace.series_names, facts(text)
    titles = {"series": [app.series_title(names.get(name, name)) for name in text.series]} if text.series else {}
    if text.slot and (slot := app.ledger.slot(text.slot)):
        zone = app.workspace.community.zone
        titles["slot"] = [app.series_title(slot.series), current().instant(slot.at.astimezone(zone))]
    return found | titles


def _mime(name: str) -> str:
    """What a file is shown as; "" of one that is only named."""
    found = mimetypes.guess_type(name)[0] or ""
    return found if found.startswith(SERVED) else ""


@router.get("/drafts/{id}/amend")
def effect_of_amend(request: Request, app: Here, id: str, verb: str, channel: str = "") -> HTMLResponse:
    """What revising or withdrawing would change, before it is done."""
    row = find_draft(app, id)
    verb = "withdraw" if verb == "withdraw" else "revise"
    leaving = amend.leaving(app, row.id, channel or None, verb)
    there = [d for d in app.ledger.draft_deliveries(row.id, states=DONE) if channel in ("", d.channel)]
    return page(
        request, app, "amend", "drafts", row=row, verb=verb, channel=channel, leaving=leaving, there=there,
    )  # fmt: skip


@router.post("/drafts/{id}/amend", dependencies=[form_of(Act.DECIDE, (DRAFT, "id"))])
def amend_now(
    app: Here,
    id: str,
    verb: Annotated[str, Form()],
    channel: Annotated[str, Form()] = "",
    why: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Changes what is out, or takes it away."""
    row, say = find_draft(app, id), current()
    if verb == "withdraw":
        told = amend.withdraw(app, row.id, why, channel or None)
    else:
        told = amend.revise(app, row.id, channel or None)
    off = sum(each.what == "cancelled" for each in told)
    good = sum(each.done for each in told) - off
    said = [
        say.ngettext("Done on one channel.", "Done on %(num)s channels.", good) if good else "",
        say.ngettext("One channel gets it no more.", "%(num)s channels get it no more.", off) if off else "",
    ]
    left = say.gettext("; ").join(
        say.gettext("%(name)s: %(said)s", name=app.channel_title(each.channel), said=each.said)
        for each in told
        if not each.done
    )
    return done(f"/drafts/{row.id}", sentences(*said, left), refused=bool(left))
