"""A post as a Ghost site takes it: what its editor knows as that, all else in HTML cards."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from steadycast.platform import Channel, Element, Limit, Post, cut, elements

from .answers import tag_of
from .api import Api

ALT = Limit(191)
OURS = re.compile(r"^[\s\ufeff#]+")  # a tag that begins with # is internal: a draft could pass for another one
INLINE = frozenset("a b br code em i s strong sub sup u".split())  # noqa: SIM905
KEPT: Mapping[str, frozenset[str]] = {  # what the editor keeps, and what may stand in it
    **dict.fromkeys(INLINE - {"br"}, INLINE),
    **dict.fromkeys(("p", "h1", "h2", "h3", "h4", "h5", "h6", "figcaption"), INLINE),
    **dict.fromkeys(("br", "hr", "img"), frozenset()),
    **dict.fromkeys(("ul", "ol"), frozenset({"li"})),
    "li": INLINE | {"p", "ul", "ol"},
    "blockquote": frozenset({"p"}),
    "figure": frozenset({"img", "figcaption"}),
}
BLOCKS = re.compile("blockquote|details|div|dl|figure|h[1-6]|hr|ol|p|pre|section|table|ul")
TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)[^>]*>")  # the sanitiser escapes > in attributes
VOID = frozenset({"br", "col", "hr", "img", "input", "wbr"})
# What means the same to the editor under another name, or only without one; and a box needs no dot before it.
SAME = (
    (re.compile(r"<(/?)del>"), r"<\1s>"),
    (re.compile(r"<span>([^<]*)</span>"), r"\1"),
    (re.compile(r"<li>(?=\s*(?:<p>)?<input)"), '<li style="list-style:none">'),
    (re.compile(r"<p>\s*(<img [^>]*>)\s*</p>"), r"<figure>\1</figure>"),
)


def fields(channel: Channel, api: Api, post: Post) -> dict[str, Any]:
    """The fields of the post, its files by their addresses: written again, they change nothing."""
    pictures = {file.sha256: api.file(file) for file in post.of("image")}
    body = body_of(post.html_with(pictures))
    tags = [*channel.settings["tags"], *(OURS.sub("", tag) for tag in post.tags), tag_of(post)]
    return {
        "title": post.title,
        "html": channel.render("content.html.j2", post=post, body=body, address=api.file),
        "custom_excerpt": post.summary or None,
        "canonical_url": post.canonical_url if re.match("https?://", post.canonical_url) else None,
        "feature_image": api.file(post.opening) if post.opening else None,
        "feature_image_alt": (cut(post.opening.alt, ALT) or None) if post.opening else None,
        "tags": [{"name": name} for name in dict.fromkeys(tags) if name.strip()],
    }


def body_of(html: str) -> str:
    """Sanitised HTML for the editor: blocks that it would lose something of stand in HTML cards, as they are."""
    for pattern, as_text in SAME:
        html = pattern.sub(as_text, html)
    targets = set(re.findall(r' href="#([^"]+)"', html))  # the editor drops an id, and then such a link leads nowhere
    made, card = list[str](), list[str]()
    for block in [*blocks(html), ""]:
        if block and not _kept(block, targets):
            card.append(f'<div style="overflow-x:auto">{block}</div>' if block.startswith("<table") else block)
            continue
        if card:
            made.append("\n".join(("<!--kg-card-begin: html-->", *card, "<!--kg-card-end: html-->")))
            card = []
        made.append(block)
    return "\n".join(made).strip()


def blocks(html: str) -> Iterator[str]:
    """What stands in `html` one after the other. Words outside of a block become one: a card would unescape them."""
    depth = begun = 0
    for tag in TAG.finditer(html):
        if depth == 0 and BLOCKS.fullmatch(tag[2]):
            yield from _paragraph(html[begun : tag.start()])
            begun = tag.start()
        depth += 0 if tag[2] in VOID else -1 if tag[1] else 1
        if depth == 0 and BLOCKS.fullmatch(tag[2]):
            yield html[begun : tag.end()]
            begun = tag.end()
    yield from _paragraph(html[begun:])


def _paragraph(words: str) -> Iterator[str]:
    if words.strip():
        yield f"<p>{words.strip()}</p>"


def _kept(block: str, targets: set[str]) -> bool:
    """Whether the editor keeps all of a block."""
    if re.match("<pre[^>]*><code", block):
        return True
    (element,) = elements(block)
    return isinstance(element, Element) and _all_kept(element, targets)


def _all_kept(element: Element, targets: set[str]) -> bool:
    inside = [part for part in element.inside if isinstance(part, Element)]
    return (
        element.tag in KEPT
        and element.attributes.get("id") not in targets
        and (element.tag != "li" or sum(part.tag == "p" for part in inside) <= 1)  # else they become one
        and all(part.tag in KEPT[element.tag] and _all_kept(part, targets) for part in inside)
    )
