"""Whether deliveries that wait for a thread are still this worker's: one question to the ledger for all that wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from steadycast.delivery.clock import Clock
from steadycast.delivery.jobs import Job
from steadycast.ledger.store import Ledger

TRUSTED = 1.0  # seconds for which the ledger's word is enough: it is asked again before anything is sent after that
AHEAD = 0.7  # of that time; from then on one thread asks anew, while the others go on by what was said
AT_ONCE = 2000  # deliveries in one question: more than leave within that time


@dataclass(frozen=True, slots=True)
class _Word:
    """What the ledger said of some deliveries, and when it was asked."""

    held: Mapping[int, bool]
    asked: float

    def answers(self, job: Job, since: float, trusted: float) -> bool:
        """Whether this tells of the job, as it was no longer than that before `since`."""
        return since - self.asked <= trusted and job.claim.id in self.held


class StillHeld:
    """The ledger's last word of the deliveries that wait; for many threads."""

    def __init__(self, ledger: Ledger, clock: Clock, jobs: Sequence[Job]) -> None:
        self._ledger, self._clock = ledger, clock
        self._waiting = {job.claim.id: job.claim for job in jobs}  # in the order in which they are begun
        # The intent's commit was the first word: nothing else was returned by it.
        asked = clock.monotonic() - max((job.steps.lease.age() for job in jobs), default=0.0)
        self._word = _Word(dict.fromkeys(self._waiting, True), asked)
        self._asking = Lock()

    def holds(self, job: Job, since: float) -> bool:
        """Whether this job may be begun, as the ledger said no longer than TRUSTED before `since`, when it asked.

        An answer to a question that was put later is as good: threads that come while one asks share the next answer.
        """
        word = self._word
        enough = word.answers(job, since, TRUSTED)
        if not word.answers(job, since, TRUSTED * AHEAD) and self._asking.acquire(blocking=not enough):
            try:
                word = self._word
                if not word.answers(job, since, TRUSTED * AHEAD):
                    word = self._word = self._asked(job)
            finally:
                self._asking.release()
        self._waiting.pop(job.claim.id, None)
        return word.held[job.claim.id]

    def _asked(self, job: Job) -> _Word:
        others = [claim for claim in list(self._waiting.values()) if claim.id != job.claim.id]
        batch = [job.claim, *others[: AT_ONCE - 1]]
        asked = self._clock.monotonic()
        held = self._ledger.held(batch)
        return _Word({claim.id: claim.id in held for claim in batch}, asked)
