"""A feed item's HTML as clean Markdown: what a reader sees, and nothing that could run. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import nh3

_TAGS = {
    "p",
    "br",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "strong",
    "b",
    "em",
    "i",
    "del",
    "s",
    "a",
    "img",
    "ul",
    "ol",
    "li",
    "blockquote",
    "pre",
    "code",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "div",
    "section",
    "article",
    "figure",
    "figcaption",
    "span",
    "sup",
    "sub",
}
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-actualsrc")  # where a script would find a picture
# Kept for the writer alone, which writes none of them.
_ATTRIBUTES = {"*": {"style", "hidden"}, "a": {"href"}, "img": {"src", "alt", "width", "height", *_LAZY}}
_BREAK = "\x01"  # a <br>, until it is known what it stands in
_HIDDEN = re.compile(r"(?:^|;)\s*display\s*:\s*none\b", re.IGNORECASE)
_BOLD = re.compile(r"(?:^|;)\s*font-weight\s*:\s*(?:bold|[6-9]00)\b", re.IGNORECASE)
_DOT = re.compile(
    r"\s*[01](?:px)?\s*|(?:.*;)?\s*(?:width|height)\s*:\s*[01](?:px)?\s*(?:;.*)?", re.IGNORECASE | re.DOTALL
)
_OPENED = re.compile(r"<(/?)([a-z][a-z0-9]*)[^>]*>", re.IGNORECASE)
_CLOSED_BY_THE_NEXT = frozenset("p li td th tr dt dd option br hr img wbr input col area meta link source".split())  # noqa: SIM905
# What WordPress adds to each item of a feed: that it is one of its blog.
_A_LINK = r"[《「]?\[[^\]\n]*\]\(<[^>\n]*>\)[》」]?"
_FIRST_ON = "(?:appeared first on|最先出现在|首先出现在|最早出现在)"
_ADVERT = re.compile(rf"(?:^|\n\n)(?:The post |文章)?{_A_LINK}\s*{_FIRST_ON}\s*{_A_LINK}\s*[.。]?\s*\Z")
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "del": "~~", "s": "~~"}
_HEADINGS = {f"h{n}": "#" * n for n in range(1, 7)}
_BLOCKS = {
    "p",
    "div",
    "section",
    "article",
    "figure",
    "figcaption",
    "blockquote",
    "ul",
    "ol",
    "li",
    "pre",
    "table",
    "tr",
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~])")
EVERY_MARK = re.compile(
    r"([\\`*_\[\]<>~|$=^{}%&!]|:(?=[\w+-]+:|::))"
)  # of editors too: a draft's words are looked through
MAX_DEPTH = 100
MAX_NESTED = 1000  # beyond this HTML's parser takes time by the square


def markdown(html: str, base: str = "", special: re.Pattern[str] = _SPECIAL) -> str:
    """HTML as Markdown: headings, lists, quotations, code, tables, links and pictures by their http addresses.

    What `special` finds in words is escaped.

    What is not displayed is left out, unless nothing else is there; addresses without a host are taken from `base`.
    """
    if _nested(html) > MAX_NESTED:
        html = _OPENED.sub(" ", html)
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
        strip_comments=True,
    )
    return _ADVERT.sub("", _written(clean, base, special) or _written(_STYLED.sub("", clean), base, special))


_STYLED = re.compile(r' (?:style="[^"]*"|hidden(?:="[^"]*")?)')


def _written(clean: str, base: str, special: re.Pattern[str]) -> str:
    writer = _Writer(base, special)
    writer.feed(clean)
    writer.close()
    return writer.result()


def _nested(html: str) -> int:
    """How deep tags stand in each other, at most."""
    depth = deepest = 0
    for closing, name in _OPENED.findall(html):
        if name.lower() not in _CLOSED_BY_THE_NEXT:
            depth = max(0, depth - 1) if closing else depth + 1
            deepest = max(deepest, depth)
    return deepest


@dataclass(slots=True)
class _Part:
    """An open element, and the Markdown of what it holds so far."""

    tag: str
    attributes: dict[str, str]
    pieces: list[str] = field(default_factory=list)


class _Writer(HTMLParser):
    def __init__(self, base: str, special: re.Pattern[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.base, self.special = base, special
        self.open: list[_Part] = [_Part("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "br":
            self.add("\n" if self.inside("pre") else _BREAK)
        elif tag == "hr":
            self.add("\n\n---\n\n")
        elif tag == "img":
            self.add(_picture(attributes, self.base))
        elif len(self.open) < MAX_DEPTH:
            self.open.append(_Part(tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag == tag and len(self.open) > 1:
            part = self.open.pop()
            self.add(self.written(part))

    def handle_data(self, data: str) -> None:
        data = data.replace(_BREAK, "")
        if self.inside("pre") or self.inside("code"):
            self.add(data)
        elif not (
            data.isspace() and "\n" in data and self.open[-1].tag in {"ul", "ol", "table", "tr", "tbody", "thead"}
        ):
            words = self.special.sub(r"\\\1", re.sub(r"\s+", " ", data))
            self.add(words if any(piece.strip() for piece in self.open[-1].pieces) else _start_escaped(words))

    def add(self, text: str) -> None:
        self.open[-1].pieces.append(text)

    def inside(self, tag: str) -> bool:
        return any(part.tag == tag for part in self.open)

    def result(self) -> str:
        while len(self.open) > 1:
            part = self.open.pop()
            self.add(self.written(part))
        return _tidy("".join(self.open[0].pieces))

    def written(self, part: _Part) -> str:
        text = "".join(part.pieces)
        if "hidden" in part.attributes or _HIDDEN.search(part.attributes.get("style", "")):
            return ""
        if part.tag in _MARKS:
            return _marked(text, _MARKS[part.tag])
        if part.tag == "span" and _BOLD.search(part.attributes.get("style", "")) and "**" not in text:
            return _marked(text, "**")
        if part.tag in _HEADINGS:
            return f"\n\n{_HEADINGS[part.tag]} {_one_line(text)}\n\n" if _one_line(text) else ""
        if part.tag == "a":
            return _link(text, _absolute(part.attributes.get("href", ""), self.base))
        if part.tag == "code":
            return text if self.inside("pre") else _code(text)
        if part.tag == "pre":
            return f"\n\n{_fence(text)}\n{text.strip(chr(10))}\n{_fence(text)}\n\n"
        if part.tag == "blockquote":
            return "\n\n" + "\n".join(f"> {line}".rstrip() for line in _tidy(text).split("\n")) + "\n\n"
        if part.tag == "li":
            return self.item(text)
        if part.tag in {"th", "td"}:
            return _one_line(text) + "\0"
        if part.tag == "tr":
            return text + "\n"
        if part.tag == "table":
            return _table(text)
        return f"\n\n{_tidy(text)}\n\n" if part.tag in _BLOCKS else text

    def item(self, text: str) -> str:
        siblings = self.open[-1]
        number = sum(piece.startswith("\n") for piece in siblings.pieces) + 1
        mark = f"{number}. " if siblings.tag == "ol" else "- "
        return "\n" + mark + _tidy(text).replace("\n", "\n" + " " * len(mark))


def _picture(attributes: dict[str, str], base: str) -> str:
    """A picture by its address, where a script would find it too; none for the dot by which a server counts readers."""
    style = attributes.get("style", "")
    sides = (attributes.get("width", ""), attributes.get("height", ""), style)
    if "hidden" in attributes or _HIDDEN.search(style) or any(_DOT.fullmatch(side) for side in sides if side):
        return ""
    lazy = next((found for name in _LAZY if (found := attributes.get(name, "").strip())), "")
    src = _absolute(lazy or attributes.get("src", ""), base)
    alt = _SPECIAL.sub(r"\\\1", " ".join(attributes.get("alt", "").split()))
    return f"![{alt}](<{src}>)" if src.startswith(("http://", "https://")) and not set(src) & set("<>\n") else ""


def _absolute(address: str, base: str) -> str:
    try:
        return urljoin(base, address) if base and address else address
    except ValueError:
        return address


def _one_line(text: str) -> str:
    return " ".join(text.replace(_BREAK, " ").split())


def _marked(text: str, mark: str) -> str:
    """Emphasis around the words, not around the spaces beside them: `** a **` is none."""
    inner = text.strip(f" \n\t{_BREAK}")
    if not inner or "\n\n" in inner or _BREAK * 2 in inner:
        return text
    before, after = text.split(inner, 1)
    return f"{before}{mark}{inner}{mark}{after}"


def _link(text: str, href: str) -> str:
    words = _one_line(text)
    if not href or set(href) & set("<>\n"):
        return text
    return f"[{words}](<{href}>)" if words else ""


def _code(text: str) -> str:
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{_one_line(text)}{pad}{ticks}" if _one_line(text) else ""


def _fence(text: str) -> str:
    return "`" * max(3, max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)


def _table(text: str) -> str:
    rows = [row.split("\0")[:-1] for row in text.split("\n") if "\0" in row]
    if not rows:
        return f"\n\n{text}\n\n"
    width = max(len(row) for row in rows)
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    return "\n\n" + "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]]) + "\n\n"


def _start_escaped(text: str) -> str:
    """Words that begin like a heading or a list item, so that they stay words."""
    text = re.sub(r"^(\s*)(#{1,6}|[-+])(?=\s|\Z)", r"\1\\\2", text)
    return re.sub(r"^(\s*\d+)([.)])(?=\s|\Z)", r"\1\\\2", text)


def _tidy(text: str) -> str:
    """A block's text: a break within words, two of them a new paragraph, none at its ends."""
    text = text.strip(f" \t\n{_BREAK}")
    if _BREAK in text:
        text = re.sub(rf"[ \t\n]*(?:{_BREAK}[ \t\n]*)+", _broken, text)
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _broken(match: re.Match[str]) -> str:
    return "\n\n" if match[0].count(_BREAK) > 1 or "\n\n" in match[0] else "\\\n"
