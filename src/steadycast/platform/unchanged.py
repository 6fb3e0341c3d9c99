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


def state_of(folder: Path) -> str:
    """What is another after anything in a folder was made, renamed or removed; "" where nothing tells that.

    Its ctime is in it: whoever copies a backup over the folder sets its time back, and cannot set that.
    """
    with contextlib.suppress(OSError):
        facts = folder.stat()
        return f"{facts.st_mtime_ns} {facts.st_ctime_ns}" if facts.st_mtime_ns % _SECOND else ""
    return ""


def marked(folder: Path) -> str:
    """Its state after it was given a time that nobody else gives it; "" where none can be given.

    The system's own times stand still for some milliseconds: two changes within them could not be told apart.
    """
    at = new_mark()
    mark(folder, at)
    return state_of(folder) if abs(time_of(folder) - at) < _MILLISECOND else ""


def new_mark() -> int:
    """A time that no file has yet."""
    return time.time_ns() | 1  # never a whole second


def doubt(path: Path) -> None:
    """Let the next look be at all of it."""
    with contextlib.suppress(OSError):
        os.utime(path)
