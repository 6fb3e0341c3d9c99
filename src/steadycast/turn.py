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
from dataclasses import dataclass

from steadycast import deadman


@dataclass(slots=True)
class Turn:
    """One attempt's turn: how long it still lasts, and by when every request that it began has ended."""

    left: Callable[[], float]  # seconds
    until: float = -math.inf  # time.monotonic(); none was begun yet

    def begun(self, until: float) -> None:
        """Take note of one more request, which is given up at `until`."""
        self.until = max(self.until, until)


_turn: ContextVar[Turn | None] = ContextVar("turn", default=None)


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


@contextmanager
def lasts(left: Callable[[], float]) -> Iterator[Turn]:
    """Let every request in this thread end within what `left` tells."""
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
    with deadman.switch(began + seconds):
        yield
