"""People, for an owner: who may log in, as what, the tokens of their programs; and the log of what was changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import pipeline
from steadycast.desk.acts import form_of
from steadycast.desk.pages import Here, done, page
from steadycast.language import current
from steadycast.ledger.tables import ApiTokenRow, AuditRow
from steadycast.pipeline import App, accounts
from steadycast.pipeline.permissions import Act, Role

router = APIRouter()
PEOPLE = "/settings/people"
LOG = "/settings/log"
SHOWN = 50
DAYS = (30, 90, 365, 0)  # how long a token may last; 0: until it is revoked
PERSON = ("person", "name")


@router.get(PEOPLE)
def people(request: Request, app: Here) -> HTMLResponse:
    """The list, and the form of another one."""
    return _shown(request, app, "people", rows=accounts.people(app))


@router.post(PEOPLE, dependencies=[form_of(Act.PEOPLE, PERSON)])
def add(
    app: Here,
    *,
    name: Annotated[str, Form()] = "",
    role: Annotated[Role, Form()] = Role.READER,
    password: Annotated[str, Form()] = "",
    series: Annotated[list[str] | None, Form()] = None,
) -> RedirectResponse:
    """Lets somebody log in."""
    made = accounts.add_person(app, name.strip(), role, password, pipeline.now(), series=series or ())
    return done(_address(made.name), current().gettext("%(name)s may log in now.", name=made.name))


@router.get(PEOPLE + "/{name}")
def person(request: Request, app: Here, name: str) -> HTMLResponse:
    """One of them: role, series, another password, tokens, the end."""
    return _person(request, app, name)


@router.post(PEOPLE + "/{name}/role", dependencies=[form_of(Act.PEOPLE, PERSON)])
def change_role(
    app: Here, name: str, role: Annotated[Role, Form()], series: Annotated[list[str] | None, Form()] = None
) -> RedirectResponse:
    """Another role, from the next page that they open on."""
    accounts.change_role(app, name, role, series or ())
    return done(_address(name), current().gettext("Saved."))


@router.post(PEOPLE + "/{name}/password", dependencies=[form_of(Act.PEOPLE, PERSON)])
def set_password(app: Here, name: str, password: Annotated[str, Form()] = "") -> RedirectResponse:
    """Another password, for somebody who forgot theirs."""
    accounts.set_password(app, name, password, pipeline.now())
    said = current().gettext("%(name)s has another password, and is logged out everywhere.", name=name)
    return done(_address(name), said)


@router.post(PEOPLE + "/{name}/end", dependencies=[form_of(Act.PEOPLE, PERSON)])
def end(app: Here, name: str) -> RedirectResponse:
    """Lets them in no more."""
    accounts.end_person(app, name, pipeline.now())
    return done(PEOPLE, current().gettext("%(name)s is let in no more.", name=name))


@router.post(PEOPLE + "/{name}/tokens", dependencies=[form_of(Act.PEOPLE, PERSON)])
def make_token(
    request: Request,
    app: Here,
    *,
    name: str,
    label: Annotated[str, Form()] = "",
    role: Annotated[Role, Form()] = Role.READER,
    days: Annotated[int, Form(ge=0, le=3650)] = 90,
) -> HTMLResponse:
    """A token for a program of theirs; it is shown on this page alone, and nowhere kept."""
    lasts = dt.timedelta(days=days) if days else None
    made = accounts.make_token(app, name, label, role, pipeline.now(), lasts=lasts)
    return _person(request, app, name, text=made.text)


@router.post(PEOPLE + "/{name}/tokens/revoke", dependencies=[form_of(Act.PEOPLE, PERSON)])
def revoke_token(app: Here, name: str, token: Annotated[str, Form()] = "") -> RedirectResponse:
    """Ends a token."""
    accounts.revoke_token(app, name, token, pipeline.now())
    return done(_address(name), current().gettext("The token is revoked: it opens nothing any more."))


@router.get(LOG)
def log(request: Request, app: Here, before: int | None = None) -> HTMLResponse:
    """Who changed what, the newest first."""
    rows = accounts.audited(app, before, SHOWN + 1)
    older = rows[SHOWN - 1].id if len(rows) > SHOWN else None
    return page(
        request, app, "changes", "settings", rows=rows[:SHOWN], older=older, zone=app.workspace.community.zone,
        about=_about(app, rows[:SHOWN]),
    )  # fmt: skip


def _about(app: App, rows: Sequence[AuditRow]) -> dict[int | None, list[tuple[str, str]]]:
    """What each change was about, as people call it, and its page; as it is written where it names nothing of ours."""
    told = {row.id: [each.rpartition(" ") for each in row.subject.split(", ")] for row in rows if row.subject}
    titles = app.ledger.titles({name for its in told.values() for kind, _, name in its if kind == "draft"})
    return {id: [_called(app, titles, *each) for each in its] for id, its in told.items()}


def _called(app: App, titles: Mapping[str, str], kind: str, space: str, name: str) -> tuple[str, str]:
    at, series = quote(name, safe=""), app.workspace.series.get(name.partition("@")[0])
    match kind:
        case "draft":
            return titles.get(name) or name, f"/drafts/{at}"
        case "slot" if series and "T" in name:
            when = current().wall(name.partition("@")[2])
            return f"{series.title or series.name}, {when}", f"/slots/{at}"
        case "series" if series:
            return series.title or series.name, f"/settings/series/{at}"
        case "channel" if name in app.workspace.channels:
            return app.channel_title(name), f"/channels/{at}"
        case "delivery":
            return name, f"/deliveries/{at}"
        case "member":
            return app.member_title(name), f"/members/{at}"
        case "person":
            return name, _address(name)
        case _:
            return f"{kind}{space}{name}", ""


def _address(name: str) -> str:
    return f"{PEOPLE}/{quote(name, safe='')}"


def _person(request: Request, app: App, name: str, *, text: str = "") -> HTMLResponse:
    row = next((each for each in accounts.people(app) if each.name == name), None)
    if row is None:
        raise HTTPException(404, current().gettext("Nobody here is called so."))
    now = pipeline.now()
    tokens = [(each, _stands(each, now)) for each in accounts.tokens_of(app, name)]
    return _shown(request, app, "person", row=row, tokens=tokens, text=text, days=DAYS)


def _stands(row: ApiTokenRow, now: dt.datetime) -> bool:
    return row.revoked is None and (row.expires is None or now < row.expires)


def _shown(request: Request, app: App, name: str, **values: Any) -> HTMLResponse:
    return page(
        request, app, name, "settings", all_roles=[*Role], all_series=app.workspace.promises,
        shortest=accounts.SHORTEST, zone=app.workspace.community.zone, **values,
    )  # fmt: skip
