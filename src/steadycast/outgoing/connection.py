"""The wire that every request takes: one connection a request, one total deadline for all of it, caps on what is read.

No proxy and no password comes from the environment, and no address stands in any message or log.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import http.client
import ipaddress
import logging
import os
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import exceptions
from urllib3.connection import HTTPConnection
from urllib3.response import HTTPResponse
from urllib3.util.ssl_ import create_urllib3_context

from steadycast import __version__
from steadycast.crash_safety import crashpoints, send_window
from steadycast.language import gettext as _
from steadycast.outgoing.addresses import is_public
from steadycast.outgoing.fetch_errors import FetchError, PrivateAddressError
from steadycast.outgoing.timers import watch

AGENT = f"Steadycast/{__version__}"
MAX_REDIRECTS = 5
MAX_ANSWER = 16 * 1024 * 1024
SHORT = 16 * 1024  # bytes of a body that leaves with its head
LONGEST_WAIT = dt.timedelta(days=1)

PERMANENT = {301, 308}
REDIRECTS = {301, 302, 303, 307, 308}
# The answers that say "not applied": RFC 9110 for most, RFC 6585 for 431, RFC 7725 for 451. Not 408, 409 or 425.
REFUSED = {400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 422, 431, 451}
_URL = re.compile(r"\b(https?://)(?:[^\s/@]*@)?([^\s/?#\"'<>]+)([^\s\"'<>]*)", re.IGNORECASE)


def shown_url(url: str) -> str:
    """An address for a message: host, and the last four characters, as paths and queries may be secrets."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or "?"
    except ValueError:
        return _("(unreadable address)")
    rest = url.rpartition(host)[2] if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{host}" + (f"/…{rest[-4:]}" if len(rest) > 5 else rest)


def redacted_urls(text: str) -> str:
    """`text` with each web address in it cut to its host."""
    return _URL.sub(lambda m: m[1] + m[2] + ("/…" if len(m[3]) > 1 else ""), text)


# --- the wire


# urllib3 logs each request's path, and with some platforms the path is the password.
logging.getLogger("urllib3.connection").addFilter(lambda _record: False)


@dataclass(slots=True)
class Connection:
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
            raise PrivateAddressError(_("%(host)s is not on the public internet", host=host))
        error: OSError = OSError("no address")
        usable = addresses[:4]
        for tried, (family, address) in enumerate(usable):
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(self.left() / (len(usable) - tried))  # a dead one leaves time for the next
                sock.connect(address)
                sock.settimeout(self.left())
            except OSError as failed:
                sock.close()
                error = failed
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.give_up_undelivered(sock)
            self.held.append(sock.dup())  # TLS takes the socket over; the watch keeps a handle of its own
            return sock
        raise error

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Shuts the connection at the deadline, whatever is being waited for: a time-out on each read is no total."""
        self.left()
        watch.begin(self)
        try:
            yield
        finally:
            watch.end(self)

    def close(self) -> None:
        """Give the handles back; the connection is its user's to close."""
        for sock in self.held:
            sock.close()

    def give_up_undelivered(self, sock: socket.socket) -> None:
        """Let the system drop, at the deadline, what it still holds of a request, whatever has become of this process.

        What a process has handed to its system is sent when the far side can take it: minutes later, after a network
        that was gone or a window that was shut, when nobody waits for its answer any more (RFC 5482, tcp(7)).
        """
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(1, int(self.left() * 1000)))

    def cut(self) -> None:
        """End the connection: its deadline has come. What has not arrived by now never does."""
        self.late = True
        for sock in self.held:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.shutdown(socket.SHUT_RDWR)


