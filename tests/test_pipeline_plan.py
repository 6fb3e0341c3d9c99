"""The plan as an editor sees it: each coming slot with its draft, and nothing moved that need not move."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from conftest import decided
from pipeline_bench import COMMUNITY, DAILY, FAR, SETTINGS, SITE, Bench, article

from steadycast import pipeline

DRAFTS = {f"pgc/{n}.md": article(f"Draft {n}") for n in range(1, 6)}
SITE_ONLY = COMMUNITY + DAILY.replace(', "far"', "") + SITE


def ready(bench: Any, settings: Any = SITE_ONLY, content: Any = DRAFTS, **more: Any) -> Any:
    app = bench.set_up(settings, {**content, **more})
    pipeline.collect(app, bench.clock.now())
    return app


def told(planned: Any) -> Any:
    """Day of November -> title, of the slots that carry something."""
    return {int(s.when[8:10]): s.title for s in planned.slots if s.draft and s.when < "2026-12"}


def again(bench: Any, app: Any) -> Any:
    pipeline.collect(app, bench.clock.now())
    return pipeline.plan(app, bench.clock.now())


def test_planning_again_moves_nothing(bench: Bench) -> None:
    app = ready(bench)
    first = told(pipeline.plan(app, bench.clock.now()))
    assert len(first) == 5
    assert told(pipeline.plan(app, bench.clock.now())) == first


def test_a_dropped_draft_takes_the_first_free_slot(bench: Bench) -> None:
    app = ready(bench)
    first = told(pipeline.plan(app, bench.clock.now()))
    bench.drop("pgc/new.md", article("New"))
    assert told(again(bench, app)) == {**first, 28: "New"}


def test_a_deleted_draft_is_replaced_and_the_others_stay(bench: Bench) -> None:
    """Its slot draws on the last one planned; no other moves."""
    app = ready(bench)
    first = told(pipeline.plan(app, bench.clock.now()))
    path = next(row["path"] for row in pipeline.drafts(app, bench.clock.now()) if row["title"] == first[24])
    (bench.root / "content" / path).unlink()
    assert told(again(bench, app)) == {23: first[23], 24: first[27], 25: first[25], 26: first[26]}


def test_a_rejected_draft_leaves_the_plan(bench: Bench) -> None:
    app = ready(bench, content={"ugc/alice/1.md": article("Regretted")})
    assert told(pipeline.plan(app, bench.clock.now())) == {23: "Regretted"}
    pipeline.decide(app, ["ugc/alice/1.md"], "reject", by="eve", now=bench.clock.now())
    assert told(again(bench, app)) == {}


def test_a_pinned_draft_gets_its_day(bench: Bench) -> None:
    app = ready(bench, **{"pgc/pinned.md": article("Pinned", "slot: 2026-11-25")})
    assert told(pipeline.plan(app, bench.clock.now()))[25] == "Pinned"


def test_a_channel_that_a_draft_leaves_out_or_cannot_take_it_is_told_why(bench: Bench) -> None:
    settings = SETTINGS.replace(
        'channels = ["site", "far"]', 'channels = ["site", "far"]\nforms = ["article", "event"]'
    )
    app = bench.set_up(
        settings,
        {
            "pgc/1.md": article("Not here", "slot: 2026-11-23", "channels: {far: {skip: true}}"),
            "pgc/2.md": article("Meet", "slot: 2026-11-24", "event: {start: 2026-11-25 19:00, place: here}"),
        },
    )
    again(bench, app)
    why = {(d.slot.partition("T")[0][-2:], d.channel): (d.state, d.message) for d in app.ledger.deliveries() if d.draft}
    assert why["23", "far"] == ("cancelled", "the draft leaves this channel out")
    assert why["24", "far"] == ("cancelled", "the channel takes no event")
    assert why["23", "site"][0] == why["24", "site"][0] == "due"


def test_a_paused_channel_has_no_deliveries_until_it_is_opened_again(bench: Bench) -> None:
    app = ready(bench, SETTINGS + "paused = true\n")
    pipeline.plan(app, bench.clock.now())
    assert {d.channel for d in app.ledger.deliveries()} == {"site"}
    app = bench.settings(SETTINGS)
    pipeline.plan(app, bench.clock.now())
    assert {d.channel for d in app.ledger.deliveries()} == {"site", "far"}


def test_days_that_are_left_out_are_not_planned_and_days_off_are_excused(bench: Bench) -> None:
    series = DAILY.replace(', "far"', "") + 'skip = ["2026-11-24", "holidays:CN"]\n'
    app = ready(bench, COMMUNITY + series + SITE)
    planned = pipeline.plan(app, bench.clock.now(), days=60)
    days = [s.when[:10] for s in planned.slots]
    assert "2026-11-24" not in days
    assert [s.state for s in planned.slots if s.when.startswith("2027-01-01")] == ["excused"]


def test_a_change_of_the_settings_drops_slots_that_nobody_promised(bench: Bench) -> None:
    """From every day to Fridays: what was not begun goes, what went out stays."""
    app = ready(bench)
    pipeline.plan(app, bench.clock.now())
    pipeline.publish(app, slot="daily@2026-11-24T20:00")
    app = bench.settings(SITE_ONLY.replace("day at 20:00", "week on fri at 20:00"))
    planned = pipeline.plan(app, bench.clock.now())
    assert [s.when[:10] for s in planned.slots] == ["2026-11-24", "2026-11-27", "2026-12-04"]


def test_a_series_taken_out_of_the_settings_leaves_nothing_due(bench: Bench) -> None:
    app = ready(bench)
    pipeline.plan(app, bench.clock.now())
    app = bench.settings(COMMUNITY + SITE)
    assert pipeline.plan(app, bench.clock.now()).slots == ()
    bench.at(25, 12, 0)
    assert pipeline.publish(app).sent == ()


def test_an_overdue_slot_still_gets_a_draft_while_it_may_be_late(bench: Bench) -> None:
    """Nothing was there at 20:00; at 21:00 something is, and goes out late."""
    app = ready(bench, content={})
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 21, 0)
    bench.drop("pgc/late.md", article("Late but there"))
    again(bench, app)
    done = pipeline.publish(app)
    assert [(s.slot, s.state) for s in done.sent] == [("daily@2026-11-23T20:00", "published")]
    (row,) = app.ledger.deliveries(slots=["daily@2026-11-23T20:00"])
    assert row.verdict == "late"


def test_nothing_from_before_the_first_plan_is_missed(bench: Bench) -> None:
    """A community that begins at 21:00 has not missed 20:00."""
    app = ready(bench, content={})
    bench.at(23, 21, 0)
    pipeline.plan(app, bench.clock.now())
    pipeline.publish(app)
    assert decided(app.ledger) == []
    bench.at(25, 12, 0)
    pipeline.plan(app, bench.clock.now())
    pipeline.publish(app)
    assert [o.slot for o in decided(app.ledger)] == ["daily@2026-11-24T20:00"]


# The ladder


def fill(*rungs: Any) -> Any:
    listed = ", ".join(f'"{rung}"' for rung in rungs)
    return COMMUNITY + DAILY.replace(', "far"', "") + f"fill = [{listed}]\n" + SITE


def test_an_evergreen_fills_a_near_slot_that_nothing_fresh_serves(bench: Bench) -> None:
    app = ready(bench, fill("evergreen"), {"pgc/old.md": article("Old and good", "evergreen: true")})
    planned = pipeline.plan(app, bench.clock.now())
    assert [(s.when[:10], s.title, s.state) for s in planned.slots if s.draft] == [
        ("2026-11-23", "Old and good", "filled")
    ]
    bench.drop("pgc/fresh.md", article("Fresh"))
    assert told(again(bench, app)) == {23: "Fresh"}


def test_a_digest_of_what_went_out_fills_the_last_gap_and_goes_out(bench: Bench) -> None:
    app = ready(bench, fill("evergreen", "digest"), {f"pgc/{n}.md": article(f"Draft {n}") for n in (1, 2, 3)})
    for day in (23, 24, 25):
        bench.at(day, 20, 0)
        pipeline.plan(app, bench.clock.now())
        assert pipeline.publish(app).sent
    bench.at(26, 9, 0)
    planned = pipeline.plan(app, bench.clock.now())
    (slot,) = [s for s in planned.slots if s.when.startswith("2026-11-26")]
    assert (slot.state, slot.why) == ("filled", "digest")
    assert slot.title == "In case you missed it 2026-11-26"
    assert told(pipeline.plan(app, bench.clock.now())) == told(planned), "and stays"
    bench.at(26, 20, 0)
    (sent,) = pipeline.publish(app).sent
    assert sent.state == "published"
    page = next((app.workspace.out / "site").rglob("2026-11-26-2000.html")).read_text()
    assert all(f"Draft {n}" in page for n in (1, 2, 3))


def test_slots_that_were_served_ahead_of_their_hour_take_no_turn_from_the_last_drafts(bench: Bench) -> None:
    """They are as many more slots ahead, and no draft is said to be left without one."""
    app = bench.set_up(content={f"pgc/{n}.md": article(f"Draft {n}") for n in range(24)})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    for slot in app.ledger.slots_between(bench.clock.now(), bench.clock.now() + dt.timedelta(days=4))[:3]:
        assert pipeline.publish(app, slot=slot.id).sent
        pipeline.plan(app, bench.clock.now())
    assert pipeline.DraftLocation(app, bench.clock.now()).beyond(dt.timedelta(days=14)).never == 0


def test_a_digest_whose_slot_was_missed_is_no_stock(bench: Bench) -> None:
    """It was made for that slot: nobody waits for its turn."""
    app = ready(bench, fill("digest"), {f"pgc/{n}.md": article(f"Draft {n}") for n in (1, 2, 3)})
    for day in (23, 24, 25):
        bench.at(day, 20, 0)
        pipeline.plan(app, bench.clock.now())
        assert pipeline.publish(app).sent
    bench.at(26, 9, 0)
    pipeline.plan(app, bench.clock.now())
    bench.at(27, 9, 0)
    pipeline.plan(app, bench.clock.now())
    assert sum(row.source == "digest" for row in app.ledger.drafts()) == 2
    later = bench.clock.now() + dt.timedelta(days=9)
    assert pipeline.DraftLocation(app, later).beyond(dt.timedelta(days=14)).lines() == []


def test_too_little_makes_no_digest(bench: Bench) -> None:
    """Two posts are no digest: the gap is left, and told."""
    app = ready(bench, fill("digest"), {f"pgc/{n}.md": article(f"Draft {n}") for n in (1, 2)})
    for day in (23, 24):
        bench.at(day, 20, 0)
        pipeline.plan(app, bench.clock.now())
        pipeline.publish(app)
    bench.at(25, 9, 0)
    planned = pipeline.plan(app, bench.clock.now())
    assert planned.slots[0].state == "gap"
    assert "the first: Daily, 2026-11-25 20:00" in planned.summary()


# Events

CLUB = """
[series.club]
title = "Club"
every = "month on first sat at 14:00"
forms = ["event"]
announce = ["7d", "1d"]
channels = ["site"]
"""


def test_an_event_is_announced_twice_with_one_draft(bench: Bench) -> None:
    """Seven days and one day ahead of the first Saturday; the second announcement is the same draft's."""
    event = article("December club", "event: {start: 2026-12-05 14:00, place: here}")
    app = bench.set_up(COMMUNITY + CLUB + SITE, {"pgc/club.md": event})
    planned = again(bench, app)
    assert [(s.when, s.title) for s in planned.slots if s.draft] == [
        ("2026-11-28 14:00", "December club"), ("2026-12-04 14:00", "December club")
    ]  # fmt: skip
    bench.at(28, 14, 0)
    assert [s.state for s in pipeline.publish(app).sent] == ["published"]
    bench.clock.set_wall(dt.datetime(2026, 12, 4, 6, 0, tzinfo=dt.UTC))
    again(bench, app)
    assert [s.state for s in pipeline.publish(app).sent] == ["published"]
    assert len(list((app.workspace.out / "site" / "club").glob("2026-*.html"))) == 2


