"""Raised, lowered and struck words where there is only text: `10<sup>3</sup>` must not become 103."""

from __future__ import annotations

import html as entities
import re
from functools import lru_cache

from steadycast.on_demand import lazy_pattern

_MARKED = lazy_pattern(r"<(sup|sub|del|s)(?: [^>]*)?>(.*?)</\1>", re.DOTALL)
_SCRIPT = lazy_pattern(r"<(sup|sub)(?: [^>]*)?>(.*?)</\1>", re.DOTALL)
_TAG = lazy_pattern(r"(<[^>]*>)")
_RAISED = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_TABLES = {"sup": (_RAISED, "^"), "sub": (_LOWERED, "_")}
_AS_THEY_ARE = {"st", "nd", "rd", "th", "e", "er", "TM", "®", "™"}  # 1st, 2nd
_STROKE = "\u0336"  # over the character before it


def spelled(html: str) -> str:
    """`html` whose `sup`, `sub`, `del` and `s` are written in characters that mean the same."""
    if "<s" not in html and "<del" not in html:
        return html
    return _MARKED.sub(_written, html)


def scripts_spelled(html: str) -> str:
    """`html` whose `sup` and `sub` are, for a page that knows neither."""
    return _SCRIPT.sub(_written, html) if "<su" in html else html


@lru_cache(maxsize=1024)
def script(text: str, tag: str) -> str:
    """`text` as `sup` or `sub` writes it: in small figures where all of it has them, else after ^ or _."""
    table, mark = _TABLES[tag]
    if not text.strip() or text in _AS_THEY_ARE:
        return text
    if all(ord(c) in table for c in text):
        return text.translate(table)
    return f"{mark}{text}" if len(text) == 1 else f"{mark}({text})"


def _written(found: re.Match[str]) -> str:
    tag, inside = found[1], found[2]
    if tag in _TABLES:
        return entities.escape(script(entities.unescape(_TAG.sub("", inside)), tag), quote=False)
    pieces = _TAG.split(inside)
    pieces[::2] = map(_struck, pieces[::2])
    return "".join(pieces)


def _struck(text: str) -> str:
    """Each character with a stroke through it: without one, a price that no longer holds would be the price."""
    return "".join(c if c.isspace() else entities.escape(c, quote=False) + _STROKE for c in entities.unescape(text))
