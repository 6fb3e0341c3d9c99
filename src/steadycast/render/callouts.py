"""Callouts (`> [!NOTE]`) as quotations with a title, which every channel and every reader takes."""

from __future__ import annotations

import re

_DIV = re.compile(r"<div(?P<attributes>[^>]*)>\n?|</div>\n?")
_KIND = re.compile(r'^ class="callout" data-callout="([^"]*)"')
_PARTS = {' class="callout-title"': "title", ' class="callout-content"': "content"}
_BEGINS = {"title": "<p><strong>", "content": ""}
_ENDS = {"callout": "</blockquote>\n", "title": "</strong></p>\n", "content": ""}
_TITLE = re.compile(r"<!--([^<>-]*)-->(<p><strong>)([^<\n]*)(?:\n(?=</strong>))?")
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
    open_: list[str] = []  # what each open `div` is: `</div>` alone tells nothing

    def written(found: re.Match[str]) -> str:
        attributes = found["attributes"]
        if attributes is None:
            return _ENDS.get(open_.pop() if open_ else "", found[0])
        if kind := _KIND.match(attributes):
            open_.append("callout")
            return f"<blockquote>\n<!--{kind[1]}-->"
        open_.append(_PARTS.get(attributes, ""))
        return _BEGINS.get(open_[-1], found[0])

    return _TITLE.sub(_titled, _DIV.sub(written, html))


def _titled(found: re.Match[str]) -> str:
    kind, begins, title = found[1].lower(), found[2], found[3]
    sign = _TITLES.get(kind, "")
    if title.lower() == kind and sign:
        return begins + sign
    return f"{begins}{sign} {title}" if sign else begins + title
