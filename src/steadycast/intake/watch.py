"""Changes below content/, as they happen: what makes a dropped draft show up within seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import watchfiles

_LOOK_AGAIN = 1.0  # seconds between two looks for a folder that is not there yet


def watch(
    content_root: Path, stop: threading.Event, *, debounce_ms: int = 200, poll_ms: int | None = None
) -> Iterator[set[Path]]:
    """Sets of changed paths, until `stop` is set. Waits for a folder that appears later, or goes and comes back.

    What changed while nobody watched is not told: the caller scans once when it starts, and on a schedule besides.
    An empty set says that the folder has appeared: scan it whole. `poll_ms` asks for polling, where a file system
    tells nothing.
    """
    was_missing = False
    while not stop.is_set():
        if not content_root.is_dir():
            was_missing = True
            stop.wait(_LOOK_AGAIN)
            continue
        if was_missing:
            was_missing = False
            yield set()
        yield from _while_there(content_root, stop, debounce_ms, poll_ms)
        was_missing = not stop.is_set()


def _while_there(root: Path, stop: threading.Event, debounce_ms: int, poll_ms: int | None) -> Iterator[set[Path]]:
    try:
        for changes in watchfiles.watch(
            root,
            stop_event=stop,
            debounce=debounce_ms,
            step=50,
            rust_timeout=1000,
            yield_on_timeout=True,
            watch_filter=None,
            force_polling=poll_ms is not None,
            poll_delay_ms=poll_ms or 300,
            raise_interrupt=True,
        ):
            if changes:
                yield {Path(path) for _, path in changes}
            if not root.is_dir():
                return
    except FileNotFoundError:
        return
