"""A finished body as one platform takes it: links, bullets, code, elements and styles by its RenderRule."""

from __future__ import annotations

import html as entities
import re
from functools import lru_cache

from steadycast.draft.maths import linear
from steadycast.draft.spelling import scripts_spelled
from steadycast.html_tree import TAG, VOID
from steadycast.platform import RenderRule
from steadycast.render.bullets import write_bullets
from steadycast.render.highlight import colour
from steadycast.render.inline_style import Style, merged
from steadycast.render.lexer import ANCHOR, Links, Numbered, attribute, box, is_of, says_its_url, web_links, words

_MARKS = re.compile(r' (?:class|id|rel)="[^"]*"')
_SIDES = re.compile(r' (width|height)="(\d+)"')
_BOX = re.compile(r"<li>\s*<input([^>]*)>\s*(<p>)?")
_TWINS = {"strong": "b", "b": "strong", "em": "i", "i": "em", "del": "s", "s": "del", "mark": "strong"}
_TWINS |= {f"h{n}": "p" for n in range(1, 7)}
_TWINS |= dict.fromkeys(("figcaption", "caption", "summary", "dt", "dd"), "p")
_LINES = frozenset(
    "p div li tr dt dd figcaption caption summary pre blockquote h1 h2 h3 h4 h5 h6".split()  # noqa: SIM905
)

_SHORT, _MOST, _DEEP = 40, 400, 6  # characters of a tag, tags and open elements that are worth remembering


def render(html: str, rule: RenderRule, style: Style | None = None) -> tuple[str, Numbered]:
    """`html` by `rule`, and its links: with `links = "footnotes"` the numbered ones, else every one, in order."""
    if rule.math == "text":
        html = linear(html)
    if rule.tags and not {"sup", "sub"} <= set(rule.tags):
        html = scripts_spelled(html)
    every_link_stays = rule.links == "keep" and (rule.classes or ' href="#' not in html)
    links = web_links(html) if every_link_stays else ()
    html = colour(html, rule.code if rule.classes or rule.code == "inline" else "plain")
    if not every_link_stays:
        html, links = _with_links_changed(html, rule)
    if rule.bullets == "literal":
        html = write_bullets(html)
    elif not rule.classes and "<input" in html:
        # Where the element is dropped, what was done would be lost with it.
        html = _BOX.sub(lambda m: f'<li style="list-style-type:none">{m[2] or ""}{box(m[1])} ', html)
    if rule.links == "footnotes" and links:
        html += _footnotes(rule, links)
    if rule.tags or not rule.classes or style is not None:
        html = _elements(rule, style or _PLAIN).write(html)
    return html, links


def _with_links_changed(html: str, rule: RenderRule) -> tuple[str, Numbered]:
    """Links stay, or their words stay, with a number where the list at the end has one."""
    links, footnotes = Links(), rule.links == "footnotes"
    mark = "<sup>[{}]</sup>" if not rule.tags or "sup" in rule.tags else "[{}]"

    def changed(match: re.Match[str]) -> str:
        href, inside = attribute(match[1], "href"), match[2]
        stays = _stays(href, rule)
        if stays == footnotes or not href.startswith("http"):
            return match[0] if stays else inside
        text = words(inside)
        if stays:
            links.number(text, href)
            return match[0]
        return inside if not text or says_its_url(text, href) else inside + mark.format(links.number(text, href))

    return ANCHOR.sub(changed, html), tuple(links.all)


def _stays(href: str, rule: RenderRule) -> bool:
    if href.startswith("#"):  # what it points at has lost its id where classes go
        return rule.links == "keep" and rule.classes
    return rule.links == "keep" or (rule.links == "footnotes" and is_of(href, rule.link_hosts))


