"""Slots: the instants a series promised, in every zone, through both changes of the clocks."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast
from zoneinfo import TZPATH, ZoneInfo, available_timezones

import pytest
from conftest import THOROUGH, examples
from hypothesis import given
from hypothesis import strategies as st

from steadycast.schedule.model import Series, Slot
from steadycast.schedule.slots import next_slot, occasion_of, occurrence_of, slots

UTC = dt.UTC
SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NOTES = Series("notes", every="day at 20:00", zone=SHANGHAI)
VIDEO = Series("video", every="week on fri at 20:00", zone=SHANGHAI)
CLUB = Series(
    "club", every="month on first sat at 14:00", zone=BERLIN, announce=(dt.timedelta(days=7), dt.timedelta(days=1))
)
# The National Day holidays of 2026 in China.
HOLIDAYS = {dt.date(2026, 10, day): "国庆节" for day in range(1, 8)}


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def year(series: Series, year: int = 2026) -> list[Slot]:
    """The slots of one calendar year of the series' own zone."""
    return slots(
        series,
        dt.datetime(year, 1, 1, tzinfo=series.zone).astimezone(UTC),
        dt.datetime(year + 1, 1, 1, tzinfo=series.zone).astimezone(UTC),
    )


def test_a_slot_is_named_by_series_and_local_time() -> None:
    (slot,) = slots(NOTES, utc(2026, 11, 27), utc(2026, 11, 28))
    assert slot == Slot(utc(2026, 11, 27, 12), "notes@2026-11-27T20:00", "notes", dt.datetime(2026, 11, 27, 20))


def test_the_window_holds_its_start_and_not_its_end() -> None:
    at = utc(2026, 11, 27, 12)
    assert [slot.at for slot in slots(NOTES, at, at + dt.timedelta(days=1))] == [at]
    assert slots(NOTES, at + dt.timedelta(microseconds=1), at + dt.timedelta(days=1)) == []
    assert slots(NOTES, at, at) == []


def zones() -> list[str]:
    """One name of each zone: the other names of the same rules are copies of its file."""
    found: dict[bytes, str] = {}
    for name in sorted(available_timezones()):
        file = next((file for folder in TZPATH if (file := Path(folder) / name).is_file()), None)
        found.setdefault(file.read_bytes() if file else name.encode(), name)
    return list(found.values())


def test_every_zone_keeps_its_wall_time_through_2026_and_2027() -> None:
    """One slot a local day, at the instant that zoneinfo itself finds, for wall times in and around the gaps."""
    start, end = dt.datetime(2026, 1, 1, tzinfo=UTC), dt.datetime(2028, 1, 1, tzinfo=UTC)
    days = [start + dt.timedelta(days=n) for n in range(731)]
    for zone in zones()[:: 1 if THOROUGH else 5]:
        tz = ZoneInfo(zone)
        changes = any(one != two for one, two in pairwise(day.astimezone(tz).utcoffset() for day in days))
        for time in ("00:00", "00:30", "01:30", "02:00", "02:30", "03:00", "20:00") if changes else ("02:30",):
            found = slots(Series("s", every=f"day at {time}", zone=tz), start, end)
            hour, minute = map(int, time.split(":"))
            expected = []
            for day in range(-2, 733):
                local = dt.datetime(2026, 1, 1, hour, minute) + dt.timedelta(days=day)
                before = local.replace(tzinfo=tz, fold=0)
                if start <= (at := before.astimezone(UTC)) < end:
                    expected.append((at, local))
            assert [(slot.at, slot.local) for slot in found] == expected, (zone, time)


def test_a_time_in_the_gap_is_an_hour_later_and_keeps_its_name() -> None:
    (slot,) = slots(Series("s", every="day at 02:30", zone=BERLIN), utc(2026, 3, 29), utc(2026, 3, 30))
    assert slot.id == "s@2026-03-29T02:30"
    assert slot.at.astimezone(BERLIN).replace(tzinfo=None) == dt.datetime(2026, 3, 29, 3, 30)


def test_a_time_that_occurs_twice_is_taken_the_first_time() -> None:
    found = slots(Series("s", every="day at 02:30", zone=BERLIN), utc(2026, 10, 24, 12), utc(2026, 10, 25, 12))
    assert [slot.at for slot in found] == [utc(2026, 10, 25, 0, 30)]


def test_where_the_gap_puts_two_slots_on_one_instant_the_real_wall_time_stays() -> None:
    found = slots(Series("s", every="day at 02:30,03:30", zone=BERLIN), utc(2026, 3, 29), utc(2026, 3, 30))
    assert [slot.id for slot in found] == ["s@2026-03-29T03:30"]


