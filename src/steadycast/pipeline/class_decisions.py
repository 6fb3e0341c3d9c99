"""What a person says about a member of a class: leave, out, stays, back; each with a name and a reason, for ever."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from steadycast.classes.duties import gone, leaves
from steadycast.classes.leave import refused
from steadycast.classes.leaving import state_of
from steadycast.classes.model import HandIn, Happened, Leave, MemberStanding, Seat, State
from steadycast.classes.roster import FILE
from steadycast.errors import InputError, unknown_name
from steadycast.language import gettext as _
from steadycast.language import listed
from steadycast.ledger.tables import EventRow
from steadycast.pipeline.app import App
from steadycast.pipeline.classes import (
    CLASSES,
    PATIENCE,
    Enrolled,
    enrolled,
    hand_in_of,
    known_class,
    since,
    standing_row,
    title_of,
)
from steadycast.pipeline.roster_edit import move_in_roster
from steadycast.schedule.model import Verdict

LONGEST_WHY = 500  # characters
LONGEST_LEAVE = 366  # days
CORRECTED = "hand-in corrected"
P = ParamSpec("P")
T = TypeVar("T")


def seat_of(app: App, member: str, the_class: str = "") -> tuple[Enrolled, Seat]:
    """Where a member sits: in that class, or in the only one; by id or by name. InputError where that is not one."""
    named = [known_class(app, the_class).name] if the_class else list(app.workspace.classes)
    found = [
        (its, seat)
        for its in enrolled(app, named).values()
        for seat in its.seats
        if member in {seat.member, title_of(app, seat)}
    ]
    found = [each for each in found if each[1].member == member] or found  # another may be called like an id
    if not found:
        known = [seat.member for its in enrolled(app, named).values() for seat in its.seats]
        raise unknown_name("member", member, known, _("see %(file)s", file=FILE))
    found = [each for each in found if not each[1].left] or found  # of two classes the one that they moved to
    if len(found) > 1:
        classes = listed(its.the_class.name for its, _seat in found)
        raise InputError(_("%(member)s sits in several classes", member=member), hint=f"--class: {classes}")
    return found[0]


def id_of(app: App, who: str, the_class: str = "") -> str:
    """The id of who sits in a class, by id or by name; `who` itself where nobody or more than one is called so."""
    named = [known_class(app, the_class).name] if the_class else list(app.workspace.classes)
    seats = [seat for its in enrolled(app, named).values() for seat in its.seats]
    found = {seat.member for seat in seats if title_of(app, seat) == who}
    return who if who in {seat.member for seat in seats} or len(found) != 1 else found.pop()


def called(app: App, member: str, the_class: str) -> str:
    """A member's name for people, as the class's roster or steadycast.toml has it."""
    seats = (seat for its in enrolled(app, [the_class]).values() for seat in its.seats if seat.member == member)
    return next((title_of(app, seat) for seat in seats), app.member_title(member))


def _in_turn(verb: Callable[Concatenate[App, P], T]) -> Callable[Concatenate[App, P], T]:
    """What a person says is looked at and written while nobody judges, so that neither overtakes the other."""

    @wraps(verb)
    def held(app: App, /, *args: P.args, **more: P.kwargs) -> T:
        with app.in_turn(CLASSES, PATIENCE):
            return verb(app, *args, **more)

    return held


def leave_of(first: dt.date, last: dt.date) -> Leave:
    """A leave of these days; InputError where they are none."""
    if not 0 <= (last - first).days <= LONGEST_LEAVE:
        raise InputError(_("a leave ends on or after its first day"), hint="2027-01-25 2027-02-14")
    return Leave(first, last)


@_in_turn
def take_leave(
    app: App, member: str, leave: Leave, now: dt.datetime, *, by: str, why: str, the_class: str = ""
) -> MemberStanding:
    """A leave, asked for now: granted by the class's numbers alone. InputError says which of them it is against."""
    its, seat = seat_of(app, member, the_class)
    zone = its.the_class.rhythm.zone
    taken = leaves(seat, its.happened.get(seat.member, ()), zone)
    if said := refused(its.the_class, taken, leave, now.astimezone(zone).date()):
        hint = _("a leader may write it into %(file)s", file=FILE)
        raise InputError(_("leave of %(member)s refused: %(why)s", member=title_of(app, seat), why=said), hint=hint)
    return _happens(app, its, seat, Happened.LEAVE, now, by=by, why=why, leave=leave)


@_in_turn
def put_out(app: App, member: str, now: dt.datetime, *, by: str, why: str, the_class: str = "") -> MemberStanding:
    """A person puts a member out: from now on nothing is owed."""
    its, seat = seat_of(app, member, the_class)
    _refuse_who_is_gone(its, app, seat, now)
    return _happens(app, its, seat, Happened.OUT, now, by=by, why=why)


