"""Members: who gave what and when, who waits, who has gone quiet; and the invites that open their own pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import pipeline
from steadycast.desk.acts import form_of
from steadycast.desk.guard import MEMBERS
from steadycast.desk.pages import Here, done, page
from steadycast.language import current
from steadycast.pipeline.invites import stands
from steadycast.pipeline.permissions import Act

router = APIRouter()
SHOWN = 50
LIST = "/members"


@router.get(LIST)
def members(request: Request, app: Here, number: int = 1) -> HTMLResponse:
    """The list: who waits first, then who gave last."""
    found = pipeline.members.members(app, pipeline.now())
    first = (max(number, 1) - 1) * SHOWN
    shown = found[first : first + SHOWN]
    return page(
        request, app, "members", "members", rows=shown, total=len(found), number=number, pages=_pages(len(found))
    )


@router.get(LIST + "/{name}")
def member(request: Request, app: Here, name: str, number: int = 1) -> HTMLResponse:
    """One member: what they gave, what became of it, and their invites."""
    now = pipeline.now()
    shown = pipeline.members.page_of(app, name, now, number)
    if shown is None:
        raise HTTPException(404, current().gettext("There is no such member."))
    return _member_page(request, app, shown, number=number)


@router.post(LIST + "/invite", dependencies=[form_of(Act.PEOPLE)])
def invite(request: Request, app: Here, member: Annotated[str, Form()]) -> HTMLResponse:
    """A new link for a member; it is shown on this page alone, and nowhere kept."""
    now = pipeline.now()
    made = pipeline.invites.make(app, member.strip(), pipeline.who(), now)
    shown = pipeline.members.page_of(app, made.row.member, now)
    assert shown is not None
    public = app.workspace.desk.url
    link = f"{public or str(request.base_url).rstrip('/')}{MEMBERS}{made.token}"
    return _member_page(request, app, shown, link=link, public=public)


@router.post(LIST + "/{name}/revoke", dependencies=[form_of(Act.PEOPLE)])
def revoke(app: Here, name: str, invite: Annotated[str, Form()]) -> RedirectResponse:
    """Ends an invite."""
    pipeline.invites.revoke(app, invite, pipeline.now())
    return done(f"{LIST}/{name}", current().gettext("The link is revoked: it opens nothing any more."))


def _member_page(
    request: Request,
    app: Here,
    shown: pipeline.members.MemberPage,
    *,
    number: int = 1,
    link: str = "",
    public: str = "",
) -> HTMLResponse:
    now = pipeline.now()
    asks = pipeline.asking.of_member(app, shown.member.name, now)
    return page(
        request, app, "member", "members", m=shown.member, asks=asks, given=shown.given, total=shown.total,
        number=number, pages=_pages(shown.total), invites=[(row, stands(row, now)) for row in shown.invites], link=link,
        public=public,
    )  # fmt: skip


def _pages(total: int) -> int:
    return max((total + SHOWN - 1) // SHOWN, 1)
