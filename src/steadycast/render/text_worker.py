"""The child process for text that may cost far more than it has characters: HTML left open, and code in colours.

Run as `python -m steadycast.render.text_worker`: one JSON request a line in, one answer a line out. It has little
memory and little time for each request, and touches no file.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from steadycast.render.highlight import spans
from steadycast.render.worker import serve

MEMORY = 384 << 20  # bytes of address space
SECONDS = 8  # of CPU time, a request
COLOURING = 2.0  # of CPU time, for all blocks of a draft
GROWS = 4  # times what came in, and
SPARE = 64 << 10  # bytes more, may go out


def main() -> None:
    """Answer requests until the input ends."""
    signal.signal(signal.SIGVTALRM, _out_of_time)
    serve(OPERATIONS, memory=MEMORY, seconds=SECONDS, file_size=0)


def clean(html: str, *, ugc: bool) -> dict[str, Any]:
    """`html` sanitised, unless it grows beyond all use."""
    from steadycast.render.sanitise import cleaned  # which loads four times what colours need

    out = cleaned(html, ugc=ugc)
    if len(out) > GROWS * len(html) + SPARE:
        return {"error": f"grows from {len(html)} characters to {len(out)}"}
    return {"html": out}


def colour(blocks: list[tuple[str, str]], *, mode: str) -> dict[str, Any]:
    """Each (code, language) in colours; null where the language is not known, or the time is over."""
    out: list[str | None] = []
    signal.setitimer(signal.ITIMER_VIRTUAL, COLOURING)
    try:
        for code, language in blocks:
            out.append(spans(code, language, mode))
    except TimeoutError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return {"spans": out + [None] * (len(blocks) - len(out))}


def _out_of_time(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError


OPERATIONS: dict[str, Callable[..., dict[str, Any]]] = {"clean": clean, "colour": colour}

if __name__ == "__main__":
    main()
