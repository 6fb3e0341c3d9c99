"""What every way to a far side can do: read our list, say what is there, and take one portion of files."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from steadycast.upload.manifest import Chunk


@dataclass(frozen=True, slots=True)
class Until:
    """By when all that is begun has to have ended (time.monotonic())."""

    at: float

    @property
    def left(self) -> float:
        """Seconds that are left, never less than none."""
        return max(0.0, self.at - time.monotonic())


class Far(Protocol):
    """One far side. What goes wrong is Refused (a person fixes it), Busy (nothing was changed) or Unknown."""

    whole: bool  # it takes all at once or nothing, in whatever order

    def read(self, until: Until) -> bytes | None:
        """Our list as it lies there, or None."""
        ...

    def taken(self, names: Collection[str], until: Until) -> set[str]:
        """Which of these names, of files at the top of the folder, are there."""
        ...

    def apply(self, chunk: Chunk, until: Until) -> None:
        """Do all that a portion says, in its order; each file is there whole or not at all."""
        ...

    def probe(self, until: Until) -> None:
        """Write something that nobody sees, and take it away: whether that may be done."""
        ...
