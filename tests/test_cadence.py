"""Cadences: what each form means, what a wrong one probably meant, and how cron and people hear it."""

from __future__ import annotations

import datetime as dt
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import examples
from croniter import croniter
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from steadycast.errors import SettingsError
from steadycast.schedule import rhythm_phrases
from steadycast.schedule.cadence import parse
from steadycast.schedule.days import ANCHOR
from steadycast.schedule.model import Series
from steadycast.schedule.slots import slots, wall_time

FIRST, LAST = dt.date(2026, 11, 1), dt.date(2026, 12, 31)


def days(every: str | None = None, rrule: Any = None) -> list[str]:
    return [f"{moment:%m-%d %H:%M}" for moment in parse(every, rrule).moments(FIRST, LAST, ANCHOR)]


@pytest.mark.parametrize(
    ("form", "first_three"),
    [
        ("day at 06:20", ["11-01 06:20", "11-02 06:20", "11-03 06:20"]),
        ("every day at 6:20", ["11-01 06:20", "11-02 06:20", "11-03 06:20"]),
        ("day at 20:00, 08:00", ["11-01 08:00", "11-01 20:00", "11-02 08:00"]),
        ("weekday at 20:00", ["11-02 20:00", "11-03 20:00", "11-04 20:00"]),
        ("week on fri at 20:00", ["11-06 20:00", "11-13 20:00", "11-20 20:00"]),
        ("Week on Wednesday and mon,fri at 08:00", ["11-02 08:00", "11-04 08:00", "11-06 08:00"]),
        ("2 weeks on fri at 20:00", ["11-06 20:00", "11-20 20:00", "12-04 20:00"]),
        ("10 days at 20:00", ["11-06 20:00", "11-16 20:00", "11-26 20:00"]),
        ("month on 1,15 at 09:00", ["11-01 09:00", "11-15 09:00", "12-01 09:00"]),
        ("month on last fri at 19:30", ["11-27 19:30", "12-25 19:30"]),
        ("month on first sat at 14:00", ["11-07 14:00", "12-05 14:00"]),
        ("month on 31 at 09:00", ["12-31 09:00"]),
        ("month on last day at 09:00", ["11-30 09:00", "12-31 09:00"]),
        ("每天 06:20", ["11-01 06:20", "11-02 06:20", "11-03 06:20"]),
        ("工作日 20：00", ["11-02 20:00", "11-03 20:00", "11-04 20:00"]),
        ("每周五 20:00", ["11-06 20:00", "11-13 20:00", "11-20 20:00"]),
        ("每周一、三、五08:00", ["11-02 08:00", "11-04 08:00", "11-06 08:00"]),
        ("每周五、周日 20:00", ["11-01 20:00", "11-06 20:00", "11-08 20:00"]),
        ("每周五和每周日 20:00", ["11-01 20:00", "11-06 20:00", "11-08 20:00"]),
        ("周五 20:00", ["11-06 20:00", "11-13 20:00", "11-20 20:00"]),
        ("每个礼拜五 20:00", ["11-06 20:00", "11-13 20:00", "11-20 20:00"]),
        ("每周末 20:00", ["11-01 20:00", "11-07 20:00", "11-08 20:00"]),
        ("周末 10:00", ["11-01 10:00", "11-07 10:00", "11-08 10:00"]),
        ("weekend at 10:00", ["11-01 10:00", "11-07 10:00", "11-08 10:00"]),
        ("每周一至周三 08:00", ["11-02 08:00", "11-03 08:00", "11-04 08:00"]),
        ("周六到周一 08:00", ["11-01 08:00", "11-02 08:00", "11-07 08:00"]),
        ("每个工作日 20:00", ["11-02 20:00", "11-03 20:00", "11-04 20:00"]),
        ("每月1、15日 09:00", ["11-01 09:00", "11-15 09:00", "12-01 09:00"]),
        ("每星期天 10:00", ["11-01 10:00", "11-08 10:00", "11-15 10:00"]),
        ("每月1日、15号 09:00", ["11-01 09:00", "11-15 09:00", "12-01 09:00"]),
        ("每月最后一个周五 19:30", ["11-27 19:30", "12-25 19:30"]),
        ("每月第一个星期六 14:00", ["11-07 14:00", "12-05 14:00"]),
        ("每月最后一天 09:00", ["11-30 09:00", "12-31 09:00"]),
    ],
)
def test_human_forms(form: str, first_three: list[str]) -> None:
    assert days(form)[:3] == first_three


