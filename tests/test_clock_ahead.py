"""A clock that was ahead for a moment: what it called missed, planned or began is put right once it is right again."""

from __future__ import annotations

import datetime as dt

import pytest
from conftest import decided
from pipeline_bench import COMMUNITY, DAILY, EVENING, FAR, MORNING, SETTINGS, SITE, Bench, article

from steadycast import ops, pipeline
from steadycast.cli.main_job import main_job
from steadycast.ledger.tables import DeliveryRow, State
from steadycast.pipeline import owed_slots
from steadycast.pipeline.app import App
from steadycast.schedule.model import Verdict

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def stocked(bench: Bench, drafts: int = 4) -> App:
    """A community with drafts for the coming days, taken in and planned on Monday morning, with a tick."""
    app = bench.set_up(content={f"pgc/{n}.md": article(f"Number {n}") for n in range(drafts)})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    pipeline.publish(app)
    return app


def coming(app: App, day: dt.datetime = EVENING) -> list[DeliveryRow]:
    return app.ledger.deliveries(slots=[f"daily@{day:%Y-%m-%d}T20:00"])


@pytest.mark.parametrize("ahead", [16 * HOUR, 30 * HOUR, 5 * DAY], ids=["to-tomorrow", "a-day", "five-days"])
def test_one_tick_with_a_clock_ahead_loses_no_slot(bench: Bench, ahead: dt.timedelta) -> None:
    """What it called missed and nobody tried is planned again by the right clock, and goes out at its hour, once."""
    app = stocked(bench)
    before = {d.slot: d.draft for d in app.ledger.deliveries() if d.draft}
    bench.clock.set_wall(MORNING + ahead)
    told = pipeline.publish(app)
    assert "nobody had seen" in told.warning
    assert {d.state for d in coming(app)} == {State.MISSED}
    bench.clock.set_wall(MORNING + HOUR)
    pipeline.publish(app)
    pipeline.plan(app, bench.clock.now())
    assert {d.state for d in coming(app)} == {State.DUE}
    drafts = [d.draft for d in app.ledger.deliveries() if d.draft and d.channel == "site" and d.state != State.MISSED]
    assert len(drafts) == len(set(drafts)), "one draft in two slots"
    assert coming(app)[0].draft in before.values()
    for day in range(3):
        bench.clock.advance(EVENING + day * DAY - bench.clock.now())
        pipeline.publish(app)
        pipeline.plan(app, bench.clock.now())
        assert {d.state for d in coming(app, EVENING + day * DAY)} <= {State.PUBLISHED, State.SEEN}
    assert len(bench.there()) == len(set(bench.there())) == 3


def test_a_tick_that_misses_what_no_tick_saw_due_says_so_until_the_clock_is_right(bench: Bench) -> None:
    """Whether the machine was off or its clock jumped nobody can know: it is an alarm, closed by a clock set back."""
    app = stocked(bench)
    bench.clock.set_wall(MORNING + 30 * HOUR)
    told = pipeline.publish(app)
    assert "1 slot" in told.warning
    assert "machinery:clock:jumped" in {row.key for row in app.ledger.alarms()}
    bench.clock.advance(HOUR / 60)
    assert pipeline.publish(app).warning == "", "it is said once"
    bench.clock.set_wall(MORNING + HOUR)
    pipeline.publish(app)
    pipeline.alarm(app, bench.clock.now())
    assert "machinery:clock:jumped" not in {row.key for row in app.ledger.alarms()}


def test_what_a_tick_saw_due_and_missed_is_no_jump(bench: Bench) -> None:
    """A slot without a draft is missed at the end of its time, tick after tick: nothing is suspected."""
    app = stocked(bench, drafts=0)
    while bench.clock.now() < EVENING + 4 * HOUR:
        assert not pipeline.publish(app).warning
        bench.clock.advance(HOUR / 2)
    assert {d.state for d in coming(app)} == {State.MISSED}
    assert app.ledger.jump() is None
    pipeline.plan(app, bench.clock.now())
    assert {d.state for d in coming(app)} == {State.MISSED}, "its time is over: nothing is taken back"


def test_an_overdue_slot_that_a_clock_ahead_gave_up_goes_out_late(bench: Bench) -> None:
    """Its hour is past and its `late` is not: by the right clock it is served as any that was overdue."""
    app = stocked(bench)
    bench.clock.advance(EVENING + HOUR - bench.clock.now())
    bench.clock.set_wall(EVENING + 12 * HOUR)
    pipeline.publish(app)
    assert {d.state for d in coming(app)} == {State.MISSED}
    bench.clock.set_wall(EVENING + HOUR)
    pipeline.plan(app, bench.clock.now())
    pipeline.publish(app)
    assert {d.state for d in coming(app)} == {State.PUBLISHED}


