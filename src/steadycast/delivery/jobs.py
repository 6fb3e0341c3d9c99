"""Deliveries on their way, and which of them go together: wave after wave, and none to a channel that is held."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from steadycast.delivery.clock import Clock
from steadycast.delivery.steps import Steps
from steadycast.delivery.transitions import Opened, held_back
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.endings import Ending
from steadycast.ledger.pacing import Wait
from steadycast.ledger.store import Ledger

OTHERS = Wait(dt.timedelta(seconds=5), "another is being sent there")  # to a channel with one writer


@dataclass(slots=True)
class Job:
    """One delivery on its way."""

    claim: Delivery
    steps: Steps
    opened: Opened
    post: bytes = b""
    ending: Ending | None = None


def waves(jobs: list[Job], wave: Callable[[Delivery], int] | None) -> Iterator[tuple[list[Job], list[Job]]]:
    """One wave after another, each with what comes after it; a channel with one writer has one job in each."""
    before: Counter[str] = Counter()
    numbered = []
    for job in jobs:
        number = (wave(job.claim) if wave else 0, before[job.claim.channel])
        numbered.append((number, job))
        before[job.claim.channel] += job.opened.platform.one_writer
    for number in sorted({number for number, _ in numbered}):
        yield [job for n, job in numbered if n == number], [job for n, job in numbered if n > number]


def free(ledger: Ledger, jobs: list[Job], clock: Clock, ended: dict[int, Ending]) -> list[Job]:
    """The jobs whose channels are not held; the others are due again once they are free."""
    rates = {job.claim.channel: job.opened.platform.rate for job in jobs}
    waits = ledger.waits([job.claim.channel for job in jobs], rates, clock.now())
    held = [held_back(job.claim, wait, clock.now()) for job, wait in zip(jobs, waits, strict=True) if wait.lasts]
    give_back(ledger, held, clock, ended)
    return [job for job, wait in zip(jobs, waits, strict=True) if not wait.lasts]


def give_back(ledger: Ledger, back: list[Ending], clock: Clock, ended: dict[int, Ending]) -> None:
    """Let others have what is not sent now; what the ledger took has ended."""
    took = ledger.release(back, clock.now()) if back else frozenset()
    ended |= {ending.id: ending for ending in back if ending.id in took}