def test_slots_are_in_order_of_instants_where_the_gap_turns_wall_times_around() -> None:
    found = slots(Series("s", every="day at 02:30,03:00", zone=BERLIN), utc(2026, 3, 29), utc(2026, 3, 30))
    assert [slot.id for slot in found] == ["s@2026-03-29T03:00", "s@2026-03-29T02:30"]


def test_a_day_that_a_zone_left_out_has_no_slot_of_its_own() -> None:
    apia = Series("s", every="day at 20:00", zone=ZoneInfo("Pacific/Apia"))
    found = slots(apia, utc(2011, 12, 30), utc(2012, 1, 1))
    assert [slot.id for slot in found] == ["s@2011-12-29T20:00", "s@2011-12-31T20:00"]


def test_an_rrule_means_local_time_too() -> None:
    series = Series("s", rrule="FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=9;BYMINUTE=0", zone=BERLIN)
    assert [slot.at for slot in slots(series, utc(2026, 3, 1), utc(2026, 5, 1))] == [
        utc(2026, 3, 31, 7),
        utc(2026, 4, 30, 7),
    ]


def test_a_series_has_no_slot_before_its_start_nor_after_its_until_nor_on_an_exception() -> None:
    series = replace(
        NOTES, start=dt.date(2026, 1, 10), until=dt.date(2026, 1, 13), except_=frozenset({dt.date(2026, 1, 12)})
    )
    assert [slot.local.day for slot in year(series)] == [10, 11, 13]


def test_every_second_week_is_counted_from_the_start() -> None:
    series = Series("s", every="2 weeks on fri at 20:00", zone=SHANGHAI, start=dt.date(2026, 1, 7))
    assert [slot.local.date().isoformat() for slot in year(series)][:3] == ["2026-01-09", "2026-01-23", "2026-02-06"]


def test_a_slot_on_a_day_off_is_shown_and_excused() -> None:
    found = year(replace(VIDEO, days_off=HOLIDAYS))
    assert len(found) == 52
    assert {slot.id: slot.excused for slot in found if slot.excused} == {"video@2026-10-02T20:00": "国庆节"}


def test_a_slot_moved_off_a_day_off_keeps_its_name() -> None:
    found = year(replace(VIDEO, days_off=HOLIDAYS, on_day_off="move"))
    (moved,) = [slot for slot in found if slot.at.astimezone(SHANGHAI).replace(tzinfo=None) != slot.local]
    assert (moved.id, moved.at, moved.excused) == ("video@2026-10-02T20:00", utc(2026, 10, 8, 12), "")


def test_slots_are_never_moved_onto_the_series_own_next_slot() -> None:
    found = year(replace(NOTES, days_off=HOLIDAYS, on_day_off="move"))
    assert [slot.local.day for slot in found if slot.excused] == [1, 2, 3, 4, 5, 6, 7]
    assert len({slot.at for slot in found if not slot.excused}) == 365 - 7


def test_slots_of_one_holiday_are_not_moved_onto_each_other() -> None:
    series = Series("s", every="week on mon,wed at 20:00", zone=SHANGHAI, days_off=HOLIDAYS, on_day_off="move")
    october = {slot.id: slot for slot in year(series) if slot.local.month == 10 and slot.local.day < 8}
    assert [slot.at.astimezone(SHANGHAI).day for slot in october.values()] == [8, 9]
    assert list(october) == ["s@2026-10-05T20:00", "s@2026-10-07T20:00"]


def test_a_slot_may_move_across_new_year_and_is_found_there() -> None:
    off = {dt.date(2027, 12, 31): "eve", dt.date(2028, 1, 1): "new year"}
    series = replace(VIDEO, days_off=off, on_day_off="move")
    (slot,) = slots(series, utc(2028, 1, 1), utc(2028, 1, 6))
    assert (slot.id, slot.at) == ("video@2027-12-31T20:00", utc(2028, 1, 2, 12))


@pytest.mark.parametrize(("per_year", "owed"), [(48, 48), (52, 52), (60, 52), (1, 1), (0, 0)])
def test_per_year_leaves_that_many_owed_spread_over_the_year(per_year: Any, owed: Any) -> None:
    found = year(replace(VIDEO, per_year=per_year))
    assert len(found) == 52
    assert len([slot for slot in found if not slot.excused]) == owed
    if per_year == 48:
        free = [position for position, slot in enumerate(found) if slot.excused]
        assert {later - sooner for sooner, later in pairwise(free)} == {13}


def test_days_off_count_against_the_surplus_first() -> None:
    found = year(replace(VIDEO, per_year=48, days_off=HOLIDAYS))
    assert len([slot for slot in found if not slot.excused]) == 48
    assert len([slot for slot in found if slot.excused == "国庆节"]) == 1


