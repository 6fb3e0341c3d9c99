"""Code blocks of sanitised HTML, coloured by Pygments or left plain; the same block is coloured once."""

from __future__ import annotations

import html as entities
import re
from functools import lru_cache
from typing import Any

_BLOCK = re.compile(r'<pre><code(?: class="(?:language-)?([^"]*)")?>([^<]*)</code></pre>')
_OWN_SPAN = re.compile(r"(<[^>]*>)")
LONGEST = 20_000  # characters; a longer block stays plain: lexers are regular expressions, and drafts are hostile


def colour(html: str, mode: str) -> str:
    """`html` with its code blocks as `mode` asks: `classes`, `inline` (also br and nbsp), or `plain`."""
    if "<pre>" not in html:
        return html
    return _BLOCK.sub(lambda m: _block(m[2], m[1] or "", mode), html)


def stylesheet(style: str = "default", selector: str = ".highlight") -> str:
    """CSS for the classes that `classes` writes; templates know it as `highlight_css`."""
    from pygments.formatters import HtmlFormatter

    css: str = HtmlFormatter(style=style).get_style_defs(selector)  # type: ignore[no-untyped-call]
    return css


@lru_cache(maxsize=1024)
def _block(code: str, language: str, mode: str) -> str:
    """One block; `code` is escaped HTML text."""
    inner = code
    if mode != "plain" and language and len(code) <= LONGEST:
        inner = _spans(entities.unescape(code), language, mode) or code
    if mode == "inline":
        return f"<pre><code>{_unbreakable(inner)}</code></pre>"
    if mode == "classes" and inner is not code:
        return f'<pre class="highlight"><code class="language-{entities.escape(language)}">{inner}</code></pre>'
    return f"<pre><code>{inner}</code></pre>"


def _spans(code: str, language: str, mode: str) -> str | None:
    """Pygments' spans, or None when it does not know the language."""
    lexer = _lexer(language)
    if lexer is None:
        return None
    from pygments import highlight

    marked: str = highlight(code, lexer, _formatter(mode))
    return marked


@lru_cache(maxsize=128)
def _lexer(language: str) -> Any:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=2)
def _formatter(mode: str) -> Any:
    from pygments.formatters import HtmlFormatter

    return HtmlFormatter(nowrap=True, noclasses=mode == "inline")


def _unbreakable(code: str) -> str:
    """`code` for editors that collapse white space inside pre: br for line ends, nbsp for spaces."""
    pieces = _OWN_SPAN.split(code.rstrip("\n"))
    for i in range(0, len(pieces), 2):
        pieces[i] = pieces[i].replace("\t", "    ").replace(" ", "&nbsp;").replace("\n", "<br>")
    return "".join(pieces)
