"""What an account may only make ready is handed to a person, with the steps; it is closed once it is out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from desk_bench import Desk
from pipeline_bench import COMMUNITY, DAILY, PLATFORM, SITE, Bench
from publish_bench import ready

from steadycast import pipeline
from steadycast.ops.check_settings import of_settings
from steadycast.pipeline.app import App

BOX = '[channel.box]\nplatform = "box"\n'
ADAPTER = """
from pathlib import Path

from steadycast.platform import Limits, Receipt, Unknown

LEFT = {"creator": "https://box.example/drafts", "steps": ["Open the box.", "Press <Publish>."]}


class Adapter:
    def __init__(self, channel):
        self.channel, self.folder = channel, Path(__file__).parent

    def publish(self, post):
        assert self.channel.spec.by_hand
        return Receipt("draft-" + post.key, handed=True, detail=LEFT)

    def find(self, post, known):
        if (self.folder / "down").exists():
            raise Unknown("no answer")
        if (self.folder / "out").exists():
            return Receipt("7", "https://box.example/7")
        return known.receipt and self.publish(post)

    def probe(self):
        return Limits(by_hand=True)
"""


@pytest.fixture
def handed(bench: Bench) -> tuple[App, Any]:
    bench.drop("../channels/box/channel.toml", PLATFORM.format(delivery="read-back"))
    bench.drop("../channels/box/adapter.py", ADAPTER)
    app = ready(bench, COMMUNITY + DAILY.replace('"far"', '"box"') + SITE + BOX)
    assert not str(pipeline.probed_limits.ask(app, "box", bench.clock.now())).startswith(
        "its server's limits could not"
    )
    bench.at(23, 20, 0)
    (sent,) = [each for each in pipeline.publish(app).sent if each.channel == "box"]
    return app, sent


def test_it_waits_for_a_person_with_the_steps_that_are_left(bench: Bench, handed: tuple[App, Any]) -> None:
    app, sent = handed
    assert sent.state == "handed"
    kit = pipeline.kits.kit(app, sent.delivery.marker)
    assert kit.steps == ("Open the box.", "Press <Publish>.")
    assert kit.creator == "https://box.example/drafts"
    warned = [each for each in of_settings(app, bench.clock.now()) if "may not publish by itself" in each.message]
    assert [(each.severity, each.hint) for each in warned] == [("warn", "`steadycast status` shows what waits")]
    with Desk(bench.root).up() as desk:
        page = desk.get(f"/kits/{sent.delivery.marker}").text
    assert "It lies ready there. What is left to do:" in page
    assert "<li>Press &lt;Publish&gt;.</li>" in page
    assert 'href="https://box.example/drafts"' in page
    assert "is confirmed" in pipeline.confirm(app, kit.marker, "https://box.example/7", bench.clock.now())
    assert [each.marker for each in pipeline.kits.posted(app, bench.clock.now())] == [kit.marker]


def test_it_is_closed_once_it_is_seen_to_be_out(bench: Bench, handed: tuple[App, Any]) -> None:
    """Not while it only lies there, nor where nobody answers; looked for every ten minutes."""
    app, sent = handed
    folder = bench.root / "channels" / "box"

    def state(minutes: int) -> tuple[str, str]:
        pipeline.verify(app, bench.at(23, 20, 0) + dt.timedelta(minutes=minutes))
        row = app.ledger.delivery_of(sent.delivery.marker)
        assert row
        return row.state, row.url

    assert state(1) == ("handed", "")
    (folder / "out").touch()
    assert state(5) == ("handed", ""), "it was looked for four minutes ago"
    (folder / "down").touch()
    assert state(12) == ("handed", "")
    (folder / "down").unlink()
    assert state(23) == ("confirmed", "https://box.example/7")
