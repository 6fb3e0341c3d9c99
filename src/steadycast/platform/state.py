"""What a channel remembers between two deliveries: tokens that expire, cursors, what a server said it allows."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

Make = Callable[[Any], tuple[Any, dt.datetime | None]]  # the old value, or None -> the new one, and when it expires
SECRET = re.compile(r"token|secret|passw|session|cookie|jwt|auth|access|refresh|key", re.IGNORECASE)
MARGIN = 60.0  # seconds for which a value must last to be worth using: a request may take that long


class State(Protocol):
    """One channel's values by name, the same for every worker. Each is a JSON value, kept sealed."""

    def get(self, key: str) -> Any:
        """The value; None when there is none, or it has expired."""
        ...

    def set(self, key: str, value: Any, *, expires: dt.datetime | None = None) -> None:
        """Keep a value in the place of what was there; None takes it away."""
        ...

    def all(self, prefix: str) -> dict[str, Any]:
        """Every value whose key begins so, by its key."""
        ...

    def fresh(self, key: str, make: Make, *, margin: float = MARGIN) -> Any:
        """The value while it lasts `margin` seconds more; else one worker of all makes a new one by `make(old)`.

        The others wait for it, a bounded time, and take it; then they raise Busy.
        """
        ...


class MemoryState:
    """State that ends with its process: of a preview, a login, and of tests."""

    def __init__(
        self, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC), learn: Callable[[str], object] = str
    ) -> None:
        self._now = now
        self._learn = learn
        self._kept: dict[str, tuple[Any, dt.datetime | None]] = {}
        self._one = threading.RLock()

    def get(self, key: str) -> Any:
        """As State."""
        return self._get(key, 0.0)

    def set(self, key: str, value: Any, *, expires: dt.datetime | None = None) -> None:
        """As State."""
        for secret in secrets_in(value, secret=SECRET.search(key) is not None):
            self._learn(secret)
        self._kept[key] = (value, expires)

    def all(self, prefix: str) -> dict[str, Any]:
        """As State."""
        found = {key: self._get(key, 0.0) for key in self._kept if key.startswith(prefix)}
        return {key: value for key, value in found.items() if value is not None}

    def fresh(self, key: str, make: Make, *, margin: float = MARGIN) -> Any:
        """As State, for the threads of this process."""
        with self._one:
            if (value := self._get(key, margin)) is None:
                value, expires = make(self._kept.get(key, (None, None))[0])
                self.set(key, value, expires=expires)
            return value

    def _get(self, key: str, margin: float) -> Any:
        value, expires = self._kept.get(key, (None, None))
        return value if expires is None or expires > self._now() + dt.timedelta(seconds=margin) else None


def secrets_in(value: Any, *, secret: bool) -> Iterator[str]:
    """Texts that stand under a name which calls them secret."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from secrets_in(each, secret=secret or SECRET.search(str(name)) is not None)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from secrets_in(each, secret=secret)
    elif isinstance(value, str) and secret:
        yield value
