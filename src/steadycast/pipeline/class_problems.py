"""What is wrong with classes: in roster.csv, for `check`; with what can be seen of them, for alarms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from steadycast.alarms.due import Alarm, alarm
from steadycast.classes.leave import over_limit
from steadycast.classes.leaving import state_of
from steadycast.classes.model import Class, Role, Seat, State, by_class, groups
from steadycast.classes.roster import FILE
from steadycast.errors import LedgerError, Problem
from steadycast.language import gettext as _
from steadycast.language import of_tag
from steadycast.pipeline import source_looks
from steadycast.pipeline.app import App
from steadycast.pipeline.class_files import roster, turn_table
from steadycast.pipeline.classes import enrolled, slot_before, title_of

BLIND_AFTER = dt.timedelta(hours=3)  # nobody could look at a source for so long after a hand-in's time was over


def problems(app: App, now: dt.datetime) -> list[Problem]:
    """What a person has to fix in roster.csv or turns.csv, or in who sits where; a line each with what to write."""
    if not app.workspace.classes:
        return []
    read = roster(app)
    found = list(read.problems)
    if read.unreadable:
        return found
    read_from = {path.name for path in (app.workspace.content / "ugc").glob("*") if path.is_dir()}
    read_from |= {feed.member for feed in app.workspace.feeds}
    read_from |= _with_a_link(app)  # the first sending makes the folder
    seats, today = by_class(read.seats), now.astimezone(app.workspace.community.zone).date()
    for name, the_class in app.workspace.classes.items():
        for seat in seats.get(name, ()):
            line = seat.line or None
            if seat.member not in read_from and _belongs(seat, today):
                said = _(
                    "%(member)s has neither a folder nor a feed: nothing of theirs can be seen",
                    member=title_of(app, seat),
                )
                hint = _(
                    "make content/ugc/%(member)s, write a [[feed]], or send a link from the desk", member=seat.member
                )
                found.append(Problem(FILE, line, said, hint, member=seat.member))
            for leave in seat.leave:
                if over := over_limit(the_class.leave, seat.leave, leave):
                    said = _("leave %(leave)s of %(member)s: %(over)s", leave=leave, member=seat.member, over=over)
                    hint = _("shorten it, or change [class.%(name)s.leave]", name=the_class.name)
                    found.append(Problem(FILE, line, said, hint))
        found += _group_problems(the_class, [seat for seat in seats.get(name, ()) if _belongs(seat, today)])
    return [*found, *turn_table(app, read).problems]


def _with_a_link(app: App) -> set[str]:
    try:
        return {row.member for row in app.ledger.invites_of() if not row.revoked} if app.has_ledger else set()
    except LedgerError:  # told elsewhere
        return set()


def _belongs(seat: Seat, today: dt.date) -> bool:
    return seat.left is None or seat.left > today


def _group_problems(the_class: Class, here: Sequence[Seat]) -> Iterable[Problem]:
    if here and not any(seat.role is Role.LEADER for seat in here):
        said = _("class %(name)s has no active leader", name=the_class.name)
        yield Problem(FILE, here[0].line or None, said, _("write `leader` into the column role of one of its members"))
    for name, members in groups(here).items():
        if name and len(members) > 2 * the_class.group:
            said = _(
                "group %(group)s of %(name)s has %(num)s members; a group has %(most)s",
                group=name,
                name=the_class.name,
                num=len(members),
                most=the_class.group,
            )
            hint = _("part it in two, or change `group` of [class.%(name)s]", name=the_class.name)
            yield Problem(FILE, members[-1].line or None, said, hint)


def alarms_of_classes(app: App, now: dt.datetime) -> list[Alarm]:
    """class:NAME:below, where a group has shrunk; class:NAME:blind, where a hand-in could not be seen. No member's name
    is in them: they may be read in a group.
    """
    if not app.workspace.classes:
        return []
    found = []
    say = of_tag(app.workspace.community.language)
    for name, its in enrolled(app).items():
        the_class = its.the_class
        day = now.astimezone(the_class.rhythm.zone).date()
        if not its.usable:
            told = say.gettext("%(title)s: its roster cannot be read, and nobody is judged.", title=the_class.title)
            found.append(alarm("class", name, "blind", told, say.gettext("`steadycast check` shows the line.")))
            continue
        if (the_class.rhythm.start and the_class.rhythm.start > day) or _is_over(the_class, day):
            continue
        happened = its.happened
        here = [s for s in its.seats if _is_here(state_of(s, happened.get(s.member, ()), the_class.rhythm.zone, now))]
        small = [
            group
            for group, seats in groups(its.seats).items()
            if 2 * sum(seat in here for seat in seats) < min(the_class.group, len(seats))
        ]
        if small:
            names = say.listed(group or the_class.title for group in small)
            told = say.gettext(
                "%(title)s: under half of a group is left: %(groups)s.", title=the_class.title, groups=names
            )
            found.append(alarm("class", name, "below", told))
        end = _last_end(the_class, now - BLIND_AFTER)
        seen = source_looks.last_looks(app, [seat.member for seat in here])
        blind = sum(end is not None and (look is None or look <= end) for look in seen.values())
        if blind:
            told = say.ngettext(
                "%(title)s: of %(num)s member nothing could be seen since their hand-in was due.",
                "%(title)s: of %(num)s members nothing could be seen since their hand-in was due.",
                blind,
                title=the_class.title,
            )
            wait = say.gettext("Nobody is judged by what we cannot see.")
            found.append(alarm("class", name, "blind", told, wait))
    return found


def _is_here(state: State) -> bool:
    return state not in (State.OUT, State.LEFT)


def _is_over(the_class: Class, day: dt.date) -> bool:
    return the_class.rhythm.until is not None and the_class.rhythm.until < day


def _last_end(the_class: Class, now: dt.datetime) -> dt.datetime | None:
    """The last instant at which the time of a hand-in was over."""
    last = slot_before(the_class, now - the_class.rhythm.late)
    return last + the_class.rhythm.late if last else None
