"""Deliveries and kits: the log, one with its timeline, and what a person says of it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field, StringConstraints
from starlette.requests import Request

from steadycast import pipeline
from steadycast.api import pages
from steadycast.api.authorization import Asking, allow, needs
from steadycast.api.drafts import Word
from steadycast.api.pages import Page, address, place
from steadycast.api.problems import ProblemError
from steadycast.api.routes import changes, looks
from steadycast.api.shapes import Asked, Here, Name, Shown, delivery_of
from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.ledger.delivery_log import Place, kept_of, log
from steadycast.ledger.tables import DeliveryRow, State
from steadycast.pipeline import App, concerns
from steadycast.pipeline.permissions import Act, Person
from steadycast.schedule.days import DAY, midnight

router, changed = looks("deliveries"), changes("deliveries")
HAPPENED = tuple(state for state in State if state not in (State.PLANNED, State.DUE, State.EXCUSED))
EVENTS, STEPS = 200, 50  # of one delivery that are told
OF_POST, OF_VALUE = 20_000, 600  # characters of what was sent; of what a step holds
FIRST, LAST = dt.date(2000, 1, 1), dt.date(2200, 1, 1)
Pasted = Annotated[str, StringConstraints(min_length=1, max_length=4_000, pattern=r"^[^\x00]+$")]
Hour = Annotated[str, Field(max_length=40, description="20:03 of its slot's day, or day and time; now without it.")]


class Delivery(Shown):
    """The one sending of one slot's post to one channel."""

    id: str
    slot: str
    channel: str
    series: str
    at: dt.datetime = Field(description="Its slot's instant.")
    state: State
    verdict: str = Field(description="kept, late, filled, missed, excused; empty while it is open.")
    draft: str
    title: str
    url: str
    finished: dt.datetime | None
    attempt: int
    wake: dt.datetime | None = Field(description="When it is looked at again.")
    code: str
    message: str = Field(description="The last error.")


class Event(Shown):
    """What happened to it, in order."""

    at: dt.datetime
    kind: str
    detail: str


class Step(Shown):
    """One step of a thread, or of a publish in several steps."""

    name: str
    begun: dt.datetime
    value: str


class Receipt(Shown):
    """Proof that it is there."""

    remote_id: str
    url: str
    at: dt.datetime
    seen: str = Field(description="By answer, read-back, file, person or feed.")


class Timeline(Delivery):
    """One delivery with all that is kept of it."""

    events: list[Event]
    steps: list[Step]
    receipt: Receipt | None
    sent: str = Field(description="What was frozen to be sent; its beginning where it is long.")


class DeliveryFilter(pages.Asked):
    """Which deliveries are listed; what happened, where no state is named."""

    channel: Word = ""
    state: list[State] = Field([], max_length=len(State))
    day: dt.date | None = Field(None, ge=FIRST, le=LAST, description="The local day of the slot.")


class Settling(Asked):
    """What a person saw on the channel. `again` sends it once more: to a real channel."""

    outcome: Literal["there", "absent", "again"]
    url: Pasted | Literal[""] = Field("", description="Where it is, or a share text with that in it; for `there`.")
    at: Hour = ""


class Confirming(Asked):
    """Where a person posted a kit."""

    url: Pasted = Field(description="Its address, or the text that the app's “share” gives, with that in it.")
    at: Hour = ""


class Said(Shown):
    """A delivery once a person's word is kept."""

    said: str
    delivery: Delivery


class Kit(Shown):
    """One delivery that a person carries out, or did."""

    id: str
    channel: str
    channel_title: str
    title: str
    at: dt.datetime
    state: str


class WholeKit(Kit):
    """A kit with what is in it."""

    url: str
    finished: dt.datetime | None
    creator: str = Field(description="The page to post on.")
    account: str
    hosts: list[str] = Field(description="An address of it begins so.")
    texts: dict[str, str] = Field(description="title, summary, tags, article: what is pasted.")
    files: list[str] = Field(description="Below var/: to be saved and uploaded.")


@router.get("/deliveries", dependencies=[needs(Act.READ)])
def deliveries(request: Request, app: Here, asked: Annotated[DeliveryFilter, Query()]) -> Page[Delivery]:
    """The log, the newest first. A page may hold fewer than were asked for and still go on."""
    zone, before = app.workspace.community.zone, place(asked.cursor, dt.datetime, int)
    found = log(
        app.ledger,
        states=asked.state or HAPPENED,
        channel=asked.channel,
        after=midnight(asked.day, zone) if asked.day else None,
        until=midnight(asked.day + DAY, zone) if asked.day else None,
        before=Place(*before) if before else None,
        size=asked.limit,
    )
    following = address(request, *found.next) if found.next else None
    return Page(items=_shown(app, found.rows), next=following)


