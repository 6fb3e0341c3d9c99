"""A platform that sends to each recipient by themselves: who has it is seen on the delivery's page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from desk_bench import Desk
from pipeline_bench import COMMUNITY, PLATFORM, Bench, article

from steadycast import pipeline
from steadycast.pipeline import recipients

LETTERS = """
[channel.letters]
platform = "letters"

[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["letters"]
late = "3h"
"""
SENDING = """
from steadycast.platform import Receipt, Recipient, Refused

STATES = {"one@a.example": "sent 250", "<b>two@a.example": "refused 550", "three@a.example": "unknown"}


class Adapter:
    def __init__(self, channel):
        self.channel = channel

    def publish(self, post):
        for who, state in STATES.items():
            self.channel.step(who[:3], lambda state=state: state)
        return Receipt(post.key)

    def find(self, post, known):
        return None

    def recipients(self, known):
        if (self.channel.out.parent / "broken").exists():
            raise Refused("the list cannot be read")
        for who in [*STATES, "four@a.example"]:
            state, _, why = known.steps.get(who[:3], "waiting").partition(" ")
            yield Recipient(who, state, why)
"""


@pytest.fixture
def sent(bench: Bench) -> Bench:
    bench.drop("../channels/letters/channel.toml", PLATFORM.format(delivery="blind").replace("read_back = true", ""))
    bench.drop("../channels/letters/adapter.py", SENDING)
    app = bench.set_up(COMMUNITY + LETTERS, {"pgc/1.md": article("One")})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 0, 5)
    assert [each.state for each in pipeline.publish(app).sent] == ["published"]
    return bench


def test_those_of_whom_there_is_something_to_say_come_first(sent: Bench) -> None:
    (row,) = [each for each in sent.app.ledger.deliveries() if each.attempt]
    seen = recipients.of_delivery(sent.app, row)
    assert seen is not None
    assert seen.counts == {"sent": 1, "refused": 1, "unknown": 1, "waiting": 1}
    assert [each.state for each in seen.rows] == ["unknown", "refused", "waiting", "sent"]
    hidden = recipients.of_delivery(sent.app, row, named=False)
    assert hidden is not None
    assert hidden.rows[-1].name == "o…@a.example"
    sent.drop("../var/out/broken", "")
    assert recipients.of_delivery(sent.app, row) is None


@pytest.fixture
def desk(sent: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(pipeline, "now", sent.clock.now)
    with Desk(sent.root).up() as desk:
        yield desk


def test_the_page_of_a_delivery_names_them(sent: Bench, desk: Desk) -> None:
    (row,) = [each for each in sent.app.ledger.deliveries() if each.attempt]
    page = desk.get(f"/deliveries/{row.marker}").text
    assert "taken by the server 1 · refused 1 · not known 1 · still to be sent 1" in page.replace(
        '<span class="dot"> </span>', " · "
    )
    assert "&lt;b&gt;two@a.example" in page
    assert "The server said 550." in page
    assert "nobody is sent it again by itself" in page


def test_a_platform_without_recipients_has_none(bench: Bench) -> None:
    app = bench.set_up(
        COMMUNITY + LETTERS.replace('platform = "letters"', 'platform = "far"'), {"pgc/1.md": article("One")}
    )
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 0, 5)
    pipeline.publish(app)
    (row,) = [each for each in app.ledger.deliveries() if each.attempt]
    assert recipients.of_delivery(app, row) is None
