"""The keys of a front matter, typed: text becomes words, flags, instants and numbers, or a DraftError with the line."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from steadycast.draft.frontmatter import Front
from steadycast.draft.keys import folded
from steadycast.errors import DraftError, did_you_mean
from steadycast.language import gettext as _
from steadycast.language import listed, quoted
from steadycast.on_demand import lazy_pattern
from steadycast.schedule.pins import example

_TRUE = {"true", "yes", "on", "1", "是", "对", "對"}
_FALSE = {"false", "no", "off", "0", "否", "不", "不是"}
_IN_WORDS = (
    "%B %d, %Y %I:%M %p",
    "%B %d, %Y",
    "%b %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%d %B %Y",
    "%d %b %Y",
)  # May 1, 2024 10:20 AM
_DATE = lazy_pattern(
    r"(?P<y>\d{4})\s*[-/.年]\s*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})日?"
    r"(?:[T\s]+(?P<H>\d{1,2})[:：时点](?P<M>\d{2})分?(?::(?P<S>\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?:(?P<utc>Z|UTC|GMT)|(?P<sign>[+-])(?P<oh>\d{2}):?(?P<om>\d{2})(?:\s*[A-Z]{3,4})?)?\Z"
)
_YEARS = range(1970, 2201)  # no calendar of ours reaches further, and arithmetic near year 1 or 9999 overflows


class Keys:
    """Front matter by what its keys mean: case, `_` and `-` do not matter, nor does Chinese; what is never taken is
    `left`.
    """

    def __init__(self, front: Front, zone: ZoneInfo) -> None:
        self.zone = zone
        self.lines = front.lines
        self.left: dict[str, Any] = dict(front.values)
        self._spelled: dict[str, str] = {}
        for key in front.values:
            if (other := self._spelled.setdefault(folded(key), key)) != key:
                raise self.wrong(
                    key, _("%(key)s and %(other)s are the same key", key=key, other=other), _("keep one of them")
                )

    def wrong(self, key: str, message: str, hint: str | None = None) -> DraftError:
        """An error at the line of `key` (dotted below the top level)."""
        return DraftError(message, line=self.lines.get(key), hint=hint)

    def take(self, *names: str) -> tuple[str, Any]:
        """(key as written, value) of the first of `names` that has a value, else two empty texts.

        It no longer counts as left over.
        """
        if self.left:
            for name in names:
                key = self._spelled.get(folded(name))
                if key and (value := self.left.get(key, "")) not in ("", [], {}):
                    del self.left[key]
                    return key, value
        return "", ""

    def text(self, *names: str) -> str:
        """One line of text, or ""."""
        key, value = self.take(*names)
        if isinstance(value, dict | list):
            raise self.wrong(
                key, _("%(key)s has to be one text", key=key), _('write %(key)s: "..." on one line', key=key)
            )
        return " ".join(str(value).split())

    def words(self, *names: str, spaces: bool = False) -> tuple[str, ...]:
        """Several words: a list, or one text with commas (or, where `spaces`, with spaces between); each once."""
        key, value = self.take(*names)
        return self.as_words(key, value, spaces=spaces) if value else ()

    def as_words(self, key: str, value: Any, *, spaces: bool = False) -> tuple[str, ...]:
        if isinstance(value, str):
            apart = r"[,，、;；]" if not spaces or re.search(r"[,，、;；]", value) else r"\s+"
            value = re.split(apart, value)
        if not isinstance(value, list):
            raise self.wrong(key, _("%(key)s has to be a list", key=key), _("write %(key)s: [one, two]", key=key))
        return tuple(dict.fromkeys(word for item in value if (word := _word(item))))

    def flag(self, *names: str) -> bool | None:
        """True, False, or None where none of `names` is given."""
        key, value = self.take(*names)
        return self.as_flag(key, value) if value else None

    def as_flag(self, key: str, value: Any) -> bool:
        text = str(value).strip().lower()
        if text not in _TRUE | _FALSE:
            raise self.wrong(
                key,
                _("%(key)s has to be true or false, not %(value)s", key=key, value=_short(value)),
                _("write %(key)s: true", key=key),
            )
        return text in _TRUE

    def number(self, *names: str) -> int | None:
        """A whole number between -1000 and 1000, or None."""
        key, value = self.take(*names)
        if not value:
            return None
        if not re.fullmatch(r"[+-]?\d{1,4}", str(value).strip()) or abs(int(value)) > 1000:
            raise self.wrong(
                key,
                _("%(key)s has to be a whole number, not %(value)s", key=key, value=_short(value)),
                _("write %(key)s: 5", key=key),
            )
        return int(value)

    def choice(self, key: str, value: str, allowed: Iterable[str], unknown: str) -> str:
        """`value`, when it is one of `allowed`; else an error that says `unknown`, and which was meant."""
        options = sorted(allowed)
        if value in options:
            return value
        hint = did_you_mean(
            value, options, _("choose one of: %(options)s", options=listed(options) or _("(none is set up)"))
        )
        raise self.wrong(key, _(unknown, value=_short(value)), hint)

    def instant(self, *names: str, day_end: bool = False) -> dt.datetime | None:
        """An aware instant, or None; a naive one is in the community's zone. `day_end`: a bare day means its end."""
        key, value = self.take(*names)
        return self.as_instant(key, value, day_end=day_end) if value else None

    @property
    def day_to_come(self) -> str:
        """A day that a hint may name: none that is past."""
        return example(dt.datetime.now(self.zone).date())

    def as_instant(self, key: str, value: Any, *, day_end: bool = False) -> dt.datetime:
        at = instant(str(value), self.zone, day_end=day_end) if isinstance(value, str) else None
        if at is None:
            raise self.wrong(
                key,
                _("%(key)s is no date: %(value)s", key=key, value=_short(value)),
                _("write %(key)s: 2026-11-27 20:00", key=key),
            )
        return at

    def table(self, name: str) -> tuple[str, Mapping[str, Any]]:
        """(key as written, mapping); the mapping is empty where it is not given."""
        key, value = self.take(name)
        if value and not isinstance(value, dict):
            raise self.wrong(
                key,
                _("%(key)s has to hold keys of its own", key=key),
                _("write %(key)s: and its keys indented below it", key=key),
            )
        return key, value or {}


