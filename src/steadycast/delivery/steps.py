"""A publish in several steps: each one's value is in the ledger before the next step begins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

from steadycast.crash_safety import crashpoints, send_window
from steadycast.delivery.clock import Clock, Lease
from steadycast.delivery.transitions import RESENDABLE
from steadycast.errors import Busy, Refused, Unknown
from steadycast.language import gettext as _
from steadycast.ledger.claims import Row, sending
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.store import Ledger
from steadycast.platform import Platform

T = TypeVar("T")

SPARE = dt.timedelta(seconds=30)  # of a lease, beyond the request's own deadline: a commit may take that long
MORE = 8  # times as much, at most, for what was tried before: on a busy machine too little was left for it


class Steps:
    """One attempt's steps. Its lease grows with each, so a long thread is not taken for a dead worker's."""

    def __init__(self, ledger: Ledger, claim: Delivery, clock: Clock, row: Row = sending) -> None:
        self._ledger = ledger
        self._row = row  # whose lease it is: the delivery's, or an amendment's
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

    def granted(self, claim: Delivery, asked: float, now: dt.datetime) -> None:
        """Take over the lease that came with the intent, as it was asked for before its commit."""
        self._claim = claim
        self.lease.anew(asked, now, (claim.lease - now).total_seconds())

    def step(self, name: str, send: Callable[[], T], *, repeatable: bool = False) -> T:
        """The value of a step: made now, or the saved one when it was made before.

        Raises Unknown for a step that was begun before and never known to end, where a second sending could double
        it; and Fenced when the delivery is no longer this worker's: then nothing is sent.
        """
        asked, now = self._clock.monotonic(), self._clock.now()
        begun = self._ledger.begin_step(self._claim, name, now, self.lasts, row=self._row)
        self.lease.extended(asked, now, self.lasts.total_seconds())
        if begun.done:
            known: T = begun.value
            return known
        if not begun.first and not repeatable and self.delivery not in RESENDABLE:
            raise Unknown(
                _("%(step)s was begun before, and whether it arrived is not known", step=name),
                channel=self._claim.channel,
            )
        self.began = self._clock.monotonic()  # not before: the commit may have taken its time
        value = self._sent(name, send, repeatable=repeatable)
        crashpoints.checkpoint("step-answered")
        try:
            self._ledger.finish_step(self._claim, name, value, self._clock.now())
        except ValueError as error:
            raise Unknown(
                _("%(step)s was made, and cannot be kept: %(why)s", step=name, why=error), channel=self._claim.channel
            ) from None
        return value

    def _sent(self, name: str, send: Callable[[], T], *, repeatable: bool) -> T:
        """What `send` gives; the beginning of what surely was not accepted, or may be repeated, is taken back."""
        try:
            with send_window.harmless(when=repeatable):
                send_window.touch()
                return send()
        except Unknown as error:
            if not repeatable:
                raise
            self._ledger.forget_step(self._claim, name, row=self._row)
            raise Busy(error.message, error.code, error.channel) from error
        except (Busy, Refused):
            self._ledger.forget_step(self._claim, name, row=self._row)
            raise
