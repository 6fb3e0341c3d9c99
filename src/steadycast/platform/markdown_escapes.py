"""Words, addresses and code as Markdown shows them: as they are."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from steadycast.characters import one_line

FIGURES = {
    "sup": str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"),
    "sub": str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"),
}


def escaped(text: str) -> str:
    """Return `text` so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_\[\]<~|])|&(?=#?\w+;)", lambda found: "\\" + found[0], text)


def spaced(text: str) -> str:
    """Return `text` as one line."""
    return re.sub(r"[ \t\r\n\f]+", " ", text)


def target(url: str) -> str:
    """Return an address in which nothing ends a link or is an entity."""
    url = re.sub(r"[()<>\\\s|`*\[\]]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), url)
    return re.sub(r"&(?=#?\w+;)", "%26", url)


def code(text: str, *, cell: bool = False) -> str:
    """Return `text` as code in a line, in more backticks than it holds."""
    text = re.sub(r"\s+", " ", text)
    if not text.strip():
        return text
    ticks = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    made = f"{ticks}{pad}{text}{pad}{ticks}"
    return made.replace("|", r"\|") if cell else made


def fenced(text: str) -> str:
    """Return `text` as a block of code, in a longer fence than any in it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}\n{text.removesuffix(chr(10))}\n{fence}"


def begun(row: str) -> str:
    """Return a line whose beginning makes no heading, list or quotation of it."""
    return re.sub(r"^([#+=>-])|^([0-9]+)(?=[.)])", lambda f: f"\\{f[1]}" if f[1] else f"{f[2]}\\", row)


def small(text: str, tag: str) -> str:
    """Return raised or lowered words with small figures: 10³ is not 103."""
    return text.translate(FIGURES[tag])


def web_address(url: object) -> str:
    """Return an http(s) address as one word, or "" for anything else: nothing links to what a draft made up."""
    text = one_line(str(url)).replace(" ", "%20")
    try:
        return text if urlsplit(text).scheme in ("http", "https") and urlsplit(text).hostname else ""
    except ValueError:
        return ""
