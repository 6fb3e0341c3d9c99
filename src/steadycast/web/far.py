"""An adapter's HTTP half: every ending is an answer or one of the three errors."""

from __future__ import annotations

import datetime as dt
import email.utils
import functools
import json as jsonlib
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from steadycast import crashpoints, turn
from steadycast.errors import Busy, FarSideError, Refused, Unknown
from steadycast.web.wire import (
    LONGEST_WAIT,
    MAX_ANSWER,
    MAX_REDIRECTS,
    REDIRECTS,
    REFUSED,
    FetchError,
    Wire,
    body_of,
    checked,
    exchange,
    reason,
    redacted_urls,
)

BEFORE_THE_END = 0.05  # seconds of a turn: a request that is cut then is over before its process would be ended


@dataclass(frozen=True, slots=True)
class Answer:
    """A far side's answer with an expected status; reading it wrongly is sorted like everything else."""

    status: int
    headers: Mapping[str, str]  # names in any case
    body: bytes
    _garbled: Callable[[str], FarSideError] = field(repr=False)

    @property
    def text(self) -> str:
        """The body as text, as UTF-8."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; where it is none Unknown, as it may have been accepted all the same (Busy after a GET)."""
        try:
            return jsonlib.loads(self.body)
        except (ValueError, RecursionError):
            raise self._garbled("the answer is no JSON") from None


@dataclass(frozen=True, slots=True)
class Far:
    """The HTTP half of an adapter: one total deadline a request, and each ending an answer or one of three errors."""

    channel: str
    deadline: float = 60.0  # seconds
    redact: Callable[[str], str] = lambda text: text
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        data: Any = None,
        files: Any = None,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
        params: Any = None,
        ok: Collection[int] = (200, 201, 202, 204),
        deadline: float | None = None,
        max_bytes: int = MAX_ANSWER,
    ) -> Answer:
        """The answer, when its status is one of `ok`.

        Raises Busy when nothing of the request left, or on 429; Refused on an answer that says "not applied"; Unknown
        for the rest (5xx, time-out, reset, garbage, too large). A GET changes nothing, so it is Busy where another
        method is Unknown; only a GET follows redirects, and takes its credentials to the same host only. The address
        is the operator's own, so private ones are allowed.
        """
        method = method.upper()
        reads = method in {"GET", "HEAD"}
        wanted, left = self.deadline if deadline is None else deadline, turn.left() - BEFORE_THE_END
        # A far side that is slow and honest needs the whole deadline: SETTLE is long enough only for one that had it.
        if left < (0 if reads else min(wanted, self.deadline)):
            raise self._error(Busy, "too little of its turn was left to send it")
        wire_until = time.monotonic() + min(wanted, left)
        if not reads:
            turn.begun(wire_until)
        request: dict[str, Any] = {"json": json, "data": data, "files": files, "params": params, "auth": auth}
        request["headers"] = dict(headers or {})
        for _ in range(MAX_REDIRECTS + 1):
            status, answer, body = self._send(wire_until, method, url, request, max_bytes, reads=reads)
            target = answer.get("Location", "")
            if status in ok:
                return Answer(status, answer, body, functools.partial(self._error, Busy if reads else Unknown))
            if not (reads and status in REDIRECTS and target):
                raise self._sorted(status, answer, body, reads=reads)
            url = self._followed(url, target, request)
        raise self._error(Busy, f"more than {MAX_REDIRECTS} redirects")

    def _send(
        self, until: float, method: str, url: str, request: dict[str, Any], limit: int, *, reads: bool
    ) -> tuple[int, Mapping[str, str], bytes]:
        wire = Wire(until, public_only=False)
        try:
            checked(url)
        except FetchError as error:
            raise self._error(Refused, f"its address cannot be used: {error}") from None
        crashpoints.here("request-ready")
        try:
            with exchange(wire, method, url, **request) as response:
                body = b"" if method == "HEAD" else body_of(response, wire, limit)
                crashpoints.here("request-answered")
                return response.status, response.headers, body
        except FetchError as error:
            raise self._error(Busy if reads or not wire.sending else Unknown, str(error)) from None
        except (requests.RequestException, HTTPError, OSError, ValueError, TypeError) as error:
            if isinstance(error, ValueError | TypeError) and not wire.sending:  # no such header
                raise self._error(Refused, f"cannot be sent: {type(error).__name__}") from None
            raise self._error(Busy if reads or not wire.sending else Unknown, reason(error, wire)) from None

    def _followed(self, url: str, target: str, request: dict[str, Any]) -> str:
        """The next address; another host is given no credentials, whoever sent us there."""
        there = urljoin(url, target)
        request["params"] = None
        if _authority(there) != _authority(url):
            request["auth"] = None
            request["headers"] = {
                name: value
                for name, value in request["headers"].items()
                if name.lower() in {"accept", "accept-language"}
            }
        return there

    def _sorted(self, status: int, headers: Mapping[str, str], body: bytes, *, reads: bool) -> FarSideError:
        said = _said(body, self.redact)
        if status == 429:
            wait = retry_after(headers.get("Retry-After", ""), self.now())
            return self._error(Busy, said or "too many requests", str(status), wait)
        if status in REFUSED:
            return self._error(Refused, said or "refused", str(status))
        if status in {301, 307, 308}:
            return self._error(Refused, "moved elsewhere: set the new address", str(status))
        wait = retry_after(headers.get("Retry-After", ""), self.now())
        return self._error(Busy if reads else Unknown, said or "no usable answer", str(status), wait)

    def _error(
        self, kind: type[FarSideError], message: str, code: str | None = None, wait: dt.timedelta | None = None
    ) -> FarSideError:
        text = redacted_urls(self.redact(message))
        if kind is Busy:
            return Busy(text, code, self.channel, wait)
        return kind(text, code, self.channel)


_READ = 64 * 1024  # bytes of an answer that are looked through for its words


def _authority(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _said(body: bytes, redact: Callable[[str], str]) -> str:
    """The first words of an answer, fit for one line; a page of HTML says nothing.

    Secrets are taken out before it is cut: half of one would not be known for one.
    """
    text = redact(body[:_READ].decode("utf-8", "replace"))[:2000]
    if "<html" in text.lower() or "<!doctype" in text.lower():
        return ""
    text = "".join(char if char.isprintable() else " " for char in text)
    text = " ".join(text.split())
    return text if len(text) <= 200 else text[:199] + "…"


def retry_after(text: str, now: dt.datetime) -> dt.timedelta | None:
    """How long a far side asks to wait, in seconds or as an HTTP date (RFC 9110): a second to a day, or None."""
    text = text.strip()
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", text):
        wait = dt.timedelta(seconds=min(max(float(text[:12]), 1.0), LONGEST_WAIT.total_seconds()))
    else:
        try:
            at = email.utils.parsedate_to_datetime(text)
            wait = (at if at.tzinfo else at.replace(tzinfo=dt.UTC)) - now
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return min(max(wait, dt.timedelta(seconds=1)), LONGEST_WAIT)
