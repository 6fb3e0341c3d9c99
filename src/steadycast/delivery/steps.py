"""A publish in several steps: each remote id is in the ledger before the next step begins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from steadycast import crashpoints
from steadycast.delivery.clock import Clock, Lease
from steadycast.delivery.judge import RESENDABLE, Once
from steadycast.errors import Busy, Refused, Unknown
from steadycast.ledger.claims import Claimed
from steadycast.ledger.store import Ledger
from steadycast.platform import Platform

SPARE = dt.timedelta(seconds=30)  # of a lease, beyond the request's own deadline: a commit may take that long
MORE = 8  # times as much, at most, for what was tried before: on a busy machine too little was left for it


class Steps:
    """One attempt's steps. Its lease grows with each, so a long thread is not taken for a dead worker's."""

    def __init__(self, ledger: Ledger, claim: Claimed, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._claim = claim
        self.lease = Lease(clock, claim.lease)
        self.began: float | None = None  # the newest step, by the machine's clock: its deadline counts from there
        self.delivery = "blind"  # the platform's class, once the channel is open
        self._within(dt.timedelta(minutes=1))

    def platform(self, platform: Platform) -> None:
        """Take the delivery class and the deadline from what the channel's platform declares."""
        self.delivery = platform.delivery
        self._within(dt.timedelta(seconds=platform.deadline))

    def _within(self, deadline: dt.timedelta) -> None:
        """How long one step may take, and how much must be left when its request is made.

        Half of the spare is left then: a request is cut at its deadline, well before its process is at its turn's. Each
        try has more to spare than the one before: a machine whose commits are slow starves no delivery for ever.
        """
        self.lasts = deadline + SPARE * min(max(self._claim.attempt, 1), MORE)
        self.needs = deadline + SPARE / 2

    def granted(self, claim: Claimed, asked: float, now: dt.datetime) -> None:
        """Take over the lease that came with the intent, as it was asked for before its commit."""
        self._claim = claim
        self.lease.anew(asked, now, (claim.lease - now).total_seconds())

    def once(self, name: str, send: Callable[[], str]) -> str:
        """The remote id of a step: sent now, or the saved one when it was sent before.

        Raises Unknown for a step that was begun before and never known to end, where a second sending could double
        it; and Fenced when the delivery is no longer this worker's: then nothing is sent.
        """
        asked, now = self._clock.monotonic(), self._clock.now()
        step = self._ledger.begin_step(self._claim, name, now, self.lasts)
        self.lease.extended(asked, now, self.lasts.total_seconds())
        if step.remote_id is not None:
            return step.remote_id
        if not step.first and self.delivery not in RESENDABLE:
            raise Unknown(f"{name} was begun before, and whether it arrived is not known", channel=self._claim.channel)
        self.began = self._clock.monotonic()  # not before: the commit may have taken its time
        try:
            remote_id = send()
        except (Busy, Refused):
            self._ledger.forget_step(self._claim, name)
            raise
        crashpoints.here("step-answered")
        self._ledger.finish_step(self._claim, name, remote_id, self._clock.now())
        return remote_id


def steps_for(ledger: Ledger, claim: Claimed, platform: Platform, clock: Clock) -> Once:
    """`Channel.once` for one attempt at one channel."""
    steps = Steps(ledger, claim, clock)
    steps.platform(platform)
    return steps.once
