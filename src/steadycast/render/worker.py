"""A child process that does for this one what a hostile file may make costly: who asks it, and the loop in it.

One JSON request a line goes in, and one answer a line comes out.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from steadycast.language import current, speaking
from steadycast.language import gettext as _

if TYPE_CHECKING:
    import subprocess

TIMEOUT = 60.0  # seconds of wall time, a request
_KEPT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "HOME", "TMPDIR")  # no secret of this process reaches a decoder


class Worker:
    """Asks `module`, as a process, and waits for its answer; a child that hangs or dies is replaced."""

    def __init__(self, module: str, timeout: float = TIMEOUT, longest: int = 1 << 20) -> None:
        self._module = module
        self._timeout = timeout
        self._longest = longest  # bytes of an answer
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        atexit.register(self.close)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request; `{"error": why}` when the child refused, ran out of time or died."""
        with self._lock:
            child = self._running()
            assert child.stdin is not None
            try:
                child.stdin.write(json.dumps({**request, "language": current().name}).encode() + b"\n")
                child.stdin.flush()
                line = self._line(child)
            except TimeoutError:
                self._end()
                return {"error": _("took longer than %(num)s seconds", num=format(self._timeout, ".0f"))}
            except OSError:
                line = b""
            if not line:
                self._end()
                return {"error": _("broke the program that reads it, or needs more than it may use")}
            answer: dict[str, Any] = json.loads(line)
            return answer

    def close(self) -> None:
        """End the child, if this process has one."""
        with self._lock:
            self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._owner != os.getpid():
            self._child = None  # a fork's copy: the pipe belongs to the parent
        if self._child is None or self._child.poll() is not None:
            self._end()
            environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
            self._owner = os.getpid()
            from subprocess import DEVNULL, PIPE, Popen  # nearly every article does without

            self._child = Popen(  # noqa: S603 - a module of our own
                [sys.executable, "-P", "-m", self._module],
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env=environment,
                start_new_session=True,  # Ctrl-C is for the parent; the end of its input ends the child
            )
        return self._child

    def _line(self, child: subprocess.Popen[bytes]) -> bytes:
        """One whole line, or b"" when the child has gone; raises TimeoutError."""
        assert child.stdout is not None
        import selectors

        end = time.monotonic() + self._timeout
        found = bytearray()
        with selectors.DefaultSelector() as waiting:
            waiting.register(child.stdout, selectors.EVENT_READ)
            while not found.endswith(b"\n") and len(found) < self._longest:
                if not waiting.select(max(0.0, end - time.monotonic())):
                    raise TimeoutError
                piece = os.read(child.stdout.fileno(), 65536)
                if not piece:
                    return b""
                found += piece
        return bytes(found) if found.endswith(b"\n") else b""

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


# In the child

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
        with speaking(request.pop("language")):
            answer = _answer(operations[request.pop("op")], request)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _answer(operation: Callable[..., Answer], request: Answer) -> Answer:
    """The result of one request, or `{"error": why}`."""
    try:
        return operation(**request)
    except Unusable as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": _("needs more memory than it may")}
    except Exception as error:  # whatever a broken file makes a decoder say
        why = f"{type(error).__name__}: {error}".splitlines()[0][:180]
        return {"error": _("cannot be read: %(why)s", why=why)}
