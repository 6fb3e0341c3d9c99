"""What would move the first gap, and the record as a table."""

from __future__ import annotations

import datetime as dt

from steadycast.report.first_gap import Need, need
from steadycast.report.model import Coming

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
