"""`steadycast up` as a process of its own, for tests that start it, tell it to end, or look at its desk."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prefect_server import free_port, wait_for
from test_flows import make_workspace

COMMAND = [sys.executable, "-c", "from steadycast.cli import main; main()", "up"]
SLOW = """
    def publish(self, post: Post) -> Receipt:
        import time
        from pathlib import Path
        with Path("begun").open("a") as file:
            file.write("x")
        time.sleep({seconds})
"""


def heeds_ctrl_c() -> None:
    """As in a terminal: what a shell starts in the background without job control ignores SIGINT, and so do its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def upped(community: Path, *more: str, told: bytes = b"Ctrl-C to stop") -> Iterator[Any]:
    """It, once it has said `told`; its output is in up.log. The end of the block ends it."""
    log = community / "up.log"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("STEADYCAST_", "PREFECT_"))}
    clean["STEADYCAST_LANGUAGE"] = "en"
    port = free_port()
    with log.open("wb") as out:
        process: Any = subprocess.Popen(
            [*COMMAND, "--port", str(port), *more],
            cwd=community,
            env=clean,
            stdout=out,
            stderr=out,
            preexec_fn=heeds_ctrl_c,
        )
    process.port, process.root = port, community
    try:
        assert wait_for(lambda: told in log.read_bytes(), 150), log.read_text()[-3000:]
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(15)


def keyed(root: Path, port: int) -> str:
    """The address that opens the desk: no log holds it."""
    return f"http://127.0.0.1:{port}/?key={(root / 'var' / 'desk' / 'key').read_text(encoding='utf-8').strip()}"


def slow(folder: Path, seconds: float) -> Path:
    """A community whose first posts are shown at once, on channels that take their time for it; a kit comes after."""
    root = make_workspace(folder, "03:30")
    settings = root / "steadycast.toml"
    own = settings.read_text(encoding="utf-8").replace('["site", "mirror"]', '["site", "mirror", "by-hand"]')
    own += '\n[channel.by-hand]\nplatform = "paste"\n\n[publish]\nshow_first = true\n'
    settings.write_text(own, encoding="utf-8")
    adapter = root / "channels" / "pages" / "adapter.py"
    code, head = adapter.read_text(encoding="utf-8"), "\n    def publish(self, post: Post) -> Receipt:\n"
    adapter.write_text(code.replace(head, SLOW.format(seconds=seconds)), encoding="utf-8")
    return root


def begun(root: Path) -> bool:
    """Whether a `slow` community sends to both its channels: who is told to end before that begins only one."""
    file = root / "begun"
    return file.exists() and file.stat().st_size == len(("site", "mirror"))
