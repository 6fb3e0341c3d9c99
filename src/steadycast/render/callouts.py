"""Callouts (`> [!NOTE]`) as quotations with a title, which every channel and every reader takes."""

from __future__ import annotations

import re

_DIV = re.compile(r"<div(?P<attributes>[^>]*)>\n?|</div>\n?")
_KIND = re.compile(r'^ class="callout" data-callout="([^"]*)"')
# A callout without a title of its own: the parser's would be English.
_TITLES = {
    kind: sign
    for sign, kinds in {
        "ℹ️": "note info",
        "📋": "abstract summary tldr",
        "💡": "tip hint",
        "❗": "important",
        "⚠️": "warning caution attention danger error",
        "✅": "success check done",
        "❓": "question help faq",
        "📎": "example",
    }.items()
    for kind in kinds.split()
}


def as_quotations(html: str) -> str:
    """`html` as the parser made it, its callouts as quotations."""
    if ' data-callout="' not in html:
        return html
    return _Callouts().written(html)


class _Callouts:
    """What each open `div` is: `</div>` alone tells nothing."""

    def __init__(self) -> None:
        self._open: list[str] = []

    def written(self, html: str) -> str:
        return _TITLE.sub(_titled, _DIV.sub(self._div, html))

    def _div(self, found: re.Match[str]) -> str:
        attributes = found["attributes"]
        if attributes is None:
            return {"callout": "</blockquote>\n", "title": "</strong></p>\n", "content": ""}.get(
                self._open.pop() if self._open else "", found[0]
            )
        if kind := _KIND.match(attributes):
            self._open.append("callout")
            return f"<blockquote>\n<!--{kind[1]}-->"
        inside = {' class="callout-title"': "title", ' class="callout-content"': "content"}.get(attributes, "div")
        self._open.append(inside)
        return {"title": "<p><strong>", "content": ""}.get(inside, found[0])


_TITLE = re.compile(r"<!--([^<>-]*)-->(<p><strong>)([^<\n]*)(?:\n(?=</strong>))?")


def _titled(found: re.Match[str]) -> str:
    kind, begins, title = found[1].lower(), found[2], found[3]
    sign = _TITLES.get(kind, "")
    if title.lower() == kind and sign:
        return begins + sign
    return f"{begins}{sign} {title}" if sign else begins + title
