"""A program asks a person to publish a slot ahead of its hour: who asks, what and where; yes or no; what came of it.

What is asked for is the slot with the text that it carried then. Where it carries another one by now, or is out, or
past, nothing is asked for any more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.ledger.calendar_reads import KnownSlot
from steadycast.ledger.tables import PublishRequestRow, State
from steadycast.pipeline.app import App
from steadycast.pipeline.results import Published

LONGEST = 500  # characters of a reason
OF_ONE = 20  # requests of one person that wait at once
MOST = 200  # that are looked at
LARGEST = 2**62  # number that a database can be asked for
BEFORE = (State.PLANNED, State.DUE, State.EXCUSED, State.CANCELLED)  # of a delivery that nothing was done for


class Standing(StrEnum):
    """How a request stands."""

    OPEN = "open"  # nobody has answered
    YES = "yes"  # a person published it
    NO = "no"
    WITHDRAWN = "withdrawn"  # by who asked
    LAPSED = "lapsed"  # the slot is past, out, or carries something else


@dataclass(frozen=True, slots=True)
class Place:
    """One channel that it would go to, or went to; `planned` where nothing of it is due yet."""

    channel: str
    title: str
    state: str
    url: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Requested:
    """One request for people, with how it stands."""

    id: int
    slot: str
    at: dt.datetime  # the slot's, in the community's zone
    series: str  # for people
    draft: str
    title: str
    who: str
    via: str  # mcp, api
    why: str
    asked: dt.datetime
    standing: Standing
    answered: dt.datetime | None = None
    answered_by: str = ""
    note: str = ""
    places: tuple[Place, ...] = ()


def ask(app: App, slot: str, now: dt.datetime, *, by: str, via: str, why: str = "") -> Requested:
    """Leaves a request for a person. The same one asked again is the one that is there."""
    from steadycast.pipeline import pinning

    target, why = pinning.open_slot(app, slot, now), " ".join(why.split())
    if not target.draft:
        raise InputError(
            _("%(slot)s carries no draft", slot=app.slot_title(slot)), hint=_("choose a slot that carries one")
        )
    if len(why) > LONGEST:
        raise InputError(_("the reason is longer than %(num)s characters", num=LONGEST))
    row = PublishRequestRow(
        slot=target.id, series=target.series, at=target.at, draft=target.draft, revision=_revision(app, target.draft),
        who=by, via=via, why=why, asked=now,
    )  # fmt: skip
    waiting = app.ledger.open_publish_requests(now, MOST)
    there = next((each for each in waiting if each.slot == target.id), None)
    if there and (there.draft, there.revision) == (row.draft, row.revision):
        return look(app, [there], now)[0]
    if app.ledger.count_publish_requests(by, now) >= OF_ONE:
        said = _("%(num)s requests of %(name)s wait already", num=OF_ONE, name=by)
        raise InputError(said, hint=_("wait until a person has answered"))
    app.ledger.lapse_publish_requests(target.id)
    made = app.ledger.put_publish_request(row)
    if made is None:
        raise InputError(
            _("somebody asked for %(slot)s a moment ago", slot=app.slot_title(slot)), hint=_("look at it again")
        )
    return look(app, [made], now)[0]


def say_yes(app: App, id: int, now: dt.datetime, *, by: str, note: str = "") -> Published:
    """Publishes what is asked for, at once. InputError where it is not asked for any more: nothing is sent then."""
    from steadycast.pipeline import pinning
    from steadycast.pipeline.publish import publish

    row = _open(app, id, now)
    pinning.open_slot(app, row.slot, now, row.draft)
    _end(app, row, Standing.YES, by, note, now)
    return publish(app, slot=row.slot)


def say_no(app: App, id: int, now: dt.datetime, *, by: str, note: str = "") -> Requested:
    """Says no; the slot keeps its hour."""
    _end(app, _open(app, id, now), Standing.NO, by, note, now)
    return one(app, id, now)


def withdraw(app: App, id: int, now: dt.datetime, *, by: str) -> Requested:
    """Takes back one's own request."""
    row = _open(app, id, now)
    if row.who != by:
        raise InputError(_("%(name)s asked for this, and you did not", name=row.who))
    _end(app, row, Standing.WITHDRAWN, by, "", now)
    return one(app, id, now)


