"""A lock on this machine: a file that one process has at a time. Whoever ends, also by a kill, lets go of it."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from steadycast.crash_safety import durable
from steadycast.language import gettext as _


@contextlib.contextmanager
def held(file: Path, within: float | None = None, nap: float = 0.02) -> Iterator[IO[str]]:
    """`file`, open and this process's alone until the block ends.

    Raises TimeoutError where another process has it for longer than `within` seconds: it may be stopped. It looks again
    every `nap` seconds.
    """
    durable.make_folder(file.parent)  # it may be the first in var/, which holds the ledger
    with open(file, "a+", opener=durable.owners_alone) as lock:
        until = None if within is None else time.monotonic() + within
        while not _taken(lock, wait=until is None):
            if until is not None and time.monotonic() > until:
                raise TimeoutError(
                    _("another process keeps %(file)s: find and end it, is one stopped?", file=file.name)
                )
            time.sleep(nap)
        yield lock


def own(file: Path) -> IO[str] | None:
    """`file`, open, and this process's alone until it closes it or ends; None where another process has it.

    It is no child's: a fork that outlives this process keeps nobody out, as it would with `held`. The system lets go of
    it also where this process opens the file a second time and closes that.
    """
    durable.make_folder(file.parent)
    lock = open(file, "a+", opener=durable.owners_alone)  # noqa: SIM115  it stays open
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # which of the two is the system's choice
        lock.close()
        return None
    return lock


def _taken(lock: IO[str], *, wait: bool) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
