"""What all pages share: the community, the reader's language, what was just done, and a form's answer."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import json
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from types import CodeType
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException
from jinja2 import BaseLoader, BytecodeCache, ChoiceLoader, Environment, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from steadycast import pipeline
from steadycast.desk.acts import may_here
from steadycast.desk.guard import LEAVE, LIVE, MEMBERS, REFUSED
from steadycast.desk.own_files import addressed
from steadycast.errors import SettingsError, SteadycastError
from steadycast.language import Language, current, language, names
from steadycast.pipeline import App
from steadycast.report.page import clean
from steadycast.report.year_view import PITCH, TOP
from steadycast.schedule.cadence import parse
from steadycast.typesetting import fitted, sentences

SAID = "steadycast_said"  # a cookie: what the form before this page did
CHOSEN = "steadycast_language"  # a cookie: what this reader reads, whatever the community's language is
KEPT = 30  # seconds; a page that is not loaded by then says nothing
UNDONE = 100  # drafts that fit in it
LONGEST = 900  # characters of it: a browser drops a cookie of more than 4 KB
FIRST_RUN = "/start"
# A key of steadycast.toml before what is wrong with its value, as `community.timezone: ` and `ritual[1].when：`.
KEY_BEFORE = re.compile(
    r"(?:community|asks|fair|alarms|(?:series|channel|members)\.[^\s.:：]+|ritual\[\d+\])\.(?P<key>[a-z_]+)(?:: |：)"
)
MOST_KEPT = 2000  # parts of pages, of one language
# The tabs, in their order: the address of each, and its name.
TABS: tuple[tuple[str, str], ...] = (
    ("today", "/"),
    ("slots", "/calendar"),
    ("drafts", "/drafts"),
    ("kits", "/kits"),
    ("record", "/record"),
    ("members", "/members"),
    ("classes", "/classes"),
    ("settings", "/settings"),
)
WITHOUT_CLASSES = tuple(tab for tab in TABS if tab[0] != "classes")


def opened(request: Request) -> Iterator[App]:
    """The workspace, for one request; where there is none yet, the first run is shown."""
    if not request.app.state.opened.is_there:
        raise HTTPException(303, headers={"Location": FIRST_RUN})
    with contextlib.ExitStack() as stack:
        try:
            app = stack.enter_context(request.app.state.opened.app())
        except SettingsError:  # and there are none from before that hold: it is said there, with the line
            raise HTTPException(303, headers={"Location": "/settings/file"}) from None
        yield app


Here = Annotated[App, Depends(opened)]


def page(request: Request, app: App, name: str, tab: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """One page of the desk: templates/NAME.html.j2 in its frame, with `tab` as the current one."""
    community = app.workspace.community
    text = rendered(  # a value of the page's own under one of these names is an error
        request, current(), name, community=community, now=pipeline.now().astimezone(community.zone), tab=tab,
        tabs=TABS if app.workspace.classes else WITHOUT_CLASSES, broken_settings=app.broken_settings,
        channel_title=app.channel_title, by_hand=app.by_hand,
        rhythm_of=partial(_rhythm, app), is_hub=bool(app.workspace.circles), **values,
    )  # fmt: skip
    answer = HTMLResponse(text, status)
    if SAID in request.cookies and LIVE not in request.headers:
        answer.delete_cookie(SAID)
    return answer


def _rhythm(app: App, series: str) -> str:
    """A series' rhythm in the reader's language; as it is written where it cannot be read."""
    if (promise := app.workspace.promises.get(series)) is None:
        return ""
    try:
        return parse(promise.every, promise.rrule).describe(current().tag)
    except SettingsError:
        return promise.every or promise.rrule or ""


def rendered(request: Request, say: Language, name: str, /, **values: Any) -> str:
    """A template of the desk as text; a part of a page as well as a whole one."""
    given = {"say": say, "languages": names(), "form_token": request.state.form_token, "said": _said(request)}
    given |= {"person": getattr(request.state, "person", None), "session": getattr(request.state, "session", None)}
    given["may"] = partial(may_here, request)
    given["here"] = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return _templates(say.name).get_template(f"{name}.html.j2").render({**given, **values})


def compile_templates() -> Iterator[str]:
    """Each template of the desk by name, once it is compiled in the language spoken."""
    made = _templates(current().name)
    for name in made.list_templates():
        made.get_template(name)
        yield name


def done(to: str, said: str, *, refused: bool = False, undo: Sequence[str] = ()) -> RedirectResponse:
    """The answer to a form: on to `to`, a path of the desk, which says once what was done, in the reader's words.

    `undo` are drafts whose decision it was: the page offers to take it back.
    """
    answer = RedirectResponse(inside(to), 303)
    if refused:
        answer.headers[REFUSED] = "1"
    told = {"said": said[: 200 if undo else LONGEST], "refused": refused, "undo": [*undo][:UNDONE]}
    packed = json.dumps(told, ensure_ascii=False).encode()
    answer.set_cookie(
        SAID, base64.urlsafe_b64encode(packed).decode(), max_age=KEPT, httponly=True, samesite="strict", path="/"
    )
    return answer


def without_commands(hint: str) -> str:
    """A hint without the clauses that name a command: whoever stands at the desk has buttons, and no terminal."""
    clauses = re.split(r"(?<=；)|(?<=;)\s*", hint)
    left = sentences(*(each for each in clauses if "`steadycast " not in each and "`prefect " not in each))
    return left.rstrip("; ；")


def of_field(message: str) -> tuple[str, str]:
    """What is wrong with settings as (the key's last word, the rest): on its form nobody reads where a key stands."""
    found = KEY_BEFORE.match(message)
    return (found["key"], message[found.end() :]) if found else ("", message)


def inside(to: str) -> str:
    """A path of the desk, whatever was asked for: an address elsewhere becomes the first page."""
    try:
        parts = urlsplit(to)
    except ValueError:  # brackets that are no address
        return "/"
    within = not parts.scheme and not parts.netloc and to.startswith("/") and not to.startswith(("//", "/\\"))
    return to if within else "/"


async def refusal(request: Request, error: Exception) -> Response:
    """What a verb refused: told on the page that its form stood on; a page that cannot be shown says why."""
    assert isinstance(error, SteadycastError)
    if hint := getattr(error, "hint", None):
        error.hint = without_commands(hint) or None  # type: ignore[attr-defined]
    if request.method == "POST":
        return done(_came_from(request), str(error), refused=True)
    return problem(request, str(error), 404)


def _came_from(request: Request) -> str:
    """The path of the page that a form stood on, whatever a program says instead."""
    try:
        came = urlsplit(request.headers.get("referer", "/"))
    except ValueError:
        return "/"
    return f"{came.path or '/'}?{came.query}".rstrip("?")


def problem(request: Request, text: str, status: int) -> Response:
    """A page that says what is wrong and leads back."""
    own = request.url.path.startswith((MEMBERS, LEAVE))
    return HTMLResponse(rendered(request, current(), "problem", text=text, own=own), status)


def _said(request: Request) -> Mapping[str, Any]:
    if LIVE in request.headers:
        return {}
    try:
        said = json.loads(base64.urlsafe_b64decode(request.cookies.get(SAID, "")))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


class _Templates(BaseLoader):
    """The desk's templates and the report's, with the addresses of the desk's own files in them."""

    def __init__(self) -> None:
        self._found = ChoiceLoader([PackageLoader("steadycast.desk"), PackageLoader("steadycast.report", ".")])

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, name, is_current = self._found.get_source(environment, template)
        return addressed(source), name, is_current

    def list_templates(self) -> list[str]:
        return self._found.loaders[0].list_templates()


class _Compiled(BytecodeCache):
    """What one language's templates were compiled to, for those of the others: no text stands in it."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._code[bucket.key, bucket.checksum] = bucket.code


_compiled = _Compiled()


class Kept(dict[Hashable, Markup]):
    """Parts of pages that say the same until their `key` is another; a calendar has hundreds that nothing changed."""

    def __call__(self, key: Hashable, make: Callable[..., Markup], *given: Any, **named: Any) -> Markup:
        """The part as it was made for this key, else as it is made now."""
        if (part := self.get(key)) is None:
            if len(self) >= MOST_KEPT:
                self.clear()
            part = self[key] = make(*given, **named)
        return part


def _gettext(say: Language) -> Callable[..., Markup]:
    """Jinja's own `_`, without its way through three calls: a page has a hundred texts, most of them with no values.

    Where there are none, a % is a %, as everywhere else.
    """

    @lru_cache(maxsize=4096)
    def plain(text: str) -> Markup:
        return Markup(say.texts.gettext(text))  # noqa: S704  the catalogues are ours

    def gettext(text: str, /, **values: object) -> Markup:
        return _filled(say.texts.gettext(text), values) if values else plain(text)

    return gettext


def _filled(found: str, values: Mapping[str, object]) -> Markup:
    found, values = fitted(found, values)
    return Markup(found) % values  # noqa: S704  the catalogues are ours


def _ngettext(say: Language) -> Callable[..., Markup]:
    """The same of a text that counts."""

    def ngettext(one: str, many: str, num: int, /, **values: object) -> Markup:
        return _filled(say.texts.ngettext(one, many, num), {"num": num, **values})

    return ngettext


@cache
def _templates(locale: str) -> Environment:
    made = Environment(
        loader=_Templates(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_compiled,
        finalize=lambda value: clean(value) if type(value) is str else value,
    )
    made.filters["without_commands"] = without_commands
    made.filters["of_field"] = of_field
    made.globals["_"], made.globals["ngettext"] = _gettext(language(locale)), _ngettext(language(locale))
    made.globals["gap"] = " " if locale == "en" else ""  # between two sentences, or behind a colon
    made.globals["kept"] = Kept()
    made.globals["dot"] = Markup('<span class="dot"> </span>')  # drawn on a space, which vanishes at a line's end
    made.globals["marks"] = Markup(made.get_template("marks.svg.j2").render(pitch=PITCH, top=TOP))  # noqa: S704  our own file
    return made


def local(app: App, at: dt.datetime) -> dt.datetime:
    """An instant in the community's zone."""
    return at.astimezone(app.workspace.community.zone)
