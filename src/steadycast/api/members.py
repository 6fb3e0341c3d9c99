"""Members: who gave what and when, who waits, who has gone quiet."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Query
from pydantic import Field, StringConstraints
from starlette.requests import Request

from steadycast import pipeline
from steadycast.api import pages
from steadycast.api.authorization import Asking, needs
from steadycast.api.idempotency import tell_once
from steadycast.api.pages import Page, address, place
from steadycast.api.problems import ProblemError
from steadycast.api.routes import changes, looks
from steadycast.api.shapes import Asked, Here, Name, Shown
from steadycast.language import gettext as _
from steadycast.ledger.tables import InviteRow
from steadycast.pipeline.permissions import Act

router, changed = looks("members"), changes("members")


class Member(Shown):
    """One member, as the record has them."""

    name: str
    title: str
    trusted: bool
    drafts: int
    last: dt.datetime | None = Field(description="When their last draft came.")
    waiting: int
    waiting_since: dt.datetime | None
    stock: int
    went_out: int = Field(description="Slots of the past year.")
    share: float = Field(description="Of the slots that members filled then.")
    wait: dt.timedelta | None = Field(description="How long they usually waited for an answer.")
    quiet_since: dt.datetime | None


class Given(Shown):
    """One draft of a member, and what became of it."""

    draft: str
    title: str
    fate: str = Field(
        description="out, planned, due, stock, past (pinned to a slot that is past), "
        "waiting, rejected, not-ready, gone, held."
    )
    at: dt.datetime | None
    reason: str
    urls: list[str]


class WholeMember(Member):
    """One member, with what they gave lately; `GET /drafts?member=` lists all of it."""

    given: list[Given]


class Invite(Shown):
    """A link that opens one member's own page; the link itself is known to who has it."""

    id: str
    made: dt.datetime
    who: str
    expires: dt.datetime
    revoked: dt.datetime | None
    used: dt.datetime | None = Field(description="Last, within some minutes.")


class MadeInvite(Invite):
    """A new invite."""

    link: str = Field(description="Told this once: asked again under the same key it is empty.")


class Revoking(Asked):
    """An invite, by its id."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


@router.get("/members", dependencies=[needs(Act.READ)])
def members(request: Request, app: Here, asked: Annotated[pages.Asked, Query()]) -> Page[Member]:
    """All members: who waits longest first, then who gave last."""
    found = pipeline.members.members(app, pipeline.now())
    first = (place(asked.cursor, int) or (0,))[0]
    items = [Member.model_validate(each) for each in found[first : first + asked.limit]]
    more = first + asked.limit < len(found)
    return Page(items=items, next=address(request, first + asked.limit) if more else None)


@router.get("/members/{name}", dependencies=[needs(Act.READ)])
def member(app: Here, name: Name) -> WholeMember:
    """One member."""
    found = pipeline.members.page_of(app, name, pipeline.now())
    if found is None:
        raise ProblemError(404, _("There is no such member."))
    given = [
        Given(
            draft=each.draft.id, title=each.draft.title, fate=each.fate, at=each.at, reason=each.reason,
            urls=[place.url for place in each.places if place.url],
        )
        for each in found.given
    ]  # fmt: skip
    return WholeMember(**Member.model_validate(found.member).model_dump(), given=given)


@router.get("/members/{name}/invites", dependencies=[needs(Act.PEOPLE)])
def invites(app: Here, name: Name) -> list[Invite]:
    """A member's invites, the newest first, those that have ended as well."""
    return [_invite(row) for row in app.ledger.invites_of(name)]


@changed.post("/members/{name}/invites", status_code=201, dependencies=[needs(Act.PEOPLE)])
def invite(request: Request, app: Here, person: Asking, name: Name) -> MadeInvite:
    """Make a link that opens a member's own page."""
    made = pipeline.invites.make(app, name, person.name, pipeline.now())
    base = app.workspace.desk.url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
    link = f"{base}/m/{made.token}"
    tell_once(request, link)
    return MadeInvite(**_invite(made.row).model_dump(), link=link)


@changed.post("/members/{name}/invites/revoke", dependencies=[needs(Act.PEOPLE)])
def revoke_invite(app: Here, name: Name, asked: Revoking) -> list[Invite]:
    """End an invite at once."""
    if asked.id not in {row.hash for row in app.ledger.invites_of(name)}:
        raise ProblemError(404, _("There is no such invite."))
    pipeline.invites.revoke(app, asked.id, pipeline.now())
    return [_invite(row) for row in app.ledger.invites_of(name)]


def _invite(row: InviteRow) -> Invite:
    return Invite(**row.model_dump(exclude={"hash", "member"}), id=row.hash)