@pytest.mark.parametrize(
    ("form", "meant"),
    [
        ("dya at 06:20", "day at 06:20"),
        ("day 06:20", "day at 06:20"),
        ("daily at 06:20", "day at 06:20"),
        ("friday at 20:00", "week on friday at 20:00"),
        ("week fri at 20:00", "week on fri at 20:00"),
        ("mon,fri 20:00", "week on mon,fri at 20:00"),
        ("weekdys at 20:00", "weekday at 20:00"),
        ("month on lst fri at 19:30", "month on last fri at 19:30"),
    ],
)
def test_a_wrong_form_says_what_was_probably_meant(form: str, meant: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse(form)
    assert error.value.hint == f'did you mean "{meant}"?'


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ("", "none of the known forms"),
        ("sometimes", "none of the known forms"),
        ("day at 25:00", '"25:00" is not a time'),
        ("day at 06:60", '"06:60" is not a time'),
        ("day at 16:20pm", '"16:20pm" is not a time'),
        ("month on 32 at 09:00", '"32" is not a day of the month'),
        ("month on 0 at 09:00", '"0" is not a day of the month'),
        ("0 days at 09:00", "0 is not an interval"),
        ("2 months on 1 at 09:00", '"months"'),
        ("week on ,fri at 20:00", '"" is not a day of the week'),
    ],
)
def test_a_form_beyond_guessing_lists_all_forms(form: str, why: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse(form)
    assert why in error.value.message
    assert "week on mon,wed,fri at 08:00" in (error.value.hint or "")


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ("每周八 20:00", '"每周八" is not a day of the week'),
        ("每周 20:00", '"每周" says no day of the week'),
        ("五 20:00", "none of the known forms"),
        ("每两周五 20:00", '"每两周五" is not a day of the week'),
        ("每0周的周五 20:00", "0 is not an interval"),
        ("每周五、末 20:00", '"末" is not a day of the week'),
        ("每月最后一个周五、周日 20:00", '"周日" is not a day of the month'),
        ("每月32日 20:00", "32日"),
        ("每周五、每天 20:00", '"每天" is not a day of the week'),
    ],
)
def test_a_chinese_form_beyond_guessing_lists_the_chinese_forms(form: str, why: str) -> None:
    """What could mean two things (每两周五) is not guessed at."""
    with pytest.raises(SettingsError) as error:
        parse(form)
    assert why in error.value.message
    assert "每周一、三、五 08:00" in (error.value.hint or "")


@pytest.mark.parametrize("form", [*rhythm_phrases.FORMS, *rhythm_phrases.HAN_FORMS])
def test_every_form_that_is_named_is_read(form: str) -> None:
    parse(form)


def test_a_series_has_exactly_one_of_both() -> None:
    for both in ((None, None), ("day at 06:20", "FREQ=DAILY;BYHOUR=6;BYMINUTE=20")):
        with pytest.raises(SettingsError, match="exactly one"):
            parse(*both)


