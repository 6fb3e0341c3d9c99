"""A process that has loaded what feeds and documents are read with: each reader is a fork of it, under its own limits.

What a command starts for each file takes longer to load than to read most of the tests' files. Here the same module
answers the same request, and ends as it would; `test_a_reader_of_its_own_says_the_same` starts them as a command does.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from multiprocessing.connection import Connection
from types import SimpleNamespace

from steadycast.intake import child_process

READERS = ["steadycast.intake.feed_worker", "steadycast.intake.document_worker"]
forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload(["feedparser", "mammoth", "steadycast.intake.markup", *READERS])
OWNER, IN_EARNEST = os.getpid(), subprocess.run


def become(module: str, env: Mapping[str, str], asked: Connection) -> None:
    """Goes on as `python -m MODULE` would, which is asked over a pipe."""
    os.environ.clear()
    os.environ.update(env)
    sys.stdin = io.TextIOWrapper(io.BytesIO(asked.recv_bytes()))
    sys.stdout = said = io.StringIO()
    import_module(module).main()
    asked.send_bytes(said.getvalue().encode())


def run(
    command: Sequence[str], *, input: bytes, timeout: float, env: Mapping[str, str], check: bool, capture_output: bool
) -> subprocess.CompletedProcess[bytes]:
    """As `subprocess.run` does for one of the readers."""
    if os.getpid() != OWNER or subprocess.run is not IN_EARNEST:  # a fork has none there; or a test's own answers
        return subprocess.run(
            command, input=input, timeout=timeout, env=env, check=check, capture_output=capture_output
        )
    ours, theirs = forks.Pipe()
    child = forks.Process(target=become, args=(command[-1], env, theirs), daemon=True)
    with ours:
        child.start()
        theirs.close()
        try:
            ours.send_bytes(input)
            if not ours.poll(timeout):
                raise subprocess.TimeoutExpired(command, timeout)
            return subprocess.CompletedProcess(command, 0, ours.recv_bytes())
        except (EOFError, OSError) as ended:
            child.join()
            raise subprocess.CalledProcessError(child.exitcode or 1, command) from ended
        finally:
            child.kill()
            child.join()
            child.close()


child_process.subprocess = SimpleNamespace(run=run)  # type: ignore[assignment]
