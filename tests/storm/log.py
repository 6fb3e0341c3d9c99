"""A log that outlives its writer: one line a write, appended by the kernel, so that a SIGKILL hardly tears one.

It can, where a line crosses a page: then the next writer's line follows the torn one without a break.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


class Log:
    """JSON lines with the writer's monotonic time (`t`, seconds) and the writer's pid."""

    def __init__(self, path: Path, *, sync: bool = False, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._sync = sync

    def __call__(self, what: str, **more: Any) -> None:
        """Append one line; with `sync` it is on the disk when this returns."""
        line = json.dumps({"t": self.now(), "pid": os.getpid(), "what": what, **more}, ensure_ascii=False)
        os.write(self._fd, line.encode() + b"\n")
        if self._sync:
            os.fsync(self._fd)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """What was logged so far, in order."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line[line.rindex(BEGIN) :])


BEGIN = b'{"t": '  # of every line, and of nothing within one
