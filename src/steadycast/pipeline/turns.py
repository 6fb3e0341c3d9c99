"""Turns of a class: who is on duty and who leads each group, now and next; and a person's word about it."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from steadycast.classes.duties import by_member
from steadycast.classes.leaving import state_of
from steadycast.classes.model import Class, Happened, MemberStanding, Seat, State, by_class
from steadycast.classes.turn_table import COLUMNS, FILE, TurnTable, delimiter
from steadycast.classes.turns import THE_CLASS, Period, Rota, Turn, ahead, away, following, period_at
from steadycast.crash_safety import durable
from steadycast.errors import InputError, Problem
from steadycast.language import gettext as _
from steadycast.language import listed, quoted
from steadycast.ledger.tables import MemberStandingRow
from steadycast.pipeline import class_files
from steadycast.pipeline.app import App
from steadycast.pipeline.classes import known_class
from steadycast.schedule.days import DAY
from steadycast.schedule.slots import slots

BY_RULE = ""  # who a turn was given by, where no person said so
TOLD_AHEAD = 7 * DAY
AHEAD = 2  # periods after the one that runs
LONGEST_WHY = 200  # characters
PATIENCE = 20.0  # seconds that another process may be at turns.csv
IN_SIGHT = 24  # periods in which a swap is looked for


@dataclass(frozen=True, slots=True)
class Roll:
    """A class with those who belong to it, what happened to them, and what a person said about turns."""

    the_class: Class
    seats: Sequence[Seat]
    standings: Sequence[MemberStanding]
    said: TurnTable = field(default_factory=TurnTable)

    def title(self, app: App, member: str) -> str:
        """A member's name for people; "" for nobody."""
        own = next((seat.title for seat in self.seats if seat.member == member), "")
        return own or (app.member_title(member) if member else "")


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns of one class: of the period that runs, and of those that come."""

    the_class: str
    periods: tuple[tuple[Period, tuple[Turn, ...]], ...]
    problems: tuple[Problem, ...] = ()  # of turns.csv

    @property
    def holders(self) -> list[str]:
        """Those who have a turn in any of the periods."""
        return sorted({turn.member for _period, its in self.periods for turn in its if turn.member})

    def nobody(self, today: dt.date) -> list[Turn]:
        """Turns that nobody has: of the period that runs, and of the next one where it begins within a week."""
        told = [turns for period, turns in self.periods if period.start <= today + TOLD_AHEAD]
        return [turn for turns in told for turn in turns if not turn.member]


def see_to(app: App, now: dt.datetime) -> list[Turn]:
    """Writes down the turns of all classes that have begun; those that are new. A class whose roster cannot be read is
    left as it is.
    """
    return [turn for each in rolls(app) if each.the_class.turn for turn in begin(app, each, now)]


def rolls(app: App) -> list[Roll]:
    """All classes whose part of roster.csv can be read."""
    if not app.workspace.classes:
        return []
    found = class_files.roster(app)
    said, seats = class_files.turn_table(app, found), by_class(found.seats)
    return [
        Roll(the_class, seats.get(name, []), class_files.standings(app, name), said)
        for name, the_class in app.workspace.classes.items()
        if found.usable(name)
    ]


def only_class(app: App) -> str:
    """The name of the only class there is; InputError where one has to be named."""
    names = [*app.workspace.classes]
    if len(names) == 1:
        return names[0]
    if not names:
        raise InputError(_("there is no class"), hint=_("write a [class.NAME] table in steadycast.toml"))
    raise InputError(_("there are several classes"), hint=_("name one of them: %(names)s", names=listed(names)))


def roll(app: App, name: str) -> Roll:
    """A class by its name or title. InputError where there is none, or its part of roster.csv cannot be read."""
    name = known_class(app, name).name
    found = class_files.roster(app)
    if not found.usable(name):
        raise _refused(found.problems[0])
    seats = by_class(found.seats).get(name, [])
    said = class_files.turn_table(app, found)
    return Roll(app.workspace.classes[name], seats, class_files.standings(app, name), said)


def turns(app: App, roll: Roll, now: dt.datetime, many: int = AHEAD) -> Turns:
    """The period that runs and `many` more; none where the class has no turns, or is over."""
    the_class = roll.the_class
    if not the_class.turn:
        return Turns(the_class.name, ())
    rhythm = the_class.rhythm
    today = max(now.astimezone(rhythm.zone).date(), rhythm.start or dt.date.min)
    periods = [period_at(today, the_class.turn)]
    while len(periods) <= many:
        periods.append(following(periods[-1], the_class.turn))
    if rhythm.until:
        periods = [period for period in periods if period.start <= rhythm.until]
    rota = Rota(roll.seats, away(roll.seats, roll.standings, rhythm.zone), roll.said.of(the_class.name))
    found = ahead(rota, served(app, the_class.name), periods, today)
    return Turns(the_class.name, tuple(zip(periods, map(tuple, found), strict=True)), roll.said.problems)


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next in a class."""

    title: str
    members: int
    due: dt.datetime | None  # in the class's zone; None where nothing is due in sight
    on_duty: str  # a name for people; "" where there are no turns, or nobody has this one


