"""A finished body as one platform takes it: links, styles, bullets, code and elements by its RenderRule."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable

from steadycast.channel import RenderRule
from steadycast.render.highlight import colour
from steadycast.render.lexer import SPLIT, VOID, Links, attributes, is_of, says_its_url, words
from steadycast.render.style import Style

_NAME = re.compile(r"</?([a-z][a-z0-9]*)")
_MARKS = re.compile(r' (?:class|id|rel|start|reversed)="[^"]*"')
_TWINS = {"strong": "b", "b": "strong", "em": "i", "i": "em", "del": "s", "s": "del"} | {
    f"h{n}": "p" for n in range(1, 7)
}
_TWINS |= dict.fromkeys(("figcaption", "caption", "summary", "dt", "dd"), "p")
_LINES = frozenset("p div li tr dt dd figcaption caption summary pre blockquote h1 h2 h3 h4 h5 h6".split())  # noqa: SIM905
_NO_BULLET_YET = frozenset({"p", "ul", "ol", "div"})


def render(html: str, rule: RenderRule, style: Style | None = None) -> tuple[str, tuple[tuple[str, str], ...]]:
    """`html` by `rule`, and its links: with `links = "footnotes"` the numbered ones, else every one, in order."""
    html = colour(html, rule.code if rule.classes or rule.code == "inline" else "plain")
    writer = _Writer(rule, style or Style())
    if rule == _plain(rule) and style is None:
        return html, writer.every_link(html)
    return writer.write(html), tuple(writer.links.all)


def _plain(rule: RenderRule) -> RenderRule:
    """What `rule` would be if it left the HTML as it is."""
    return RenderRule(
        footnotes_title=rule.footnotes_title,
        link_hosts=rule.link_hosts,
        code=rule.code,
        thread=rule.thread,
        text_links=rule.text_links,
    )


class _List:
    """One open list: its numbering, and the lists inside it that wait for their li to close."""

    def __init__(self, ordered: bool, first: int) -> None:
        self.ordered = ordered
        self.next = first
        self.waiting: list[list[str]] = []


class _Writer:
    """One pass over the pieces of the HTML; text is copied, tags go through a method each, or through `_open`."""

    def __init__(self, rule: RenderRule, style: Style) -> None:
        self.links = Links()
        self._rule = rule
        self._style = style
        self._allowed = frozenset(rule.tags)
        self._out: list[str] = []
        self._open_names: list[str] = []  # as in the source
        self._closings: list[str] = []  # what closes each of them in the output
        self._lists: list[_List] = []
        self._held: list[list[str]] = []  # outputs that a nested list has put aside
        self._bullet = ""
        self._anchors: list[tuple[str, int, str]] = []  # href, where its words begin, its opening tag
        self._cache: dict[str, tuple[str, str]] = {}  # tag -> what opens it, what closes it
        self._keeps_links = rule.links == "keep"
        self._starts: dict[str, Callable[[str], None]] = {"a": self._a, "img": self._img, "table": self._table}
        self._ends: dict[str, Callable[[], None]] = {"a": self._a_end}
        if rule.bullets == "literal":
            self._starts |= {"ul": self._list, "ol": self._list, "li": self._li, "input": self._box}
            self._ends |= {"ul": self._list_end, "ol": self._list_end, "li": self._li_end}
        elif self._allowed and "input" not in self._allowed:
            self._starts["input"] = self._box

    def write(self, html: str) -> str:
        pieces = SPLIT.split(html)
        for i in range(0, len(pieces) - 1, 2):
            text, tag = pieces[i], pieces[i + 1]
            if text:
                self._text(text)
            if tag[1] == "/":
                self._end()
            else:
                self._start(tag)
        self._text(pieces[-1])
        if self._rule.links == "footnotes" and self.links.all:
            self._footnotes()
        return "".join(self._out)

    def every_link(self, html: str) -> tuple[tuple[str, str], ...]:
        """The links of HTML that is left as it is."""
        for found in _ANCHOR.finditer(html):
            self.links.number(words(found[2]), entities.unescape(found[1]))
        return tuple(self.links.all)

    def _text(self, text: str) -> None:
        if self._bullet and not text.isspace():
            self._out.append(self._bullet)
            self._bullet = ""
            text = text.lstrip()
        self._out.append(text)

    def _start(self, tag: str) -> None:
        name = _name(tag)
        if self._bullet and name not in _NO_BULLET_YET and name != "input":
            self._out.append(self._bullet)
            self._bullet = ""
        special = self._starts.get(name)
        if special:
            special(tag)
        else:
            self._open(name, tag)

    def _end(self) -> None:
        special = self._ends.get(self._open_names[-1])
        if special:
            special()
        else:
            self._close()

    def _open(self, name: str, tag: str) -> None:
        """Write `tag` with its style, as its twin, or not at all; remember what closes it."""
        opened, closing = self._opened(name, tag)
        self._out.append(opened)
        if name not in VOID:
            self._open_names.append(name)
            self._closings.append(closing)

    def _close(self) -> None:
        self._open_names.pop()
        self._out.append(self._closings.pop())

    def _opened(self, name: str, tag: str) -> tuple[str, str]:
        known = self._cache.get(tag)
        if known:
            return known
        as_name = name
        if self._allowed and name not in self._allowed:
            as_name = _TWINS.get(name, "")
            if as_name not in self._allowed:
                return self._unwrapped(name)
        opened = tag if self._rule.classes else _MARKS.sub("", tag)
        if as_name != name:
            opened = f"<{as_name}>"
        declarations = self._style.of(as_name, self._open_names)
        if declarations and " style=" not in opened:
            opened = f'{opened[:-1]} style="{declarations}">'
        closing = "" if name in VOID else f"</{as_name}>"
        if as_name in self._style.plain or not self._style.knows(as_name):  # the elements around it do not matter
            self._cache[tag] = (opened, closing)
        return opened, closing

    def _unwrapped(self, name: str) -> tuple[str, str]:
        """Nothing, but where the element made a line of its own, the line's end stays."""
        newline = "<br>" if "br" in self._allowed else "\n"
        if name in {"br", "hr"}:
            return newline, ""
        return "", newline if name in _LINES else " " if name in {"td", "th"} else ""

    def _may(self, name: str) -> bool:
        return not self._allowed or name in self._allowed

    # Links

    def _a(self, tag: str) -> None:
        href = attributes(tag).get("href", "")
        self._anchors.append((href, len(self._out), tag))
        self._open_names.append("a")
        self._closings.append("")
        self._out.append("")  # the opening tag, when the link stays one

    def _a_end(self) -> None:
        href, at, tag = self._anchors.pop()
        self._open_names.pop()
        self._closings.pop()
        text = words("".join(self._out[at:]))
        if self._stays(href):
            opened, closing = self._opened("a", tag)
            self._out[at] = opened
            self._out.append(closing)
            if self._keeps_links and href.startswith("http"):
                self.links.number(text, href)
        elif self._rule.links == "footnotes" and href.startswith("http") and text and not says_its_url(text, href):
            mark = f"[{self.links.number(text, href)}]"
            self._out.append(f"<sup>{mark}</sup>" if self._may("sup") else mark)

    def _stays(self, href: str) -> bool:
        if href.startswith("#"):
            return self._keeps_links and self._rule.classes
        if self._keeps_links:
            return bool(href)
        return self._rule.links == "footnotes" and is_of(href, self._rule.link_hosts)

    def _footnotes(self) -> None:
        title = entities.escape(self._rule.footnotes_title, quote=False)
        lines = [
            f"[{n}] {entities.escape(text, quote=False)}: {self._wrapped('i', entities.escape(url, quote=False))}"
            for n, (text, url) in enumerate(self.links.all, 1)
        ]
        newline = "<br>" if self._may("br") else "\n"
        self._out.append(f"\n{self._wrapped('h4', title)}\n{self._wrapped('p', newline.join(lines))}\n")

    def _wrapped(self, name: str, inner: str) -> str:
        opened, closing = self._opened(name, f"<{name}>")
        return f"{opened}{inner}{closing}"

    # Pictures and tables

    def _img(self, tag: str) -> None:
        if not self._rule.classes:
            found = attributes(tag)
            sizes = [f"{side}:{found[side]}px" for side in ("width", "height") if found.get(side, "").isdigit()]
            tag = re.sub(r' (?:width|height)="[^"]*"', "", tag)
            declarations = ";".join(filter(None, (self._style.of("img", self._open_names), *sizes)))
            if declarations:
                tag = f'{tag[:-1]} style="{declarations}">'
        self._open("img", tag)

    def _table(self, tag: str) -> None:
        """A wide table scrolls in its own box where a style sheet cannot make it."""
        opened, closing = self._opened("table", tag)
        if not self._rule.classes and self._may("section") and self._may("table"):
            opened, closing = f'<section style="overflow-x:auto">{opened}', f"{closing}</section>"
        self._out.append(opened)
        self._open_names.append("table")
        self._closings.append(closing)

    # Lists with their bullets written out

    def _list(self, tag: str) -> None:
        name = _name(tag)
        if self._lists:
            self._held.append(self._out)
            self._out = []
        first = attributes(tag).get("start", "1")
        self._lists.append(_List(name == "ol", int(first) if first.lstrip("-").isdigit() else 1))
        self._open(name, tag)

    def _list_end(self) -> None:
        self._close()
        self._lists.pop()
        self._bullet = ""
        if self._held and self._lists:
            self._lists[-1].waiting.append(self._out)
            self._out = self._held.pop()

    def _li(self, tag: str) -> None:
        self._open("li", tag)
        if self._lists:
            here = self._lists[-1]
            self._bullet = f"{here.next}. " if here.ordered else "• "
            here.next += 1

    def _li_end(self) -> None:
        self._bullet = ""
        while self._out and self._out[-1].isspace():
            self._out.pop()
        self._close()
        if self._lists:
            for nested in self._lists[-1].waiting:
                self._out += ["\n", *nested]
            self._lists[-1].waiting.clear()

    def _box(self, tag: str) -> None:
        self._bullet = ""
        self._out.append("☑" if " checked" in tag else "☐")


_ANCHOR = re.compile(r'<a href="(https?:[^"]*)"[^>]*>(.*?)</a>', re.DOTALL)


def _name(tag: str) -> str:
    found = _NAME.match(tag)
    return found[1] if found else ""
