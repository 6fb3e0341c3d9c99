"""The exactly-once protocol: freeze, hold, intend, send, and what came of it; each durable before the next.

What is not held for its second is frozen by its intent, in one commit: nothing is sent between the two.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Event

from steadycast.crash_safety import crashpoints, ending, send_window
from steadycast.delivery.adapter_faults import faulty
from steadycast.delivery.clock import Clock, SystemClock, wait_until
from steadycast.delivery.jobs import OTHERS, ComeBack, Ended, Job, Told, free, give_back, given_back, untold, waves
from steadycast.delivery.lease_check import StillHeld
from steadycast.delivery.steps import Steps
from steadycast.delivery.threads import Threads
from steadycast.delivery.transitions import AdapterFor, failed, held_back, tried, unsent
from steadycast.errors import Fenced, LedgerError, Refused
from steadycast.language import gettext as _
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.store import Ledger
from steadycast.platform import Post
from steadycast.platform.post_bytes import post_from_bytes, post_to_bytes

QUEUED = dt.timedelta(minutes=2)  # how long a delivery may wait for a free thread after its intent
GROUP = 256  # receipts in one commit, at most
LINGER = 0.02  # seconds that one waits for others, while there are others: a commit costs as much as many receipts
RETRIES = (0.2, 1.0, 5.0)  # seconds between tries to write receipts: they are worth waiting for


def deliver(
    ledger: Ledger,
    claims: Sequence[Delivery],
    make_post: Callable[[Delivery], Post],
    adapter_for: AdapterFor,
    *,
    clock: Clock | None = None,
    hold_until: dt.datetime | None = None,
    wave: Callable[[Delivery], int] | None = None,
    workers: int = 64,
    told: Told = untold,
) -> list[Outcome]:
    """Send what was claimed, each once as far as its far side allows; what came of it, in the order in which it came.

    `told` hears of each outcome as soon as it is in the ledger. What another worker has by now is left out, and what
    recovery will settle.

    `make_post` renders (Refused or InputError: a person fixes it); it is not asked where an earlier try froze a post.
    `adapter_for(channel, step)` opens a channel. With `hold_until` everything is made ready ahead and sent at that
    second. `wave` puts some before others: a wave begins when the one before it has ended. Raises LedgerError when
    the ledger cannot be written: then nothing more is sent, and what was sent meanwhile is settled by recovery.
    Told to end (`ending`), it begins nothing more, gives back what it did not begin, and waits for the rest.
    """
    clock = clock or SystemClock()
    if hold_until is not None and (short := [c.slot for c in claims if c.lease <= hold_until]):
        raise ValueError(f"the lease of {short[0]} ends before it is to be sent")
    ended = Ended(told)
    with ending.heeded(), given_back(ledger, claims, clock):
        jobs, back = _opened(ledger, claims, adapter_for, clock)
        crashpoints.checkpoint("opened")
        jobs = _with_posts(ledger, jobs, make_post, clock, back)
        crashpoints.checkpoint("rendered")
        give_back(ledger, back, clock, ended)
        if hold_until is not None:
            jobs = _frozen(ledger, jobs, clock)
            wait_until(clock, hold_until)
        crashpoints.checkpoint("held")
        sending = _Sending(ledger, clock, ended)
        for first, rest in waves(jobs, wave):
            if ending.asked():
                break
            sending.run(_intended(ledger, first, rest, clock, ended), workers)
    crashpoints.checkpoint("told")
    return ended.outcomes


def _opened(
    ledger: Ledger, claims: Sequence[Delivery], adapter_for: AdapterFor, clock: Clock
) -> tuple[list[Job], list[Outcome]]:
    """A job for each claim whose channel opens, and what comes of the others: nothing was sent."""
    jobs, back = [], []
    for claim in claims:
        steps = Steps(ledger, claim, clock)
        try:
            opened = adapter_for(claim.channel, steps.step)
        except Exception as error:
            back.append(failed(claim, error, clock.now(), str))
        else:
            steps.platform(opened.platform)
            jobs.append(Job(claim, steps, opened))
    return jobs, back


def _with_posts(
    ledger: Ledger, jobs: list[Job], make_post: Callable[[Delivery], Post], clock: Clock, back: list[Outcome]
) -> list[Job]:
    """The jobs with the bytes that they will send, of an earlier try or made now; the others are put to `back`."""
    kept = ledger.frozen([job.claim.id for job in jobs if job.claim.frozen])
    for job in jobs:
        if ending.asked():
            break
        claim, redact = job.claim, job.opened.redact
        try:
            if claim.id in kept:
                job.post = _unharmed(claim, kept[claim.id])
            else:
                job.made, job.post = _rendered(claim, make_post)
        except Exception as error:
            if ending.asked():  # the programs that it works with were told too, as it may be: it is no fault of a draft
                break
            back.append(failed(claim, error, clock.now(), redact))
    return [job for job in jobs if job.post]


def _frozen(ledger: Ledger, jobs: list[Job], clock: Clock) -> list[Job]:
    """The jobs that are still this worker's, with their posts in the ledger: at their second there is less to write."""
    fresh = _fresh(jobs)
    held = ledger.freeze(fresh, clock.now()) if fresh else frozenset()
    mine = [job for job in jobs if not job.made or job.claim.id in held]
    for job in mine:
        job.made = None
    return mine


