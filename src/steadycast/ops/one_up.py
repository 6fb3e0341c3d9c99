"""One `up` in a workspace at a time: a lock that ends with its process, and what the one that runs says of itself."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from typing import IO, Any, Self

from steadycast.crash_safety import file_lock
from steadycast.workspace.paths import Paths


class OneUp:
    """The `up` that has this workspace; leaving the `with` block lets others have it."""

    def __init__(self, lock: IO[str]) -> None:
        self._lock = lock
        self._told: dict[str, Any] = {}
        self.say(since=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"))

    def say(self, **facts: Any) -> None:
        """Writes down what others should know: since when it runs, and what failed."""
        self._told |= facts
        with contextlib.suppress(OSError):  # a full disk: the lock holds all the same
            self._lock.truncate(0)
            self._lock.write(json.dumps(self._told))
            self._lock.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(OSError):  # a full disk: the lock goes all the same
            self._lock.close()


def take(place: Paths) -> OneUp | None:
    """This workspace for this process, for as long as it lives; None where another `up` has it.

    What one that was killed has left in the file keeps nobody out: the lock went with its process.
    """
    lock = file_lock.own(place.up_lock)
    return OneUp(lock) if lock else None


def told(place: Paths) -> dict[str, Any]:
    """What the `up` that runs, or ran last, says of itself."""
    try:
        said = json.loads(place.up_lock.read_bytes())
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def instant(said: object) -> dt.datetime | None:
    """An instant that `told` holds; None where it holds none."""
    try:
        return dt.datetime.fromisoformat(str(said))
    except ValueError:
        return None
