"""Lists with their bullets written out, for editors that drop or misplace a list's own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from steadycast.html_tree import TAG, VOID
from steadycast.render.lexer import box, first_number

_LIST_TAG = re.compile(r"(</?(?:ul|ol|li)(?: [^>]*)?>)")
_ITEM_BEGINS = re.compile(r"(\s*)(?:<input([^>]*)>)?(\s*<p[^>]*>|)\s*")
_ENDS = re.compile(r"\s*</([a-z][a-z0-9]*)>")
_OPENED_AGAIN = frozenset({"p", "div", "section", "blockquote", "details", "figure"})
_MOST = 4  # elements around a list in its item that are closed before it and opened again: each list costs them all


def write_bullets(html: str) -> str:
    """`html` with `• ` or `1. ` at the head of each item; a list inside an item stands behind it instead.

    What follows that list in the item follows it still, as an item without a bullet.
    """
    if "<li" not in html:
        return html
    pieces = _LIST_TAG.split(html)
    out = _Lists()
    for i in range(0, len(pieces) - 1, 2):
        out.text(pieces[i])
        out.tag(pieces[i + 1])
    out.text(pieces[-1])
    return "".join(out.written)


@dataclass(slots=True)
class _Item:
    """An item whose end has not come; `ended` where a list inside it has ended it early."""

    inside: list[tuple[str, str]] = field(default_factory=list)  # the open elements in it: name, tag
    ended: bool = False


@dataclass(slots=True)
class _List:
    next: int | None  # its next number, None for bullets
    item: _Item | None = None


class _Lists:
    """The output, and the lists that are open; the first stands for what is in none."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self._open = [_List(None)]
        self._bullet = ""

    def text(self, text: str) -> None:
        if self._bullet and text:
            begins = _ITEM_BEGINS.match(text)
            assert begins is not None  # it matches the empty string
            bullet = self._bullet if begins[2] is None else f"{box(begins[2])} "
            text = begins[1] + begins[3].lstrip() + bullet + text[begins.end() :]
            self._bullet = ""
        if item := self._open[-1].item:
            text = self._within(item, text)
        if text:
            self.written.append(text)

    def _within(self, item: _Item, text: str) -> str:
        """`text` of an item: what of it is still to be written, where a list before it has ended the item."""
        if item.ended:
            while item.inside and (ends := _ENDS.match(text)) and ends[1] == item.inside[-1][0]:
                item.inside.pop()
                text = text[ends.end() :]
            if not text.strip():
                return ""
            self._begin_again(item)
        if "<" in text:
            for tag in TAG.finditer(text):
                if tag[1]:
                    if item.inside and item.inside[-1][0] == tag[2]:
                        item.inside.pop()
                elif tag[2] not in VOID:
                    item.inside.append((tag[2], tag[0]))
        return text

    def _begin_again(self, item: _Item) -> None:
        item.ended = False
        self.written += ["<li>", *(tag for _, tag in item.inside)]

    def tag(self, tag: str) -> None:
        if tag.startswith("<li"):
            self._begin_item(tag)
        elif tag == "</li>":
            self._end_item()
        elif tag.startswith("</"):
            self.written.append(tag)
            self._open.pop()
        else:
            self._begin_list(tag)

    def _begin_list(self, tag: str) -> None:
        self._bullet = ""
        if item := self._open[-1].item:
            behind = len(item.inside) <= _MOST and all(name in _OPENED_AGAIN for name, _ in item.inside)
            if behind and not item.ended:
                self.written += [*(f"</{name}>" for name, _ in reversed(item.inside)), "</li>\n"]
                item.ended = True
            elif item.ended and not behind:
                self._begin_again(item)
        self._open.append(_List(first_number(tag) if tag.startswith("<ol") else None))
        self.written.append(tag)

    def _begin_item(self, tag: str) -> None:
        around = self._open[-1]
        around.item = _Item()
        self._bullet = "• " if around.next is None else f"{around.next}. "
        if around.next is not None:
            around.next += 1
        self.written.append(tag)

    def _end_item(self) -> None:
        self._bullet = ""
        item = self._open[-1].item
        self._open[-1].item = None
        if item is None or not item.ended:
            while self.written and not self.written[-1].strip():
                self.written.pop()
            self.written.append("</li>")
