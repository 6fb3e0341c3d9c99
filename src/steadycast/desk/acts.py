"""What a form does, declared on its route: who may, and what is written down of it afterwards.

Every route that takes a form names its act. So no form is answered that nobody thought of: the declaration refuses whom
it is not for, and tells the guard what to put into the log of changes once the form was answered.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Form, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from steadycast.language import current
from steadycast.pipeline import concerns, leaders
from steadycast.pipeline.permissions import Act, Person, may, may_somewhere

SLOT, DRAFT, DELIVERY, ASK, SERIES = "slot", "draft", "delivery", "ask", "series"  # what a form may be about
REQUEST = "publish request"
TOLD = ("verdict", "is_there", "verb", "role", "answer")  # fields of a form that say which of several things it did
MOST = 20  # subjects of one form that are written down


@dataclass(frozen=True, slots=True)
class Change:
    """What the guard writes down once a form was answered."""

    act: Act
    subject: str
    detail: str = ""


class Declared:
    """The dependency of one route: `about` are pairs of what it is about and the field or part of its path with it.

    A form about nothing in particular concerns the whole community. `changes` is False where nothing changes.
    """

    def __init__(self, act: Act, *about: tuple[str, str], changes: bool = True) -> None:
        self.act = act
        self.about = about
        self.changes = changes

    async def check(self, request: Request) -> None:
        """Refuses whom it is not for, else notes what will have been done."""
        person: Person = request.state.person
        if not may_somewhere(person, self.act):
            raise HTTPException(403, _refused(person))
        # Whoever is let in everywhere pays for no look at what the form is about.
        if person.is_limited:
            concerned, deciders = await run_in_threadpool(self._concerned, request)
            if not may(person, self.act, concerned):
                raise HTTPException(403, _refused(person, deciders))
        if self.changes:
            request.state.change = Change(self.act, *_told(request, self.about))

    def _concerned(self, request: Request) -> tuple[set[str] | None, str]:
        """The series that it concerns, None: the whole community; and who decides on them, "": any editor."""
        if not self.about:
            return None, ""
        concerned: set[str] = set()
        with request.app.state.opened.app() as app:
            for kind, field in self.about:
                for value in _values(request, field):
                    if kind == SLOT:
                        concerned |= concerns.series_of_slot(value.partition(" ")[0])
                    elif kind == DRAFT:
                        concerned |= concerns.series_of_draft(app, value)
                    elif kind == DELIVERY:
                        concerned |= concerns.series_of_delivery(app, value)
                    elif kind == ASK:
                        concerned |= concerns.series_of_ask(app, value)
                    elif kind == REQUEST:
                        concerned |= concerns.series_of_request(app, value)
                    else:
                        concerned.add(value)
            return concerned, leaders.decided_by(app, concerned)


class _OfForm(Declared):
    async def __call__(self, request: Request, form_token: Annotated[str, Form()] = "") -> None:
        ours(request, form_token)
        request.state.form = await request.form()  # read already, for the token
        await self.check(request)


class _OfScript(Declared):
    async def __call__(self, request: Request) -> None:
        await self.check(request)


class _OfMember(Declared):
    async def __call__(self, request: Request) -> None:
        # Whose it is, the page itself finds out. The token in its address is not written down.
        request.state.change = Change(self.act, "", "/m/{token}")


class _OfNobody(Declared):
    def __init__(self, *, token: bool) -> None:
        super().__init__(Act.READ, changes=False)
        self._token = token

    async def __call__(self, request: Request, form_token: Annotated[str, Form()] = "") -> None:
        if self._token:
            ours(request, form_token)


class _OfToken(Declared):
    async def __call__(self) -> None:
        """Whose token it is, the page itself finds out; it is no person's doing that would be in the log of changes."""


def form_of(act: Act, *about: tuple[str, str], changes: bool = True) -> Any:
    """For a route that takes a form of the desk's: its token is looked at as well."""
    return Depends(_OfForm(act, *about, changes=changes))


def sent_as(act: Act, *about: tuple[str, str], changes: bool = True) -> Any:
    """For a route that reads by itself what is sent to it, and calls `ours` with the token."""
    return Depends(_OfScript(act, *about, changes=changes))


def sent_by_member() -> Any:
    """For members' own pages, which their token opens."""
    return Depends(_OfMember(Act.SUBMIT))


def sent_by_token() -> Any:
    """For what is sent without a cookie by whoever has the token of its address, which is looked at by the page."""
    return Depends(_OfToken(Act.READ, changes=False))


def sent_by_nobody(*, token: bool = True) -> Any:
    """For what leads to the log-in: who sends it is not known yet. Without `token` the form is of a session before."""
    return Depends(_OfNobody(token=token))


def ours(request: Request, form_token: str) -> None:
    """Refuses a form that the desk did not write."""
    if not hmac.compare_digest(form_token.encode(), request.state.form_token.encode()):
        raise HTTPException(
            403, current().gettext("This form is of an earlier start of the desk: load its page again.")
        )


def may_here(request: Request, act: str, *series: str) -> bool:
    """Whether the person who asks may do this; without series, in any at all. For buttons that are not shown else."""
    person: Person | None = getattr(request.state, "person", None)
    if person is None:
        return False
    return may(person, Act(act), series) if series else may_somewhere(person, Act(act))


def _refused(person: Person, deciders: str = "") -> str:
    say = current()
    if deciders:
        return say.gettext("This is decided by %(names)s.", names=deciders)
    if person.is_limited:
        return say.gettext("You look after some series only, and this concerns others too.")
    return say.gettext("Your role does not let you do this. Ask an owner of the desk.")


def _values(request: Request, field: str) -> list[str]:
    if field in request.path_params:
        return [str(request.path_params[field])]
    form: FormData = getattr(request.state, "form", FormData())
    return [value for value in form.getlist(field) if isinstance(value, str)]


def _told(request: Request, about: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """What a form was about, and what it did: names and numbers, and nothing that somebody wrote."""
    named = [f"{kind} {value}" for kind, field in about for value in _values(request, field)[:MOST]]
    route = request.scope.get("route")
    parts = [getattr(route, "path", request.url.path), *(v for field in TOLD for v in _values(request, field)[:1])]
    if not named:
        named = [f"{field} {value}" for field, value in request.path_params.items()]
    return ", ".join(named), " ".join(parts)
