"""A finished body as plain text: for mail, for short posts, for whatever has no HTML."""

from __future__ import annotations

import re
from typing import NamedTuple

from steadycast.draft.maths import linear
from steadycast.draft.spelling import spelled
from steadycast.on_demand import lazy_pattern
from steadycast.platform import Limit
from steadycast.platform.text import cut
from steadycast.render.lexer import (
    ANY_TAG,
    Links,
    Numbered,
    anchors,
    box,
    first_number,
    is_of,
    says_its_url,
    unescaped,
    words,
)

_PARAGRAPH = lazy_pattern(r"<p(?: [^>]*)?>(.*?)</p>", re.DOTALL)
_NOTE = lazy_pattern(r'<sup class="footnote-ref">(.*?)</sup>', re.DOTALL)
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"  # notes, so that nobody takes them for the numbered links
_LINK = lazy_pattern("\x02(\\d+)\x02 ?")  # where a link ended: its place in the list of links
_MARK = lazy_pattern("\x02\\d+\x02")
_BREAK = "\x01"  # a line break inside a paragraph, until white space has been collapsed
_SENTINELS = lazy_pattern("[\x01\x02]")
_BLOCK = lazy_pattern(
    r"<(/?(?:p|div|h[1-6]|ul|ol|li|dl|dt|dd|pre|blockquote|table|tr|td|th|section|figure|figcaption|caption|details"
    r"|summary|hr|br|input))((?: [^>]*)?)>"
)


class Plain(NamedTuple):
    """A body's text whose links have not been written yet: there are three ways to write them."""

    text: str
    links: Numbered  # (words, URL), one for each mark in the text

    def render(self, mode: str = "inline", hosts: tuple[str, ...] = ()) -> tuple[str, Numbered]:
        """The text, and its links without repeats.

        `mode`: `inline` (words URL), `numbered` (words[1], and the list at the end; links to `hosts` stay inline), or
        `drop` (the words alone).
        """
        if mode == "drop":
            return _MARK.sub("", self.text), ()
        found = Links()

        def write(mark: re.Match[str]) -> str:
            words_, url = self.links[int(mark[1])]
            space = mark[0][-1:].strip("\x02")
            if mode == "numbered" and url.startswith("http") and not is_of(url, hosts):
                return f"[{found.number(words_, url)}]{space}"
            if mode == "inline":
                found.number(words_, url)
            return self._beside(mark, url)

        text = _LINK.sub(write, self.text)
        if mode == "numbered" and found.all:
            text += "\n\n" + "\n".join(f"[{n}] {url}" for n, (_, url) in enumerate(found.all, 1))
        return text, tuple(found.all)

    def _beside(self, mark: re.Match[str], url: str) -> str:
        """The URL between spaces, so that nothing that follows is taken for a part of it."""
        last = mark.end() == len(self.text) or self.text[mark.end()] == "\n"
        return f" {url.removeprefix('mailto:')}" + ("" if last else " ")


def plain(html: str) -> Plain:
    """The text of `html`: paragraphs parted by an empty line, items begun by • or a number, quotes by >, cells by |."""
    if "\x01" in html or "\x02" in html:
        html = _SENTINELS.sub("", html)
    if "footnote-ref" in html:
        html = _NOTE.sub(lambda m: _note(words(m[1])), html)
    html = spelled(linear(html))
    links: list[tuple[str, str]] = []
    around, found = anchors(html)
    marked = [around[0]]
    for anchor, after in zip(found, around[1:], strict=True):
        marked.append(anchor.html)
        if anchor.href and anchor.href[0] != "#" and anchor.words and not says_its_url(anchor.words, anchor.href):
            marked.append(f"\x02{len(links)}\x02")
            links.append((anchor.words, anchor.href))
        marked.append(after)
    return Plain(_Writer().write("".join(marked)), tuple(links))


def summary(html: str, limit: Limit) -> str:
    """The first paragraphs as one line of text, cut to `limit`."""
    found = ""
    for paragraph in _PARAGRAPH.finditer(html):
        text = words(spelled(linear(_NOTE.sub("", paragraph[1]))))
        if text:
            found = f"{found} {text}" if found else text
        if len(found) > 2 * limit.max:
            break
    return cut(found or words(spelled(linear(_NOTE.sub("", html)))), limit)


