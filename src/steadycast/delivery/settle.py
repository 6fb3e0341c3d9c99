"""Looking at the far side: deliveries in doubt are settled, published ones are seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import TypeVar

from steadycast.crash_safety import crashpoints
from steadycast.delivery.clock import Clock, SystemClock
from steadycast.delivery.jobs import Ended, Told, untold
from steadycast.delivery.known_to_ledger import known_of
from steadycast.delivery.threads import Threads
from steadycast.delivery.transitions import ABSURD, NONE, AdapterFor, counts_from, look_again, looked, verified
from steadycast.errors import Busy, Unknown
from steadycast.language import gettext as _
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
    """Why one looks: at what is in doubt, or at what is published."""

    state: State  # of what one looks at: unknown or published
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
    purpose = Purpose(State.UNKNOWN, clock.monotonic(), stand_in, told)
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
    purpose = Purpose(State.PUBLISHED, clock.monotonic(), told=told)
    return _look(ledger, ledger.unseen(clock.now(), limit), adapter_for, clock, workers, purpose)


def _look(  # noqa: PLR0917 both purposes share it
    ledger: Ledger,
    looks: Sequence[Delivery],
    adapter_for: AdapterFor,
    clock: Clock,
    workers: int,
    purpose: Purpose,
) -> list[Outcome]:
    posts, known = ledger.frozen(look.id for look in looks), known_of(ledger, [look.id for look in looks])
    write = ledger.looked if purpose.state == State.UNKNOWN else ledger.verified
    done: SimpleQueue[Outcome | BaseException] = SimpleQueue()
    asked: dict[str, dt.datetime] = {}  # channels that are to be left alone until then; the ledger hears of it later

    def one(look: Delivery) -> None:
        try:
            held = _held(ledger, look, purpose.state, clock.now(), asked.get(look.channel))
            outcome = held or _outcome(look, posts.get(look.id), known[look.id], adapter_for, clock, purpose)
            asked.update([outcome.pause] if outcome.pause else ())
            done.put(outcome)
        except BaseException as error:
            done.put(error)

    threads, ended = Threads("look", looks, one), Ended(purpose.told)
    try:
        threads.start(workers)
        for _ in looks:
            threads.wait()
            outcome = done.get()
            if isinstance(outcome, BaseException):
                raise outcome
            ended.add([outcome] if write([outcome], clock.now()) else [])
    finally:
        threads.end()
    return ended.outcomes


def _outcome(  # noqa: PLR0917 all of one look
    look: Delivery, post: bytes | None, known: Known, adapter_for: AdapterFor, clock: Clock, purpose: Purpose
) -> Outcome:
    """What one look told; a channel that does not open, or a post that was never frozen, tells nothing."""
    try:
        opened = adapter_for(look.channel, _no_steps)
    except Exception as error:
        said = "", _("the channel does not open: %(why)s", why=type(error).__name__)
        return look_again(look, purpose.state, said, clock.now())
    doubt = purpose.state == State.UNKNOWN
    if doubt and (still := _too_soon(look, opened.platform, clock.now(), clock.monotonic() - purpose.asked)):
        return still
    if post is None and purpose.stand_in is None:
        return look_again(look, purpose.state, ("", _("there is no frozen post to look for")), clock.now())
    sent = purpose.stand_in(look) if post is None and purpose.stand_in else post_from_bytes(post or b"")
    crashpoints.checkpoint("look-begins")
    try:
        answer: object = opened.adapter.find(sent, replace(known, frozen=post is not None))
    except Exception as error:
        answer = error
    crashpoints.checkpoint("look-answered")
    if doubt and _hides_parts(sent, known, answer):
        answer = Unknown(_("find() found the thread, and does not say which of its parts are there"))
    judge = looked if doubt else verified
    outcome = _holding(look, judge(look, opened, sent, answer, clock.now()), answer)
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
        return look_again(look, State.UNKNOWN, ("", _("%(num)s parts are there", num=len(answer.parts))), outcome.at)
    return replace(outcome, wake=max(outcome.at, look.at)) if outcome.state == State.DUE else outcome


def _too_soon(look: Delivery, platform: Platform, now: dt.datetime, since: float) -> Outcome | None:
    """Unknown still, without a look: nobody can look, or it would not count yet, `since` seconds after it was read."""
    still = Outcome(look, State.UNKNOWN, now, code=look.code, message=look.message, looks=look.looks)
    earliest = counts_from(now + look.left - dt.timedelta(seconds=since), platform)
    if platform.delivery == "blind":
        return still
    return replace(still, wake=earliest) if now < earliest else None


def _no_steps(name: str, send: Callable[[], T], *, repeatable: bool = False) -> T:  # noqa: ARG001
    raise Unknown(_("%(step)s: a look sends nothing", step=name))
