"""What whoever is on duty hands over at a period's end: one page of how the class did, in numbers and few names."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from steadycast.classes.model import Class, Happened, MemberStanding, State
from steadycast.classes.turn_table import LOOKS, PERIODS
from steadycast.classes.turns import THE_CLASS, Period, Turn, following, period_at
from steadycast.errors import InputError
from steadycast.language import Language, of_tag, quoted
from steadycast.language import gettext as _
from steadycast.ledger.tables import HandInRow
from steadycast.pipeline import rounds
from steadycast.pipeline.app import App
from steadycast.pipeline.class_view import HandedIn, handed_in
from steadycast.pipeline.classes import Enrolled
from steadycast.pipeline.house_texts import plain
from steadycast.pipeline.turns import Roll, served, turns
from steadycast.schedule.days import DAY, midnight
from steadycast.schedule.model import Verdict

SECOND = dt.timedelta(seconds=1)
TOLD = (Happened.JOINED, Happened.OUT, Happened.RETURNED)
MISSED, EXCUSED = Verdict.MISSED.value, Verdict.EXCUSED.value


@dataclass(frozen=True, slots=True)
class Due:
    """How one duty slot of a class ended: how many of each."""

    slot: str
    at: dt.datetime  # in the community's zone
    kept: int = 0
    late: int = 0
    missed: int = 0
    made_up: int = 0  # of those that were missed
    away: int = 0


@dataclass(frozen=True, slots=True)
class HandOver:
    """One period of a class. Names are those for people."""

    title: str  # the class's
    period: Period
    on_duty: tuple[tuple[str, Turn], ...]  # name, turn: the class's first
    dues: tuple[Due, ...]
    made_up: tuple[tuple[str, str, dt.datetime], ...]  # name, the piece, when
    comments: int
    done: int
    alone: tuple[tuple[dt.datetime, tuple[str, ...]], ...]  # since when, the authors without a comment
    happened: tuple[tuple[Happened | State, str, dt.date], ...]
    coming: tuple[tuple[str, Turn], ...]  # of the next period
    runs: bool = False  # the period is not over

    def values(self) -> dict[str, object]:
        """For programs."""
        return {
            "class": self.title,
            "period": self.period.name,
            "on_duty": [_turn(each) for each in self.on_duty],
            "due": [
                {
                    "slot": due.slot, "kept": due.kept, "late": due.late, "missed": due.missed,
                    "made_up": due.made_up, "away": due.away,
                }
                for due in self.dues
            ],
            "comments": self.comments,
            "done": self.done,
            "without_comment": [name for _at, names in self.alone for name in names],
            "happened": [
                {"what": what.value, "member": name, "day": day.isoformat()} for what, name, day in self.happened
            ],
            "next": [_turn(each) for each in self.coming],
        }  # fmt: skip


def _turn(each: tuple[str, Turn]) -> dict[str, str]:
    name, turn = each
    return {"group": turn.group, "member": name, "first": turn.start.isoformat()}


def period_named(the_class: Class, name: str, now: dt.datetime) -> Period:
    """The week or month of that name, or the one that runs; a class without turns is told by the month."""
    every = the_class.turn or "month"
    if not name:
        return period_at(now.astimezone(the_class.rhythm.zone).date(), every)
    if PERIODS[every].fullmatch(name):
        with contextlib.suppress(ValueError):  # a year without a 53rd week
            return period_at(dt.date.fromisoformat(f"{name}-01" if every == "month" else name), every)
    said = _("%(value)s is no such period", value=quoted(name[:40]))
    raise InputError(said, hint=_("write %(looks)s", looks=LOOKS[every]))


def before(the_class: Class, period: Period) -> str:
    """The name of the period before."""
    return period_at(period.start - DAY, the_class.turn or "month").name


def hand_over(app: App, roll: Roll, now: dt.datetime, period: str = "") -> HandOver:
    """How a class did in a period: the one that runs where none is named. InputError for what is no period."""
    the_class, zone = roll.the_class, roll.the_class.rhythm.zone
    chosen = period_named(the_class, period, now)
    # What is due at 24:00 belongs to the day that it ends: the first instant of a period is not of it, its end is.
    start, end = (midnight(day, zone) + SECOND for day in (chosen.start, chosen.end))
    rows = app.ledger.hand_ins_between(the_class.name, start, end)
    drawn = rounds.rounds(app, the_class.name, start, end)
    coming = following(chosen, the_class.turn or "month")
    known = {each.name: given for each, given in turns(app, roll, now).periods}
    own = [turn for turn in served(app, the_class.name) if turn.period == chosen.name] or known.get(chosen.name, ())
    groups = [THE_CLASS, *dict.fromkeys(seat.group for seat in roll.seats if seat.group)]

    def in_order(turn: Turn) -> tuple[int, dt.date]:
        return groups.index(turn.group) if turn.group in groups else len(groups), turn.start

    titles = app.ledger.titles({row.made_up_by for row in rows if row.made_up_by})
    return HandOver(
        title=the_class.title,
        period=chosen,
        on_duty=tuple((roll.title(app, turn.member), turn) for turn in sorted(own, key=in_order)),
        dues=tuple(_dues(rows, _not_judged(app, roll, rows, now, (start, end)), zone)),
        made_up=tuple(
            (roll.title(app, row.member), titles.get(row.made_up_by or "", ""), row.made_up_at.astimezone(zone))
            for row in rows
            if row.made_up_at
        ),
        comments=sum(len(each.comments) for each in drawn),
        done=sum(each.done for each in drawn),
        alone=tuple(
            ((each.due - SECOND).astimezone(zone), tuple(roll.title(app, name) for name in each.alone))
            for each in drawn
            if each.alone and each.due <= now
        ),
        happened=tuple(_happened(app, roll, chosen)),
        coming=tuple((roll.title(app, turn.member), turn) for turn in known.get(coming.name, ())),
        runs=now < end,
    )


def _dues(rows: Iterable[HandInRow], further: Iterable[HandedIn], zone: dt.tzinfo) -> Iterator[Due]:
    many: dict[tuple[dt.datetime, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        its = many[row.due, row.slot]
        its[row.verdict] += 1
        its["made up"] += row.verdict == MISSED and row.made_up_at is not None
    for each in further:
        many[each.due, each.slot][each.mark] += 1
    for (due, slot), its in sorted(many.items()):
        at = due.astimezone(zone)
        yield Due(slot, at, its["kept"], its["late"], its[MISSED], its["made up"], its[EXCUSED])


def _not_judged(
    app: App, roll: Roll, rows: Iterable[HandInRow], now: dt.datetime, span: tuple[dt.datetime, dt.datetime]
) -> Iterator[HandedIn]:
    """What was handed in for the period that runs, and is not written down: it is due since just now."""
    start, end = span
    if not start <= now < end:
        return
    its = Enrolled(roll.the_class, tuple(roll.seats), tuple(roll.standings))
    judged = {(row.slot, row.member) for row in rows}
    for each in handed_in(app, its, now):
        if start <= each.due < end and (each.slot, each.member) not in judged:
            yield each


def _happened(app: App, roll: Roll, period: Period) -> Iterator[tuple[Happened | State, str, dt.date]]:
    zone = roll.the_class.rhythm.zone
    told: list[tuple[Happened | State, str, dt.date]] = [
        (Happened.JOINED, seat.member, seat.joined) for seat in roll.seats if seat.joined
    ]
    told += [(State.LEFT, seat.member, seat.left) for seat in roll.seats if seat.left]
    rows: list[MemberStanding] = [row for row in roll.standings if row.what in TOLD]
    told += [(row.what, row.member, row.at.astimezone(zone).date()) for row in rows]
    # Of one day and one member in the order in which it happened: who left and came back did so in that order.
    for what, member, day in sorted(dict.fromkeys(told), key=lambda each: (each[2], each[1])):
        if period.start <= day < period.end:
            yield what, roll.title(app, member), day


def markdown(app: App, made: HandOver) -> str:
    """The page as Markdown, in the community's language."""
    say = of_tag(app.workspace.community.language)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_lines(say, made))) + "\n"


