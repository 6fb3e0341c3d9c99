"""A feed's bytes before a parser sees them: whole, and in the encoding that they say they are in. Pure."""

from __future__ import annotations

import re

from steadycast.draft.decoding import legacy

_DECLARED = re.compile(rb"""^(\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*)(["'])([\w.-]{1,40})\2""")
_SURROGATE = re.compile(rb"&#(?:[xX]0*[dD][89a-fA-F][0-9a-fA-F]{2}|0*(?:5529[6-9]|55[3-9]\d\d|5[67]\d{3}));")
_ROOT_END = re.compile(rb"</(?:[\w.-]{1,40}:)?(?:rss|feed|rdf)\s{0,200}>\Z", re.IGNORECASE)
_ITEM_ENDS = (b"</item>", b"</entry>")
_ITEM_BEGINS = re.compile(rb"<(?:item|entry)[\s>]")
_ROOT = re.compile(rb"<((?:[\w.-]{1,40}:)?(?:rss|feed|rdf))[\s>]", re.IGNORECASE)


def is_whole(data: bytes) -> bool:
    """Whether a feed ends with the end of its outermost element, and perhaps comments."""
    end = data[-65536:].rstrip(b"\0 \r\n\t")
    while end.endswith(b"-->") and (begins := end.rfind(b"<!--")) >= 0:
        end = end[:begins].rstrip(b"\0 \r\n\t")
    return _ROOT_END.search(end[-512:]) is not None


def fixed(data: bytes, gap: int) -> bytes:
    """A feed of which what stood at `gap` was left out, as a whole one: without the items that this broke off."""
    head, tail = data[:gap], data[gap:]
    ends = max((at + len(end) for end in _ITEM_ENDS if (at := head.rfind(end)) >= 0), default=0)
    begins = _ITEM_BEGINS.search(tail)
    if not ends:
        return data
    if begins:
        return head[:ends] + tail[begins.start() :]
    root = _ROOT.search(head)
    close = b"</channel></rss>" if root and root[1].lower() == b"rss" else b"</" + (root[1] if root else b"feed") + b">"
    return head[:ends] + close


def shortened(data: bytes, most: int) -> bytes:
    """A feed of at most so many items: of one that has more, the first half and the last, for either may be the newest.

    What a parser costs is known by that before it begins: tens of thousands of tiny items would take it many seconds.
    """
    begins = [found.start() for found in _ITEM_BEGINS.finditer(data)]
    if len(begins) <= most:
        return data
    return data[: begins[most // 2]] + data[begins[-(most // 2)] :]


def recoded(data: bytes, content_type: str) -> tuple[bytes, str]:
    """(bytes, Content-Type) that agree with each other: in UTF-8 where they called themselves wrongly.

    GBK that calls itself UTF-8, and UTF-8 that calls itself GBK, are told by what the bytes can be.
    """
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"} or data.isascii():
        return data, content_type
    declared = _DECLARED.match(data)
    names = {declared[3].decode().lower() if declared else "", _charset(content_type)} - {""}
    if (text := _as_utf8(data)) is not None:
        return (data, content_type) if names <= {"utf-8", "utf8"} else _in_utf8(text)
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    if lost <= sum(char > "\x7f" for char in text) - lost:  # UTF-8 with a few broken bytes
        return _in_utf8(text)
    encoding = legacy(data) if names <= {"utf-8", "utf8"} else None
    return _in_utf8(data.decode(encoding, "replace")) if encoding else (data, content_type)


def without_surrogates(data: bytes) -> bytes:
    """`data` without references to halves of surrogate pairs, which no text can hold."""
    return _SURROGATE.sub("\ufffd".encode(), data)


def _charset(content_type: str) -> str:
    found = re.search(r"charset=[\"']?([\w.-]+)", content_type, re.IGNORECASE)
    return found[1].lower() if found else ""


def _as_utf8(data: bytes) -> str | None:
    """The text of what is UTF-8 beyond doubt: a few bytes of GBK may look like it."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if sum(char > "\u07ff" for char in text) >= 4 else None


def _in_utf8(text: str) -> tuple[bytes, str]:
    return _DECLARED.sub(rb"\1\2utf-8\2", text.encode("utf-8", "replace")), "application/xml; charset=utf-8"
