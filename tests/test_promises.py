"""Promises over edits: what is changed in steadycast.toml posts nothing twice, and rewrites nothing that is past."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import decided, examples
from hypothesis import given
from hypothesis import strategies as st
from pipeline_bench import COMMUNITY, DAILY, FAR, SETTINGS, SITE, Bench, article

from steadycast import ops, pipeline
from steadycast.errors import SettingsError
from steadycast.schedule.model import Series
from steadycast.schedule.promises import PromisedSlot, owed, rhythm
from steadycast.schedule.slots import slots

ZONE = ZoneInfo("Asia/Shanghai")
DAY = dt.timedelta(days=1)
FAR_ONLY = COMMUNITY + DAILY.replace('"site", ', "") + FAR
DRAFTS = {f"pgc/{n}.md": article(f"Draft {n}") for n in range(1, 9)}


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """That local time of November 2026."""
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=ZONE).astimezone(dt.UTC)


def series(every: str = "day at 20:00", **more: Any) -> Series:
    return Series("daily", every=every, zone=ZONE, late=dt.timedelta(hours=3), **more)


def promised(of: Series, since: dt.datetime, until: dt.datetime, now: dt.datetime) -> list[PromisedSlot]:
    """What was planned of a rhythm; what is past went out."""
    return [PromisedSlot(slot, fixed=slot.at <= now, over=slot.at <= now) for slot in slots(of, since, until)]


def days(found: Any) -> list[str]:
    return [f"{slot.local:%d %H:%M}" for slot in found]


def after_edit(old: Series, new: Series, now: dt.datetime, days_ahead: int = 4) -> list[str]:
    """The coming slots after an edit at `now` of a rhythm that stood since the 20th."""
    there = promised(old, at(20, 0), now + 14 * DAY, now)
    left = [each for each in there if each.slot.at <= now]  # the planner has dropped what nobody promises any more
    return days(slot for slot in owed(new, now, left, now, now + days_ahead * DAY) if slot.at >= now)


@pytest.mark.parametrize(
    ("new", "now", "coming"),
    [
        pytest.param("day at 19:59", at(23, 20, 1), ["24 19:59", "25 19:59", "26 19:59"], id="an hour that is past"),
        pytest.param("day at 21:00", at(23, 20, 1), ["24 21:00", "25 21:00", "26 21:00"], id="the day was served"),
        pytest.param("day at 21:00", at(23, 19, 1), ["23 21:00", "24 21:00", "25 21:00"], id="it was not served yet"),
        pytest.param("day at 09:00", at(23, 19, 1), ["24 09:00", "25 09:00", "26 09:00"], id="never owed today"),
        pytest.param("day at 08:00,21:00", at(23, 20, 1), ["23 21:00", "24 08:00", "24 21:00"], id="two a day"),
        pytest.param("week on mon at 21:00", at(23, 20, 1), [], id="the weekly day was served as a daily one"),
    ],
)
def test_an_edit_of_the_hour_makes_no_second_slot_on_a_day_that_was_served(new: Any, now: Any, coming: Any) -> None:
    assert after_edit(series(), series(new), now)[:3] == coming


def test_several_times_a_day_in_one_rhythm_are_all_kept() -> None:
    often = series("day at 08:00,12:00,20:00")
    now = at(23, 13)
    there = promised(often, at(20, 0), now + 2 * DAY, now)
    assert days(slot for slot in owed(often, at(20, 0), there, now, now + DAY) if slot.at > now) == [
        "23 20:00", "24 08:00", "24 12:00"
    ]  # fmt: skip


def test_what_was_begun_ahead_of_its_hour_is_the_slot_of_its_day() -> None:
    """The lead before every slot: it is claimed, and the hour moves."""
    now = at(23, 19, 59)
    (slot,) = slots(series(), at(23, 20), at(23, 21))
    claimed = PromisedSlot(slot, fixed=True)
    assert days(owed(series("day at 21:00"), now, [claimed], now, now + DAY)) == []
    assert days(owed(series(), at(20, 0), [claimed], now, now + DAY)) == ["23 20:00"]


def test_what_may_still_be_served_late_stays_as_it_was_promised() -> None:
    now = at(23, 20, 30)
    (slot,) = slots(series(), at(23, 20), at(23, 21))
    found = owed(series("day at 09:00"), now, [PromisedSlot(slot)], now, now + DAY)
    assert days(found) == ["23 20:00", "24 09:00"]


def test_a_promise_written_by_a_clock_that_was_ahead_holds_now() -> None:
    now = at(23, 9)
    assert days(owed(series(), now + 400 * DAY, [], now, now + 2 * DAY)) == ["23 20:00", "24 20:00"]


RHYTHMS = st.sampled_from(
    ["day at 20:00", "day at 19:59", "day at 09:00", "day at 23:30", "day at 00:10", "weekday at 12:00",
     "week on mon,thu at 20:00", "day at 08:00,20:00"]
)  # fmt: skip


@examples(150)
@given(
    st.lists(st.tuples(st.integers(0, 6 * 24 * 60), RHYTHMS), max_size=6),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin"]),
)
def test_no_day_is_served_more_often_than_its_fullest_rhythm_asks(edits: list[Any], zone: Any) -> None:
    """Edits at any minute of a week, looked at every ten minutes: a tick serves what is due, as the sweep does."""
    zone = ZoneInfo(zone)
    now = dt.datetime(2026, 10, 23, tzinfo=zone).astimezone(dt.UTC)  # Berlin's clocks change on the 25th
    current = replace(series(), zone=zone)
    since = now
    ledger: dict[str, Any] = {}
    served: dict[str, Any] = {}
    todo = sorted((now + dt.timedelta(minutes=m), n, every) for n, (m, every) in enumerate(edits))
    most: Counter[dt.date | None] = Counter({None: 1})
    for _ in range(7 * 24 * 6):
        while todo and todo[0][0] <= now:
            current, since = replace(current, every=todo.pop(0)[2]), now
        if "," in (current.every or ""):
            most[now.astimezone(zone).date()] = 2
        there = [PromisedSlot(s, fixed=s.id in served, over=s.id in served) for s in ledger.values()]
        found = owed(current, since, there, now, now + 2 * DAY)
        wanted = {slot.id for slot in found}
        ledger = {id: s for id, s in ledger.items() if id in wanted or id in served or s.at < now}
        ledger |= {slot.id: slot for slot in found if slot.id not in ledger or slot.at >= now}
        for slot in list(ledger.values()):
            if slot.at <= now and slot.id not in served:
                assert now - slot.at < dt.timedelta(minutes=11), "owed after its hour, and not promised before"
                served[slot.id] = slot
        now += dt.timedelta(minutes=10)
    for day, count in Counter(slot.local.date() for slot in served.values()).items():
        assert count <= (most[day] or 1), (day, sorted(served))


def test_a_rhythm_is_told_from_another_by_all_that_moves_its_slots() -> None:
    told = {
        rhythm(each)
        for each in (
            series(), series("day at 21:00"), series(start=dt.date(2026, 1, 1)), series(per_year=48),
            series(except_=frozenset({dt.date(2026, 12, 1)})), replace(series(), zone=ZoneInfo("UTC")),
            replace(series(), name="notes"),
        )
    }  # fmt: skip
    assert len(told) == 7
    assert rhythm(series()) == rhythm(series(title="Another", channels=("site",)))


# In the pipeline


def serve(bench: Any, *instant: int) -> list[tuple[str, str]]:
    """A tick at that instant, as flows do it: plan, then what is due."""
    app, now = bench.app, bench.at(*instant)
    pipeline.collect(app, now)
    pipeline.plan(app, now)
    return [(sent.slot, sent.state) for sent in pipeline.publish(app).sent]


def outcomes(app: Any) -> list[tuple[str, str]]:
    return [(each.slot, each.verdict) for each in decided(app.ledger)]


def test_an_hour_that_is_moved_back_right_after_its_slot_sends_no_second_post(bench: Bench) -> None:
    bench.set_up(FAR_ONLY, DRAFTS)
    serve(bench, 23, 19, 0)
    serve(bench, 23, 20, 0)
    bench.settings(FAR_ONLY.replace("20:00", "19:59"))
    assert serve(bench, 23, 20, 1) == []
    assert serve(bench, 24, 19, 59) == [("daily@2026-11-24T19:59", "published")]
    assert outcomes(bench.app) == [("daily@2026-11-23T20:00", "kept"), ("daily@2026-11-24T19:59", "kept")]


def test_a_new_series_owes_nothing_from_before_it_was_new(bench: Bench) -> None:
    bench.set_up(FAR_ONLY, DRAFTS)
    serve(bench, 23, 9, 0)
    more = DAILY.replace("series.daily", "series.extra").replace("20:00", "09:00").replace('"site", ', "")
    bench.settings(FAR_ONLY + more.replace('late = "3h"', 'late = "12h"'))
    assert serve(bench, 23, 18, 0) == []
    assert serve(bench, 24, 9, 0) == [("extra@2026-11-24T09:00", "published")]


def test_a_draft_whose_slot_is_claimed_goes_out_once_though_the_hour_moves(bench: Bench) -> None:
    """Claimed a minute ahead, as every slot is; then the calendar knows that slot no more."""
    app = bench.set_up(FAR_ONLY, {"pgc/1.md": article("Once")})
    serve(bench, 23, 9, 0)
    bench.at(23, 19, 59)
    (row,) = app.ledger.deliveries(slots=["daily@2026-11-23T20:00"])
    ahead = bench.clock.now() + dt.timedelta(minutes=1)
    assert app.ledger.claim(ahead, "another worker", dt.timedelta(hours=1), ids=[row.id or 0])
    app = bench.settings(FAR_ONLY.replace("20:00", "20:30"))
    pipeline.plan(app, bench.clock.now())
    carried = [slot.id for slot in app.ledger.slots_between(at(22, 0), at(30, 0)) if slot.draft]
    assert carried == ["daily@2026-11-23T20:00"]
    days = [slot.local[:10] for slot in app.ledger.slots_between(at(22, 0), at(30, 0))]
    assert len(days) == len(set(days))


def test_the_past_is_not_rewritten_by_an_edit(bench: Bench) -> None:
    """Verdicts, record and report stay, whatever the rhythm is today."""
    bench.set_up(FAR_ONLY, {"pgc/1.md": article("One")})
    for day in (23, 24, 25):
        serve(bench, day, 19, 0)
        serve(bench, day, 20, 0)
    serve(bench, 26, 9, 0)
    before = pipeline.report(bench.app, bench.clock.now()).rows()
    app = bench.settings(FAR_ONLY.replace("day at 20:00", "week on sun at 09:00"))
    assert serve(bench, 26, 9, 0) == []
    after = pipeline.report(app, bench.clock.now()).rows()
    past = ("kept", "late", "missed", "excused", "streak")
    assert [{key: row[key] for key in past} for row in after] == [{key: row[key] for key in past} for row in before]
    assert outcomes(app)[:2] == [("daily@2026-11-23T20:00", "kept"), ("daily@2026-11-24T20:00", "missed")]


@pytest.mark.parametrize("was", ['"daily"', '["between", "daily"]', '["daily", "between"]'])
def test_a_renamed_series_keeps_its_record_its_day_and_its_drafts(bench: Bench, was: str) -> None:
    """Also one that was renamed once more before anything ran."""
    own = {"pgc/own.md": article("Its own", "series: daily"), "pgc/pin.md": article("Pin", "slot: daily@2026-11-26")}
    bench.set_up(FAR_ONLY, {"pgc/1.md": article("One", "priority: 5"), **own})
    serve(bench, 23, 19, 0)
    serve(bench, 23, 20, 0)
    renamed = FAR_ONLY.replace("[series.daily]", f"[series.notes]\nwas = {was}").replace("20:00", "20:30")
    app = bench.settings(renamed)
    told = ops.check(bench.clock.now(), root=bench.root)
    assert [each.message for each in told if "series" in each.message or "slot" in each.message] == []
    assert serve(bench, 23, 20, 10) == []
    planned = {slot.slot: slot.title for slot in pipeline.plan(app, bench.clock.now()).slots if slot.draft}
    assert planned == {"notes@2026-11-24T20:30": "Its own", "notes@2026-11-26T20:30": "Pin"}
    assert serve(bench, 24, 20, 30) == [("notes@2026-11-24T20:30", "published")]
    (record,) = pipeline.report(app, bench.at(24, 21)).rows()
    assert (record["kept"], record["streak"]) == (2, "2")
    assert bench.there() == ["One", "Its own"]


@pytest.mark.parametrize("was", ['"Daily"', '["daily", "a b"]', '[["daily"]]', "3"])
def test_a_name_from_before_is_a_name(bench: Bench, was: str) -> None:
    bench.set_up(COMMUNITY)
    with pytest.raises(SettingsError, match=r"series\.b\.was"):
        bench.settings(COMMUNITY + f'[series.b]\nevery = "day at 20:00"\nwas = {was}\n')


@pytest.mark.parametrize(
    "more", ['[series.daily]\nevery = "day at 20:00"', '[series.c]\nevery = "day at 20:00"\nwas = "daily"']
)
def test_a_record_goes_to_one_series(bench: Bench, more: Any) -> None:
    bench.set_up(COMMUNITY)
    with pytest.raises(SettingsError, match="was"):
        bench.settings(COMMUNITY + '[series.b]\nevery = "day at 20:00"\nwas = "daily"\n' + more)


def test_drafts_stay_on_their_days_when_the_hour_moves(bench: Bench) -> None:
    bench.set_up(FAR_ONLY, DRAFTS)
    serve(bench, 23, 9, 0)
    before = {slot.when[:10]: slot.title for slot in pipeline.plan(bench.app, bench.clock.now()).slots}
    app = bench.settings(FAR_ONLY.replace("20:00", "21:30"))
    after = pipeline.plan(app, bench.clock.now()).slots
    assert {slot.when[:10]: slot.title for slot in after} == before
    assert {slot.when[11:] for slot in after} == {"21:30"}


def test_a_channel_that_joins_a_series_owes_no_slot_that_is_past(bench: Bench) -> None:
    bench.set_up(COMMUNITY + DAILY.replace('"site", ', "") + SITE + FAR)
    assert serve(bench, 23, 19, 0) == []
    app = bench.settings(SETTINGS)
    bench.drop("pgc/1.md", article("Late but there"))
    assert serve(bench, 23, 20, 30) == [("daily@2026-11-23T20:00", "published")]
    assert {d.channel for d in app.ledger.deliveries(slots=["daily@2026-11-23T20:00"])} == {"far"}


def test_a_first_run_with_a_clock_ahead_is_silent_no_longer_than_that(bench: Bench) -> None:
    app = bench.set_up(FAR_ONLY, DRAFTS)
    bench.clock.set_wall(at(23, 9) + 400 * DAY)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    serve(bench, 23, 9, 0)
    assert serve(bench, 23, 20, 0) == [("daily@2026-11-23T20:00", "published")]


EVENTS = """
[series.club]
every = "week on sat at 14:00"
forms = ["event"]
announce = ["3d", "1d"]
channels = ["far"]
"""


def test_an_event_whose_hour_is_edited_between_its_announcements_is_announced_again(bench: Bench) -> None:
    """The first of two is out under the old hour: the second is of the same event, and carries the same draft."""
    takes = bench.root / "channels" / "far" / "channel.toml"
    content = {"pgc/club.md": article("Reading", "event: {start: 2026-11-28T14:00, end: 2026-11-28T16:00}")}
    bench.set_up(COMMUNITY + EVENTS + FAR, content)
    takes.write_text(takes.read_text().replace('["article"]', '["article", "event"]'))
    bench.settings(COMMUNITY + EVENTS + FAR)
    serve(bench, 25, 9, 0)
    assert serve(bench, 25, 14, 0) == [("club@2026-11-28T14:00-3d", "published")]
    bench.settings(COMMUNITY + EVENTS.replace("14:00", "15:00") + FAR)
    serve(bench, 26, 9, 0)
    assert serve(bench, 27, 15, 0) == [("club@2026-11-28T15:00-1d", "published")]
    assert bench.there() == ["Reading", "Reading"]


@pytest.mark.platforms("calendar", "site")
def test_an_event_whose_file_is_renamed_between_its_announcements_stands_once_in_the_calendar(bench: Bench) -> None:
    """And a new event under the old file's name is another one."""
    calendar = '[channel.calendar]\nplatform = "calendar"\nurl = "https://readers.example/calendar/"\n'
    event = ("event: {start: 2026-11-28T14:00, end: 2026-11-28T16:00}",)
    both = COMMUNITY + EVENTS.replace('["far"]', '["calendar", "site"]') + calendar + SITE.replace("pages", "site")
    bench.set_up(both, {"pgc/club.md": article("Reading", *event)})
    serve(bench, 25, 9, 0)
    serve(bench, 25, 14, 0)
    (bench.root / "content/pgc/club.md").rename(bench.root / "content/pgc/club-november.md")
    serve(bench, 26, 8, 0)
    bench.drop("pgc/club.md", article("Walk", "event: {start: 2026-12-05T14:00, end: 2026-12-05T16:00}"))
    serve(bench, 26, 9, 0)
    assert serve(bench, 27, 14, 0) == [("club@2026-11-28T14:00-1d", "published")] * 2
    bench.at(30, 9, 0)
    pipeline.plan(bench.app, bench.clock.now())
    bench.clock.advance(2 * DAY + dt.timedelta(hours=5))
    pipeline.publish(bench.app)
    told = (bench.app.workspace.out / "calendar" / "calendar.ics").read_text()
    assert sorted(line for line in told.splitlines() if line.startswith("SUMMARY")) == [
        "SUMMARY:Reading",
        "SUMMARY:Walk",
    ]
    page = (bench.app.workspace.out / "site" / "events.html").read_text()
    assert page.count(">Reading<") == 1