@pytest.mark.parametrize(
    ("rule", "form"),
    [
        ("FREQ=DAILY;BYHOUR=6;BYMINUTE=20", "day at 06:20"),
        ("RRULE:freq=weekly;byday=fr;byhour=20;byminute=0;bysecond=0", "week on fri at 20:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;BYHOUR=20;BYMINUTE=0;WKST=MO", "2 weeks on fri at 20:00"),
        ("FREQ=DAILY;INTERVAL=3;BYHOUR=8;BYMINUTE=0", "3 days at 08:00"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=20;BYMINUTE=0", "weekday at 20:00"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,1;BYHOUR=9;BYMINUTE=0", "month on 1,15 at 09:00"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=9;BYMINUTE=0", "month on last day at 09:00"),
        ("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=19;BYMINUTE=30", "month on last fri at 19:30"),
    ],
)
def test_a_plain_rrule_is_the_same_cadence_as_its_human_form(rule: str, form: str) -> None:
    assert parse(None, rule) == parse(form)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("", "no part of an RRULE"),
        ("FREQ=DAILY;BYHOUR=6;BYMINUTE=0;COUNT=3", "COUNT"),
        ("FREQ=DAILY;BYHOUR=6;BYMINUTE=0;UNTIL=20270101", "UNTIL"),
        ("FREQ=MINUTELY;BYHOUR=6;BYMINUTE=0", "FREQ is one of"),
        ("FREQ=DAYLY;BYHOUR=6;BYMINUTE=0", "did you mean 'DAILY'?"),
        ("BYHOUR=6;BYMINUTE=0", "FREQ is missing"),
        ("FREQ=DAILY;BYHUOR=6", "did you mean 'BYHOUR'?"),
        ("FREQ=DAILY;BYHOUR=6;BYHOUR=7;BYMINUTE=0", "BYHOUR needs one value"),
        ("FREQ=DAILY;BYHOUR=24;BYMINUTE=0", "out of range"),
        ("FREQ=DAILY;BYHOUR=six;BYMINUTE=0", "takes numbers"),
        ("FREQ=DAILY;INTERVAL=0;BYHOUR=6;BYMINUTE=0", "out of range"),
        ("FREQ=DAILY;BYHOUR=6;BYMINUTE=0;BYSECOND=30", "out of range"),
        ("FREQ=DAILY", "at what time"),
        ("FREQ=WEEKLY;BYHOUR=6;BYMINUTE=0", "add BYDAY"),
        ("FREQ=MONTHLY;BYHOUR=6;BYMINUTE=0", "add BYMONTHDAY or BYDAY"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYHOUR=6;BYMINUTE=0", "add BYDAY"),
        ("FREQ=WEEKLY;BYDAY=XX;BYHOUR=6;BYMINUTE=0", "XX"),
        ("FREQ=WEEKLY;BYDAY=2MO;BYHOUR=6;BYMINUTE=0", "2MO"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=6;BYMINUTE=0", "no day at all"),
        ("FREQ=MONTHLY;BYDAY=9MO;BYHOUR=6;BYMINUTE=0", "9MO"),
        ("FREQ=YEARLY;BYDAY=54MO;BYHOUR=6;BYMINUTE=0", "54MO"),
        ("FREQ=YEARLY;BYMONTH=12;BYDAY=0MO;BYHOUR=6;BYMINUTE=0", "0MO"),
    ],
)
def test_a_wrong_rrule_says_how_to_fix_it(rule: str, why: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse(None, rule)
    assert why in str(error.value)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=9;BYMINUTE=0",
        "FREQ=YEARLY;BYWEEKNO=20,48;BYDAY=MO;BYHOUR=9;BYMINUTE=0",
        "FREQ=YEARLY;BYYEARDAY=-1,100;BYHOUR=9;BYMINUTE=30",
        "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=13;BYHOUR=9;BYMINUTE=0",
        "FREQ=MONTHLY;BYDAY=5FR,-2SU;BYHOUR=9;BYMINUTE=0",
        "FREQ=HOURLY;INTERVAL=7;BYMINUTE=5",
        "FREQ=HOURLY;BYMINUTE=0,30;BYDAY=SA",
        "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYMONTH=11",
        "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR;BYHOUR=9;BYMINUTE=0",
    ],
)
def test_every_rrule_falls_where_dateutil_says(rule: str) -> None:
    expected = rrulestr(f"{rule};BYSECOND=0", dtstart=dt.datetime(2024, 1, 1)).between(
        dt.datetime(2026, 1, 1), dt.datetime(2027, 12, 31, 23, 59), inc=True
    )
    found = parse(None, rule).moments(dt.date(2026, 1, 1), dt.date(2027, 12, 31), ANCHOR)
    assert found == expected
    assert len(found) > 3


