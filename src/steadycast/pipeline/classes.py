"""Classes: their rosters read, their duties judged, what happened to a member written down with who and why.

One class never stops another, and of one whose roster cannot be read nothing is judged.
"""

from __future__ import annotations

import datetime as dt
import logging
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from steadycast.classes.duties import by_member, duties
from steadycast.classes.judging import is_over, judge
from steadycast.classes.leaving import up_for_leaving
from steadycast.classes.model import Class, Duty, HandIn, Happened, Leaving, MemberStanding, Seat, Work, by_class
from steadycast.classes.roster import Roster
from steadycast.errors import SteadycastError, unknown_name
from steadycast.language import current, of_tag, speaking
from steadycast.language import gettext as _
from steadycast.ledger.classes import Written
from steadycast.ledger.tables import HandInRow, MemberStandingRow
from steadycast.pipeline import source_looks
from steadycast.pipeline.app import App
from steadycast.pipeline.class_files import called_now, roster, standings
from steadycast.pipeline.class_records import JUDGED, keep_records
from steadycast.schedule.days import DAY, midnight
from steadycast.schedule.model import Verdict
from steadycast.schedule.slots import instant, slots

LOG = logging.getLogger(__name__)
BY_RULE = "rule"  # who put somebody out where `enforce` says so
AHEAD = (16, 64, 400)  # days in which the next slot is looked for
CLASSES, PATIENCE = "classes", 60.0  # whose turn it is to judge, or to decide; seconds that another may take


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A class with those who sit in it, and all that happened to them."""

    the_class: Class
    seats: tuple[Seat, ...]
    standings: tuple[MemberStanding, ...]
    usable: bool = True  # else its roster cannot be read

    @property
    def happened(self) -> Mapping[str, Sequence[MemberStanding]]:
        """What happened to each member, in order of time."""
        return by_member(self.standings)


@dataclass(frozen=True, slots=True)
class Judged:
    """What one look at a class changed."""

    the_class: str
    judged: int = 0  # duties
    up: tuple[str, ...] = ()  # members whom the rule would have leave, newly
    out: tuple[str, ...] = ()  # put out by the rule
    unseen: frozenset[str] = frozenset()  # slots of which somebody's hand-in cannot be seen
    problem: str = ""  # why it was not judged


def enrolled(app: App, names: Iterable[str] = (), found: Roster | None = None) -> dict[str, Enrolled]:
    """The classes of these names, or all, with their seats and what happened to who sits in them."""
    read = roster(app) if found is None else found
    seats = by_class(read.seats)
    return {
        name: Enrolled(
            app.workspace.classes[name], tuple(seats.get(name, ())), tuple(standings(app, name)), read.usable(name)
        )
        for name in names or app.workspace.classes
    }


def known_class(app: App, name: str) -> Class:
    """One class by its name, its title, or its name before it was renamed; InputError with the one probably meant."""
    classes = app.workspace.classes
    names = {each.title: each.name for each in classes.values()} | called_now(app)
    found = classes.get(names.get(name, name))
    if found is None:
        raise unknown_name(
            "class", name, names if name else classes, _("write a [class.%(name)s] table", name=name or "c1")
        )
    return found


def title_of(app: App, seat: Seat) -> str:
    """A member's name for people."""
    return seat.title or app.member_title(seat.member)


# -- judging


def judge_all(app: App, now: dt.datetime) -> list[Judged]:
    """Judges what is due in every class, and writes it down; one that fails stops no other."""
    if not app.workspace.classes:
        return []
    done = []
    keep_records(app)
    with speaking(of_tag(app.workspace.community.language).name):
        read = roster(app)
        for name in app.workspace.classes:
            if not read.usable(name):
                done.append(Judged(name, problem=_("its roster cannot be read")))
                continue
            try:
                done.append(judge_class(app, enrolled(app, [name], read)[name], now))
            except SteadycastError as error:
                LOG.warning("class %s could not be judged: %s", name, error)
                done.append(Judged(name, problem=str(error)))
    return done


