"""A post that is out is changed in its place, or taken away: intent, request, and what came of it, each durable first.

It may be done again: the same words for the same post, a post that is gone already. What must not be done twice on the
way, a new part of a thread, is a step, and kept as those of a publish are.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from steadycast.crash_safety import crashpoints, ending, send_window
from steadycast.delivery.adapter_faults import faulty
from steadycast.delivery.clock import Clock
from steadycast.delivery.known_to_ledger import known_of
from steadycast.delivery.steps import SPARE, Steps
from steadycast.delivery.transitions import AdapterFor, Opened, backoff, held_back, refused, tried
from steadycast.errors import Fenced, InputError, Refused
from steadycast.ledger.amendments import TAKEN_AWAY, TRIES, amending
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.platform import Known, Platform, Post, Receipt
from steadycast.platform.post_bytes import post_to_bytes


def amendment_lease(platform: Platform) -> dt.timedelta:
    """For how long an amendment is claimed: until its request has surely ended."""
    return dt.timedelta(seconds=platform.deadline + platform.settle) + SPARE


@ending.heeded()
def amend(
    ledger: Ledger,
    claim: Delivery,
    platform: Platform,
    make_post: Callable[[], Post],
    adapter_for: AdapterFor,
    *,
    clock: Clock,
) -> Outcome | None:
    """What came of an amendment that was claimed; None where it is another worker's by now.

    `make_post` makes the post as it is to be, or of one that goes as it is; what it raises, and a channel that does
    not open, is a refusal.
    """
    [wait] = ledger.waits([claim.channel], {claim.channel: platform.rate}, clock.now())
    if wait.lasts:
        return _written(ledger, claim, held_back(claim, wait, clock.now()), b"", clock)
    steps = Steps(ledger, claim, clock, amending)
    steps.platform(platform)
    try:
        post, opened = make_post(), adapter_for(claim.channel, steps.step)
        data = post_to_bytes(post)
    except (Refused, InputError) as error:
        until_asked = replace(refused(claim, error, clock.now(), str), wake=None)  # for it again, by a person
        return _written(ledger, claim, until_asked, b"", clock)
    known = known_of(ledger, [claim.id])[claim.id]
    began = clock.now()
    answer, ended = _answer(opened, claim, post, known, steps, clock)
    crashpoints.checkpoint("amend-answered")
    if isinstance(answer, Fenced):
        return None
    return _written(ledger, claim, _meant(claim, opened, answer, began, ended, clock.now()), data, clock)


def _answer(  # noqa: PLR0917 all of one request
    opened: Opened, claim: Delivery, post: Post, known: Known, steps: Steps, clock: Clock
) -> tuple[object, dt.datetime]:
    """What the adapter returned or raised, and when the last of its requests has ended, whatever it answered."""
    adapter: Any = opened.adapter
    with send_window.lasts(steps.lease.left) as mine:
        try:
            if claim.revision == TAKEN_AWAY:
                adapter.withdraw(post, known)
                answer: object = known.receipt or Receipt(post.key)
            else:
                answer = adapter.revise(post, known)
        except BaseException as error:  # even SystemExit: the request may have been made
            answer = error
    if not mine.touched:  # not begun is not sent
        answer = faulty(answer, opened.platform.folders)
    return answer, clock.now() + dt.timedelta(seconds=max(0.0, mine.until - time.monotonic()))


def _meant(  # noqa: PLR0917 all of one request
    claim: Delivery, opened: Opened, answer: object, began: dt.datetime, ended: dt.datetime, now: dt.datetime
) -> Outcome:
    """As of a publish, but what is in doubt is simply done again a few times, where a look would tell at all."""
    outcome = tried(claim, opened, answer, began, ended, now)
    if outcome.state == State.HANDED:
        return replace(outcome, state=State.PUBLISHED)
    if outcome.state == State.UNKNOWN and opened.platform.delivery != "blind" and claim.attempt < TRIES:
        wake = max(outcome.wake or now, now + backoff(claim.attempt, claim.marker))
        return replace(outcome, state=State.DUE, wake=wake)
    return outcome if outcome.state == State.DUE else replace(outcome, wake=None)


def _written(ledger: Ledger, claim: Delivery, outcome: Outcome, post: bytes, clock: Clock) -> Outcome | None:
    return outcome if ledger.end_amendment(claim, outcome, post, clock.now()) else None
