"""How often pages and the API may be asked for: by one address, by all together, and with tokens that open nothing."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

WINDOW = 60.0  # seconds
OF_ONE = 120  # requests of one address in a window: a page is three
OF_ALL = 1200
WRONG = 10  # requests of one address in a window whose token opens nothing
ADDRESSES = 10_000  # that are counted; in a window with more, all of them share what is left


class Limits:
    """Counts in windows of a minute, and forgets each when the next begins."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, of_one: int = OF_ONE, of_all: int = OF_ALL
    ) -> None:
        self._clock = clock
        self._of_one, self._of_all = of_one, of_all
        self._lock = threading.Lock()
        self._begun = clock()
        self._asked: Counter[str] = Counter()
        self._wrong: Counter[str] = Counter()
        self._all = 0

    def admit(self, address: str) -> bool:
        """Whether this request is within the bounds; it is counted if so."""
        with self._lock:
            self._turn()
            name = self._name(address)
            if self._all >= self._of_all or self._asked[name] >= self._of_one or self._wrong[name] >= WRONG:
                return False
            self._all += 1
            self._asked[name] += 1
            return True

    def missed(self, address: str) -> None:
        """Its token opened nothing."""
        with self._lock:
            self._turn()
            self._wrong[self._name(address)] += 1

    def _turn(self) -> None:
        if self._clock() - self._begun >= WINDOW:
            self._begun, self._all = self._clock(), 0
            self._asked.clear()
            self._wrong.clear()

    def _name(self, address: str) -> str:
        return address if address in self._asked or len(self._asked) < ADDRESSES else ""
