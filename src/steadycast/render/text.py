"""A finished body as plain text: for mail, for short posts, for whatever has no HTML."""

from __future__ import annotations

import html as entities
import re

from steadycast.channel import Limit
from steadycast.render.count import cut
from steadycast.render.lexer import SPLIT, Links, attributes, is_of, says_its_url, words

_NAME = re.compile(r"</?([a-z][a-z0-9]*)")
_SPACES = re.compile(r"[ \t\r\n]+")
_PARAGRAPH = re.compile(r"<p(?: [^>]*)?>(.*?)</p>", re.DOTALL)
_NOTE_MARK = re.compile(r'<sup class="footnote-ref">.*?</sup>')
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"  # notes, so that nobody takes them for the numbered links
_BREAK = "\v"  # a line break inside a paragraph, until white space has been collapsed
_BLOCKS = frozenset(
    "p div h1 h2 h3 h4 h5 h6 ul ol dl pre blockquote table section figure figcaption caption details summary "  # noqa: SIM905
    "hr dt dd".split()
)
_SHOWN = frozenset("ul ol li a blockquote pre table tr td th br hr input sup section".split()) | _BLOCKS  # noqa: SIM905


def render(html: str, links: str = "inline", hosts: tuple[str, ...] = ()) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text of `html`, and its links in order.

    `links`: `inline` (words URL), `numbered` (words[1], and the list at the end; links to
    `hosts` stay inline), or `drop` (the words alone).
    Paragraphs are parted by an empty line; items begin with • or a number, quotes with >, cells are parted by |.
    """
    writer = _Writer(links, hosts)
    return writer.write(html), tuple(writer.links.all)


def summary(html: str, limit: Limit) -> str:
    """The first paragraphs as one line of text, cut to `limit`."""
    found = ""
    for paragraph in _PARAGRAPH.finditer(html):
        text = words(_NOTE_MARK.sub("", paragraph[1]))
        if text:
            found = f"{found} {text}" if found else text
        if len(found) > 2 * limit.max:
            break
    return cut(found or words(html), limit)


class _Writer:
    """One pass over the pieces: inline text gathers in `_line`, a block's end moves it into `_blocks`."""

    def __init__(self, links: str, hosts: tuple[str, ...]) -> None:
        self.links = Links()
        self._mode = links
        self._hosts = hosts
        self._line: list[str] = []
        self._blocks: list[str] = []
        self._tight = False  # the next block follows without an empty line
        self._quotes = 0
        self._lists: list[int | None] = []  # the next number, or None for bullets
        self._marker = ""  # of the item that has not begun yet
        self._pre = False
        self._tables = 0
        self._row: list[str] = []
        self._anchor = ("", 0)
        self._sup = (0, False)  # where it begins, and whether it is the mark of a note
        self._notes = False  # inside the footnotes: an item begins with its mark

    def write(self, html: str) -> str:
        pieces = SPLIT.split(html)
        for i in range(0, len(pieces) - 1, 2):
            if pieces[i]:
                self._line.append(pieces[i])
            tag = pieces[i + 1]
            found = _NAME.match(tag)
            name = found[1] if found else ""
            if name in _SHOWN:
                if tag[1] == "/":
                    self._end(name)
                else:
                    self._start(name, tag)
        self._line.append(pieces[-1])
        self._flush()
        if self._mode == "numbered" and self.links.all:
            self._tight = False
            self._put(
                "\n".join(f"[{n}] {entities.escape(url, quote=False)}" for n, (_, url) in enumerate(self.links.all, 1))
            )
        text = "".join(self._blocks).strip("\n")
        return entities.unescape(text) if "&" in text else text

    def _start(self, name: str, tag: str) -> None:
        if name == "a":
            self._anchor = (attributes(tag).get("href", ""), len(self._line))
        elif name == "br":
            self._line.append(_BREAK)
        elif name == "input":
            self._marker = self._marker and self._indent() + ("☑ " if " checked" in tag else "☐ ")
        elif name == "sup":
            self._sup = (len(self._line), 'class="footnote-ref"' in tag)
        else:
            self._block(name, tag)

    def _block(self, name: str, tag: str) -> None:
        if name in {"td", "th", "tr"}:
            return
        self._flush()
        if name == "li":
            self._item()
        elif name in {"ul", "ol"}:
            first = attributes(tag).get("start", "1") if name == "ol" else ""
            self._tight = self._tight or bool(self._lists)
            self._lists.append((int(first) if first.isdigit() else 1) if name == "ol" else None)
        elif name == "blockquote":
            self._quotes += 1
        elif name == "pre":
            self._pre = True
        elif name == "table":
            self._tables += 1
        elif name == "section":
            self._notes = 'class="footnotes"' in tag
        elif name == "hr":
            self._put("———")

    def _item(self) -> None:
        number = self._lists[-1] if self._lists else None
        if number is None:
            self._marker = f"{self._indent()}• "
        else:
            self._lists[-1] = number + 1
            self._marker = f"{_note(str(number))} " if self._notes else f"{self._indent()}{number}. "

    def _indent(self) -> str:
        return "  " * (len(self._lists) - 1)

    def _end(self, name: str) -> None:
        if name == "a":
            self._a_end()
        elif name == "sup":
            self._sup_end()
        elif name in {"td", "th"}:
            self._row.append(self._taken())
        elif name == "tr":
            self._put(" | ".join(self._row))
            self._row = []
            self._tight = True
        else:
            self._block_end(name)

    def _block_end(self, name: str) -> None:
        self._flush()
        if name == "li":
            self._marker = ""
            self._tight = True
        elif name in {"ul", "ol"}:
            if self._lists:
                self._lists.pop()
            self._tight = bool(self._lists)
        elif name == "blockquote":
            self._quotes -= 1
        elif name == "pre":
            self._pre = False
        elif name == "table":
            self._tables -= 1
            self._tight = False

    def _a_end(self) -> None:
        href, at = self._anchor
        self._anchor = ("", 0)
        if not href or href.startswith("#") or self._mode == "drop":
            return
        text = " ".join(entities.unescape("".join(self._line[at:])).split())
        if not text or says_its_url(text, href):
            return
        if self._mode == "numbered" and href.startswith("http") and not is_of(href, self._hosts):
            self._line.append(f"[{self.links.number(text, href)}]")
        else:
            if self._mode == "inline":
                self.links.number(text, href)
            self._line.append(f" {entities.escape(href.removeprefix('mailto:'), quote=False)} ")

    def _sup_end(self) -> None:
        at, is_note = self._sup
        if is_note:
            self._line[at:] = [_note("".join(self._line[at:]))]

    def _taken(self) -> str:
        text = "".join(self._line)
        self._line = []
        if self._pre:
            return text.strip("\n")
        text = _SPACES.sub(" ", text).strip()
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


def _note(number: str) -> str:
    """The mark of a footnote in text."""
    return _CIRCLED[int(number) - 1] if number.isdecimal() and 0 < int(number) <= len(_CIRCLED) else f"({number})"
