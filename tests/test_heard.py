"""What comes back to a channel by itself is read now and then, and told; what fails stops nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from pipeline_bench import COMMUNITY, FAR, PLATFORM, Bench

from steadycast import ops, pipeline
from steadycast.pipeline import incoming_mail

LISTENS = """
from steadycast.platform import Busy


class Adapter:
    def __init__(self, channel):
        self.channel, self.folder = channel, channel.out.parent

    def publish(self, post):
        raise NotImplementedError

    def find(self, post, known):
        return None

    def listen(self):
        said = (self.folder / "said").read_text()
        if said == "busy":
            raise Busy("no answer", channel="letters")
        if said == "broken":
            raise KeyError("s3cret")
        return eval(said)
"""
LETTERS = '\n[channel.letters]\nplatform = "letters"\n'


@pytest.fixture
def listening(bench: Bench) -> Bench:
    bench.drop("../channels/letters/channel.toml", PLATFORM.format(delivery="blind").replace("read_back = true", ""))
    bench.drop("../channels/letters/adapter.py", LISTENS)
    bench.set_up(COMMUNITY + LETTERS + FAR)
    bench.drop("../var/out/said", "{'bounced': 2}")
    return bench


def test_it_adds_up_and_is_read_no_sooner_than_some_minutes_later(listening: Bench) -> None:
    now = listening.clock.now()
    assert [(each.channel, each.counts) for each in incoming_mail.listen(listening.app, now)] == [
        ("letters", {"bounced": 2})
    ]
    assert incoming_mail.listen(listening.app, now + dt.timedelta(minutes=9)) == []
    pipeline.verify(listening.app, now + dt.timedelta(minutes=10))
    found = incoming_mail.heard(listening.app, "letters")
    assert found is not None
    assert (found.counts, found.error) == ({"bounced": 4}, "")


def test_where_nothing_is_set_up_nothing_is_kept(listening: Bench) -> None:
    listening.drop("../var/out/said", "None")
    assert incoming_mail.listen(listening.app, listening.clock.now()) == []
    assert incoming_mail.heard(listening.app, "letters") is None
    assert incoming_mail.heard(listening.app, "far") is None


@pytest.mark.parametrize(("said", "error"), [("busy", "no answer"), ("broken", "its adapter failed: KeyError")])
def test_what_fails_is_told_in_status_and_stops_nothing(listening: Bench, said: str, error: str) -> None:
    listening.drop("../var/out/said", said)
    (found,) = incoming_mail.listen(listening.app, listening.clock.now())
    assert (found.error, found.counts) == (error, {})
    assert error in ops.status(listening.app, listening.clock.now())["summary"]
    listening.drop("../var/out/said", "{'bounced': 1}")
    (found,) = incoming_mail.listen(listening.app, listening.clock.now() + dt.timedelta(hours=1))
    assert (found.error, found.counts) == ("", {"bounced": 1})
