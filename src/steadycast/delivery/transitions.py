"""What an answer means: a receipt or one of three errors in, the ledger's next state out. Pure."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import orjson

from steadycast.characters import one_line
from steadycast.errors import Busy, FarSideError, InputError, Refused
from steadycast.language import gettext as _
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.pacing import Wait
from steadycast.ledger.tables import State
from steadycast.platform import Adapter, Platform, Post
from steadycast.platform.contract import Step
from steadycast.receipt import Receipt, receipt_of

NONE = dt.timedelta()
FLOOR, CAP = dt.timedelta(seconds=30), dt.timedelta(minutes=30)  # of the wait between two tries
ABSURD = dt.timedelta(
    days=1
)  # a Retry-After of this or more (the client cuts it there) is a mistake: our own wait is used
LOOKS = (dt.timedelta(minutes=5), dt.timedelta(minutes=30), dt.timedelta(hours=2))  # after the first read-back
VERIFY_AFTER = dt.timedelta(minutes=1)
BEFORE = dt.timedelta(hours=1)  # so long before its request was given up at the latest, a post may be there at most
LONGEST_THREAD = 300_000  # characters of all that is kept of a thread's parts
MESSAGE, LINK = 500, 2000  # characters kept of what a far side says
RESENDABLE = frozenset({"conditional", "kit"})  # a second publish of the same key is harmless


@dataclass(frozen=True)
class Opened:
    """A channel opened for one attempt: its adapter, what its platform declares, and what hides its secrets."""

    adapter: Adapter
    platform: Platform
    redact: Callable[[str], str] = str


AdapterFor = Callable[[str, Step], Opened]  # channel's name, the steps of this delivery


def tried(  # noqa: PLR0917 - all of one attempt, in the order in which it happened
    claim: Delivery, opened: Opened, answer: object, began: dt.datetime, ended: dt.datetime, now: dt.datetime
) -> Outcome:
    """What became of one sending that `began` then: `answer` is what publish returned or raised.

    By `ended` its last request is over, whatever came of it; an adapter with a wire of its own tells nothing of that.
    """
    deadline = max(ended, began + dt.timedelta(seconds=opened.platform.deadline))
    if isinstance(answer, Receipt):
        return _arrived(claim, opened, answer, now)
    if isinstance(answer, (Busy, Refused, InputError)):
        return failed(claim, answer, now, opened.redact)
    said = _said(answer, opened.redact)
    if opened.platform.delivery == "blind":
        return _outcome(claim, State.UNKNOWN, now, said, deadline=deadline)
    wake = counts_from(deadline, opened.platform)
    return _outcome(claim, State.UNKNOWN, now, said, deadline=deadline, wake=wake)


def counts_from(deadline: dt.datetime, platform: Platform) -> dt.datetime:
    """From when on a look tells what is not there: no request acts later than `settle` after its deadline."""
    return deadline + dt.timedelta(seconds=platform.settle)


def failed(claim: Delivery, error: Exception, now: dt.datetime, redact: Callable[[str], str]) -> Outcome:
    """It was not sent, or surely not taken: a person fixes what is refused, the rest is tried again."""
    judge = refused if isinstance(error, (Refused, InputError)) else later
    return judge(claim, error, now, redact)


def refused(claim: Delivery, error: Exception, now: dt.datetime, redact: Callable[[str], str]) -> Outcome:
    """A person fixes it; when nobody does within `late`, its slot is missed.

    A second sending that is refused says nothing of the first: what was in doubt before is in doubt still.
    """
    said = _said(error, redact)
    return in_doubt(claim, said, now) if claim.looks else _outcome(claim, State.REFUSED, now, said, wake=claim.last)


def in_doubt(claim: Delivery, said: tuple[str, str], now: dt.datetime) -> Outcome:
    """Unknown again, and looked at next: an earlier sending may be there."""
    return _outcome(claim, State.UNKNOWN, now, said, wake=now, looks=claim.looks)


def later(claim: Delivery, error: Exception, now: dt.datetime, redact: Callable[[str], str]) -> Outcome:
    """Due again after a growing wait, or as the far side asked; missed where that is past `late`, or in doubt still."""
    asked = error.retry_after if isinstance(error, Busy) else None
    wait = backoff(claim.attempt, claim.marker)
    if asked is not None and asked < ABSURD:
        wait = max(FLOOR, asked)
    said = _said(error, redact)
    if now + wait <= claim.last:
        outcome = _outcome(claim, State.DUE, now, said, wake=now + wait, looks=claim.looks)
    else:
        outcome = in_doubt(claim, said, now) if claim.looks else _outcome(claim, State.MISSED, now, said)
    pause = (claim.channel, now + asked) if asked is not None and NONE < asked < ABSURD else None
    return replace(outcome, pause=pause)


def unsent(claim: Delivery, why: str, now: dt.datetime) -> Outcome:
    """Due again at once: it is known that nothing was sent."""
    return _outcome(claim, State.DUE, now, ("", why), wake=now, looks=claim.looks)


def held_back(claim: Delivery, wait: Wait, now: dt.datetime) -> Outcome:
    """Due again once its channel is free; where that is past `late`, at the last instant at which it may go."""
    wake = max(now, min(now + wait.lasts, claim.last))
    return _outcome(
        claim, State.DUE, now, ("", _("not sent yet: %(why)s", why=_(wait.why))), wake=wake, looks=claim.looks
    )


def backoff(attempt: int, marker: str) -> dt.timedelta:
    """The wait after this many tries, doubled each time; a fifth is spread by marker: not all come at once."""
    doubled = FLOOR * (1 << min(max(attempt, 1) - 1, 16))
    return min(doubled, CAP) * (1 + zlib.crc32(marker.encode()) % 1000 / 5000)


def looked(look: Delivery, opened: Opened, post: Post, answer: object, now: dt.datetime) -> Outcome:
    """What a read-back told about a delivery in doubt: `answer` is what find returned or raised."""
    if isinstance(answer, Receipt):
        if len(post.parts) > 1 and 0 < len(answer.parts) < len(post.parts):
            return _resume(look, answer, now)
        return _arrived(look, opened, answer, now, read_back=True)
    if answer is None:
        return _absent(look, now)
    said = _said(answer, opened.redact)
    if opened.platform.delivery in RESENDABLE and not look.looks and now <= look.last:
        again = _("%(why)s; a second sending is harmless", why=" ".join(said))
        return _outcome(look, State.DUE, now, ("", again), wake=now, looks=1)
    return look_again(look, State.UNKNOWN, said, now)


def look_again(look: Delivery, state: State, said: tuple[str, str], now: dt.datetime) -> Outcome:
    """In doubt, or published, still: another look, further apart each time, then never by itself."""
    wake = now + LOOKS[look.looks] if look.looks < len(LOOKS) else None
    return _outcome(look, state, now, said, wake=wake, looks=look.looks + 1)


def verified(look: Delivery, opened: Opened, _post: Post, answer: object, now: dt.datetime) -> Outcome:
    """What a later look told about a published delivery: seen, and where; or another look, or left as published."""
    if isinstance(answer, Receipt):
        address = _link(opened.redact(answer.url))
        return _outcome(look, State.SEEN, now, looks=look.looks + 1, address=address if address != look.url else "")
    said = ("", _("not seen at read-back")) if answer is None else _said(answer, opened.redact)
    return look_again(look, State.PUBLISHED, said, now)


def _absent(look: Delivery, now: dt.datetime) -> Outcome:
    if now <= look.last:
        return _outcome(look, State.DUE, now, ("", _("not there")), wake=now)
    return _outcome(look, State.MISSED, now, ("", _("not there, and too late to send")))


def _resume(look: Delivery, found: Receipt, now: dt.datetime) -> Outcome:
    """A thread of which some parts are there: steps are called part-1, part-2, ..., and it goes on after the last."""
    steps = {f"part-{n}": id for n, id in enumerate(found.parts, 1)}
    why = _("%(num)s parts are there", num=len(steps))
    if now > look.last:
        return _outcome(look, State.UNKNOWN, now, ("", _("%(why)s, and too late to send the rest", why=why)))
    return _outcome(look, State.DUE, now, ("", why), wake=now, found=steps)


def _arrived(what: Delivery, opened: Opened, receipt: Receipt, now: dt.datetime, *, read_back: bool = False) -> Outcome:
    seen = "read-back" if read_back and receipt.seen == "answer" else receipt.seen
    remote_id, url = _clean(opened.redact(receipt.remote_id), LINK), _link(opened.redact(receipt.url))
    kept = receipt_of(remote_id, url, receipt.at, seen, _detail(receipt, opened.redact))
    # Of a post that a read-back finds only the far side knows since when it is there; what it says must be possible.
    at = receipt.at if read_back and receipt.at and _possible(what, receipt.at, now) else now
    if receipt.handed:
        return _outcome(what, State.HANDED, at, receipt=kept)
    if read_back:
        return _outcome(what, State.SEEN, at, receipt=kept)
    settle = dt.timedelta(seconds=opened.platform.settle)
    verify = now + max(VERIFY_AFTER, settle) if opened.platform.read_back else None
    return _outcome(what, State.PUBLISHED, at, receipt=kept, wake=verify)


def _possible(look: Delivery, at: dt.datetime, now: dt.datetime) -> bool:
    """Whether it can be there since then: since its hour, or, sent ahead of it by hand, since its request."""
    return min(look.at, now + look.left - BEFORE) <= at <= now


def _outcome(what: Delivery, state: State, at: dt.datetime, said: tuple[str, str] = ("", ""), **more: Any) -> Outcome:
    return Outcome(what, state, at, code=said[0], message=said[1], **more)


def _said(answer: object, redact: Callable[[str], str]) -> tuple[str, str]:
    """The far side's own code and its message: one line, short, without a secret."""
    if isinstance(answer, FarSideError):
        return _clean(redact(answer.code or ""), 40), _clean(redact(answer.message), MESSAGE)
    if isinstance(answer, InputError):
        return "", _clean(redact(str(answer)), MESSAGE)
    if isinstance(answer, BaseException):
        return type(answer).__name__, _clean(redact(str(answer)), MESSAGE)
    return "", _("the answer was neither a receipt nor an error")


def _clean(text: str, limit: int) -> str:
    line = one_line(text)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _link(url: str) -> str:
    """A link that a page may show; what a hostile far side calls a link may be a script."""
    url = _clean(url, LINK)
    try:
        return url if urlsplit(url).scheme in ("http", "https", "file", "mailto", "") else ""
    except ValueError:
        return ""


def _detail(receipt: Receipt, redact: Callable[[str], str]) -> Mapping[str, Any]:
    """What is kept of a receipt's detail; of one that is too long the parts and the page, which are asked for later."""
    typed = {name: value for name, value in (("parts", list(receipt.parts)), ("page", receipt.page)) if value}
    for told, most in (({**receipt.detail, **typed}, 10 * LINK), (typed, LONGEST_THREAD)):
        with suppress(TypeError, ValueError):
            text = redact(orjson.dumps(told, default=str, option=orjson.OPT_NON_STR_KEYS).decode())
            if len(text) <= most:
                detail: Mapping[str, Any] = orjson.loads(text)
                return detail
    return {}
