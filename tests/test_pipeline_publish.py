"""Publishing as an operator sees it: what is due goes out at its second, once; what goes wrong harms nothing else."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import re
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any, cast
from urllib.parse import unquote

import pytest
from pipeline_bench import COMMUNITY, DAILY, EVENING, SETTINGS, SITE, Bench, article

from steadycast import ops, pipeline
from steadycast.errors import InputError, LedgerError
from steadycast.ledger.tables import DeliveryRow, State
from steadycast.pipeline.app import App
from steadycast.platform.post_bytes import post_from_bytes
from steadycast.testing import drop

THREE = {f"pgc/{n}.md": article(f"Draft {n}") for n in (1, 2, 3)}
MINUTE = dt.timedelta(minutes=1)


def ready(bench: Bench, settings: Any = SETTINGS, content: Mapping[str, str | bytes] = THREE, **more: Any) -> Any:
    """A desk with drafts taken in and planned, on Monday morning."""
    app = bench.set_up(settings, {**content, **more})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    return app


def states(published: Any) -> Any:
    return {s.channel: s.state for s in published.sent}


def pages(app: App, channel: str = "site") -> Any:
    """The public pages of that channel, without its lists."""
    return sorted(p.name for p in (app.workspace.out / channel / "daily").glob("2026-*.html"))


# The sweep


def test_nothing_goes_out_before_its_hour(bench: Bench) -> None:
    app = ready(bench)
    bench.at(23, 19, 59)
    assert pipeline.publish(app).sent == ()
    assert bench.there() == []


def test_what_is_due_goes_to_every_channel_and_not_again(bench: Bench) -> None:
    app = ready(bench)
    bench.at(23, 20, 1)
    done = pipeline.publish(app)
    assert states(done) == {"far": "published", "site": "published"}
    assert pipeline.publish(app).sent == ()
    assert len(bench.there()) == 1
    assert pages(app) == ["2026-11-23-2000.html"]


def test_a_channel_knows_what_the_community_says_of_itself(bench: Bench) -> None:
    app = ready(bench, SETTINGS.replace("[community]", '[community]\ndescription = "We read aloud."', 1))
    bench.at(23, 20, 1)
    pipeline.publish(app)
    assert "We read aloud." in (app.workspace.out / "site/index.html").read_text()


def test_ahead_of_the_slot_everything_is_made_ready_and_sent_at_its_second(bench: Bench) -> None:
    app = ready(bench)
    bench.at(23, 19, 59, 30)
    done = pipeline.publish(app, ahead=True)
    assert states(done) == {"far": "published", "site": "published"}
    (called,) = bench.calls()
    assert EVENING <= called < EVENING + dt.timedelta(seconds=1)


def test_a_sweep_holds_what_falls_due_in_its_minute_whatever_the_lead(bench: Bench) -> None:
    """With a lead of ten minutes the slot's own run wakes earlier; a sweep would keep the next ones from running."""
    app = ready(bench, SETTINGS + '\n[publish]\nlead = "10m"\n')
    bench.at(23, 19, 55)
    assert pipeline.publish(app, ahead=True).sent == ()
    bench.at(23, 19, 59, 5)
    assert states(pipeline.publish(app, ahead=True)) == {"far": "published", "site": "published"}
    (called,) = bench.calls()
    assert EVENING <= called < EVENING + dt.timedelta(seconds=1)


@pytest.mark.parametrize("asked", [{}, {"ahead": True}, {"series": "daily", "ahead": True}])
def test_what_a_person_sent_ahead_is_tried_again_at_once_and_alone(bench: Bench, asked: Any) -> None:
    """The far side was busy: its next try waits for no hour, and takes no other channel of its slot along."""
    app = ready(bench)
    bench.far("busy")
    slot = "daily@2026-11-23T20:00"
    bench.at(23, 18, 0)
    assert states(pipeline.publish(app, slot=slot, channel="far")) == {"far": "due"}
    now = bench.at(23, 18, 5)
    assert states(pipeline.publish(app, **asked)) == {"far": "published"}
    assert bench.clock.now() < now + MINUTE
    assert {row.channel: row.state for row in app.ledger.deliveries(slots=[slot])} == {
        "far": State.PUBLISHED, "site": State.DUE
    }  # fmt: skip


