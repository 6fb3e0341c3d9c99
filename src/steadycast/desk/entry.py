"""The way in and out: the log-in, a form whose session had ended, one's own page with password and sessions."""

from __future__ import annotations

import json
import logging
from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from steadycast import pipeline
from steadycast.desk.acts import Change, form_of, sent_by_nobody
from steadycast.desk.guard import COOKIE, EXPIRED, LOG_IN, SESSION, address_of, form_token
from steadycast.desk.pages import CHOSEN, Here, done, inside, page, problem, rendered
from steadycast.desk.rate_limits import LogIns
from steadycast.errors import InputError, SteadycastError
from steadycast.language import LOCALES, current
from steadycast.pipeline import accounts
from steadycast.pipeline.accounts import Session
from steadycast.pipeline.open_workspace import Opened
from steadycast.pipeline.permissions import Act, Person

router = APIRouter()
ME = "/me"
COOKIE_LASTS = 400 * 86_400  # seconds: browsers keep no cookie for longer
LEFT_OUT = {"form_token", "password", "new_password"}  # of a form that is taken along


class Accounts:
    """What the guard asks of the accounts of the workspace that is open."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def there(self) -> bool:
        """Whether anybody may log in; nobody where there is no workspace yet, or its settings cannot be read."""
        if not self._opened.is_there:
            return False
        try:
            with self._opened.app() as app:
                return app.ledger.has_people()
        except SteadycastError:
            return False

    def of(self, token: str) -> Session | None:
        """Who is logged in by this token."""
        if not self._opened.is_there:
            return None
        try:
            with self._opened.app() as app:
                return accounts.session(app, token, pipeline.now())
        except SteadycastError:  # the machine's key still opens the page that says what is wrong
            return None

    def stands(self, hash: str) -> bool:
        """Whether somebody is still logged in by the session with this hash."""
        try:
            with self._opened.app() as app:
                return accounts.session_of(app, hash, pipeline.now()) is not None
        except SteadycastError:
            return False

    def wrote(self, who: str, change: Change, *, refused: bool) -> None:
        """Writes down what a form did; where that cannot be, the machine's own log has it."""
        if not self._opened.is_there:
            return
        detail = f"{change.detail} (refused)" if refused else change.detail
        try:
            with self._opened.app() as app:
                accounts.audit(app, who, "desk", pipeline.now(), act=change.act, subject=change.subject, detail=detail)
        except SteadycastError:
            logging.getLogger(__name__).exception("%s: %s of %s was not written down", who, detail, change.subject)

    def refusal(self, request: Request, text: str) -> Response:
        """The page that says that something is not for this person."""
        return problem(request, text, 403)


@router.get(LOG_IN)
def log_in_page(request: Request, app: Here, back: str = "/") -> Response:
    """The form; whoever is in already goes on."""
    if getattr(request.state, "person", None):
        return RedirectResponse(inside(back), 303)
    return _log_in(request, app, back=inside(back))


@router.post(EXPIRED, dependencies=[sent_by_nobody(token=False)])
async def again(request: Request) -> Response:
    """The log-in, with the form that came too late: it is sent from there."""
    form = await request.form(max_files=0)
    kept = [(key, value) for key, value in form.multi_items() if key not in LEFT_OUT and isinstance(value, str)]
    with request.app.state.opened.app() as app:
        return _log_in(
            request, app, sent_to=request.state.sent_to, kept=json.dumps(kept, ensure_ascii=False), status=401
        )


