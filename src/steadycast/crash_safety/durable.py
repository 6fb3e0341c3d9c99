"""Files that survive a power cut: bytes, then the name, then the folder that holds the name; each on the disk in turn.

A rename alone promises nothing: without the first sync the file may be empty after a cut, without the last one it may
not be there. A folder that was just made is a name too, in the folder above it.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

UNPLACED = re.compile(r"\..+\.\d+(?:\.[0-9a-f]{8})?")  # the name of a file that is just being written, by `landing`


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


@contextlib.contextmanager
def landing(target: Path, *, rights: int | None = None, synced: Callable[[], None] = lambda: None) -> Iterator[Path]:
    """A fresh file beside `target`, to be filled; it becomes `target`, whole and for good, when the block ends well.

    Else what was there stays. With `rights` it has those then, and is its owner's alone until then. `synced` is asked
    last, when the bytes are on the disk: it raises where `target` must not be replaced after all.
    """
    make_folder(target.parent)
    fresh = target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        os.close(
            os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666 if rights is None else 0o600)
        )
        yield fresh
        if rights is not None:
            fresh.chmod(rights)
        sync(fresh)  # a full disk may show only now
        synced()
        land(fresh, target)
    finally:
        fresh.unlink(missing_ok=True)


def put(target: Path, data: bytes, *, rights: int | None = None, synced: Callable[[], None] = lambda: None) -> None:
    """Make these bytes be `target`, as `landing` does."""
    with landing(target, rights=rights, synced=synced) as fresh:
        fresh.write_bytes(data)


def put_again(target: Path, data: bytes, check: Callable[[], None] = lambda: None) -> None:
    """As `put`, of a file that a person keeps: its rights and a link to it stay. `check` raises where it must stay."""
    target = target.resolve()
    rights = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    put(target, data, rights=rights, synced=check)


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