def test_announcements_share_one_occasion_and_keep_the_wall_time() -> None:
    """The Saturday after the change to winter time is announced at 14:00 too, seven local days ahead."""
    found = slots(replace(CLUB, every="week on sun at 14:00"), utc(2026, 10, 18, 12), utc(2026, 10, 25))
    assert [(slot.id, slot.occasion, slot.at) for slot in found] == [
        ("club@2026-10-25T14:00-7d", "club@2026-10-25T14:00", utc(2026, 10, 18, 12)),
        ("club@2026-10-25T14:00-1d", "club@2026-10-25T14:00", utc(2026, 10, 24, 12)),
    ]
    assert {occurrence_of(CLUB, slot) for slot in found} == {utc(2026, 10, 25, 13)}
    assert {occasion_of(slot.id) for slot in found} == {"club@2026-10-25T14:00"}


def test_an_announcement_may_lead_by_hours() -> None:
    series = replace(CLUB, announce=(dt.timedelta(days=1, hours=2, minutes=30), dt.timedelta(minutes=45)))
    found = slots(series, utc(2026, 12, 1), utc(2026, 12, 8))
    assert [(slot.id, slot.at) for slot in found] == [
        ("club@2026-12-05T14:00-1d2h30m", utc(2026, 12, 4, 10, 30)),
        ("club@2026-12-05T14:00-45m", utc(2026, 12, 5, 12, 15)),
    ]
    assert {occurrence_of(series, slot) for slot in found} == {utc(2026, 12, 5, 13)}


def test_announcements_of_a_moved_event_move_with_it() -> None:
    series = replace(CLUB, days_off={dt.date(2026, 12, 5): "market"}, on_day_off="move")
    found = slots(series, utc(2026, 11, 28), utc(2026, 12, 8))
    assert [slot.id for slot in found] == ["club@2026-12-05T14:00-7d", "club@2026-12-05T14:00-1d"]
    assert {occurrence_of(series, slot) for slot in found} == {utc(2026, 12, 6, 13)}


def test_an_ordinary_slot_announces_nothing() -> None:
    (slot,) = slots(NOTES, utc(2026, 11, 27), utc(2026, 11, 28))
    assert occasion_of(slot.id) == slot.occasion == ""
    assert occurrence_of(NOTES, slot) == slot.at


def test_the_next_slot_is_the_next_one_owed() -> None:
    series = replace(VIDEO, days_off=HOLIDAYS)
    assert cast("Slot", next_slot(series, utc(2026, 10, 1))).id == "video@2026-10-09T20:00"
    assert next_slot(replace(VIDEO, until=dt.date(2025, 1, 1)), utc(2026, 1, 1)) is None
    leap = Series("leap", rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=9;BYMINUTE=0", zone=SHANGHAI)
    assert cast("Slot", next_slot(leap, utc(2026, 1, 1))).id == "leap@2028-02-29T09:00"


SERIES = st.builds(
    Series,
    name=st.just("s"),
    every=st.sampled_from(
        [
            "day at 02:30",
            "week on mon,fri at 20:00",
            "month on last sun at 02:00",
            "3 days at 23:59",
            "day at 01:00,02:30",
        ]
    ),
    zone=st.sampled_from([BERLIN, SHANGHAI, ZoneInfo("America/New_York"), ZoneInfo("Africa/Casablanca")]),
    per_year=st.none() | st.integers(0, 400),
    days_off=st.dictionaries(st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)), st.just("off"), max_size=30),
    on_day_off=st.sampled_from(["excuse", "move"]),
    announce=st.sampled_from([(), (dt.timedelta(days=7), dt.timedelta(days=1)), (dt.timedelta(hours=3),)]),
    except_=st.frozensets(st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)), max_size=5),
)


@given(SERIES, st.integers(0, 700), st.integers(0, 60), st.integers(0, 60))
@examples(60)
def test_what_is_asked_does_not_change_what_is_found(series: Any, begin: int, one: int, other: int) -> None:
    """Two windows side by side give what both together give; ids and owed instants are unique."""
    start = utc(2026, 1, 1, 5) + dt.timedelta(days=begin)
    middle, end = start + dt.timedelta(days=one), start + dt.timedelta(days=one + other)
    together = slots(series, start, end)
    assert slots(series, start, middle) + slots(series, middle, end) == together
    assert together == sorted(together)
    assert len({slot.id for slot in together}) == len(together)
    if not series.announce:
        assert len({slot.at for slot in together if not slot.excused}) == len(
            [slot for slot in together if not slot.excused]
        )
