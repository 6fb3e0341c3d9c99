"""Files opened so that no link, no device and no swapped folder can lead outside the folder they belong to."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO for reading would else wait for a writer for ever.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

HOLES_FROM = 4 << 20  # bytes


class NotRegularError(OSError):
    """What lies there is not a regular file."""


@contextlib.contextmanager
def open_inside(root: Path, parts: Sequence[str]) -> Iterator[int]:
    """A read descriptor of the regular file `root/parts...`; every component is opened by its folder's descriptor.

    Raises OSError: ELOOP or ENOTDIR when any component below `root` is a link; NotRegularError for what is no
    regular file. `parts` are plain names.
    """
    if not parts or any(part in {"", ".", ".."} or "/" in part or "\0" in part for part in parts):
        raise NotRegularError(f"not a plain path: {parts!r}")
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = os.open(part, _FOLDER, dir_fd=here)
            os.close(here)
            here = below
        file = os.open(parts[-1], _FILE, dir_fd=here)
    finally:
        os.close(here)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise NotRegularError("not a regular file")
        yield file
    finally:
        os.close(file)


def mostly_holes(file: int) -> bool:
    """Whether more than half of an open file was never written: it costs its writer nothing, and whoever copies it all.

    Two witnesses have to agree, for each alone accuses honest files. `st_blocks` is small, even 0, where a file system
    compresses, keeps small files beside their names or does not count at all; it calls none of that a hole. What was
    reserved ahead (fallocate) may be called a hole, and has its blocks. What is small costs nobody much.
    """
    facts = os.fstat(file)
    if facts.st_size < HOLES_FROM or facts.st_blocks * 512 * 2 >= facts.st_size:
        return False
    at, missing = 0, 0
    while at < facts.st_size and missing * 2 <= facts.st_size:
        try:
            data = os.lseek(file, at, os.SEEK_DATA)
            end = os.lseek(file, data, os.SEEK_HOLE)
        except OSError as error:
            if error.errno != errno.ENXIO:  # a file system that cannot tell
                return False
            data = end = facts.st_size  # nothing but a hole is left
        missing += data - at
        at = end
    os.lseek(file, 0, os.SEEK_SET)
    return missing * 2 > facts.st_size


def read_up_to(file: int, limit: int) -> bytes:
    """At most `limit` + 1 bytes of an open file: one more than the limit tells the caller that there is more."""
    chunks: list[bytes] = []
    left = limit + 1
    while left > 0 and (chunk := os.read(file, min(left, 1 << 20))):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)
