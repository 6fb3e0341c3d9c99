"""A publish in several steps, whatever comes between: nothing twice, in order, and each part knows the one before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from conftest import NOON
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steadycast.delivery import deliver, settle
from steadycast.errors import Busy, Unknown
from steadycast.ledger.tables import State
from steadycast.platform import Receipt
from steadycast.testing import Clock, FakeChannel, a_post

LEASE = dt.timedelta(minutes=5)
VERBS = {
    "accept": lambda fake: fake.accept(),
    "busy": lambda fake: fake.busy(),
    "wait": lambda fake: fake.busy(90),
    "fail": lambda fake: fake.fail(),
    "cut": lambda fake: fake.accept_then_cut(),
    "hang": lambda fake: fake.hang(),
    "hang, taken": lambda fake: fake.hang(accepted=True),
    "die": lambda fake: fake.die(),
    "die, taken": lambda fake: fake.die(accepted=True),
    "hide": lambda fake: fake.hide(),
}
verbs = st.lists(st.sampled_from(sorted(VERBS)), max_size=8)


class Threads:
    """Uploads that may be repeated, then a thread whose parts name the part before them."""

    def __init__(self, fake: Any, channel: Any) -> None:
        self.fake, self.channel = fake, channel
        self.find = fake.adapter().find
        self.uploads = 0

    def publish(self, post: Any) -> Any:
        media = self.channel.step("upload", self._upload, repeatable=True)
        parts = self.channel.thread(post, lambda n, text, before: self._send(post, n, text, before, media))
        return Receipt(parts[0], parts=tuple(parts))

    def _upload(self) -> Any:
        self.fake.uploads += 1
        verb = self.fake.upload_verbs.pop() if self.fake.upload_verbs else None
        if verb is not None:
            raise verb
        return {"id": "media-1", "sizes": [1, 2]}

    def _send(self, post: Any, n: Any, text: Any, before: Any, media: Any) -> Any:
        assert media == {"id": "media-1", "sizes": [1, 2]}
        assert text == post.parts[n - 1]
        there = [p.id for p in sorted(self.fake.posts, key=lambda p: p.part) if p.part < n]
        assert (before, len(there)) == (there[-1] if n > 1 else None, n - 1)
        return self.fake.adapter()._receipt(self.fake.request(post, n)).remote_id


def far(clock: Any, delivery: Any, drawn: Any, uploads: Any) -> Any:
    fake: Any = FakeChannel(delivery, clock)
    fake.uploads, fake.upload_verbs = 0, [{"b": Busy("later"), "u": Unknown("cut")}[u] for u in uploads]
    for verb in drawn:
        VERBS[verb](fake)

    def open_(channel: Any, step: Any) -> Any:
        made = fake.adapter(step)
        return replace(fake.open(channel, step), adapter=Threads(fake, made.channel))

    return fake, open_


@pytest.mark.parallel
@pytest.mark.slow
@pytest.mark.parametrize("delivery", ["conditional", "read-back", "blind"])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=verbs, parts=st.integers(1, 4), uploads=st.text("bu", max_size=3))
def test_a_thread_resumes_after_the_last_part_that_is_there(
    make_ledger: Callable[..., Any], delivery: Any, drawn: Any, parts: int, uploads: str
) -> None:
    """Whatever the far side does, dies or hides, with whatever repeated uploads before it."""
    clock = Clock(NOON)
    ledger, promise = make_ledger()
    [id] = promise("blog")
    fake, open_ = far(clock, delivery, drawn, uploads)
    for _ in range(40):
        ledger.recover(clock.now())
        claims = ledger.claim(clock.now(), "w", LEASE)
        deliver(ledger, claims, lambda c: a_post(c, parts=parts), open_, clock=clock, workers=1)
        settle(ledger, open_, clock=clock, workers=1)
        row = ledger.delivery(id)
        if row.wake is None or row.state not in (State.DUE, State.UNKNOWN, State.SENDING, State.CLAIMED):
            break
        clock.set_wall(max(row.wake, clock.now()))
    there = [p.part for p in fake.posts]
    assert there == sorted(set(there)), "nothing twice, and in order"
    state = ledger.delivery(id).state
    if state in (State.PUBLISHED, State.SEEN):
        assert there == list(range(1, parts + 1))
    else:
        assert state == State.UNKNOWN or (state == State.MISSED and not there)
    if delivery == "conditional":
        assert state in (State.PUBLISHED, State.SEEN)
    ledger.close()
