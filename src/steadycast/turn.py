"""How long this thread may still send: whoever was paused in the middle of an attempt must not send when he wakes.

The ledger's token and the lease are checked before an attempt begins; between that check and the first byte a process
may be frozen for as long as it takes others to find it gone and send for it. So the wire asks again, last of all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

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
