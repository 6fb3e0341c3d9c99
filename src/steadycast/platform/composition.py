"""What a post's text is made of, as a platform's `[render] compose` says: title, text, link and tags in one measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from string import Formatter

from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_pattern
from steadycast.platform.contract import Limit
from steadycast.platform.text import count, cut, fits, opening

PIECES = ("title", "summary", "when", "place", "text", "url", "tags", "author")
_NO_TAG = lazy_pattern(r"[^\p{L}\p{M}\p{N}_]+", engine="regex")
_Line = tuple[tuple[str, str], ...]  # (words, the piece after them or "")


def unknown(template: str) -> str:
    """What is wrong with a template; "" when nothing is."""
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        return str(error)
    for _words, piece, form, conversion in parsed:
        if piece is not None and (piece not in PIECES or form or conversion):
            said = N_("{%(piece)s} is no piece of it") if piece not in PIECES else N_("{%(piece)s} takes no format")
            return _(said, piece=piece)
    return ""


def composed(template: str, pieces: Mapping[str, str], limit: Limit | None) -> str | None:
    """The template filled in, its {text} cut so that the whole is within `limit`; None where no text would be left."""
    whole = fill(template, pieces)
    if limit is None or fits(whole, limit):
        return whole
    text = pieces.get("text", "")
    room = limit.max - count(fill(template, {**pieces, "text": ""}), limit) if text else 0
    while room > 0:
        head = cut(text, limit.of(room))
        if len(head.removesuffix("…")) < max(1, opening(text)):  # a piece of a link or of a tag is none
            break
        whole = fill(template, {**pieces, "text": head})
        if fits(whole, limit):
            return whole
        room -= max(1, count(whole, limit) - limit.max)  # what stands between them counts, and may count as more
    return None


def fill(template: str, pieces: Mapping[str, str]) -> str:
    """The template with its pieces; a line of which no piece is there goes, and so does the space beside a lost one."""
    made: list[str] = []
    blank = apart = 0  # empty lines since the last line that came, and the most that stood together
    for line in _lines(template):
        if not line:
            blank += 1
            apart = max(apart, blank)
            continue
        blank = 0
        if (words := _filled(line, pieces)) is not None:
            made += [""] * (apart if made else 0) + [words]
            apart = 0
    return "\n".join(made)


def _filled(line: _Line, pieces: Mapping[str, str]) -> str | None:
    """One line, or None where it has pieces and none of them is there."""
    names = [name for _, name in line if name]
    if names and not any(pieces.get(name) for name in names):
        return None
    made = ""
    for words, name in line:
        piece = pieces.get(name, "") if name else ""
        made += words if piece or not name else words.rstrip(" ")
        made += piece
    return made.strip(" ")


@cache
def _lines(template: str) -> tuple[_Line, ...]:
    """The template's lines, each as its words and pieces in order; () for an empty one."""
    lines: list[list[tuple[str, str]]] = [[]]
    for words, piece, _form, _conversion in Formatter().parse(template):
        *before, last = words.split("\n")
        for ended in before:
            lines[-1] += [(ended, "")] if ended else []
            lines.append([])
        if last or piece:
            lines[-1].append((last, piece or ""))
    return tuple(tuple(line) if any(w.strip() or n for w, n in line) else () for line in lines)


def hashtags(tags: Iterable[str]) -> str:
    """`#one #two`: each tag as one word, since a space or a mark would end it for whoever reads it there."""
    words = (_NO_TAG.sub("", tag) for tag in tags)
    return " ".join(f"#{word}" for word in dict.fromkeys(words) if word)
