"""Files that survive a power cut: bytes, then the name, then the folder that holds the name; each on the disk in turn.

A rename alone promises nothing: without the first sync the file may be empty after a cut, without the last one it may
not be there. A folder that was just made is a name too, in the folder above it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing; each name is on the disk when this returns."""
    if folder.is_dir():
        return
    missing = [folder]
    while not missing[-1].parent.is_dir():
        missing.append(missing[-1].parent)
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync(made.parent)


def owners_alone(path: str, flags: int) -> int:
    """An `opener` for files that others may not even open: whoever can open a lock can take it."""
    handle = os.open(path, flags | os.O_CLOEXEC, 0o600)
    with contextlib.suppress(PermissionError):
        os.fchmod(handle, 0o600)
    return handle


def land(fresh: Path, target: Path) -> None:
    """Make `fresh`, whose bytes are synced, be `target`, in the same folder: whole and for good when this returns."""
    fresh.replace(target)
    sync(target.parent)


def put(target: Path, data: bytes, check: Callable[[], None] = lambda: None) -> None:
    """Make these bytes be `target`, whole and for good, or leave what was there; its rights and a link to it stay.

    `check` raises where it must not be replaced after all: it is asked last, when all else is done.
    """
    target = target.resolve()
    fresh = target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with fresh.open("xb") as file:
            if target.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(target.stat().st_mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        check()
        land(fresh, target)
    finally:
        fresh.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
