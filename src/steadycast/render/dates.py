"""Dates as readers have them, in the language of the text that they stand in."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from steadycast.platform import Event

if TYPE_CHECKING:
    from babel import Locale

# Readers have these two on pages and in letters that are out: they stay as they are, whatever a newer Babel would say.
PATTERNS = {"zh": "y年M月d日 EEE", "en": "EEEE, d MMMM y"}
# Most of what is rendered is in one of these two, which needs no Babel: loading it takes as long as twenty drafts.
_IN_CHINESE = frozenset({"zh", "zh-CN", "zh-Hans", "zh-Hans-CN", "zh-SG"})  # simplified
_IN_ENGLISH = frozenset({"en", "en-GB", "en-US"})
_HAN_DAYS = "一二三四五六日"
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905
_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905


def date_text(day: dt.date, language: str = "zh") -> str:
    """A date with its weekday, as the language (a tag) writes it; as English does, where none is known by that tag."""
    if language in _IN_CHINESE:
        return f"{day.year}年{day.month}月{day.day}日 周{_HAN_DAYS[day.weekday()]}"
    if language in _IN_ENGLISH:
        return f"{_DAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"
    return _by_babel(day, language)


def _by_babel(day: dt.date, language: str) -> str:
    from babel import dates

    locale = _locale(language)
    return dates.format_date(day, PATTERNS.get(locale.language, "full"), locale=locale)


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    from babel import Locale, UnknownLocaleError

    whole = language.replace("_", "-")
    for tag in (whole, whole.partition("-")[0]):
        with suppress(ValueError, UnknownLocaleError):
            return Locale.parse(tag, sep="-")
    return Locale.parse("en")


def when_text(event: Event, zone: dt.tzinfo, language: str) -> str:
    """When an event is, in one line: its day with both hours, its two moments, or its days."""
    start, end, last = (moment.astimezone(zone) for moment in (event.start, event.end, event.last))
    day, last_day = date_text(start, language), date_text(last, language)
    if event.all_day:
        return day if day == last_day else f"{day} – {last_day}"
    until = f"{end:%H:%M}" if day == last_day else f"{last_day} {end:%H:%M}"
    return f"{day} {start:%H:%M} – {until}"
