"""Waiting for another process's lock on SQLite's file, so that whoever waits still hears that it is to end.

SQLite waits in C, where Python hears no signal: a SIGTERM was heard when its 30 seconds were over. So it waits for a
moment only, and again.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from steadycast.crash_safety import ending

MOMENT = 0.5  # seconds of one wait of SQLite's own
TOLD = 3.0  # seconds after which who was told to end waits no more, before it begins something
# What begins something, or gives back what was not begun. All other writes may keep what happened on a far side: an
# answer, a step, a token. They wait as long as they may, and ending.GRACE bounds that.
BEGINS = frozenset({"claim", "freeze", "intend", "amend", "recover", "release"})
Done = TypeVar("Done")

_at_most: ContextVar[float | None] = ContextVar("at_most", default=None)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Inside it nobody's lock is waited for longer than that."""
    before = _at_most.set(seconds)
    try:
        yield
    finally:
        _at_most.reset(before)


def is_busy(error: BaseException | None) -> bool:
    """Whether this error, or what it came of, is another process's lock."""
    while error is not None and not isinstance(error, sqlite3.Error):
        error = error.__cause__
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY


class Patient(sqlite3.Connection):
    """A connection that waits for a lock as long as its `longest` says, a moment at a time."""

    longest = 30.0
    begins = True  # what is under way: a read, or a write of BEGINS

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or PatientCursor)

    def execute(self, sql: str, values: Any = (), /) -> Any:
        try:
            return super().execute(sql, values)
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
        return self.cursor().execute(sql, values)

    def commit(self) -> None:
        """In a rollback journal it waits until nobody reads."""
        waited(self, super().commit)


class PatientCursor(sqlite3.Cursor):
    """The first statement of a transaction waits for its lock."""

    def execute(self, sql: str, values: Any = (), /) -> Any:
        try:
            return super().execute(sql, values)
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
        return waited(self.connection, lambda: super(PatientCursor, self).execute(sql, values))


def waited(connection: Any, act: Callable[[], Done]) -> Done:
    """What `act` returns, once nobody's lock is in its way; else SQLite's error, after as long as this may wait."""
    began, most = time.monotonic(), _at_most.get()
    longest = connection.longest if most is None else min(most, connection.longest)
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            now = time.monotonic()
            told = connection.begins and ending.asked() and now > ending.since() + TOLD
            if told or now > began + longest or not is_busy(error):
                raise
