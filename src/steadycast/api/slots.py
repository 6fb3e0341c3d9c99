"""Slots: what each carries and how it stands; moved, pinned, filled, left out, and published ahead of their hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Query
from pydantic import ConfigDict, Field
from starlette.requests import Request

from steadycast import ops, pipeline
from steadycast.api import pages
from steadycast.api.authorization import Asking, allow, needs
from steadycast.api.draft_decisions import Pinned
from steadycast.api.drafts import Word
from steadycast.api.pages import Page, address, place
from steadycast.api.problems import ProblemError, WrongField
from steadycast.api.routes import changes, looks
from steadycast.api.shapes import Asked, Here, Name, Reason, Seen, Shown, SlotMoved, draft_of
from steadycast.language import gettext as _
from steadycast.pipeline import App, concerns, pinning, publish_requests, slot_view
from steadycast.pipeline.permissions import Act, Person
from steadycast.pipeline.slot_view import SlotSeen
from steadycast.schedule.days import DAY, midnight

router, changed = looks("slots"), changes("slots")
FORTNIGHT, FURTHEST = 14 * DAY, 100 * DAY
FIRST, LAST = dt.date(2000, 1, 1), dt.date(2200, 1, 1)
MOVES = 50  # drafts that one answer names


class OnChannel(Shown):
    """One channel of a slot, and how far its delivery is; `planned` where there is none yet."""

    name: str
    title: str
    state: str
    marker: str = Field(description="The delivery's id; empty where there is none yet.")
    url: str
    message: str
    finished: dt.datetime | None
    wake: dt.datetime | None = Field(description="When it is tried again.")
    attempt: int


class Slot(Shown):
    """One slot. What comes is planned, filled, gap, excused or later; the past is told by the record's words."""

    id: str
    at: dt.datetime
    series: str
    series_title: str
    state: str
    draft: str
    title: str
    member: str
    revision: str
    pinned: bool
    filled: bool = Field(description="From reserve.")
    note: str = Field(description="Why it is left out.")
    channels: list[OnChannel]
    open: bool = Field(description="It may be given another draft.")
    held: bool = Field(description="Its draft is out or on its way.")
    left_out: bool


