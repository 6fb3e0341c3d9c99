"""Looking at the far side: deliveries in doubt are settled, published ones are seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from steadycast.crash_safety import crashpoints
from steadycast.delivery.clock import Clock, SystemClock
from steadycast.delivery.jobs import Ended, Told, untold
from steadycast.delivery.known import known_of
from steadycast.delivery.transitions import (
    ABSURD,
    NONE,
    AdapterFor,
    Opened,
    cannot_tell,
    counts_from,
    looked,
    not_seen,
    verified,
)
from steadycast.errors import Busy, Unknown
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.platform import Known, Platform, Post, Receipt
from steadycast.platform.post_bytes import post_from_bytes

T = TypeVar("T")
StandIn = Callable[[Delivery], Post]


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why one looks: what a look means, who writes it down, and when one must not look yet."""

    judge: Callable[[Delivery, Opened, Post, object, dt.datetime], Outcome]
    cannot_tell: Callable[[Delivery, tuple[str, str], dt.datetime], Outcome]
    write: Callable[[Sequence[Outcome], dt.datetime], frozenset[int]]
    instead: Callable[[Delivery, Platform, dt.datetime, float], Outcome | None]
    state: State  # of what one looks at
    asked: float  # when what is to be looked at was read, by the machine's clock
    stand_in: StandIn | None = None
    told: Told = untold


def settle(
    ledger: Ledger,
    adapter_for: AdapterFor,
    *,
    stand_in: StandIn | None = None,
    clock: Clock | None = None,
    workers: int = 16,
    limit: int = 200,
    told: Told = untold,
) -> list[Outcome]:
    """Look for what may be there: found becomes seen, surely absent becomes due, the rest is looked at later.

    A look counts no sooner than the platform's `settle` after the request's deadline. A blind platform has nothing
    to look at: its deliveries wait for a person. What a restored ledger lost with the frozen post is looked for by
    its key, in the post that `stand_in` makes.
    """
    clock = clock or SystemClock()
    asked = clock.monotonic()
    purpose = Purpose(looked, cannot_tell, ledger.looked, _too_soon, State.UNKNOWN, asked, stand_in, told)
    return _look(ledger, ledger.doubts(clock.now(), limit), adapter_for, clock, workers, purpose)


def verify(
    ledger: Ledger,
    adapter_for: AdapterFor,
    *,
    clock: Clock | None = None,
    workers: int = 16,
    limit: int = 200,
    told: Told = untold,
) -> list[Outcome]:
    """Read back what was published: what is there becomes seen; what is not is told, and never sent again."""
    clock = clock or SystemClock()
    asked = clock.monotonic()
    purpose = Purpose(verified, not_seen, ledger.verified, lambda *_: None, State.PUBLISHED, asked, told=told)
    return _look(ledger, ledger.unseen(clock.now(), limit), adapter_for, clock, workers, purpose)


def _look(  # noqa: PLR0917 both purposes share it
    ledger: Ledger,
    looks: Sequence[Delivery],
    adapter_for: AdapterFor,
    clock: Clock,
    workers: int,
    purpose: Purpose,
) -> list[Outcome]:
    if not looks:
        return []
    posts, known = ledger.frozen(look.id for look in looks), known_of(ledger, [look.id for look in looks])

    asked: dict[str, dt.datetime] = {}  # channels that are to be left alone until then; the ledger hears of it later

    def seen(look: Delivery) -> Outcome:
        held = _held(ledger, look, purpose.state, clock.now(), asked.get(look.channel))
        outcome = held or _outcome(look, posts.get(look.id), known[look.id], adapter_for, clock, purpose)
        asked.update([outcome.pause] if outcome.pause else ())
        return outcome

    looking = _Looking(looks, seen)
    ended = Ended(purpose.told)
    try:
        looking.start(workers)
        for _ in looks:
            outcome = looking.next()
            ended.add([outcome] if purpose.write([outcome], clock.now()) else [])
    finally:
        looking.end()
    return ended.outcomes


