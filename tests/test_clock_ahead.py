"""A clock that was ahead for a moment: what it called missed, planned or began is put right once it is right again."""

from __future__ import annotations

import datetime as dt

import pytest
from conftest import decided
from pipeline_bench import COMMUNITY, DAILY, EVENING, FAR, MORNING, SETTINGS, SITE, article

from steadycast import pipeline
from steadycast.cli.main_job import main_job
from steadycast.ledger.tables import State
from steadycast.pipeline import unseen
from steadycast.schedule.model import Verdict

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def stocked(bench, drafts=4):
    """A community with drafts for the coming days, taken in and planned on Monday morning, with a tick."""
    desk = bench.set_up(content={f"pgc/{n}.md": article(f"Number {n}") for n in range(drafts)})
    pipeline.collect(desk, bench.clock.now())
    pipeline.plan(desk, bench.clock.now())
    pipeline.publish(desk)
    return desk


def coming(desk, day=EVENING):
    return desk.ledger.deliveries(slots=[f"daily@{day:%Y-%m-%d}T20:00"])


@pytest.mark.parametrize("ahead", [16 * HOUR, 30 * HOUR, 5 * DAY], ids=["to-tomorrow", "a-day", "five-days"])
def test_one_tick_with_a_clock_ahead_loses_no_slot(bench, ahead):
    """What it called missed and nobody tried is planned again by the right clock, and goes out at its hour, once."""
    desk = stocked(bench)
    before = {d.slot: d.draft for d in desk.ledger.deliveries() if d.draft}
    bench.clock.set_wall(MORNING + ahead)
    told = pipeline.publish(desk)
    assert "no tick had seen" in told.warning
    assert {d.state for d in coming(desk)} == {State.MISSED}
    bench.clock.set_wall(MORNING + HOUR)
    pipeline.publish(desk)
    pipeline.plan(desk, bench.clock.now())
    assert {d.state for d in coming(desk)} == {State.DUE}
    drafts = [d.draft for d in desk.ledger.deliveries() if d.draft and d.channel == "site" and d.state != State.MISSED]
    assert len(drafts) == len(set(drafts)), "one draft in two slots"
    assert coming(desk)[0].draft in before.values()
    for day in range(3):
        bench.clock.advance(EVENING + day * DAY - bench.clock.now())
        pipeline.publish(desk)
        pipeline.plan(desk, bench.clock.now())
        assert {d.state for d in coming(desk, EVENING + day * DAY)} <= {State.PUBLISHED, State.SEEN}
    assert len(bench.there()) == len(set(bench.there())) == 3


def test_a_tick_that_misses_what_no_tick_saw_due_says_so_until_the_clock_is_right(bench):
    """Whether the machine was off or its clock jumped nobody can know: it is an alarm, closed by a clock set back."""
    desk = stocked(bench)
    bench.clock.set_wall(MORNING + 30 * HOUR)
    told = pipeline.publish(desk)
    assert "1 slot" in told.warning
    assert "machinery:clock:jumped" in {row.key for row in desk.ledger.alarms()}
    bench.clock.advance(HOUR / 60)
    assert pipeline.publish(desk).warning == "", "it is said once"
    bench.clock.set_wall(MORNING + HOUR)
    pipeline.publish(desk)
    pipeline.alarm(desk, bench.clock.now())
    assert "machinery:clock:jumped" not in {row.key for row in desk.ledger.alarms()}


def test_what_a_tick_saw_due_and_missed_is_no_jump(bench):
    """A slot without a draft is missed at the end of its time, tick after tick: nothing is suspected."""
    desk = stocked(bench, drafts=0)
    while bench.clock.now() < EVENING + 4 * HOUR:
        assert not pipeline.publish(desk).warning
        bench.clock.advance(HOUR / 2)
    assert {d.state for d in coming(desk)} == {State.MISSED}
    assert desk.ledger.jump() is None
    pipeline.plan(desk, bench.clock.now())
    assert {d.state for d in coming(desk)} == {State.MISSED}, "its time is over: nothing is taken back"


def test_an_overdue_slot_that_a_clock_ahead_gave_up_goes_out_late(bench):
    """Its hour is past and its `late` is not: by the right clock it is served as any that was overdue."""
    desk = stocked(bench)
    bench.clock.advance(EVENING + HOUR - bench.clock.now())
    bench.clock.set_wall(EVENING + 12 * HOUR)
    pipeline.publish(desk)
    assert {d.state for d in coming(desk)} == {State.MISSED}
    bench.clock.set_wall(EVENING + HOUR)
    pipeline.plan(desk, bench.clock.now())
    pipeline.publish(desk)
    assert {d.state for d in coming(desk)} == {State.PUBLISHED}