def test_ahead_means_within_the_lead(bench: Bench) -> None:
    """Two minutes before the hour is not yet the time, with a lead of one."""
    app = ready(bench)
    bench.at(23, 19, 58)
    assert pipeline.publish(app, ahead=True).sent == ()
    assert bench.clock.now() == EVENING - 2 * MINUTE


def test_the_newest_approved_words_go_out(bench: Bench) -> None:
    """Edited after planning, without another plan: the newest revision is sent."""
    app = ready(bench, content={"pgc/1.md": article("First words")})
    bench.drop("pgc/1.md", article("Second thoughts"))
    pipeline.collect(app, bench.clock.now())
    bench.at(23, 20, 0)
    pipeline.publish(app)
    assert bench.there() == ["Second thoughts"]


def test_unapproved_words_never_go_out(bench: Bench) -> None:
    app = ready(bench, content={}, **{"ugc/bob/1.md": article("Tame")})
    pipeline.decide(app, ["ugc/bob/1.md"], "approve", by="eve", now=bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.drop("ugc/bob/1.md", article("Wild"))
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 0)
    pipeline.publish(app)
    assert bench.there() == ["Tame"]
    assert "Wild" not in (app.workspace.out / "site" / "daily" / "2026-11-23-2000.html").read_text()


def test_own_pages_go_out_before_what_links_to_them(bench: Bench) -> None:
    """The pages carry permalinks: when the others are called, they are there."""
    app = ready(bench)
    bench.at(23, 20, 0)
    pipeline.publish(app)
    (page,) = (app.workspace.out / "site" / "daily").glob("2026-*.html")
    called = app.workspace.out / "far-side-far" / "calls"
    assert page.stat().st_mtime_ns < called.stat().st_mtime_ns


# When a far side misbehaves


def test_what_a_dead_worker_had_not_put_in_place_is_swept(bench: Bench) -> None:
    """Killed between writing a page and renaming it: the next one who has the folder leaves nothing beside the pages."""
    app = ready(bench)
    bench.at(23, 20, 0)
    out = app.workspace.out / "site"
    left = [drop(out, "notes/.a.html.4711.0a1b2c3d", "half"), drop(out, "media/.abc.png.4711", "half")]
    kept = drop(out, ".well-known/x", "the operator's own")
    drop(app.workspace.cache, "channel-site.lock", "at work")
    assert states(pipeline.publish(app))["site"] == "published"
    assert not [file for file in left if file.exists()]
    assert kept.exists()
    assert (app.workspace.cache / "channel-site.lock").read_text() == ""


