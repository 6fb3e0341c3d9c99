"""What a community marks, and in which slot: counted, moved by excused days, and never twice."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadycast.language import speaking
from steadycast.schedule.model import Series
from steadycast.schedule.occasions import ClassDay, Counted, Kind, Occasion, Ritual, When, in_words, parse_when, rituals
from steadycast.schedule.slots import slots

ZONE = ZoneInfo("Asia/Shanghai")
DAY = dt.timedelta(days=1)
START = dt.datetime(2026, 11, 27, tzinfo=ZONE)
DAILY = Series("daily", every="day at 20:00", zone=ZONE, start=START.date())
WEEKLY = Series("weekly", every="week on fri at 20:00", zone=ZONE)
BOTH = {"daily": DAILY, "weekly": WEEKLY}


def marked(
    *whens: str, series: str = "daily", known: dict[str, Series] | None = None, **more: object
) -> list[Occasion]:
    asked = [Ritual(parse_when(when), series) for when in whens]
    given: dict[str, object] = {"record": {}, "class_days": (), "start": START, "end": START + 800 * DAY} | more
    return rituals(asked, known or BOTH, **given)  # type: ignore[arg-type]


def days(found: list[Occasion]) -> list[str]:
    return [str(each.slot.local.date()) for each in found]


def test_slot_100_and_365_of_a_daily_series_lie_on_their_days_and_excused_days_move_them() -> None:
    """Slots without a day off lie 99 and 364 days after the first; each excused day moves them by one."""
    assert days(marked("slot 100 of daily", "slot 365 of daily")) == ["2027-03-06", "2027-11-26"]
    off = [dt.date(2026, 12, 31), *(dt.date(2027, 2, 5) + n * DAY for n in range(7))]
    left_out = replace(DAILY, except_=frozenset(off))
    holidays = replace(DAILY, days_off=dict.fromkeys(off, "holiday"))
    for series in (left_out, holidays):
        found = marked("slot 100 of daily", "slot 365 of daily", known={"daily": series})
        assert days(found) == ["2027-03-14", "2027-12-04"]


def test_a_streak_comes_as_far_ahead_as_it_has_got_and_a_miss_begins_another() -> None:
    now = START + 360 * DAY
    kept = {"daily": Counted(360, START.date(), 360, START.date())}
    (found,) = marked("streak 365 of daily", record=kept, start=now, end=now + 30 * DAY)
    assert (days([found]), found.facts) == (["2027-11-26"], {"number": 365, "since": START.date()})
    missed = {"daily": Counted(360, START.date(), 3, dt.date(2027, 11, 19))}
    assert marked("streak 365 of daily", record=missed, start=now, end=now + 30 * DAY) == []
    (other,) = marked("streak 365 of daily", record=missed, start=now, end=now + 400 * DAY)
    assert other.key != found.key


def test_every_hundredth_is_one_occasion_each_and_a_ritual_of_its_own_goes_before() -> None:
    found = marked("slot 200 of daily", "every 100 of daily", end=START + 320 * DAY)
    assert [(each.facts["number"], each.ritual) for each in found] == [(100, 1), (200, 0), (300, 1)]


def test_an_occasion_of_one_series_is_marked_in_the_next_slot_of_another() -> None:
    (found,) = marked("slot 100 of daily", series="weekly")
    assert (found.slot.id, found.at) == ("weekly@2027-03-12T20:00", dt.datetime(2027, 3, 6, 20, tzinfo=ZONE))


@pytest.mark.parametrize("now", [START + 300 * DAY, dt.datetime(2027, 12, 1, 9, tzinfo=ZONE)])
def test_an_anniversary_is_marked_in_the_first_slot_from_its_day_on(now: dt.datetime) -> None:
    """The series began on a Friday; a year later that is a Saturday, and the next slot six days later."""
    record = {"weekly": Counted(50, START.date())}
    found = marked("anniversary", series="weekly", record=record, start=now, end=now + 90 * DAY)
    assert [(each.slot.id, each.facts["number"]) for each in found] == [("weekly@2027-12-03T20:00", 1)]
    after = dt.datetime(2027, 12, 4, tzinfo=ZONE)
    assert marked("anniversary", series="weekly", record=record, start=after, end=after + 90 * DAY) == []


def test_an_anniversary_late_in_the_year_is_marked_in_the_next_years_first_slot() -> None:
    """From the day after its last slot of the year on, the slot that marks it is still ahead."""
    monday = Series("daily", every="week on mon at 20:00", zone=ZONE, start=dt.date(2025, 12, 29))
    known = {"daily": Counted(53, monday.start, 53, monday.start)}
    for day in (27, 28, 31):
        now = dt.datetime(2026, 12, day, 21, tzinfo=ZONE)
        found = marked("anniversary", known={"daily": monday}, record=known, start=now, end=now + 20 * DAY)
        assert days(found) == ["2027-01-04"], day


def test_at_the_end_of_a_day_what_is_marked_keeps_the_day_that_it_ends() -> None:
    midnight = replace(DAILY, every="day at 24:00")
    (found,) = marked("streak 3 of daily", known={"daily": midnight}, end=START + 9 * DAY)
    assert found.slot.id == "daily@2026-11-29T24:00"
    assert found.facts["since"] == START.date()


def test_a_leap_day_has_its_anniversary_on_the_first_of_march() -> None:
    now = dt.datetime(2029, 2, 1, tzinfo=ZONE)
    found = marked(
        "anniversary of daily", record={"daily": Counted(300, dt.date(2028, 2, 29))}, start=now, end=now + 60 * DAY
    )
    assert days(found) == ["2029-03-01"]


def test_days_of_a_class_are_marked_by_name_and_by_period() -> None:
    at = dt.datetime(2027, 1, 4, tzinfo=ZONE)
    given = [
        ClassDay("c16", Kind.OPENS, at, "2027-01-04"), ClassDay("c17", Kind.OPENS, at, "2027-01-04"),
        ClassDay("c16", Kind.TURN, at + 28 * DAY, "2027-02", {"duty": "Momo"}),
        ClassDay("c16", Kind.TURN, at + 56 * DAY, "2027-03", {"duty": "Lin"}),
    ]  # fmt: skip
    found = marked("class c16 opens", "turn of c16", class_days=given)
    assert [(each.key, each.facts) for each in found] == [
        (("opens", "2027-01-04", "c16", "daily"), {}),
        (("turn", "2027-02", "c16", "daily"), {"duty": "Momo"}),
        (("turn", "2027-03", "c16", "daily"), {"duty": "Lin"}),
    ]


def test_announcements_of_one_event_are_one_slot() -> None:
    club = Series("club", every="month on first sat at 14:00", zone=ZONE, announce=(7 * DAY, DAY))
    (found,) = marked("slot 3 of club", series="club", known={"club": club}, end=START + 100 * DAY)
    assert found.slot.id == "club@2027-02-06T14:00-7d"


@given(st.integers(0, 400), st.integers(1, 400), st.sets(st.integers(0, 700), max_size=40))
def test_a_count_is_the_same_from_wherever_it_is_looked_at(passed: int, number: int, off: set[int]) -> None:
    """The n-th slot has one day, be it looked for at the beginning or after any number of slots went out."""
    series = replace(DAILY, except_=frozenset(START.date() + n * DAY for n in off))
    every = slots(series, START, START + 900 * DAY)
    now = every[passed].at
    record = {"daily": Counted(passed, every[0].local.date())}
    found = marked(f"slot {number} of daily", known={"daily": series}, record=record, start=now, end=START + 900 * DAY)
    assert [each.slot for each in found] == ([every[number - 1]] if number > passed else [])


@pytest.mark.parametrize("language", ["en", "zh_Hans", "zh_Hant"])
@given(kind=st.sampled_from(Kind), number=st.integers(2, 100_000), of=st.sampled_from(["daily", "c16", "day-2", "of"]))
def test_what_a_ritual_waits_for_is_read_as_each_language_writes_it(
    kind: Kind, number: int, of: str, language: str
) -> None:
    """The desk offers it so, and an operator types it so."""
    counted = kind in (Kind.SLOT, Kind.EVERY, Kind.STREAK)
    when = When(kind, of, number if counted else 0)
    with speaking(language):
        said = in_words(when)
    assert parse_when(said) == when
    if language != "en":  # Chinese is written with and without spaces
        assert parse_when(said.replace(" ", "")) == when


def test_what_a_ritual_waits_for_is_read_or_said_what_can_be_written() -> None:
    assert parse_when("  slot 100   of daily ") == When(Kind.SLOT, "daily", 100)
    assert parse_when("anniversary") == When(Kind.ANNIVERSARY)
    assert parse_when("class c16 ends") == When(Kind.ENDS, "c16")
    for wrong in (
        "",
        "slot x of daily",
        "slot 0 of daily",
        "every 1 of daily",
        "slot 1000000 of d",
        "birthday",
        "x" * 999,
    ):
        with pytest.raises(ValueError, match=r"cannot be read|a number from"):
            parse_when(wrong)
