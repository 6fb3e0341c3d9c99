"""What members owe, how it is judged, and who should leave: a class of 77 over eight Sundays, to the number."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from class_bench import ZONE, a_class, at, judged, members, works

from steadycast.classes.duties import by_member, duties, leaves
from steadycast.classes.judging import is_over, judge, own_time
from steadycast.classes.leave import refused
from steadycast.classes.leaving import state_of, up_for_leaving
from steadycast.classes.model import (
    Class,
    Duty,
    HandIn,
    Happened,
    Leave,
    Leaving,
    MemberStanding,
    OutRule,
    Seat,
    State,
    Work,
)
from steadycast.report.streaks import tally
from steadycast.schedule.model import Verdict
from steadycast.schedule.slots import slots

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
SUNDAYS = [dt.date(2027, 1, 10) + n * 7 * DAY for n in range(8)]


# A class of 77, eight Sundays.

SEATS = [Seat(member, "c16", joined=dt.date(2027, 1, 20) if member == "m77" else None) for member in members()]
OTHERWISE = {  # member -> week -> when it came instead, None: never
    "m05": {3: "2027-01-27 09:00"},
    "m09": dict.fromkeys(range(2, 9)),
    "m21": {6: "2027-02-14 22:30"},
    "m33": {7: "2027-02-22 00:10"},
    "m40": dict.fromkeys(range(4, 9)),
    "m60": {2: "2027-01-19 20:00"},
    "m14": {4: None, 6: None},
    "m77": {1: None, 2: None, 3: None},
}


def handed_in(member: str) -> list[Work]:
    """On Sundays at 18:00, but for what went otherwise; in week 8 a file of 19:45 was found after an outage."""
    times = []
    for week, day in enumerate(SUNDAYS, 1):
        usual = f"{day} 18:00" if week != 5 else None
        time = OTHERWISE.get(member, {}).get(week, usual)  # type: ignore[attr-defined]
        if time and not (member == "m50" and week == 8):
            times.append(time)
    found = works(times)
    if member == "m50":
        own, seen = at("2027-02-28 19:45"), at("2027-02-28 21:30")
        assert own_time(own, at("2027-02-28 18:59"), seen) == own
        found.append(Work(own, "late-found", "r", seen))
    return found


@pytest.fixture(scope="module")
def story() -> tuple[dict[str, list[Duty]], dict[str, list[HandIn]], list[Leaving]]:
    """The eight weeks with a look an hour: whoever is up for leaving is put out at once, as a strict leader does."""
    the_class = a_class()
    happened = [
        MemberStanding("m14", "c16", at("2027-01-15 12:00"), Happened.LEAVE, dt.date(2027, 1, 25), dt.date(2027, 2, 14))
    ]
    kept: dict[str, dict[str, HandIn]] = {member: {} for member in members()}
    gone: list[Leaving] = []
    now = at("2027-01-05 00:00")
    while now <= at("2027-03-08 00:00"):
        owed = duties(the_class, SEATS, happened, at("2027-01-01 00:00"), now + 15 * DAY)
        for member, its in owed.items():
            came = [work for work in handed_in(member) if (work.seen or work.at) <= now]
            ended = judge(the_class, member, its, came, now, now, kept[member])
            kept[member] = {each.slot: each for each in ended if each.verdict and each.due <= now}
            leaving = up_for_leaving(the_class, kept[member].values(), by_member(happened).get(member, ()), now)
            if leaving:
                gone.append(leaving)
                happened.append(MemberStanding(member, "c16", leaving.at, Happened.OUT, who="m01", why="not made up"))
        now += 6 * HOUR + dt.timedelta(minutes=5)
    owed = duties(the_class, SEATS, happened, at("2027-01-01 00:00"), at("2027-03-01 12:00"))
    return owed, {member: list(its.values()) for member, its in kept.items()}, gone


def cells(story: tuple[dict[str, list[Duty]], dict[str, list[HandIn]], list[Leaving]]) -> dict[tuple[str, int], str]:
    """(member, week) -> how it ended, for all 616."""
    owed, ended, _ = story
    by_slot = {(member, each.slot): each for member, its in ended.items() for each in its}
    found = {}
    for member, its in owed.items():
        for week, duty in enumerate(its, 1):
            there = by_slot.get((member, duty.slot.id)) if duty.owed or duty.on_leave else None
            found[member, week] = str(there.verdict) if there else "skipped" if duty.why else "not owed"
    return found


def test_a_class_of_77_over_eight_sundays_is_judged_to_the_cell(story) -> None:  # type: ignore[no-untyped-def]
    found = cells(story)
    assert len(found) == 616
    assert Counter(found.values()) == {
        "kept": 520, "late": 1, "missed": 5, "excused": 2, "skipped": 76, "not owed": 12
    }  # fmt: skip
    of = {kind: sorted(cell for cell, verdict in found.items() if verdict == kind) for kind in set(found.values())}
    assert of["late"] == [("m21", 6)]
    assert of["missed"] == [("m05", 3), ("m09", 2), ("m33", 7), ("m40", 4), ("m60", 2)]
    assert of["excused"] == [("m14", 4), ("m14", 6)]
    assert {week for _, week in of["skipped"]} == {5}
    per_week = Counter(week for _, week in of["kept"])
    assert [per_week[week] for week in range(1, 9)] == [76, 74, 74, 74, 0, 73, 74, 75]
    assert found["m50", 8] == "kept"


def test_what_was_missed_is_made_up_and_stays_missed(story) -> None:  # type: ignore[no-untyped-def]
    made_up = {member: each.made_up.at for member, its in story[1].items() for each in its if each.made_up is not None}
    assert made_up == {
        "m05": at("2027-01-27 09:00"), "m33": at("2027-02-22 00:10"), "m60": at("2027-01-19 20:00")
    }  # fmt: skip


def test_two_are_up_for_leaving_when_making_it_up_has_ended(story) -> None:  # type: ignore[no-untyped-def]
    """A Sunday on which nothing is owed ends nothing; what was missed by others had been made up."""
    assert [(each.member, each.at) for each in story[2]] == [
        ("m09", at("2027-01-24 20:00")), ("m40", at("2027-02-14 20:00"))
    ]  # fmt: skip
    active = {member for member, its in story[0].items() if its[-1].owed}
    assert len(active) == 75


def test_who_comes_later_owes_first_after_a_whole_period(story) -> None:  # type: ignore[no-untyped-def]
    first = next(duty for duty in story[0]["m77"] if duty.owed)
    assert first.slot.id == "c16@2027-01-31T20:00"


def test_their_streaks_are_those_of_any_channel(story) -> None:  # type: ignore[no-untyped-def]
    """The record's own tally takes members as it takes channels."""
    rows = [
        (member, int(each.due.timestamp()), str(each.verdict))
        for member in sorted(story[1])
        for each in story[1][member]
    ]
    found = tally(rows)
    assert [found[member].current for member in ("m01", "m05", "m14", "m21", "m33", "m40")] == [7, 4, 5, 7, 1, 0]
    assert (found["m21"].late, found["m33"].longest) == (1, 5)


