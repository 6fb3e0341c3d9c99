"""The marks of Markdown for strong, emphasised and struck words, set where they count for one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "del": "~~", "s": "~~"}
QUOTES = ("“”", "‘’", "「」", "『』", "《》", "〈〉", "（）", "【】", "()", '""')


@dataclass
class Piece:
    """A part of a line: words yet to be escaped, a mark that opens or closes, or what stands as it is."""

    kind: str  # text, open, close, done, break
    value: str  # "" for one that was taken away
    pair: list[Piece] = field(default_factory=list)  # of a mark: the two


def counting(pieces: Iterable[Piece]) -> list[Piece]:
    """Return the pieces of a line so that each mark counts for one, and no words stand beside words."""
    made = _merged(pieces)
    for _ in range(9):  # one that was moved or taken away may leave another that does not count
        if not _set_apart(made):
            break
        made = _merged(made)
    return made


def marked(mark: str, inside: list[Piece]) -> Iterator[Piece]:
    """Yield `inside` between marks that touch its words: white space goes outside, and nothing is never marked."""
    inside = [piece for piece in inside if piece.value]
    before, after = _edge(inside, first=True), _edge(inside, first=False)
    if inside and inside[0].kind == inside[-1].kind == "text" and (len(inside) > 1 or len(inside[0].value) > 1):
        first, last = inside[0].value[0], inside[-1].value[-1]
        if first + last in QUOTES:  # `“**侬好**”`: both outside, as one of them may have to be
            inside[0].value = inside[0].value[1:]
            inside[-1].value = inside[-1].value[:-1]
            inside = [piece for piece in inside if piece.value]
            before += [Piece("text", first), *_edge(inside, first=True)]
            after = [*_edge(inside, first=False), Piece("text", last), *after]
    if inside:
        begin, end = Piece("open", mark), Piece("close", mark)
        begin.pair = end.pair = [begin, end]
        inside = [begin, *inside, end]
    yield from (*before, *inside, *after)


def _edge(inside: list[Piece], *, first: bool) -> list[Piece]:
    """Take white space and line breaks from the beginning of `inside`, or from its end, and return them."""
    from_edge = enumerate(inside if first else reversed(inside))
    number = next((n for n, piece in from_edge if piece.kind != "break" and piece.value.strip()), len(inside))
    taken = inside[:number] if first else inside[len(inside) - number :]
    inside[:] = inside[number:] if first else inside[: len(inside) - number]
    if inside and (piece := inside[0 if first else -1]).kind == "text":
        words = piece.value.lstrip() if first else piece.value.rstrip()
        if words != piece.value:
            piece.value = words
            taken.insert(len(taken) if first else 0, Piece("text", " "))
    return taken


def _merged(pieces: Iterable[Piece]) -> list[Piece]:
    """Return the pieces that say something, words beside words in one, and `**a****b**` as `**ab**`."""
    made: list[Piece] = []
    for piece in pieces:
        last = made[-1] if made else None
        if not piece.value:
            continue
        if last and last.kind == piece.kind == "text":
            last.value += piece.value
        elif last and (last.kind, piece.kind) == ("close", "open") and last.value == piece.value:
            made.pop()
            end = piece.pair[1]
            end.pair = last.pair = [last.pair[0], end]
            last.pair[0].pair = end.pair
        else:
            made.append(piece)
    return made


def _set_apart(pieces: list[Piece]) -> bool:
    """Make each mark one that counts, and say whether any was not: `**“侬好”**不` does not end.

    Markdown takes a mark between punctuation and a word for none. Punctuation goes outside of the marks; where
    something else is in the way, the marks go.
    """
    changed = False
    for at, mark in enumerate(pieces):
        if mark.kind not in ("open", "close") or not mark.value:
            continue
        step = 1 if mark.kind == "open" else -1
        inner, outer = at + step, at - step
        while pieces[inner].kind == mark.kind and pieces[inner].value[:1] in ("", mark.value[0]):
            inner += step
        beside = pieces[outer] if 0 <= outer < len(pieces) else None
        if not beside or not _is_word(beside, -step) or _is_word(pieces[inner], step):
            continue
        changed = True
        words = pieces[inner].value if pieces[inner].kind == "text" else ""
        number = next((n for n, character in enumerate(words[::step]) if _worded(character)), 0)
        if not number:
            for one in mark.pair:
                one.value = ""
        elif step > 0:
            beside.value, pieces[inner].value = beside.value + words[:number], words[number:]
        else:
            beside.value, pieces[inner].value = words[-number:] + beside.value, words[:-number]
    return changed


def _is_word(piece: Piece, step: int) -> bool:
    """Whether a piece begins with a letter, as Markdown sees it; ends with one where `step` is -1."""
    return piece.kind == "text" and bool(piece.value) and _worded(piece.value[0 if step > 0 else -1])


def _worded(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character)[0] not in "PS"
