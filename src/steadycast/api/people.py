"""People and the tokens of their programs, for an owner; a token is told once, in the answer that makes it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field, StringConstraints
from starlette.requests import Request

from steadycast import pipeline
from steadycast.api.authorization import needs
from steadycast.api.drafts import Word
from steadycast.api.idempotency import tell_once
from steadycast.api.problems import ProblemError
from steadycast.api.routes import changes, looks
from steadycast.api.settings_change import Line, Names
from steadycast.api.shapes import Asked, Here, Name, Shown
from steadycast.language import gettext as _
from steadycast.ledger.tables import PersonRow
from steadycast.pipeline import App, accounts
from steadycast.pipeline.permissions import Act, Role

router, changed = looks("people"), changes("people")
Password = Annotated[str, StringConstraints(max_length=accounts.LONGEST + 1)]


class Person(Shown):
    """Somebody who may log in, or might once."""

    name: str
    role: Role
    series: list[str] = Field(description="An editor's; empty: all.")
    made: dt.datetime
    ended: dt.datetime | None
    language: str | None


class Token(Shown):
    """What lets a program in for a person; its text is known to that program alone."""

    id: str
    label: str
    role: Role
    series: list[str]
    made: dt.datetime
    expires: dt.datetime | None
    revoked: dt.datetime | None
    used: dt.datetime | None = Field(description="Last, within some minutes.")


class WholePerson(Person):
    """A person and the tokens of their programs."""

    tokens: list[Token]


class MadeToken(Token):
    """A new token."""

    token: str = Field(description="Told this once: asked again under the same key it is empty.")


class NewPerson(Asked):
    """Somebody who may log in from now on."""

    name: Word
    role: Role
    password: Password
    series: Names = Field([])


class RoleAsked(Asked):
    """Another role, and for an editor in which series; none: in all."""

    role: Role
    series: Names = Field([])


class PasswordAsked(Asked):
    """Another password, for somebody who forgot theirs."""

    password: Password


class NewToken(Asked):
    """A token: it may do no more than its person, and no more than this."""

    role: Role
    label: Line = ""
    series: Names = Field([])
    days: Annotated[int, Field(ge=0, le=3650)] = Field(90, description="How long it lasts; 0: until it is revoked.")


class Revoking(Asked):
    """A token, by its id."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


@router.get("/people", dependencies=[needs(Act.PEOPLE)])
def people(app: Here) -> list[Person]:
    """Everybody who may log in, and who might once, by name."""
    return [Person.model_validate(row) for row in accounts.people(app)]


@router.get("/people/{name}", dependencies=[needs(Act.PEOPLE)])
def person(app: Here, name: Name) -> WholePerson:
    """One of them, with tokens."""
    return _whole(app, name)


@changed.post("/people", status_code=201, dependencies=[needs(Act.PEOPLE)])
def add_person(app: Here, asked: NewPerson) -> Person:
    """Let somebody log in."""
    made = accounts.add_person(app, asked.name.strip(), asked.role, asked.password, pipeline.now(), series=asked.series)
    return Person.model_validate(_row(app, made.name))


@changed.post("/people/{name}/role", dependencies=[needs(Act.PEOPLE)])
def change_role(app: Here, name: Name, asked: RoleAsked) -> WholePerson:
    """Give a person another role; it holds from their next request on."""
    accounts.change_role(app, name, asked.role, asked.series)
    return _whole(app, name)


@changed.post("/people/{name}/password", dependencies=[needs(Act.PEOPLE)])
def set_password(app: Here, name: Name, asked: PasswordAsked) -> WholePerson:
    """Give a person another password; they are logged out everywhere."""
    accounts.set_password(app, name, asked.password, pipeline.now())
    return _whole(app, name)


@changed.post("/people/{name}/end", dependencies=[needs(Act.PEOPLE)])
def end_person(app: Here, name: Name) -> WholePerson:
    """Let a person in no more: sessions and tokens end."""
    accounts.end_person(app, name, pipeline.now())
    return _whole(app, name)


@changed.post("/people/{name}/tokens", status_code=201, dependencies=[needs(Act.PEOPLE)])
def make_token(request: Request, app: Here, name: Name, asked: NewToken) -> MadeToken:
    """Make a token for a program of a person."""
    lasts = dt.timedelta(days=asked.days) if asked.days else None
    made = accounts.make_token(app, name, asked.label, asked.role, pipeline.now(), series=asked.series, lasts=lasts)
    tell_once(request, made.text)
    return MadeToken(**{**made.row.model_dump(), "id": made.row.hash, "token": made.text})


@changed.post("/people/{name}/tokens/revoke", dependencies=[needs(Act.PEOPLE)])
def revoke_token(app: Here, name: Name, asked: Revoking) -> WholePerson:
    """End a token at once."""
    accounts.revoke_token(app, name, asked.id, pipeline.now())
    return _whole(app, name)


def _row(app: App, name: str) -> PersonRow:
    row = next((each for each in accounts.people(app) if each.name == name), None)
    if row is None:
        raise ProblemError(404, _("Nobody here is called so."))
    return row


def _whole(app: App, name: str) -> WholePerson:
    known = Person.model_validate(_row(app, name)).model_dump()
    tokens = [Token(**{**row.model_dump(), "id": row.hash}) for row in accounts.tokens_of(app, name)]
    return WholePerson(**known, tokens=tokens)