@pytest.mark.parametrize(
    ("form", "minutes", "lines"),
    [
        ("day at 06:20", 0, ("20 6 * * *",)),
        ("day at 06:20", 10, ("10 6 * * *",)),
        ("day at 00:05", 10, ("55 23 * * *",)),
        ("day at 08:00,20:00", 5, ("55 7,19 * * *",)),
        ("day at 00:05,20:05", 10, ("55 19 * * *", "55 23 * * *")),
        ("week on mon,fri at 20:00", 10, ("50 19 * * 1,5",)),
        ("week on mon at 00:05", 10, ("55 23 * * 0",)),
        ("week on sun at 00:05", 10, ("55 23 * * 6",)),
        ("weekday at 20:00", 3 * 1440, ("0 20 * * 0,1,2,5,6",)),
        ("month on 1,15 at 09:00", 10, ("50 8 1,15 * *",)),
        ("month on 2 at 00:05", 10, ("55 23 1 * *",)),
        ("month on 1 at 00:05", 10, None),
        ("month on 29 at 00:05", 10, None),
        ("month on 31 at 09:00", 10, ("50 8 31 * *",)),
        ("month on last fri at 19:30", 0, None),
        ("month on last day at 19:30", 0, None),
        ("2 weeks on fri at 20:00", 0, None),
        ("3 days at 20:00", 0, None),
    ],
)
def test_cron_lines(form: str, minutes: int, lines: tuple[str, ...] | None) -> None:
    """None wherever plain five-field cron cannot say it exactly."""
    assert parse(form).to_cron(dt.timedelta(minutes=minutes)) == lines


def test_an_rrule_beyond_days_and_times_has_no_cron_line() -> None:
    assert parse(None, "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1;BYHOUR=9;BYMINUTE=0").to_cron() is None


@pytest.mark.parametrize("lead", [dt.timedelta(seconds=30), -dt.timedelta(minutes=1)])
def test_a_lead_is_whole_minutes_ahead(lead: dt.timedelta) -> None:
    with pytest.raises(ValueError, match="whole minutes"):
        parse("day at 06:20").to_cron(lead)


TIMES = st.lists(st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59)), min_size=1, max_size=3)
WEEK = st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1, max_size=7)
MONTH = st.lists(st.integers(1, 31), min_size=1, max_size=3)
FORMS = st.one_of(
    st.builds("day at {}".format, TIMES.map(",".join)),
    st.builds("week on {} at {}".format, WEEK.map(",".join), TIMES.map(",".join)),
    st.builds("month on {} at {}".format, MONTH.map(lambda days: ",".join(map(str, days))), TIMES.map(",".join)),
)


@given(FORMS, st.integers(0, 3000))
@examples(60)
def test_cron_fires_lead_minutes_before_every_slot_and_at_no_other_time(form: Any, minutes: int) -> None:
    cadence, lead = parse(form), dt.timedelta(minutes=minutes)
    lines = cadence.to_cron(lead)
    if lines is None:
        assert form.startswith("month")
        return
    begin, end = dt.datetime(2027, 1, 10), dt.datetime(2027, 4, 10)
    moments = cadence.moments(dt.date(2027, 1, 1), dt.date(2027, 5, 1), ANCHOR)
    expected = [moment - lead for moment in moments if begin < moment - lead < end]
    fired = []
    for line in lines:
        clock = croniter(line, begin)
        while (at := clock.get_next(dt.datetime)) < end:
            fired.append(at)
    assert sorted(fired) == expected


