"""Which characters are Han text, where a line of text may break, and what no reader may be given."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable

# Ideographs, kana, CJK punctuation, full-width forms and the quotation marks and dashes that Chinese text uses: they
# need no space between them, and a line may break after any. Hangul stays out: Korean puts spaces between words.
_WIDE = (
    ("\u2014", "\u2014"), ("\u2018", "\u2019"), ("\u201c", "\u201d"), ("\u2026", "\u2026"), ("\u2e80", "\u303f"),
    ("\u3040", "\u30ff"), ("\u3100", "\u312f"), ("\u3400", "\u9fff"), ("\uf900", "\ufaff"), ("\uff00", "\uffee"),
    ("\U00020000", "\U0003ffff"),
)  # fmt: skip
_FIRST, _LAST = [first for first, _ in _WIDE], [last for _, last in _WIDE]
WIDE = "".join(f"{first}-{last}" for first, last in _WIDE)  # for a character class of `re`

CLOSING = "”’」』】）》〉\"')]"

# Ranges for a character class of `re`.
CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"  # none of them belongs in XML, HTML or text
TURNING = r"\u202a-\u202e\u2066-\u2069"  # what follows is shown in another direction
_NOT_IN_A_LINE = re.compile(rf"[{CONTROLS}{TURNING}\t\n\r\u2028\u2029\ufeff]+")
# A word, or a character from U+2E80 on, with the marks that stay with it and the white space after it.
_PIECE = r"[（《〈“‘「『【]*(?:[^\s\u2e80-\U0003ffff]+|.)[，。、；：？！）》〉”’」』】…—,.;:!?)]*\s*"


_SHORT = 40  # characters that are measured at once


def one_line(text: str) -> str:
    """`text` as one line that says what it seems to say: no controls, nothing that turns it, single spaces."""
    return " ".join(_NOT_IN_A_LINE.sub(" ", text).split())


def is_wide(char: str) -> bool:
    """Whether a character is one of WIDE: for single ones, as `re` takes milliseconds to compile a class of them."""
    return char >= _FIRST[0] and char <= _LAST[bisect_right(_FIRST, char) - 1]


def pieces(text: str) -> list[str]:
    """`text` in the pieces between which a line may break."""
    return re.findall(_PIECE, text)


def broken_lines(text: str, width: float, length: Callable[[str], float]) -> list[str]:
    """`text` in lines no wider than `width`: no word is broken that fits a line, and no closing mark begins one."""
    found = [""]
    for piece in pieces(text):
        if found[-1]:
            if length((found[-1] + piece).rstrip()) <= width:
                found[-1] += piece
                continue
            found.append("")
        whole = piece.lstrip()
        if len(whole) < _SHORT and length(whole.rstrip()) <= width:
            found[-1] = whole
            continue
        while (fits := _fitting(whole, width, length)) < len(whole):  # a word longer than a line
            found[-1:] = [whole[:fits], ""]
            whole = whole[fits:]
        found[-1] = whole
    return [line.rstrip() for line in found]


def _fitting(text: str, width: float, length: Callable[[str], float]) -> int:
    """How many of its first characters are no wider than `width`, one at least; nothing much longer is measured."""
    most = 1
    while most < len(text) and length(text[:most]) <= width:
        most *= 2
    most = min(most, len(text))
    return max(1, bisect_right(range(1, most + 1), width, key=lambda n: length(text[:n].rstrip())))
