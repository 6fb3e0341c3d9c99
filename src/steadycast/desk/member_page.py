"""A member's own page: write or upload, and see what became of it. The token in its address opens it, and nothing else.

Only a proxy that the operator put before the desk lets members reach it: the desk itself listens on this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from steadycast import pipeline
from steadycast.desk import calendar_feeds, classes
from steadycast.desk.acts import sent_by_member
from steadycast.desk.draft import FRAME
from steadycast.desk.guard import MEMBERS, REFUSED
from steadycast.desk.pages import CHOSEN, Here, done, page
from steadycast.desk.reader_language import KEPT
from steadycast.desk.upload import Form
from steadycast.errors import InputError, SteadycastError
from steadycast.intake.folder import SUFFIXES
from steadycast.language import LOCALES, current
from steadycast.language import gettext as _
from steadycast.pipeline import App, draft_notes
from steadycast.pipeline.draft_page import document
from steadycast.pipeline.drafts import read
from steadycast.pipeline.open_workspace import Opened
from steadycast.pipeline.permissions import Person, Role
from steadycast.pipeline.submission import MOST_FILES, NotTakenError, Why
from steadycast.render.media_files import MIMES

router = APIRouter()
ADDRESS = MEMBERS + "{token}"
AT_ONCE = 4  # sendings that come in side by side
PATIENCE = 900  # seconds that one may take
DRAINED = 8_000_000  # bytes
SMALL = 4096  # bytes of a form without files
BESIDES = 100_000  # bytes of a form that are neither text nor file
NOTHING: Mapping[str, str] = MappingProxyType({})  # of a form
_sending: set[str] = set()  # members of whom one is coming in


def public_host(opened: Opened) -> str:
    """The host, with its port, by which members reach their pages; "" where steadycast.toml names none."""
    try:
        with opened.app() as app:
            return urlsplit(app.workspace.desk.url).netloc.lower()
    except SteadycastError:
        return ""


@router.get(ADDRESS)
def own_page(request: Request, app: Here, token: str) -> Response:
    """The page; `?language=` keeps a language for this address, in this browser."""
    member, wished = _member(request, app, token), request.query_params.get("language", "")
    if wished in LOCALES:
        answer = RedirectResponse(MEMBERS + token, 303)
        # Lax: the page is opened by a link in a chat, and is to be read in that language at once.
        answer.set_cookie(CHOSEN, wished, max_age=KEPT, httponly=True, samesite="lax", path=MEMBERS + token)
        return answer
    return _page(request, app, member)


def _page(request: Request, app: App, member: str, refused: str = "", written: Mapping[str, str] = NOTHING) -> Response:
    """The page; where a sending was `refused`, it says why and still holds what was `written`."""
    token, now = request.path_params["token"], pipeline.now()
    given = pipeline.members.given(app, member, now)
    takes = ",".join(sorted({*SUFFIXES, *MIMES.values(), ".heic"}))
    most = app.workspace.desk.member_upload
    wanted, asks = pipeline.members.wanted(app, now), pipeline.asking.of_member(app, member, now)
    chosen = written.get("ask", request.query_params.get("ask", ""))
    able = [each for each in asks if each.stands]
    named = next((each.id for each in able if str(each.id) == chosen or (not chosen and not each.draft)), 0)
    rolls = {each.the_class.name: each for each in pipeline.turns.rolls(app)}
    sat = (each.title(app, member) for each in rolls.values() if any(seat.member == member for seat in each.seats))
    title = next(sat, app.member_title(member))
    owed = [
        (each, rolls[each.the_class].title(app, each.author) if each.the_class in rolls else each.author)
        for each in pipeline.rounds.owed_by(app, member, now)
    ]
    turns = [
        (the_class.title, pipeline.hand_over.role(current(), turn), turn)
        for the_class, turn in pipeline.turns.of_member(app, member, now)
    ]
    untaken = [form for form in ("audio", "video") if form not in draft_notes.forms_taken(app)]
    said: dict[str, Any] = {"said": {"said": refused, "refused": True, "undo": []}} if refused else {}
    answer = page(
        request, app, "member_own", "", token=token, title=title, given=given, takes=takes, most=most,
        untaken=untaken, files=MOST_FILES, wanted=wanted, owed=owed, letters=classes.words(current()),
        duties=pipeline.class_view.owed_by(app, member, now),
        turns=turns, asks=asks, able=able, named=named, written=written, **said,
    )  # fmt: skip
    if refused:
        answer.headers[REFUSED] = "1"
    return answer


@router.get(ADDRESS + "/asks.ics")
def asks(request: Request, app: Here, token: str) -> Response:
    """What the member is asked for, for their calendar program."""
    return calendar_feeds.of_member(app, _member(request, app, token))


@router.get(ADDRESS + "/asks/{id}.ics")
def one_ask(request: Request, app: Here, token: str, id: int) -> Response:
    """One of them, to be put into any calendar by hand."""
    return calendar_feeds.of_member(app, _member(request, app, token), id)


@router.post(ADDRESS + "/asks/{id}", dependencies=[sent_by_member()])
async def answer(request: Request, token: str, id: int) -> Response:
    """What the member says to what they are asked for."""
    opened: Opened = request.app.state.opened
    with opened.app() as app:
        member = await run_in_threadpool(_member, request, app, token)
        fields = await _small_form(request)
        _ours(request, fields)
        say, takes = current(), fields.get("answer") == "yes"
        to = MEMBERS + token
        try:
            made = await run_in_threadpool(lambda: pipeline.asking.answer(app, id, member, pipeline.now(), takes=takes))
        except InputError:
            return done(to, say.gettext("This is not asked for any more."), refused=True)
    if takes:
        return done(to, say.gettext("Thank you! Please send it by %(day)s.", day=say.full_day(made.due)))
    return done(to, say.gettext("Thank you for saying so. Somebody else will be asked."))


@router.get(ADDRESS + "/hand-ins/{id}")
def hand_in(request: Request, app: Here, token: str, id: str) -> Response:
    """The text of a hand-in on which the member was drawn to comment, as a document that can do nothing."""
    member = _member(request, app, token)
    if id not in {each.draft for each in pipeline.rounds.owed_by(app, member, pipeline.now())}:
        raise HTTPException(404, _("There is no such hand-in for you to read."))
    row = app.ledger.draft(id)
    found = read(app, id, row.revision) if row else None
    shown = document(app, found) if found else ""
    return HTMLResponse(shown, headers={"Content-Security-Policy": FRAME})


@router.post(ADDRESS + "/comments", dependencies=[sent_by_member()])
async def commented(request: Request, token: str) -> Response:
    """A member's word that they commented."""
    opened: Opened = request.app.state.opened
    with opened.app() as app:
        member = await run_in_threadpool(_member, request, app, token)
        fields = await _small_form(request)
        _ours(request, fields)
        say, to = current(), MEMBERS + token
        author, slot = fields.get("author", ""), fields.get("slot", "")
        try:
            await run_in_threadpool(lambda: pipeline.rounds.say_done(app, member, author, pipeline.now(), slot=slot))
        except InputError:
            return done(to, say.gettext("You were not drawn to comment on that."), refused=True)
    return done(to, say.gettext("Thank you! Your comment is noted."))


