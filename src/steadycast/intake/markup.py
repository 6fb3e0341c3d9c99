"""A feed item's HTML as clean Markdown: what a reader sees, and nothing that could run. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import nh3

from steadycast.html_tree import Element, elements
from steadycast.on_demand import lazy_pattern

_TAGS = frozenset(
    "p br hr h1 h2 h3 h4 h5 h6 strong b em i del s a img ul ol li blockquote pre code table thead tbody tr th td "  # noqa: SIM905
    "div section article figure figcaption span sup sub".split()
)
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-actualsrc")  # where a script would find a picture
# Kept for the writer alone, which writes none of them.
_ATTRIBUTES = {"*": {"style", "hidden"}, "a": {"href"}, "img": {"src", "alt", "width", "height", *_LAZY}}
_SPACE = lazy_pattern(r"\s+")
_BREAK = "\x01"  # a <br>, until it is known what it stands in
_HIDDEN = lazy_pattern(r"(?:^|;)\s*display\s*:\s*none\b", re.IGNORECASE)
_BOLD = lazy_pattern(r"(?:^|;)\s*font-weight\s*:\s*(?:bold|[6-9]00)\b", re.IGNORECASE)
_DOT = lazy_pattern(
    r"\s*[01](?:px)?\s*|(?:.*;)?\s*(?:width|height)\s*:\s*[01](?:px)?\s*(?:;.*)?", re.IGNORECASE | re.DOTALL
)
_OPENED = lazy_pattern(r"<(/?)([a-z][a-z0-9]*)[^>]*>", re.IGNORECASE)
_CLOSED_BY_THE_NEXT = frozenset("p li td th tr dt dd option br hr img wbr input col area meta link source".split())  # noqa: SIM905
# What blogs add to each item of their feeds: that it is one of theirs.
_A_LINK = r"[《「]?\[[^\]\n]*\]\(<[^>\n]*>\)[》」]?"
_FIRST_ON = "(?:appeared first on|最先出现在|首先出现在|最早出现在)"
_ADVERT = lazy_pattern(rf"(?:^|\n\n)(?:The post |文章)?{_A_LINK}\s*{_FIRST_ON}\s*{_A_LINK}\s*[.。]?\s*\Z")
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "del": "~~", "s": "~~"}
_HEADINGS = {f"h{n}": "#" * n for n in range(1, 7)}
_BLOCKS = frozenset("p div section article figure figcaption blockquote ul ol li pre table tr".split())  # noqa: SIM905
_UNSPACED = frozenset("ul ol table tr tbody thead".split())  # noqa: SIM905 - line breaks in them say nothing
_SPECIAL = lazy_pattern(r"([\\`*_{}\[\]<>|~])")
# Of editors too: a draft's words are looked through.
EVERY_MARK = lazy_pattern(r"([\\`*_\[\]<>~|$=^{}%&!]|:(?=[\w+-]+:|::))")
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


_STYLED = lazy_pattern(r' (?:style="[^"]*"|hidden(?:="[^"]*")?)')


def _written(clean: str, base: str, special: re.Pattern[str]) -> str:
    return _tidy(_Writer(base, special).inside(Element("", inside=elements(clean))))


def _nested(html: str) -> int:
    """How deep tags stand in each other, at most."""
    depth = deepest = 0
    for closing, name in _OPENED.findall(html):
        if name.lower() not in _CLOSED_BY_THE_NEXT:
            depth = max(0, depth - 1) if closing else depth + 1
            deepest = max(deepest, depth)
    return deepest


@dataclass(frozen=True, slots=True)
class _Writer:
    base: str
    special: re.Pattern[str]

    def inside(self, of: Element, within: str = "") -> str:
        """The Markdown of all that stands in an element; `within` is "pre" or "code" where words are as they are."""
        pieces: list[str] = []
        number = 0
        for part in of.inside:
            if isinstance(part, str):
                piece = self.words(part, of.tag, pieces, within)
            elif part.tag == "li":
                piece = _item(self.written(part, within), number + 1 if of.tag == "ol" else 0)
            else:
                piece = self.written(part, within)
            number += piece.startswith("\n")
            pieces.append(piece)
        return "".join(pieces)

    def words(self, data: str, around: str, before: list[str], within: str) -> str:
        data = data.replace(_BREAK, "")
        if within:
            return data
        if around in _UNSPACED and data.isspace() and "\n" in data:
            return ""
        words = self.special.sub(r"\\\1", _SPACE.sub(" ", data))
        return words if any(piece.strip() for piece in before) else _start_escaped(words)

    def written(self, part: Element, within: str) -> str:
        tag, style = part.tag, part.attributes.get("style", "")
        if tag == "br":
            return "\n" if within == "pre" else _BREAK
        if tag == "hr":
            return "\n\n---\n\n"
        if "hidden" in part.attributes or _HIDDEN.search(style):
            return ""
        if tag == "img":
            return _picture(part.attributes, self.base)
        text = self.inside(part, "pre" if "pre" in (tag, within) else "code" if tag == "code" else within)
        if tag in _MARKS:
            return _marked(text, _MARKS[tag])
        if tag in _HEADINGS:
            return f"\n\n{_HEADINGS[tag]} {_one_line(text)}\n\n" if _one_line(text) else ""
        match tag:
            case "span" if _BOLD.search(style) and "**" not in text:
                return _marked(text, "**")
            case "a":
                return _link(text, _absolute(part.attributes.get("href", ""), self.base))
            case "code":
                return text if within == "pre" else _code(text)
            case "pre":
                fence = _ticks(text, 3)
                return f"\n\n{fence}\n{text.strip(chr(10))}\n{fence}\n\n"
            case "blockquote":
                return "\n\n" + "\n".join(f"> {line}".rstrip() for line in _tidy(text).split("\n")) + "\n\n"
            case "th" | "td":
                return _one_line(text) + "\0"
            case "tr":
                return text + "\n"
            case "table":
                return _table(text)
        return f"\n\n{_tidy(text)}\n\n" if tag in _BLOCKS and tag != "li" else text


def _item(text: str, number: int) -> str:
    mark = f"{number}. " if number else "- "
    return "\n" + mark + _tidy(text).replace("\n", "\n" + " " * len(mark))


def _picture(attributes: Mapping[str, str], base: str) -> str:
    """A picture by its address, where a script would find it too; none for the dot by which a server counts readers."""
    if any(_DOT.fullmatch(side) for name in ("width", "height", "style") if (side := attributes.get(name, ""))):
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
    ticks = _ticks(text, 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{_one_line(text)}{pad}{ticks}" if _one_line(text) else ""


def _ticks(text: str, least: int) -> str:
    """More backticks than stand together anywhere in `text`."""
    return "`" * max(least, 1 + max(map(len, re.findall("`+", text)), default=0))


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
