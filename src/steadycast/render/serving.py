"""The loop of a child process that answers a `Worker`: little memory, and little time for each request."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Mapping
from typing import Any

Answer = dict[str, Any]


class Unusable(Exception):
    """Why a file cannot be used, in words for its author."""


def serve(operations: Mapping[str, Callable[..., Answer]], *, memory: int, seconds: int, file_size: int) -> None:
    """Answer one JSON request a line until the input ends: its `op`, called with what else it holds.

    `memory` and `file_size` are bytes, `seconds` CPU time for each request.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    for line in sys.stdin:
        used = resource.getrusage(resource.RUSAGE_SELF)
        allowed = int(used.ru_utime + used.ru_stime) + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))
        request = json.loads(line)
        sys.stdout.write(json.dumps(_answer(operations[request.pop("op")], request)) + "\n")
        sys.stdout.flush()


def _answer(operation: Callable[..., Answer], request: Answer) -> Answer:
    """The result of one request, or `{"error": why}`."""
    try:
        return operation(**request)
    except Unusable as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": "needs more memory than it may"}
    except Exception as error:  # whatever a broken file makes a decoder say
        return {"error": f"cannot be read: {type(error).__name__}: {error}".splitlines()[0][:200]}
