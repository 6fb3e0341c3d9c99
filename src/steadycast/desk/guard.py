"""Who is let in, and what a page may do: asked of every request, before any page is.

Without accounts the desk listens on this machine only. Other people may be logged in here too, so its first address
carries a key, which becomes a cookie. What changes something has to come from a form of the desk's own: browsers tell
where a request comes from (Sec-Fetch-Site, Origin), and a form carries a token besides.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steadycast.api.problems import problem
from steadycast.desk.rate_limits import Limits

OWN_NAMES = {"127.0.0.1", "localhost"}  # a page whose name was turned to this machine asks under its own name
COOKIE = "steadycast_desk"
KEY = "key"  # of the first address
FILES = "/files/"  # what lies under var/: its pages get no cookie, so the key stands in the address
PROGRAMS = "/api/"  # for programs: a token in a header opens it, and no cookie does
MEMBERS = "/m/"  # members' own pages: the token in the address opens one, and nothing else
OPEN = ("/static/", "/health")  # without a key: they tell nothing of the community
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


class Guard:
    """The middleware; `key` opens the desk. `public` is the host by which members reach their pages, "" for none."""

    def __init__(self, app: ASGIApp, key: str, public: Callable[[], str] = str) -> None:
        self._app = app
        self._key = key
        self._public = public
        self._asked = Limits()
        self._programs = Limits(of_one=600, of_all=3000)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request ourselves, or hand it on with the headers of a page of ours."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        path = request.url.path
        of_member, of_program = path.startswith(MEMBERS), path.startswith(PROGRAMS)
        way = self._to_member if of_member else self._to_program if of_program else self._objection
        answer = way(request)
        if answer is not None:
            await answer(scope, receive, _with_headers(send))
            return
        scope["state"] |= {
            "form_token": form_token(path.split("/")[2] if of_member else self._key),
            "files_key": "" if of_member else files_key(self._key),
            "missed": self._programs.missed if of_program else self._asked.missed,
        }
        await self._app(scope, receive, _with_headers(send))

    def _to_member(self, request: Request) -> Response | None:
        """Members come from anywhere, by the public name too; how often, is bounded before their token is looked at."""
        if _host(request.headers) not in OWN_NAMES and not self._is_public(request):
            return PlainTextResponse("This name is not the desk's.", 421)
        if not self._asked.admit(request.client.host if request.client else ""):
            return PlainTextResponse("Too many requests. Please wait a minute.", 429, {"Retry-After": "60"})
        if request.method not in SAFE and not _ours(request):
            return PlainTextResponse("This did not come from a page of the desk.", 403)
        return None

    def _to_program(self, request: Request) -> Response | None:
        """Programs come as members do, more often; whom their token lets in is asked afterwards."""
        if _host(request.headers) not in OWN_NAMES and not self._is_public(request):
            return problem(421, "This name is not the desk's.")
        if not self._programs.admit(request.client.host if request.client else ""):
            return problem(429, "Too many requests.", "wait a minute", headers={"Retry-After": "60"})
        return None

    def _is_public(self, request: Request) -> bool:
        name = self._public()
        return bool(name) and request.headers.get("host", "").lower() == name

    def _objection(self, request: Request) -> Response | None:
        path = request.url.path
        if _host(request.headers) not in OWN_NAMES:
            open_to_members = path.startswith("/static/") and self._is_public(request)
            return None if open_to_members else PlainTextResponse("This name is not the desk's.", 421)
        if given := request.query_params.get(KEY):
            return self._let_in(given, path)
        if path.startswith(OPEN) or _names_files(path, self._key):
            return None
        if not hmac.compare_digest(request.cookies.get(COOKIE, ""), self._key):
            return PlainTextResponse("Open the desk by the address that `steadycast up` printed.", 403)
        if request.method not in SAFE and not _ours(request):
            return PlainTextResponse("This did not come from a page of the desk.", 403)
        return None

    def _let_in(self, given: str, path: str) -> Response:
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            return PlainTextResponse("This address is of an earlier start of the desk.", 403)
        answer = RedirectResponse(path, 303)
        answer.set_cookie(COOKIE, self._key, httponly=True, samesite="strict", path="/")
        return answer


def new_key() -> str:
    """A key for one start of the desk."""
    return secrets.token_urlsafe(24)


def form_token(key: str) -> str:
    """What a form of ours carries: it tells nothing of the key."""
    return hmac.new(key.encode(), b"form", hashlib.sha256).hexdigest()


def files_key(key: str) -> str:
    """What opens the files under var/: whoever has it alone gets no page and no form."""
    return hmac.new(key.encode(), b"files", hashlib.sha256).hexdigest()[:32]


def _names_files(path: str, key: str) -> bool:
    given = path.removeprefix(FILES).partition("/")[0]
    return path.startswith(FILES) and hmac.compare_digest(given.encode(), files_key(key).encode())


def _host(headers: Headers) -> str:
    return headers.get("host", "").rpartition(":")[0].lower() or headers.get("host", "").lower()


def _ours(request: Request) -> bool:
    """Whether the browser says that the desk's own page asks."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent
