"""A member asked to write for a slot: who, by when, and how it stands. It never keeps the slot from being filled.

What they send for it is tied to the ask, and pinned to that slot once it is approved. Nothing says that an ask was met:
the slot carries a draft of that member, or it does not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from steadycast.alarms.due import Alarm, alarm
from steadycast.errors import DraftError, InputError, unknown_name
from steadycast.language import current, of_tag
from steadycast.language import gettext as _
from steadycast.ledger.calendar_reads import AnySlot
from steadycast.ledger.plans import as_slot
from steadycast.ledger.tables import AskRow, DraftRow
from steadycast.pipeline.app import App
from steadycast.pipeline.plan import plan
from steadycast.schedule.days import DAY
from steadycast.schedule.model import Series, Slot
from steadycast.schedule.slots import slots

LONGEST_NOTE = 500  # characters
FARTHEST = 366 * DAY  # a slot that somebody is asked for
LARGEST = 2**62  # number of an ask that a database can be asked for
MOST = 200  # asks that are looked at
MEMBERS = 500  # to choose from
OVER = ("rejected", "gone", "not-ready")  # of a draft that was sent, and will not be in the slot


class Standing(StrEnum):
    """How an ask stands."""

    OPEN = "open"  # no answer yet
    TAKEN = "taken"  # the member said that they will
    SENT = "sent"  # a draft of theirs came for it, and is not in the slot
    OVERDUE = "overdue"  # its day is over, and nothing came
    MET = "met"  # a draft of theirs is in the slot
    LAPSED = "lapsed"  # the slot is past, left out, or no more
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


LOST = (Standing.OVERDUE, Standing.DECLINED)  # of an ask that brought nothing: somebody has to see to its slot


STANDS = (Standing.OPEN, Standing.TAKEN, Standing.SENT, Standing.OVERDUE)  # something is still hoped for


@dataclass(frozen=True, slots=True)
class Asked:
    """One ask for people, with how it stands."""

    id: int
    slot: str
    at: dt.datetime  # the slot's, in the community's zone
    series: str  # for people
    member: str
    title: str  # the member's name for people
    due: dt.date
    note: str
    standing: Standing
    who: str
    asked: dt.datetime
    answered: bool = False  # by the member
    draft: str = ""  # what was sent for it
    empty: bool = True  # the slot carries nothing, or what came from reserve

    def plain(self) -> dict[str, str]:
        """For programs."""
        at, due = self.at.isoformat(), self.due.isoformat()
        own = {"slot": self.slot, "at": at, "series": self.series, "member": self.member, "by": due}
        return own | {"note": self.note, "state": self.standing.value, "draft": self.draft}

    @property
    def stands(self) -> bool:
        """Whether something is still hoped for."""
        return self.standing in STANDS

    @property
    def holds(self) -> bool:
        """Whether nobody else is asked for the slot meanwhile: not once its day is over, and nothing came."""
        return self.stands and self.standing is not Standing.OVERDUE


@dataclass(frozen=True, slots=True)
class Pinned:
    """A draft that was approved, and the slot it was asked for; `why` says why it is not there."""

    draft: str
    slot: str
    why: str = ""


def standing(
    state: str, due: dt.date, at: dt.datetime, now: dt.datetime, *, today: dt.date, met: bool, sent: bool, owed: bool
) -> Standing:
    """How an ask stands: what the slot carries (`met`) and what came for it (`sent`) say more than a word given."""
    if state in (Standing.DECLINED, Standing.WITHDRAWN):
        return Standing(state)
    if met:
        return Standing.MET
    if now >= at or not owed:
        return Standing.LAPSED
    if sent:
        return Standing.SENT
    return Standing.OVERDUE if today > due else Standing(state)


def usual_day(slot: dt.date, today: dt.date) -> dt.date:
    """By when something is wanted where nobody says: the day before the slot's, or today where that is over."""
    return max(slot - DAY, today)


def objection(due: dt.date, slot: dt.date, today: dt.date, note: str) -> str:
    """Why something cannot be asked so, or ""."""
    if due < today:
        return _("%(day)s is over", day=current().full_day(due))
    if due > slot:
        return _(
            "%(day)s is after the slot, which is on %(slot)s",
            day=current().full_day(due),
            slot=current().full_day(slot),
        )
    return _("the note is longer than %(num)s characters", num=LONGEST_NOTE) if len(note) > LONGEST_NOTE else ""


def ask(
    app: App, slot: str, member: str, now: dt.datetime, *, by: str, due: dt.date | None = None, note: str = ""
) -> Asked:
    """Asks a member to write for an empty slot; `by` is who asks. It may be one that is not planned yet."""
    wanted, zone = _empty_slot(app, slot, now), app.workspace.community.zone
    known = [name for name, _last in who_may_be_asked(app, now)]
    if member not in known:
        raise unknown_name("member", member, known, _("`steadycast list` shows who wrote"))
    today, day, note = now.astimezone(zone).date(), wanted.at.astimezone(zone).date(), " ".join(note.split())
    due = due or usual_day(day, today)
    if said := objection(due, day, today, note):
        raise InputError(said, hint=_("choose a day up to the slot's own"))
    row = AskRow(
        slot=wanted.id, series=wanted.series, at=wanted.at, member=member, asked=now, who=by, due=due.isoformat(),
        note=note, changed=now,
    )  # fmt: skip
    before = app.ledger.asks_of_slots([wanted.id]).get(wanted.id)
    if before and look(app, [before], now)[0].standing is Standing.OVERDUE:
        app.ledger.end_ask(before.id or 0, now)  # its day is over: the slot may be asked of somebody else, or again
    made = app.ledger.put_ask(row)
    if made is None:
        there = app.ledger.asks_of_slots([slot])[slot]
        name = app.member_title(there.member)
        said = _("%(name)s is asked for %(slot)s already", name=name, slot=app.slot_title(slot))
        raise InputError(said, hint=_("withdraw that first"))
    return look(app, [made], now)[0]


def withdraw(app: App, id: int, now: dt.datetime) -> Asked:
    """Takes an ask back."""
    _row(app, id)
    if not app.ledger.end_ask(id, now):
        raise InputError(_("this ask does not stand any more"), hint=_("look at the slot again"))
    return look(app, [_row(app, id)], now)[0]


def restore(app: App, id: int, now: dt.datetime) -> Asked:
    """Undoes `withdraw`."""
    row = _row(app, id)
    _empty_slot(app, row.slot, now)
    if not app.ledger.restore_ask(row, now):
        raise InputError(_("this ask cannot stand again"), hint=_("somebody else is asked for the slot by now"))
    return look(app, [_row(app, id)], now)[0]


def answer(app: App, id: int, member: str, now: dt.datetime, *, takes: bool) -> Asked:
    """What the member says: they will, or they cannot. A word given may still be taken back; not the other way round,
    for somebody else may be asked by then.
    """
    row = _row(app, id, member)
    said = "taken" if takes else "declined"
    if row.at <= now or not app.ledger.answer_ask(id, ("open",) if takes else ("open", "taken"), said, now):
        raise InputError(_("this is not asked for any more"), hint=_("load the page again"))
    return look(app, [_row(app, id)], now)[0]


def sent(app: App, id: int, draft: DraftRow, now: dt.datetime) -> bool:
    """Ties what a member sent to what they were asked for; False where it is not asked for any more."""
    tied = 0 < id < LARGEST and app.ledger.tie_ask(id, draft.member, draft.id, now)
    if tied and draft.approved_revision == draft.revision:  # of one whose drafts nobody has to approve
        pin_approved(app, [draft.id], now)
    return tied


def take(app: App, id: int, draft: DraftRow, now: dt.datetime) -> Asked:
    """Ties a draft to an ask by a person's word, however it came: a folder, a feed, the desk. Raises InputError."""
    row = _row(app, id, draft.member)
    if not app.ledger.tie_ask(id, draft.member, draft.id, now):
        raise InputError(_("this ask does not stand any more"), hint=_("look at the slot again"))
    if draft.approved_revision == draft.revision and draft.state == "approved":
        (pinned,) = pin_approved(app, [draft.id], now)
        if pinned.why:
            raise InputError(pinned.why)
    return look(app, [_row(app, row.id or 0)], now)[0]


def waited_for(app: App, draft: DraftRow, now: dt.datetime) -> list[Asked]:
    """The asks that a draft could be for: of its member, still hoped for, and nothing came for them yet."""
    if not draft.member or draft.state in OVER:
        return []
    return [each for each in of_member(app, draft.member, now) if each.stands and each.standing is not Standing.SENT]


def pin_approved(app: App, drafts: Collection[str], now: dt.datetime) -> list[Pinned]:
    """Gives approved drafts the slots that they were asked for; one that is taken, or does not fit, stays as it is."""
    from steadycast.pipeline import pinning

    found = []
    for row in app.ledger.asks_with_draft(now, drafts):
        try:
            _planned(app, row, now)
            pinning.pin(app, row.draft or "", row.slot, now)
        except (InputError, DraftError) as error:
            found.append(Pinned(row.draft or "", row.slot, str(error)))
        else:
            found.append(Pinned(row.draft or "", row.slot))
    return found


def _planned(app: App, row: AskRow, now: dt.datetime) -> None:
    """Plans as far as a slot that is farther away than is usually planned."""
    if app.ledger.slot(row.slot) is None:
        plan(app, now, days=(row.at - now).days + 2)


def look(app: App, rows: Sequence[AskRow], now: dt.datetime, slots: Mapping[str, AnySlot] | None = None) -> list[Asked]:
    """These asks as they stand: one read of their slots, where those are not given, and one of their drafts."""
    if not rows:
        return []
    carry: Mapping[str, AnySlot] = app.ledger.slots_of_ids({row.slot for row in rows}) if slots is None else slots
    named = {row.draft for row in rows} | {each.draft for each in carry.values()}
    drafts = app.ledger.drafts_of({id for id in named if id})
    planned = planned_until(app, now)
    return [_asked(app, row, carry.get(row.slot), drafts, now, gone=row.at < planned) for row in rows]


def planned_until(app: App, now: dt.datetime) -> dt.datetime:
    """To where the newest plan reaches; `now` where there is none."""
    planned = app.ledger.planned_at()
    return planned + app.workspace.publish.horizon if planned else now


def _asked(
    app: App,
    row: AskRow,
    slot: AnySlot | None,
    drafts: Mapping[str, DraftRow],
    now: dt.datetime,
    *,
    gone: bool,
) -> Asked:
    carries, came = drafts.get(slot.draft or "") if slot else None, drafts.get(row.draft or "")
    zone, due = app.workspace.community.zone, dt.date.fromisoformat(row.due)
    series = app.workspace.series.get(row.series)
    stands = standing(
        row.state, due, row.at, now, today=now.astimezone(zone).date(),
        met=bool(slot and carries and not slot.filled and carries.member == row.member),
        sent=came is not None and came.state not in OVER,
        owed=not slot.excused if slot else not gone,
    )  # fmt: skip
    return Asked(
        row.id or 0, row.slot, row.at.astimezone(zone), (series.title if series else "") or row.series, row.member,
        app.member_title(row.member), due, row.note, stands, row.who, row.asked,
        answered=row.answered is not None, draft=row.draft or "",
        empty=slot is None or slot.draft is None or slot.filled,
    )  # fmt: skip


def of(app: App, slot: str, member: str, now: dt.datetime) -> Asked:
    """The ask of a member for a slot, by their names; InputError where there is none."""
    row = app.ledger.asks_of_slots([slot]).get(slot)
    if row is None or row.member != member:
        raise InputError(
            _("%(name)s is not asked for %(slot)s", name=member, slot=app.slot_title(slot)),
            hint=_("the desk's page of the slot shows who is"),
        )
    return look(app, [row], now)[0]


def of_slots(app: App, ids: Iterable[str], now: dt.datetime, slots: Mapping[str, AnySlot]) -> dict[str, Asked]:
    """The last ask for each of these slots."""
    rows = app.ledger.asks_of_slots(ids)
    return {each.slot: each for each in look(app, list(rows.values()), now, slots)}


def of_member(app: App, member: str, now: dt.datetime, *, since: dt.datetime | None = None) -> list[Asked]:
    """What a member is asked for, for the coming slots or those `since` then, in order of time."""
    return look(app, app.ledger.asks_of_member(member, since or now, MOST), now)