def test_a_stopped_process_that_has_the_pages_holds_up_nobody_else(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody's `publish` was stopped (Ctrl-Z) while it wrote pages: they wait, every other channel goes out."""
    monkeypatch.setattr(sys.modules["steadycast.pipeline.publish"], "PATIENCE", 0.1)
    app = ready(bench)
    bench.at(23, 20, 0)
    with (app.workspace.cache / "channel-site.lock").open("w") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        done = pipeline.publish(app)
    assert states(done) == {"far": "published", "site": "due"}
    assert "another process has its folder" in next(s.message for s in done.sent if s.channel == "site")
    bench.at(23, 20, 2)
    assert states(pipeline.publish(app))["site"] == "published"
    assert len(bench.there()) == 1


@pytest.mark.parametrize(("what", "verb"), [("plan", pipeline.plan), ("intake", pipeline.collect)])
def test_a_stopped_process_in_the_middle_of_it_is_told_with_the_mend(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, what: str, verb: Any
) -> None:
    """Whoever waited for it would wait for ever, and nobody would know why nothing is planned."""
    app = ready(bench)
    monkeypatch.setattr(sys.modules[verb.__module__], "PATIENCE", 0.1)
    with (app.workspace.cache / f"{what}.lock").open("w") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        with pytest.raises(LedgerError, match=f"at the {what} .*find and end it"):
            verb(app, bench.clock.now())
    verb(app, bench.clock.now())


def test_a_refusal_waits_for_a_person_and_harms_no_other_channel(bench: Bench) -> None:
    app = ready(bench)
    bench.far("refuse")
    bench.at(23, 20, 0)
    done = pipeline.publish(app)
    assert states(done) == {"far": "refused", "site": "published"}
    (waits,) = ops.status(app, bench.clock.now())["waiting"]
    assert (waits["channel"], waits["message"]) == ("far", "bad content")
    said = pipeline.settle(app, waits["id"], url="", again=True, now=bench.clock.now())
    assert "again" in said
    assert states(pipeline.publish(app)) == {"far": "published"}
    assert len(bench.there()) == 1


def test_a_busy_far_side_is_asked_again_later(bench: Bench) -> None:
    app = ready(bench)
    bench.far("busy")
    bench.at(23, 20, 0)
    assert states(pipeline.publish(app))["far"] == "due"
    assert pipeline.publish(app).sent == (), "not at once"
    bench.at(23, 20, 5)
    assert states(pipeline.publish(app)) == {"far": "published"}
    assert len(bench.there()) == 1


@pytest.mark.parametrize(("verb", "ends"), [("cut", "seen"), ("fail", "published")])
def test_what_may_be_there_is_looked_for_and_never_sent_blindly(bench: Bench, verb: str, ends: str) -> None:
    """Cut after it was taken: found. Failed before it was: surely absent, so it is sent again. Never twice."""
    app = ready(bench)
    bench.far(verb)
    bench.at(23, 20, 0)
    assert states(pipeline.publish(app))["far"] == "unknown"
    assert pipeline.publish(app).sent == ()
    for minute in range(1, 20):
        now = bench.at(23, 20, minute)
        pipeline.verify(app, now)
        pipeline.publish(app)
    assert {d.channel: d.state for d in app.ledger.deliveries(slots=["daily@2026-11-23T20:00"])}["far"] == "seen"
    assert len(bench.there()) == 1
    assert len(bench.calls()) == (1 if ends == "seen" else 2)


def test_each_outcome_is_told_as_it_comes(bench: Bench) -> None:
    """By publish, and by verify first of what is in doubt, then of what was published; nothing is told twice."""
    app, told = ready(bench), []
    bench.far("cut")
    bench.at(23, 20, 0)
    pipeline.publish(app, told=lambda row: told.append((row["channel"], row["state"])))
    assert sorted(told) == [("far", "unknown"), ("site", "published")]
    told.clear()
    looked = pipeline.verify(app, bench.at(23, 20, 30), told=lambda row: told.append((row["channel"], row["state"])))
    assert told == [("far", "seen"), ("site", "seen")]
    assert looked.summary() == "2 seen"


def test_who_hears_of_it_stops_no_delivery(bench: Bench) -> None:
    """A pipe that is closed: `steadycast publish | head -1`."""
    app = ready(bench)
    bench.at(23, 20, 0)

    def closed(_row: Any) -> None:
        raise BrokenPipeError

    assert states(pipeline.publish(app, told=closed)) == {"far": "published", "site": "published"}


def test_a_channel_that_cannot_tell_waits_for_a_person(bench: Bench) -> None:
    """A blind platform is never asked twice: a person says whether it is there."""
    app = ready(bench, SETTINGS.replace('platform = "far"', 'platform = "blind"'))
    bench.far("cut")
    bench.at(23, 20, 0)
    pipeline.publish(app)
    for hour in range(21, 23):
        pipeline.verify(app, bench.at(23, hour, 0))
        pipeline.publish(app)
    assert len(bench.calls()) == 1
    (waits,) = ops.status(app, bench.clock.now())["waiting"]
    said = pipeline.settle(app, waits["id"], url="https://far.example/1", again=False, now=bench.clock.now())
    assert "is there" in said
    assert ops.status(app, bench.clock.now())["waiting"] == []


def test_a_channel_taken_out_of_the_settings_stops_no_other(bench: Bench) -> None:
    """Its open deliveries are refused with the reason; the rest goes out."""
    app = ready(bench)
    app = bench.settings(COMMUNITY + DAILY.replace(', "far"', "") + SITE)
    bench.at(23, 20, 0)
    done = pipeline.publish(app)
    assert states(done) == {"far": "refused", "site": "published"}
    (waits,) = ops.status(app, bench.clock.now())["waiting"]
    assert "there is no channel 'far'" in waits["message"]


def test_a_broken_platform_folder_stops_its_own_channels_only(bench: Bench) -> None:
    app = ready(bench)
    drop(bench.root, "channels/far/channel.toml", 'api = 2\ntitel = "typo"\n')
    app = bench.open()
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 0)
    done = pipeline.publish(app)
    assert states(done) == {"far": "refused", "site": "published"}
    assert "channel.toml:2" in next(s.message for s in done.sent if s.channel == "far")


