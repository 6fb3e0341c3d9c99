"""A connection to a mail server that ends in time, and takes no endless answer.

smtplib's time-out is for each byte: a server that says a little now and then would hold a letter, and with it
everything that is published beside it, for ever.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

from steadycast.platform import in_turn

ANSWER = 64_000  # bytes of one answer, all its lines together


class TooLate(Exception):
    """The worker's turn was over before the letter left: it was frozen, and another may send it by now."""


class Line(smtplib.SMTP):
    """A connection; whatever happens inside `within` is over by then."""

    def __init__(self, host: str, port: int, timeout: float, until: float) -> None:
        super().__init__(timeout=timeout)
        self._host = host  # whose certificate starttls asks for
        self.sock = _dialled(host, port, until)
        self.sock.settimeout(timeout)
        self._rope = self.sock.dup()  # the same connection, whatever TLS is put around it meanwhile

    @contextlib.contextmanager
    def within(self, until: float) -> Iterator[None]:
        """Cut the connection when the block takes longer than that, where there is a thread left to do it."""
        timer = threading.Timer(max(0.0, until - time.monotonic()), self._cut)
        timer.daemon = True
        with contextlib.suppress(RuntimeError):
            timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def greet(self, context: ssl.SSLContext | None) -> None:
        """Wait for the server's greeting, inside TLS where a context is given."""
        if context is not None and self.sock is not None:
            self.sock = context.wrap_socket(self.sock, server_hostname=self._host)
        code, said = self.getreply()
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)

    def letter(self, letter: bytes) -> tuple[int, bytes]:
        """The server's answer to what follows DATA, its dots stuffed (RFC 5321, 4.5.2). TooLate: nothing of it left."""
        leaves = False
        try:
            with in_turn():
                leaves = True
                self.send(re.sub(rb"(?m)^\.", b"..", letter).removesuffix(b"\r\n") + b"\r\n.\r\n")
        except TimeoutError as error:
            if leaves:
                raise
            raise TooLate("out of turn") from error
        return self.getreply()

    def getreply(self) -> tuple[int, bytes]:
        """As smtplib's, of at most ANSWER bytes."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the line is closed")
        if self.file is None:
            self.file = _Bounded(self.sock.makefile("rb"))
        self.file.left = ANSWER
        return super().getreply()

    def close(self) -> None:
        """Let go of the connection."""
        super().close()
        self._rope.close()

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            self._rope.shutdown(socket.SHUT_RDWR)


def _dialled(host: str, port: int, until: float) -> socket.socket:
    """A connection to the first of the host's addresses that takes one; they share the time that is left."""
    failed: OSError = OSError("the name has no address")
    addresses = _addresses(host, port, until)
    for tried, (family, kind, _, _, address) in enumerate(addresses):
        if (left := until - time.monotonic()) <= 0:
            raise TimeoutError("out of time")
        sock = socket.socket(family, kind)
        try:
            sock.settimeout(left / (len(addresses) - tried))
            sock.connect(address)
        except OSError as error:
            sock.close()
            failed = error
        else:
            return sock
    raise failed


def _addresses(host: str, port: int, until: float) -> list[Any]:
    """As getaddrinfo's. The resolver knows no deadline, so it is waited for, where there is a thread for it."""
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            answer.append([])

    thread = threading.Thread(target=ask, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        ask()
    else:
        thread.join(max(0.0, until - time.monotonic()))
    if not answer:
        raise TimeoutError("the name was not resolved in time")
    return list(answer[0])


class _Bounded:
    """A server's lines, so many bytes of them."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.left = ANSWER

    def readline(self, limit: int) -> bytes:
        """The next line; of one that is cut off nothing, as its number may be."""
        line: bytes = self._file.readline(limit)
        self.left -= len(line)
        if self.left < 0:
            raise OSError("an endless answer")
        return line if line.endswith(b"\n") or len(line) == limit else b""

    def close(self) -> None:
        self._file.close()
