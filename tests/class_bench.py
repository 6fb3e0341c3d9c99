"""A class of 77 over eight Sundays, as tests of classes judge it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from steadycast.classes.duties import duties
from steadycast.classes.judging import judge
from steadycast.classes.model import Class, Duty, HandIn, LeaveLimits, MemberStanding, OutRule, Seat, Work
from steadycast.schedule.model import Series

ZONE = ZoneInfo("Asia/Shanghai")
SPRING_FESTIVAL = dt.date(2027, 2, 7)


def at(text: str, zone: ZoneInfo = ZONE) -> dt.datetime:
    """The instant of "2027-01-10 20:00" in Shanghai."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(dt.UTC)


def a_class(**more: Any) -> Class:
    given = {
        "name": "c16", "every": "week on sun at 20:00", "zone": ZONE, "start": dt.date(2027, 1, 4),
        "grace": dt.timedelta(), "late": dt.timedelta(hours=4), "days_off": {SPRING_FESTIVAL: "Spring Festival"},
    }  # fmt: skip
    rhythm = Series(**{**given, **{name: more.pop(name) for name in [*more] if name in Series.__dataclass_fields__}})
    return Class(rhythm.name, rhythm, **{"out": OutRule(1), "leave": LeaveLimits(), **more})


def members(n: int = 77) -> list[str]:
    return [f"m{number:02}" for number in range(1, n + 1)]


def works(times: Iterable[str | dt.datetime]) -> list[Work]:
    """Drafts that were seen when they were handed in, a name each."""
    moments = sorted(each if isinstance(each, dt.datetime) else at(each) for each in times)
    return [Work(each, f"d{each:%m%d%H%M}", "r", each) for each in moments]


def judged(
    the_class: Class,
    seats: Sequence[Seat],
    handed: Callable[[str], list[Work]],
    now: dt.datetime,
    standings: Sequence[MemberStanding] = (),
    looked: dt.datetime | None = None,
) -> tuple[dict[str, list[Duty]], dict[str, list[HandIn]]]:
    """Member -> duties, and member -> how they ended, with all sources looked at just before `now`."""
    start = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    owed = duties(the_class, seats, standings, start, now + dt.timedelta(days=15))
    return owed, {
        member: judge(the_class, member, its, handed(member), looked or now, now) for member, its in owed.items()
    }