def test_missed_is_said_when_the_late_window_has_closed() -> None:
    """Monday, 00:00, and not a minute earlier."""
    (duty,) = duties(a_class(), SEATS[:1], (), at("2027-01-10 00:00"), at("2027-01-11 00:00"))["m01"]
    for now, verdict in (("2027-01-11 00:00", None), ("2027-01-11 00:01", Verdict.MISSED)):
        (ended,) = judge(a_class(), "m01", [duty], [], at(now), at(now))
        assert ended.verdict is verdict


# Leave.


def test_leave_that_is_asked_too_late_is_refused_with_the_number() -> None:
    sunday = dt.date(2027, 1, 17)
    assert refused(a_class(), [], Leave(sunday, sunday), dt.date(2027, 1, 14)) == "3 days ahead; 7 are asked"
    assert refused(a_class(), [], Leave(sunday, sunday), dt.date(2027, 1, 10)) == ""


def test_leave_has_a_length_a_number_and_no_second_one_over_it() -> None:
    the_class, asked = a_class(), dt.date(2027, 1, 1)
    first = dt.date(2027, 3, 1)
    month = Leave(first, first + 29 * DAY)
    assert refused(the_class, [], month, asked) == ""
    assert "30 are the most" in refused(the_class, [], Leave(first, first + 30 * DAY), asked)
    assert "already" in refused(the_class, [month], Leave(month.last, month.last + DAY), asked)
    three = [Leave(day, day) for day in (dt.date(2027, 5, 1), dt.date(2027, 6, 1), dt.date(2027, 7, 1))]
    assert "number 4 of that year; 3 are the most" in refused(the_class, three, month, asked)
    assert refused(the_class, three, Leave(dt.date(2028, 1, 2), dt.date(2028, 1, 2)), asked) == ""