def judge_class(app: App, its: Enrolled, now: dt.datetime) -> Judged:
    """Judges what is due in one class, and writes it down. Called again it changes nothing."""
    name = its.the_class.name
    if source_looks.first_look(app, name) is None:  # nobody knows yet what was handed in
        return Judged(name)
    first = since(app, its.the_class)
    if is_ahead := first > now:  # a clock that was ahead has judged, or the class has not begun
        first = _slot_before(its.the_class, now)
        app.ledger.forget_hand_ins(name, now)
    rows = {(row.member, row.slot): row for row in app.ledger.hand_ins_used(name, used_since(its.the_class, first))}
    looked = source_looks.last_looks(app, [seat.member for seat in its.seats])
    all_works = works(app, its.the_class, its.seats, first)
    happened = {member: list(each) for member, each in its.happened.items()}
    all_duties = duties_of(its, now)
    kept_of: dict[str, dict[str, HandIn]] = {}
    for (whose, slot), row in rows.items():
        kept_of.setdefault(whose, {})[slot] = hand_in_of(row)
    story: list[MemberStanding] = []
    fresh: list[HandInRow] = []
    up: list[str] = []
    out: list[str] = []
    unseen: set[str] = set()
    open_since: list[dt.datetime] = []
    for seat in its.seats:
        member, told = seat.member, happened.get(seat.member, [])
        kept, given, seen = kept_of.get(member, {}), all_works.get(member, []), looked[member]
        ended = ended_since(its.the_class, member, all_duties[member], given, seen, now, kept, first)
        leaving = up_for_leaving(its.the_class, _with_past(app, its.the_class, member, ended), told, seen)
        if leaving and not any(each.what is Happened.UP and each.at == leaving.at for each in told):
            why = why_up(its.the_class, leaving)
            story.append(MemberStanding(member, name, leaving.at, Happened.UP, who=BY_RULE, why=why))
            up.append(member)
        if leaving and its.the_class.by_rule:
            gone_by_rule = MemberStanding(
                member, name, leaving.at, Happened.OUT, who=BY_RULE, why=why_up(its.the_class, leaving)
            )
            story.append(gone_by_rule)
            out.append(member)
            left = duties(
                its.the_class, [seat], [*told, gone_by_rule], _begin(its.the_class), horizon(its.the_class, now)
            )
            ended = ended_since(its.the_class, member, left[member], given, seen, now, kept, first)
        for each in ended:
            if each.unseen:
                unseen.add(each.slot)
            if each.due <= now and each.verdict is not None and each != kept.get(each.slot):
                fresh.append(_row(name, each))
        open_since += [each.due for each in ended if each.due <= now and not is_over(each, seen)][:1]
    if fresh:
        app.ledger.put_hand_ins(fresh)
    if story:
        app.ledger.put_member_standings(map(standing_row, story))
    if its.seats:
        _judged_up_to(
            app, its.the_class, min(open_since, default=_slot_before(its.the_class, now)), first, always=is_ahead
        )
    return Judged(name, len(fresh), tuple(up), tuple(out), frozenset(unseen))


def used_since(the_class: Class, first: dt.datetime) -> dt.datetime:
    """From when on a hand-in may have met, or made up for, something before `first`: no draft meets two."""
    span = the_class.makeup if isinstance(the_class.makeup, dt.timedelta) else dt.timedelta()
    return (slot_before(the_class, first) or first) - span


def duties_of(its: Enrolled, now: dt.datetime) -> dict[str, list[Duty]]:
    """Member -> all of their duties up to the next one that is owed."""
    end = horizon(its.the_class, now)
    return duties(its.the_class, its.seats, its.standings, _begin(its.the_class), end)


def ended_since(  # noqa: PLR0917 what is judged, by what, and as of when
    the_class: Class,
    member: str,
    all_duties: Sequence[Duty],
    given: Iterable[Work],
    seen: dt.datetime | None,
    now: dt.datetime,
    kept: Mapping[str, HandIn],
    first: dt.datetime,
) -> list[HandIn]:
    """How a member's duties since `first` ended; what came before the duty ahead of them is theirs no more."""
    low = bisect_left(all_duties, first, key=lambda duty: duty.slot.at)
    before = next((duty.slot.at for duty in reversed(all_duties[:low]) if not duty.why), _begin(the_class))
    its_own = (work for work in given if work.at > before)
    return judge(the_class, member, all_duties[low:], its_own, seen, now, kept)


def _with_past(app: App, the_class: Class, member: str, ended: Sequence[HandIn]) -> list[HandIn]:
    """The duties of a member for the rule: those that were over before as well, where something was missed at all."""
    if the_class.out is None or not any(each.verdict is Verdict.MISSED for each in ended):
        return list(ended)
    here = {each.slot for each in ended}
    rows = app.ledger.hand_ins_of(member, dt.datetime.fromtimestamp(0, dt.UTC))
    past = [hand_in_of(row) for row in rows if row.the_class == the_class.name and row.slot not in here]
    return sorted([*past, *ended], key=lambda each: each.due)


def works(app: App, the_class: Class, seats: Iterable[Seat], first: dt.datetime) -> dict[str, list[Work]]:
    """Member -> what they wrote that may be a hand-in, in order of time; from a period before `first` on.

    A draft counts from its first revision that is of the class's forms, ready and long enough; an edit of it is none
    anew. What names a series is for that; what names the class is for the class.
    """
    found: dict[str, list[Work]] = {}
    counted: set[str] = set()
    names = {the_class.name, the_class.title, *the_class.was}
    since = slot_before(the_class, first) or first
    for each in app.ledger.written_by({seat.member for seat in seats}, since):
        if each.draft in counted or not _counts(app, the_class, each, names):
            continue
        counted.add(each.draft)
        work = Work(each.own_at or each.at, each.draft, each.revision, each.at)
        found.setdefault(each.member, []).append(work)
    for its in found.values():
        its.sort()
    return found


