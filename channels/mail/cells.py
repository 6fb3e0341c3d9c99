"""A letter's tables: no cell of a table that a phone breaks between two Han of one word."""

from __future__ import annotations

import re

COLUMNS = 5  # of more, cells of three Han and what stands around them are wider than a phone
_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
_WORD = re.compile("<td((?: [^<>]*)?)>(?=[\u2e80-\u9fff]{2,3}</td>)")


def whole_words(html: str) -> str:
    """`html`; its cells of two or three Han have the class `word` where a phone is wide enough for that."""
    return _TABLE.sub(_in_narrow, html)


def _in_narrow(table: re.Match[str]) -> str:
    if max(len(re.findall(r"<t[dh]\b", row)) for row in table[0].split("<tr")) > COLUMNS:
        return table[0]
    return _WORD.sub(lambda cell: cell[0] if " class=" in cell[1] else f'<td{cell[1]} class="word">', table[0])