def test_who_comes_back_early_owes_the_next_one() -> None:
    away = MemberStanding(
        "m01", "c16", at("2027-01-05 12:00"), Happened.LEAVE, dt.date(2027, 1, 15), dt.date(2027, 2, 10)
    )
    back = MemberStanding("m01", "c16", at("2027-01-20 12:00"), Happened.RETURNED, who="lin", why="well again")
    its = duties(a_class(), SEATS[:1], [away, back], at("2027-01-01 00:00"), at("2027-02-04 00:00"))["m01"]
    assert [(duty.owed, duty.on_leave) for duty in its] == [(True, False), (False, True), (True, False), (True, False)]


def test_a_leave_of_later_days_stays_after_a_return() -> None:
    """Whoever was out and is back: their leader writes a leave into the roster, and it counts."""
    out = MemberStanding("m01", "c16", at("2027-01-05 12:00"), Happened.OUT, who="lin", why="gone")
    back = MemberStanding("m01", "c16", at("2027-01-06 12:00"), Happened.RETURNED, who="lin", why="here again")
    seat = replace(SEATS[0], leave=(Leave(dt.date(2027, 1, 24), dt.date(2027, 1, 24)),))
    its = duties(a_class(), [seat], [out, back], at("2027-01-11 00:00"), at("2027-02-04 00:00"))["m01"]
    assert [duty.on_leave for duty in its] == [False, True, False]
    today = replace(seat, leave=(Leave(dt.date(2027, 1, 6), dt.date(2027, 1, 9)),))
    assert leaves(today, [back], ZONE) == []


# Who should leave.


def missed(day: str, *, made_up: bool = False) -> HandIn:
    due = at(f"{day} 20:00")
    work = Work(due + DAY, "d") if made_up else None
    return HandIn(f"c16@{day}T20:00", due, "m01", Verdict.MISSED, made_up=work, closes=due + 2 * DAY)


def kept(day: str) -> HandIn:
    due = at(f"{day} 20:00")
    return HandIn(f"c16@{day}T20:00", due, "m01", Verdict.KEPT, Work(due, "d"))


LATER = at("2028-01-01 00:00")


@pytest.mark.parametrize(
    ("rule", "ended", "since"),
    [
        ("1 missed", [missed("2027-01-10", made_up=True)], None),
        ("1 missed", [kept("2027-01-10"), missed("2027-01-17")], "2027-01-19 20:00"),
        ("2 missed in a row", [missed("2027-01-10"), kept("2027-01-17"), missed("2027-01-24")], None),
        ("2 missed in a row", [missed("2027-01-10"), missed("2027-01-24")], "2027-01-26 20:00"),
        ("2 missed in a row", [missed("2027-01-10"), missed("2027-01-17", made_up=True), missed("2027-01-24")], None),
        ("2 missed in 7d", [missed("2027-01-10"), missed("2027-01-17")], None),
        ("2 missed in 7d", [missed("2027-01-10"), kept("2027-01-11"), missed("2027-01-16")], "2027-01-18 20:00"),
        # The class begins on a Monday, so its seven days end with a Sunday.
        ("2 missed per 7d", [missed("2027-01-10"), missed("2027-01-11")], None),
        ("2 missed per 7d", [missed("2027-01-11"), missed("2027-01-17")], "2027-01-19 20:00"),
        ("2 missed per month", [missed("2027-01-31"), missed("2027-02-01")], None),
        ("2 missed per month", [missed("2027-01-01"), missed("2027-01-31")], "2027-02-02 20:00"),
    ],
)
def test_the_five_rules_count_what_they_say(rule: str, ended: Sequence[HandIn], since: str | None) -> None:
    leaving = up_for_leaving(a_class(out=OutRule.read(rule)), ended, (), LATER)
    assert (leaving.at if leaving else None) == (at(since) if since else None)


