"""A series' rhythm: read from a human form or an RRULE, said again for people and for cron."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from steadycast.errors import SettingsError
from steadycast.language import gettext as _
from steadycast.language import known
from steadycast.schedule.days import LAST, WEEKDAYS, WORKING_DAYS, Days, Interval, Weekly, midnight
from steadycast.schedule.recurrence import Rule, read_rrule
from steadycast.schedule.rhythm_phrases import HAN_DAYS, ORDINALS, TRADITIONAL, read_human

ENGLISH_DAYS = [day.title() for day in WEEKDAYS]


@dataclass(frozen=True, slots=True)
class Cadence:
    """A rhythm in local wall time: `times` of each of its `days`; or a `rule`, which knows its own times."""

    days: Days | None = None
    times: tuple[dt.timedelta, ...] = ()  # since midnight; a whole day is 24:00, the end of the day that it is of
    rule: Rule | None = None

    def moments(self, first: dt.date, last: dt.date, anchor: dt.date) -> list[dt.datetime]:
        """Naive wall times from the local day `first` to `last`, both included, ascending.

        `anchor` is the day that "every second week" counts from: the series' start.
        """
        return [midnight(day) + time for day, time in self.days_and_times(first, last, anchor)]

    def days_and_times(self, first: dt.date, last: dt.date, anchor: dt.date) -> list[tuple[dt.date, dt.timedelta]]:
        """The same as the local day that each is of, and the time since its midnight: 24:00 is of the day it ends."""
        if self.rule is not None:
            moments = self.rule.moments(first, last, anchor)
            return [(moment.date(), moment - midnight(moment.date())) for moment in moments]
        assert self.days is not None
        return [(day, time) for day in self.days.dates(first, last, anchor) for time in self.times]

    def to_cron(self, lead: dt.timedelta = dt.timedelta()) -> tuple[str, ...] | None:
        """Five-field cron lines that fire `lead` (whole minutes) before each wall time; None when cron cannot.

        Exact by the wall clock: where a change of the clocks lies between firing and slot, the real distance is an
        hour more or less, as it is for whatever a cron line in local time says.
        """
        minutes, rest = divmod(lead, dt.timedelta(minutes=1))
        if rest or minutes < 0:
            raise ValueError("lead must be whole minutes, and not negative")
        if self.days is None:
            return None
        firings = sorted(_firing(time, minutes) for time in self.times)
        lines = []
        for (shift, minute), group in groupby(firings, key=lambda firing: firing[:2]):
            if (days := self.days.cron(shift)) is None:
                return None
            lines.append(f"{minute} {','.join(str(hour) for _, _, hour in group)} {days}")
        return tuple(lines)

    def describe(self, language: str = "en") -> str:
        """Say it for people: "every Fri at 20:00"; where `language` is a Chinese one 每周五 20:00, or 每週五 20:00."""
        if self.rule is not None:
            return self.rule.text
        name = known(language)
        said = self._said(chinese=name.startswith("zh"))
        return said.translate(TRADITIONAL) if name == "zh_Hant" else said

    def _said(self, *, chinese: bool) -> str:
        assert self.days is not None
        days = _said(self.days, chinese)
        times = [clock(time) for time in self.times]
        if len(times) > 4:
            return f"{days}{len(times)} 次" if chinese else f"{days}, {len(times)} times"
        return f"{days} {'、'.join(times)}" if chinese else f"{days} at {', '.join(times)}"


@lru_cache(maxsize=1024)
def parse(every: str | None = None, rrule: str | None = None) -> Cadence:
    """The cadence that exactly one of a human form and an RRULE describes.

    Human forms: "day at 06:20", "weekday at 20:00", "week on mon,fri at 20:00", "2 weeks on fri at 20:00",
    "3 days at 08:00", "month on 1,15 at 09:00", "month on last fri at 19:30", "month on last day at 12:00", several
    times as "day at 08:00,20:00"; and in Chinese "每天 06:20", "工作日 20:00", "每周五 20:00", "每月1日 09:00",
    "每月最后一个周五 19:30". Raises SettingsError, which says how to fix it and what was probably meant.
    """
    if (every is None) == (rrule is None):
        raise SettingsError(_("a series has exactly one of `every` and `rrule`"), hint=_('every = "day at 06:20"'))
    if every is not None:
        days, minutes = read_human(every)
        return Cadence(days, tuple(dt.timedelta(minutes=minute) for minute in minutes))
    assert rrule is not None
    found = read_rrule(rrule)
    if isinstance(found, Rule):
        return Cadence(rule=found)
    return Cadence(found[0], tuple(dt.timedelta(hours=time.hour, minutes=time.minute) for time in found[1]))


def clock(time: dt.timedelta) -> str:
    """A time of the day as people write it: 06:20, 24:00."""
    hours, minutes = divmod(time // dt.timedelta(minutes=1), 60)
    return f"{hours:02}:{minutes:02}"


def _firing(time: dt.timedelta, lead: int) -> tuple[int, int, int]:
    """How many days earlier, at which minute and at which hour a line fires `lead` minutes ahead of `time`."""
    days, minute_of_day = divmod(time // dt.timedelta(minutes=1) - lead, 1440)
    return -days, minute_of_day % 60, minute_of_day // 60


def _said(days: Days, chinese: bool) -> str:
    if isinstance(days, Interval):
        return f"每 {days.every} 天" if chinese else f"every {days.every} days"
    if isinstance(days, Weekly):
        names = ("、" if chinese else ", ").join((HAN_DAYS if chinese else ENGLISH_DAYS)[day] for day in days.weekdays)
        if days.every > 1:
            return f"每 {days.every} 周的周{names}" if chinese else f"every {days.every} weeks on {names}"
        if len(days.weekdays) == 7:
            return "每天" if chinese else "daily"
        if days == WORKING_DAYS:
            return "工作日" if chinese else "weekdays"
        return f"每周{names}" if chinese else f"every {names}"
    if chinese:
        parts = [f"{ORDINALS[nth][1]}周{HAN_DAYS[day]}" for nth, day in days.nth]
        parts += ["最后一天" if number == LAST else f"{number} 日" for number in days.numbers]
        return f"每月{' ' if parts[0][0].isdigit() else ''}{'、'.join(parts)}"
    parts = [f"{ORDINALS[nth][0]} {ENGLISH_DAYS[day]}" for nth, day in days.nth]
    parts += ["last day" if number == LAST else _ordinal(number) for number in days.numbers]
    return f"monthly on the {', '.join(parts)}"


def _ordinal(number: int) -> str:
    suffix = "th" if 10 < number < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
