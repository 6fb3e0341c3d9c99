"""How long this thread may still send: whoever was paused in the middle of an attempt must not send when he wakes.

The ledger's token and the lease are checked before an attempt begins; between that check and the first byte a process
may be frozen for as long as it takes others to find it gone and send for it. So whoever sends asks again, last of all,
and while bytes leave the kernel holds the answer true: a process whose turn ends in that moment ends with it.

It also keeps whether anything may have left at all: where an attempt has begun nothing, its error is the adapter's, and
nothing is in doubt. Our own wire and steps say so themselves. Of any other way out (a library with a socket of its own,
a file, another program) the interpreter tells by its audit events (PEP 578).
"""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from steadycast.crash_safety import deadman


@dataclass(slots=True)
class Turn:
    """One attempt's turn: how long it still lasts, and by when every request that it began has ended."""

    left: Callable[[], float]  # seconds
    until: float = -math.inf  # time.monotonic(); none was begun yet
    touched: bool = False  # something outside of this process may be other than it was

    def begun(self, until: float) -> None:
        """Take note of one more request, which is given up at `until`."""
        self.until = max(self.until, until)


_turn: ContextVar[Turn | None] = ContextVar("turn", default=None)
_harmless: ContextVar[bool] = ContextVar("harmless", default=False)
WAYS_OUT = frozenset({
    "socket.connect", "socket.sendto", "socket.sendmsg", "subprocess.Popen", "os.system",
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.rename", "os.remove", "os.link", "os.symlink", "os.mkdir",
    "os.rmdir", "os.truncate",
})  # fmt: skip


def left() -> float:
    """Seconds for which a request may still be on its way; negative once the turn is over, endless without a lease."""
    turn = _turn.get()
    return turn.left() if turn else math.inf


def begun(until: float) -> None:
    """A request that may change something begins; it is given up at `until` (time.monotonic()): SETTLE counts from it.

    Not from when its attempt began: before it there may have been others, a commit that took its time, or a pause.
    """
    if turn := _turn.get():
        turn.begun(until)


def touch() -> None:
    """Take note that something may leave by a way that is not our wire: from here on the attempt is in doubt."""
    turn = _turn.get()
    if turn is not None and not _harmless.get():
        turn.touched = True


@contextmanager
def harmless(*, when: bool = True) -> Iterator[None]:
    """What is done in here changes nothing that matters, or may be done again: it leaves nothing in doubt."""
    token = _harmless.set(when or _harmless.get())
    try:
        yield
    finally:
        _harmless.reset(token)


def _heard(event: str, told: tuple[object, ...], ways: frozenset[str] = WAYS_OUT) -> None:
    if event in ways or (event == "open" and _writes(*told)):
        touch()


def _writes(path: object, mode: object = None, flags: object = 0, *_: object) -> bool:
    """Whether a file is opened to be written; what Python writes down of a module that it imports is none of ours."""
    writes = isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
    return (writes or (isinstance(mode, str) and not set("wax+").isdisjoint(mode))) and "__pycache__" not in str(path)


@functools.cache
def _listen() -> None:
    sys.addaudithook(_heard)  # for good: there is no way to take it back


@contextmanager
def lasts(left: Callable[[], float]) -> Iterator[Turn]:
    """Let every request in this thread end within what `left` tells."""
    _listen()
    turn = Turn(left)
    token = _turn.set(turn)
    try:
        yield turn
    finally:
        _turn.reset(token)


@contextmanager
def held() -> Iterator[None]:
    """For the moment in which bytes leave: raises TimeoutError when the turn is over, and does not outlive it."""
    began, seconds = deadman.now(), left()  # in this order: a pause between the two ends it too early, never too late
    if seconds <= 0:
        raise TimeoutError("out of turn")
    touch()
    with deadman.switch(began + seconds):
        yield