class _Writer:
    """One pass over the block tags: inline text gathers in `_line`, a block's end moves it into `_blocks`."""

    def __init__(self) -> None:
        self._line: list[str] = []
        self._blocks: list[str] = []
        self._tight = False  # the next block follows without an empty line
        self._quotes = 0
        self._lists: list[int | None] = []  # the next number, or None for bullets
        self._marker = ""  # of the item that has not begun yet
        self._pre = False
        self._row: list[str] = []
        self._notes = False  # inside the footnotes: an item begins with its mark

    def write(self, html: str) -> str:
        pieces = _BLOCK.split(html)
        last = pieces.pop()
        for text, tag, attributes in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
            if text and (self._line or self._pre or not text.isspace()):  # between blocks it means nothing
                self._line.append(text)
            if tag in _WITHIN:
                self._go_on(tag, attributes)
                continue
            if self._line:
                self._flush()
            if tag in _TELLS:
                self._change(tag, attributes)
        self._line.append(last)
        self._flush()
        return unescaped("".join(self._blocks).strip("\n"))

    def _go_on(self, tag: str, attributes: str) -> None:
        """What a tag does that ends no block."""
        if tag == "br":
            self._line.append(_BREAK)
        elif tag in {"/td", "/th"}:
            self._row.append(self._taken())
        elif tag == "/tr":
            self._put(" | ".join(self._row))
            self._row = []
            self._tight = True
        elif tag == "input":
            self._marker = self._marker and f"{self._indent()}{box(attributes)} "

    def _change(self, tag: str, attributes: str) -> None:
        """What a block's tag says about those that follow."""
        match tag:
            case "li":
                self._marker = self._bullet()
            case "/li":
                self._marker, self._tight = "", True
            case "ul" | "ol":
                self._tight = self._tight or bool(self._lists)
                self._lists.append(first_number(attributes) if tag == "ol" else None)
            case "/ul" | "/ol":
                del self._lists[-1:]
                self._tight = bool(self._lists)
            case "blockquote" | "/blockquote":
                self._quotes += 1 if tag[0] == "b" else -1
            case "pre" | "/pre":
                self._pre = tag == "pre"
            case "hr":
                self._put("———")
            case "/table":
                self._tight = False
            case "section":
                self._notes = 'class="footnotes"' in attributes

    def _bullet(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return f"{self._indent()}• "
        self._lists[-1] = number + 1
        return f"{_note(str(number))} " if self._notes else f"{self._indent()}{number}. "

    def _indent(self) -> str:
        return "  " * (len(self._lists) - 1)

    def _taken(self) -> str:
        text = self._line[0] if len(self._line) == 1 else "".join(self._line)
        self._line = []
        if "<" in text:
            text = ANY_TAG.sub("", text)
        if self._pre:
            return text.strip("\n")
        text = " ".join(text.split())
        if _BREAK in text:
            text = "\n".join(line.strip() for line in text.split(_BREAK))
        return text

    def _flush(self) -> None:
        if self._line:
            text = self._taken()
            if text:
                self._put(text)

    def _put(self, text: str) -> None:
        """Write one block below the last one, with its marker or indent and its quote signs."""
        if self._marker:
            text = self._marker + text.replace("\n", "\n" + " " * len(self._marker))
            self._marker = ""
        elif self._lists and not self._notes:
            pad = "  " * len(self._lists)
            text = pad + text.replace("\n", "\n" + pad)
        if self._quotes:
            sign = "> " * self._quotes
            text = sign + text.replace("\n", "\n" + sign)
        if self._blocks:
            self._blocks.append("\n" if self._tight else "\n\n")
        self._blocks.append(text)
        self._tight = False


_WITHIN = frozenset("br tr td th /td /th /tr input".split())  # noqa: SIM905 - between cells is white space
_TELLS = frozenset("li /li ul ol /ul /ol blockquote /blockquote pre /pre hr /table section".split())  # noqa: SIM905


def _note(number: str) -> str:
    """The mark of a footnote in text."""
    return _CIRCLED[int(number) - 1] if number.isdecimal() and 0 < int(number) <= len(_CIRCLED) else f"({number})"
