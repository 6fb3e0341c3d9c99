"""How values are set into a text: with the inner marks between marks, and with blanks as Chinese has them.

Between marks that a text puts around a value, marks in the value are of the other kind (GB/T 15834): 《评〈红楼梦〉》.
Beside a value, Chinese has no blank between two of its characters, and one between these and letters or figures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from steadycast.characters import is_wide

KINDS = (("《》", "〈〉"), ("“”", "‘’"), ("「」", "『』"))  # the outer marks, and those that stand within them
_OUTER = {outer[0]: (outer, inner) for outer, inner in KINDS}
_BETWEEN_MARKS = re.compile(rf"([{''.join(_OUTER)}])%\((\w+)\)s[》”」]")
_VALUE = re.compile(r"( ?)%\((\w+)\)s( ?)")
_TAG = re.compile("<[^>]*>")
_DATE = re.compile("[0-9]{1,4}[年月]")  # 首个空档 12月3日, 至12月3日: as each text has it


class _Places(NamedTuple):
    """What of a text depends on its values."""

    marks: Mapping[str, str]  # the opening mark before each value that stands between marks
    edges: Sequence[_Edge]  # where a value stands beside Chinese


class _Edge(NamedTuple):
    """One side of a value, beside a character of Chinese text, with the blank that is written there."""

    value: str
    last: bool  # whether the character follows the value
    char: str
    begin: int
    end: int


@lru_cache(maxsize=4096)  # each text is said many times
def _places(text: str) -> _Places:
    return _Places({name: mark for mark, name in _BETWEEN_MARKS.findall(text)}, [*_edges(text)])


def _edges(text: str) -> Iterator[_Edge]:
    for found in _VALUE.finditer(text):
        name, (begin, end) = found[2], found.span()
        if begin and is_wide(text[begin - 1]):
            yield _Edge(name, False, text[begin - 1], *found.span(1))
        if end < len(text) and is_wide(text[end]):
            yield _Edge(name, True, text[end], *found.span(3))


def fitted(text: str, values: Mapping[str, object]) -> tuple[str, Mapping[str, object]]:
    """A text and its values as they fit each other, before the one is filled in with the others."""
    marks, edges = _places(text)
    if marks:
        values = {n: within(v, marks[n]) if n in marks and isinstance(v, str) else v for n, v in values.items()}
    if edges:
        text = _with_blanks(text, "".join([_kind(values.get(edge.value), edge.last) for edge in edges]))
    return text, values


def _kind(value: object, last: bool) -> str:
    """Whether a value begins, or ends, with a letter or figure (a), a character as wide as Chinese (w), or none (-)."""
    shown = value if type(value) is str else _TAG.sub("", str(value)) if hasattr(value, "__html__") else str(value)
    char = shown[-1:] if last else shown[:1]
    if char.isascii() and char.isalnum():
        return "-" if not last and _DATE.match(shown) else "a"
    return "w" if char >= "\u2e80" and is_wide(char) else "-"  # a quotation mark may be one of another language


@lru_cache(maxsize=4096)
def _with_blanks(text: str, kinds: str) -> str:
    """A text with a blank, or none, at each edge of its values, which are of these kinds."""
    for edge, kind in reversed([*zip(_places(text).edges, kinds, strict=True)]):
        if kind == "w":
            text = text[: edge.begin] + text[edge.end :]
        elif kind == "a" and edge.begin == edge.end and "\u3400" <= edge.char <= "\u9fff":
            text = text[: edge.begin] + " " + text[edge.end :]
    return text


def within(text: str, mark: str) -> str:
    """A text as it stands behind this opening mark: each pair in it is of the other kind than the pair around it."""
    kinds = outer, inner = _OUTER[mark]
    opened, closed = outer[0] + inner[0], outer[1] + inner[1]
    if opened[0] not in text and opened[1] not in text:
        return text
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


def sentences(*texts: str) -> str:
    """Sentences one after another in one line: no blank behind a mark that is as wide as a letter."""
    made = ""
    for text in filter(None, texts):
        made += (" " if made and made[-1] not in "。：；！？…" else "") + text
    return made
