"""Titles within titles and quotations within quotations: the inner marks are of the other kind (GB/T 15834)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

KINDS = (("《》", "〈〉"), ("“”", "‘’"), ("「」", "『』"))  # the outer marks, and those that stand within them
_OUTER = {outer[0]: (outer, inner) for outer, inner in KINDS}
_BETWEEN_MARKS = re.compile("(?P<mark>[{}])%\\((?P<name>\\w+)\\)s[{}]".format("".join(_OUTER), "》”」"))


def nested(text: str, values: Mapping[str, object]) -> Mapping[str, object]:
    """The values of a text, those between marks as they stand there: 《%(title)s》 may be given 评《红楼梦》."""
    marks = _marks(text)
    if not marks:
        return values
    return {n: within(v, marks[n]) if n in marks and isinstance(v, str) else v for n, v in values.items()}


@lru_cache(maxsize=4096)  # each text is said many times
def _marks(text: str) -> Mapping[str, str]:
    """The opening mark before each value of a text that stands between marks."""
    return {found["name"]: found["mark"] for found in _BETWEEN_MARKS.finditer(text)}


def within(text: str, mark: str) -> str:
    """A text as it stands behind this opening mark: each pair in it is of the other kind than the pair around it."""
    kinds = _OUTER[mark]
    opened = "".join(kind[0] for kind in kinds)
    if not any(each in text for each in opened):
        return text
    closed = "".join(kind[1] for kind in kinds)
    made, around = [], [0]  # of which kind each pair is that is open, as it was written
    for char in text:
        if char in opened:
            made.append(kinds[len(around) % 2][0])
            around.append(opened.index(char))
        elif char in closed and len(around) > 1 and around[-1] == closed.index(char):  # no apostrophe
            around.pop()
            made.append(kinds[len(around) % 2][1])
        else:
            made.append(char)
    return type(text)("".join(made))  # what is HTML stays HTML
