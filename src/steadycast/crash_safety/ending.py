"""Told to end while it sends: a process begins nothing more, and what is on its way has some seconds to come back.

What is cut off is in doubt until somebody has looked, and most of it would have ended within a second.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

GRACE = 20.0  # seconds from the first signal on; systemd waits 90, where its unit says nothing else
ENDED = 128 + signal.SIGTERM  # the exit code of who was told to end


class EndSoon(SystemExit):
    """This process is to end: what it has begun has come back, or was given back."""


@dataclass(slots=True)
class _Told:
    """What this process was told, and how many blocks of other threads still send."""

    number: int = 0  # the first signal; 0: none
    at: float = 0.0  # when, by time.monotonic
    others: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


_told = _Told()


def asked() -> bool:
    """Whether this process was told to end: nothing more is to be begun."""
    return bool(_told.number)


def since() -> float:
    """When this process was told to end, by time.monotonic."""
    return _told.at


def at_work() -> bool:
    """Whether a thread other than the main one is in a `heeded` block."""
    return bool(_told.others)


def ask(number: int = signal.SIGTERM) -> None:
    """Tells this process to end; for the main thread, in its handler of a signal. The kernel ends it after GRACE.

    Asked a second time, it goes on ending: systemd tells each process, and `up` its children besides. Only whoever
    presses Ctrl-C twice does not wait.
    """
    if number == signal.SIGINT == _told.number:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    if not _told.number:
        _told.number, _told.at = number, time.monotonic()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, GRACE)


@contextmanager
def heeded() -> Iterator[None]:
    """Inside it SIGTERM and Ctrl-C cut nothing off: `asked` tells of them, and the end of the block raises them.

    Only the main thread hears signals. In another one nothing is raised: whoever keeps the main thread, as the desk
    does, asks and waits.
    """
    if threading.current_thread() is not threading.main_thread():
        with _told.lock:
            _told.others += 1
        try:
            yield
        finally:
            with _told.lock:
                _told.others -= 1
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    heard = {number: was for number, was in before.items() if was not in (_hear, signal.SIG_IGN, None)}
    for number in heard:
        signal.signal(number, _hear)
    try:
        yield
    finally:
        for number, was in heard.items():
            signal.signal(number, was)
        if heard and _told.number == signal.SIGINT:
            _told.number = 0  # whoever catches it, in a shell of Python's, goes on
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise KeyboardInterrupt
        if heard and _told.number:
            raise EndSoon(ENDED)


def _hear(number: int, _frame: FrameType | None) -> None:
    ask(number)
