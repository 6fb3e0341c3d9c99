"""RRULEs (RFC 5545, section 3.3.10) in naive local time: plain ones as days and times, the rest through dateutil."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from steadycast.errors import SettingsError, did_you_mean
from steadycast.language import gettext as _
from steadycast.language import listed
from steadycast.schedule.days import Days, Interval, Monthly, Weekly, midnight

if TYPE_CHECKING:
    from dateutil.rrule import rrule

_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY_PARTS = ("BYMONTH", "BYMONTHDAY", "BYDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")
_PARTS = ("FREQ", "INTERVAL", "WKST", "BYHOUR", "BYMINUTE", "BYSECOND", *_DAY_PARTS)
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY")
_TOO_OFTEN = ("MINUTELY", "SECONDLY")
# What a rule would otherwise take from the weekday or the day of the month on which it happens to start.
_NEEDS = {
    "YEARLY": ("BYMONTHDAY", "BYDAY", "BYYEARDAY"),
    "MONTHLY": ("BYMONTHDAY", "BYDAY"),
    "WEEKLY": ("BYDAY",),
}
_EXAMPLE = "FREQ=WEEKLY;BYDAY=FR;BYHOUR=20;BYMINUTE=0"
# dateutil looks for the next occurrence up to the year 9999. Started here it finds out soon that there is none.
_NEAR_THE_END = dt.datetime(9950, 1, 1)  # noqa: DTZ001


_RANGES = {
    "INTERVAL": (1, 999),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSECOND": (0, 0),
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (1, 31),
    "BYYEARDAY": (1, 366),
    "BYWEEKNO": (1, 53),
    "BYSETPOS": (1, 366),
}
_SIGNED = ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")  # -1 is the last
_WEEKDAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")


@dataclass(frozen=True, slots=True)
class Rule:
    """An RRULE that is more than days and times: what dateutil makes of it, in naive local time."""

    text: str
    every: int = 1

    def moments(self, first: dt.date, last: dt.date, anchor: dt.date) -> list[dt.datetime]:
        """Naive wall times from the local day `first` to `last`, both included, ascending.

        Every second month and the like is counted from `anchor`, and has no occurrence before it. Any other rule
        begins a whole period ahead of the days asked for: what is asked cannot change what is found.
        """
        since = anchor if self.every > 1 else dt.date(max(first.year - 1, 1), 1, 1)
        begin, end = midnight(first), dt.datetime.combine(last, dt.time.max)
        return _rrule(self.text, midnight(since)).between(begin, end, inc=True)


def read_rrule(text: str) -> Rule | tuple[Days, tuple[dt.time, ...]]:
    """What an RRULE says: days and times where it is as plain as that, else a Rule. Raises SettingsError.

    It has to say hour and minute, and the day it means, by itself: nothing is taken from the day a series starts on.
    Refused are COUNT and UNTIL (a series has `start` and `until`), parts of seconds or minutes, and a rule that
    falls on no day at all.
    """
    parts = _parts(text)
    _check(text, parts)
    return _plain(parts) or _checked_rule(text, parts)


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for piece in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, equals, value = (side.strip() for side in piece.partition("="))
        if name in ("COUNT", "UNTIL"):
            raise _wrong(text, _("%(name)s would end it", name=name), _("end a series with `until = 2027-12-31`"))
        if name not in _PARTS:
            raise _wrong(text, _('"%(part)s" is no part of an RRULE here', part=name[:40]), did_you_mean(name, _PARTS))
        if not equals or not value or name in parts:
            raise _wrong(text, _("%(name)s needs one value", name=name))
        parts[name] = value
    return parts


def _check(text: str, parts: Mapping[str, str]) -> None:
    frequency = parts.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        known = () if frequency in _TOO_OFTEN else _FREQUENCIES
        hint = did_you_mean(frequency, known, _("FREQ is one of %(frequencies)s", frequencies=listed(_FREQUENCIES)))
        raise _wrong(
            text,
            _("no series runs FREQ=%(frequency)s", frequency=frequency[:40]) if frequency else _("FREQ is missing"),
            hint,
        )
    for name, (low, high) in _RANGES.items():
        for number in _numbers(text, parts, name):
            if not low <= (abs(number) if name in _SIGNED else number) <= high:
                raise _wrong(text, _("%(name)s=%(number)s is out of range", name=name, number=number))
    most = {"MONTHLY": 5, "YEARLY": 5 if "BYMONTH" in parts else 53}.get(frequency, 0)
    for day in [*parts.get("BYDAY", "MO").split(","), parts.get("WKST", "MO")]:
        found = _WEEKDAY.fullmatch(day)
        if not found or (found[1] and not 1 <= abs(int(found[1])) <= most):
            hint = _("MO, TU, WE, TH, FR, SA, SU; and 1SA or -1FR with MONTHLY or YEARLY")
            raise _wrong(text, _('"%(day)s" is no day of the week here', day=day[:40]), hint)
    if "BYMINUTE" not in parts or ("BYHOUR" not in parts and frequency != "HOURLY"):
        raise _wrong(text, _("it does not say at what time"), _("add BYHOUR=20;BYMINUTE=0"))
    needs = ("BYDAY",) if "BYWEEKNO" in parts else _NEEDS.get(frequency, ())
    if needs and not any(name in parts for name in needs):
        raise _wrong(text, _("it does not say on which day"), _("add %(parts)s", parts=_(" or ").join(needs)))


def _numbers(text: str, parts: Mapping[str, str], name: str) -> list[int]:
    if name not in parts:
        return []
    if not re.fullmatch(r"[+-]?[0-9]{1,3}(,[+-]?[0-9]{1,3})*", parts[name]):
        raise _wrong(text, _("%(name)s takes numbers", name=name))
    return [int(number) for number in parts[name].split(",")]


def _plain(parts: Mapping[str, str]) -> tuple[Days, tuple[dt.time, ...]] | None:
    """The rule as days and times, or None where that would lose something."""
    if parts.get("WKST", "MO") != "MO" or {"BYMONTH", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"} & parts.keys():
        return None
    every = int(parts.get("INTERVAL", "1"))
    days = _plain_days(parts, every)
    if days is None:
        return None
    hours = [int(hour) for hour in parts["BYHOUR"].split(",")] if "BYHOUR" in parts else range(24)
    minutes = [int(minute) for minute in parts["BYMINUTE"].split(",")]
    return days, tuple(sorted({dt.time(hour, minute) for hour in hours for minute in minutes}))


def _plain_days(parts: Mapping[str, str], every: int) -> Days | None:
    frequency, numbers = parts["FREQ"], parts.get("BYMONTHDAY")
    matches = [found for day in parts.get("BYDAY", "").split(",") if (found := _WEEKDAY.fullmatch(day))]
    named = tuple(sorted({_CODES.index(found[2]) for found in matches}))
    if frequency == "MONTHLY" and every == 1:
        if numbers and not matches:
            days = tuple(
                sorted({int(number) for number in numbers.split(",")}, key=lambda number: (number < 0, number))
            )
            return Monthly(days) if days[-1] >= -1 and len([day for day in days if day < 0]) <= 1 else None
        nth = tuple(dict.fromkeys((int(found[1] or 0), _CODES.index(found[2])) for found in matches))
        return Monthly(nth=nth) if not numbers and all(which in (-1, 1, 2, 3, 4, 5) for which, _ in nth) else None
    if numbers or any(found[1] for found in matches):
        return None
    if frequency == "WEEKLY":
        return Weekly(named, every)
    if frequency == "DAILY" and every > 1:
        return None if named else Interval(every)
    return Weekly(named or tuple(range(7))) if frequency in ("DAILY", "HOURLY") and every == 1 else None


def _checked_rule(text: str, parts: Mapping[str, str]) -> Rule:
    ordered = ";".join(f"{name}={value}" for name, value in parts.items() if name != "BYSECOND")
    rule = Rule(f"{ordered};BYSECOND=0", int(parts.get("INTERVAL", "1")))
    try:
        first = next(iter(_rrule(rule.text, _NEAR_THE_END)), None)
    except ValueError as problem:
        raise _wrong(text, str(problem)) from None
    if first is None:
        raise _wrong(text, _("it falls on no day at all"))
    return rule


def _wrong(text: str, what: str, hint: str = "") -> SettingsError:
    return SettingsError(
        _('cannot read the RRULE "%(rule)s": %(what)s', rule=text[:120], what=what),
        hint=hint or _("as in %(rule)s", rule=_EXAMPLE),
    )


@lru_cache(maxsize=256)
def _rrule(text: str, start: dt.datetime) -> rrule:
    """The rule as dateutil has it from `start` on; never with its own cache, which is known to hang under threads."""
    from dateutil.rrule import rrule, rrulestr

    found = rrulestr(text, dtstart=start)
    assert isinstance(found, rrule)
    return found