def test_the_plan_reaches_as_far_as_it_is_asked(bench: Bench) -> None:
    app = ready(bench)
    assert len(pipeline.plan(app, bench.clock.now(), days=3).slots) == 3
    assert len(pipeline.plan(app, bench.clock.now(), days=30).slots) == 30
    assert len(pipeline.plan(app, bench.clock.now()).slots) == 14


def test_a_longer_plan_and_then_a_shorter_one_use_no_draft_twice(bench: Bench) -> None:
    app = ready(bench, **{"pgc/far.md": article("In December", "not_before: 2026-12-20")})
    pipeline.plan(app, bench.clock.now(), days=40)
    bench.drop("pgc/far.md", article("In December", "not_before: 2026-11-28"))
    again(bench, app)
    carried = [s.draft for s in pipeline.plan(app, bench.clock.now(), days=40).slots if s.draft]
    assert len(carried) == len(set(carried)) == 6


@pytest.mark.parametrize("broken", ['platform = "fare"', 'platform = "far"\ncolour = "red"'])
def test_a_channel_with_broken_settings_stops_no_planning(bench: Bench, broken: Any) -> None:
    """`check` and the refused delivery tell; the other channels are planned and served."""
    app = ready(bench, COMMUNITY + DAILY + SITE + FAR.replace('platform = "far"', broken))
    assert len(told(pipeline.plan(app, bench.clock.now()))) == 5
    bench.at(23, 20, 0)
    assert {s.channel: s.state for s in pipeline.publish(app).sent} == {"far": "refused", "site": "published"}
