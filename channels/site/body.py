"""A post's HTML as part of a page: headings below the page's own, pictures with sizes and captions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from steadycast.platform import Media, Post, media_name

_HEADING = re.compile(r"<(/?)h([1-6])\b")
_PICTURE = re.compile(r"<img\b[^>]*>")
_BOX = re.compile(r'<input\b(?=[^>]* type="checkbox")([^>]*)>')


def body(post: Post, base: str, words: Mapping[str, str]) -> str:
    """The post's HTML with its files under `base`."""
    files = {f"media:{m.sha256}": m for m in post.of("image")}
    html = _PICTURE.sub(lambda found: _sized(found[0], files), post.html)
    html = _BOX.sub(lambda m: f'<input aria-label="{words["done" if " checked" in m[1] else "to_do"]}"{m[1]}>', html)
    html = html.replace("<pre", '<pre tabindex="0"')  # what scrolls sideways can be reached from a keyboard
    html = html.replace("<table", '<div class="wide" tabindex="0"><table').replace("</table>", "</table></div>")
    return replace(post, html=in_order(html)).html_with(lambda m: base + media_name(m))


def in_order(html: str) -> str:
    """`html` with its headings from h2 on and no level left out: h1 is the page's title."""
    open_: list[int] = []

    def placed(heading: re.Match[str]) -> str:
        level = int(heading[2])
        if not heading[1]:
            while open_ and open_[-1] >= level:
                open_.pop()
            open_.append(level)
        return f"<{heading[1]}h{min(6, 1 + len(open_))}"

    return _HEADING.sub(placed, html)


def _sized(tag: str, files: Mapping[str, Media]) -> str:
    """A picture's element with width and height, so that the text below it does not jump."""
    source = re.search(r' src="([^"]*)"', tag)
    media = files.get(source[1]) if source else None
    known = media and media.width and media.height and not re.search(r" (?:width|height)=", tag)
    sides = f' width="{media.width}" height="{media.height}"' if media and known else ""
    return f'{tag[:-1]}{sides} loading="lazy" decoding="async">'
