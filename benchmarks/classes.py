"""A year of hand-ins of a hundred classes, against the bare search of each duty's draft in a sorted list."""

from __future__ import annotations

import datetime as dt
import random
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from measure import Row, median, seconds

from steadycast.classes.duties import duties
from steadycast.classes.judging import judge
from steadycast.classes.leaving import up_for_leaving
from steadycast.classes.model import Class, OutRule, Seat, Work
from steadycast.schedule.model import Series, Verdict

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN, END = dt.datetime(2027, 1, 4, tzinfo=ZONE), dt.datetime(2028, 1, 3, tzinfo=ZONE)
MEMBERS, WEEK = 77, dt.timedelta(days=7)
SUNDAY = dt.datetime(2027, 1, 10, 18, tzinfo=ZONE).astimezone(dt.UTC)
HANDED_IN = 0.75  # as communities of this kind do


def rows(classes: int, rounds: int) -> Iterator[Row]:
    """One row; every verdict is compared with one that is worked out on its own."""
    asked = [_class(n) for n in range(classes)]
    drawn, works = random.Random(1), {}
    for the_class in asked:
        for n in range(MEMBERS):
            weeks = [week for week in range(52) if drawn.random() < HANDED_IN]
            works[the_class.name, f"m{n}"] = [_work(f"{n}-{week}", SUNDAY + week * WEEK) for week in weeks]
    seats = {the_class.name: [Seat(f"m{n}", the_class.name) for n in range(MEMBERS)] for the_class in asked}
    now = END.astimezone(dt.UTC)

    def ours() -> int:
        kept = 0
        for the_class in asked:
            for member, its in duties(the_class, seats[the_class.name], (), BEGIN, END).items():
                ended = judge(the_class, member, its, works[the_class.name, member], now, now)
                up_for_leaving(the_class, ended, (), now)
                kept += sum(each.verdict is Verdict.KEPT for each in ended)
        return kept

    def bare() -> int:
        kept = 0
        dues = [SUNDAY + week * WEEK + dt.timedelta(hours=2) for week in range(52)]
        for its in works.values():
            times = [work.at for work in its]
            kept += sum(bisect_right(times, due) > bisect_right(times, due - WEEK) for due in dues)
        return kept

    wrong = abs(ours() - bare())
    spent, floor = (sorted(_cpu(work) for _ in range(rounds)) for work in (ours, bare))
    yield Row(
        f"judge {classes} classes of {MEMBERS}, a year of weeks",
        f"{seconds(median(spent))} CPU",
        f"the bare search {seconds(median(floor))}",
        f"{median(spent) / median(floor):.1f} x; {wrong} wrong verdicts",
        "<= 1 s, 0 wrong",
        median(spent) <= 1 and not wrong,
    )


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _class(n: int) -> Class:
    name, late = f"c{n}", dt.timedelta(hours=4)
    rhythm = Series(name, every="week on sun at 20:00", zone=ZONE, start=BEGIN.date(), grace=dt.timedelta(), late=late)
    return Class(name, rhythm, out=OutRule(1), makeup="none")


def _work(name: str, at: dt.datetime) -> Work:
    return Work(at, name, "r", at)