def test_an_adapter_that_does_not_import_stops_its_own_channels_only(bench: Bench) -> None:
    app = ready(bench)
    drop(bench.root, "channels/far/adapter.py", "import nothing_of_this_name\n")
    app = bench.open()
    bench.at(23, 20, 0)
    assert states(pipeline.publish(app)) == {"far": "refused", "site": "published"}


# Catching up


def at_once(app: App, runs: Any) -> Any:
    """Publish, once for each of `runs`, in one and the same moment: the slots that each of them sent."""
    return [sorted({sent.slot for sent in pipeline.publish(app, **asked).sent}) for asked in runs]


def slots(*days: Any) -> Any:
    return [f"daily@2026-11-{day}T20:00" for day in days]


ASKED = ({"ahead": True}, {"series": "daily", "ahead": True})
AHEAD = [pytest.param(asked, id=name) for asked, name in zip(ASKED, ("sweep", "series"), strict=True)]
FIVE = {f"pgc/{n}.md": article(f"Draft {n}") for n in range(1, 6)}


def test_catching_up_is_one_overdue_slot_of_a_series_at_a_time(bench: Bench) -> None:
    """The machine slept through two slots that may still be late: one a minute, the oldest first."""
    app = ready(bench, SETTINGS.replace('late = "3h"', 'late = "72h"'))
    bench.at(25, 9, 0)
    assert {s.slot for s in pipeline.publish(app).sent} == {"daily@2026-11-23T20:00"}
    bench.at(25, 9, 1)
    assert {s.slot for s in pipeline.publish(app).sent} == {"daily@2026-11-24T20:00"}
    bench.at(25, 9, 2)
    assert pipeline.publish(app).sent == ()


def test_what_falls_due_now_does_not_wait_for_what_is_overdue(bench: Bench) -> None:
    """Catching up makes no slot late that could be on time, and comes in a minute of its own."""
    app = ready(bench, SETTINGS.replace('late = "3h"', 'late = "72h"'))
    bench.at(24, 20, 0)
    assert {s.slot for s in pipeline.publish(app).sent} == {"daily@2026-11-24T20:00"}
    bench.at(24, 20, 1)
    assert {s.slot for s in pipeline.publish(app).sent} == {"daily@2026-11-23T20:00"}


@pytest.mark.parametrize("asked", AHEAD)
@pytest.mark.parametrize(("late", "ends", "verdict"), [("12h", "published", "late"), ("3h", "missed", "missed")])
def test_a_run_that_starts_six_hours_late_sends_what_may_still_be_late(
    bench: Bench, asked: Any, late: str, ends: str, verdict: str
) -> None:
    """Its own slot, once, late while `late` lasts; after that it is missed, and nothing else goes out in its place."""
    app = ready(bench, SETTINGS.replace('late = "3h"', f'late = "{late}"'), content=FIVE)
    bench.at(24, 2, 0)
    gone = slots(23) if ends == "published" else []
    assert at_once(app, [asked] * 3) == [gone, [], []]
    rows = app.ledger.deliveries(slots=slots(23))
    assert {(row.state, row.verdict) for row in rows} == {(ends, verdict)}
    assert len(bench.calls()) == len(bench.there()) == len(gone)
    assert {row.state for row in app.ledger.deliveries(slots=slots(24))} == {"due"}


def test_missed_runs_that_all_come_at_once_send_one_slot_a_minute(bench: Bench) -> None:
    """Four days' runs and their sweeps, in no order, when the server is back: the oldest slot, and a minute apart."""
    app = ready(bench, SETTINGS.replace('late = "3h"', 'late = "72h"'), content=FIVE)
    bench.at(27, 2, 0)  # the 23rd is past late; the 24th, 25th and 26th are not
    runs = [{"ahead": True}, {"series": "daily", "ahead": True}, {}, {"series": "daily", "ahead": True}] * 3
    for minute, day in enumerate((24, 25, 26)):
        bench.at(27, 2, minute)
        assert at_once(app, runs) == [slots(day), *[[]] * 11]
        bench.at(27, 2, minute, 40)
        assert at_once(app, reversed(runs)) == [[]] * 12
    assert {row.state for row in app.ledger.deliveries(slots=slots(23))} == {"missed"}
    assert {row.verdict for row in app.ledger.deliveries(slots=slots(24, 25, 26))} == {"late"}
    assert len(bench.calls()) == len(bench.there()) == 3


