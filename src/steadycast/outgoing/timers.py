"""One thread that ends whatever has run out of time: a timer for each request would be a thread for each."""

from __future__ import annotations

import math
import os
import threading
import time
from typing import Protocol


class Watched(Protocol):
    """Something that must have ended by its deadline."""

    deadline: float  # time.monotonic()

    def cut(self) -> None:
        """End it, whatever it is waiting for, without waiting oneself."""
        ...

    def close(self) -> None:
        """Give back what `cut` needs: it is not called after this."""
        ...


class Watch:
    """Calls `cut` on what is still open at its deadline, never on what was ended."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: dict[int, Watched] = {}
        self._wakes = math.inf  # when the thread looks again by itself
        self._thread: threading.Thread | None = None

    def begin(self, what: Watched) -> None:
        """Watch it from now on; OSError where the system gives no thread to do it, and the next one tries again."""
        with self._changed:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="watch", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:
                    raise OSError("no thread is left to watch the deadline") from error
                self._thread = thread  # only one that runs: a watch that is thought to be there cuts nothing, for ever
            self._open[id(what)] = what
            if what.deadline < self._wakes:
                self._changed.notify()

    def end(self, what: Watched) -> None:
        """Watch it no more: it is closed after that, so that nothing is cut that another may have opened since.

        Not while the others wait for the lock: whoever closes lets go of the interpreter, and gets it back in its turn.
        """
        with self._changed:
            self._open.pop(id(what), None)
        what.close()

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for what in [what for what in self._open.values() if what.deadline <= now]:
                    del self._open[id(what)]
                    what.cut()
                self._wakes = min((what.deadline for what in self._open.values()), default=math.inf)
                self._changed.wait(None if math.isinf(self._wakes) else self._wakes - now)


watch = Watch()
os.register_at_fork(after_in_child=watch.__init__)  # type: ignore[misc]  # its thread stays behind
