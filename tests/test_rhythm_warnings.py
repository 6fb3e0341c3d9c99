"""What a rhythm does that its words do not say is said by `check`; and a weekend that is worked is a working day."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench

from steadycast import ops
from steadycast.schedule.model import Series
from steadycast.schedule.rhythm_warnings import rhythm_warnings
from steadycast.schedule.slots import slots
from steadycast.workspace import load

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SITE_ONLY = COMMUNITY + DAILY.replace(', "far"', "") + SITE


@pytest.mark.parametrize(
    ("every", "said"),
    [
        ("month on 31 at 20:00", "a month without a day 31 has no slot for it"),
        ("month on 1,29,30 at 20:00", "a month without a day 29 and 30 has no slot for it"),
        ("month on fifth fri at 20:00", "a month without a fifth such day has no slot"),
        ("day at 02:30,03:30", "the clocks change on 2027-03-28: 02:30 and 03:30 are one instant, and one slot"),
    ],
)
def test_it_is_said(every: Any, said: Any) -> None:
    assert [what for what, _ in rhythm_warnings(Series("daily", every=every, zone=BERLIN), NOW)] == [said]


@pytest.mark.parametrize(
    "every", ["month on 28 at 20:00", "month on last day at 20:00", "day at 02:30", "day at 02:30,08:00"]
)
def test_nothing_is_said_of_what_does_as_it_says(every: Any) -> None:
    assert list(rhythm_warnings(Series("daily", every=every, zone=BERLIN), NOW)) == []


def test_check_tells_it_with_its_line_and_nothing_has_to_be_fixed(bench: Bench) -> None:
    bench.set_up(SITE_ONLY.replace("day at 20:00", "month on 31 at 20:00"))
    (told,) = [p for p in ops.check(NOW, root=bench.root) if "day 31" in p.message]
    assert (told.where, told.line, told.harmless) == ("steadycast.toml", 17, True)


@pytest.mark.parametrize("every", ["工作日 20:00", "weekday at 20:00"])
def test_working_days_know_the_weekends_that_are_worked(bench: Bench, every: Any) -> None:
    """2026: Sunday 20 September and Saturday 10 October make up for the National Day holidays."""
    bench.set_up(SITE_ONLY.replace("day at 20:00", every) + "")
    text = (bench.root / "steadycast.toml").read_text().replace('late = "3h"', 'late = "3h"\nskip = ["holidays:CN"]')
    bench.settings(text)
    (bench.root / "holidays.toml").write_text('"2026-09-26" = ""\n"2026-10-10" = "ours"\n', encoding="utf-8")
    series = load(bench.root).series["daily"]
    found = slots(series, dt.datetime(2026, 9, 18, tzinfo=dt.UTC), dt.datetime(2026, 10, 12, tzinfo=dt.UTC))
    owed = {slot.local.date() for slot in found if not slot.excused}
    assert dt.date(2026, 9, 20) in owed
    assert dt.date(2026, 9, 19) not in owed
    assert dt.date(2026, 9, 26) in owed, "the community says so"
    assert dt.date(2026, 10, 10) not in owed, "and that it is off"
    assert dt.date(2026, 10, 5) not in owed
    assert found == sorted(found)
