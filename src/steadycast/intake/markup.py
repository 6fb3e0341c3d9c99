"""A feed item's HTML as clean Markdown: what a reader sees, and nothing that could run. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

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
_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}}
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
MAX_DEPTH = 100


def markdown(html: str) -> str:
    """HTML as Markdown: headings, lists, quotations, code, tables, links and pictures by their http addresses."""
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
        strip_comments=True,
    )
    writer = _Writer()
    writer.feed(clean)
    writer.close()
    return writer.result()


@dataclass(slots=True)
class _Part:
    """An open element, and the Markdown of what it holds so far."""

    tag: str
    attributes: dict[str, str]
    pieces: list[str] = field(default_factory=list)


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[_Part] = [_Part("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "br":
            self.add("\n" if self.inside("pre") else "\\\n")
        elif tag == "hr":
            self.add("\n\n---\n\n")
        elif tag == "img":
            self.add(_picture(attributes))
        elif len(self.open) < MAX_DEPTH:
            self.open.append(_Part(tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag == tag and len(self.open) > 1:
            part = self.open.pop()
            self.add(self.written(part))

    def handle_data(self, data: str) -> None:
        if self.inside("pre") or self.inside("code"):
            self.add(data)
        elif not (
            data.isspace() and "\n" in data and self.open[-1].tag in {"ul", "ol", "table", "tr", "tbody", "thead"}
        ):
            words = _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", data))
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
        if part.tag in _MARKS:
            return _marked(text, _MARKS[part.tag])
        if part.tag in _HEADINGS:
            return f"\n\n{_HEADINGS[part.tag]} {' '.join(text.split())}\n\n" if text.strip() else ""
        if part.tag == "a":
            return _link(text, part.attributes.get("href", ""))
        if part.tag == "code":
            return text if self.inside("pre") else _code(text)
        if part.tag == "pre":
            return f"\n\n{_fence(text)}\n{text.strip(chr(10))}\n{_fence(text)}\n\n"
        if part.tag == "blockquote":
            return "\n\n" + "\n".join(f"> {line}".rstrip() for line in _tidy(text).split("\n")) + "\n\n"
        if part.tag == "li":
            return self.item(text)
        if part.tag in {"th", "td"}:
            return " ".join(text.split()) + "\0"
        if part.tag == "tr":
            return text + "\n"
        if part.tag == "table":
            return _table(text)
        return f"\n\n{text.strip()}\n\n" if part.tag in _BLOCKS else text

    def item(self, text: str) -> str:
        siblings = self.open[-1]
        number = sum(piece.startswith("\n") for piece in siblings.pieces) + 1
        mark = f"{number}. " if siblings.tag == "ol" else "- "
        return "\n" + mark + _tidy(text).replace("\n", "\n" + " " * len(mark))


def _picture(attributes: dict[str, str]) -> str:
    src = attributes.get("src", "")
    alt = _SPECIAL.sub(r"\\\1", " ".join(attributes.get("alt", "").split()))
    return f"![{alt}](<{src}>)" if src.startswith(("http://", "https://")) and not set(src) & set("<>\n") else ""


def _marked(text: str, mark: str) -> str:
    """Emphasis around the words, not around the spaces beside them: `** a **` is none."""
    inner = text.strip()
    if not inner or "\n\n" in inner:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{mark}{inner}{mark}{after}"


def _link(text: str, href: str) -> str:
    words = " ".join(text.split())
    if not href or set(href) & set("<>\n"):
        return text
    return f"[{words}](<{href}>)" if words else ""


def _code(text: str) -> str:
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{' '.join(text.split())}{pad}{ticks}" if text.strip() else ""


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
    text = re.sub(r"^(\s*)(#{1,6}|[-+])(?=\s)", r"\1\\\2", text)
    return re.sub(r"^(\s*\d+)([.)])(?=\s)", r"\1\\\2", text)


def _tidy(text: str) -> str:
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