def coming(app: App, now: dt.datetime) -> list[Next]:
    """What comes next in each class whose roster can be read."""
    found = []
    for each in rolls(app):
        rhythm = each.the_class.rhythm
        ahead_of_now = slots(rhythm, now, now + IN_SIGHT * 7 * DAY)
        due = next((slot.local for slot in ahead_of_now if not slot.excused), None)
        running = next(iter(turns(app, each, now, 0).periods), None)
        on_duty = each.title(app, running[1][0].member) if running else ""
        told = by_member(each.standings)
        states = [state_of(seat, told.get(seat.member, ()), rhythm.zone, now) for seat in each.seats]
        here = sum(state not in (State.OUT, State.LEFT) for state in states)
        found.append(Next(each.the_class.title, here, due, on_duty))
    return found


def of_member(app: App, member: str, now: dt.datetime) -> list[tuple[Class, Turn]]:
    """The turns of a member that run or come in the next periods, in all of their classes, in order of time."""
    found = [
        (each.the_class, turn)
        for each in rolls(app)
        if each.the_class.turn and any(seat.member == member for seat in each.seats)
        for _period, its in turns(app, each, now).periods
        for turn in its
        if turn.member == member
    ]
    return sorted(found, key=lambda each: each[1].start)


def begin(app: App, roll: Roll, now: dt.datetime) -> list[Turn]:
    """Writes down the turns that have begun, so that no later roster changes them; those that are new.

    Nothing is written before the period in which the class begins, nor while turns.csv cannot be read.
    """
    the_class, rhythm = roll.the_class, roll.the_class.rhythm
    today = now.astimezone(rhythm.zone).date()
    if roll.said.problems or (rhythm.start and today < period_at(rhythm.start, the_class.turn or "month").start):
        return []
    known = served(app, the_class.name)
    running = next(iter(turns(app, roll, now, 0).periods), None)
    fresh = [turn for turn in running[1] if turn.member and turn not in known] if running else []
    app.ledger.put_turns(
        MemberStandingRow(
            member=turn.member,
            the_class=the_class.name,
            at=now,
            what=Happened.TURN if turn.group == THE_CLASS else Happened.LEAD,
            first=turn.start.isoformat(),
            last=turn.last.isoformat(),
            who=BY_RULE,
            why=turn.group,
        )
        for turn in fresh
    )
    return fresh


def served(app: App, the_class: str) -> list[Turn]:
    """The turns of a class that have begun, the oldest first."""
    every = str(app.workspace.classes[the_class].turn) or "month"
    found: dict[tuple[str, str, dt.date], Turn] = {}
    for row in app.ledger.turns_served(the_class):
        first, last = dt.date.fromisoformat(row.first), dt.date.fromisoformat(row.last)
        group = row.why if row.what == Happened.LEAD else THE_CLASS
        turn = Turn(period_at(first, every).name, group, row.member, first, last + DAY)
        found.setdefault((group, row.member, first), turn)  # two flows at once may both have written it
    return list(found.values())