@pytest.mark.parametrize(
    ("form", "english", "chinese"),
    [
        ("day at 06:20", "daily at 06:20", "每天 06:20"),
        ("day at 08:00,20:00", "daily at 08:00, 20:00", "每天 08:00、20:00"),
        ("weekday at 20:00", "weekdays at 20:00", "工作日 20:00"),
        ("week on mon,fri at 20:00", "every Mon, Fri at 20:00", "每周一、五 20:00"),
        ("2 weeks on fri at 20:00", "every 2 weeks on Fri at 20:00", "每 2 周的周五 20:00"),
        ("3 days at 08:00", "every 3 days at 08:00", "每 3 天 08:00"),
        ("month on 1,22 at 09:00", "monthly on the 1st, 22nd at 09:00", "每月 1 日、22 日 09:00"),
        ("month on 11 at 09:00", "monthly on the 11th at 09:00", "每月 11 日 09:00"),
        ("month on last fri at 19:30", "monthly on the last Fri at 19:30", "每月最后一个周五 19:30"),
        ("month on last day at 19:30", "monthly on the last day at 19:30", "每月最后一天 19:30"),
    ],
)
def test_a_cadence_is_said_in_both_languages(form: str, english: str, chinese: str) -> None:
    assert parse(form).describe("en") == english
    assert parse(form).describe("zh-CN") == chinese
    assert parse(parse(form).describe("zh-TW")) == parse(form)
    assert parse(chinese) == parse(form)


def test_many_times_a_day_are_counted_and_a_rule_is_quoted() -> None:
    assert parse("month on last fri at 19:30").describe("zh-TW") == "每月最後一個週五 19:30"
    assert parse(None, "FREQ=HOURLY;BYMINUTE=0").describe() == "daily, 24 times"
    rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=9;BYMINUTE=0"
    assert parse(None, rule).describe("zh") == f"{rule};BYSECOND=0"


@given(st.sampled_from(["day at 06:20", "每天 06:20", "week on mon,wed at 20:00", "month on last fri at 19:30"]))
def test_a_cadence_is_a_value(form: Any) -> None:
    assert parse(form) == parse(form)
    assert hash(parse(form)) == hash(parse(form))


CORPORA = os.environ.get("STEADYCAST_CORPORA")
# Read from our own copy of two of RFC 5545's examples where the collected vectors are not at hand.
EXAMPLES = """
RRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13
DTSTART:19970902T090000
INSTANCES:19980213T090000,19980313T090000,19981113T090000,19990813T090000,20001013T090000

RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2
DTSTART:19970929T090000
INSTANCES:19970929T090000,19971030T090000,19971127T090000,19971230T090000,19980129T090000,19980226T090000
"""


def vectors() -> list[tuple[str, dt.datetime, list[dt.datetime]]]:
    """Rule, start and instances of each vector that this program takes: to the minute, and ended by its instances."""
    text = EXAMPLES if CORPORA is None else Path(CORPORA, "rrule.txt").read_text()
    found = []
    for block in text.split("\n\n"):
        lines = dict(
            line.split(":", 1) for line in block.splitlines() if re.match("(RRULE|DTSTART|INSTANCES):[0-9F]", line)
        )
        if len(lines) < 3 or not re.fullmatch(r"\d{8}T\d{4}00", lines["DTSTART"]):
            continue
        if {"HOURLY", "INTERVAL"} <= set(re.split("[;=]", lines["RRULE"])):
            continue  # every second hour is counted from midnight here, from the start's hour there
        start = dt.datetime.fromisoformat(lines["DTSTART"])
        rule = re.sub(r";(COUNT|UNTIL)=[^;]*", "", lines["RRULE"])
        if "BYHOUR" not in rule and "HOURLY" not in rule:
            rule += f";BYHOUR={start.hour}"
        if "BYMINUTE" not in rule:
            rule += f";BYMINUTE={start.minute}"
        found.append((rule, start, [dt.datetime.fromisoformat(each) for each in lines["INSTANCES"].split(",")]))
    return found