def test_without_a_rule_nobody_is_up_for_leaving() -> None:
    assert up_for_leaving(a_class(out=None), [missed("2027-01-10")] * 9, (), LATER) is None


def test_what_a_person_forgave_counts_no_more_and_the_next_miss_does() -> None:
    stays = MemberStanding("m01", "c16", at("2027-01-20 00:00"), Happened.KEPT, who="lin", why="ill")
    ended = [missed("2027-01-10")]
    assert up_for_leaving(a_class(), ended, [stays], LATER) is None
    leaving = up_for_leaving(a_class(), [*ended, missed("2027-01-24")], [stays], LATER)
    assert leaving
    assert leaving.misses == (missed("2027-01-24"),)


def test_nobody_is_up_for_leaving_before_a_look_after_the_end_of_making_up() -> None:
    ended, closes = [missed("2027-01-10")], at("2027-01-12 20:00")
    assert up_for_leaving(a_class(), ended, (), closes) is None
    assert up_for_leaving(a_class(), ended, (), None) is None
    assert up_for_leaving(a_class(), ended, (), closes + HOUR)


def test_what_is_due_at_the_end_of_a_day_is_of_that_days_month() -> None:
    its = [
        HandIn(day, at(f"{day} 00:00"), "m01", Verdict.MISSED, closes=at(f"{day} 00:00"))
        for day in ("2027-02-01", "2027-02-08")
    ]
    looked = at("2027-02-09 00:00")
    assert up_for_leaving(a_class(out=OutRule(2, per="month")), its, [], looked) is None
    assert up_for_leaving(a_class(out=OutRule(2)), its, [], looked)


def test_how_a_member_stands_is_told_by_what_happened_last() -> None:
    now = at("2027-02-01 12:00")

    def happened(what: Happened, day: str, **more: dt.date) -> MemberStanding:
        return MemberStanding("m01", "c16", at(f"{day} 12:00"), what, **more)  # type: ignore[arg-type]

    seat = Seat("m01", "c16")
    warned, out = happened(Happened.WARNED, "2027-01-05"), happened(Happened.OUT, "2027-01-10")
    back = happened(Happened.RETURNED, "2027-01-20")
    for its, state in (
        ([], State.ACTIVE), ([warned], State.WARNED), ([warned, out], State.OUT), ([warned, out, back], State.ACTIVE),
    ):  # fmt: skip
        assert state_of(seat, its, ZONE, now) is state
    assert state_of(seat, [happened(Happened.UP, "2027-01-20")], ZONE, now) is State.UP
    assert state_of(replace(seat, left=dt.date(2027, 2, 1)), [], ZONE, now) is State.LEFT
    away = replace(seat, leave=(Leave(dt.date(2027, 1, 31), dt.date(2027, 2, 2)),))
    assert state_of(away, [], ZONE, now) is State.AWAY


# What a hand-in is.


def ended(
    the_class: Class, times: Sequence[str], until: str, looked: str | None = None
) -> list[tuple[str, Verdict | None, bool]]:
    _, found = judged(the_class, SEATS[:1], lambda _: works(times), at(until), looked=at(looked) if looked else None)
    return [
        (each.slot[-11:-6], each.verdict, each.made_up is not None) for each in found["m01"] if each.due < at(until)
    ]


