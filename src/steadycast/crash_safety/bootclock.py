"""The clock that nobody can set: it began when this machine did, and goes on while the machine sleeps.

A wall clock is put right, or wrong, at any moment (NTP after a start, a virtual machine that resumes, a person). How
long something has lasted is told by this one. All processes of one machine read the same, and know each other by the
name of the boot.
"""

from __future__ import annotations

import datetime as dt
import functools
import time
from pathlib import Path
from typing import NamedTuple

BOOT = Path("/proc/sys/kernel/random/boot_id")
NAMESPACE = Path("/proc/self/ns/time")  # a container may have a CLOCK_BOOTTIME of its own (time_namespaces(7))
CLOSE, TRIES = 0.005, 5  # seconds between the readings of two clocks that were read together, and tries at it


class Reading(NamedTuple):
    """Both clocks at one moment."""

    boot: str  # which clock `at` is on
    at: dt.timedelta  # since the machine began
    wall: dt.datetime

    @property
    def offset(self) -> dt.timedelta:
        """What the wall has beyond it: this changes when the wall is set, and at no other time."""
        return self.wall - EPOCH - self.at


EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def seconds() -> float:
    """Seconds since this machine began; where there is no such clock, seconds that stand still while it sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def reading() -> Reading | None:
    """Both clocks now; None where the boot has no name, so that nobody could tell one boot's seconds from another's."""
    if not (name := boot()):
        return None
    looks: list[tuple[float, float, float]] = []
    while len(looks) < TRIES and (not looks or looks[-1][0] > CLOSE):  # a pause between the two would look like a step
        before, wall, after = seconds(), time.time(), seconds()
        looks.append((after - before, before, wall))
    took, before, wall = min(looks)
    return Reading(name, dt.timedelta(seconds=before + took / 2), EPOCH + dt.timedelta(seconds=wall))


@functools.cache
def boot() -> str:
    """The name of this boot of this machine, "" where it has none."""
    try:
        return f"{BOOT.read_text(encoding='ascii').strip()} {NAMESPACE.readlink()}"
    except OSError:
        return ""