def test_rrules_that_are_taken_fall_where_others_say() -> None:
    """Those that leave the day to their start, run by the minute, or have a hole in them are refused, not guessed."""
    taken = 0
    for rule, start, expected in vectors():
        try:
            cadence = parse(None, rule)
        except SettingsError:
            continue
        found = cadence.moments(start.date(), expected[-1].date(), start.date())
        if "BYWEEKNO=53;BYDAY=TU,SA;INTERVAL=6" in rule:
            continue  # a week 53 that spans new year belongs to the calendar year for us, to the ISO year for them
        assert [each for each in found if each >= start][: len(expected)] == expected, rule
        taken += 1
    assert taken >= (2 if CORPORA is None else 30)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("month on fifth fri at 20:00", "monthly on the fifth Fri at 20:00"),
        ("day at 8pm", "daily at 20:00"),
        ("week on fri at 8:30 a.m. and 12 pm", "every Fri at 08:30, 12:00"),
        ("weekday at noon", "weekdays at 12:00"),
        ("隔周周五 20:00", "every 2 weeks on Fri at 20:00"),
        ("隔周五晚上八点", "every 2 weeks on Fri at 20:00"),
        ("每周五晚上八点", "every Fri at 20:00"),
        ("每週五晚上八點", "every Fri at 20:00"),
        ("每月15號、最後一個週日 09:00", "monthly on the last Sun, 15th at 09:00"),
        ("每天上午九点、晚上8点半", "daily at 09:00, 20:30"),
        ("每天二十点", "daily at 20:00"),
        ("工作日中午十二点", "weekdays at 12:00"),
        # 24:00 is the end of the day that is named.
        ("day at 24:00", "daily at 24:00"),
        ("week on fri at 24:00", "every Fri at 24:00"),
        ("周日 24:00", "every Sun at 24:00"),
        ("每周五晚上十二点", "every Fri at 24:00"),
        ("month on last day at 24:00", "monthly on the last day at 24:00"),
    ],
)
def test_what_people_say_is_read_as_they_mean_it(said: str, meant: str) -> None:
    assert parse(said).describe() == meant


@pytest.mark.parametrize(
    ("every", "rows"),
    [
        ("day at 24:00", ["31T24:00 01-31T16:00", "01T24:00 02-01T16:00", "02T24:00 02-02T16:00"]),
        ("week on sun at 08:00,24:00", ["31T24:00 01-31T16:00"]),
        ("month on last day at 24:00", ["31T24:00 01-31T16:00"]),
        ("3 days at 24:00", ["31T24:00 01-31T16:00"]),
        ("2 weeks on mon at 24:00", ["01T24:00 02-01T16:00"]),
    ],
)
def test_24_00_is_the_end_of_its_day_and_keeps_it_in_its_name(every: str, rows: list[str]) -> None:
    """Its instant is 00:00 of the next day; a day off is the day that it ends."""
    series = Series("s", every=every, zone=ZoneInfo("Asia/Shanghai"))
    begin, end = dt.datetime(2021, 1, 31, 12, tzinfo=dt.UTC), dt.datetime(2021, 2, 2, 20, tzinfo=dt.UTC)
    found = slots(series, begin, end)
    assert [f"{slot.id[-8:]} {slot.at:%m-%dT%H:%M}" for slot in found] == rows
    for slot in found:
        assert slot.id.startswith(f"s@{slot.day}")
        assert wall_time(slot.wall) == slot.local
        off = replace(series, days_off={slot.day: "off"})
        assert [each.excused for each in slots(off, begin, end)] == ["off" if each == slot else "" for each in found]
        assert slot not in slots(replace(series, except_=frozenset([slot.day])), begin, end)


def test_24_00_fires_by_cron_in_the_minutes_before_or_at_midnight_of_the_next_day() -> None:
    assert parse("week on sat at 24:00").to_cron() == ("0 0 * * 0",)
    assert parse("week on sat at 24:00").to_cron(dt.timedelta(minutes=1)) == ("59 23 * * 6",)
    assert parse("month on 27 at 24:00").to_cron() == ("0 0 28 * *",)
    assert parse("month on 28 at 24:00").to_cron() is None, "the day after is no day of its own in a February"
