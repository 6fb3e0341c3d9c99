"""Drafts: listed as the desk's shelves list them, sent in as Markdown, and one with all that is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Annotated, Literal

from fastapi import Body, Query
from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from steadycast import draft as drafting
from steadycast import pipeline
from steadycast.api import pages
from steadycast.api.authorization import Asking, allow, forbidden, needs
from steadycast.api.idempotency import Upload, sent_file
from steadycast.api.pages import Page, address, place
from steadycast.api.problems import ProblemError
from steadycast.api.routes import changes, looks
from steadycast.api.shapes import Asked, Here, Name, Note, Seen, Shown, draft_of, local
from steadycast.draft.edited import Edited
from steadycast.draft.front_edit import with_key
from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.ledger.draft_list import DraftsAsked
from steadycast.ledger.tables import DeliveryRow, DraftRow
from steadycast.pipeline import App, asking, concerns, submission, write_draft
from steadycast.pipeline.draft_page import facts, problems_of
from steadycast.pipeline.drafts import read
from steadycast.pipeline.past_pins import draft_page
from steadycast.pipeline.permissions import Act, Person, Role

router, changed, uploaded = looks("drafts"), changes("drafts"), changes("drafts", Upload)
HOUSE = "-"  # of the filter by member: the house, which has no name
KNOWN = 50  # revisions, decisions and deliveries that one draft's page tells
Word = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]
Markdown = Annotated[str, StringConstraints(min_length=1, max_length=50_000_000, pattern=r"^[^\x00]+$")]
Member = Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\x00/]*$")]
FileText = Annotated[bytes, Body(media_type="text/markdown", min_length=1)]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
Shelf = Literal["", "inbox", "stock", "reserve", "archive"]
Standing = Literal[
    "waiting", "copy", "doubtful", "stock", "planned", "past", "used", "archive", "hand-in", "rejected", "not-ready",
    "gone",
]  # fmt: skip


class Draft(Shown):
    """One draft of a list."""

    id: str
    title: str
    path: str = Field(description="Below content/.")
    form: str
    origin: str = Field(description="pgc: the house's; ugc: a member's.")
    member: str
    circle: str = Field(description="The community that shares it, where it is another's.")
    standing: Standing
    revision: str
    edited: bool = Field(description="Since it was approved.")
    evergreen: bool
    changed: dt.datetime
    coming: dt.datetime | None = Field(description="Its next slot.")
    tags: list[str]


class Revision(Shown):
    """One content state of a draft."""

    hash: str
    at: dt.datetime


class Decision(Shown):
    """What a person decided on one revision."""

    at: dt.datetime
    kind: str
    who: str
    why: str
    revision: str


class Ran(Shown):
    """Where a draft ran, or runs: one delivery of it."""

    id: str
    slot: str
    channel: str
    at: dt.datetime
    state: str
    url: str


class Whole(Draft):
    """One draft with its text and its history."""

    markdown: str = Field(description="Its text, without its front matter.")
    facts: dict[str, str] = Field(description="What its front matter says.")
    approved_revision: str | None
    approved_by: str
    revisions: list[Revision]
    decisions: list[Decision]
    deliveries: list[Ran]


class Text(Shown):
    """The text of one revision."""

    revision: str
    title: str
    markdown: str
    facts: dict[str, str]


class DraftFilter(pages.Asked):
    """Which drafts are listed; what is left out asks for nothing."""

    shelf: Shelf = ""
    standing: Standing | Literal[""] = ""
    origin: Literal["", "pgc", "ugc"] = ""
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
    ask: int | None = Field(None, ge=1, lt=asking.LARGEST, description="What the member was asked for, by its id.")


class Sent(Shown):
    """What became of a draft that was sent in."""

    id: str
    path: str
    title: str
    state: str = Field(description="waiting, approved, not-ready; empty where it lies there and was not read yet.")
    revision: str
    where: str = Field(
        description="Of an approved one: slot, turn, reserve, went, past (the slot it is pinned to), never."
    )
    at: dt.datetime | None = Field(description="The hour of its slot, or of its turn.")
    notes: list[Note]


class Laid(Shown):
    """A file that lies beside a draft now, and how its text names it."""

    ref: str = Field(description="For the text: `![](ref)`, or a link for a sound or a film.")
    role: str = Field(description="image, audio, video.")


class MarkdownText(Response):
    """A whole Markdown file."""

    media_type = "text/markdown"


@router.get("/drafts", dependencies=[needs(Act.READ)])
def drafts(request: Request, app: Here, asked: Annotated[DraftFilter, Query()]) -> Page[Draft]:
    """Drafts of a shelf, or of all: what waits the oldest first, of anything else the newest."""
    found = drafts_of(app, asked, place(asked.cursor, dt.datetime, str))
    items = found[: asked.limit]
    more = len(found) > len(items)
    return Page(items=items, next=address(request, items[-1].changed, items[-1].id) if more else None)


def drafts_of(app: App, asked: DraftFilter, after: tuple[dt.datetime, str] | None = None) -> list[Draft]:
    """The drafts that are asked for, and one more where there are more."""
    named = app.workspace.series_names.items() if asked.series else ()
    of = DraftsAsked(
        shelf=asked.shelf, standing=asked.standing, origin=asked.origin,
        member=("" if asked.member == HOUSE else asked.member) if asked.member else None,
        form=asked.form, series=asked.series, tag=asked.tag, language=asked.language, words=asked.q,
        series_names=tuple(name for name, meant in named if meant == asked.series), at_once=app.workspace.fair.waiting,
    )  # fmt: skip
    found = draft_page(app, of, pipeline.now(), most=asked.limit + 1, after=after)
    return [Draft.model_validate(row) for row in found.rows]


@router.get("/drafts/{id}", dependencies=[needs(Act.READ)])
def draft(app: Here, id: Name) -> Whole:
    """One draft: its text, what was decided, where it ran and will run."""
    row = draft_of(app, id)
    (listed,) = draft_page(app, DraftsAsked(id=row.id), pipeline.now(), most=1).rows
    text = _text(app, row.id, row.revision)
    where = app.ledger.draft_deliveries(row.id, most=KNOWN)
    return Whole(
        **Draft.model_validate(listed).model_dump(),
        markdown=text.markdown, facts=text.facts, approved_revision=row.approved_revision, approved_by=row.approved_by,
        revisions=[Revision.model_validate(each) for each in app.ledger.revisions_of(row.id, KNOWN)],
        decisions=[Decision.model_validate(each) for each in app.ledger.decisions_of(row.id)],
        deliveries=[ran_of(d) for d in where],
    )  # fmt: skip


def ran_of(row: DeliveryRow) -> Ran:
    """A delivery of a draft."""
    return Ran(id=row.marker, slot=row.slot, channel=row.channel, at=row.at, state=row.state, url=row.url)


@router.get("/drafts/{id}/revisions/{hash}", dependencies=[needs(Act.READ)])
def revision(app: Here, id: Name, hash: Name) -> Text:
    """The text of one revision."""
    return _text(app, draft_of(app, id).id, hash)


def _text(app: App, id: str, revision: str) -> Text:
    found = read(app, id, revision)
    if found is None:
        raise ProblemError(404, _("There is no such revision."))
    told = {name: ", ".join(map(str, v)) if isinstance(v, tuple) else str(v) for name, v in facts(found).items()}
    return Text(revision=revision, title=found.title, markdown=found.body, facts=told)


@changed.post("/drafts", status_code=201, dependencies=[needs(Act.SUBMIT)])
def submit(app: Here, person: Asking, sent: NewDraft) -> Sent:
    """Take a draft in. A member's waits for approval; the house's does so only where the community says it."""
    return submitted(app, person, sent.markdown, sent.member, ask=sent.ask)


def submitted(
    app: App, person: Person, markdown: str | bytes, member: str = "", *, ready: bool = True, ask: int | None = None
) -> Sent:
    """Takes a draft in, as a member's or as the house's. Without `ready` nothing goes out before a person has said so:
    what would be approved on arrival is taken in as unfinished.
    """
    now, raw = pipeline.now(), as_bytes(markdown)
    if person.role is Role.MEMBER and member not in ("", person.name):
        raise forbidden(person, Act.SUBMIT)
    member = person.name if person.role is Role.MEMBER else member
    approved = not concerns.waits(app, member)
    if approved and person.is_limited:
        allow(person, Act.DECIDE, parsed(app, markdown, member).series)
    if approved and not ready:
        raw = with_key(raw, "draft", "true")
    if member:
        saved = submission.send_markdown(app, member, raw, now)
        if ask and saved.row:
            asking.sent(app, ask, saved.row, now)
        return _sent(app, saved)
    return _sent(app, write_draft.save_new(app, raw, now))


def as_bytes(markdown: str | bytes) -> bytes:
    """A text as a file has it."""
    return markdown if isinstance(markdown, bytes) else markdown.encode("utf-8", "replace")


def parsed(app: App, markdown: str | bytes, member: str = "") -> drafting.Draft:
    """A Markdown text as a draft, which lies nowhere yet. Raises DraftError with the line."""
    raw = as_bytes(markdown)
    if len(raw) > (most := app.workspace.intake.max_bytes):
        raise ProblemError(422, _("The text has more than %(most)s bytes.", most=most))
    return app.reader.draft(raw, PurePosixPath(write_draft.home_of(app, member), "draft.md"), pipeline.now())


def _sent(app: App, saved: write_draft.Saved) -> Sent:
    row, at = saved.row, saved.place
    return Sent(
        id=row.id if row else "", path=str(saved.path), title=row.title if row else "", state=row.state if row else "",
        revision=row.revision if row else "", where=at.kind if at else "", at=local(app, at.at if at else None),
        notes=[Note.model_validate(each) for each in (*saved.problems, *saved.noticed)],
    )  # fmt: skip


@router.get("/drafts/{id}/text", dependencies=[needs(Act.READ)], response_class=MarkdownText)
def draft_text(app: Here, id: Name) -> Response:
    """A draft's own file, with its front matter; its text alone where it is of a feed. `ETag` names what it is now."""
    row = draft_of(app, id)
    try:
        raw, base = write_draft.whole_file(app, row.id)
    except InputError:  # it has no Markdown file
        found = read(app, row.id, row.revision)
        return MarkdownText(found.body if found else "")
    return MarkdownText(raw, headers={"ETag": f'"{base}"'})


