"""Publishing as an operator sees it: what is due goes out at its second, once; what goes wrong harms nothing else."""

from __future__ import annotations

import datetime as dt
import fcntl
import sys
from importlib import import_module
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, DAILY, EVENING, SETTINGS, SITE, Bench, article
from publish_bench import MINUTE, pages, ready, states

from steadycast import ops, pipeline
from steadycast.errors import LedgerError
from steadycast.ledger.tables import State
from steadycast.testing import drop

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
    monkeypatch.setattr(import_module("steadycast.pipeline.publish"), "PATIENCE", 0.1)
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
def test_a_stopped_process_in_the_middle_of_it_is_told_with_the_hint(
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
