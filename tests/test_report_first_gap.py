"""What would move the first gap, and the record as a table."""

from __future__ import annotations

import datetime as dt

from steadycast.language import of_tag
from steadycast.report.first_gap import Need, need
from steadycast.report.model import Coming
from steadycast.report.words import expected_gap
from steadycast.schedule.forecast import Forecast

MONDAY = dt.datetime(2026, 11, 30, 20, tzinfo=dt.UTC)


def coming(*states: str) -> list[Coming]:
    """One slot a day from Monday on."""
    return [Coming(MONDAY + dt.timedelta(days=n), state) for n, state in enumerate(states)]


def test_gaps_of_one_week_are_asked_for_together() -> None:
    """Two more by Thursday; and what comes after that week is the next gap."""
    week = ["planned", "planned", "planned", "gap", "planned", "gap", "excused"]
    assert need(coming(*week)) == Need(2, MONDAY + dt.timedelta(days=3), None)
    later = coming(*week, *["planned"] * 3, "gap")
    assert need(later) == Need(2, MONDAY + dt.timedelta(days=3), MONDAY + dt.timedelta(days=10))


def test_where_nothing_is_empty_nothing_is_needed() -> None:
    assert need(coming("planned", "filled", "excused")) is None
    assert need([]) is None


def test_the_expected_gap_is_told_with_its_range_and_with_what_little_it_is_judged_by() -> None:
    """The likeliest day, from when and until when, and how likely; nothing where a gap is less likely than not."""
    say, first, later = of_tag("en"), MONDAY, MONDAY + dt.timedelta(days=9)
    day = MONDAY + dt.timedelta(days=4)
    told = expected_gap(Forecast(0.95, later, first, later, 8, day, 0.4), say)
    assert told == [
        "with new drafts, first gap around Fri, Dec 4 (Nov 30 to Dec 9)",
        "40% that it is within a day of that",
    ]
    told = expected_gap(Forecast(0.6, later, first, None, 2, day, 0.25), of_tag("zh-CN"))
    assert told == [
        "算上来稿，首个空档大约在12月4日周五（最早11月30日）",
        "前后差不过一天的可能是 25%",
        "只凭 2 周的来稿推算",
    ]
    assert expected_gap(Forecast(0.3, None, first, None, 8), say) == []
    assert expected_gap(None, say) == []
