"""A dead man's switch: the kernel ends this process at an instant, even one that is stopped, unless it is told not to.

No check that a program makes itself can come last: it may be frozen (SIGSTOP, a suspended machine, a cgroup's freezer)
between the check and what the check allows, and go on when that is no longer true. A POSIX timer (timer_create(2)) that
sends SIGKILL does not ask the process: SIGKILL ends a stopped one too. Timers of CLOCK_BOOTTIME count a suspended
machine's time as well, and are served before any process is thawed.
"""

from __future__ import annotations

import ctypes
import functools
import math
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from steadycast.crash_safety import bootclock

_ABSOLUTE = 1  # TIMER_ABSTIME


class _Event(ctypes.Structure):
    """struct sigevent of 64-bit Linux: a signal to the process."""

    _fields_ = (("value", ctypes.c_void_p), ("signal", ctypes.c_int), ("how", ctypes.c_int), ("_", ctypes.c_byte * 48))


class _Timer(ctypes.Structure):
    """struct itimerspec of 64-bit Linux: no interval, one instant."""

    _fields_ = tuple((name, ctypes.c_long) for name in ("_every", "_every_nano", "seconds", "nano"))


@functools.cache
def _kernel() -> ctypes.PyDLL | None:
    """The C library where it has such timers and they are laid out as here, else None.

    Its calls keep the interpreter: they take a microsecond, and among sixty threads one that lets go of it waits.
    """
    if sys.platform != "linux" or sys.maxsize < 2**32:
        return None
    for library in (None, "librt.so.1"):  # glibc had them apart until 2.34
        try:
            found = ctypes.PyDLL(library)
            found.timer_create.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
            found.timer_settime.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
            found.timer_delete.argtypes = (ctypes.c_void_p,)
        except (OSError, AttributeError):
            continue
        return found
    return None


def available() -> bool:
    """Whether this system ends a process so; where it does not, `switch` does nothing."""
    with switch(now() + 3600) as armed:
        return armed


def now() -> float:
    """Seconds on the clock that `switch` goes by."""
    return bootclock.seconds()


@contextmanager
def switch(at: float) -> Iterator[bool]:
    """Inside it, this process does not live past `at` (of `now`; never for inf): whoever comes late is ended at once.

    False where the system cannot do it, or has no timer left.
    """
    kernel, timer = _kernel(), ctypes.c_void_p()
    event = ctypes.byref(_Event(signal=signal.SIGKILL))
    if not kernel or math.isinf(at) or kernel.timer_create(time.CLOCK_BOOTTIME, event, ctypes.byref(timer)):
        yield False
        return
    nanos = max(1, int(at * 1e9))  # the past is served at once; 0 would disarm it
    try:
        kernel.timer_settime(timer, _ABSOLUTE, ctypes.byref(_Timer(0, 0, *divmod(nanos, 10**9))), None)
        yield True
    finally:
        kernel.timer_delete(timer)
