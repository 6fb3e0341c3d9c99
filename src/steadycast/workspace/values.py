"""Durations, dates and zones as people write them in steadycast.toml; a ValueError says how to write them right."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from zoneinfo import ZoneInfo, available_timezones

from steadycast.errors import did_you_mean

LONGEST_NAME = 80  # characters of a member's folder
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
LONGEST = dt.timedelta(days=3660)  # from today, far beyond it there is no date


def duration(text: object) -> dt.timedelta:
    """A span from "90s", "10m", "12h", "7d" or "2w"."""
    found = re.fullmatch(r"\s*(\d{1,6})\s*([smhdw])\s*", str(text))
    if not found:
        message = f'{text!r} is not a length of time; write a number and a unit: "90s", "10m", "12h", "7d", "2w"'
        raise ValueError(message)
    span = dt.timedelta(seconds=int(found[1]) * UNITS[found[2]])
    if span > LONGEST:
        message = f'{text!r} is too long; ten years are the most: "520w"'
        raise ValueError(message)
    return span


def zone(name: object) -> ZoneInfo:
    """The time zone of that name, from the tz database."""
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):  # a name with "..", one too long, one that is a folder of the database
        hint = did_you_mean(str(name), available_timezones(), "for example Asia/Shanghai")
        message = f"there is no time zone {str(name)!r}; {hint}"
        raise ValueError(message) from None


def member_name(text: str) -> str:
    """The name of a member's folder below content/ugc/, in any script, as intake spells it (NFC)."""
    name = unicodedata.normalize("NFC", text)
    odd = not name.isprintable() or name != name.strip() or any(mark in name for mark in "/\\")
    if not name or odd or name[0] in ".#-" or len(name) > LONGEST_NAME:
        message = f"is no folder's name: at most {LONGEST_NAME} characters, no / or \\ in it, no . # or - before it"
        raise ValueError(message)
    return name


def dates(text: str) -> frozenset[dt.date]:
    """The local dates of "2026-12-31" or of "2027-02-04..2027-02-11", both ends included."""
    first, _, last = text.partition("..")
    try:
        start, end = dt.date.fromisoformat(first.strip()), dt.date.fromisoformat((last or first).strip())
    except ValueError:
        message = f'{text!r} is no date; write "2026-12-31", "2027-02-04..2027-02-11" or "holidays:CN"'
        raise ValueError(message) from None
    if not 0 <= (end - start).days <= 366:
        message = f"{text!r} runs backwards or for longer than a year"
        raise ValueError(message)
    return frozenset(start + dt.timedelta(days=n) for n in range((end - start).days + 1))
