"""Whether a folder or a file is as it was left, told by its time alone, however much is in it.

What is made, renamed or removed in a folder gives the folder another time, and what is written to a file gives it one.
What a person changes in place, and a fault of the disk, shows only to who reads all of it: `verify` does.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

_SECOND, _MILLISECOND = 1_000_000_000, 1_000_000  # nanoseconds


def time_of(path: Path) -> int:
    """When it was changed, in nanoseconds; 0 where it is not there, or its file system counts whole seconds only."""
    with contextlib.suppress(OSError):
        at = path.stat().st_mtime_ns
        return at if at % _SECOND else 0
    return 0


def mark(path: Path, at: int) -> None:
    """Give it this time, so that who knows of it sees that nobody changed it since."""
    with contextlib.suppress(OSError):  # another's: then it is looked at each time
        os.utime(path, ns=(at, at))


def marked(path: Path) -> int:
    """The time that it was given just now, which nobody else gives it; 0 where none can be given.

    The system's own times stand still for some milliseconds: two changes within them could not be told apart.
    """
    at = new_mark()
    mark(path, at)
    kept = time_of(path)
    return kept if abs(kept - at) < _MILLISECOND else 0


def new_mark() -> int:
    """A time that no file has yet."""
    return time.time_ns() | 1  # never a whole second


def doubt(path: Path) -> None:
    """Let the next look be at all of it."""
    with contextlib.suppress(OSError):
        os.utime(path)
