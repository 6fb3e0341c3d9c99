"""What a body would cost a parser, told from its characters before any parser is asked."""

from __future__ import annotations

import re

from steadycast.errors import DraftError
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_pattern

# A parser keeps 200 bytes for every mark, a sanitiser the same for every element made of one: two megabytes of `"`
# took half a gigabyte. A novel has 40,000.
MOST_MARKS = 200_000
_MARKS = b"*_~`[]!<>&\"'\\|#+-\n"
_MARK = lazy_pattern(f"[{re.escape(_MARKS.decode())}]")
MOST_CELLS = 100_000  # a row of one letter is filled up to the width of its table
_TABLE = lazy_pattern(r"\n([ \t>]*[|:-][|:\- \t>]*)\n((?:[^\n]*[^\s>][^\n]*(?:\n|\Z))*)")
MOST_NOTES = 200_000  # characters of footnotes' names: each is written a dozen times
_NOTE = lazy_pattern(r"\[\^([^\]\n]*)\]")
# Each level costs a kilobyte of the parser's output for every line below it. What opens one: a quotation, a list item,
# a footnote; and what keeps one open from line to line is its width in blanks.
_OPENS = r"(?:>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])|\[\^[^\]\s]{1,200}\]:)"
_DEEP = rf"(?:(?:[ \t]*{_OPENS}){{65}}|(?:[ \t]{{0,299}}{_OPENS})*[ \t]{{300,}}{_OPENS})"
# A line break is found faster than a `^`, and most lines begin with a letter.
_NESTED, _NESTED_AT_ONCE = re.compile(rf"\n(?=[ \t>+*\d\[-]){_DEEP}"), re.compile(_DEEP)


def check_depth(body: str) -> None:
    """Raises DraftError, with the body's line, where quotations or lists are nested so deep that a parser is slow."""
    if deep := _NESTED_AT_ONCE.match(body) or _NESTED.search(body):
        raise _too_much(body, deep.end(), _("quotations or lists nested over 64 deep"), _("make it flatter"))


def check_cost(body: str) -> None:
    """Raises DraftError, with the body's line, where parsing would take far more memory than the body has bytes."""
    if len(body) > MOST_MARKS:
        _check_marks(body)
    cells = 0
    for table in _TABLE.finditer(body) if "|" in body else ():
        cells += (table[1].count("|") + 1) * table[2].count("\n")
        if cells > MOST_CELLS:
            raise _too_much(
                body,
                table.start(1),
                _("tables of more than %(most)s cells", most=MOST_CELLS),
                _("publish a part of it"),
            )
    names = 0
    for note in _NOTE.finditer(body) if "[^" in body else ():
        names += len(note[1])
        if names > MOST_NOTES:
            said = _("footnotes whose names have more than %(most)s characters", most=MOST_NOTES)
            raise _too_much(body, note.start(), said, _("number them: [^1]"))


def _check_marks(body: str) -> None:
    raw = body.encode()
    if len(raw) - len(raw.translate(None, _MARKS)) <= MOST_MARKS:
        return
    found = _MARK.finditer(body)
    for _mark in range(MOST_MARKS):
        next(found)
    at = next(found).start()
    raise _too_much(
        body,
        at,
        _("more than %(most)s marks of Markdown, line breaks among them", most=MOST_MARKS),
        _("make several of it"),
    )


def _too_much(body: str, at: int, said: str, hint: str) -> DraftError:
    return DraftError(said, line=body.count("\n", 0, at) + 1, hint=hint)
