"""Every request Steadycast makes: the guarded fetcher for what a draft or a feed names, and an adapter's HTTP half.

Both share one wire: one connection a request, one total deadline for all of it (name, connection, TLS, headers, body),
caps on what is read, no proxy or password from the environment, and no address in any message or log.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import email.utils
import functools
import json as jsonlib
import logging
import os
import re
import socket
import threading
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from steadycast import __version__
from steadycast.addresses import is_public
from steadycast.errors import Busy, FarSideError, Refused, SteadycastError, Unknown

AGENT = f"Steadycast/{__version__}"
MAX_REDIRECTS = 5
MAX_ANSWER = 16 * 1024 * 1024
LONGEST_WAIT = dt.timedelta(days=1)

_PERMANENT = {301, 308}
_REDIRECTS = {301, 302, 303, 307, 308}
# The answers that say "not applied": RFC 9110 for most, RFC 6585 for 431, RFC 7725 for 451. Not 408, 409 or 425.
_REFUSED = {400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 422, 431, 451}
_URL = re.compile(r"\b(https?://)(?:[^\s/@]*@)?([^\s/?#\"'<>]+)([^\s\"'<>]*)", re.IGNORECASE)
_CHUNK = 64 * 1024


class FetchError(SteadycastError):
    """Something on the web could not be had; the message names the host at most, never a path or a token."""


def shown_url(url: str) -> str:
    """An address for a message: host, and the last four characters, as paths and queries may be secrets."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or "?"
    except ValueError:
        return "(unreadable address)"
    rest = url.rpartition(host)[2] if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{host}" + (f"/…{rest[-4:]}" if len(rest) > 5 else rest)


def redacted_urls(text: str) -> str:
    """`text` with each web address in it cut to its host."""
    return _URL.sub(lambda m: m[1] + m[2] + ("/…" if len(m[3]) > 1 else ""), text)


# --- the wire


class _SilentFilter(logging.Filter):
    """urllib3 logs each request's path, and with some platforms the path is the password."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002
        return False


logging.getLogger("urllib3.connectionpool").addFilter(_SilentFilter())


@dataclass(slots=True)
class _Wire:
    """One request's connection: where it may lead, how long it may take, and whether anything has left yet."""

    deadline: float  # time.monotonic()
    public_only: bool
    sending: bool = False
    late: bool = False
    held: list[socket.socket] = field(default_factory=list)

    def left(self) -> float:
        """Seconds left; raises TimeoutError when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            self.late = True
            raise TimeoutError("out of time")
        return left

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection to the one resolution of `host`: what was checked is what is connected to."""
        addresses = _resolve(host, port, self.left())
        if self.public_only and not all(is_public(str(address[0])) for _, address in addresses):
            raise FetchError(f"{host} is not on the public internet")
        error: OSError = OSError("no address")
        for family, address in addresses[:4]:
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(self.left())
                sock.connect(address)
            except OSError as failed:
                sock.close()
                error = failed
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.held.append(sock.dup())  # TLS takes the socket over; the watch keeps a handle of its own
            return sock
        raise error

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Shuts the connection at the deadline, whatever is being waited for: a time-out on each read is no total."""
        timer = threading.Timer(self.left(), self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            for sock in self.held:
                sock.close()

    def _cut(self) -> None:
        self.late = True
        for sock in self.held:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def _resolve(host: str, port: int, seconds: float) -> list[tuple[int, Any]]:
    """(family, address) pairs. The system's resolver knows no deadline, so it is waited for, not called."""
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if not answer:
        raise TimeoutError("the name was not resolved in time")
    if isinstance(answer[0], Exception):
        raise OSError("the name is unknown")
    return [(family, address) for family, _, _, _, address in answer[0]]


class _Connection(HTTPConnection):
    """A connection of urllib3's that is opened by the wire, and tells it when the first byte leaves."""

    def __init__(self, *args: Any, wire: _Wire, **more: Any) -> None:
        super().__init__(*args, **more)
        self.wire = wire

    def _new_conn(self) -> socket.socket:
        return self.wire.connect(self.host, self.port or self.default_port)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self.wire.sending = True
        super().send(data)