def _worth_a_look(allowed: frozenset[str], style: Style) -> re.Pattern[str]:
    """The tags that may change: every one, or those with attributes or a style, and the ends that a selector needs.

    A span with a style is a piece of coloured code.
    """
    if allowed:
        return TAG
    ends = "|".join(sorted({"table", *style.ancestors}))
    names = "|".join(sorted({"table", *style.names, *style.ancestors}))
    return re.compile(
        rf"<(?:(/)(?=(?:{ends})>)|(?=(?:{names})[ >])|(?=[a-z0-9]+ )(?!span style))([a-z][a-z0-9]*)[^>]*>"
    )


def _footnotes(rule: RenderRule, links: Numbered) -> str:
    def escaped(text: str) -> str:
        return entities.escape(text, quote=False)

    lines = (f"[{n}] {escaped(text)}: <i>{escaped(url)}</i>" for n, (text, url) in enumerate(links, 1))
    return f"\n<h4>{escaped(rule.footnotes_title)}</h4>\n<p>{'<br>'.join(lines)}</p>\n"


class _Elements:
    """Each tag as the platform takes it: unwrapped or as its twin, with its style, without class and id."""

    def __init__(self, rule: RenderRule, style: Style) -> None:
        self._allowed = frozenset(rule.tags)
        self._classes = rule.classes
        self._style = style
        self._worth_a_look = _worth_a_look(self._allowed, style)
        self._newline = "<br>" if "br" in self._allowed else "\n"
        self._scrolls = not rule.classes and (not self._allowed or {"section", "table"} <= self._allowed)
        self._known: dict[tuple[str, ...], dict[str, str]] = {}  # by the open elements: a tag, and what it becomes

    def write(self, html: str) -> str:
        around: tuple[str, ...] = ()  # the open elements that a selector names
        known = self._known.setdefault(around, {})
        ancestors = self._style.ancestors

        def written(match: re.Match[str]) -> str:
            nonlocal around, known
            tag = match[0]
            text = known.get(tag)
            if text is not None:
                return text
            name = match[2]
            text = self._closing(name) if match[1] else self._opening(name, tag, around)
            if name in ancestors:
                if name not in VOID:
                    around = around[:-1] if match[1] else (*around, name)
                    known = self._known.setdefault(around, {}) if len(around) < _DEEP else {}
            elif len(tag) < _SHORT and len(known) < _MOST:
                known[tag] = text
            return text

        return self._worth_a_look.sub(written, html)

    def _name(self, name: str) -> str:
        """`name`, its twin, or "" where neither is allowed."""
        if not self._allowed or name in self._allowed:
            return name
        twin = _TWINS.get(name, "")
        return twin if twin in self._allowed else ""

    def _opening(self, name: str, tag: str, around: tuple[str, ...]) -> str:
        as_name = self._name(name)
        if not as_name:
            return self._newline if name in {"br", "hr"} else ""
        opened = tag if as_name == name else f"<{as_name}>"
        declarations = self._style.of(as_name, around)
        if " align=" in opened and "text-align:" in declarations:  # a style wins over the attribute
            declarations = merged(declarations, f"text-align:{attribute(opened, 'align')}")
        if not self._classes:
            opened = _MARKS.sub("", opened)
            if name == "img":
                sides = _SIDES.findall(opened)
                opened = _SIDES.sub("", opened)
                if "height:auto" in declarations:  # a picture that is made narrower stays in its shape
                    sides = [(side, px) for side, px in sides if side == "width"]
                declarations = merged(declarations, *(f"{side}:{px}px" for side, px in sides))
        if declarations and " style=" not in opened:
            opened = f'{opened[:-1]} style="{declarations}">'
        return f'<section style="overflow-x:auto">{opened}' if name == "table" and self._scrolls else opened

    def _closing(self, name: str) -> str:
        as_name = self._name(name)
        if as_name:
            return f"</{as_name}>" + ("</section>" if name == "table" and self._scrolls else "")
        return self._newline if name in _LINES else " " if name in {"td", "th"} else ""


_elements = lru_cache(maxsize=64)(_Elements)
_PLAIN = Style()
