"""Markdown to HTML: CommonMark, tables, footnotes, task lists, strikethrough; and emphasis that works in Chinese."""

from __future__ import annotations

import itertools

import comrak

from steadycast.characters import WIDE
from steadycast.draft.commonmark import EXTENSIONS, OF_HTML, disguised, undisguised
from steadycast.on_demand import lazy_pattern
from steadycast.render.callouts import as_quotations

# Autolinks are left to `lexer.autolink`: comrak's takes the Chinese sentence after a URL for a part of it.
# Ids begin with `h-` so that no heading can name itself after something the page around it relies on.
_EXTENSIONS = comrak.ExtensionOptions(**EXTENSIONS, header_id_prefix="h-")
_EXTENSIONS_OF_HTML = comrak.ExtensionOptions(**OF_HTML, header_id_prefix="h-")
_PARSE = comrak.ParseOptions()
_RENDER = comrak.RenderOptions(unsafe_=True)  # raw HTML passes here, and meets the sanitiser next

_ANCHOR = lazy_pattern(r'<a href="#[^"]*" aria-label="[^"]*" data-heading-content="[^"]*" class="anchor"></a>')
_BACKREF = lazy_pattern(
    r' <a href="[^"]*" class="footnote-backref".*?</a>(?=</| <a href="[^"]*" class="footnote-backref")'
)


def to_html(body: str, *, of_html: bool = False) -> str:
    """The body's HTML, not yet sanitised; headings carry ids, footnotes stand in a section at the end."""
    extensions = _EXTENSIONS_OF_HTML if of_html else _EXTENSIONS
    html = undisguised(comrak.markdown_to_html(disguised(body, of_html=of_html), extensions, _PARSE, _RENDER))
    html = as_quotations(_ANCHOR.sub("", html))
    return _BACKREF.sub("", html) if 'class="footnote-backref"' in html else html


_INLINE = r"(?:</?(?:a|abbr|b|cite|code|del|em|i|ins|kbd|mark|q|s|small|span|strong|sub|sup|u)\b[^>]*>)*"
_HAN = f"[{WIDE}]"
_HAN_BEGINS = lazy_pattern(_INLINE + _HAN)
_MAY_JOIN = lazy_pattern(f"\n(?={_INLINE}{_HAN})")
_HAN_ENDS = lazy_pattern(f"{_HAN}{_INLINE}$")


def join_lines(html: str) -> str:
    """`html` without the line breaks between two Han characters, which a browser would show as a space."""
    if not _MAY_JOIN.search(html):
        return html
    lines = html.split("\n")
    joined = [lines[0]]
    fenced = "<pre" in lines[0] and "</pre>" not in lines[0]
    for before, line in itertools.pairwise(lines):
        if not fenced and _HAN_BEGINS.match(line) and _HAN_ENDS.search(before, max(0, len(before) - 300)):
            joined[-1] += line
        else:
            joined.append(line)
        if "<pre" in line or "</pre>" in line:
            fenced = line.rfind("<pre") > line.rfind("</pre>")
    return "\n".join(joined)
