"""Code blocks of sanitised HTML, coloured by Pygments or left plain; the same block is coloured once.

Lexers are regular expressions, and drafts are hostile: a block of line breaks took half a minute. So a child process
colours them, and has two seconds for all of a draft.
"""

from __future__ import annotations

import html as entities
import re
from functools import lru_cache
from typing import Any

from steadycast.render.worker import Worker

_BLOCK = re.compile(r'<pre><code(?: class="(?:language-)?([^"]*)")?>([^<]*)</code></pre>')
_NAMED_BLOCK = re.compile(r'<pre><code class="[^"]*">(?=[^<]*</code></pre>)')
_OWN_SPAN = re.compile(r"(<[^>]*>)")
_LANGUAGE = re.compile(r"[a-z0-9][a-z0-9+#._-]{0,29}", re.IGNORECASE)
LONGEST = 20_000  # characters; a longer block stays plain
MOST = 100_000  # characters of a draft that are coloured: the rest stays plain
# What people write about, by Pygments' names. It has 540 more, and a third of those take time by the square.
LANGUAGES = frozenset(
    "Ada|ApacheConf|Awk|Bash|Bash Session|Batchfile|C|C#|C++|CMake|COBOL|CSS|Clojure|CoffeeScript|Common Lisp|Crystal|"  # noqa: SIM905
    "CUDA|D|Dart|Delphi|Diff|Django/Jinja|Docker|Elixir|Elm|EmacsLisp|Erlang|F#|Fish|Fortran|GAS|GLSL|Gherkin|Go|"
    "GraphQL|Groovy|HTML|HTTP|Haskell|INI|JSON|JSON5|JSX|Java|JavaScript|Julia|Kotlin|LLVM|LessCss|Lua|Matlab|Makefile|"
    "Markdown|MySQL|NASM|Nginx configuration file|Nimrod|Nix|OCaml|Objective-C|PHP|Perl|PostgreSQL SQL dialect|"
    "PowerShell|Prolog|Properties|Protocol Buffer|Python|Python Traceback|Python console session|Racket|S|Ruby|Rust|"
    "SCSS|SQL|Sass|Scala|Scheme|Solidity|Swift|Systemd|TOML|TSX|Tcl|TeX|Terraform|TypeScript|VB.net|vhdl|VimL|Vue|"
    "WebAssembly|XML|YAML|Zig|reStructuredText|verilog".split("|")
)
_worker = Worker("steadycast.render.text_worker", longest=64 << 20)
_coloured: dict[tuple[str, str, str], str | None] = {}
_KEPT = 1024


def colour(html: str, mode: str) -> str:
    """`html` with its code blocks as `mode` asks: `classes`, `inline` (also br and nbsp), or `plain`."""
    if "<pre>" not in html:
        return html
    if mode == "plain":
        return _NAMED_BLOCK.sub("<pre><code>", html)
    known = _in_colours(html, mode)
    return _BLOCK.sub(lambda m: _block(m[2], m[1] or "", mode, known.get((m[2], m[1] or ""))), html)


def stylesheet(style: str = "default", selector: str = ".highlight") -> str:
    """CSS for the classes that `classes` writes; templates know it as `highlight_css`."""
    from pygments.formatters import HtmlFormatter

    css: str = HtmlFormatter(style=style).get_style_defs(selector)  # type: ignore[no-untyped-call]
    return css


def _block(code: str, language: str, mode: str, in_colours: str | None) -> str:
    """One block; `code` is escaped HTML text."""
    if mode == "inline":
        return f"<pre><code>{_unbreakable(in_colours or code)}</code></pre>"
    if mode == "classes" and in_colours:
        return f'<pre class="highlight"><code class="language-{entities.escape(language)}">{in_colours}</code></pre>'
    return f"<pre><code>{in_colours or code}</code></pre>"


def _in_colours(html: str, mode: str) -> dict[tuple[str, str], str | None]:
    """(escaped code, language) -> its spans, of the blocks that can be coloured; a child makes them, in time."""
    wanted, left = dict[tuple[str, str], None](), MOST
    for block in _BLOCK.finditer(html):
        language, code = block[1] or "", block[2]
        if _LANGUAGE.fullmatch(language) and len(code) <= LONGEST and (code, language) not in wanted:
            left -= len(code)
            if left < 0:
                break
            wanted[code, language] = None
    fresh = [block for block in wanted if (*block, mode) not in _coloured]
    if fresh:
        blocks = [(entities.unescape(code), language) for code, language in fresh]
        found = _worker.ask({"op": "colour", "blocks": blocks, "mode": mode}).get("spans") or [None] * len(fresh)
        if len(_coloured) > _KEPT:
            _coloured.clear()
        _coloured.update({(*block, mode): each for block, each in zip(fresh, found, strict=True)})
    return {block: _coloured.get((*block, mode)) for block in wanted}


def spans(code: str, language: str, mode: str) -> str | None:
    """Pygments' spans, or None where the language is not one of those; in a process that may run out of time."""
    lexer = _lexer(language)
    if lexer is None or lexer.name not in LANGUAGES:
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
