"""content/ is watched while it is there, and waited for while it is not."""

import threading
import time

from steadycast.intake.watch import watch


def follow(root, stop):
    seen: list = []
    thread = threading.Thread(
        target=lambda: [seen.append(paths) for paths in watch(root, stop, debounce_ms=100)], daemon=True
    )
    thread.start()
    return seen, thread


def until(condition, seconds=8.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def test_a_folder_that_appears_later_is_watched_and_a_dropped_file_told(tmp_path):
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
