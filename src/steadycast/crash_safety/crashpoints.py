"""Numbered places at which a test can end or pause this process; unarmed, each is one call of a function that is empty.

`STEADYCAST_CRASH=intend-durable:2:kill` arms one for a process when it imports this: its name, which time it is come
to, and how: `kill` (SIGKILL), `exit` (os._exit) or `stop` (SIGSTOP: somebody else sends SIGCONT). `arm` does it later.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

EXIT = 77  # a process that ended at a point, told by its exit code
WRITES = ("claim", "freeze", "release", "intend", "begin-step", "finish-step", "forget-step", "receive", "recover",
          "looked", "verified", "amend", "amended")  # fmt: skip
POINTS = (  # in the order in which a delivery comes to them
    *(f"{write}-{when}" for write in WRITES for when in ("written", "durable")),  # before and after its commit
    "mark-written", "mark-replaced",  # the high-water mark beside the ledger
    "opened", "rendered", "held", "cleared", "answered", "gathered", "told",  # delivery: from the claim to its result
    "amend-answered",
    "step-answered",  # a step's answer is here, its remote id is not in the ledger yet
    "request-ready", "request-connected",  # a request: no connection yet, and one
    "request-leaves", "request-left", "request-answered",  # twice where its body is long: it leaves after its head
    "look-begins", "look-answered",  # read-back
    "media-linked", "media-placed", "file-written", "file-replaced",  # file outputs: whole beside the name, then there
    "shelf-put", "shelf-finish", "shelf-finished",
    "upload-portion", "upload-portion-there",  # some of a folder's files, brought to its web host
)  # fmt: skip


def _pass(point: str, when: str = "") -> None:
    """Nothing is armed."""


checkpoint: Callable[..., None] = _pass


def arm(point: str, hit: int = 1, how: str = "exit") -> None:
    """End or pause this process the `hit`-th time that it comes to `point`."""
    if point not in POINTS:
        raise ValueError(f"there is no crash point {point!r}")
    left, lock = [hit], threading.Lock()

    def armed(name: str, when: str = "") -> None:
        if (f"{name}-{when}" if when else name) != point:
            return
        with lock:
            left[0] -= 1
            mine = left[0] == 0
        if mine:
            _end(how)

    global checkpoint  # noqa: PLW0603 one process, one armed point
    checkpoint = armed


def disarm() -> None:
    """Go on as if there were no crash points."""
    global checkpoint  # noqa: PLW0603
    checkpoint = _pass


def _end(how: str) -> None:
    if how == "exit":
        os._exit(EXIT)
    # This thread's own signal: one for the process may stop another thread first, and this one goes on meanwhile.
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP if how == "stop" else signal.SIGKILL)


if wanted := os.environ.get("STEADYCAST_CRASH"):
    name, _, rest = wanted.partition(":")
    times, _, manner = rest.partition(":")
    arm(name, int(times or 1), manner or "exit")