def _fresh(jobs: list[Job]) -> list[tuple[Delivery, bytes]]:
    """The posts that are not frozen yet."""
    return [(job.made, job.post) for job in jobs if job.made]


def _rendered(claim: Delivery, make_post: Callable[[Delivery], Post]) -> tuple[Delivery, bytes]:
    """The post as it is to be frozen; its key, slot and channel are the ledger's, whatever was rendered."""
    post = replace(make_post(claim), key=claim.marker, slot=claim.slot, channel=claim.channel)
    return replace(claim, revision=post.revision), post_to_bytes(post)


def _unharmed(claim: Delivery, post: bytes) -> bytes:
    if hashlib.sha256(post).hexdigest() != claim.frozen:
        raise Refused(_("the frozen post is damaged: its bytes do not have its hash"), channel=claim.channel)
    return post


def _intended(ledger: Ledger, jobs: list[Job], waiting: list[Job], clock: Clock, ended: Ended) -> list[Job]:
    """The jobs that may be sent: their intents are durable. Those that wait for the next wave have none yet.

    Whatever ends this process meanwhile, it is known of them that nothing was sent.
    """
    lease = QUEUED + max(job.steps.lasts for job in jobs)
    alone = frozenset(job.claim.channel for job in jobs if job.opened.platform.one_writer)
    try:
        ready = free(ledger, jobs, clock, ended)
        claims, posts = [job.claim for job in ready], _fresh(ready)
        asked, now = clock.monotonic(), clock.now()
        granted = {claim.id: claim for claim in ledger.intend(claims, now, lease, alone=alone, posts=posts)}
        held = [held_back(c, OTHERS, now) for c in claims if c.channel in alone and c.id not in granted]
        give_back(ledger, held, clock, ended)
    except LedgerError:
        # Whether the commit took effect is not known, that nothing was sent is: both ways lead back to due.
        back = [unsent(job.claim, _("the ledger could not be written"), clock.now()) for job in [*jobs, *waiting]]
        for write in (ledger.release, ledger.receive):
            with suppress(LedgerError):
                write(back, clock.now())
        raise
    mine = [job for job in jobs if job.claim.id in granted]
    for job in mine:
        job.steps.granted(granted[job.claim.id], asked, now)
    return mine