@router.post(ADDRESS, dependencies=[sent_by_member()])
async def send(request: Request, token: str) -> Response:
    """What a member sends: one draft, which waits for approval."""
    opened: Opened = request.app.state.opened
    with opened.app() as app:
        member = await run_in_threadpool(_member, request, app, token)
        if member in _sending or len(_sending) >= AT_ONCE:
            return await _ended(request, _busy(request))
        _sending.add(member)
        try:
            async with asyncio.timeout(PATIENCE):
                return await _take(request, app, member)
        except TimeoutError:
            return await _ended(request, _busy(request))
        finally:
            _sending.discard(member)


async def _take(request: Request, app: App, member: str) -> Response:
    to, say, desk = request.url.path, current(), app.workspace.desk
    written: dict[str, str] = {}
    try:
        told = request.headers.get("content-length", "0")
        if told.isdecimal() and int(told) > desk.member_upload + app.workspace.intake.max_bytes + BESIDES:
            raise pipeline.submission.not_taken(Why.LARGE, _("larger than one sending may be"))
        title = await _sent(request, app, member, written)
    except NotTakenError as refused:
        again = await run_in_threadpool(_page, request, app, member, _reason(app, refused), written)
        return await _ended(request, again)
    except SteadycastError:
        logging.getLogger(__name__).exception("a member's sending could not be taken in")
        said = say.gettext("It did not work just now. Please try again later.")
        return await run_in_threadpool(_page, request, app, member, said, written)
    return done(to, say.gettext("Thank you. “%(title)s” has arrived.", title=title))