def test_a_first_run_with_a_clock_ahead_is_bad_health_until_it_is_planned_anew(bench):
    """The promises of a hundred days on are not the ones that are owed now."""
    bench.clock.set_wall(MORNING + 100 * DAY)
    desk = stocked(bench)
    bench.clock.set_wall(MORNING)
    pipeline.publish(desk)
    red = {check.check for check in pipeline.health(desk, bench.clock.now()).checks if check.status != "ok"}
    assert "plan" in red
    pipeline.plan(desk, bench.clock.now())
    assert {d.state for d in coming(desk)} == {State.DUE}
    red = {check.check for check in pipeline.health(desk, bench.clock.now()).checks if check.status != "ok"}
    assert "plan" not in red
    bench.clock.advance(EVENING - bench.clock.now())
    pipeline.publish(desk)
    assert {d.state for d in coming(desk)} == {State.PUBLISHED}


def test_slots_beyond_the_last_plan_are_on_record_as_missed_at_the_first_tick_after(bench):
    """A month without any run: every slot was promised, however far the last plan reached."""
    desk = stocked(bench)
    bench.clock.advance(30 * DAY)
    told = pipeline.publish(desk)
    ended = {outcome.slot for outcome in decided(desk.ledger) if outcome.verdict == Verdict.MISSED}
    assert ended == {f"daily@{EVENING + n * DAY:%Y-%m-%d}T20:00" for n in range(30)}
    assert "30 slots" in told.warning
    assert "machinery:clock:jumped" in {row.key for row in desk.ledger.alarms()}


def test_what_planning_finds_first_is_missed_once_and_taken_back_by_the_right_clock(bench):
    desk = stocked(bench)
    bench.clock.set_wall(MORNING + 30 * DAY)
    pipeline.plan(desk, bench.clock.now())
    assert "30 slots" in pipeline.publish(desk).warning
    bench.clock.advance(HOUR / 60)
    assert not pipeline.publish(desk).warning
    bench.clock.set_wall(MORNING + HOUR)
    pipeline.plan(desk, bench.clock.now())
    pipeline.publish(desk)
    assert not [outcome for outcome in decided(desk.ledger) if outcome.verdict == Verdict.MISSED]
    assert {d.state for d in coming(desk)} == {State.DUE}
    bad = {check.check for check in pipeline.health(desk, bench.clock.now()).checks if check.status != "ok"}
    assert not bad, "an alarm of the clock that was ahead"


def test_a_first_run_with_a_clock_of_1970_makes_no_record_of_the_years_between(bench):
    bench.clock.set_wall(dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
    desk = stocked(bench)
    bench.clock.set_wall(dt.datetime(2026, 1, 5, tzinfo=dt.UTC))
    pipeline.publish(desk)
    assert len({outcome.slot for outcome in decided(desk.ledger)}) < 20


def test_a_channel_that_came_meanwhile_missed_nothing_before(bench):
    bench.set_up(COMMUNITY + DAILY.replace('"site", ', "") + SITE + FAR)
    pipeline.plan(bench.desk, bench.clock.now())
    pipeline.publish(bench.desk)
    desk = bench.settings(SETTINGS)
    bench.clock.advance(30 * DAY)
    pipeline.publish(desk)
    assert {d.channel for d in desk.ledger.deliveries() if d.verdict == Verdict.MISSED} == {"far"}


def test_a_long_silence_is_written_in_bounded_steps(bench, monkeypatch):
    desk = stocked(bench)
    monkeypatch.setattr(unseen, "MOST", 40)
    bench.clock.advance(100 * DAY)
    pipeline.publish(desk)
    assert len({d.slot for d in desk.ledger.deliveries()}) < 100
    pipeline.publish(desk)
    pipeline.publish(desk)
    missed = {outcome.slot for outcome in decided(desk.ledger) if outcome.verdict == Verdict.MISSED}
    assert len(missed) == 100


def test_planning_says_what_came_up_while_nobody_looked(bench):
    desk = stocked(bench)
    assert not pipeline.plan(desk, bench.clock.now()).warning
    bench.clock.advance(30 * DAY)
    assert "30 slots" in pipeline.plan(desk, bench.clock.now()).warning
    pipeline.publish(desk)
    assert not pipeline.plan(desk, bench.clock.now()).warning


def test_the_main_job_says_what_came_up_while_nobody_looked(bench, capsys, monkeypatch):
    desk = stocked(bench)
    bench.clock.advance(30 * DAY)
    monkeypatch.setattr(pipeline, "now", bench.clock.now)
    main_job(desk)
    assert "30 slots are on record as missed" in capsys.readouterr().err


def test_the_record_is_told_since_its_first_day_and_not_since_the_first_square(bench):
    desk = stocked(bench)
    assert pipeline.report(desk, bench.clock.now()).since is None
    bench.clock.advance(EVENING - bench.clock.now())
    pipeline.publish(desk)
    bench.clock.advance(DAY)
    assert pipeline.report(desk, bench.clock.now()).since == EVENING.date()
