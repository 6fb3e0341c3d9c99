"""Sanitised HTML as a tree of elements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

EMPTY = {"br", "hr", "img"}
BLOCKS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "table", "hr"}
DEEPEST = 40  # elements inside each other


def elements(html: str) -> list[Element | str]:
    """Return what stands in `html`: elements, and the words between them."""
    return _Tree(html).open[0].inside


@dataclass
class Element:
    """One element and what is in it; `block` where it is a block, or holds one."""

    tag: str
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    inside: list[Element | str] = field(default_factory=list)
    block: bool = False

    def text(self) -> str:
        """Return the words in it as they are."""
        if self.tag == "br":
            return "\n"
        return "".join(part if isinstance(part, str) else part.text() for part in self.inside)

    def all(self, *tags: str) -> Iterator[Element]:
        """Yield the elements of these tags in it, in order, and none inside another."""
        for part in self.inside:
            if isinstance(part, Element):
                yield from (part,) if part.tag in tags else part.all(*tags)


class _Tree(HTMLParser):
    """HTML as elements; what is nested deeper than anybody reads lies flat in the last one."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open = [Element("")]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        for outer in reversed((*self.open, element) if tag in BLOCKS else ()):
            if outer.block:
                break
            outer.block = True
        self.open[-1].inside.append(element)
        if tag not in EMPTY and len(self.open) < DEEPEST:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        depth = next((n for n in range(len(self.open) - 1, 0, -1) if self.open[n].tag == tag), None)
        del self.open[depth or len(self.open) :]

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)
