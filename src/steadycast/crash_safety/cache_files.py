"""What a cache keeps, read back; and what tells that a file is the one that was seen.

What lies there may be cut off, another version's, or not ours at all: it is not read blindly.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

MOST = 128 << 20  # bytes: of 200,000 drafts a note has half as many, so what is longer is none
SMALL = 1 << 16  # bytes: of a note of one file, which has some hundred


def opened(file: Path, most: int = MOST) -> BinaryIO:
    """A file, to be read; raises OSError where there is none, where it is no plain file, or longer than `most`."""
    handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # no pipe keeps it waiting
    found = os.fstat(handle)
    if stat.S_ISREG(found.st_mode) and found.st_size <= most:
        return os.fdopen(handle, "rb")
    os.close(handle)
    raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(file))


def read(file: Path, most: int = MOST) -> bytes:
    """The bytes of a file; raises OSError as `opened` does."""
    with opened(file, most) as kept:
        return kept.read(most)


def read_json(file: Path, most: int = MOST) -> Any:
    """What a file says; None where there is none, or none that can be used."""
    import json  # a run that finds nothing changed does without

    try:
        return json.loads(read(file, most))
    except (OSError, ValueError, RecursionError):
        return None


def facts(file: Path | str) -> list[int] | None:
    """What tells, without reading it, that a file or folder is the one that was seen; None where there is none.

    The last of it, its ctime, nobody can set: a copy and a version control may keep the rest.
    """
    try:
        found = os.stat(file)  # noqa: PTH116  thousands of times a run
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns]
