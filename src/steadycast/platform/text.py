"""How long a text is for one platform, where to cut it, and how to split it into a thread."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import partial

from steadycast.characters import CLOSING, WIDE
from steadycast.errors import DraftError
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_pattern
from steadycast.platform.contract import Limit

# A URL as readers' programs find it: scheme, a host with a dot and labels of at most 63, then anything up to white
# space or Han text, but not the punctuation it ends on. A host in Han text is counted letter by letter: that is safe.
_ALNUM = rf"[^\s\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x9f\u2000-\u206f{WIDE}]"
_LABEL = rf"{_ALNUM}(?:(?:{_ALNUM}|-){{0,61}}{_ALNUM})?(?!{_ALNUM}|-)"
_PATH = rf"[^\s<>\"{WIDE}\u2000-\u206f]"
_PATH_END = rf"[^\s<>\"{WIDE}\u2000-\u206f.,;:!?')\]}}]"
URL = lazy_pattern(  # without IGNORECASE, which compiles these classes a hundred times as long
    rf"(?<![A-Za-z0-9@])[Hh][Tt][Tt][Pp][Ss]?://{_LABEL}(?:\.{_LABEL})+(?::\d+)?(?:[/?#](?:{_PATH}*{_PATH_END})?)?"
)

# A hashtag as platforms link it: letters, marks, digits and low lines of any script; a longer one is a mistake.
TAG = lazy_pattern(r"(?<![\w#/&])#[\p{L}\p{M}\p{N}_]{1,100}+(?![\p{L}\p{M}\p{N}_])", engine="regex")

# Characters that are one grapheme each whatever stands beside them: no combining mark, joiner, jamo or indicator.
_ALONE = (
    r"\n\x20-\x7e\xa0-\xa8\xaa-\xac\xaf-\u02ff\u2010-\u2027\u3000-\u3029\u3031-\u303c\u3041-\u3096\u309b-\u30ff"
    r"\u3400-\u9fff\uff01-\uff9d"
)
_SINGLE = re.compile(f"[{_ALONE}]*")
_SINGLES = lazy_pattern(f"(?:^|(?<=[{_ALONE}]))[{_ALONE}]+(?:(?=[{_ALONE}])|$)")
_CLUSTER = lazy_pattern(r"\X", engine="regex")

# twitter-text, configuration v3: these ranges weigh 1, every other character 2, an emoji sequence 2, a URL 23.
_LIGHT = lazy_pattern("[\x00-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]+")
_MAYBE_EMOJI = lazy_pattern("[\xa9\xae\u200d\u203c-\u3299\ufe0f\U0001f000-\U000fffff]")
_EMOJI = lazy_pattern(r"\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3", engine="regex")
_ASCII = re.compile(r"[\x00-\x7f]+")
_WORD = lazy_pattern(rf"[{WIDE}]|[^\s{WIDE}]+")
_WEIGHTED_URL = 23
MOST_PARTS = 250  # of one thread: nobody reads on so far, and finding where to part takes time


def count(text: str, limit: Limit) -> int:
    """How long `text` is as `limit` counts: code points, graphemes, bytes, UTF-16 units, weights, widths or words.

    With `limit.url` every http(s) URL counts that much, whatever its length; weighted text counts 23 for one (the
    weights are those of the twitter-text library's configuration v3, after NFC). One of `limit.escapes`
    counts one more.
    Where a limit has `bytes` besides, they count as if they were shared out over its `max`: the larger of the two is
    the length, so that a text is within both exactly where this is at most `max`.
    """
    length = _length(text, limit, limit.count)
    if limit.bytes is None:
        return length
    return max(length, -(-_length(text, limit, "bytes") * limit.max // limit.bytes))


def _length(text: str, limit: Limit, unit: str) -> int:
    url = limit.url if limit.url is not None else _WEIGHTED_URL if limit.count == "weighted" else None
    measure, signs = _MEASURES[unit], sum(map(text.count, limit.escapes))
    if url is None or "://" not in text:
        return measure(text) + signs
    rest, links = URL.subn("\n", text)
    return measure(rest) + int(links) * (url - measure("\n")) + signs


def fits(text: str, limit: Limit) -> bool:
    """Whether `text` is within `limit`; of a text that is much too long only the beginning is counted."""
    enough = 2 * limit.max + 400
    if len(text) > enough and count(text[:enough], limit) > limit.max + 100:  # 100: a URL cut in two may count as more
        return False
    return count(text, limit) <= limit.max


def first_that_fits(texts: Iterable[str], limit: Limit) -> str:
    """The first of `texts` that is within `limit`, as it is; "" where none is."""
    return next((text for text in texts if fits(text, limit)), "")


def marks(text: str) -> list[tuple[int, int, str]]:
    """Where the links and hashtags of `text` are, in order: (begin, end, "link" or "tag"), none inside another."""
    links = [(*found.span(), "link") for found in URL.finditer(text)] if "://" in text else []
    tags = [(*found.span(), "tag") for found in TAG.finditer(text)] if "#" in text else []
    return sorted(links + [tag for tag in tags if not any(begin < tag[0] < end for begin, end, _ in links)])


def _graphemes(text: str) -> int:
    if text.isascii() and "\r" not in text:
        return len(text)
    if _SINGLE.fullmatch(text):
        return len(text)
    rest = _SINGLES.sub("", text)  # only what stands beside an unusual character is worth the slow look
    return len(text) - len(rest) + len(_CLUSTER.findall(rest))


def _weighted(text: str) -> int:
    if text.isascii():
        return len(text)
    text = unicodedata.normalize("NFC", text)
    if _MAYBE_EMOJI.search(text) is None or not _EMOJI.search(text):
        return len(text) + len(_LIGHT.sub("", text))
    weight = 0
    for cluster in _CLUSTER.findall(text):
        weight += 2 if _EMOJI.search(cluster) else len(cluster) + len(_LIGHT.sub("", cluster))
    return weight


_MEASURES: dict[str, Callable[[str], int]] = {
    "codepoints": len,
    "graphemes": _graphemes,
    "bytes": lambda text: len(text.encode("utf-8", "surrogatepass")),
    "utf16": lambda text: len(text) + sum(c > "\uffff" for c in text),
    "weighted": _weighted,
    "fullwidth": lambda text: (_MEASURES["utf16"](text) * 2 - sum(map(len, _ASCII.findall(text))) + 1) // 2,
    "words": lambda text: len(_WORD.findall(text)),
}

_SENTENCE = lazy_pattern(rf"(?:[。！？…；]+|[.!?]+(?=[\s{re.escape(CLOSING)}]|$))[{re.escape(CLOSING)}]*")
_LOOSE_END = " \t\n\r，、：；,:;（(「『【《〈“‘—–-"
_TOO_SOON = 0.5  # a sentence's end before this share of the room is not worth the rest


def cut(text: str, limit: Limit, ellipsis: str = "…") -> str:
    """`text` within `limit`: whole, or to the end of a sentence, or to the end of a word and an ellipsis.

    Never ends inside a grapheme, nor inside a URL or a hashtag unless it begins with it and not even that fits. Without
    its ellipsis the result is a beginning of `text`.
    """
    text = text.strip()
    if fits(text, limit):
        return text
    if not fits(ellipsis, limit):
        ellipsis = ""
    room = limit.max if _is_measured_by_length(text, limit) else _room(text, lambda head: fits(head, limit))
    whole = text[:room]
    sentence = _last_end(_SENTENCE, whole)
    head = whole[:sentence].rstrip() if sentence else ""
    if head and sentence >= len(whole) * _TOO_SOON and fits(head, limit):
        return head
    end = _room(text, lambda head: fits(_closed(head) + ellipsis, limit))
    head = _closed(text[: _word_end(text, end)]) or _closed(text[:end])
    return head + ellipsis if fits(head + ellipsis, limit) else ""


def opening(text: str) -> int:
    """How much of `text` is one link or one hashtag that it begins with."""
    return next((found.end() for pattern in (URL, TAG) if (found := pattern.match(text))), 0)


def _closed(head: str) -> str:
    """`head` without the marks that wait for more; a link keeps its own."""
    bare = head.rstrip(_LOOSE_END)
    return head.rstrip() if _before_unit(head, len(bare)) < len(bare) else bare


def _is_measured_by_length(text: str, limit: Limit) -> bool:
    """Whether `limit` falls between two characters that are one grapheme each, and so is found without a search."""
    if limit.count not in {"graphemes", "codepoints"} or limit.escapes or len(text) <= limit.max:
        return False
    if limit.bytes is not None and limit.bytes < 3 * limit.max:  # no such character has more than three
        return False
    opened = text[: limit.max + 3]
    return "://" not in opened and "#" not in opened and _SINGLE.fullmatch(text, 0, limit.max + 1) is not None


def split(text: str, limit: Limit, number: str = "{n}/{total}") -> tuple[str, ...]:
    """`text` as parts of a thread, each within `limit` with its number; one part without a number where it fits.

    A part ends at a paragraph where it can, else at a sentence, else at a word. `number` is written after a space,
    "" leaves it out. Raises DraftError when not one character and its number fit,
    and where there would be over MOST_PARTS.
    """
    text = text.strip()
    if fits(text, limit):
        return (text,)
    digits = 1
    while True:
        tail = f" {number.format(n='9' * digits, total='9' * digits)}" if number else ""
        parts = _packed(text, limit, tail)
        if not number or len(str(len(parts))) <= digits:
            break
        digits += 1
    if not number:
        return tuple(parts)
    return tuple(f"{part} {number.format(n=n, total=len(parts))}" for n, part in enumerate(parts, 1))


def _packed(text: str, limit: Limit, tail: str) -> list[str]:
    """The parts, as full as may be, each with room for `tail`."""
    parts = []
    within = partial(_with_tail_fits, limit=limit, tail=tail)
    while text:
        if within(text):
            parts.append(text)
            break
        end = _part_end(text, _room(text, within))
        part = text[:end].rstrip()
        if not part:
            raise DraftError(
                _("nothing fits into a part of %(max)s %(count)s with its number", max=limit.max, count=limit.count),
                hint=_("raise the limit, or shorten the number"),
            )
        parts.append(part)
        if len(parts) > MOST_PARTS:
            raise DraftError(_("makes a thread of over %(most)s parts", most=MOST_PARTS), hint=_("shorten it"))
        text = text[end:].lstrip()
    return parts


def _with_tail_fits(head: str, limit: Limit, tail: str) -> bool:
    return fits(head.rstrip() + tail, limit)


def _part_end(text: str, room: int) -> int:
    """Where a part that may reach `room` ends best."""
    paragraph = text.rfind("\n\n", 0, room)
    if paragraph >= room * _TOO_SOON:
        return paragraph
    sentence = _last_end(_SENTENCE, text[:room])
    if sentence >= room * _TOO_SOON:
        return sentence
    return _word_end(text, room) or room


def _room(text: str, within: Callable[[str], bool]) -> int:
    """The longest beginning of `text` that is `within`, as a position between graphemes and outside of URLs."""
    high = 64
    while high < len(text) and within(text[:high]):
        high *= 2
    high = min(high, len(text))
    low = 0  # text[:low] is within, as far as is known
    while low < high:
        middle = (low + high + 1) // 2
        if within(text[:middle]):
            low = middle
        else:
            high = middle - 1
    end = _between_graphemes(text, low)
    while end and not within(text[:end]):
        end = _between_graphemes(text, end - 1)
    return end


def _before_unit(text: str, at: int) -> int:
    """`at`, or the beginning of the link or hashtag that it is inside of; of one that begins the text, `at`."""
    begin = max(0, at - 2100)
    around = text[begin : at + 3]
    for mark, pattern in (("://", URL), ("#", TAG)):
        if mark in around:
            for found in pattern.finditer(text, begin):
                if found.start() >= at:
                    break
                if 0 < found.start() < at < found.end():
                    return int(found.start())
    return at


def _between_graphemes(text: str, at: int) -> int:
    """The last position not after `at` that is between two graphemes and not inside a URL or a hashtag."""
    if at >= len(text):
        return len(text)
    if (start := _before_unit(text, at)) < at:
        return start
    if _SINGLE.fullmatch(text, max(0, at - 1), at + 1):
        return at
    begin = _safe_start(text, at)
    last = begin
    for cluster in _CLUSTER.finditer(text, begin):
        if cluster.end() > at:
            break
        last = cluster.end()
    return last


def _safe_start(text: str, at: int) -> int:
    """A position before `at` from which graphemes can be told: after a line break, or the beginning."""
    newline = text.rfind("\n", 0, at)
    return newline + 1 if newline >= 0 else 0


def _last_end(pattern: re.Pattern[str], text: str) -> int:
    """Where the last match of `pattern` in `text` ends, or 0; 0 also where that is inside a link."""
    last = 0
    for match in pattern.finditer(text):
        last = match.end()
    return last if _before_unit(text, last) == last else 0


def _word_end(text: str, end: int) -> int:
    """The last end of a word not after `end`; 0 when `end` is inside the first one."""
    if end >= len(text) or _is_break(text, end):
        return end
    for at in range(end - 1, max(0, end - 200), -1):
        if _is_break(text, at):
            return at
    return 0


def _is_break(text: str, at: int) -> bool:
    """Whether a line may break before text[at]: at white space, or beside Han text that is not punctuation."""
    before, after = text[at - 1], text[at]
    if before.isspace() or after.isspace():
        return True
    return (_is_han(before) or _is_han(after)) and after not in _NEVER_FIRST and before not in _NEVER_LAST


_NEVER_FIRST = frozenset("，。、；：！？…）」』】》〉”’·—～,.;:!?)]}%‰") | frozenset(CLOSING)
_NEVER_LAST = frozenset("（「『【《〈“‘([{#@")
_HAN = lazy_pattern(f"[{WIDE}]")


def _is_han(character: str) -> bool:
    return _HAN.match(character) is not None
