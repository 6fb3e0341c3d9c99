"""A platform whose recipients can leave by themselves, for the tests that need one."""

from __future__ import annotations

from pipeline_bench import PLATFORM, Bench

ADAPTER = """
from steadycast.platform import Recipient


class Adapter:
    def __init__(self, channel):
        self.channel = channel

    def publish(self, post):
        raise NotImplementedError

    def find(self, post, known):
        return None

    def recipients(self, known):
        left = self.channel.subscribers.left()
        for who in ("ann@a.example", "bo@a.example"):
            gone = left.get(self.channel.subscribers.mark(who))
            yield Recipient(who, "left" if gone else "waiting", gone.why if gone else "")
"""


def brought(bench: Bench) -> None:
    """The platform `letters`, among those of this workspace."""
    toml = PLATFORM.format(delivery="blind").replace("read_back = true", "subscribers = true")
    bench.drop("../channels/letters/channel.toml", toml)
    bench.drop("../channels/letters/adapter.py", ADAPTER)