def _counts(app: App, the_class: Class, each: Written, names: set[str]) -> bool:
    if not each.ready or each.form not in the_class.forms or not names.issuperset(each.series or ()):
        return False
    if not the_class.least:
        return True
    return letters_of(app, each) >= the_class.least


def letters_of(app: App, each: Written) -> int:
    """How long a text is; of one that came before a class asked, it is counted now."""
    if each.letters is not None:
        return each.letters
    from steadycast.pipeline.drafts import read

    draft = read(app, each.draft, each.revision)
    return (source_looks.letters(app, draft) if draft else None) or 0


# -- slots


def _begin(the_class: Class) -> dt.datetime:
    assert the_class.rhythm.start is not None
    return instant(midnight(the_class.rhythm.start), the_class.rhythm.zone)


def horizon(the_class: Class, now: dt.datetime) -> dt.datetime:
    """Just after the next slot that is owed: up to then making up for what was missed before ends."""
    for days in AHEAD:
        for slot in slots(the_class.rhythm, now, now + days * DAY):
            if not slot.excused:
                return slot.at + dt.timedelta(seconds=1)
    return now + AHEAD[-1] * DAY


def slot_before(the_class: Class, at: dt.datetime) -> dt.datetime | None:
    """The last slot before an instant at which something was owed."""
    for days in AHEAD:
        owed = [slot.at for slot in slots(the_class.rhythm, at - days * DAY, at) if not slot.excused]
        if owed:
            return owed[-1]
    return None


def _slot_before(the_class: Class, now: dt.datetime) -> dt.datetime:
    return slot_before(the_class, now) or _begin(the_class)


def since(app: App, the_class: Class) -> dt.datetime:
    """The slot from which on something of a class may still change; at first the class's beginning, or when somebody
    looked for the first time: what was due before cannot be known.
    """
    told = app.ledger.meta(JUDGED + the_class.name)
    known = dt.datetime.fromisoformat(told) if told else None
    return max(filter(None, (_begin(the_class), known, source_looks.first_look(app, the_class.name))))


def _judged_up_to(app: App, the_class: Class, at: dt.datetime, before: dt.datetime, *, always: bool) -> None:
    if at > before or always:
        app.ledger.set_meta(JUDGED + the_class.name, at.isoformat())


def why_up(the_class: Class, leaving: Leaving) -> str:
    """What the rule has against a member, in one line: the days that were missed and not made up."""
    zone, say = the_class.rhythm.zone, current()
    days = say.listed(say.month_day(_day(each, zone)) for each in leaving.misses)
    return _("missed and not made up: %(days)s", days=days)


def _day(each: HandIn, zone: dt.tzinfo) -> dt.date:
    """The local day that a duty belongs to: one at the end of a day is not of the next."""
    return (each.due - dt.timedelta(seconds=1)).astimezone(zone).date()


# -- rows


def hand_in_of(row: HandInRow) -> HandIn:
    """How a duty ended, from the ledger's row."""
    work = Work(row.at, row.draft, row.revision or "", row.seen) if row.draft and row.at else None
    made_up = Work(row.made_up_at, row.made_up_by or "") if row.made_up_at else None
    by = row.by if row.by not in (LOOK, WINDOW) else ""
    return HandIn(row.slot, row.due, row.member, Verdict(row.verdict), work, made_up, row.closes, False, by, row.note)


LOOK, WINDOW = "look", "window"  # what the time of a hand-in was taken from


def _row(the_class: str, each: HandIn) -> HandInRow:
    work, made_up = each.work, each.made_up
    from_look = work and (work.seen is None or work.at == work.seen)
    return HandInRow(
        the_class=the_class,
        slot=each.slot,
        member=each.member,
        due=each.due,
        verdict=str(each.verdict),
        draft=work.draft if work else None,
        revision=work.revision if work else None,
        at=work.at if work else None,
        seen=work.seen if work else None,
        by=each.by or (LOOK if from_look else WINDOW if work else ""),
        made_up_at=made_up.at if made_up else None,
        made_up_by=made_up.draft if made_up else None,
        closes=each.closes,
        note=each.note,
    )


def standing_row(each: MemberStanding) -> MemberStandingRow:
    """What happened, as the ledger keeps it."""
    return MemberStandingRow(
        member=each.member,
        the_class=each.the_class,
        at=each.at,
        what=str(each.what),
        first=each.first.isoformat() if each.first else "",
        last=each.last.isoformat() if each.last else "",
        who=each.who,
        why=each.why,
    )
