"""Bytes of a draft as text: UTF-8, and what is surely GBK or UTF-16; anything else is named and refused.

Nothing is guessed, so that no mojibake is published.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

from steadycast.draft.model import Note
from steadycast.errors import DraftError
from steadycast.language import N_
from steadycast.language import gettext as _

# UTF-32 first: its little-endian mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32LE"),
    (codecs.BOM_UTF32_BE, "UTF-32BE"),
    (codecs.BOM_UTF16_LE, "UTF-16LE"),
    (codecs.BOM_UTF16_BE, "UTF-16BE"),
)
# Characters that XML 1.0 cannot carry: a page or a feed with one of them is broken for every reader.
_UNPRINTABLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_CONTROLS = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\n\r")
_LAST_TWO = "\ufffe".encode()[:2]  # and \uffff's
_PAIR = re.compile(rb"[\x81-\xfe][\x30-\x39\x40-\x7e\x80-\xfe]")
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols by their category, and empty (UAX #44)
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_SAMPLE = 64 * 1024
_LEGACY = {"gb18030": N_("GBK or GB18030"), "big5": "Big5"}
SAVE_ANEW = N_("save it as UTF-8: in Notepad by File, Save as, Encoding (另存为，编码选 UTF-8)")


def decode(raw: bytes) -> str:
    """The text of a draft's file; see `decoded`."""
    return decoded(raw)[0]


def read_as(encoding: str) -> Note:
    """What the writer of a file in an encoding other than UTF-8 should know."""
    return Note(_("is written in %(encoding)s and was read as such", encoding=encoding), _(SAVE_ANEW), harmless=True)


def decoded(raw: bytes) -> tuple[str, str]:
    r"""The text of a file, and its encoding or "" for UTF-8.

    The text has `\\n` line ends, no byte order mark and no control characters. Raises DraftError, with the line, for an
    encoding that is not surely known, a NUL or a lone surrogate.
    """
    encoding = ""
    if wide := _wide(raw):
        text, encoding = _from_wide(raw, wide), wide
    else:
        try:
            text = raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")
        except UnicodeDecodeError as error:
            # `error.object` is what was decoded; lines are counted in it, not in `raw`.
            if not _surely_gbk(raw):
                raise _not_utf8(error.object, error.start) from None
            text, encoding = raw.decode("gb18030"), "GBK"
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if (at := text.find("\0")) >= 0:
        raise DraftError(
            _("has a NUL character"), line=text.count("\n", 0, at) + 1, hint=_("remove it, or save as UTF-8")
        )
    return _UNPRINTABLE.sub("", text) if encoding or _may_be_unprintable(raw) else text, encoding


def _may_be_unprintable(raw: bytes) -> bool:
    """Whether UTF-8 bytes can hold a character of `_UNPRINTABLE`: bytes are looked through five times as fast."""
    return len(raw.translate(None, _CONTROLS)) < len(raw) or _LAST_TWO in raw


def shown(text: object) -> str:
    """A name for a message: control, direction-changing and undecodable characters are escaped, so none can mislead."""
    return "".join(_escape(c) if unicodedata.category(c) in _HIDDEN else c for c in str(text))


def visible(text: str) -> str:
    """`text`, or "" where a reader would see nothing of it: spaces, marks of order and width, fillers."""
    return text if any(unicodedata.category(c)[0] not in "CZ" and c not in _FILLERS for c in text) else ""


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _wide(raw: bytes) -> str | None:
    """UTF-16 or UTF-32, by its mark, or by where the zero bytes of its ASCII characters stand."""
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return name
    head = raw[: _SAMPLE & ~3]
    if len(head) < 4 or head.count(0) * 5 < len(head):
        return None
    # How many zeros stand at each of the four places of a 32-bit unit.
    a, b, c, d = (head[place::4].count(0) * 4 / len(head) for place in range(4))
    if b > 0.9 and a > 0.9:
        return "UTF-32BE"
    if c > 0.9 and d > 0.9:
        return "UTF-32LE"
    if b > 0.2 and d > 0.2 and a + c < 0.1:
        return "UTF-16LE"
    return "UTF-16BE" if a > 0.2 and c > 0.2 and b + d < 0.1 else None


def _from_wide(raw: bytes, encoding: str) -> str:
    """The text of a file whose zero bytes, or whose mark, say that it is UTF-16 or UTF-32."""
    try:
        text = raw.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        text = "\0"
    odd = sum(unicodedata.category(char) in {"Cn", "Co"} for char in text[:_SAMPLE])
    if "\0" in text or odd * 50 > len(text[:_SAMPLE]):
        raise DraftError(_("is written in %(encoding)s, not UTF-8", encoding=encoding), line=1, hint=_(SAVE_ANEW))
    return text


def _not_utf8(raw: bytes, at: int) -> DraftError:
    line = len(re.findall(rb"\r\n|\r|\n", raw[:at])) + 1
    if raw[at : at + 1] == b"\xed" and raw[at + 1 : at + 2] >= b"\xa0":
        return DraftError(
            _("has half of a surrogate pair"), line=line, hint=_("remove that character and save as UTF-8")
        )
    if encoding := legacy(raw):
        return DraftError(
            _("is written in %(encoding)s, not UTF-8", encoding=_(_LEGACY[encoding])), line=line, hint=_(SAVE_ANEW)
        )
    return DraftError(_("is not UTF-8: byte 0x%(byte)s", byte=format(raw[at], "02x")), line=line, hint=_(SAVE_ANEW))


def _pairs(raw: bytes) -> list[bytes]:
    return [match.group() for match in _PAIR.finditer(raw[:_SAMPLE])]


def _everyday(pairs: list[bytes]) -> tuple[int, int]:
    """How many pairs are everyday characters of GBK, and how many of Big5.

    Level 1 of GB 2312 (B0-D7, punctuation A1 and A3), level 1 of Big5 (A4-C6, punctuation A1).
    """
    gb = sum(p[0] in (0xA1, 0xA3) or 0xB0 <= p[0] <= 0xD7 for p in pairs if p[1] >= 0xA1)
    return gb, sum(p[0] == 0xA1 or 0xA4 <= p[0] <= 0xC6 for p in pairs)


def _surely_gbk(raw: bytes) -> bool:
    """Whether a file can be nothing but GBK: decodable, of everyday characters, from the whole of its alphabet.

    Of Big5's pairs some 40 % end below A1, and Korean text (which fills B0 to C8 only) has none of the characters whose
    pinyin begins with sh to z.
    """
    pairs = _pairs(raw)
    gb, _ = _everyday(pairs)
    late = sum(0xC9 <= p[0] <= 0xD7 for p in pairs)
    return len(pairs) >= 8 and gb * 20 >= len(pairs) * 19 and late * 8 >= len(pairs) and _decodes(raw, "gb18030")


def legacy(raw: bytes) -> str | None:
    """The codec of Chinese text that is not UTF-8, None where it is not told.

    It is GB18030 or Big5, whichever decodes and has more of its pairs among that encoding's everyday characters.
    """
    pairs = _pairs(raw)
    scores = dict(zip(_LEGACY, _everyday(pairs), strict=True))
    able = [codec for codec in _LEGACY if _decodes(raw, codec)] if len(pairs) > 1 else []
    sure = [codec for codec in able if scores[codec] == max(scores.values()) > len(pairs) / 2]
    return next(iter(sure or able), None)


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