def test_a_first_run_with_a_clock_ahead_is_bad_health_until_it_is_planned_anew(bench: Bench) -> None:
    """The promises of a hundred days on are not the ones that are owed now."""
    bench.clock.set_wall(MORNING + 100 * DAY)
    app = stocked(bench)
    bench.clock.set_wall(MORNING)
    pipeline.publish(app)
    red = {check.where for check in ops.health(app, bench.clock.now()).checks if check.severity != "ok"}
    assert "plan" in red
    pipeline.plan(app, bench.clock.now())
    assert {d.state for d in coming(app)} == {State.DUE}
    red = {check.where for check in ops.health(app, bench.clock.now()).checks if check.severity != "ok"}
    assert "plan" not in red
    bench.clock.advance(EVENING - bench.clock.now())
    pipeline.publish(app)
    assert {d.state for d in coming(app)} == {State.PUBLISHED}


def test_slots_beyond_the_last_plan_are_on_record_as_missed_at_the_first_tick_after(bench: Bench) -> None:
    """A month without any run: every slot was promised, however far the last plan reached."""
    app = stocked(bench)
    bench.clock.advance(30 * DAY)
    told = pipeline.publish(app)
    ended = {outcome.slot for outcome in decided(app.ledger) if outcome.verdict == Verdict.MISSED}
    assert ended == {f"daily@{EVENING + n * DAY:%Y-%m-%d}T20:00" for n in range(30)}
    assert "30 slots" in told.warning
    assert "machinery:clock:jumped" in {row.key for row in app.ledger.alarms()}


def test_what_planning_finds_first_is_missed_once_and_taken_back_by_the_right_clock(bench: Bench) -> None:
    app = stocked(bench)
    bench.clock.set_wall(MORNING + 30 * DAY)
    pipeline.plan(app, bench.clock.now())
    assert "30 slots" in pipeline.publish(app).warning
    bench.clock.advance(HOUR / 60)
    assert not pipeline.publish(app).warning
    bench.clock.set_wall(MORNING + HOUR)
    pipeline.plan(app, bench.clock.now())
    pipeline.publish(app)
    assert not [outcome for outcome in decided(app.ledger) if outcome.verdict == Verdict.MISSED]
    assert {d.state for d in coming(app)} == {State.DUE}
    bad = {check.where for check in ops.health(app, bench.clock.now()).checks if check.severity != "ok"}
    assert not bad, "an alarm of the clock that was ahead"


def test_a_first_run_with_a_clock_of_1970_makes_no_record_of_the_years_between(bench: Bench) -> None:
    bench.clock.set_wall(dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
    app = stocked(bench)
    bench.clock.set_wall(dt.datetime(2026, 1, 5, tzinfo=dt.UTC))
    pipeline.publish(app)
    assert len({outcome.slot for outcome in decided(app.ledger)}) < 20


def test_a_channel_that_came_meanwhile_missed_nothing_before(bench: Bench) -> None:
    bench.set_up(COMMUNITY + DAILY.replace('"site", ', "") + SITE + FAR)
    pipeline.plan(bench.app, bench.clock.now())
    pipeline.publish(bench.app)
    app = bench.settings(SETTINGS)
    bench.clock.advance(30 * DAY)
    pipeline.publish(app)
    assert {d.channel for d in app.ledger.deliveries() if d.verdict == Verdict.MISSED} == {"far"}


def test_a_long_silence_is_written_in_bounded_steps(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    app = stocked(bench)
    monkeypatch.setattr(owed_slots, "MOST", 40)
    bench.clock.advance(100 * DAY)
    pipeline.publish(app)
    assert len({d.slot for d in app.ledger.deliveries()}) < 100
    pipeline.publish(app)
    pipeline.publish(app)
    missed = {outcome.slot for outcome in decided(app.ledger) if outcome.verdict == Verdict.MISSED}
    assert len(missed) == 100


def test_planning_says_what_came_up_while_nobody_looked(bench: Bench) -> None:
    app = stocked(bench)
    assert not pipeline.plan(app, bench.clock.now()).warning
    bench.clock.advance(30 * DAY)
    assert "30 slots" in pipeline.plan(app, bench.clock.now()).warning
    pipeline.publish(app)
    assert not pipeline.plan(app, bench.clock.now()).warning


def test_the_main_job_says_what_came_up_while_nobody_looked(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = stocked(bench)
    bench.clock.advance(30 * DAY)
    monkeypatch.setattr(pipeline, "now", bench.clock.now)
    main_job(app)
    assert "30 slots are on record as missed" in capsys.readouterr().err


def test_the_record_is_told_since_its_first_day_and_not_since_the_first_square(bench: Bench) -> None:
    app = stocked(bench)
    assert pipeline.report(app, bench.clock.now()).since is None
    bench.clock.advance(EVENING - bench.clock.now())
    pipeline.publish(app)
    bench.clock.advance(DAY)
    assert pipeline.report(app, bench.clock.now()).since == EVENING.date()