@pytest.mark.parametrize("asked", AHEAD)
def test_a_missed_run_waits_while_another_worker_has_the_slot_before(bench: Bench, asked: Any) -> None:
    """Two workers get one missed run each: the second finds the first in mid-send, and its day comes a minute later."""
    app = ready(bench, SETTINGS.replace('late = "3h"', 'late = "72h"'), content=FIVE)
    now = bench.at(25, 9, 0)
    ids = [row.id for row in app.ledger.deliveries(slots=slots(23))]
    assert len(app.ledger.claim(now, "the other", dt.timedelta(minutes=5), ids=ids)) == 2
    assert at_once(app, [asked]) == [[]]
    bench.at(25, 9, 6)  # it died: its claim is given back
    assert at_once(app, [asked] * 2) == [slots(23), []]


def test_a_slot_in_doubt_keeps_the_next_one_waiting(bench: Bench) -> None:
    """It may be there: the day after it does not follow in the same minute, and does in the next but one."""
    app = ready(bench, SETTINGS.replace('late = "3h"', 'late = "72h"').replace('"site", "far"', '"far"'), content=FIVE)
    bench.far("cut")
    bench.at(25, 9, 0)
    assert at_once(app, [{"ahead": True}] * 2) == [slots(23), []]
    bench.at(25, 9, 2)
    assert at_once(app, [{"ahead": True}] * 2) == [slots(24), []]


# Two installations


