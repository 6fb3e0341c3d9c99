"""What a hostile file may make costly, done by a process of its own: a JSON line and the bytes in, JSON out.

A megabyte may keep a parser busy for hours, or unpack to gigabytes: in the child that ends at its limits, and ends
nothing else.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from steadycast.language import current

_HANDED_DOWN = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "HOME")  # no secret is


def ask(module: str, head: Mapping[str, Any], raw: bytes, patience: float) -> dict[str, Any]:
    """What a module of intake says of `raw`; SubprocessError where it cannot, or not in `patience` seconds of the wall.

    ValueError for an answer that is none.
    """
    handed_down = {name: os.environ[name] for name in _HANDED_DOWN if name in os.environ}
    done = subprocess.run(  # noqa: S603 - a module of our own
        [sys.executable, "-P", "-m", f"steadycast.intake.{module}"],
        input=json.dumps(head).encode() + b"\n" + raw,
        capture_output=True,
        timeout=patience,
        check=True,
        env=handed_down | {"STEADYCAST_LANGUAGE": current().name},
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def answer(read: Callable[[dict[str, Any], bytes], dict[str, Any]], *, largest: int, memory: int, seconds: int) -> None:
    """The child's side: answers one request, of at most `largest` bytes, with little memory and time of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    head = json.loads(sys.stdin.buffer.readline(65536))
    json.dump(read(head, sys.stdin.buffer.read(largest + 1)), sys.stdout)
