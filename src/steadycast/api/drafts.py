"""Drafts: listed as the desk's shelves list them, sent in as Markdown, approved and rejected, seen on every channel."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints
from starlette.requests import Request

from steadycast import pipeline
from steadycast.api import pages
from steadycast.api.asking import Asking, forbidden, needs
from steadycast.api.once import changes
from steadycast.api.pages import Page, address, place
from steadycast.api.shapes import Asked, Here, Note, Shown
from steadycast.ledger.draft_list import DraftsAsked
from steadycast.pipeline import App, submission, write_draft
from steadycast.pipeline.permissions import Act, Person, Role

router, changed = APIRouter(tags=["drafts"]), changes(tags=["drafts"])
HOUSE = "-"  # of the filter by member: the house, which has no name
Word = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")]
Markdown = Annotated[str, StringConstraints(min_length=1, max_length=10_000_000, pattern=r"^[^\x00]*$")]
Member = Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\x00/]*$")]


class Draft(Shown):
    """One draft of a list."""

    id: str
    title: str
    path: str = Field(description="Below content/.")
    form: str
    origin: str = Field(description="pgc: the house's; ugc: a member's.")
    member: str
    standing: Literal[
        "waiting", "copy", "doubtful", "stock", "planned", "used", "archive", "rejected", "not-ready", "gone"
    ]
    revision: str
    edited: bool = Field(description="Since it was approved.")
    evergreen: bool
    changed: dt.datetime
    coming: dt.datetime | None = Field(description="Its next slot.")
    tags: list[str]


class DraftFilter(pages.Asked):
    """Which drafts are listed; what is left out asks for nothing."""

    shelf: Literal["inbox", "stock", "reserve", "archive", ""] = ""
    standing: Literal[
        "waiting", "copy", "doubtful", "stock", "planned", "used", "archive", "rejected", "not-ready", "gone", ""
    ] = ""
    origin: Literal["pgc", "ugc", ""] = ""
    member: Word = Field("", description="By name; `-` for the house.")
    form: Word = ""
    series: Word = ""
    tag: Word = ""
    language: Word = ""
    q: Word = Field("", description="Words in its title or path.")


class NewDraft(Asked):
    """A draft as a Markdown file has it, with its front matter if there is any."""

    markdown: Markdown
    member: Member = Field("", description="Whose it is; empty: the house's, or one's own for who is a member.")


class Sent(Shown):
    """What became of a draft that was sent in."""

    id: str
    path: str
    title: str
    state: str = Field(description="waiting, approved, not-ready; empty where it lies there and was not read yet.")
    revision: str
    where: str = Field(description="For an approved one: slot, turn, reserve, went, never.")
    at: dt.datetime | None = Field(description="The hour of its slot, or of its turn.")
    notes: list[Note]


@router.get("/drafts", dependencies=[needs(Act.READ)])
def drafts(request: Request, app: Here, asked: Annotated[DraftFilter, Query()]) -> Page[Draft]:
    """Drafts of a shelf, or of all: what waits the oldest first, of anything else the newest."""
    found = drafts_of(app, asked, place(asked.cursor, dt.datetime, str))
    items = found[: asked.limit]
    return Page(
        items=items, next=address(request, items[-1].changed, items[-1].id) if len(found) > len(items) else None
    )


def drafts_of(app: App, asked: DraftFilter, after: tuple[dt.datetime, str] | None = None) -> list[Draft]:
    """The drafts that are asked for, and one more where there are more."""
    named = app.workspace.series_names.items() if asked.series else ()
    of = DraftsAsked(
        shelf=asked.shelf, standing=asked.standing, origin=asked.origin,
        member=("" if asked.member == HOUSE else asked.member) if asked.member else None,
        form=asked.form, series=asked.series, tag=asked.tag, language=asked.language, words=asked.q,
        series_names=tuple(name for name, meant in named if meant == asked.series),
    )  # fmt: skip
    found = app.ledger.draft_page(of, pipeline.now(), most=asked.limit + 1, after=after)
    return [Draft.model_validate(row) for row in found.rows]


@changed.post("/drafts", status_code=201, dependencies=[needs(Act.SUBMIT)])
def submit(app: Here, person: Asking, sent: NewDraft) -> Sent:
    """Take a draft in. A member's waits for approval; the house's does so only where the community says it."""
    return submitted(app, person, sent.markdown, sent.member)


def submitted(app: App, person: Person, markdown: str, member: str = "") -> Sent:
    """Takes a draft in, as a member's or as the house's."""
    now, raw = pipeline.now(), markdown.encode("utf-8", "replace")
    if person.role is Role.MEMBER:
        if member not in ("", person.name):
            raise forbidden(person, Act.SUBMIT)
        member = person.name
    if member:
        return _sent(submission.send_markdown(app, member, raw, now))
    return _sent(write_draft.save_new(app, raw, now))


def _sent(saved: write_draft.Saved) -> Sent:
    row, at = saved.row, saved.place
    return Sent(
        id=row.id if row else "", path=str(saved.path), title=row.title if row else "", state=row.state if row else "",
        revision=row.revision if row else "", where=at.kind if at else "", at=at.at if at else None,
        notes=[Note.model_validate(each) for each in (*saved.problems, *saved.noticed)],
    )  # fmt: skip
