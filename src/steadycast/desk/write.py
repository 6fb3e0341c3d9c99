"""Writing: title and text, saved as a file in content/, and beside it every channel as it will show them."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from steadycast import pipeline
from steadycast.crash_safety import durable
from steadycast.desk.acts import ours, sent_as
from steadycast.desk.incoming import LARGEST_FORM, LARGEST_MEDIUM, LARGEST_PASTE, TOO_MUCH
from steadycast.desk.pages import Here, done, page, rendered
from steadycast.desk.write_form import LONGEST_TITLE, edited_in
from steadycast.desk.write_outcome import outcome
from steadycast.draft.edited import OVERRIDES, Edited
from steadycast.errors import InputError
from steadycast.intake.documents import pasted
from steadycast.language import current
from steadycast.language import gettext as _
from steadycast.pipeline import App, concerns, draft_notes, slot_view
from steadycast.pipeline.live_preview import LivePreview, live_preview
from steadycast.pipeline.member_names import titles
from steadycast.pipeline.permissions import Act, Person, may_somewhere
from steadycast.pipeline.slot_view import SlotSeen
from steadycast.pipeline.write_draft import (
    ChangedMeanwhile,
    OpenFile,
    add_medium,
    as_draft,
    open_draft,
    save_draft,
)
from steadycast.schedule.days import DAY
from steadycast.schedule.model import Form

router = APIRouter()
PREVIEWS = threading.Semaphore(1)  # one at a time: whoever types asks again anyway
PATIENCE = 20.0  # seconds
FRAME_POLICY = (
    "sandbox; default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
)
AHEAD = 45 * DAY  # slots to choose from
SLOTS = 60
NARROW = 420  # CSS pixels: a wider page is shown smaller


@dataclass
class Frames:
    """Pages that a preview shows in frames, by the hash of their bytes; the oldest go."""

    most: int = 64 * 1024 * 1024  # bytes of all
    _pages: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    _size: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, html: str) -> str:
        """The name under which a page is served for a while."""
        data = html.encode()
        name = hashlib.sha256(data).hexdigest()[:40]
        with self._lock:
            if name not in self._pages:
                self._size += len(data)
            self._pages[name] = data
            self._pages.move_to_end(name)
            while self._size > self.most and len(self._pages) > 1:
                self._size -= len(self._pages.popitem(last=False)[1])
        return name

    def page(self, name: str) -> bytes | None:
        """A page by its name, if it is still there."""
        with self._lock:
            return self._pages.get(name)


FRAMES = Frames()


async def sent(request: Request) -> FormData:
    """The form, as a browser sent it: no longer than a text can be, and one that the desk wrote."""
    if int(request.headers.get("content-length") or LARGEST_FORM + 1) > LARGEST_FORM:
        raise HTTPException(413, _("This is more text than a draft may have."))
    form = await request.form(max_files=0, max_part_size=LARGEST_FORM)
    ours(request, str(form.get("form_token", "")))
    return form


Sent = Annotated[FormData, Depends(sent)]


@router.get("/write")
def new(request: Request, app: Here, member: str = "", series: str = "", slot: str = "") -> HTMLResponse:
    """A page for a new draft: the house's, one that somebody types for a member, or a member's own."""
    member = _own(request) or member
    edited = Edited(series=(series,) if series in app.workspace.series else (), slot=slot[:60])
    return _page(request, app, OpenFile(edited, member=member if _own(request) or member in titles(app) else ""))


@router.get("/write/frame/{name}")
def frame(name: str) -> Response:
    """One page of a preview: a document of nobody's, which may run and load nothing."""
    if (html := FRAMES.page(name)) is None:
        return PlainTextResponse(_("This preview is over: ask for a new one."), 404)
    return HTMLResponse(html, headers={"Content-Security-Policy": FRAME_POLICY})


@router.get("/write/{id}")
def edit(request: Request, app: Here, id: str) -> HTMLResponse:
    """A draft that is there."""
    return _page(request, app, _allowed(request, app, open_draft(app, id)), id=id)


@router.post("/write", dependencies=[sent_as(Act.SUBMIT)])
def save(request: Request, app: Here, form: Sent) -> Response:
    """Saves it, and says what became of it; nothing is lost where it cannot be saved."""
    opened, say = _allowed(request, app, _opened(request, app, form), names=True), current()
    try:
        saved = save_draft(app, opened, pipeline.now())
    except ChangedMeanwhile as error:
        anew = replace(opened, base=error.theirs.base) if error.theirs else replace(opened, path=None, base="")
        return _page(request, app, anew, id=str(form.get("id", "")), conflict=error, status=409)
    except InputError as error:
        return _page(request, app, opened, id=str(form.get("id", "")), refused=error, status=422)
    to = f"/write/{saved.row.id}" if saved.row else "/drafts"
    person: Person = request.state.person
    if saved.row and not _is_theirs(app, person, replace(opened, path=saved.path), person.series):
        to = f"/drafts/{saved.row.id}"  # of others' series: theirs to send in, and not to change
    return done(to, outcome(say, app, saved), refused=bool(saved.problems))