def test_one_draft_meets_one_duty_and_the_earliest_counts() -> None:
    """Two in one week meet one week; what came for a week that was met does not count for the next."""
    two = ["2027-01-06 12:00", "2027-01-07 12:00"]
    assert ended(a_class(), two, "2027-01-18 01:00") == [
        ("01-10", Verdict.KEPT, False), ("01-17", Verdict.MISSED, False)
    ]  # fmt: skip


def test_what_comes_after_the_hour_of_a_duty_that_is_met_counts_for_the_next() -> None:
    early = ["2027-01-10 18:00", "2027-01-10 22:00"]
    assert ended(a_class(), early, "2027-01-18 01:00") == [
        ("01-10", Verdict.KEPT, False), ("01-17", Verdict.KEPT, False)
    ]  # fmt: skip


def test_without_making_up_a_late_piece_counts_for_the_next() -> None:
    strict = a_class(makeup="none")
    assert ended(strict, ["2027-01-12 12:00"], "2027-01-18 01:00") == [
        ("01-10", Verdict.MISSED, False), ("01-17", Verdict.KEPT, False)
    ]  # fmt: skip


def test_making_up_for_a_length_of_time_takes_the_last_one_first() -> None:
    long = a_class(makeup=30 * DAY)
    assert ended(long, ["2027-01-19 12:00", "2027-01-20 12:00"], "2027-01-24 12:00") == [
        ("01-10", Verdict.MISSED, True), ("01-17", Verdict.MISSED, True)
    ]  # fmt: skip
    assert ended(long, ["2027-01-19 12:00"], "2027-01-24 12:00") == [
        ("01-10", Verdict.MISSED, False), ("01-17", Verdict.MISSED, True)
    ]  # fmt: skip


def test_nothing_is_missed_while_nobody_could_look() -> None:
    """The duty stays open, and is said to be unseen; once somebody looked, the file's own time counts."""
    dark = "2027-01-10 19:00"
    _, found = judged(a_class(), SEATS[:1], lambda _: [], at("2027-01-12 00:00"), looked=at(dark))
    assert [(each.verdict, each.unseen) for each in found["m01"]][:2] == [(None, True), (None, False)]


def test_a_files_own_time_is_believed_within_the_blind_window_alone() -> None:
    looked, seen = at("2027-01-10 19:00"), at("2027-01-10 21:30")
    inside, before = at("2027-01-10 19:45"), at("2027-01-10 12:00")
    assert own_time(inside, looked, seen) == inside
    assert own_time(before, looked, seen) is None
    assert own_time(seen + HOUR, looked, seen) is None
    assert own_time(None, looked, seen) is None
    assert own_time(inside, None, seen) is None


def test_what_was_judged_stands_whatever_comes_after() -> None:
    """A person's correction, and verdicts by older rules, are not judged again; their drafts are used."""
    the_class = a_class()
    owed = duties(the_class, SEATS[:1], (), at("2027-01-01 00:00"), at("2027-01-20 00:00"))["m01"]
    stands = HandIn(owed[0].slot.id, owed[0].slot.at, "m01", Verdict.KEPT, Work(at("2027-01-15 10:00"), "d1"), by="lin")
    now = at("2027-01-18 01:00")
    found = judge(the_class, "m01", owed, [Work(at("2027-01-15 10:00"), "d1")], now, now, {stands.slot: stands})
    assert [each.verdict for each in found if each.due < now] == [Verdict.KEPT, Verdict.MISSED]
    assert found[0] == stands
    assert is_over(stands, now)


def test_a_class_owes_what_its_slots_are() -> None:
    """Nothing is invented: each duty is a slot of the rhythm."""
    the_class = a_class()
    window = at("2027-01-04 00:00"), at("2027-03-01 00:00")
    owed = duties(the_class, SEATS[:1], (), *window)["m01"]
    assert [duty.slot for duty in owed] == slots(the_class.rhythm, *window)
