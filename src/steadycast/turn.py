"""How long this thread may still send: whoever was paused in the middle of an attempt must not send when he wakes.

The ledger's token and the lease are checked before an attempt begins; between that check and the first byte a process
may be frozen for as long as it takes others to find it gone and send for it. So whoever sends asks again, last of all,
and while bytes leave the kernel holds the answer true: a process whose turn ends in that moment ends with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from steadycast import deadman

_left: ContextVar[Callable[[], float]] = ContextVar("left", default=lambda: math.inf)


def left() -> float:
    """Seconds for which a request may still be on its way; negative once the turn is over, endless without a lease."""
    return _left.get()()


@contextmanager
def lasts(left: Callable[[], float]) -> Iterator[None]:
    """Let every request in this thread end within what `left` tells."""
    token = _left.set(left)
    try:
        yield
    finally:
        _left.reset(token)


@contextmanager
def held() -> Iterator[None]:
    """For the moment in which bytes leave: raises TimeoutError when the turn is over, and does not outlive it."""
    began, seconds = deadman.now(), left()  # in this order: a pause between the two ends it too early, never too late
    if seconds <= 0:
        raise TimeoutError("out of turn")
    with deadman.switch(began + seconds):
        yield
