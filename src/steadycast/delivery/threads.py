"""Threads that take one thing after another; where the system gives none, whoever waits for them does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Threads(Generic[Thing]):
    """So many things to be done; `work` does one, and raises nothing."""

    def __init__(self, name: str, things: Iterable[Thing], work: Callable[[Thing], object]) -> None:
        self._name = name
        self._work = work
        self._waiting: SimpleQueue[Thing] = SimpleQueue()
        self._threads: list[Thread] = []
        for thing in things:
            self._waiting.put(thing)

    def start(self, wanted: int) -> None:
        """Start so many threads, one a thing at most; or as many as the system gives."""
        wanted = min(wanted, self._waiting.qsize())
        with suppress(RuntimeError, MemoryError):  # can't start new thread: those that are there take more
            while len(self._threads) < wanted:
                thread = Thread(target=self.work, name=f"{self._name}-{len(self._threads)}")
                thread.start()
                self._threads.append(thread)

    def wait(self) -> None:
        """Called before each wait for a thing that is done: where there is no thread, one of them is done here."""
        if not self._threads:
            with suppress(Empty):
                self._work(self._waiting.get_nowait())

    def work(self) -> None:
        """Do in this thread what nobody has begun."""
        with suppress(Empty):
            while True:
                self._work(self._waiting.get_nowait())

    def end(self) -> None:
        """Begin nothing more, and wait for what is on its way."""
        with suppress(Empty):
            while True:
                self._waiting.get_nowait()
        for thread in self._threads:
            thread.join()
