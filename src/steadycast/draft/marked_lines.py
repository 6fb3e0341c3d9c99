"""The lines of a body, each with whether it is code: there a mark is what the writer means to show."""

from __future__ import annotations

import re
from collections.abc import Iterator

CODE = r"(?P<code>(?<!`)(?P<ticks>`{1,3})(?!`)[^`\n]+(?P=ticks)(?!`))"
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def marked_lines(lines: list[str]) -> Iterator[tuple[int, str, bool]]:
    """(number from 0, line, whether it is in a fenced or indented block of code), as the lines are when asked for."""
    fence, blank = "", True
    for number in range(len(lines)):
        line = lines[number]
        found = _FENCE.match(line)
        if fence:
            yield number, line, True
            if found and found[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
            continue
        indented = blank and line.startswith(("    ", "\t"))
        yield number, line, indented or found is not None
        found = _FENCE.match(lines[number])
        fence, blank = found[1] if found else "", indented or not line.strip()
