"""Writing: title and text, saved as a file in content/, and beside it every channel as it will show them."""

from __future__ import annotations

import hashlib
import re
import tempfile
import threading
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
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
from steadycast.desk.pages import Here, done, local, page, rendered
from steadycast.draft.edited import OVERRIDES, Edited
from steadycast.draft.named_files import as_focal
from steadycast.errors import InputError
from steadycast.intake.documents import pasted
from steadycast.language import Language, current
from steadycast.language import gettext as _
from steadycast.pipeline import App, concerns, draft_notes, slot_view
from steadycast.pipeline.live_preview import LivePreview, live_preview
from steadycast.pipeline.permissions import Act, Person, may_somewhere
from steadycast.pipeline.slot_view import SlotSeen
from steadycast.pipeline.write_draft import (
    ChangedMeanwhile,
    OpenFile,
    Saved,
    add_medium,
    as_draft,
    open_draft,
    save_draft,
)
from steadycast.schedule.days import DAY
from steadycast.schedule.model import Form

router = APIRouter()
LONGEST_TITLE = 500
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
    return _page(
        request, app, OpenFile(edited, member=member if _own(request) or member in app.workspace.members else "")
    )


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
    return done(to, _said(say, app, saved), refused=bool(saved.problems))


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
        "series": app.workspace.series, "members": app.workspace.members, "channels": app.usable_platforms,
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
        _edited(app, form),
        PurePosixPath(path) if path else None,
        str(form.get("base", "")),
        _own(request) or str(form.get("member", "")),
    )


def _edited(app: App, form: FormData) -> Edited:
    def text(name: str) -> str:
        return " ".join(str(form.get(name, "")).split())

    if len(text("title")) > LONGEST_TITLE:
        said = _("the title has more than %(most)s characters", most=LONGEST_TITLE)
        raise InputError(said, hint=_("make it shorter"))
    return Edited(
        title=text("title"),
        body=_plain_ends(str(form.get("body", ""))),
        summary=text("summary"),
        tags=_words(text("tags")),
        series=tuple(str(name) for name in form.getlist("series") if name),
        form=text("form"),
        slot=text("slot"),
        language=text("language"),
        cover_alt=text("cover_alt"),
        focal=_focal(text("focal_x"), text("focal_y")),
        ready=form.get("ready") != "no",
        channels={name: given for name in app.workspace.channels if (given := _override(form, name))},
    )


def _focal(across: str, down: str) -> str:
    """Two numbers of a hundred as a point of a picture; one that is not given is the middle. "" where none is."""
    if not across and not down:
        return ""
    point = as_focal(f"{across or 50}% {down or 50}%")
    if point is None:
        value = f"{across} {down}"[:60]
        raise InputError(
            _("%(value)s is no point of a picture", value=value), hint=_("write two numbers from 0 to 100")
        )
    return "{:g} {:g}".format(*point)


def _override(form: FormData, channel: str) -> Mapping[str, Any]:
    """What the form says for one channel alone."""
    given: dict[str, Any] = {}
    for name in OVERRIDES:
        value = _plain_ends(str(form.get(f"on.{channel}.{name}", ""))).strip()
        if value:
            given[name] = list(_words(value)) if name == "tags" else True if name == "skip" else value
    return given


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for each in re.split(r"[,，、;；\n]", text) if (word := each.strip(" #\t"))))


def _plain_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _said(say: Language, app: App, saved: Saved) -> str:
    """What became of a draft, in the reader's words."""
    if saved.problems or saved.row is None:
        why = _("; ").join(str(problem) for problem in saved.problems)
        return say.gettext("Saved as %(path)s, but it cannot be taken in: %(why)s", path=saved.path, why=why)
    place = saved.place
    if place is None:
        return _waits(say, saved.row.state)
    named = app.workspace.series[place.series].title if place.series in app.workspace.series else place.series
    when = say.instant(place.at) if place.at else ""
    if place.kind == "slot" and place.at and place.at <= local(app, pipeline.now()).replace(tzinfo=None):
        return say.gettext(
            "Saved. It goes out now, late, for the slot of %(when)s in %(series)s.", when=when, series=named
        )
    if place.kind == "slot":
        return say.gettext("Saved. It goes out on %(when)s, in %(series)s.", when=when, series=named)
    if place.kind == "turn":
        return say.gettext("Saved. It is in stock; its turn is about %(when)s, in %(series)s.", when=when, series=named)
    if place.kind == "reserve":
        return say.gettext("Saved. It is in reserve: it goes out where nothing fresh does.")
    if place.kind == "went":
        return say.gettext("Saved. It went out on %(when)s.", when=when)
    if place.kind == "past":
        return say.gettext(
            "Saved. The slot it is pinned to is past: name another, or take `slot` out of its front matter."
        )
    return say.gettext("Saved. It is in stock, but no slot of the coming year is left for it.")


def _waits(say: Language, state: str) -> str:
    texts = {
        "waiting": say.gettext("Saved. It waits for approval."),
        "not-ready": say.gettext("Saved as unfinished. It goes nowhere until you say that it is ready."),
        "rejected": say.gettext("Saved. It was rejected, and goes nowhere."),
    }
    return texts.get(state, say.gettext("Saved. It waits for a person's decision."))