def one(app: App, id: int, now: dt.datetime) -> Requested:
    """One request, whatever became of it; InputError where there is none."""
    return look(app, [_row(app, id)], now)[0]


def waiting(app: App, now: dt.datetime) -> list[Requested]:
    """What waits for a person, in order of time."""
    found = look(app, app.ledger.open_publish_requests(now, MOST), now)
    return [each for each in found if each.standing is Standing.OPEN]


def for_slot(app: App, slot: str, now: dt.datetime) -> Requested | None:
    """The request for a slot that waits for a person."""
    return next((each for each in waiting(app, now) if each.slot == slot), None)


def publish_slot(app: App, slot: str, now: dt.datetime, *, by: str, holds: str | None) -> Published:
    """Publishes a slot at once, as a person asks for it: a request that waits for it has its yes by that.

    `holds` is the draft that the person saw there: InputError where it carries another one.
    """
    from steadycast.pipeline import pinning
    from steadycast.pipeline.publish import publish

    pinning.open_slot(app, slot, now, holds)
    if asked := for_slot(app, slot, now):
        return say_yes(app, asked.id, now, by=by)
    return publish(app, slot=slot)


def newest(app: App, now: dt.datetime, before: int | None = None, most: int = 50) -> list[Requested]:
    """Requests whatever became of them, the newest first: a page of those older than the request `before`."""
    return look(app, app.ledger.newest_publish_requests(before, most), now)


def look(app: App, rows: Sequence[PublishRequestRow], now: dt.datetime) -> list[Requested]:
    """These requests as they stand: one read each of their slots, drafts and deliveries."""
    if not rows:
        return []
    ids = [row.slot for row in rows]
    carry, deliveries = app.ledger.slots_of_ids(set(ids)), app.ledger.deliveries_of(ids)
    drafts = app.ledger.drafts_of({row.draft for row in rows})
    titles = app.ledger.titles({row.draft for row in rows})
    found = []
    for row in rows:
        there, draft = deliveries.get(row.slot, []), drafts.get(row.draft)
        begun = any(each.state not in BEFORE for each in there)
        revision = (draft.approved_revision or "") if draft else ""
        same = _carries(carry.get(row.slot), row) and revision == row.revision
        stands = Standing(row.state)
        if stands is Standing.OPEN and (begun or not same or row.at <= now):
            stands = Standing.LAPSED
        series = app.workspace.series.get(row.series)
        places = [Place(d.channel, app.channel_title(d.channel), d.state, d.url, d.message) for d in there]
        if not places and series:
            places = [Place(each, app.channel_title(each), State.PLANNED.value) for each in series.channels]
        found.append(
            Requested(
                row.id or 0, row.slot, row.at.astimezone(app.workspace.community.zone),
                (series.title if series else "") or row.series, row.draft, titles.get(row.draft, row.draft), row.who,
                row.via, row.why, row.asked, stands, row.answered, row.answered_by, row.note, tuple(places),
            )
        )  # fmt: skip
    return found


def _carries(slot: KnownSlot | None, row: PublishRequestRow) -> bool:
    return slot is not None and slot.draft == row.draft


def _revision(app: App, draft: str) -> str:
    row = app.ledger.draft(draft)
    return (row.approved_revision or "") if row else ""


def _row(app: App, id: int) -> PublishRequestRow:
    row = app.ledger.publish_request(id) if 0 < id < LARGEST else None
    if row is None:
        raise InputError(_("nobody asked so"), hint=_("load the page again"))
    return row


def _open(app: App, id: int, now: dt.datetime) -> PublishRequestRow:
    row = _row(app, id)
    if look(app, [row], now)[0].standing is not Standing.OPEN:
        raise InputError(_("this request does not wait any more"), hint=_("load the page again"))
    return row


def _end(app: App, row: PublishRequestRow, to: Standing, by: str, note: str, now: dt.datetime) -> None:  # noqa: PLR0917
    if not app.ledger.end_publish_request(row.id or 0, to.value, by, " ".join(note.split())[:LONGEST], now):
        raise InputError(_("somebody answered this a moment ago"), hint=_("load the page again"))
