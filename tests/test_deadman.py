"""A dead man's switch: what a process cannot hold to by itself, because it may be stopped at any instruction."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from steadycast.crash_safety import deadman, send_window

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no such timer, and no switch")


def ended(act: Callable[..., Any]) -> tuple[int, float]:
    """The signal that ended a child which ran `act`, 0 if none did; and how long it lived, at most five seconds."""
    began = time.monotonic()
    if not (pid := os.fork()):
        with contextlib.suppress(BaseException):
            act()
        os._exit(0)
    while not (done := os.waitpid(pid, os.WNOHANG))[0] and time.monotonic() - began < 5:
        time.sleep(0.005)
    if not done[0]:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return os.WTERMSIG(done[1]) if done[0] else -1, time.monotonic() - began


def stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def test_a_stopped_process_is_ended_at_the_instant() -> None:
    """Nobody wakes it: it is the kernel that does not let it wake later."""

    def act() -> None:
        with deadman.switch(deadman.now() + 0.3):
            stop()

    how, lived = ended(act)
    assert (how, 0.29 < lived < 2) == (signal.SIGKILL, True)


def test_whoever_leaves_in_time_lives() -> None:
    def act() -> None:
        with deadman.switch(deadman.now() + 0.05):
            pass
        time.sleep(0.2)

    assert ended(act)[0] == 0


def test_threads_have_each_their_own() -> None:
    def act() -> None:
        with deadman.switch(deadman.now() + 0.3):
            with deadman.switch(deadman.now() + 0.1):
                pass
            stop()

    how, lived = ended(act)
    assert (how, lived > 0.29) == (signal.SIGKILL, True)


def test_whoever_comes_late_is_ended_at_once() -> None:
    def act() -> None:
        with deadman.switch(deadman.now() - 1):
            time.sleep(3)

    assert ended(act)[0] == signal.SIGKILL


def test_nobody_is_ended_without_a_turn() -> None:
    with deadman.switch(float("inf")), send_window.held():
        pass
    assert deadman.available()


def test_a_turn_that_is_over_lets_nothing_begin() -> None:
    with send_window.lasts(lambda: 0.0), pytest.raises(TimeoutError), send_window.held():
        raise AssertionError("it began")


def test_a_worker_frozen_while_it_sends_does_not_outlive_its_turn() -> None:
    def act() -> None:
        over = time.monotonic() + 0.3
        with send_window.lasts(lambda: over - time.monotonic()), send_window.held():
            stop()

    assert ended(act)[0] == signal.SIGKILL