def swap(
    app: App, given: Roll, member: str, other: str, now: dt.datetime, *, period: str = "", why: str = ""
) -> list[tuple[str, str, str]]:
    """Gives a member's next turn (or that of `period`) to another, and theirs of the same kind to the member where one
    is in sight. The rows (period, group, member) that are in turns.csv now.

    Raises InputError where the member has no such turn, or the other cannot have it.
    """
    known = turns(app, given, now, IN_SIGHT)
    coming = [turn for _period, its in known.periods for turn in its]
    taken = next((turn for turn in coming if turn.member == member and period in {"", turn.period}), None)
    if taken is None:
        said = _("%(member)s has no turn in sight", member=given.title(app, member))
        raise InputError(said, hint=_("`steadycast turn show` shows them"))
    _same_group(app, given, other, taken)
    back = next((t for t in coming if t.member == other and t.group == taken.group and t.period > taken.period), None)
    rows = [(taken.period, taken.group, other)]
    if back:
        rows.append((back.period, back.group, member))
    _write(app, [dict(zip(COLUMNS, (known.the_class, group, at, who, why), strict=True)) for at, group, who in rows])
    return rows


def _same_group(app: App, given: Roll, other: str, taken: Turn) -> None:
    """InputError where a group's turn would go to somebody of another group; said before it stands in a file."""
    seat = next((seat for seat in given.seats if seat.member == other), None)
    if seat and taken.group and seat.group != taken.group:
        name = given.title(app, other)
        raise InputError(
            _("%(member)s is not in the group %(group)s", member=quoted(name), group=quoted(taken.group)),
            hint=_("the group of %(member)s is %(group)s", member=name, group=quoted(seat.group)),
        )


def _write(app: App, rows: Sequence[Mapping[str, str]]) -> None:
    """Puts rows into turns.csv: one for the same turn is replaced, all others stay as they are."""
    with app.in_turn(FILE, PATIENCE):  # of two at once, one would be lost
        _write_in_turn(app, rows)


def _write_in_turn(app: App, rows: Sequence[Mapping[str, str]]) -> None:
    text, problem = class_files.text_of(app, FILE)
    if problem:
        raise _refused(problem)
    text, seats = text or "", class_files.roster(app)
    if problems := class_files.read_turn_text(app, text, seats).problems:
        raise _refused(problems[0])
    apart = delimiter(text)
    lines = [cells for cells in csv.reader(text.splitlines(), delimiter=apart) if any(map(str.strip, cells))]
    columns = [cell.strip().lower() for cell in lines[0]] if lines else []
    columns += [name for name in COLUMNS if name not in columns]  # without its group, a row is the class's turn

    names = class_files.called_now(app)

    def turn(row: Mapping[str, str]) -> tuple[str, ...]:
        its, *rest = (row.get(key, "") for key in COLUMNS[:3])
        return names.get(its, its), *rest

    new = set(map(turn, rows))
    kept = [cells for cells in lines[1:] if turn(dict(zip(columns, map(str.strip, cells), strict=False))) not in new]
    made = io.StringIO()
    writer = csv.writer(made, delimiter=apart, lineterminator="\n")
    writer.writerows([columns, *kept, *([row.get(column, "") for column in columns] for row in rows)])
    if problems := class_files.read_turn_text(app, made.getvalue(), seats).problems:
        raise _refused(problems[0])
    how = "utf-8-sig" if class_files.has_mark(app, FILE) else "utf-8"
    durable.put_again(app.workspace.root / FILE, made.getvalue().encode(how))


def _refused(problem: Problem) -> InputError:
    return InputError(f"{problem.place}: {problem.message}", hint=problem.hint or None)
