"""For people who write platforms, and for Steadycast's own tests.

`FakeServer`: a far side for a platform's fake.py. `steadycast.testing.contract`: what every platform keeps, as rules
that `steadycast channel test` runs. `FakeChannel`: a far side without a network, for tests of the delivery protocol.
"""

from steadycast.testing.fake_channel import (
    SECRET,
    Clock,
    Died,
    FakeAdapter,
    FakeChannel,
    There,
    a_post,
    drop,
    workspace,
)
from steadycast.testing.fake_oauth import FakeOAuth
from steadycast.testing.fake_server import FakeServer, Reply, Request, Seen, Upload

__all__ = [
    "SECRET",
    "Clock",
    "Died",
    "FakeAdapter",
    "FakeChannel",
    "FakeOAuth",
    "FakeServer",
    "Reply",
    "Request",
    "Seen",
    "There",
    "Upload",
    "a_post",
    "drop",
    "workspace",
]