@router.get("/deliveries/{id}", dependencies=[needs(Act.READ)])
def delivery(app: Here, id: Name) -> Timeline:
    """One delivery: what happened in which order, what was sent, what came back."""
    row = delivery_of(app, id)
    number = row.id or 0
    kept, (shown,) = kept_of(app.ledger, number), _shown(app, [row])
    post = kept.sent.decode(errors="replace")
    return Timeline(
        **shown.model_dump(),
        events=[Event.model_validate(each) for each in app.ledger.events(number)[-EVENTS:]],
        steps=[
            Step(name=each.name, begun=each.begun, value=app.redact(each.value or "")[:OF_VALUE])
            for each in kept.steps[:STEPS]
        ],
        receipt=Receipt.model_validate(kept.receipt) if kept.receipt else None,
        sent=app.redact(post[:OF_POST]),
    )  # fmt: skip


@changed.post("/deliveries/{id}/settle", dependencies=[needs(Act.SETTLE)])
def settle(app: Here, person: Asking, id: Name, asked: Settling) -> Said:
    """Say what became of a delivery that is in doubt; or have one that was refused or missed sent again."""
    row = _to_settle(app, person, id)
    there = asked.outcome == "there"
    if there != bool(asked.url):
        raise ProblemError(422, _("`url` goes with `there`, and only with it."))
    again = asked.outcome == "again"
    said = pipeline.settle(app, row.marker, url=asked.url, again=again, now=pipeline.now(), at=asked.at)
    return _said(app, row, said)


@changed.post("/deliveries/{id}/confirm", dependencies=[needs(Act.SETTLE)])
def confirm(app: Here, person: Asking, id: Name, asked: Confirming) -> Said:
    """Close a kit with the address of its post, or correct that address."""
    row = _to_settle(app, person, id)
    return _said(app, row, pipeline.confirm(app, row.marker, asked.url, pipeline.now(), asked.at))


@router.get("/kits", dependencies=[needs(Act.READ)])
def kits(request: Request, app: Here, asked: Annotated[pages.Asked, Query()]) -> Page[Kit]:
    """The kits that nobody has posted yet, the oldest first. `confirm` of its delivery closes one."""
    after = place(asked.cursor, dt.datetime, str)
    waiting = [kit for kit in pipeline.kits.waiting(app) if not after or (kit.at, kit.marker) > after]
    waiting.sort(key=lambda kit: (kit.at, kit.marker))
    items = [
        Kit(id=k.marker, channel=k.channel, channel_title=k.channel_title, title=k.title, at=k.at, state=k.state)
        for k in waiting[: asked.limit]
    ]
    more = len(waiting) > len(items)
    return Page(items=items, next=address(request, items[-1].at, items[-1].id) if more else None)


@router.get("/kits/{id}", dependencies=[needs(Act.READ)])
def kit(app: Here, id: Name) -> WholeKit:
    """One kit with what is in it."""
    try:
        found = pipeline.kits.kit(app, id.strip().lower()[:40])
    except InputError as error:
        raise ProblemError(404, _("There is no such kit."), error.hint or "") from None
    told = {name: getattr(found, name) for name in WholeKit.model_fields if name not in ("id", "files", "texts")}
    return WholeKit(id=found.marker, files=[name for name, _ in found.files], texts=dict(found.texts), **told)


def _shown(app: App, rows: list[DeliveryRow] | tuple[DeliveryRow, ...]) -> list[Delivery]:
    titles, zone = app.ledger.titles({row.draft for row in rows if row.draft}), app.workspace.community.zone
    return [
        Delivery(
            id=row.marker, slot=row.slot, channel=row.channel, series=row.series, at=row.at.astimezone(zone),
            state=State(row.state), verdict=row.verdict, draft=row.draft or "", url=row.url, finished=row.finished,
            title=titles.get(row.draft or "", ""), attempt=row.attempt, wake=row.wake, code=row.code,
            message=row.message,
        )
        for row in rows
    ]  # fmt: skip


def _to_settle(app: App, person: Person, id: str) -> DeliveryRow:
    row = delivery_of(app, id)
    allow(person, Act.SETTLE, concerns.series_of_delivery(app, row.marker))
    return row


def _said(app: App, row: DeliveryRow, said: str) -> Said:
    (now,) = _shown(app, [delivery_of(app, row.marker)])
    return Said(said=said, delivery=now)
