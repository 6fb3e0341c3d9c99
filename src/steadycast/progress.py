"""How long work says how far it is: it calls `progress(done, of)` now and then."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]


def unseen(done: int, of: int) -> None:
    """Progress that nobody looks at."""
