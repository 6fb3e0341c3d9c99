"""Sanitised HTML as a tree of elements: each tag in it is small, closed, and holds no `>` but its own. Pure."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>")  # the sanitiser escapes > in attributes
ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
VOID = frozenset("br col hr img input wbr".split())  # noqa: SIM905
BLOCKS = frozenset("p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre table hr".split())  # noqa: SIM905
DEEPEST = 100  # elements inside each other: deeper than anybody reads


def attributes(tag: str) -> dict[str, str]:
    """The attributes of one opening tag, unescaped."""
    return {name: entities.unescape(value) for name, value in ATTRIBUTE.findall(tag)}


@dataclass(slots=True)
class Element:
    """One element and what is in it; `block` where it is a block, or holds one."""

    tag: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    inside: list[Element | str] = field(default_factory=list)
    block: bool = False

    def text(self) -> str:
        """The words in it as they are."""
        if self.tag == "br":
            return "\n"
        return "".join(part if isinstance(part, str) else part.text() for part in self.inside)

    def all(self, *tags: str) -> Iterator[Element]:
        """The elements of these tags in it, in order, and none inside another."""
        for part in self.inside:
            if isinstance(part, Element):
                yield from (part,) if part.tag in tags else part.all(*tags)


def elements(html: str, deepest: int = DEEPEST) -> list[Element | str]:
    """What stands in `html`: elements, and the words between them; of what is nested deeper, the words alone."""
    open_ = [Element("")]
    pieces = TAG.split(html)
    for text, closing, name, rest in zip(pieces[::4], pieces[1::4], pieces[2::4], pieces[3::4], strict=False):
        if text:
            open_[-1].inside.append(entities.unescape(text) if "&" in text else text)
        if closing:
            del open_[max(1, len(open_) - 1) :]
        elif len(open_) >= deepest and name not in VOID:
            open_.append(open_[-1])
        else:
            _begin(open_, Element(name, attributes(rest) if rest else {}, block=name in BLOCKS))
    if pieces[-1]:
        open_[-1].inside.append(entities.unescape(pieces[-1]))
    return open_[0].inside


def _begin(open_: list[Element], element: Element) -> None:
    open_[-1].inside.append(element)
    if element.block:
        for outer in reversed(open_):
            if outer.block:
                break
            outer.block = True
    if element.tag not in VOID:
        open_.append(element)
