"""Why is nothing happening: one look after another; a look that breaks is itself told, and stops no other."""

from __future__ import annotations

import datetime as dt
import os

import pytest
from desk_bench import Desk
from pipeline_bench import SETTINGS, Bench, article
from pytest_httpserver import HTTPServer

from steadycast import ops, pipeline
from steadycast.errors import BAD, OK, WARN
from steadycast.ops.why import Look, Why
from steadycast.pipeline import App


def looks(app: App, now: dt.datetime) -> dict[str, Look]:
    """By name."""
    return {look.what: look for look in ops.why(app, now).looks}


def test_from_a_new_workspace_to_a_machine_that_stopped(bench: Bench) -> None:
    app = bench.set_up(SETTINGS, {"pgc/one.md": article("One")})
    now = bench.clock.now()
    new = looks(app, now)
    assert (new["tick"].state, new["tick"].how) == (BAD, "never")
    assert (new["plan"].state, new["plan"].how) == (WARN, "never")
    assert (new["next"].how, new["served"].how) == ("none", "never")
    pipeline.collect(app, now)
    pipeline.plan(app, now)
    bench.at(23, 20, 0, 5)
    pipeline.publish(app)
    well = looks(app, bench.clock.now())
    assert {name for name, look in well.items() if look.state == BAD} == set()
    assert well["served"].names == ("Daily", "One")
    assert well["next"].how == "gap"
    quiet = looks(app, bench.at(24, 12))
    assert (quiet["tick"].state, quiet["tick"].how) == (BAD, "quiet")
    assert looks(app, bench.clock.now() - dt.timedelta(days=3))["clock"].how == "behind"


def test_what_waits_for_a_person_and_a_pause_are_told(bench: Bench) -> None:
    app = bench.set_up(
        SETTINGS, {"pgc/one.md": article("One"), "ugc/bob/two.md": article("Two"), "pgc/bad.md": "---\n"}
    )
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    told = looks(app, bench.clock.now())
    assert (told["person"].state, told["person"].how, told["person"].count) == (OK, "drafts", 1)
    assert (told["unread"].state, told["unread"].count) == (WARN, 1)
    bench.far("fail")
    bench.at(23, 20, 0, 5)
    pipeline.publish(app)
    assert (looks(app, bench.clock.now())["person"].how) == "deliveries"
    paused = bench.settings(SETTINGS.replace('platform = "far"', 'platform = "far"\npaused = true'))
    assert looks(paused, bench.clock.now())["paused"].names == ("Far side",)


def test_a_server_that_does_not_answer_is_told_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    app = bench.set_up()
    assert looks(app, bench.clock.now())["server"].how == "unknown"
    monkeypatch.setenv("STEADYCAST_PREFECT", "http://127.0.0.1:9/api")
    told = looks(app, bench.clock.now())
    assert (told["server"].state, told["server"].how, told["watcher"].how) == (BAD, "silent", "")


def test_a_machine_that_has_only_just_started_is_starting_and_not_stuck(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For two minutes; and only beside an `up` of this workspace."""
    app, now = bench.set_up(), bench.clock.now()
    began = app.workspace.up_began
    began.parent.mkdir(parents=True, exist_ok=True)
    began.touch()
    os.utime(began, (now.timestamp(), now.timestamp()))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert looks(app, now)["server"].how == "silent"
    monkeypatch.setenv("STEADYCAST_PREFECT", "http://127.0.0.1:9/api")
    told = looks(app, now + dt.timedelta(seconds=90))
    assert [(told[name].state, told[name].how) for name in ("server", "tick")] == [(WARN, "starting")] * 2
    late = looks(app, now + dt.timedelta(seconds=121))
    assert [(late[name].state, late[name].how) for name in ("server", "tick")] == [(BAD, "silent"), (BAD, "never")]
    now = pipeline.now()
    os.utime(began, (now.timestamp(), now.timestamp()))
    with Desk(bench.root).up() as desk:
        page = desk.get("/why").text
    assert "The server that keeps the schedules is starting." in page
    assert page.count('<p class="state">starting</p>') == 2


def test_a_server_that_answers_is_one_click_away_where_up_started_both(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
) -> None:
    app = bench.set_up()
    httpserver.expect_request("/api/health").respond_with_json(True)
    monkeypatch.setenv("PREFECT_API_URL", httpserver.url_for("/api"))
    assert looks(app, bench.clock.now())["server"].names == ()
    monkeypatch.setenv("STEADYCAST_PREFECT", httpserver.url_for("/api"))
    assert looks(app, bench.clock.now())["server"].names == (httpserver.url_for("").rstrip("/"),)


def test_a_look_that_breaks_stops_no_other_and_tells_no_secret(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    app = bench.set_up()
    monkeypatch.setattr(app.ledger, "problems", lambda: 1 / 0)
    told = looks(app, bench.clock.now())
    assert (told["unread"].how, told["unread"].said) == ("broken", "ZeroDivisionError")
    assert told["served"].how == "never"


def test_the_answer_is_what_stops_everything_before_what_stops_something() -> None:
    first, stops = Look("settings", WARN, "unread"), Look("tick", BAD, "never")
    assert Why((first, stops)).answer == stops
    assert Why((first, Look("ledger", OK))).answer == first
    assert Why((Look("ledger", OK),)).answer is None