class _Looking:
    """Threads that look; where the system gives none, the looks are made one by one as they are asked for."""

    def __init__(self, looks: Sequence[Delivery], one: Callable[[Delivery], Outcome]) -> None:
        self._one = one
        self._waiting: SimpleQueue[Delivery] = SimpleQueue()
        self._done: SimpleQueue[Outcome | BaseException] = SimpleQueue()
        self._threads: list[Thread] = []
        for look in looks:
            self._waiting.put(look)

    def start(self, wanted: int) -> None:
        """Start so many threads, one a look at most; or as many as the system gives."""
        wanted = min(wanted, self._waiting.qsize())
        with suppress(RuntimeError, MemoryError):  # can't start new thread: those that are there take more
            while len(self._threads) < wanted:
                thread = Thread(target=self._work, name=f"look-{len(self._threads)}")
                thread.start()
                self._threads.append(thread)

    def next(self) -> Outcome:
        """The next look that has come back; raises what it raised."""
        if not self._threads:
            self._look(self._waiting.get_nowait())
        outcome = self._done.get()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def end(self) -> None:
        """Begin no more looks, and wait for those that are on their way."""
        with suppress(Empty):
            while True:
                self._waiting.get_nowait()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        with suppress(Empty):
            while True:
                self._look(self._waiting.get_nowait())

    def _look(self, look: Delivery) -> None:
        try:
            outcome: Outcome | BaseException = self._one(look)
        except BaseException as error:
            outcome = error
        self._done.put(outcome)


def _outcome(  # noqa: PLR0917 all of one look
    look: Delivery, post: bytes | None, known: Known, adapter_for: AdapterFor, clock: Clock, purpose: Purpose
) -> Outcome:
    """What one look told; a channel that does not open, or a post that was never frozen, tells nothing."""
    try:
        opened = adapter_for(look.channel, _no_steps)
    except Exception as error:
        return purpose.cannot_tell(look, ("", f"the channel does not open: {type(error).__name__}"), clock.now())
    if still := purpose.instead(look, opened.platform, clock.now(), clock.monotonic() - purpose.asked):
        return still
    if post is None and purpose.stand_in is None:
        return purpose.cannot_tell(look, ("", "there is no frozen post to look for"), clock.now())
    sent = purpose.stand_in(look) if post is None and purpose.stand_in else post_from_bytes(post or b"")
    crashpoints.checkpoint("look-begins")
    try:
        answer: object = opened.adapter.find(sent, replace(known, frozen=post is not None))
    except Exception as error:
        answer = error
    crashpoints.checkpoint("look-answered")
    if purpose.judge is looked and _hides_parts(sent, known, answer):
        answer = Unknown("find() found the thread, and does not say which of its parts are there")
    outcome = _holding(look, purpose.judge(look, opened, sent, answer, clock.now()), answer)
    return outcome if post is not None else _of_what_is_lost(look, outcome, answer)


def _held(ledger: Ledger, look: Delivery, state: State, now: dt.datetime, asked: dt.datetime | None) -> Outcome | None:
    """As before, and no look is made or counted, while its far side wants no request."""
    [wait] = ledger.waits([look.channel], {}, now)
    wake = max(now + wait.lasts, asked or now)
    still = Outcome(look, state, now, code=look.code, message=look.message, looks=look.looks)
    return replace(still, wake=wake) if wake > now else None


def _holding(look: Delivery, outcome: Outcome, answer: object) -> Outcome:
    """A far side that asks to be looked at later holds its channel, and the look is made then: it does not count."""
    asked = answer.retry_after if isinstance(answer, Busy) else None
    if asked is None or not NONE < asked < ABSURD:
        return outcome
    outcome = replace(outcome, pause=(look.channel, outcome.at + asked))
    return outcome if outcome.state == State.DUE else replace(outcome, looks=look.looks, wake=outcome.at + asked)


def _hides_parts(sent: Post, known: Known, answer: object) -> bool:
    """Whether a thread that was sent part by part was found without its parts: it may be half of it."""
    in_parts = len(sent.parts) > 1 and any(name.startswith("part-") for name in known.steps)
    return in_parts and isinstance(answer, Receipt) and not answer.parts


def _of_what_is_lost(look: Delivery, outcome: Outcome, answer: object) -> Outcome:
    """A look without the post that was sent: what is not there goes out at its hour, half a thread is a person's."""
    if outcome.state == State.DUE and isinstance(answer, Receipt):
        return cannot_tell(look, ("", f"{len(answer.parts)} parts are there"), outcome.at)
    return replace(outcome, wake=max(outcome.at, look.at)) if outcome.state == State.DUE else outcome


def _too_soon(look: Delivery, platform: Platform, now: dt.datetime, since: float) -> Outcome | None:
    """Unknown still, without a look: nobody can look, or it would not count yet, `since` seconds after it was read."""
    still = Outcome(look, State.UNKNOWN, now, code=look.code, message=look.message, looks=look.looks)
    earliest = counts_from(now + look.left - dt.timedelta(seconds=since), platform)
    if platform.delivery == "blind":
        return still
    return replace(still, wake=earliest) if now < earliest else None


def _no_steps(name: str, send: Callable[[], T], *, repeatable: bool = False) -> T:  # noqa: ARG001
    raise Unknown(f"{name}: a look sends nothing")