def test_two_installations_on_one_ledger_send_each_slot_once(
    database: str, quick_path: Path, empty_sqlite: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two machines with the same drafts, each with a var/ of its own: what they share is the ledger, and it decides."""
    monkeypatch.setenv("STEADYCAST_LEDGER", database)
    other = Bench(quick_path / "other", empty_sqlite)
    both = [bench, other]
    for one in both:
        app = ready(one, SETTINGS.replace('"site", "far"', '"far"'), content=FIVE)
    assert len(app.ledger.deliveries(slots=slots(23, 24, 25))) == 3
    app.close()
    bench.app.close()

    def serve(one: Any, start: Any, asked: Any) -> None:
        with one.open() as mine:
            start.wait()
            pipeline.publish(mine, **asked)
            pipeline.verify(mine, one.clock.now())

    for day in (23, 24, 25):
        for one in both:
            one.at(day, 19, 59, 30)
        start = Barrier(4)
        with ThreadPoolExecutor(4) as pool:  # a sweep and the series' own run on each
            runs = [pool.submit(serve, one, start, asked) for one in both for asked in ASKED]
            for run in runs:
                run.result()
    posts = [line.split(" ")[0] for one in both for line in one._lines("far", "posts")]
    assert len(posts) == len(set(posts)) == 3
    assert len(bench.calls()) + len(other.calls()) == 3
    with bench.open() as app:
        rows = app.ledger.deliveries(slots=slots(23, 24, 25))
        assert {row.marker for row in rows} == set(posts)
        assert {(row.state, row.verdict) for row in rows} <= {("published", "kept"), ("seen", "kept")}
        assert ops.status(app, bench.clock.now())["waiting"] == []


def test_past_late_a_slot_is_missed_and_its_draft_is_stock_again(bench: Bench) -> None:
    app = ready(bench, content={"pgc/1.md": article("Only one")})
    bench.at(24, 9, 0)
    assert pipeline.publish(app).sent == ()
    assert {d.state for d in app.ledger.deliveries(slots=["daily@2026-11-23T20:00"])} == {"missed"}
    planned = pipeline.plan(app, bench.clock.now())
    assert [(s.slot, s.title) for s in planned.slots if s.draft] == [("daily@2026-11-24T20:00", "Only one")]


# By hand


def test_a_series_by_hand_sends_its_next_slot_now_and_once(bench: Bench) -> None:
    app = ready(bench)
    assert states(pipeline.publish(app, series="daily")) == {"far": "published", "site": "published"}
    again = pipeline.publish(app, series="daily")
    assert states(again) == {"far": "published", "site": "published"}
    bench.at(23, 20, 0)
    assert pipeline.publish(app).sent == ()
    assert len(bench.there()) == 1


def test_one_slot_by_hand(bench: Bench) -> None:
    app = ready(bench)
    done = pipeline.publish(app, slot="daily@2026-11-24T20:00")
    assert {s.slot for s in done.sent} == {"daily@2026-11-24T20:00"}
    with pytest.raises(InputError, match="did you mean 'daily@2026-11-24T20:00'"):
        pipeline.publish(app, slot="daily@2026-11-24T20:01")


def test_one_channel_by_hand_leaves_the_others_for_their_hour(bench: Bench) -> None:
    app = ready(bench)
    assert states(pipeline.publish(app, series="daily", channel="far")) == {"far": "published"}
    bench.at(23, 20, 0)
    assert states(pipeline.publish(app)) == {"site": "published"}
    assert len(bench.there()) == 1


def test_a_draft_by_hand_goes_out_once_however_often_it_is_asked_for(bench: Bench) -> None:
    app = ready(bench)
    for _ in range(2):
        done = pipeline.publish(app, draft="pgc/2.md")
        assert states(done) == {"far": "published", "site": "published"}
        bench.clock.advance(MINUTE)
    assert bench.there() == ["Draft 2"]


def test_a_draft_by_hand_leaves_the_slot_that_was_to_carry_it(bench: Bench) -> None:
    """What went out by hand does not go out again at its slot: another draft takes it."""
    app = ready(bench)
    carried = app.ledger.slot("daily@2026-11-23T20:00").draft
    pipeline.publish(app, draft=carried)
    assert app.ledger.slot("daily@2026-11-23T20:00").draft not in (None, carried)


def test_a_draft_by_hand_may_go_to_one_channel_and_later_to_another(bench: Bench) -> None:
    app = ready(bench)
    assert states(pipeline.publish(app, draft="pgc/2.md", channel="far")) == {"far": "published"}
    bench.at(25, 12, 0)
    assert states(pipeline.publish(app, draft="pgc/2.md", channel="site")) == {"site": "published"}
    assert states(pipeline.publish(app, draft="pgc/2.md")) == {"far": "published", "site": "published"}
    assert bench.there() == ["Draft 2"]


def test_what_a_slot_carried_is_not_sent_again_by_hand(bench: Bench) -> None:
    """The same words on the same channel once; edited ones may follow, and an evergreen is there to be sent again."""
    app = ready(bench, content={"pgc/1.md": article("First words")})
    pipeline.publish(app, series="daily", channel="far")
    told = pipeline.publish(app, draft="pgc/1.md")
    assert {(s.channel, s.slot.partition("@")[0]) for s in told.sent} == {("far", "daily"), ("site", "draft")}
    assert bench.there() == ["First words"]
    bench.drop("pgc/1.md", article("Second thoughts"))
    pipeline.collect(app, bench.clock.now())
    assert states(pipeline.publish(app, draft="pgc/1.md")) == {"far": "published", "site": "published"}
    assert bench.there() == ["First words", "Second thoughts"]


def test_an_evergreen_may_be_sent_again_by_hand(bench: Bench) -> None:
    settings = SETTINGS.replace('late = "3h"', 'late = "3h"\nfill = ["evergreen"]')
    app = ready(bench, settings, {"pgc/1.md": article("Evergreen", "evergreen: true")})
    pipeline.publish(app, series="daily")
    pipeline.publish(app, draft="pgc/1.md", channel="far")
    assert bench.there() == ["Evergreen", "Evergreen"]


def test_a_draft_that_nobody_approved_is_not_sent_by_hand(bench: Bench) -> None:
    app = ready(bench, **cast("Any", {"ugc/bob/1.md": article("Waits")}))
    with pytest.raises(InputError, match=r"is not approved .*approve"):
        pipeline.publish(app, draft="ugc/bob/1.md")


@pytest.mark.parametrize("asked", [{"series": "daily"}, {"draft": "pgc/2.md"}, {"slot": "daily@2026-11-24T20:00"}])
def test_a_dry_run_sends_and_writes_nothing(bench: Bench, asked: Any) -> None:
    """Not even a slot that the next tick would serve."""
    app = ready(bench)
    slots = [d.model_dump() for d in app.ledger.deliveries()]
    done = pipeline.publish(app, dry_run=True, **asked)
    assert {s.channel for s in done.sent} == {"far", "site"}
    assert all("would send" in s.message for s in done.sent)
    assert [d.model_dump() for d in app.ledger.deliveries()] == slots
    assert pipeline.publish(app).sent == ()
    assert bench.calls() == []


def test_a_dry_run_says_what_would_be_refused(bench: Bench) -> None:
    app = ready(bench, SETTINGS + "colour = 'red'\n")
    told = {s.channel: (s.state, s.message) for s in pipeline.publish(app, series="daily", dry_run=True).sent}
    assert told["far"][0] == "refused"
    assert "colour" in told["far"][1]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"series": "dayly"}, "did you mean 'daily'"),
        ({"channel": "fare"}, "did you mean 'far'"),
        ({"draft": "pgc/9.md"}, "there is no draft"),
    ],
)
def test_a_slip_says_what_was_meant(bench: Bench, asked: Any, said: str) -> None:
    app = ready(bench)
    with pytest.raises(InputError, match=said):
        pipeline.publish(app, **asked)


def test_a_series_whose_next_slot_has_no_draft_says_so(bench: Bench) -> None:
    app = ready(bench, content={})
    done = pipeline.publish(app, series="daily")
    assert {(s.state, s.message) for s in done.sent} == {("planned", "no draft yet")}


def test_paused_channels_get_nothing(bench: Bench) -> None:
    app = ready(bench, SETTINGS + "paused = true\n")
    bench.at(23, 20, 0)
    assert states(pipeline.publish(app)) == {"site": "published"}
    assert states(pipeline.publish(app, draft="pgc/3.md")) == {"site": "published"}


# Kits

KIT = '[channel.hand]\nplatform = "paste"\n'


@pytest.fixture
def kit(bench: Bench) -> tuple[App, Any]:
    app = ready(bench, COMMUNITY + DAILY.replace('"far"', '"hand"') + SITE + KIT)
    bench.at(23, 20, 0)
    (handed,) = [s for s in pipeline.publish(app).sent if s.channel == "hand"]
    return app, handed


def test_a_kit_that_is_made_before_its_hour_is_due_at_it(bench: Bench) -> None:
    """The promise is the slot's day and hour; readers of the page see when it was published."""
    app = ready(bench, COMMUNITY + DAILY.replace('"far"', '"hand"') + SITE + KIT)
    bench.at(22, 23, 30)
    assert states(pipeline.publish(app, series="daily")) == {"site": "published", "hand": "handed"}
    (folder,) = (app.workspace.out / "hand").iterdir()
    assert folder.name.startswith("2026-11-23-")
    assert json.loads((folder / "kit.json").read_text())["due"] == EVENING.isoformat()
    assert "2026-11-22T23:30" in (app.workspace.out / "site/daily/2026-11-23-2000.html").read_text()


def test_a_kit_lies_ready_and_a_person_closes_it(bench: Bench, kit: tuple[App, Any]) -> None:
    app, handed = kit
    assert handed.state == "handed"
    assert handed.proof is not None
    assert (app.workspace.out / "hand" / handed.proof.detail["page"]).is_file()
    (waits,) = ops.status(app, bench.clock.now())["waiting"]
    url = "https://hand.example/1/abc"
    assert "is confirmed" in pipeline.confirm(app, waits["id"], url, bench.clock.now())
    assert "confirmed already" in pipeline.confirm(app, waits["id"], url, bench.clock.now())
    assert ops.status(app, bench.clock.now())["waiting"] == []


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/hand.example/1", "https://hand.example.evil.example/1", "https://hand.example@evil.example/1",
     "javascript:alert(1)", "hand.example/1", "https://hand.example/ 1", "https://nothand.example/1", "ftp://hand.example/1"],
)  # fmt: skip
def test_a_kit_is_closed_by_an_address_of_its_own_platform_only(bench: Bench, kit: tuple[App, Any], url: str) -> None:
    app, handed = kit
    with pytest.raises(InputError):
        pipeline.confirm(app, handed.delivery.marker, url, bench.clock.now())
    assert cast("DeliveryRow", app.ledger.delivery_of(handed.delivery.marker)).state == "handed"


