"""Changes below content/, as they happen: what makes a dropped draft show up within seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import watchfiles

_LOOK_AGAIN = 0.5  # seconds between two looks for a folder that is not there


def watch(
    content_root: Path, stop: threading.Event, *, debounce_ms: int = 200, poll_ms: int | None = None
) -> Iterator[set[Path]]:
    """Sets of changed paths, until `stop` is set. Waits for a folder that appears later, or goes and comes back.

    An empty set says that watching has begun, at the start and whenever the folder has come back: scan it whole then,
    as what changed while nobody watched is not told. `poll_ms` asks for polling, where a file system tells nothing.
    """
    while not stop.is_set():
        if content_root.is_dir():
            yield from _while_there(content_root, stop, debounce_ms, poll_ms)
        stop.wait(_LOOK_AGAIN)


def _while_there(root: Path, stop: threading.Event, debounce_ms: int, poll_ms: int | None) -> Iterator[set[Path]]:
    begun = False
    try:
        for changes in watchfiles.watch(
            root,
            stop_event=stop,
            debounce=debounce_ms,
            step=50,
            rust_timeout=500,
            yield_on_timeout=True,  # else nothing would tell that the folder is gone
            watch_filter=None,
            force_polling=poll_ms is not None,
            poll_delay_ms=poll_ms or 300,
        ):
            if not begun:
                begun = True
                yield set()
            if changes:
                yield {Path(path) for _, path in changes}
            if not root.is_dir():
                return
    except FileNotFoundError:
        return
