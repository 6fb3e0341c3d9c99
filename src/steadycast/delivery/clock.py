"""What time it is, and waiting: the wall says when a slot is, a monotonic clock says how long a lease has lasted."""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol

from steadycast.crash_safety import bootclock, ending

NAP = 0.5  # seconds: a wall clock that is set, a machine that slept, or a word to end is noticed within this


class Clock(Protocol):
    """Time as the protocol needs it; `steadycast.testing.Clock` is one that stands still."""

    def now(self) -> dt.datetime:
        """The wall's time, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds that nobody can set."""
        ...

    def reading(self) -> bootclock.Reading | None:
        """Both at one moment, and the name of the boot; None where it has none. The ledger tells spans by it."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """This machine's clock."""

    def now(self) -> dt.datetime:
        """The wall's time, in UTC."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Seconds that nobody can set."""
        return bootclock.seconds()

    def reading(self) -> bootclock.Reading | None:
        """Both at one moment."""
        return bootclock.reading()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def wait_until(clock: Clock, instant: dt.datetime) -> None:
    """Return at `instant` by the wall, however the wall is set meanwhile, and within a few milliseconds of it.

    Who is told to end waits no longer.
    """
    while not ending.asked() and (left := (instant - clock.now()).total_seconds()) > 0:
        clock.sleep(min(left, NAP))


class Lease:
    """How long this worker may still send: it has run out when either clock says so.

    A paused machine's own clock may stand still, a wall clock may be set back: neither alone will do.
    """

    def __init__(self, clock: Clock, until: dt.datetime) -> None:
        self._clock = clock
        self._until = until
        self._since, self._span = clock.monotonic(), (until - clock.now()).total_seconds()

    def anew(self, asked: float, now: dt.datetime, lasts: float) -> None:
        """Let it last so many seconds: it was asked for at `now`, when the machine's clock said `asked`."""
        self._until = now + dt.timedelta(seconds=lasts)
        self._since, self._span = asked, lasts

    def extended(self, asked: float, now: dt.datetime, lasts: float) -> None:
        """As `anew`, and no shorter than it was: that is not told by the wall, which may have been set meanwhile."""
        self.anew(asked, now, max(lasts, self._span - (asked - self._since)))

    def age(self) -> float:
        """Seconds since it was last asked for."""
        return self._clock.monotonic() - self._since

    def left(self) -> float:
        """Seconds that are left; negative once it has run out."""
        return min((self._until - self._clock.now()).total_seconds(), self._span - self.age())
