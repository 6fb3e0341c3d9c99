"""An adapter's HTTP client: every ending is an answer or one of the three errors."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from steadycast.crash_safety import crashpoints, send_window
from steadycast.errors import Busy, FarSideError, Refused, Unknown
from steadycast.language import gettext as _
from steadycast.outgoing.answer_bodies import body_of
from steadycast.outgoing.answers import Answer
from steadycast.outgoing.connection import (
    MAX_ANSWER,
    MAX_REDIRECTS,
    REDIRECTS,
    REFUSED,
    Connection,
    checked,
    exchange,
    reason,
    redacted_urls,
)
from steadycast.outgoing.fetch_errors import FetchError

BEFORE_THE_END = 0.05  # seconds of a turn: a request that is cut then is over before its process would be ended
Classify = Callable[[Answer], FarSideError | None]


@dataclass(frozen=True, slots=True)
class HttpClient:
    """One total deadline a request, and each ending an answer or one of the three errors."""

    channel: str
    deadline: float = 60.0  # seconds
    redact: Callable[[str], str] = lambda text: text
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    base: str = field(default="", repr=False)  # a path may be a secret
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: Any = field(default=None, repr=False)
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    errors: Classify | None = None

    def using(
        self,
        *,
        base: str = "",
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
        params: Mapping[str, Any] | None = None,
        errors: Classify | None = None,
    ) -> HttpClient:
        """A client with these defaults over its own.

        A relative address is put after `base`: "v1/posts" and "/v1/posts" below "https://host/api" are both
        https://host/api/v1/posts. Where there is a base, the default headers, auth and params go to its host alone: an
        address that a far side names gets no credentials.

        `errors` sees every answer, also one of an expected status, and gives back the error it means, or None: it is
        the one place that reads a vendor's codes. Its Busy gets the answer's Retry-After where it says no time.
        """
        return dataclasses.replace(
            self,
            base=self._joined(base) if base else self.base,
            headers={**self.headers, **(headers or {})},
            auth=auth if auth is not None else self.auth,
            params={**self.params, **(params or {})},
            errors=errors or self.errors,
        )

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
        repeatable: bool = False,
    ) -> Answer:
        """The answer, when its status is one of `ok` and `errors` has nothing against it.

        Raises Busy when nothing of the request left, or on 429; Refused on an answer that says "not applied"; Unknown
        for the rest (5xx, time-out, reset, garbage, too large). A GET changes nothing, so it is Busy where another
        method is Unknown, and so is one that is `repeatable`: it does no harm when it is made twice. Only a GET follows
        redirects, and takes its credentials to the same host only. The address is the operator's own, so private ones
        are allowed.
        """
        method = method.upper()
        reads = method in {"GET", "HEAD"}
        harmless = reads or repeatable
        wire_until = self._until(deadline, harmless=harmless)
        if not reads:
            send_window.begun(wire_until)
        url = self._joined(url)
        request = self._request(url, headers, auth, params) | {"json": json, "data": data, "files": files}
        for _hop in range(MAX_REDIRECTS + 1):
            answer = self._send(wire_until, method, url, request, max_bytes, harmless=harmless)
            target = answer.headers.get("Location", "")
            if reads and answer.status in REDIRECTS and answer.status not in ok and target:
                url = _followed(url, target, request)
                continue
            if error := self._wrong(answer, ok, harmless=harmless):
                raise error
            return answer
        raise self._error(Busy, _("more than %(most)s redirects", most=MAX_REDIRECTS))

    def _until(self, deadline: float | None, *, harmless: bool) -> float:
        wanted, left = self.deadline if deadline is None else deadline, send_window.left() - BEFORE_THE_END
        # A far side that is slow and honest needs the whole deadline: SETTLE is long enough only for one that had it.
        if left < (0 if harmless else min(wanted, self.deadline)):
            raise self._error(Busy, _("too little of its turn was left to send it"))
        return time.monotonic() + min(wanted, left)

    def _joined(self, url: str) -> str:
        return f"{self.base.rstrip('/')}/{url.lstrip('/')}" if self.base and "://" not in url else url

    def _request(self, url: str, headers: Mapping[str, str] | None, auth: Any, params: Any) -> dict[str, Any]:
        """What this request adds to the client's defaults, which an address of another host does not get."""
        if self.base and _authority(url) != _authority(self.base):
            return {"headers": dict(headers or {}), "auth": auth, "params": params}
        return {
            "headers": {**self.headers, **(headers or {})},
            "auth": auth if auth is not None else self.auth,
            "params": {**self.params, **params} if isinstance(params, Mapping) else params or dict(self.params) or None,
        }

    def _send(
        self, until: float, method: str, url: str, request: dict[str, Any], limit: int, *, harmless: bool
    ) -> Answer:
        wire = Connection(until, public_only=False)
        try:
            checked(url)
        except FetchError as error:
            raise self._error(Refused, _("its address cannot be used: %(why)s", why=error)) from None
        crashpoints.checkpoint("request-ready")
        garbled = functools.partial(self._error, Busy if harmless else Unknown)
        try:
            with send_window.harmless(when=harmless), exchange(wire, method, url, **request) as response:
                body = b"" if method == "HEAD" else body_of(response, wire, limit)
                crashpoints.checkpoint("request-answered")
                return Answer(response.status, response.headers, body, garbled, self.redact, self.now)
        except FetchError as error:
            raise self._error(Busy if harmless or not wire.sending else Unknown, str(error)) from None
        except (requests.RequestException, HTTPError, OSError, ValueError, TypeError) as error:
            if isinstance(error, ValueError | TypeError) and not wire.sending:  # no such header
                raise self._error(Refused, _("cannot be sent: %(why)s", why=type(error).__name__)) from None
            raise self._error(Busy if harmless or not wire.sending else Unknown, reason(error, wire)) from None

    def _wrong(self, answer: Answer, ok: Collection[int], *, harmless: bool) -> FarSideError | None:
        """The error that an answer means: the adapter's word first, then its status."""
        if self.errors and (meant := self._meant(answer, ok)):
            return self._error(type(meant), meant.message, answer, meant.code, getattr(meant, "retry_after", None))
        if answer.status in ok:
            return None
        if answer.status == 429:
            return self._error(Busy, answer.message or _("too many requests"), answer)
        if answer.status in REFUSED:
            return self._error(Refused, answer.message or _("refused"), answer)
        if answer.status in {301, 307, 308}:
            return self._error(Refused, _("moved elsewhere: set the new address"), answer)
        return self._error(Busy if harmless else Unknown, answer.message or _("no usable answer"), answer)

    def _meant(self, answer: Answer, ok: Collection[int]) -> FarSideError | None:
        """What `errors` makes of an answer; one that it cannot read, as of a proxy, is sorted by its status."""
        assert self.errors is not None
        try:
            return self.errors(answer)
        except FarSideError as error:
            return error if answer.status in ok else None

    def _error(
        self,
        kind: type[FarSideError],
        message: str,
        answer: Answer | None = None,
        code: str | None = None,
        wait: dt.timedelta | None = None,
    ) -> FarSideError:
        code = code or (str(answer.status) if answer else None)
        error = kind(redacted_urls(self.redact(message)), code, self.channel)
        error.answer = answer
        if isinstance(error, Busy):
            error.retry_after = wait or (answer.retry_after if answer else None)
        return error


def _followed(url: str, target: str, request: dict[str, Any]) -> str:
    """The next address; another host is given no credentials, whoever sent us there."""
    there = urljoin(url, target)
    request["params"] = None
    if _authority(there) != _authority(url):
        request["auth"] = None
        request["headers"] = {
            name: value for name, value in request["headers"].items() if name.lower() in {"accept", "accept-language"}
        }
    return there


def _authority(url: str) -> tuple[str, str | None, int | None]:
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port
    return "", None, None
