"""Formulas: TeX between dollars as MathML where a page takes it, else as words that read the same.

The parser leaves `<span data-math-style>` with the TeX in it. What the converter makes is never taken as it is: only
elements of a short list are written, without their attributes, and every word is escaped.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from steadycast.draft.spelling import script
from steadycast.on_demand import lazy_pattern

_SPAN = lazy_pattern(r'<span data-math-style="(inline|display)">([^<]*)</span>')
_MATH = lazy_pattern(r'<math(?: display="block")?>.*?</math>', re.DOTALL)
_TAG = lazy_pattern(r"<(/?)([a-z]+)[^>]*>|([^<]+)")
_TAG_ONLY = lazy_pattern(r"<[^>]*>")
_KEPT = lazy_pattern(r"[0-9\u3400-\u9fff]")
_HELD = "\ufdd5{}\ufdd5"  # stands for a formula while the page around it is sanitised
_IS_HELD = lazy_pattern("<[^>]*>|\ufdd5(\\d{1,5})\ufdd5")  # never within a tag: an attribute may hold one by its number
_ELEMENTS = frozenset(
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover "  # noqa: SIM905
    "mtable mtr mtd mstyle mpadded mphantom menclose mmultiscripts".split()
)
LONGEST, MOST, DEEPEST = 1000, 300, 40  # characters of one formula, formulas of one body, braces in braces


class Formulas:
    """The formulas of one body, taken out before it is sanitised and put back behind."""

    def __init__(self) -> None:
        self._all: list[str] = []

    def taken_out(self, html: str) -> str:
        """`html` with a sign for each formula."""
        if "data-math-style" not in html:
            return html
        return _SPAN.sub(self._hold, html.replace("\ufdd5", ""))

    def put_back(self, html: str) -> str:
        """`html` with its formulas, which no sanitiser sees any more."""
        return _IS_HELD.sub(self._held, html) if self._all else html

    def _held(self, found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        return self._all[int(found[1])] if int(found[1]) < len(self._all) else ""

    def _hold(self, found: re.Match[str]) -> str:
        tex = entities.unescape(found[2]).strip("`").strip()
        made = mathml(tex, display=found[1] == "display") if len(self._all) < MOST else ""
        self._all.append(made or f"<code>{entities.escape(tex, quote=False)}</code>")
        return _HELD.format(len(self._all) - 1)


@lru_cache(maxsize=1024)
def mathml(tex: str, *, display: bool) -> str:
    """The MathML of `tex`; "" where it cannot be read."""
    if not tex or len(tex) > LONGEST or _depth(tex) > DEEPEST:
        return ""
    from latex2mathml.converter import convert_to_element

    try:
        made = "".join(_written(convert_to_element(tex)))
    except Exception:  # a hostile string in a lenient parser: whatever it raises, it is no formula
        return ""
    if sorted(_KEPT.findall(tex)) != sorted(_KEPT.findall(_TAG_ONLY.sub("", made))):
        return ""  # the converter has dropped a figure or a word: half a formula is another one
    return ('<math display="block">' if display else "<math>") + made.removeprefix("<math>")


def _depth(tex: str) -> int:
    deepest = depth = 0
    for c in re.findall(r"[{}]|\\left|\\begin|\\right|\\end", tex):
        depth += 1 if c in {"{", "\\left", "\\begin"} else -1
        deepest = max(deepest, depth)
    return deepest


def _written(element: Any) -> Iterator[str]:
    name = element.tag.rpartition("}")[2]
    known = name in _ELEMENTS
    if known:
        yield f"<{name}>"
    yield entities.escape(entities.unescape(element.text or ""), quote=False)
    for inside in element:
        yield from _written(inside)
    if known:
        yield f"</{name}>"


def linear(html: str) -> str:
    """`html` whose formulas are words in one line, with `sup` and `sub`: `1/2`, `√(x)`, `x<sup>2</sup>`."""
    return _MATH.sub(lambda m: _linear(m[0]), html) if "<math" in html else html


def in_a_line(tex: str) -> str:
    """`tex` as a small piece of HTML that reads in a line."""
    made = mathml(tex.strip(), display=False)
    return _linear(made) if made else entities.escape(tex.strip(), quote=False)


@lru_cache(maxsize=1024)
def _linear(math: str) -> str:
    """One formula; its tags are our own, so they nest."""
    stack: list[tuple[str, list[str]]] = [("", [])]
    for closing, name, text in _TAG.findall(math):
        if text:
            stack[-1][1].append(text)
        elif not closing:
            stack.append((name, []))
        else:
            tag, parts = stack.pop()
            stack[-1][1].append(_one(tag, parts))
    return "".join(stack[0][1]).strip()


def _one(tag: str, parts: list[str]) -> str:
    def at(n: int) -> str:
        return parts[n] if n < len(parts) else ""

    match tag:
        case "mfrac":
            return f"{_grouped(at(0))}/{_grouped(at(1))}"
        case "msqrt":
            return f"√{_grouped(''.join(parts))}"
        case "mroot":
            return f"{script(at(1), 'sup')}√{_grouped(at(0))}"
        case "mover":
            return f"{at(0)}{at(1).strip()}"
        case "msup":
            return f"{at(0)}<sup>{at(1)}</sup>"
        case "msub" | "munder":
            return f"{at(0)}<sub>{at(1)}</sub>"
        case "msubsup" | "munderover":
            return f"{at(0)}<sub>{at(1)}</sub><sup>{at(2)}</sup>"
        case "mo":
            sign = "".join(parts)
            return f" {sign} " if sign in _SPACED else sign
        case "mspace":
            return " "
        case "mtd":
            return f"{''.join(parts)} "
        case "mtr":
            return f"{''.join(parts).strip()}; "
        case "mtable":
            return "".join(parts).removesuffix("; ")
    return "".join(parts)


_SPACED = frozenset("=<>≤≥≠≈∼±×→⇒⇔∈") | {"&lt;", "&gt;"}


def _grouped(words: str) -> str:
    words = words.strip()
    return words if re.fullmatch(r"\w*|\w(?:<su[pb]>\w+</su[pb]>)", words) else f"({words})"