def test_what_is_no_kit_is_not_confirmed(bench: Bench) -> None:
    app = ready(bench)
    bench.at(23, 20, 0)
    key = next(s.delivery.marker for s in pipeline.publish(app).sent if s.channel == "far")
    with pytest.raises(InputError, match="no kit lies ready"):
        pipeline.confirm(app, key, "https://far.example/1", bench.clock.now())


def test_what_can_neither_be_settled_nor_confirmed_says_what_to_do(bench: Bench, kit: tuple[App, Any]) -> None:
    """A kit is confirmed, not settled; one that is closed stays so; what is there, or was missed, has its own step."""
    app, handed = kit

    def hint(act: Any, key: Any, **more: Any) -> str:
        with pytest.raises(InputError) as slip:
            act(app, key, now=bench.clock.now(), **more)
        return str(slip.value)

    settled = partial(pipeline.settle, url="", again=True)
    assert (
        f"is handed: there is nothing to settle (post the kit, then `steadycast confirm {handed.delivery.marker}"
        in hint(settled, handed.delivery.marker)
    )
    pipeline.confirm(app, handed.delivery.marker, "https://hand.example/1/a", bench.clock.now())
    assert "(it is there: nothing is left to do)" in hint(settled, handed.delivery.marker)
    with app.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE delivery SET state = 'missed'")
    told = hint(partial(pipeline.confirm, url="https://hand.example/1/b"), handed.delivery.marker)
    assert f"(`steadycast settle {handed.delivery.marker} --again` sends it after all)" in told


