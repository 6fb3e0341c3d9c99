"""Whether the desk still answers, asked by a process that waits for nothing."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Callable

ASKED_EVERY = 10.0  # seconds between two looks whether the desk answers, and for one answer
SILENT = 3  # such looks in a row without an answer: it hangs
QUESTION = b"GET /static/ HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"  # that it has no such page is an answer too


class Asked:
    """One question after the other to what listens at the port that `port` tells."""

    def __init__(self, port: Callable[[], int], every: float = ASKED_EVERY) -> None:
        self._port, self._every = port, every
        self._next, self._silent, self._sent = time.monotonic() + every, 0, False
        self._asked: socket.socket | None = None

    def hangs(self) -> bool:
        """Goes on with the question, and says once of each hanging that it hangs."""
        now = time.monotonic()
        if self._asked is None:
            if now >= self._next:
                self._ask(now)
            return False
        answered = self._answered(self._asked)
        if answered is None and now < self._next:
            return False
        self._asked.close()
        self._asked, self._next = None, now + self._every
        self._silent = 0 if answered else self._silent + 1
        hangs = self._silent == SILENT
        if hangs:
            self._silent = 0
        return hangs

    def _ask(self, now: float) -> None:
        self._asked, self._next, self._sent = socket.socket(), now + self._every, False
        self._asked.setblocking(False)
        with contextlib.suppress(OSError):  # under way, or what the question will tell
            self._asked.connect(("127.0.0.1", self._port()))

    def _answered(self, asked: socket.socket) -> bool | None:
        """Whether it did; None while it may still."""
        try:
            reads, writes, _ = select.select([asked], () if self._sent else [asked], (), 0)
            if writes:
                asked.send(QUESTION)
                self._sent = True
            return bool(asked.recv(1)) if reads else None
        except OSError:  # nobody listens there, or hung up
            return False