@_in_turn
def keep(app: App, member: str, now: dt.datetime, *, by: str, why: str, the_class: str = "") -> MemberStanding:
    """A person decides that a member stays, whatever was missed up to now. InputError for one who is out."""
    its, seat = seat_of(app, member, the_class)
    _refuse_who_is_gone(its, app, seat, now)
    return _happens(app, its, seat, Happened.KEPT, now, by=by, why=why)


def _refuse_who_is_gone(its: Enrolled, app: App, seat: Seat, now: dt.datetime) -> None:
    if state_of(seat, its.happened.get(seat.member, ()), its.the_class.rhythm.zone, now) in (State.OUT, State.LEFT):
        raise InputError(_("%(member)s is out already", member=title_of(app, seat)))


@_in_turn
def warn(app: App, member: str, now: dt.datetime, *, by: str, why: str, the_class: str = "") -> MemberStanding:
    """A person warns a member."""
    its, seat = seat_of(app, member, the_class)
    return _happens(app, its, seat, Happened.WARNED, now, by=by, why=why)


@_in_turn
def take_back(app: App, member: str, now: dt.datetime, *, by: str, why: str, the_class: str = "") -> MemberStanding:
    """A member who was out, or is on leave, is back. Who was out owes first after a whole period."""
    its, seat = seat_of(app, member, the_class)
    told, zone = its.happened.get(seat.member, ()), its.the_class.rhythm.zone
    day = now.astimezone(zone).date()
    if not any(back is None for _out, back in gone(told)) and not any(day in each for each in leaves(seat, told, zone)):
        raise InputError(_("%(member)s is neither out nor on leave", member=title_of(app, seat)))
    return _happens(app, its, seat, Happened.RETURNED, now, by=by, why=why)


@_in_turn
def move(
    app: App, member: str, now: dt.datetime, *, by: str, why: str, to: str = "", group: str = "", the_class: str = ""
) -> MemberStanding:
    """Another class or group for a member: written into roster.csv, and into the record with who and why."""
    its, seat = seat_of(app, member, the_class)
    target = known_class(app, to).name if to else its.the_class.name
    if target == its.the_class.name and group in ("", seat.group):
        raise InputError(_("%(member)s sits there already", member=title_of(app, seat)), hint="--to, --group")
    if not seat.line:
        raise InputError(_("there is no %(file)s", file=FILE), hint=_("its first line names the columns"))
    told, day = _reason(why), now.astimezone(its.the_class.rhythm.zone).date()
    move_in_roster(app, seat, target, group, day)
    where = " ".join(filter(None, (f"{its.the_class.name} → {target}" if target != its.the_class.name else "", group)))
    return _happens(app, its, seat, Happened.MOVED, now, by=by, why=f"{where}: {told}"[:LONGEST_WHY])


@_in_turn
def correct(
    app: App, member: str, slot: str, verdict: Verdict, now: dt.datetime, *, by: str, why: str, the_class: str = ""
) -> HandIn:
    """A person's word about a duty that was judged: it stands, and an event tells what it was."""
    its, seat = seat_of(app, member, the_class)
    why = _reason(why)
    row = app.ledger.hand_in(its.the_class.name, slot, seat.member)
    if row is None:
        hint = _("a slot is called like %(slot)s", slot=f"{its.the_class.name}@2027-01-10T20:00")
        raise InputError(_("nothing was judged of %(member)s at %(slot)s", member=seat.member, slot=slot), hint=hint)
    told = {"member": seat.member, "slot": slot, "was": row.verdict, "is": str(verdict), "who": by, "why": why}
    detail = json.dumps(told, ensure_ascii=False)
    is_over = row.due < since(app, its.the_class)  # no look comes to it again: only here making it up can end
    closes = row.closes or (now if is_over and verdict is Verdict.MISSED else None)
    fresh = row.model_copy(update={"verdict": str(verdict), "by": by, "note": why, "closes": closes})
    app.ledger.correct_hand_in(fresh, EventRow(at=now, kind=CORRECTED, detail=detail))
    return hand_in_of(fresh)


def _happens(
    app: App,
    its: Enrolled,
    seat: Seat,
    what: Happened,
    now: dt.datetime,
    *,
    by: str,
    why: str,
    leave: Leave | None = None,
) -> MemberStanding:
    # After all that is told of them, also by a clock that was ahead: else a word would be overruled by what it answers.
    last = max((each.at for each in its.happened.get(seat.member, ())), default=None)
    told = MemberStanding(
        seat.member,
        its.the_class.name,
        now if last is None or last < now else last + dt.timedelta(microseconds=1),
        what,
        leave.first if leave else None,
        leave.last if leave else None,
        by,
        _reason(why),
    )
    app.ledger.put_member_standings([standing_row(told)])
    return told


def _reason(why: str) -> str:
    said = " ".join(why.split())
    if not said:
        raise InputError(_("say why"), hint=_("it stands in the record, with your name"))
    if len(said) > LONGEST_WHY:
        raise InputError(_("the reason is longer than %(num)s characters", num=LONGEST_WHY))
    return said
