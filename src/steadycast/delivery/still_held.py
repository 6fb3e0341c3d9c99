"""Whether deliveries that wait for a thread are still this worker's: one question to the ledger for all that wait."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from steadycast.delivery.clock import Clock
from steadycast.delivery.jobs import Job
from steadycast.ledger.store import Ledger

TRUSTED = 1.0  # seconds for which the ledger's word is enough: it is asked again before anything is sent after that
AT_ONCE = 2000  # deliveries in one question: more than leave within that time


class StillHeld:
    """What the ledger said of the deliveries that wait, and when it was asked. For one thread at a time."""

    def __init__(self, ledger: Ledger, clock: Clock, jobs: Sequence[Job]) -> None:
        self._ledger, self._clock = ledger, clock
        self._waiting = {job.claim.id: job.claim for job in jobs}  # in the order in which they are begun
        # The intent's commit was the first word: nothing else was returned by it.
        self._told = dict.fromkeys(self._waiting, True)
        self._asked = clock.monotonic() - max((job.steps.lease.age() for job in jobs), default=0.0)

    def holds(self, job: Job, since: float) -> bool:
        """Whether this job may be begun, as the ledger said no longer than TRUSTED before `since`, when it asked.

        An answer to a question that was put later is as good: threads that come while one asks share the next answer.
        """
        self._waiting.pop(job.claim.id, None)
        if since - self._asked > TRUSTED or job.claim.id not in self._told:
            batch = [job.claim, *islice(self._waiting.values(), AT_ONCE - 1)]
            asked = self._clock.monotonic()
            held = self._ledger.held(batch)
            self._told = {claim.id: claim.id in held for claim in batch}
            self._asked = asked
        return self._told[job.claim.id]
