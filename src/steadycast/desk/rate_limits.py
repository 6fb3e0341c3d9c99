"""How often pages, members' pages and the API may be asked for, and how often somebody may try a password."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable

WINDOW = 60.0  # seconds
OF_ONE = 120  # requests of one address in a window: a page is three
OF_ALL = 1200
WRONG = 10  # requests of one address in a window whose token opens nothing
ADDRESSES = 10_000  # that are counted; in a window with more, all of them share what is left


def network(address: str) -> str:
    """Who is counted as one: an address, or the 64 bits of an IPv6 one that a provider gives to one customer."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((int(found) >> 64 << 64, 64)))


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
        address = network(address)
        return address if address in self._asked or len(self._asked) < ADDRESSES else ""


class Turns:
    """So many requests of one person, or of one address, are answered side by side; the others wait, and hold nothing.

    The desk has some dozens of threads. Without this, one who asks for a hundred slow pages stops everybody else's.
    """

    def __init__(self, most: int = 12) -> None:
        self._most = most
        self._of: dict[str, tuple[asyncio.Semaphore, int]] = {}

    @contextlib.asynccontextmanager
    async def of(self, who: str) -> AsyncIterator[None]:
        """Inside the block it is their turn."""
        turn, count = self._of.get(who) or (asyncio.Semaphore(self._most), 0)
        self._of[who] = (turn, count + 1)
        try:
            async with turn:
                yield
        finally:
            turn, count = self._of[who]
            if count == 1:
                del self._of[who]
            else:
                self._of[who] = (turn, count - 1)


FREE = 5  # wrong passwords in a row that cost no waiting
LONGEST_OF_NAME = 60.0  # seconds: nobody keeps a person out for long by guessing at their name
LONGEST_OF_ADDRESS = 900.0
FORGOTTEN = 3600.0  # seconds after which a wrong password counts no more
AT_ONCE = 4  # passwords that are looked at side by side; each costs memory and time


class LogIns:
    """Each wrong password after the first few doubles how long its name, and its address, have to wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: dict[tuple[str, str], tuple[int, float]] = {}  # kind and key -> how many, when the last one was
        self._running = 0

    def begin(self, address: str, name: str) -> float:
        """0 where this one may try now; else how many seconds to wait. Whoever may try says `end` afterwards."""
        with self._lock:
            waits = max(self._waits(*each) for each in self._both(address, name))
            if waits > 0:
                return waits
            if self._running >= AT_ONCE:
                return 1.0
            self._running += 1
            return 0.0

    def end(self, address: str, name: str, *, right: bool) -> None:
        """What came of it."""
        with self._lock:
            self._running -= 1
            now = self._clock()
            for kind, key, _ in self._both(address, name):
                if right:
                    self._wrong.pop((kind, key), None)
                    continue
                count, last = self._wrong.pop((kind, key), (0, now))
                self._wrong[kind, key] = (1 if now - last > FORGOTTEN else count + 1, now)
                if len(self._wrong) > ADDRESSES:  # the one that was quiet for the longest time is forgotten
                    self._wrong.pop(next(iter(self._wrong)))

    def _both(self, address: str, name: str) -> tuple[tuple[str, str, float], ...]:
        return ("address", network(address), LONGEST_OF_ADDRESS), ("name", name[:100], LONGEST_OF_NAME)

    def _waits(self, kind: str, key: str, longest: float) -> float:
        count, last = self._wrong.get((kind, key), (0, 0.0))
        if count < FREE:
            return 0.0
        return max(last + min(2.0 ** min(count - FREE, 20), longest) - self._clock(), 0.0)
