"""What every reading of a body tells the Markdown parser: its extensions, and the marks that are only characters.

CommonMark and GitHub take a character for a mark where people write it for itself: `10~20元，30~40人` loses both tildes
and becomes another figure. Such characters go through the parser in disguise, as characters that mean nothing to it
(and that Unicode keeps free for this), and come back as they were: in code and in addresses too.
"""

from __future__ import annotations

import re
from typing import Any

from steadycast.on_demand import lazy_pattern

EXTENSIONS: dict[str, Any] = {
    "strikethrough": True,
    "table": True,
    "tasklist": True,
    "footnotes": True,
    "cjk_friendly_emphasis": True,
    "highlight": True,  # ==marked==
    "math_dollars": True,
    "shortcodes": True,  # :smile:
    "ofm_callouts": True,  # > [!NOTE], GitHub's alerts among them
}
# A feed's item was HTML, and what is a mark in it was written as one by us: all else are its words.
OF_HTML: dict[str, Any] = {name: EXTENSIONS[name] for name in ("strikethrough", "table", "cjk_friendly_emphasis")}

_SHOWN = "~*[=$:-+#.)&"
_DISGUISES = "\ufdd0\ufdd1\ufdd2\ufdd3\ufdd4\ufdd6\ufdd7\ufdd8\ufdd9\ufdda\ufddb\ufddc"
_DISGUISE = dict(zip(_SHOWN, _DISGUISES, strict=True))
_BACK = tuple((disguise, "&amp;" if shown == "&" else shown) for shown, disguise in _DISGUISE.items())
_IN_AN_ADDRESS = {"".join(f"%{byte:02X}" for byte in d.encode()): c for c, d in _DISGUISE.items()}
_ENCODED = lazy_pattern("|".join(_IN_AN_ADDRESS))

# Each begins with the character itself: what would stand before it is looked for only where one is.
# One tilde never strikes, only two do.
_TILDE = lazy_pattern(r"(?:~(?<![~\\]~)|\\(?<![~\\]\\)\\(?:\\\\)*~)(?!~)")
# Between two digits an asterisk multiplies; so it does after a letter that no mark opened before: `x**2 + y**2`.
_TIMES = lazy_pattern(
    r"(?P<marked>(?<![0-9A-Za-z*\\])(?P<mark>\*{1,3})(?=[^\s*])[^*\n]{1,500}"
    r"(?:(?<=[0-9])(?P=mark)(?![0-9*])|(?<=[^\s*0-9])(?P=mark)(?!\*)))"
    r"|(?<=[0-9A-Za-z])\*{1,2}(?=[0-9])|(?<=[0-9])\*(?=[A-Za-z])"
)
_MAY_MULTIPLY = lazy_pattern(r"\*(?:(?<=[0-9A-Za-z]\*)\*?[0-9]|(?<=[0-9]\*)[A-Za-z])")
# `a==b` compares, `US$5/A$` is money, and `a:x:b` or `:100:` is no picture of a cross or a hundred.
_EQUALS = lazy_pattern(r"(?<=[0-9A-Za-z)\]])==(?=[0-9A-Za-z(\[])|={3,}(?!\n|\Z)")
_DOLLARS = lazy_pattern(
    r"\$(?:(?<![$\\]\$)\$(?!\$)[^$]{1,2000}\$\$(?!\$)"
    r"|(?<![0-9A-Za-z$]\$)(?=[^\s$])(?P<tex>(?:[^$\\\n]|\\[^\n]){1,1000})(?<=\S)\$(?![0-9$]))?|\\\$"
)
_FORMULA = lazy_pattern(r"(?![0-9.,]+ ?[^\x00-\x7f])[^\n]*?[A-Za-z\\^_=+]")
_TIME = lazy_pattern(r":(?:(?<=[0-9A-Za-z:]:)(?=[0-9A-Za-z_+-]{1,40}:)|(?<!\\:)(?=[0-9]{1,9}:))")
# `[注]: 明天20:00` defines a link for Markdown, and is gone from the page: an address has a slash, a dot or a `#`.
_NO_ADDRESS = lazy_pattern(r"^( {0,3})\[(?=(?!\^)[^\[\]\n]{1,200}\]:[ \t]*(?![^\s]{0,2000}?[/.#<])\S)", re.MULTILINE)


# In an item of a feed: what would be an entity, and what after a <br> or below a line would begin a list or a heading.
_OF_WORDS = lazy_pattern(
    r"(?P<entity>&)(?=#?\w{1,31};)|(?:(?<=\\\n)|(?<=[^\n]\n)(?=[ >]*(?:=+|-+)[ ]*(?:\n|\Z)))"
    r"(?P<before>[ >]*)(?P<figure>\d{0,9})(?P<first>[-+#=.)])"
)


def disguised(body: str, *, of_html: bool = False) -> str:
    """`body` for the parser; `of_html` says that it is a feed's item, whose words have no marks."""
    if of_html:
        return _OF_WORDS.sub(_as_words, body)
    if "~" in body:
        body = _TILDE.sub(lambda m: m[0][:-1] + _DISGUISE["~"], body)
    if _MAY_MULTIPLY.search(body):
        body = _TIMES.sub(_times, body)
    if "==" in body:
        body = _EQUALS.sub(lambda m: _DISGUISE["="] * len(m[0]), body)
    if "$" in body:
        body = _DOLLARS.sub(_money, body)
    body = _TIME.sub(_DISGUISE[":"], body)
    if "]:" in body:
        body = _NO_ADDRESS.sub(rf"\1{_DISGUISE['[']}", body)
    return body


def _as_words(found: re.Match[str]) -> str:
    if found["entity"]:
        return _DISGUISE["&"]
    return f"{found['before']}{found['figure']}{_DISGUISE[found['first']]}"


def _times(found: re.Match[str]) -> str:
    return found[0] if found["marked"] else _DISGUISE["*"] * len(found[0])


def _money(found: re.Match[str]) -> str:
    """A formula stays one; a dollar alone, or two with a sum and words between them, are dollars."""
    if (found["tex"] and not _FORMULA.match(found["tex"])) or found[0] == "$":
        return found[0].replace("$", _DISGUISE["$"])
    return found[0]


def undisguised(made: str) -> str:
    """What the parser made of it, with the characters that were meant."""
    if made.isascii():
        return _ENCODED.sub(lambda m: _IN_AN_ADDRESS[m[0]], made) if "%EF%B7%9" in made else made
    for disguise, meant in _BACK:  # one by one: `translate` looks every character of a page up
        if disguise in made:
            made = made.replace(disguise, meant)
    return _ENCODED.sub(lambda m: _IN_AN_ADDRESS[m[0]], made) if "%EF%B7%9" in made else made