class SlotFilter(pages.Asked):
    """Which slots are listed: of the days from `from` up to but not including `to`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    first: dt.date | None = Field(None, alias="from", ge=FIRST, le=LAST, description="A local day; today without it.")
    to: dt.date | None = Field(None, ge=FIRST, le=LAST, description="At most 100 days on; 14 without it.")
    series: Word = ""
    channel: Word = ""


class Holding(Asked):
    """What was seen in the slot; where it carries something else by now, nothing is done."""

    holds: Word | None = Field(None, description='The draft that it carried, "" for none; not asked where left out.')


class Pinning(Holding):
    """The draft that a slot is given."""

    draft: Word
    seen: Seen = Field("", description="The draft's revision as it was looked at.")
    agreed: bool = Field(False, description="Other drafts may move by it; without this they are named, and 409.")


class Skipping(Asked):
    """Why a day is left out; or that it is not any more."""

    because: Annotated[Reason, Field(max_length=200)] = ""
    undo: bool = False
    agreed: bool = Field(False, description="Drafts may move by it; without this they are named, and 409.")


class Skipped(Shown):
    """A day of a series that is left out, or not any more, and what that did to other slots."""

    series: str
    day: dt.date
    undone: bool
    slots: list[SlotMoved]


class Went(Shown):
    """What became of one delivery."""

    id: str
    slot: str
    channel: str
    state: str
    link: str
    message: str


class Published(Shown):
    """What was sent, and what a person has to look at."""

    deliveries: list[Went]
    failed: int


@router.get("/slots", dependencies=[needs(Act.READ)])
def slots(request: Request, app: Here, asked: Annotated[SlotFilter, Query()]) -> Page[Slot]:
    """The slots of some days, in order of time."""
    after = place(asked.cursor, dt.datetime, str)
    found = slots_of(app, asked, after)
    items = found[: asked.limit]
    more = len(found) > len(items)
    return Page(items=items, next=address(request, items[-1].at, items[-1].id) if more else None)


def slots_of(app: App, asked: SlotFilter, after: tuple[dt.datetime, str] | None = None) -> list[Slot]:
    """The slots that are asked for, and more where there are more."""
    now, zone = pipeline.now(), app.workspace.community.zone
    first = asked.first or now.astimezone(zone).date()
    last = asked.to or first + FORTNIGHT
    if not first < last <= first + FURTHEST:
        raise ProblemError(422, _("`to` is a day after `from`, at most 100 days."))
    start, end = midnight(first, zone), midnight(last, zone)
    start = max(start, after[0].astimezone(zone)) if after else start
    if start >= end:
        return []
    seen = slot_view.window(app, start, end, now, series=asked.series, channel=asked.channel)
    rows = [each for day in sorted(seen.days) for each in seen.days[day]]
    return [Slot.model_validate(each) for each in rows if not after or (each.at, each.id) > after][: asked.limit + 1]


@router.get("/slots/{id}", dependencies=[needs(Act.READ)])
def slot(app: Here, id: Name) -> Slot:
    """One slot."""
    return Slot.model_validate(_seen(app, id))


@router.get("/slots/{id}/leaving", dependencies=[needs(Act.READ)])
def leaving(app: Here, id: Name) -> list[str]:
    """The channels to which `publish` would send now; those that only write files are left out."""
    _seen(app, id)
    return sorted({each.delivery.channel for each in pipeline.leaving(app, slot=id)})


@changed.post("/slots/{id}/pin", dependencies=[needs(Act.PLAN)])
def pin(app: Here, person: Asking, id: Name, asked: Pinning) -> Pinned:
    """Give a draft this slot, or move it here. Where other drafts would move by that, they are named first."""
    now, row = pipeline.now(), draft_of(app, asked.draft)
    _plans(app, person, id, concerns.series_of_draft(app, row.id) if person.is_limited else set())
    if not asked.agreed and (moved := pinning.moved_by(app, row.id, id, now)):
        raise would_move((m.draft, m.title, m.before, m.after) for m in moved)
    return Pinned.model_validate(pinning.pin(app, row.id, id, now, seen=asked.seen, holds=asked.holds))


@changed.post("/slots/{id}/fill", dependencies=[needs(Act.PLAN)])
def fill(app: Here, person: Asking, id: Name, asked: Holding) -> Pinned:
    """Put the reserve that has rested longest into an empty slot."""
    _plans(app, person, id)
    return Pinned.model_validate(pinning.fill(app, id, pipeline.now(), holds=asked.holds))


@changed.post("/slots/{id}/empty", dependencies=[needs(Act.PLAN)])
def empty(app: Here, person: Asking, id: Name, asked: Holding) -> Slot:
    """Take what came from reserve out of its slot again."""
    _plans(app, person, id)
    pinning.empty(app, id, pipeline.now(), holds=asked.holds)
    return Slot.model_validate(_seen(app, id))


@changed.post("/slots/{id}/skip", dependencies=[needs(Act.PLAN)])
def skip(app: Here, person: Asking, id: Name, asked: Skipping) -> Skipped:
    """Leave the day of this slot out of its series, or take that back."""
    seen, now = _plans(app, person, id), pipeline.now()
    day = seen.day
    change = ops.promise_change.skip(app, seen.series, str(day), now, undo=asked.undo, because=asked.because)
    if not asked.agreed and (drafts := change.moved_drafts()):
        raise would_move((m["draft"], m["title"], m["was"], m["becomes"]) for m in drafts)
    if not change.same:
        ops.promise_change.make(app, change, now)
    moved = [SlotMoved.model_validate(row, from_attributes=False) for row in change.rows() if row["change"] != "stays"]
    return Skipped(series=seen.series, day=day, undone=asked.undo, slots=moved[:MOVES])


@changed.post("/slots/{id}/publish", dependencies=[needs(Act.PLAN)])
def publish(app: Here, person: Asking, id: Name, asked: Holding) -> Published:
    """Send what the slot carries now, ahead of its hour. It cannot be called back, and answers a request for it."""
    _plans(app, person, id)
    made = publish_requests.publish_slot(app, id, pipeline.now(), by=person.name, holds=asked.holds)
    return Published(
        deliveries=[Went.model_validate(row, from_attributes=False) for row in made.rows()], failed=len(made.failed)
    )


def would_move(drafts: Iterable[tuple[Any, ...]]) -> ProblemError:
    """The refusal of what would move these drafts: (id, title, slot before, slot after)."""
    said = [WrongField(where=id, said=f"{title}: {was or '-'} > {to or '-'}") for id, title, was, to in drafts]
    return ProblemError(409, _("Other drafts would move by this."), _("send `agreed`: true"), said[:MOVES])


def _seen(app: App, id: str) -> SlotSeen:
    found = slot_view.one(app, id, pipeline.now())
    if found is None:
        raise ProblemError(404, _("There is no such slot."), _("GET /slots lists them"))
    return found


def _plans(app: App, person: Person, id: str, besides: set[str] | frozenset[str] = frozenset()) -> SlotSeen:
    """A slot that this person may plan."""
    found = _seen(app, id)
    allow(person, Act.PLAN, concerns.series_of_slot(id) | besides)
    return found