def test_a_mistyped_address_is_corrected_by_saying_it_again(bench: Bench, kit: tuple[App, Any]) -> None:
    """The address and its receipt change; when it was there, and so the verdict, does not."""
    app, handed = kit
    pipeline.confirm(app, handed.delivery.marker, "https://hand.example/1/a", bench.clock.now())
    before = app.ledger.delivery_of(handed.delivery.marker)
    assert before is not None
    bench.at(25, 9, 0)
    told = pipeline.confirm(app, handed.delivery.marker, "https://hand.example/1/b", bench.clock.now())
    assert "its address is https://hand.example/1/b now, was https://hand.example/1/a" in told
    after = app.ledger.delivery_of(handed.delivery.marker)
    assert after is not None
    assert (after.state, after.url) == ("confirmed", "https://hand.example/1/b")
    assert (after.finished, after.verdict) == (before.finished, before.verdict)
    assert app.ledger.receipts_of([after.id or 0])[after.id or 0].url == "https://hand.example/1/b"


def test_the_report_follows_an_act_and_opens_the_kit(bench: Bench, kit: tuple[App, Any]) -> None:
    """Once a report is kept it is written anew after an act: the kit that waits is one click away, then it is gone."""
    app, handed = kit
    page = pipeline.report(app, bench.clock.now()).page
    (link,) = re.findall(r'href="(\.\./hand/[^"]+)"', page.read_text(encoding="utf-8"))
    assert (page.parent / unquote(link)).resolve().is_file()
    pipeline.confirm(app, handed.delivery.marker, "https://hand.example/1/a", bench.clock.now())
    assert "../hand/" not in page.read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_stands_in_no_acts_way(
    bench: Bench, kit: tuple[App, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, handed = kit
    pipeline.report(app, bench.clock.now())
    monkeypatch.setattr(sys.modules["steadycast.pipeline.report"], "gather", lambda *_: dict[str, Any]()["broken"])
    assert "is confirmed" in pipeline.confirm(
        app, handed.delivery.marker, "https://hand.example/1/a", bench.clock.now()
    )


def test_what_is_told_is_told_in_the_communitys_wall_time(bench: Bench) -> None:
    app = ready(bench)
    bench.at(23, 20, 0)
    assert {row["when"] for row in pipeline.publish(app).rows()} == {"2026-11-23 20:00"}


def test_nothing_is_read_again_to_find_out_what_happened(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a send came to is told as it was written; only what a person named is read, once, before it is sent."""
    app = ready(bench)
    bench.at(23, 20, 0)
    for name in ("delivery", "deliveries", "titles", "receipts_of"):
        monkeypatch.setattr(type(app.ledger), name, None)
    for name in ("renew", "tick"):
        monkeypatch.setattr(sys.modules["steadycast.pipeline.publish"], name, lambda *_: None)
    done = pipeline.publish(app)
    assert [(row["title"], row["state"]) for row in done.rows()] == [("Draft 1", "published")] * 2
    assert all(row["link"] for row in done.rows())


def test_a_post_links_only_to_a_page_that_carries_it(bench: Bench) -> None:
    """A draft that a person sends to one channel has no page on the site: a link to one would be dead."""
    app = bench.set_up(SETTINGS, {f"pgc/{n}.md": article(f"Note {n}") for n in range(3)})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    pipeline.publish(app, series="daily")
    (alone,) = pipeline.publish(app, draft="pgc/2.md", channel="far").sent
    links = {}
    for row in app.ledger.deliveries(states=[State.PUBLISHED, State.SEEN], channels=["far"]):
        post = post_from_bytes(app.ledger.frozen([row.id or 0])[row.id or 0])
        links[row.slot == alone.slot] = post.canonical_url
    assert links[True] == ""
    assert links[False].startswith("https://readers.example/daily/")