@router.post("/write/preview", dependencies=[sent_as(Act.SUBMIT, changes=False)])
def preview(request: Request, app: Here, form: Sent) -> Response:
    """Every channel as it will show the text that was sent: a part of the page, or the whole of it."""
    opened = _allowed(request, app, _opened(request, app, form))
    live = request.headers.get("hx-request") == "true"
    if not PREVIEWS.acquire(timeout=PATIENCE):
        return PlainTextResponse("busy", 503)
    try:
        seen, refused = live_preview(app, as_draft(app, opened, pipeline.now()), pipeline.now()), None
    except InputError as error:
        seen, refused = None, error
    finally:
        PREVIEWS.release()
    values: dict[str, Any] = {"seen": seen, "preview_refused": refused, **_of_preview(seen)}
    if live:
        return HTMLResponse(rendered(request, current(), "write_preview", **values))
    return _page(request, app, opened, id=str(form.get("id", "")), **values)


@router.post("/write/paste", dependencies=[sent_as(Act.SUBMIT, changes=False)])
async def paste(request: Request) -> Response:
    """What was pasted from Word or a web page, as Markdown."""
    html = b"".join([chunk async for chunk in _body(request, LARGEST_PASTE)])
    try:
        return PlainTextResponse(await run_in_threadpool(pasted, html))
    except InputError as error:
        return PlainTextResponse(str(error), 422)


@router.post("/write/media", dependencies=[sent_as(Act.SUBMIT)])
async def medium(request: Request, app: Here, name: str, file: str = "", member: str = "") -> Response:
    """Takes a picture, a sound or a video beside the draft, and says how the text names it."""
    at = OpenFile(Edited(), PurePosixPath(file) if file else None, member=_own(request) or member)
    opened = await run_in_threadpool(_allowed, request, app, at)
    durable.make_folder(app.workspace.cache)
    with tempfile.NamedTemporaryFile(dir=app.workspace.cache) as kept:
        async for chunk in _body(request, LARGEST_MEDIUM):
            await run_in_threadpool(kept.write, chunk)
        kept.flush()
        try:
            laid = await run_in_threadpool(add_medium, app, opened, Path(kept.name), name[:LONGEST_TITLE])
        except InputError as error:
            return JSONResponse({"said": str(error)}, 422)
    return JSONResponse({"ref": laid.ref, "role": laid.role})


async def _body(request: Request, most: int) -> AsyncIterator[bytes]:
    """What a script of ours sent, in pieces, and no more than `most` bytes of it."""
    ours(request, request.headers.get("x-form-token", ""))
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise HTTPException(413, _(TOO_MUCH))
        yield chunk


def _page(request: Request, app: App, opened: OpenFile, *, id: str = "", **values: Any) -> HTMLResponse:
    given: dict[str, Any] = {
        "opened": opened, "edited": opened.edited, "id": id, "overrides": OVERRIDES, "forms": [*Form],
        "taken": draft_notes.forms_taken(app),
        "series": app.workspace.series, "members": titles(app), "channels": app.usable_platforms,
        "titles": {name: app.channel_title(name) for name in app.usable_platforms},
        "coming": list(_coming(app, opened)),
        "focal": [f"{float(each) * 100:g}" for each in opened.edited.focal.split()] or ["", ""],
        "conflict": None, "refused": None, "seen": None, "preview_refused": None, **_of_preview(None),
    }  # fmt: skip
    return page(request, app, "write", "drafts", **{**given, **values})


def _coming(app: App, opened: OpenFile) -> Iterator[tuple[str, SlotSeen]]:
    """The coming slots that a draft may be pinned to: what its file says of each, and the slot."""
    now, edited = pipeline.now(), opened.edited
    rows = app.ledger.slots_shown(now, now + AHEAD, limit=SLOTS)
    rows = [row for row in rows if row.series in (edited.series or app.workspace.series)]
    of_day = Counter((row.series, row.occasion or row.local[:10]) for row in rows)
    for row, seen in zip(rows, slot_view.look(app, rows, now), strict=True):
        if seen.open:
            day = row.local[:10]
            named = row.occasion or (f"{row.series}@{day}" if of_day[row.series, day] == 1 else row.id)
            yield edited.slot if edited.slot in (row.id, row.local, day) else named, seen


def _of_preview(seen: LivePreview | None) -> dict[str, Any]:
    """What the preview's part needs besides: the addresses of its frames."""
    frames = {}
    for one in seen.channels if seen else ():
        views = one.shown.views if one.shown else ()
        frames[one.channel] = [(view, FRAMES.keep(view.html)) for view in views if view.html]
    return {"frames": frames, "narrow": NARROW}


def _own(request: Request) -> str:
    """Whose every draft is that this person writes; "" where they write for others as well."""
    person: Person = request.state.person
    return "" if may_somewhere(person, Act.DECIDE) else person.name


def _allowed(request: Request, app: App, opened: OpenFile, *, names: bool = False) -> OpenFile:
    """The same, where this person may write it; with `names`, an editor of named series also what it names now."""
    person: Person = request.state.person
    if _is_theirs(app, person, opened, opened.edited.series if names else person.series):
        return opened
    say = current()
    if person.is_limited:
        raise HTTPException(403, say.gettext("Name one of the series that you look after, and no other."))
    raise HTTPException(403, say.gettext("Only its author and the editors may change this draft."))


def _is_theirs(app: App, person: Person, opened: OpenFile, series: Collection[str]) -> bool:
    """Whether a person may write a draft that will concern these series."""
    return concerns.may_write_file(app, person, series, member=opened.member, path=opened.path)


def _opened(request: Request, app: App, form: FormData) -> OpenFile:
    """What the form says; the path in it is one below content/, or none."""
    path = str(form.get("file", ""))
    return OpenFile(
        edited_in(form, app.workspace.channels),
        PurePosixPath(path) if path else None,
        str(form.get("base", "")),
        _own(request) or str(form.get("member", "")),
    )
