"""content/ is watched while it is there, and waited for while it is not."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from steadycast.intake.watch import watch


def follow(root: Any, stop: Any) -> Any:
    seen: list[Any] = []

    def watched() -> None:
        for paths in watch(root, stop, debounce_ms=100):
            seen.append(paths)  # noqa: PERF402  one at a time, as they come

    thread = threading.Thread(target=watched, daemon=True)
    thread.start()
    return seen, thread


def until(condition: Any, seconds: float = 8.0) -> Any:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def test_a_folder_that_appears_later_is_watched_and_a_dropped_file_told(tmp_path: Path) -> None:
    root, stop = tmp_path / "content", threading.Event()
    seen, thread = follow(root, stop)
    try:
        root.mkdir()
        assert until(lambda: seen == [set()])
        (root / "a.md").write_text("x")
        assert until(lambda: any(root / "a.md" in paths for paths in seen))
    finally:
        stop.set()
        thread.join(5)
    assert not thread.is_alive()
