"""Which words of a text are bold, code or a link, for platforms that take a text and its marks apart. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from steadycast.html_tree import Element, elements
from steadycast.platform.post import Post

MARKS = {
    "strong": "bold", "b": "bold", "em": "italic", "i": "italic", "del": "strike", "s": "strike",
    "code": "code", "pre": "pre", "a": "link",
} | {f"h{n}": "bold" for n in range(1, 7)}  # fmt: skip
NEAR = (
    200  # characters between two words that follow each other in the body: a bullet, a quote's sign, a link's address
)
_Leaf = tuple[str, tuple[tuple[str, str], ...]]  # words, and (mark, address) of each element around them


@dataclass(frozen=True, slots=True)
class Span:
    """Some words of a text, as Python counts characters, and how they are shown."""

    start: int
    end: int
    mark: str  # bold, italic, strike, code, pre, link
    href: str = ""  # of a link: http or https


def styled(text: str, post: Post) -> tuple[Span, ...]:
    """How the words of `text`, made of a post's title and body, are shown in its HTML; in order, the outer ones first.

    `text` may be cut, and hold more than the body; what is not found in it is left as it is. Code holds nothing else.
    """
    found: list[Span] = []
    at = 0
    if post.title and text.startswith(post.title):
        at = len(post.title)
        found.append(Span(0, at, "bold"))
    lost = 0  # characters of the body that were not found since
    for words, marks in _leaves(elements(post.html), ()):
        begin = text.find(words, at, at + NEAR + lost + len(words))
        if begin < 0:
            lost += len(words)
            continue
        at, lost = begin + len(words), 0
        for mark, href in marks:
            _add(found, Span(begin, at, mark, href), text)
    return tuple(sorted(found, key=lambda span: (span.start, -span.end)))


def runs(text: str, spans: Sequence[Span]) -> Iterator[tuple[str, frozenset[str], str]]:
    """`text` in pieces that are shown one way: (words, marks, address of the link or ""), together the whole of it."""
    ends = sorted({0, len(text), *(edge for span in spans for edge in (span.start, span.end))})
    for start, end in pairwise(ends):
        over = [span for span in spans if span.start <= start and end <= span.end]
        yield text[start:end], frozenset(s.mark for s in over), next((s.href for s in over if s.href), "")


def _leaves(inside: Sequence[Element | str], marks: tuple[tuple[str, str], ...]) -> Iterator[_Leaf]:
    """The words of a body in order, as its text has them: white space is one space, but in a block of code."""
    for part in inside:
        if isinstance(part, Element) and part.tag == "pre":
            yield part.text().strip("\n"), _around(part, marks)
            continue
        if isinstance(part, Element):
            yield from _leaves(part.inside, _around(part, marks))
            continue
        if line := " ".join(part.split()):
            yield line, marks


def _around(element: Element, marks: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    mark, href = MARKS.get(element.tag, ""), element.attributes.get("href", "")
    if not mark or (mark == "link" and not href.startswith(("http://", "https://"))):
        return marks
    if any(known in ("code", "pre", mark) for known, _ in marks):
        return marks
    return ((mark, href if mark == "link" else ""),) if mark in ("code", "pre") else (*marks, (mark, href))


def _add(found: list[Span], new: Span, text: str) -> None:
    """Add a span, or make the last one like it longer, where only spaces part them."""
    for n in range(len(found) - 1, max(-1, len(found) - 4), -1):
        last = found[n]
        if (last.mark, last.href) == (new.mark, new.href) and not text[last.end : new.start].strip(" "):
            found[n] = Span(last.start, new.end, new.mark, new.href)
            return
    found.append(new)