def heading(say: Language, made: HandOver) -> str:
    """What the page is called."""
    return say.gettext("%(title)s, handed over: %(period)s", title=made.title, period=made.period.name)


def _lines(say: Language, made: HandOver) -> Iterator[str]:
    yield f"# {plain(heading(say, made))}"
    yield from _bullets(held(say, turn, name) for name, turn in made.on_duty)
    yield from _below(say.gettext("Hand-ins"))
    yield from _table(say, made.dues) if made.dues else (nothing_due(say, made),)
    yield from _bullets(
        say.gettext("%(name)s made up on %(day)s: %(title)s", name=name, day=say.day(at.date()), title=title)
        for name, title, at in made.made_up
    )
    if made.comments:
        yield from _below(say.gettext("Comments"))
        yield say.gettext("%(done)s of %(all)s comments were made.", done=made.done, all=made.comments)
        yield from _bullets(
            say.gettext("Due %(day)s, without a comment: %(names)s", day=say.day(at.date()), names=say.listed(names))
            for at, names in made.alone
        )
    if made.happened:
        yield from _below(say.gettext("Who came and went"))
        yield from _bullets(f"{say.day(day)} {came(say, what, name)}" for what, name, day in made.happened)
    if made.coming:
        yield from _below(say.gettext("Whose turn is next"))
        yield from _bullets(held(say, turn, name) for name, turn in made.coming)


def _below(title: str) -> Iterator[str]:
    yield from ("", f"## {title}", "")


def _bullets(lines: Iterable[str]) -> Iterator[str]:
    for n, line in enumerate(lines):
        if n == 0:
            yield ""  # below a table or a heading
        yield f"- {plain(line)}"


def nothing_due(say: Language, made: HandOver) -> str:
    """What to say where no hand-in is counted."""
    return say.gettext("No hand-in was due yet.") if made.runs else say.gettext("No hand-in was due.")


def _table(say: Language, dues: Iterable[Due]) -> Iterator[str]:
    heads = (
        say.gettext("Due"), say.gettext("On time"), say.gettext("Handed in late"), say.gettext("Not handed in"),
        say.gettext("Made up"), say.gettext("On leave"),
    )  # fmt: skip
    yield f"| {' | '.join(heads)} |"
    yield "|---|--:|--:|--:|--:|--:|"
    for due in dues:
        numbers = (due.kept, due.late, due.missed, due.made_up, due.away)
        yield f"| {say.instant(due.at)} | {' | '.join(map(str, numbers))} |"


def came(say: Language, what: Happened | State, name: str) -> str:
    """What happened to a member, in words."""
    words = {
        Happened.JOINED: say.gettext("%(name)s joined", name=name),
        Happened.OUT: say.gettext("%(name)s is out", name=name),
        State.LEFT: say.gettext("%(name)s left", name=name),
        Happened.RETURNED: say.gettext("%(name)s came back", name=name),
    }
    return words[what]


def held(say: Language, turn: Turn, name: str) -> str:
    """Who has a turn, in words."""
    return say.gettext("%(what)s: %(name)s", what=role(say, turn), name=name or say.gettext("nobody"))


def role(say: Language, turn: Turn) -> str:
    """What a turn is."""
    return say.gettext("On duty") if turn.group == THE_CLASS else say.gettext("Leads group %(name)s", name=turn.group)