async def _sent(request: Request, app: App, member: str, written: dict[str, str]) -> str:
    """The title of the draft that was made of it; `written` gets the words of the form, as far as it was read."""
    placed = pipeline.submission.place(app, member, pipeline.now())
    at = await run_in_threadpool(placed.__enter__)
    try:
        most = app.workspace.desk.member_upload
        form = Form(
            at.folder, most, app.workspace.intake.max_bytes, lambda given: _ours(request, given), fields=written
        )
        await form.read(request.headers.get("content-type", ""), request.stream())
        title, text = form.fields.get("title", ""), form.fields.get("text", "")
        asked = form.fields.get("ask", "")
        row = await run_in_threadpool(
            lambda: pipeline.submission.send(app, at, title, text, form.files, now=pipeline.now())
        )
        if row and asked.isascii() and asked.isdecimal():
            await run_in_threadpool(lambda: pipeline.asking.sent(app, int(asked), row, pipeline.now()))
        return row.title if row else title
    finally:
        await run_in_threadpool(placed.__exit__, None, None, None)


async def _ended(request: Request, answer: Response) -> Response:
    """The answer to a form that was not read to its end: a little more is read, for a browser shows no answer before
    it has sent all; what is still coming then is hung up on.
    """
    left = DRAINED
    with contextlib.suppress(ClientDisconnect, RuntimeError, TimeoutError):  # gone, or read to its end already
        async with asyncio.timeout(10):
            async for chunk in request.stream():
                left -= len(chunk)
                if left < 0:
                    break
    answer.headers["Connection"] = "close"
    return answer


async def _small_form(request: Request) -> dict[str, str]:
    """The fields of a form without files; one that is larger than such a form is refused while it comes in."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > SMALL:
            raise HTTPException(413, _("This form is too large."))
    try:
        fields = parse_qs(raw.decode("ascii", "replace"), max_num_fields=10)
    except ValueError:
        raise HTTPException(400, _("This form has too many fields.")) from None
    return {name: values[-1] for name, values in fields.items()}


def _ours(request: Request, fields: dict[str, str]) -> None:
    """Refuses a form that this page did not write, before a file of it is kept."""
    if not hmac.compare_digest(fields.get("form_token", "").encode(), request.state.form_token.encode()):
        raise HTTPException(403, _("This form is not of this page: load the page again."))


def _member(request: Request, app: App, token: str) -> str:
    """Whose page it is; one that opens nothing says no more than that, and is counted."""
    member = pipeline.invites.member_of(app, token, pipeline.now())
    if member is None:
        request.state.missed(request.client.host if request.client else "")
        raise HTTPException(404, current().gettext("This link has ended. Please ask for a new one."))
    request.state.person = Person(member, Role.MEMBER)
    return member


def _busy(request: Request) -> Response:
    said = current().gettext("Too much is arriving just now. Please send it again in a few minutes.")
    return done(request.url.path, said, refused=True)


def _reason(app: App, refused: NotTakenError) -> str:
    say, most = current(), app.workspace.desk
    size = most.member_upload // 1_000_000
    reasons = {
        Why.EMPTY: say.gettext("Nothing arrived. Please write something, or choose a file."),
        Why.TODAY: say.gettext("This is enough for one day. Please send more tomorrow."),
        Why.FULL: say.gettext("There is no room for these files. Please tell the editors."),
        Why.LARGE: say.gettext("It is too large. At most %(size)s MB can be sent at once.", size=size),
        Why.FILES: say.gettext("These are too many files. At most %(num)s can be sent at once.", num=MOST_FILES),
        Why.KIND: say.gettext("A file is of a kind that is not taken: %(said)s", said=refused.message),
        Why.DOCUMENTS: say.gettext("Please send either one document or a written text. Send each text by itself."),
        Why.UNREADABLE: say.gettext("It cannot be read: %(said)s", said=refused.message),
    }
    return reasons[refused.why]