def instant(text: str, zone: ZoneInfo, *, day_end: bool = False) -> dt.datetime | None:
    """`text` as an aware datetime, or None where it is none: ISO 8601 and its cousins, 2026年11月27日, RFC 2822."""
    text = text.strip()
    match = _DATE.match(text)
    try:
        at = _written(match, zone, day_end=day_end) if match else _in_words(text)
    except (ValueError, IndexError, OverflowError, TypeError):
        return None
    if at.year not in _YEARS:
        return None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def is_day(text: str) -> bool:
    """Whether `text` is a date without an hour."""
    match = _DATE.match(text.strip())
    return match is not None and match["H"] is None


def _in_words(text: str) -> dt.datetime:
    """`text` in English, as RFC 2822 or an export has it. Raises what `parsedate_to_datetime` raises."""
    for form in _IN_WORDS:
        with contextlib.suppress(ValueError):
            return dt.datetime.strptime(text, form)  # noqa: DTZ007
    from email.utils import parsedate_to_datetime  # and with it a dozen files

    return parsedate_to_datetime(text)


def _written(match: re.Match[str], zone: ZoneInfo, *, day_end: bool) -> dt.datetime:
    part = {name: int(value) for name, value in match.groupdict().items() if value and value.isdigit()}
    at = dt.datetime(part["y"], part["m"], part["d"], part.get("H", 0), part.get("M", 0), part.get("S", 0), tzinfo=zone)
    if match["utc"]:
        return at.replace(tzinfo=dt.UTC)
    if match["sign"]:
        offset = dt.timedelta(hours=part["oh"], minutes=part["om"])
        return at.replace(tzinfo=dt.timezone(-offset if match["sign"] == "-" else offset))
    # A wall time that a clock change skips is moved forward, as RFC 5545 says, by going through UTC.
    at = at.astimezone(dt.UTC).astimezone(zone)
    return at + dt.timedelta(days=1) if day_end and "H" not in part else at


def _word(item: Any) -> str:
    """One word of a list; of a mapping (an author, a tag with a slug) its name."""
    if isinstance(item, dict):
        item = next((item[key] for key in ("name", "title", "slug") if isinstance(item.get(key), str)), "")
    return "" if isinstance(item, list) else " ".join(str(item).split()).removeprefix("#")


def _short(value: Any) -> str:
    text = str(value)
    return quoted(text if len(text) <= 60 else text[:59] + "…")
