"""What a far side answered: its status, its body, its own words for an operator, and how long it asks to wait."""

from __future__ import annotations

import datetime as dt
import email.utils
import json as jsonlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from steadycast.characters import one_line
from steadycast.errors import FarSideError
from steadycast.language import gettext as _
from steadycast.outgoing.connection import LONGEST_WAIT, redacted_urls

READ = 64 * 1024  # bytes of an answer that are looked through for its words
WORDS = 200  # characters of them, at most
SAYING = ("message", "error_description", "errmsg", "msg", "detail", "error", "title", "reason", "errors")
RESETS = (
    "RateLimit-Reset",
    "X-RateLimit-Reset",
    "X-Rate-Limit-Reset",
    "X-RateLimit-Reset-After",
)
LEFT = ("RateLimit-Remaining", "X-RateLimit-Remaining", "X-Rate-Limit-Remaining")
EPOCH = 10**9  # a larger number of seconds is a date, not a wait
MILLISECONDS = 10**11  # a larger date is in milliseconds


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """A far side's answer. Its body and headers may hold secrets: they stand in no message and in no `repr`."""

    status: int
    headers: Mapping[str, str]  # names in any case
    body: bytes
    garbled: Callable[[str, Answer], FarSideError]
    redact: Callable[[str], str] = lambda text: text
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"

    @property
    def text(self) -> str:
        """The body as text, as UTF-8."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; where it is none Unknown, as it may have been accepted all the same (Busy after a GET)."""
        try:
            return jsonlib.loads(self.body)
        except (ValueError, RecursionError):
            raise self.garbled(_("the answer is no JSON"), self) from None

    @property
    def message(self) -> str:
        """What the far side says, in one line fit for an operator and without a secret; "" where it says nothing."""
        return words(self.body, self.redact)

    @property
    def retry_after(self) -> dt.timedelta | None:
        """How long it asks to wait: Retry-After, else when its rate limit is over, where that is used up."""
        now = self.now()
        if (wait := retry_after(self.headers.get("Retry-After", ""), now)) is not None:
            return wait
        if self.status == 429 or any(self.headers.get(name, "").strip() == "0" for name in LEFT):
            waits = (reset_after(self.headers.get(name, ""), now) for name in RESETS)
            return next((wait for wait in waits if wait is not None), None)
        return None


def words(body: bytes, redact: Callable[[str], str]) -> str:
    """What an answer says of itself: the message of its JSON, else its first words; a page of HTML says nothing.

    Secrets are taken out before it is cut: half of one would not be known for one.
    """
    text = redact(_message(body) or body[:READ].decode("utf-8", "replace"))[:2000]
    if "<html" in text.lower() or "<!doctype" in text.lower():
        return ""
    text = redacted_urls(one_line(text))
    return text if len(text) <= WORDS else text[: WORDS - 1] + "…"


def _message(body: bytes) -> str:
    if len(body) > READ or body.lstrip()[:1] not in (b"{", b"["):
        return ""
    try:
        return _first_words(jsonlib.loads(body), 4)
    except (ValueError, RecursionError):
        return ""


def _first_words(told: Any, depth: int) -> str:
    """The first text that a JSON answer has where vendors put theirs."""
    if isinstance(told, str):
        return told.strip()
    said = told if isinstance(told, list) else [told[n] for n in SAYING if n in told] if isinstance(told, dict) else []
    return next((found for value in said if depth and (found := _first_words(value, depth - 1))), "")


def retry_after(text: str, now: dt.datetime) -> dt.timedelta | None:
    """How long a far side asks to wait, in seconds or as an HTTP date (RFC 9110): a second to a day, or None."""
    text = text.strip()
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", text):
        return _sane(float(text[:12]))
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return _sane((_aware(at) - now).total_seconds())


def reset_after(text: str, now: dt.datetime) -> dt.timedelta | None:
    """How long until a rate limit is over: vendors write seconds to go, seconds or milliseconds since 1970, or ISO."""
    text = text.strip()
    if re.fullmatch(r"\d{1,16}(\.\d*)?", text):
        number = float(text)
        if number >= MILLISECONDS:
            number /= 1000
        return _sane(number - now.timestamp() if number >= EPOCH else number)
    try:
        return _sane((_aware(dt.datetime.fromisoformat(text)) - now).total_seconds())
    except (ValueError, OverflowError):
        return retry_after(text, now)


def _aware(at: dt.datetime) -> dt.datetime:
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def _sane(seconds: float) -> dt.timedelta:
    return dt.timedelta(seconds=min(max(seconds, 1.0), LONGEST_WAIT.total_seconds()))