@changed.post("/drafts/text", status_code=201, dependencies=[needs(Act.SUBMIT)])
def submit_text(app: Here, person: Asking, sent: FileText, member: Annotated[Member, Query()] = "") -> Sent:
    """Take a draft in, as `POST /drafts` does; the request is the Markdown file itself."""
    return submitted(app, person, sent, member)


@changed.post("/drafts/{id}/text", dependencies=[needs(Act.SUBMIT)])
def replace_text(app: Here, person: Asking, id: Name, sent: FileText, seen: Annotated[Seen, Query()]) -> Sent:
    """Write a whole Markdown file over a draft's own. `seen` is the `ETag` of the text that this began with."""
    row, now = draft_of(app, id), pipeline.now()
    _writes(app, person, row, person.series)
    named = app.reader.draft(sent, PurePosixPath(row.path), now).series
    _writes(app, person, row, named)
    return _sent(app, write_draft.save_whole(app, row.id, sent, seen, now))


@uploaded.post(
    "/drafts/{id}/media", status_code=201, dependencies=[needs(Act.SUBMIT)],
    openapi_extra={"requestBody": {"required": True, "content": BYTES}},
)  # fmt: skip
def add_media(request: Request, app: Here, person: Asking, id: Name, name: Annotated[FileName, Query()]) -> Laid:
    """Lay a picture, a sound or a film beside a draft; the request is the file itself. The text names it afterwards."""
    row = draft_of(app, id)
    _writes(app, person, row, person.series)
    beside = write_draft.OpenFile(Edited(), PurePosixPath(row.path))
    return Laid.model_validate(write_draft.add_medium(app, beside, sent_file(request), name))


def _writes(app: App, person: Person, row: DraftRow, series: Collection[str]) -> None:
    """Refuses whoever may not write this draft's file, or not for these series."""
    if not concerns.may_write_file(app, person, series, path=PurePosixPath(row.path)):
        raise forbidden(person, Act.SUBMIT)


@router.get("/drafts/{id}/problems", dependencies=[needs(Act.READ)])
def problems(app: Here, id: Name) -> list[Note]:
    """What channels would cut or refuse of it, as `steadycast check` tells."""
    row = draft_of(app, id)
    found = read(app, row.id, row.revision)
    return [Note.model_validate(each) for each in problems_of(app, found, pipeline.now())] if found else []


def listed(app: App, id: str) -> Draft:
    """A draft as a list shows it."""
    (row,) = draft_page(app, DraftsAsked(id=id), pipeline.now(), most=1).rows
    return Draft.model_validate(row)