def coming(app: App, now: dt.datetime) -> list[Asked]:
    """The asks for coming slots that still hope for something, or were declined and left the slot empty."""
    found, last = [], ""
    for each in look(app, app.ledger.asks_between(now, now + FARTHEST, MOST), now):
        newest, last = each.slot != last, each.slot
        if newest and (each.stands or (each.standing is Standing.DECLINED and each.empty)):
            found.append(each)
    return found


def who_may_be_asked(app: App, now: dt.datetime) -> list[tuple[str, dt.datetime | None]]:
    """(member, when they last gave something): those who never did first, then those who waited longest."""
    from steadycast.pipeline.class_files import roster  # of a plan, few ask

    today = now.astimezone(app.workspace.community.zone).date()
    last: dict[str, dt.datetime | None] = dict.fromkeys(app.workspace.members)
    last |= dict.fromkeys(seat.member for seat in roster(app).seats if seat.left is None or seat.left > today)
    last |= dict.fromkeys(row.member for row in app.ledger.invites_of())
    for row in app.ledger.standings():
        before = last.get(row.member)
        last[row.member] = max(row.last, before) if before else row.last
    far = dt.datetime.min.replace(tzinfo=dt.UTC)
    return sorted(last.items(), key=lambda each: (each[1] or far, each[0]))[:MEMBERS]


def alarms(app: App, now: dt.datetime) -> list[Alarm]:
    """ask:SLOT:over, where the day is over by which something was wanted, and the slot is empty. Names nobody."""
    say = of_tag(app.workspace.community.language)
    fix = say.gettext("The slot may be asked of somebody else.")
    found = []
    for each in coming(app, now):
        if each.standing is Standing.OVERDUE and each.empty:
            words = {"series": each.series, "when": say.instant(each.at)}
            told = say.gettext("%(series)s: nothing came for %(when)s, which was asked for.", **words)
            found.append(alarm("ask", each.slot, "over", told, fix))
    return found


def _row(app: App, id: int, member: str | None = None) -> AskRow:
    row = app.ledger.ask(id) if 0 < id < LARGEST else None
    if row is None or member not in (None, row.member):
        raise InputError(_("nobody is asked so"), hint=_("load the page again"))
    return row


def _empty_slot(app: App, id: str, now: dt.datetime) -> Slot:
    """A coming slot that waits for a draft, planned yet or not; else an InputError says why it does not."""
    row = app.ledger.slot(id)
    slot = as_slot(row) if row else _computed(app, id)
    if slot is None or slot.series not in app.workspace.series:
        known = [each.id for each in app.ledger.slots_between(now, now + 60 * DAY)]
        raise unknown_name("slot", id, known, _("`steadycast plan` shows them"))
    if slot.excused:
        raise InputError(_("%(slot)s is left out: %(why)s", slot=app.slot_title(id), why=slot.excused))
    if slot.at <= now or slot.at > now + FARTHEST:
        past, far = (
            _("%(slot)s is past", slot=app.slot_title(id)),
            _("%(slot)s is more than a year ahead", slot=app.slot_title(id)),
        )
        raise InputError(past if slot.at <= now else far, hint=_("choose a coming slot"))
    if row and row.draft and not row.filled:
        raise InputError(_("%(slot)s has a draft", slot=app.slot_title(id)), hint=_("ask for an empty slot"))
    return slot


def _computed(app: App, id: str) -> Slot | None:
    """A slot that is not planned yet, from the rhythm of its series."""
    found = slots(*where) if (where := around(app, id)) else []
    return next((each for each in found if each.id == id), None)


def around(app: App, id: str) -> tuple[Series, dt.datetime, dt.datetime] | None:
    """The series that a slot's id names, and the time in which it must lie; None where it names none."""
    name, _, local = id.partition("@")
    series = app.workspace.series.get(name)
    try:
        near = dt.datetime.fromisoformat(local[:10]).replace(tzinfo=app.workspace.community.zone)
    except ValueError:
        return None
    if series is None or not 2 <= near.year < 9998:  # beyond, reckoning leaves the calendar
        return None
    return series, near - 2 * DAY, near + 3 * DAY
