"""The YAML of a head as plain text values with their lines: plain lines here, all else by its events (yaml_events)."""

from __future__ import annotations

import re
from typing import Any

from steadycast.draft.keys import is_known
from steadycast.errors import DraftError
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_pattern

MAX_DEPTH = 8
MAX_NODES = 200
UNUSABLE = lazy_pattern("[\0\ud800-\udfff]")

PLAIN_NULL = {"", "~", "null", "Null", "NULL"}
# One line that means to YAML what it seems to mean: no indicator begins its value, nothing in it could be a comment, an
# escape, a key or a line break (of which YAML knows five).
_ODD = "\\x00-\\x1f\\x7f-\\xa0\\u2028\\u2029\\ufeff\\ud800-\\udfff"
_IN_A_LIST = rf"[^\W_](?:[^{_ODD}:#,\[\]{{}}\"'?&*!|>%@`-]*[^{_ODD} :#,\[\]{{}}\"'?&*!|>%@`-])?"
_FLAT_LINE = lazy_pattern(
    rf"([A-Za-z_][A-Za-z0-9_-]{{0,63}}): (?:\"([^\"\\{_ODD}]*)\"|'([^'{_ODD}]*)'|\[({_IN_A_LIST}(?:, ?{_IN_A_LIST})*)\]"
    rf"|([^\W_](?:(?:[^{_ODD} :#]|:(?=[^{_ODD} ])| (?! |#))*[^{_ODD} :#])?))\n"
)
_COMMA = lazy_pattern(", ?")

HALF_WIDTH = N_("use the half-width colon and a space: `key: value`")

# Blanks that YAML does not take for such at the beginning of a line or after a colon, with their width in spaces. A
# page or a chat that a head is copied from is full of them, and Hexo takes tabs.
_WIDTHS = {"\t": 2, "\u3000": 2, "\u200b": 0, "\u200c": 0, "\u200d": 0, "\u2060": 0, "\ufeff": 0}
_BLANK = "\t\xa0\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff"
_MAY_BE_ODD = lazy_pattern(f"[{_BLANK}：]")
_ODD_BEGIN = lazy_pattern(f"[ {_BLANK}]*[{_BLANK}][ {_BLANK}]*(?=[^ {_BLANK}])")
_ODD_COLON = lazy_pattern(
    f"^([ ]*(?:- )?[^\\s:：#\"'{_BLANK}]{{1,40}}) ?(：[ {_BLANK}]*|:[{_BLANK}][ {_BLANK}]*)", re.MULTILINE
)
_A_KEY = lazy_pattern(r"[\w-]+ ?[:：]")
_WHOLE = lazy_pattern(r"[^\s:#-][^:\n]*: +[^\s|>\[{#&*!]")  # a key with its value: nothing can stand below it


def read_yaml(head: str) -> tuple[dict[str, Any], dict[str, int]]:
    """(values, line of each key) of a head whose first line is the file's second. Raises DraftError with the line."""
    head = _with_plain_blanks(head)
    return _flat(head) or _by_events(head)


def refuse(what: str, line: int, hint: str) -> DraftError:
    """The error of a head."""
    return DraftError(_("front matter: %(what)s", what=what), line=line, hint=hint)


def _with_plain_blanks(head: str) -> str:
    """`head` with spaces where a line begins with other blanks, and `: ` where a known key ends with its cousins."""
    if not _MAY_BE_ODD.search(head):
        return head
    lines: list[str] = []
    for line in _ODD_COLON.sub(_colon, head).split("\n"):
        odd = _ODD_BEGIN.match(line)
        lines.append(_indented(line[odd.end() :], odd[0], lines[-1:]) if odd else line)
    return "\n".join(lines)


def _colon(found: re.Match[str]) -> str:
    return f"{found[1]}: " if found[2][0] == ":" or is_known(found[1].strip(" -")) else found[0]


def _indented(words: str, blanks: str, above: list[str]) -> str:
    """A line behind odd blanks: as deep as they are wide, but a key below a key with its value stands beside it."""
    depth = sum(_WIDTHS.get(char, 1) for char in blanks)
    if above and _WHOLE.match(above[0].lstrip(" ")) and _A_KEY.match(words):
        depth = len(above[0]) - len(above[0].lstrip(" "))
    return " " * depth + words


def _flat(head: str) -> tuple[dict[str, Any], dict[str, int]] | None:
    """What the events make of a head of plain lines, `key: words` or `key: [one, two]`; None for any other.

    Nearly every head is of this kind: reading its events takes five times as long, and loading their parser besides.
    """
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    at, nodes = 0, 1
    while match := _FLAT_LINE.match(head, at):
        key, double, single, listed, plain = match.groups()
        if key in values or key in PLAIN_NULL:
            return None
        line = lines[key] = len(values) + 2
        if listed is None:
            quoted = single if double is None else double
            values[key] = quoted if quoted is not None else "" if plain in PLAIN_NULL else plain
        else:
            values[key] = ["" if word in PLAIN_NULL else word for word in _COMMA.split(listed)]
            lines |= {f"{key}.{n}": line for n in range(len(values[key]))}
            nodes += len(values[key])
        at = match.end()
    nodes += 2 * len(values)
    return (values, lines) if at == len(head) and values and nodes <= MAX_NODES else None


def _by_events(head: str) -> tuple[dict[str, Any], dict[str, int]]:
    from steadycast.draft.yaml_events import read

    return read(head)