class _SecureConnection(_Connection, HTTPSConnection):
    """The same under TLS: certificate and SNI are for the name, whatever address it has."""


class _Adapter(HTTPAdapter):
    def __init__(self, wire: _Wire) -> None:
        self.wire = wire
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **more: Any) -> HTTPConnectionPool:
        pool = cast("HTTPConnectionPool", super().get_connection_with_tls_context(*args, **more))
        kind = _SecureConnection if pool.scheme == "https" else _Connection
        pool.ConnectionCls = cast("Any", functools.partial(kind, wire=self.wire))
        return pool


@contextlib.contextmanager
def _exchange(wire: _Wire, method: str, url: str, **request: Any) -> Iterator[requests.Response]:
    """One request and its answer's head; the body is still to be read, within the same deadline."""
    with requests.Session() as session, wire.watched():
        session.trust_env = False  # no proxy, no .netrc
        session.headers["User-Agent"] = AGENT
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter(wire))
        authority = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
        headers = {"Accept-Encoding": "gzip, deflate", "Connection": "close", **request.pop("headers", {})}
        left = wire.left()
        with session.request(
            method,
            url,
            headers=headers,
            timeout=(left, left),
            stream=True,
            allow_redirects=False,
            verify=authority,
            **request,
        ) as response:
            yield response


def _checked(url: str) -> str:
    """`url`, where it is one we ask for: http or https, a host, no user and password, nothing that parsers dispute."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s\\<>\"\x00-\x1f\x7f]", url):
        raise FetchError("not an http or https address")
    if parts.username is not None or parts.password is not None:
        raise FetchError("the address carries a user name or password")
    return url


def _body(response: requests.Response, wire: _Wire, limit: int) -> bytes:
    """The whole body, unpacked; FetchError when it is over `limit` bytes (packed or not), late or broken."""
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > limit:
        raise FetchError(f"the answer is over {limit // 1024} KB")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise FetchError("the answer is packed in a way that was not asked for")
    packed = bytearray()
    # Whatever urllib3's stream raises (broken chunks, too few bytes, a reset) the caller sorts.
    while chunk := response.raw.read(_CHUNK, decode_content=False):
        packed += chunk
        if len(packed) > limit:
            raise FetchError(f"the answer is over {limit // 1024} KB")
    if wire.late:  # a connection that was cut at the deadline can look like the end of the body
        raise TimeoutError("out of time")
    return bytes(packed) if encoding in {"", "identity"} or not packed else _unpacked(bytes(packed), encoding, limit)


def _unpacked(packed: bytes, encoding: str, limit: int) -> bytes:
    raw_deflate = encoding == "deflate" and packed[0] & 0x0F != 8  # RFC 9110 asks for zlib's wrapper, some leave it out
    unpack = zlib.decompressobj(-zlib.MAX_WBITS if raw_deflate else zlib.MAX_WBITS | 32)
    try:
        data = unpack.decompress(packed, limit + 1)
    except zlib.error:
        raise FetchError("the answer is packed wrongly") from None
    if len(data) > limit:
        raise FetchError(f"the answer is over {limit // 1024} KB when unpacked")
    if not unpack.eof:
        raise FetchError("the answer breaks off")
    return data


# --- for drafts and feeds


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. `url` is where it came from; `permanent_url` is where to ask next time."""

    status: int
    url: str
    headers: Mapping[str, str]  # names in any case
    body: bytes
    permanent_url: str


