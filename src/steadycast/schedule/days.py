"""Which local days a cadence falls on, and how cron says them: one small class a kind of rule.

`shift` in `cron` is how many days earlier the line has to fire.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ANCHOR = dt.date(2024, 1, 1)  # a Monday: where "2 weeks" and "3 days" count from when a series has no start
LAST = -1
DAY = dt.timedelta(days=1)


def midnight(day: dt.date, zone: dt.tzinfo | None = None) -> dt.datetime:
    """The beginning of a local day."""
    return dt.datetime.combine(day, dt.time(), zone)


@dataclass(frozen=True, slots=True)
class Weekly:
    """Some weekdays (0 = Monday) of every `every`-th ISO week; all seven of every week is each day."""

    weekdays: tuple[int, ...]
    every: int = 1

    def dates(self, first: dt.date, last: dt.date, anchor: dt.date) -> Iterator[dt.date]:
        """Give the days from `first` to `last`, both included."""
        weekdays = frozenset(self.weekdays)
        monday = anchor.toordinal() - anchor.weekday()
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            # Ordinal 1, 0001-01-01, was a Monday.
            if (ordinal - 1) % 7 in weekdays and (ordinal - monday) // 7 % self.every == 0:
                yield dt.date.fromordinal(ordinal)

    def cron(self, shift: int) -> str | None:
        """Day-of-month, month and day-of-week fields, or None for every second week and the like."""
        if self.every != 1:
            return None
        days = sorted((weekday + 1 - shift) % 7 for weekday in self.weekdays)  # cron's 0 is Sunday
        return "* * *" if len(days) == 7 else f"* * {','.join(map(str, days))}"


WORKING_DAYS = Weekly((0, 1, 2, 3, 4))


@dataclass(frozen=True, slots=True)
class Interval:
    """Every `every`-th day, counted from the anchor."""

    every: int

    def dates(self, first: dt.date, last: dt.date, anchor: dt.date) -> Iterator[dt.date]:
        """Give the days from `first` to `last`, both included."""
        lead = (anchor.toordinal() - first.toordinal()) % self.every
        for ordinal in range(first.toordinal() + lead, last.toordinal() + 1, self.every):
            yield dt.date.fromordinal(ordinal)

    def cron(self, shift: int) -> str | None:  # noqa: ARG002
        """None: cron's `*/3` starts again each month."""
        return None


@dataclass(frozen=True, slots=True)
class Monthly:
    """Days of each month: by number (-1 = the last) and by (nth, weekday), nth -1 being the last of its kind.

    A month without that day has no slot, as RFC 5545 says of BYMONTHDAY=31.
    """

    numbers: tuple[int, ...] = ()
    nth: tuple[tuple[int, int], ...] = ()

    def dates(self, first: dt.date, last: dt.date, anchor: dt.date) -> Iterator[dt.date]:  # noqa: ARG002
        """Give the days from `first` to `last`, both included."""
        year, month = first.year, first.month
        while (year, month) <= (last.year, last.month):
            for number in self._numbers(year, month):
                if first <= (day := dt.date(year, month, number)) <= last:
                    yield day
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)

    def _numbers(self, year: int, month: int) -> list[int]:
        weekday_of_first, length = calendar.monthrange(year, month)
        found = {length if number == LAST else number for number in self.numbers}
        for nth, weekday in self.nth:
            first = 1 + (weekday - weekday_of_first) % 7
            found.add(first + (length - first) // 7 * 7 if nth == LAST else first + (nth - 1) * 7)
        return sorted(number for number in found if number <= length)

    def cron(self, shift: int) -> str | None:
        """Day-of-month, month and day-of-week fields, or None where plain cron has no word for the days.

        Cron joins its two day fields with "or", so it cannot say "first Saturday"; it does not know "last"; and the
        eve of the 29th is no day of its own in a February of 28 days.
        """
        if self.nth or LAST in self.numbers:
            return None
        if shift and not all(shift < number <= 28 and number - shift <= 28 for number in self.numbers):
            return None
        return f"{','.join(str(number - shift) for number in sorted(self.numbers))} * *"


Days = Weekly | Interval | Monthly
