"""The loop of a child process that answers a `Worker`: little memory, and little time for each request."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from typing import Any

Answer = dict[str, Any]


def serve(answer: Callable[[Answer], Answer], *, memory: int, seconds: int, file_size: int) -> None:
    """Answer one JSON request a line until the input ends.

    `memory` and `file_size` are bytes, `seconds` CPU time for each request.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    for line in sys.stdin:
        used = resource.getrusage(resource.RUSAGE_SELF)
        allowed = int(used.ru_utime + used.ru_stime) + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()
