"""What needs a person: one number, in one word, on the desk's first page, from `up`, in `status` and in the report."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from desk_bench import Desk
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench, article

from steadycast import ops, pipeline
from steadycast.delivery import SystemClock

SITE_ONLY = COMMUNITY + DAILY.replace(', "far"', "") + SITE
KIT = '[channel.hand]\nplatform = "paste"\n'
SETTINGS = COMMUNITY + DAILY.replace('"far"', '"hand"') + SITE.replace("readers.example", "example.org") + KIT
DRAFTS = {
    "pgc/1.md": article("One", body="A first."),
    "pgc/2.md": article("Two", body="A second."),
    "pgc/copy.md": article("Two", body="A second."),
    "pgc/broken.md": "---\ntitle: [\n---\n",
    "ugc/bob/waits.md": article("Bob's", body="Bob's words."),
}


@pytest.fixture
def app(bench: Bench) -> pipeline.App:
    """A kit to post, a draft to approve, a copy, a file that cannot be read, an alarm, and an address to write."""
    app, now = bench.set_up(SETTINGS, DRAFTS), pipeline.now()
    app.clock = SystemClock()
    pipeline.collect(app, now)
    pipeline.plan(app, now)
    pipeline.publish(app, draft="pgc/1.md", channel="hand")
    app.ledger.open_alarm("machinery:tick:quiet", "machinery", "Nobody looked.", now)
    return app


def test_the_number_is_the_same_everywhere(
    bench: Bench, app: pipeline.App, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    now = pipeline.now()
    found = pipeline.needs(app, now)
    counted = {kind: number for kind, number in found.counts.items() if number}
    assert counted == {"kits": 1, "drafts": 2, "problems": 1, "alarms": 1}
    assert found.settings == (("channel", "site", "url"),)
    assert f"{found.total} things need you" in run("up", "--once", code=1)[1].splitlines()[-1]
    said = run("status", code=1)[1]
    assert f"{found.total} things need you" in said
    assert "Nobody looked." in said
    assert "links lead to example.org now" in said
    status = told("status")
    shown = [*status["waiting"], *status["alarms"], *status["settings"], *status["problems"]]
    assert (status["needs"], len(shown)) == (found.total, found.total)
    assert told("report")["needs"] == found.total
    report = (bench.root / "var/out/report/index.html").read_text(encoding="utf-8")
    assert re.search(rf"<dt>Needs you</dt><dd>{found.total}</dd>", report)
    assert "One more thing stands on the desk" in report, "the address to write"
    with Desk(bench.root).up() as desk:
        assert f"{found.total} things need you" in desk.get("/").text


@pytest.mark.parametrize(
    ("key", "more"),
    [
        ("starvation:daily:empty", 0),
        ("starvation:daily:low", 1),
        ("starvation:other:empty", 1),
        ("x:feed-1:failing", 0),
    ],
)
def test_what_an_alarm_tells_once_more_is_one_thing(bench: Bench, key: str, more: int) -> None:
    """An empty slot of the day, and the alarm that it is empty."""
    app, now = bench.set_up(SITE_ONLY, {"pgc/broken.md": DRAFTS["pgc/broken.md"]}), pipeline.now()
    pipeline.collect(app, now)
    pipeline.plan(app, now)
    before = pipeline.needs(app, now)
    assert (before.counts["gaps"], before.counts["problems"]) == (1, 1)
    app.ledger.open_alarm(key, key.partition(":")[0], "So it is.", now)
    assert pipeline.needs(app, now).total == before.total + more
    assert ops.status(app, now)["needs"] == before.total + more