def _resolve(host: str, port: int, seconds: float) -> list[tuple[int, Any]]:
    """(family, address) pairs. The system's resolver knows no deadline, so it is waited for, not called."""
    answer: list[Any] = []
    host = host.strip("[]")

    def ask() -> None:
        try:
            answer.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.append(error)

    if _in_figures(host):
        ask()  # nobody is asked for these
    else:
        thread = threading.Thread(target=ask, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise OSError("no thread is left to look the name up") from error
        thread.join(seconds)
    if not answer:
        raise TimeoutError("the name was not resolved in time")
    if isinstance(answer[0], Exception):
        raise OSError("the name is unknown")
    return [(family, address) for family, _, _, _, address in answer[0]]


def _in_figures(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class _Connection(HTTPConnection):
    """A connection of urllib3's that is opened by the wire, once, and tells it when the first byte leaves."""

    auto_open = 0
    beside_head = b""  # a short body, which leaves with the head: one call, one packet, and one wake-up over there

    def __init__(self, wire: Connection, host: str, port: int | None) -> None:
        super().__init__(host, port or self.default_port, timeout=wire.left())
        self.wire = wire

    def connect(self) -> None:
        self.sock = self.wire.connect(self.host, self.port)

    def send(self, data: Any) -> None:
        crashpoints.checkpoint("request-connected")
        with send_window.held():  # where head and body leave one after the other, each asks for itself
            self.wire.give_up_undelivered(self.sock)
            self.wire.sending = True
            crashpoints.checkpoint("request-leaves")
            super().send(data + self.beside_head if self.beside_head else data)
            self.beside_head = b""
        crashpoints.checkpoint("request-left")


class _SecureConnection(_Connection):
    """The same under TLS: certificate and SNI are for the name, whatever address it has."""

    default_port = 443  # type: ignore[misc]  # as in urllib3's own

    def connect(self) -> None:
        super().connect()
        try:
            self.sock = _trust().wrap_socket(self.sock, server_hostname=self.host.partition("%")[0].rstrip("."))
        except ssl.SSLError as error:  # of which some are a ValueError as well
            raise exceptions.SSLError(error) from error


def _trust() -> ssl.SSLContext:
    """Whom to trust; reading a bundle of authorities takes longer than most requests, so it is read when it changes."""
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or DEFAULT_CA_BUNDLE_PATH
    return _trusting(Path(named), Path(named).stat().st_mtime_ns)


@functools.lru_cache(maxsize=4)
def _trusting(authorities: Path, _changed: int) -> ssl.SSLContext:
    """A context that nobody changes once it is made: threads share it."""
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.set_alpn_protocols(["http/1.1"])
    if authorities.is_dir():
        context.load_verify_locations(capath=authorities)
    else:
        context.load_verify_locations(cafile=authorities)
    return context


@contextlib.contextmanager
def exchange(wire: Connection, method: str, url: str, **request: Any) -> Iterator[HTTPResponse]:
    """One request and its answer's head; the body is still to be read, within the same deadline.

    No session, as nothing may be shared: no cookie, no password of the environment's, no connection. One that is used
    again can die when the next request has left, and then nobody knows what became of that.
    """
    headers = {"User-Agent": AGENT, "Accept-Encoding": "gzip, deflate", "Accept": "*/*", "Connection": "close"}
    headers |= {name: value for name, value in request.pop("headers", {}).items() if value is not None}
    asked = requests.Request(method, url, headers=headers, **request).prepare()
    parts = urlsplit(str(asked.url))
    kind = _SecureConnection if parts.scheme == "https" else _Connection
    with contextlib.closing(kind(wire, parts.hostname or "", parts.port)) as connection, wire.watched():
        connection.connect()
        body = asked.body
        if isinstance(body, bytes) and len(body) <= SHORT:
            connection.beside_head, body = body, None
        # A far side may answer before it has read everything, and close: what it said can still be read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(
                str(asked.method), "/" + asked.path_url.lstrip("/"), body, asked.headers,
                chunked=body is not None and "Content-Length" not in asked.headers,
                preload_content=False, decode_content=False,
            )  # fmt: skip
        try:
            response = connection.getresponse()
        except http.client.HTTPException as error:
            raise exceptions.ProtocolError(type(error).__name__) from error
        with response:
            yield response


def checked(url: str) -> str:
    """`url`, where it is one we ask for: http or https, a host, no user and password, nothing that parsers dispute."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s\\<>\"\x00-\x1f\x7f]", url):
        raise FetchError(_("not an http or https address"))
    if parts.username is not None or parts.password is not None:
        raise FetchError(_("the address carries a user name or password"))
    return url


def reason(error: BaseException, wire: Connection) -> str:
    """What happened, in words without an address in them."""
    if wire.late or isinstance(error, TimeoutError | exceptions.TimeoutError):
        return _("no whole answer within the time allowed")
    if isinstance(error, exceptions.SSLError):
        return _("its certificate or TLS is not right")
    if not wire.sending:
        return _("cannot be reached")
    return _("the connection broke, or the answer is no HTTP")
