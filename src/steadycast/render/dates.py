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


def date_text(day: dt.date, language: str = "zh") -> str:
    """A date with its weekday, as the language (a tag) writes it; as English does, where none is known by that tag."""
    from babel import dates  # 50 ms, and most of what is rendered names no date

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
