"""Whether a folder or a file is as it was left, told by its time alone, however much is in it.

What is made, renamed or removed in a folder gives the folder another time, and what is written to a file gives it one.
What a person changes in place, and a fault of the disk, shows only to who reads all of it: `verify` does.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

_SECOND = 1_000_000_000


def time_of(path: Path) -> int:
    """When it was changed, in nanoseconds; 0 where it is not there, or its file system counts whole seconds only."""
    with contextlib.suppress(OSError):
        at = path.stat().st_mtime_ns
        return at if at % _SECOND else 0
    return 0


def mark(file: Path, at: int) -> None:
    """Give a file this time, so that who knows of it sees that nobody wrote to it since."""
    with contextlib.suppress(OSError):  # another's file: then it is looked at each time
        os.utime(file, ns=(at, at))


def new_mark() -> int:
    """A time that no file has yet."""
    return time.time_ns() | 1  # never a whole second


def doubt(path: Path) -> None:
    """Let the next look be at all of it."""
    with contextlib.suppress(OSError):
        os.utime(path)
