"""Dates as people read them, in Chinese or English."""

from __future__ import annotations

import datetime as dt

from steadycast.platform import Event

_WEEKDAYS = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905


def date_text(day: dt.date, language: str = "zh") -> str:
    """A date with its weekday, in Chinese or English."""
    if language.lower().startswith("zh"):
        return f"{day.year}年{day.month}月{day.day}日 {_WEEKDAYS['zh'][day.weekday()]}"
    return f"{_WEEKDAYS['en'][day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def when_text(event: Event, zone: dt.tzinfo, language: str) -> str:
    """When an event is, in one line: its day with both hours, its two moments, or its days."""
    start, end, last = (moment.astimezone(zone) for moment in (event.start, event.end, event.last))
    day, last_day = date_text(start, language), date_text(last, language)
    if event.all_day:
        return day if day == last_day else f"{day} – {last_day}"
    until = f"{end:%H:%M}" if day == last_day else f"{last_day} {end:%H:%M}"
    return f"{day} {start:%H:%M} – {until}"