@router.post(LOG_IN, dependencies=[sent_by_nobody()])
def log_in(
    request: Request,
    app: Here,
    *,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/",
    sent_to: Annotated[str, Form()] = "",
    kept: Annotated[str, Form()] = "[]",
) -> Response:
    """Lets in whoever knows the password of a name; each wrong one makes the next wait longer."""
    say, limits, address = current(), request.app.state.log_ins, address_of(request)
    name = accounts.as_named(name)
    assert isinstance(limits, LogIns)
    form: dict[str, Any] = {"name": name[:100], "back": inside(back), "sent_to": sent_to, "kept": kept}
    if waits := limits.begin(address, name):
        seconds = max(round(waits), 1)
        said = say.ngettext("Try again in one second.", "Try again in %(num)s seconds.", seconds)
        return _log_in(request, app, wrong=said, status=429, **form)
    token = None
    try:
        token = accounts.log_in(app, name, password, pipeline.now())
    finally:
        limits.end(address, name, right=token is not None)
    session = accounts.session(app, token, pipeline.now()) if token else None
    if token is None or session is None:
        said = say.gettext("Name and password do not belong together.")
        return _log_in(request, app, wrong=said, status=401, **form)
    request.state.person, request.state.change = session.person, Change(Act.READ, "", LOG_IN)
    answer: Response = RedirectResponse(inside(back), 303)
    if sent_to:
        request.state.form_token = form_token(token)
        values = {"sent_to": inside(sent_to), "fields": _fields(kept), "community": app.workspace.community}
        answer = HTMLResponse(rendered(request, say, "send_again", **values))
    _let_in(request, answer, token, session)
    return answer


def _let_in(request: Request, answer: Response, token: str, session: Session) -> None:
    secure = request.url.scheme == "https"
    # Lax, so that a link from a letter opens its page; no form is taken from elsewhere all the same.
    answer.set_cookie(
        SESSION, token, max_age=int(accounts.LASTS.total_seconds()), httponly=True, samesite="lax", secure=secure,
        path="/",
    )  # fmt: skip
    if session.language in LOCALES:
        answer.set_cookie(
            CHOSEN, session.language or "", max_age=COOKIE_LASTS, httponly=True, samesite="strict", path="/"
        )


def _fields(kept: str) -> list[tuple[str, str]]:
    """The fields of the form that was taken along; none where they are not what the log-in's form carried."""
    try:
        return [(key, value) for key, value in json.loads(kept) if isinstance(key, str) and isinstance(value, str)]
    except (ValueError, TypeError, RecursionError):
        return []


def _log_in(request: Request, app: Any, *, status: int = 200, **values: Any) -> HTMLResponse:
    given = {"name": "", "back": "/", "sent_to": "", "kept": "[]", "wrong": "", "community": app.workspace.community}
    return HTMLResponse(rendered(request, current(), "log_in", **given | values), status)


@router.post("/log-out", dependencies=[form_of(Act.READ)])
def log_out(request: Request, app: Here) -> Response:
    """Ends this session; this machine's key is given back as well."""
    token = request.cookies.get(SESSION, "")
    accounts.log_out(app, token, pipeline.now())
    answer = RedirectResponse(LOG_IN, 303)
    for name in (SESSION, COOKIE):
        answer.delete_cookie(name)
    return answer


@router.get(ME)
def me(request: Request, app: Here) -> HTMLResponse:
    """One's own page: who one is here, another password, the way out."""
    return page(request, app, "me", "me", shortest=accounts.SHORTEST, all_series=app.workspace.promises)


@router.post(f"{ME}/password", dependencies=[form_of(Act.READ)])
def change_password(
    request: Request,
    app: Here,
    password: Annotated[str, Form()] = "",
    new_password: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Another password; all other sessions end."""
    say, session = current(), getattr(request.state, "session", None)
    if session is None:
        raise InputError(say.gettext("Log in with a name and a password first."))
    person: Person = session.person
    limits: LogIns = request.app.state.log_ins
    if limits.begin(address_of(request), person.name):
        raise InputError(say.gettext("Too many wrong passwords. Please wait a minute."))
    right = False
    try:
        right = accounts.is_password(app, person.name, password)
    finally:
        limits.end(address_of(request), person.name, right=right)
    if not right:
        raise InputError(say.gettext("Your present password is another one."))
    accounts.set_password(app, person.name, new_password, pipeline.now(), keep=session.row.hash)
    return done(ME, say.gettext("Your password is changed. You are logged out everywhere else."))


@router.post(f"{ME}/sessions", dependencies=[form_of(Act.READ)])
def end_sessions(request: Request, app: Here) -> RedirectResponse:
    """Ends all other sessions."""
    session: Session | None = getattr(request.state, "session", None)
    if session is not None:
        app.ledger.end_sessions(pipeline.now(), person=session.person.name, keep=session.row.hash)
    return done(ME, current().gettext("You are logged out everywhere else."))
