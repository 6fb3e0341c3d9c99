"""Who should leave by the rule, and how a member stands. The rule proposes; a person decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from steadycast.classes.duties import gone, leaves
from steadycast.classes.judging import is_over
from steadycast.classes.model import Class, HandIn, Happened, Leaving, MemberStanding, OutRule, Seat, State
from steadycast.schedule.model import Verdict


def up_for_leaving(
    the_class: Class, hand_ins: Iterable[HandIn], happened: Iterable[MemberStanding], looked: dt.datetime | None
) -> Leaving | None:
    """Whether the rule would have a member leave, by their duties in order; None where it would not, or has no word.

    What was made up does not count, nor what can be still. What a person forgave is forgiven: it was over when they
    decided that the member stays, or came back.
    """
    hand_ins, happened = list(hand_ins), list(happened)
    if the_class.out is None or not any(each.verdict is Verdict.MISSED for each in hand_ins):
        return None
    if any(back is None for _, back in gone(happened)):
        return None
    stays = (each.at for each in happened if each.what is Happened.KEPT)
    forgiven = max((*stays, *(back for _, back in gone(happened) if back)), default=None)
    for its in _runs(the_class, the_class.out, _judged(hand_ins, looked, forgiven)):
        ended = [each.closes for each in its if each.closes]
        return Leaving(its[0].member, max(ended), tuple(its))
    return None


def _judged(hand_ins: Iterable[HandIn], looked: dt.datetime | None, forgiven: dt.datetime | None) -> Iterator[HandIn]:
    for each in hand_ins:
        if each.verdict in (None, Verdict.EXCUSED) or not is_over(each, looked):
            continue
        if not (forgiven and (each.closes or each.due) <= forgiven):
            yield each


def _runs(the_class: Class, rule: OutRule, judged: Iterable[HandIn]) -> Iterator[Sequence[HandIn]]:
    """The misses that are enough for the rule, the first such run first."""
    run: list[HandIn] = []
    for each in judged:
        if not each.counts:
            if rule.in_row:
                run = []
            continue
        run = [other for other in run if _together(the_class, rule, other, each)]
        run.append(each)
        if len(run) >= rule.missed:
            yield run


def _together(the_class: Class, rule: OutRule, one: HandIn, other: HandIn) -> bool:
    zone, start = the_class.rhythm.zone, the_class.rhythm.start
    # A second less: what is due at 24:00 belongs to the day that it ends.
    first, second = ((each.due - dt.timedelta(seconds=1)).astimezone(zone).date() for each in (one, other))
    if rule.within:
        return (second - first).days < rule.within
    if rule.per == "month":
        return (first.year, first.month) == (second.year, second.month)
    if rule.per:
        assert start is not None
        return (first - start).days // int(rule.per) == (second - start).days // int(rule.per)
    return True


def awaits(happened: Iterable[MemberStanding]) -> MemberStanding | None:
    """What the rule said last of a member, where no person has decided since; `happened` is in order of time."""
    found = None
    for each in happened:
        if each.what is Happened.UP:
            found = each
        elif each.what in (Happened.OUT, Happened.KEPT):
            found = None
    return found


def state_of(seat: Seat, happened: Sequence[MemberStanding], zone: dt.tzinfo, now: dt.datetime) -> State:
    """How a member stands at an instant; `happened` is in order of time."""
    day = now.astimezone(zone).date()
    if any(back is None for _, back in gone(happened)):
        return State.OUT
    if seat.left and seat.left <= day:
        return State.LEFT
    if awaits(happened):
        return State.UP
    if any(day in leave for leave in leaves(seat, happened, zone)):
        return State.AWAY
    last = next((each.what for each in reversed(happened) if each.what in _ABOUT), None)
    return State.WARNED if last is Happened.WARNED else State.ACTIVE


_ABOUT = (Happened.WARNED, Happened.KEPT, Happened.OUT, Happened.RETURNED)
