"""Who is let in, and what a page may do: asked of every request, before any page is.

Without persons the desk is open to this machine only. Other people may be logged in here too, so its first address
carries a key, which becomes a cookie. With persons each logs in; the key goes on to open the desk here, as an owner, so
that nobody is locked out. What changes something has to come from a form of the desk's own: browsers tell
where a request comes from (Sec-Fetch-Site, Origin), and a form carries a token besides.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steadycast.api.problems import problem
from steadycast.desk.acts import Change
from steadycast.desk.incoming import TOO_MUCH, bounded, is_too_large
from steadycast.desk.rate_limits import Limits, Turns, network
from steadycast.language import N_, current
from steadycast.language import gettext as _
from steadycast.pipeline import acting, who
from steadycast.pipeline.accounts import Session
from steadycast.pipeline.permissions import Act, Person, Role, may_somewhere

HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
OWN_NAMES = {"127.0.0.1", "localhost"}  # a page whose name was turned to this machine asks under its own name
COOKIE = "steadycast_desk"
SESSION = "steadycast_session"  # the cookie of a log-in
REFUSED = "X-Desk-Refused"  # of an answer to a form that was not, or not wholly, done
LIVE = "X-Desk-Live"  # of a page that is fetched again behind one that is open: what was done is not for it
LOG_IN = "/log-in"
EXPIRED = "/log-in/again"  # where a form is answered whose session has ended
ACTS = {  # pages that are all forms
    "/settings": Act.SETTINGS,
    "/start": Act.SETTINGS,
    "/write": Act.SUBMIT,
    "/skip": Act.PLAN,
}
LARGEST_KEPT = 500_000  # bytes of a form that is taken along: as a field of the log-in's they may be twice as many
NOT_OURS = N_("This did not come from a page of the desk.")
KEY = "key"  # of the first address
FILES = "/files/"  # what lies under var/: its pages get no cookie, so the key stands in the address
PROGRAMS = ("/api/", "/mcp")  # for programs: a token in a header opens them, and no cookie does
MEMBERS = "/m/"  # members' own pages: the token in the address opens one, and nothing else
CALENDARS = "/c/"  # the plan for a calendar program: the token in the address opens it, and nothing else
LEAVE = "/leave/"  # where a reader leaves a channel: the token in the address says who, and no cookie is looked at
OPEN = ("/static/", "/health", "/proof")  # without a key: they tell nothing of the community
WAITING = ("/events", "/static/", "/health", "/proof", FILES)  # these take no turn: they hold no thread, or must answer
SAFE = {"GET", "HEAD"}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


Refusing = Callable[[Request, str, int], Response]


class Guard:
    """The middleware. `key` opens the desk on this machine, as an owner; a session opens it for its person.

    `people` answers of the community's accounts. `public` is the host by which members reach their pages and people
    the desk, "" for none. `page` makes the page of a refusal.
    """

    def __init__(self, app: ASGIApp, key: str, people: People, page: Refusing, public: Callable[[], str] = str) -> None:
        if not key:
            raise ValueError("an empty key would let everybody in")
        self._app = app
        self._page = page
        self._key = key
        self._people = people
        self._public = public
        self._asked = Limits()
        self._leaving = Limits(of_one=600, of_all=3000)  # a mail provider's servers leave for many of its customers
        self._programs = Limits(of_one=600, of_all=3000)
        self._turns = Turns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request ourselves, or hand it on with the headers of a page of ours."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        path = request.url.path
        state = scope["state"]
        state |= {"form_token": form_token(f"log in {self._key}"), "files_key": "", "missed": self._asked.missed}
        if path.startswith(MEMBERS):
            state["form_token"] = form_token(path.split("/")[2])
            answer = self._to_member(request)
        elif path.startswith(CALENDARS):
            answer = self._to_member(request)
        elif path.startswith(LEAVE):
            state["missed"] = self._leaving.missed
            answer = self._to_reader(request)
        elif path.startswith(PROGRAMS):
            answer = self._to_program(request)
        else:
            answer = await self._objection(request)
        if answer is not None:
            await answer(scope, receive, _with_headers(send))
            return
        session: Session | None = state.get("session")
        if not path.startswith((MEMBERS, *PROGRAMS)):  # those look at what is sent to them by themselves
            receive = bounded(scope["path"], receive)
        turn = self._turns.of(session.person.name if session else network(address_of(request)))
        with acting(session.person.name) if session else contextlib.nullcontext():
            async with contextlib.nullcontext() if path.startswith(WAITING) else turn:
                await self._app(scope, receive, self._audited(request, _with_headers(send)))

    def _to_member(self, request: Request) -> Response | None:
        """Members come from anywhere, by the public name too; how often, is bounded before their token is looked at."""
        if _host(request.headers) not in OWN_NAMES and not self._is_public(request):
            return PlainTextResponse(_("This name is not the desk's."), 421)
        if not self._asked.admit(address_of(request)):
            return PlainTextResponse(_("Too many requests. Please wait a minute."), 429, {"Retry-After": "60"})
        if request.method not in SAFE and not _ours(request):
            return self._refused(request, _(NOT_OURS), 403)
        return None

    def _to_reader(self, request: Request) -> Response | None:
        """Readers and their mail providers come from anywhere, and a POST from no page of ours (RFC 8058)."""
        if _host(request.headers) not in OWN_NAMES and not self._is_public(request):
            return PlainTextResponse("This name is not the desk's.", 421)
        if not self._leaving.admit(address_of(request)):
            return PlainTextResponse("Too many requests. Please wait a minute.", 429, {"Retry-After": "60"})
        return None

    def _to_program(self, request: Request) -> Response | None:
        """Programs come as members do, more often; whom their token lets in is asked afterwards."""
        if _host(request.headers) not in OWN_NAMES and not self._is_public(request):
            return problem(421, _("This name is not the desk's."))
        if (origin := request.headers.get("origin")) is not None and not _is_own(request, origin):
            return problem(403, _("A page of another site asks."))  # the protocol of assistants wants it looked at
        if not self._programs.admit(address_of(request)):
            return problem(429, _("Too many requests."), _("wait a minute"), headers={"Retry-After": "60"})
        return None

    def _is_public(self, request: Request) -> bool:
        name = self._public()
        return bool(name) and request.headers.get("host", "").lower() == name

    async def _objection(self, request: Request) -> Response | None:
        path, own = request.url.path, _host(request.headers) in OWN_NAMES
        if is_too_large(request):
            return self._refused(request, _(TOO_MUCH), 413, {"Connection": "close"})
        public = not own and self._is_public(request)
        if not own and not public:
            return PlainTextResponse(_("This name is not the desk's."), 421)
        on_this_machine = own and _is_near(request)
        if path.startswith(OPEN):
            is_open = on_this_machine or path.startswith("/static/")
            return None if is_open else PlainTextResponse(_("Only on this machine."), 421)
        if on_this_machine and (given := request.query_params.get(KEY)):
            return self._let_in(request, given)
        if path.startswith(FILES) and await self._may_see_files(path, on_this_machine=on_this_machine):
            return None
        if not await self._know(request, on_this_machine=on_this_machine):
            return await self._unknown(request, own=own)
        if request.method not in SAFE and not _ours(request):
            return self._refused(request, _(NOT_OURS), 403)
        act = next((act for start, act in ACTS.items() if path.startswith(start)), Act.READ)
        if not may_somewhere(request.state.person, act):
            return await self._not_theirs(request)
        return None

    async def _may_see_files(self, path: str, *, on_this_machine: bool) -> bool:
        """Whether the key in an address of files is one that still opens them: a session's, or this machine's."""
        given = path.removeprefix(FILES).partition("/")[0]
        of = given.partition(".")[0] if "." in given else ""
        if not hmac.compare_digest(given.encode(), files_key(self._key, of).encode()):
            return False
        return await run_in_threadpool(self._people.stands, of) if of else on_this_machine

    async def _has_people(self) -> bool:
        return await run_in_threadpool(self._people.there)

    async def _know(self, request: Request, *, on_this_machine: bool) -> bool:
        """Find out who asks: whoever has a session, else whoever has this machine's key."""
        state = request.state
        if (token := request.cookies.get(SESSION)) and (session := await run_in_threadpool(self._people.of, token)):
            state.session, state.person, state.form_token = session, session.person, form_token(token)
        elif on_this_machine and hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), self._key.encode()):
            state.person, state.form_token = Person(who(), Role.OWNER), form_token(self._key)
        else:
            return False
        state.files_key = files_key(self._key, state.session.row.hash if hasattr(state, "session") else "")
        if request.url.path == LOG_IN:  # open in another tab since before this session
            state.form_token = form_token(f"log in {self._key}")
        return True

    async def _unknown(self, request: Request, *, own: bool) -> Response | None:
        """Nobody whom we know: the way to the log-in, where there is one."""
        if not await self._has_people():
            said = _("Open the desk by the address that `steadycast up` printed.")
            return self._refused(request, said, 403) if own else PlainTextResponse(said, 421)
        if request.url.path == LOG_IN:
            is_safe = request.method in SAFE or _ours(request)
            return None if is_safe else self._refused(request, _(NOT_OURS), 403)
        if request.method in SAFE and _is_page(request):
            back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"{LOG_IN}?{urlencode({'back': back})}", 303)
        if request.method not in SAFE and _ours(request) and _is_form(request):
            # What was written is taken along to the log-in, and sent from there.
            request.state.sent_to = request.url.path
            request.scope["path"], request.scope["raw_path"] = EXPIRED, EXPIRED.encode()
            return None
        return PlainTextResponse(_("Your session has ended. Log in again."), 401)

    async def _not_theirs(self, request: Request) -> Response:
        text = current().gettext("Your role does not let you see this. Ask an owner of the desk.")
        return await run_in_threadpool(self._people.refusal, request, text)

    def _audited(self, request: Request, send: Send) -> Send:
        """Writes down what a form did, before its answer leaves: whoever sees that it is done can read who did it."""

        async def sent(message: Message) -> None:
            change = getattr(request.state, "change", None)
            if message["type"] == "http.response.start" and change and message["status"] < 400:
                refused = REFUSED.lower().encode() in dict(message["headers"])
                await run_in_threadpool(self._people.wrote, request.state.person.name, change, refused=refused)
            await send(message)

        return sent

    def _let_in(self, request: Request, given: str) -> Response:
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            return self._refused(request, _("This address is of an earlier start of the desk."), 403)
        answer = RedirectResponse(request.url.path, 303)
        answer.set_cookie(COOKIE, self._key, httponly=True, samesite="strict", path="/")
        return answer

    def _refused(self, request: Request, said: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
        """A refusal: as a page where a person sees it, else as a line of text."""
        answer = self._page(request, said, status) if _is_page(request) else PlainTextResponse(said, status)
        answer.headers.update(headers or {})
        return answer


class People(Protocol):
    """What the guard asks of the community's accounts, from a thread that may wait."""

    def there(self) -> bool:
        """Whether anybody may log in."""

    def of(self, token: str) -> Session | None:
        """Who is logged in by this token."""

    def stands(self, hash: str) -> bool:
        """Whether somebody is still logged in by the session with this hash."""

    def wrote(self, who: str, change: Change, *, refused: bool) -> None:
        """Writes down what a form did."""

    def refusal(self, request: Request, text: str) -> Response:
        """The page that says that something is not for this person."""


def new_key() -> str:
    """A key for one start of the desk."""
    return secrets.token_urlsafe(24)


def form_token(key: str) -> str:
    """What a form of ours carries: it tells nothing of the key."""
    return hmac.new(key.encode(), b"form", hashlib.sha256).hexdigest()


def files_key(key: str, session: str = "") -> str:
    """What opens the files under var/: whoever has it alone gets no page and no form.

    That of a session, by its hash, opens them for as long as the session lasts.
    """
    sealed = hmac.new(key.encode(), f"files {session}".encode(), hashlib.sha256).hexdigest()[:32]
    return f"{session}.{sealed}" if session else sealed


def address_of(request: Request) -> str:
    """Where a request comes from: what the server knows, through a proxy that it trusts."""
    return request.client.host if request.client else ""


def _is_near(request: Request) -> bool:
    try:
        return ipaddress.ip_address(address_of(request)).is_loopback
    except ValueError:
        return False


def _is_page(request: Request) -> bool:
    """Whether a person sees the answer as a page, and not a script of ours, or a program."""
    accepted = request.headers.get("accept", "*/*")
    by_script = LIVE in request.headers or "hx-request" in request.headers
    return not by_script and ("text/html" in accepted or "*/*" in accepted)


def _is_form(request: Request) -> bool:
    size = request.headers.get("content-length", "")
    is_page = "hx-request" not in request.headers and "x-form-token" not in request.headers
    kind = request.headers.get("content-type", "").partition(";")[0]
    return is_page and kind == "application/x-www-form-urlencoded" and size.isdecimal() and int(size) <= LARGEST_KEPT


def _host(headers: Headers) -> str:
    """The name by which the desk was asked for, without a port; "" of what is no name."""
    found = HOST.fullmatch(headers.get("host", ""))
    return found[1].lower() if found else ""


def _ours(request: Request) -> bool:
    """Whether the browser says that the desk's own page asks."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is not None and _is_own(request, origin)


def _is_own(request: Request, origin: str) -> bool:
    """Whether an origin is the desk itself, as the browser reached it."""
    try:
        return urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:
        return False


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent
