"""Drafts: what came in, what waits, what is in stock, in reserve and over; approved and rejected here, many at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from steadycast import pipeline
from steadycast.desk.acts import DRAFT, form_of
from steadycast.desk.pages import Here, done, page
from steadycast.draft.decoding import decode
from steadycast.errors import InputError
from steadycast.language import Language, current
from steadycast.ledger.draft_list import SHELVES, STANDINGS, DraftsAsked
from steadycast.ledger.intake import INBOX
from steadycast.pipeline import App, concerns, write_draft
from steadycast.pipeline.draft_location import DraftLocation, Place
from steadycast.pipeline.draft_notes import is_lone
from steadycast.pipeline.drafts import find_draft
from steadycast.pipeline.member_names import titles
from steadycast.pipeline.past_pins import draft_page
from steadycast.pipeline.permissions import Act, Person, Role
from steadycast.schedule.model import Form as DraftForm
from steadycast.schedule.model import Origin
from steadycast.typesetting import sentences

router = APIRouter()
SHOWN = 50
AT_ONCE = 100  # drafts that one form decides on
DEEPEST = 10_000  # pages: an address asks for no more
HOUSE = "-"  # of the filter: the house, which has no name
FILTERS = ("state", "origin", "member", "form", "series", "tag", "language", "q")


@router.get("/drafts")
def drafts(
    request: Request, app: Here, shelf: str = "", number: Annotated[int, Query(alias="page", ge=1, le=DEEPEST)] = 1
) -> HTMLResponse:
    """A page of a shelf, by what the address asks of it besides; of a member who asks for nothing, their own drafts."""
    asked = {name: request.query_params.get(name, "").strip()[:100] for name in FILTERS}
    person: Person | None = getattr(request.state, "person", None)
    if person and person.role is Role.MEMBER and not request.query_params:
        asked["member"] = person.name
    named = shelf in (*SHELVES, "all")
    if not named:
        shelf = "all" if any(asked.values()) else "inbox"
    found = draft_page(app, _asked(app, shelf, asked), pipeline.now(), first=(number - 1) * SHOWN, most=SHOWN)
    if not named and shelf == "inbox" and not found.total:  # nothing waits: what there is stands on another shelf
        shelf = next((other for other in SHELVES if found.shelves.get(other)), shelf)
        found = draft_page(app, _asked(app, shelf, asked), pipeline.now(), first=0, most=SHOWN)
    kept = {name: value for name, value in asked.items() if value}
    return page(
        request, app, "drafts", "drafts", found=found, shelf=shelf, shelves=SHELVES, standings=STANDINGS,
        asked=asked, kept=kept, number=number, last=max(-(-found.total // SHOWN), 1), first=(number - 1) * SHOWN,
        address=lambda **other: _address(shelf, kept, **other), unread=app.ledger.unread(), house=HOUSE,
        decidable=(*INBOX, "rejected", "archive", "hand-in"), members=titles(app),
        member_title=app.member_title, series=app.workspace.series,
        forms=[form.value for form in DraftForm], origins=[origin.value for origin in Origin],
    )  # fmt: skip


def _asked(app: App, shelf: str, asked: dict[str, str]) -> DraftsAsked:
    series = asked["series"]
    return DraftsAsked(
        shelf="" if shelf == "all" else shelf,
        standing=asked["state"] if asked["state"] in STANDINGS else "",
        origin=asked["origin"],
        member=("" if asked["member"] == HOUSE else asked["member"]) if asked["member"] else None,
        form=asked["form"],
        series=series,
        series_names=tuple(name for name, meant in app.workspace.series_names.items() if series and meant == series),
        tag=asked["tag"],
        language=asked["language"],
        own_language=app.workspace.community.language,
        words=asked["q"],
        at_once=app.workspace.fair.waiting,
    )


def _address(shelf: str, kept: dict[str, str], **other: object) -> str:
    """This list's address with something else asked; None takes it out."""
    values = {"shelf": shelf, **kept, **other}
    return "/drafts?" + urlencode({name: value for name, value in values.items() if value is not None})


@router.get("/drafts/unread")
def unread(request: Request, app: Here) -> HTMLResponse:
    """What could not be taken in: the file, the line, what is wrong and what to do."""
    rows, total = app.ledger.problems(AT_ONCE, apart=True), app.ledger.unread()
    return page(
        request, app, "unread", "drafts", problems=rows, total=total, is_lone=is_lone, may_fix=write_draft.may_fix
    )


@router.get("/drafts/fix")
def broken(request: Request, app: Here, file: str) -> HTMLResponse:
    """The text of a file that could not be taken in, as it is, with what is wrong."""
    _may_fix(request, app, file)
    raw, base = write_draft.broken_file(app, file)
    return _broken(request, app, file, decode(raw), base)


@router.post("/drafts/fix", dependencies=[form_of(Act.DECIDE)])
def fix(
    request: Request,
    app: Here,
    file: Annotated[str, Form()],
    base: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
) -> Response:
    """Saves it; where it still cannot be read nothing is written, and nothing that was typed is lost."""
    _may_fix(request, app, file)
    said, typed = current().gettext("%(path)s is taken in.", path=file), text.replace("\r\n", "\n").replace("\0", "")
    try:
        saved = write_draft.save_fixed(app, file, typed, base, pipeline.now())
    except InputError as error:
        return _broken(request, app, file, typed, base, error)
    if saved.problems:
        return done("/drafts/unread", str(saved.problems[0]), refused=True)
    return done(f"/drafts/{saved.row.id}" if saved.row else "/drafts/unread", said)


def _may_fix(request: Request, app: App, file: str) -> None:
    """Who may write the file: an editor of every series, as nobody can tell of which it is."""
    person: Person | None = getattr(request.state, "person", None)
    if person and not concerns.may_write_file(app, person, person.series, path=PurePosixPath(file)):
        raise HTTPException(403, current().gettext("Only its author and the editors may change this draft."))


def _broken(  # noqa: PLR0917 what a page shows
    request: Request, app: App, file: str, text: str, base: str, wrong: InputError | None = None
) -> HTMLResponse:
    problem = next((row for row in app.ledger.problems() if row.path == file), None)
    status = 422 if wrong else 200
    return page(
        request, app, "fix", "drafts", status=status, file=file, text=text, base=base, wrong=wrong, problem=problem
    )


@router.post("/drafts/title", dependencies=[form_of(Act.DECIDE)])
def title(app: Here, file: Annotated[str, Form()], title: Annotated[str, Form()] = "") -> RedirectResponse:
    """Makes a draft of a sound, a video or a picture that came alone."""
    say, now = current(), pipeline.now()
    if not is_lone(file) or file not in {row.path for row in app.ledger.problems()}:
        raise InputError(say.gettext("This file is not there any more."))
    pipeline.give_title(app, file, title)
    pipeline.collect(app, now, feeds=False)
    pipeline.plan(app, now)
    return done("/drafts/unread", say.gettext("“%(title)s” is a draft now.", title=" ".join(title.split())))


@router.post("/drafts/decide", dependencies=[form_of(Act.DECIDE, (DRAFT, "ids"))])
def decide(
    app: Here,
    verdict: Annotated[str, Form()],
    ids: Annotated[list[str] | None, Form()] = None,
    why: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/drafts",
) -> RedirectResponse:
    """Approves or rejects one draft or several, or takes that back, and plans with it."""
    say, now, named = current(), pipeline.now(), (ids or [])[: AT_ONCE + 1]
    if not named or len(named) > AT_ONCE:
        raise InputError(say.gettext("Choose at least one draft, and at most %(most)s.", most=AT_ONCE))
    if verdict == "undo":
        told = pipeline.take_back(app, named, by=pipeline.who(), now=now)
        said = say.ngettext("One decision is taken back.", "%(num)s decisions are taken back.", len(told))
    elif verdict == "approve":
        told = pipeline.decide(app, named, verdict, by=pipeline.who(), now=now, why=why)
        said = say.ngettext("One draft is approved.", "%(num)s drafts are approved.", len(told))
    else:
        told = pipeline.decide(app, named, "reject", by=pipeline.who(), now=now, why=why)
        said = say.ngettext("One draft is rejected.", "%(num)s drafts are rejected.", len(told))
    pipeline.plan(app, pipeline.now())
    where = _where(say, app, [row["id"] for row in told if not row.get("slot")]) if verdict == "approve" else ()
    said = sentences(said, *_served(say, told), *where)
    return done(back, said, undo=[row["id"] for row in told] if verdict != "undo" else ())


def _where(say: Language, app: App, ids: Sequence[str]) -> Iterator[str]:
    """When what was approved goes out: of one draft the slot, of several how many have one."""
    now = pipeline.now()
    if len(ids) == 1:
        yield from _place(say, app, DraftLocation(app, now).place(find_draft(app, ids[0])))
    elif slots := [slot for id in ids for slot in app.ledger.slots_of(id, now, 1)]:
        first = say.instant(min(slot.at for slot in slots).astimezone(app.workspace.community.zone))
        yield say.ngettext(
            "One of them has a slot, on %(when)s.", "%(num)s of them have a slot, the first on %(when)s.", len(slots),
            when=first,
        )  # fmt: skip


def _place(say: Language, app: App, place: Place) -> Iterator[str]:
    named, when = app.series_title(place.series), say.instant(place.at) if place.at else ""
    if place.kind == "slot":
        yield say.gettext("It goes out on %(when)s, in %(series)s.", when=when, series=named)
    elif place.kind == "turn":
        yield say.gettext("It is in stock; its turn is about %(when)s, in %(series)s.", when=when, series=named)
    elif place.kind == "reserve":
        yield say.gettext("It is in reserve: it goes out where nothing fresh does.")
    elif place.kind == "past":
        yield say.gettext("The slot it is pinned to is past: name another, or take `slot` out of its front matter.")
    elif place.kind == "never":
        yield say.gettext("It is in stock, but no slot of the coming year is left for it.")


def _served(say: Language, told: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Of drafts that a member was asked for: whether each is in its slot."""
    for row in told:
        if row.get("not_pinned"):
            yield say.gettext("%(title)s could not have the slot it was asked for.", title=row["title"])
        elif row.get("slot"):
            yield say.gettext("%(title)s is in the slot it was asked for.", title=row["title"])
