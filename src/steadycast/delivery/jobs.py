"""Deliveries on their way, and which of them go together: wave after wave, and none to a channel that is held."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Condition

from steadycast.crash_safety import ending
from steadycast.delivery.clock import NAP, Clock
from steadycast.delivery.steps import Steps
from steadycast.delivery.transitions import Opened, held_back, unsent
from steadycast.errors import LedgerError
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.pacing import Wait
from steadycast.ledger.store import Ledger

OTHERS = Wait(dt.timedelta(seconds=5), N_("another is being sent there"))  # to a channel with one writer


@dataclass(slots=True)
class Job:
    """One delivery on its way."""

    claim: Delivery
    steps: Steps
    opened: Opened
    post: bytes = b""
    made: Delivery | None = None  # of the revision that its post was made of, until that is frozen
    outcome: Outcome | None = None


class ComeBack:
    """Jobs that are done, for the one who waits for them: woken by the first and by the last of a group, not by each.

    Among sixty threads that send, each time that he wakes he takes the interpreter from one of them.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._there: list[Job] = []
        self._most = 1

    def put(self, job: Job) -> None:
        """It is done."""
        with self._changed:
            self._there.append(job)
            if len(self._there) in (1, self._most):
                self._changed.notify()

    def take(self, most: int, linger: float) -> list[Job]:
        """So many at most: the first, and those that come within so many seconds after it; none where it is late.

        Whoever waits looks up from time to time: he may have been told to end.
        """
        with self._changed:
            self._most = most
            if self._changed.wait_for(lambda: self._there, NAP):
                self._changed.wait_for(lambda: len(self._there) >= most, linger)
            took, self._there = self._there[:most], self._there[most:]
        return took


Told = Callable[[Outcome], object]


def untold(_outcome: Outcome) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Ended:
    """What came of each delivery, as the ledger has it by now; each is told as it comes."""

    told: Told
    outcomes: list[Outcome] = field(default_factory=list)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Whoever is told harms nobody: a pipe that is closed stops no delivery."""
        for outcome in outcomes:
            self.outcomes.append(outcome)
            with suppress(Exception):
                self.told(outcome)


def waves(jobs: list[Job], wave: Callable[[Delivery], int] | None) -> Iterator[tuple[list[Job], list[Job]]]:
    """One wave after another, each with what comes after it; a channel with one writer has one job in each."""
    before: Counter[str] = Counter()
    numbered = []
    for job in jobs:
        number = (wave(job.claim) if wave else 0, before[job.claim.channel])
        numbered.append((number, job))
        before[job.claim.channel] += job.opened.platform.one_writer
    for number in sorted({number for number, _job in numbered}):
        yield [job for n, job in numbered if n == number], [job for n, job in numbered if n > number]


def free(ledger: Ledger, jobs: list[Job], clock: Clock, ended: Ended) -> list[Job]:
    """The jobs whose channels are not held; the others are due again once they are free."""
    rates = {job.claim.channel: job.opened.platform.rate for job in jobs}
    waits = ledger.waits([job.claim.channel for job in jobs], rates, clock.now())
    held = [held_back(job.claim, wait, clock.now()) for job, wait in zip(jobs, waits, strict=True) if wait.lasts]
    give_back(ledger, held, clock, ended)
    return [job for job, wait in zip(jobs, waits, strict=True) if not wait.lasts]


def give_back(ledger: Ledger, back: list[Outcome], clock: Clock, ended: Ended) -> None:
    """Let others have what is not sent now; what the ledger took has ended."""
    took = ledger.release(back, clock.now()) if back else frozenset()
    ended.add(outcome for outcome in back if outcome.id in took)


@contextmanager
def given_back(ledger: Ledger, claims: Sequence[Delivery], clock: Clock) -> Iterator[None]:
    """Whoever is told to end gives back what was only claimed: nobody has to wait until the lease has run out."""
    told = False
    try:
        yield
        told = ending.asked()
    except (SystemExit, KeyboardInterrupt):
        told = True
        raise
    finally:
        if told:
            with suppress(LedgerError):
                why = _("stopped before it was sent")
                ledger.release([unsent(claim, why, clock.now()) for claim in claims], clock.now())