class _Sending:
    """Threads that send, and one that writes what came of it: the caller's own."""

    def __init__(self, ledger: Ledger, clock: Clock, ended: Ended) -> None:
        self._ledger = ledger
        self._ended = ended
        self._clock = clock
        self._done = ComeBack()
        self._stop = Event()
        self._left = 0  # jobs that have not come back yet
        self._unwritten: list[Outcome] = []

    def run(self, jobs: list[Job], workers: int) -> None:
        """Send every job, and write what came of it."""
        self._left = len(jobs)
        self._still = StillHeld(self._ledger, self._clock, jobs)
        threads = Threads("send", jobs, self._one)
        try:
            threads.start(workers)
            while self._left:
                threads.wait()
                if ending.asked():  # what waits for a thread comes back at once, whatever those that send wait for
                    threads.work()
                if self._gather():
                    self._write()
        except BaseException:
            self._stop.set()  # what waits for a thread is not begun; what was sent is still written
            threads.work()
            while self._left:
                self._gather()
            with suppress(LedgerError):
                self._write()
            raise
        finally:
            threads.end()

    def _gather(self) -> int:
        """Wait a while for one outcome, and take those that come with it: they share a commit; how many came."""
        group = self._done.take(min(GROUP, self._left), LINGER)
        self._left -= len(group)
        self._unwritten += [job.outcome for job in group if job.outcome]
        return len(group)

    def _one(self, job: Job) -> None:
        """Send one job in this thread; whatever happens, it comes back."""
        try:
            # An error of our own leaves the delivery `sending`: its lease runs out, and then it is in doubt.
            with suppress(Exception):
                job.outcome = self._tried(job)
        finally:
            self._done.put(job)

    def _tried(self, job: Job) -> Outcome | None:
        """How one try ended; None when the delivery turned out to be another worker's in the middle of it."""
        try:
            why = self._hindrance(job)
        except LedgerError as error:
            why = str(error)
        if why:
            return unsent(job.claim, why, self._clock.now())
        began = self._clock.monotonic()
        crashpoints.checkpoint("cleared")
        answer, seconds = self._answer(job)
        crashpoints.checkpoint("answered")
        if isinstance(answer, Fenced):
            return None
        began = max(began, job.steps.began or began)
        ago, now = self._clock.monotonic() - began, self._clock.now()
        ended = now + dt.timedelta(seconds=max(0.0, seconds))
        return tried(job.claim, job.opened, answer, now - dt.timedelta(seconds=ago), ended, now)

    def _hindrance(self, job: Job) -> str:
        """Why this job must not be sent now, or "": a paused worker that wakes late is a request that acts late."""
        mine = self._still.holds(job, self._clock.monotonic())
        if self._stop.is_set() or ending.asked():
            # Given back is what this thread has not begun: no request of it was made, and the token is still ours.
            return _("stopped before it was sent")
        if not mine:
            return _("another worker has it")
        if job.steps.lease.left() < job.steps.needs.total_seconds():
            return _("its turn came too late in its lease")
        return ""

    def _answer(self, job: Job) -> tuple[object, float]:
        """What publish returned or raised, and seconds until the last of its requests has ended, whatever it answered.

        A post is read from its frozen bytes.
        """
        with send_window.lasts(job.steps.lease.left) as mine:
            try:
                answer: object = job.opened.adapter.publish(post_from_bytes(job.post))
            except BaseException as error:  # even SystemExit: the request may have been made
                answer = error
        if not mine.touched:  # not begun is not sent
            answer = faulty(answer, job.opened.platform.folders)
        return answer, mine.until - time.monotonic()

    def _write(self) -> None:
        """Write the outcomes; tried again when the ledger cannot be written, as each is taken once at most."""
        outcomes = self._unwritten
        crashpoints.checkpoint("gathered")
        for wait in (*RETRIES, None):
            try:
                took = self._ledger.receive(outcomes, self._clock.now())
            except LedgerError:
                if wait is None:
                    raise
                self._clock.sleep(wait)
            else:
                break
        missing = [e for e in outcomes if e.id not in took]
        there = self._ledger.tokens_and_states(e.id for e in missing) if missing else {}
        # what is so already: a commit whose answer was lost
        took |= {e.id for e in missing if there.get(e.id) == (e.delivery.token, e.state)}
        self._unwritten = []
        self._ended.add(e for e in outcomes if e.id in took)
