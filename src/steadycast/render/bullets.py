"""Lists with their bullets written out, for editors that drop or misplace a list's own."""

from __future__ import annotations

import re

from steadycast.render.lexer import attribute

_LIST_TAG = re.compile(r"(</?(?:ul|ol|li)(?: [^>]*)?>)")
_ITEM_BEGINS = re.compile(r"(\s*)(?:<input([^>]*)>)?(\s*<p[^>]*>|)\s*")


def write_bullets(html: str) -> str:
    """`html` with `• ` or `1. ` at the head of each item; a list inside an item stands after it instead."""
    if "<li" not in html:
        return html
    pieces = _LIST_TAG.split(html)
    out = _Lists()
    for i in range(0, len(pieces) - 1, 2):
        out.text(pieces[i])
        out.tag(pieces[i + 1])
    out.text(pieces[-1])
    return out.written()


class _Lists:
    """The output, and the lists that are open: each waits in an output of its own until its item has closed."""

    def __init__(self) -> None:
        self._outs: list[list[str]] = [[]]  # the page's, then one for each open list inside another
        self._next: list[int | None] = []  # each open list's next number, None for bullets
        self._waiting: list[list[str]] = []  # for each open list: the lists inside its present item
        self._bullet = ""

    def written(self) -> str:
        return "".join(self._outs[0])

    def text(self, text: str) -> None:
        if self._bullet and text:
            begins = _ITEM_BEGINS.match(text)
            assert begins is not None  # it matches the empty string
            box = begins[2]
            bullet = self._bullet if box is None else "☑ " if " checked" in box else "☐ "
            text = begins[1] + begins[3].lstrip() + bullet + text[begins.end() :]
            self._bullet = ""
        if text:
            self._outs[-1].append(text)

    def tag(self, tag: str) -> None:
        if tag.startswith("<li"):
            self._outs[-1].append(tag)
            self._begin_item()
        elif tag == "</li>":
            self._end_item()
        elif tag.startswith("</"):
            self._end_list(tag)
        else:
            self._begin_list(tag)

    def _begin_list(self, tag: str) -> None:
        if self._next:
            self._outs.append([])
        first = attribute(tag, "start") or "1"
        begins = int(first) if first.isdecimal() and len(first) < 10 else 1  # as CommonMark: nine digits
        self._next.append(begins if tag.startswith("<ol") else None)
        self._waiting.append([])
        self._bullet = ""
        self._outs[-1].append(tag)

    def _end_list(self, tag: str) -> None:
        self._outs[-1] += [*self._waiting[-1], tag]  # some wait still: lists that stood in no item
        self._next.pop()
        self._waiting.pop()
        if self._next:
            self._waiting[-1].append("".join(self._outs.pop()))

    def _begin_item(self) -> None:
        number = self._next[-1] if self._next else None
        self._bullet = "• " if number is None else f"{number}. "
        if number is not None:
            self._next[-1] = number + 1

    def _end_item(self) -> None:
        self._bullet = ""
        out = self._outs[-1]
        while out and not out[-1].strip():
            out.pop()
        out.append("</li>")
        if self._waiting and self._waiting[-1]:
            out += ["\n", "\n".join(self._waiting[-1])]
            self._waiting[-1] = []