class Fetcher:
    """The one way to ask for an address that a draft or a feed names. Safe to share between threads."""

    def __init__(
        self, *, max_bytes: int = 5 * 1024 * 1024, deadline: float = 20.0, allow_private: bool = False
    ) -> None:
        self.max_bytes = max_bytes
        self.deadline = deadline
        self.allow_private = allow_private

    def get(
        self,
        url: str,
        *,
        etag: str = "",
        modified: str = "",
        max_bytes: int | None = None,
        deadline: float | None = None,
        allow_private: bool | None = None,
        accept: str = "*/*",
    ) -> Fetched:
        """The answer to a GET, whatever its status; up to 5 redirects followed, each checked like the first address.

        `deadline` is seconds for everything together, `max_bytes` holds before and after unpacking. Raises FetchError.
        """
        private = self.allow_private if allow_private is None else allow_private
        wire_until = time.monotonic() + (self.deadline if deadline is None else deadline)
        limit = self.max_bytes if max_bytes is None else max_bytes
        headers = {"Accept": accept}
        headers |= {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": modified} if modified else {}
        here, permanent, moved_for_good = url, url, True
        for _ in range(MAX_REDIRECTS + 1):
            wire = _Wire(wire_until, public_only=not private)
            status, answer, body = _sorted_get(wire, _checked(here), headers, limit)
            target = answer.get("Location", "")
            if status not in _REDIRECTS or not target:
                return Fetched(status, here, answer, body, permanent)
            here = urljoin(here, target)
            moved_for_good = moved_for_good and status in _PERMANENT
            permanent = here if moved_for_good else permanent
        raise FetchError(f"more than {MAX_REDIRECTS} redirects")


def _sorted_get(wire: _Wire, url: str, headers: Mapping[str, str], limit: int) -> tuple[int, Mapping[str, str], bytes]:
    host = urlsplit(url).hostname
    try:
        with _exchange(wire, "GET", url, headers=dict(headers)) as response:
            redirects = response.status_code in _REDIRECTS and "Location" in response.headers
            body = b"" if redirects or response.status_code == 304 else _body(response, wire, limit)
            return response.status_code, response.headers, body
    except FetchError:
        raise
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        raise FetchError(f"{host}: {_reason(error, wire)}") from None


def _reason(error: BaseException, wire: _Wire) -> str:
    """What happened, in words without an address in them."""
    if wire.late or isinstance(error, TimeoutError | requests.Timeout):
        return "no whole answer within the time allowed"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate or TLS is not right"
    if not wire.sending:
        return "cannot be reached"
    return "the connection broke, or the answer is no HTTP"


# --- for adapters


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
        wire_until = time.monotonic() + (self.deadline if deadline is None else deadline)
        request: dict[str, Any] = {"json": json, "data": data, "files": files, "params": params, "auth": auth}
        request["headers"] = dict(headers or {})
        for _ in range(MAX_REDIRECTS + 1):
            status, answer, body = self._send(wire_until, method, url, request, max_bytes, reads=reads)
            target = answer.get("Location", "")
            if status in ok:
                return Answer(status, answer, body, functools.partial(self._error, Busy if reads else Unknown))
            if not (reads and status in _REDIRECTS and target):
                raise self._sorted(status, answer, body, reads=reads)
            url = self._followed(url, target, request)
        raise self._error(Busy, f"more than {MAX_REDIRECTS} redirects")

    def _send(
        self, until: float, method: str, url: str, request: dict[str, Any], limit: int, *, reads: bool
    ) -> tuple[int, Mapping[str, str], bytes]:
        wire = _Wire(until, public_only=False)
        try:
            _checked(url)
        except FetchError as error:
            raise self._error(Refused, f"its address cannot be used: {error}") from None
        try:
            with _exchange(wire, method, url, **request) as response:
                body = b"" if method == "HEAD" else _body(response, wire, limit)
                return response.status_code, response.headers, body
        except FetchError as error:
            raise self._error(Busy if reads or not wire.sending else Unknown, str(error)) from None
        except (requests.RequestException, HTTPError, OSError, ValueError, TypeError) as error:
            if (
                isinstance(error, ValueError | TypeError) and not wire.sending
            ):  # no such header
                raise self._error(Refused, f"cannot be sent: {type(error).__name__}") from None
            raise self._error(Busy if reads or not wire.sending else Unknown, _reason(error, wire)) from None

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
        said = _said(body)
        if status == 429:
            wait = retry_after(headers.get("Retry-After", ""), self.now())
            return self._error(Busy, said or "too many requests", str(status), wait)
        if status in _REFUSED:
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


def _authority(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _said(body: bytes) -> str:
    """The first words of an answer, fit for one line; a page of HTML says nothing."""
    text = body[:2000].decode("utf-8", "replace")
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
