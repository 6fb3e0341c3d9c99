"""What is dropped at once goes out in the order that its author meant, and nothing before the day it is dated."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, DAILY, FAR, Bench, article

from steadycast import pipeline
from steadycast.pipeline.frozen_draft import natural

FAR_ONLY = COMMUNITY + DAILY.replace('"site", ', "") + FAR


def titles(bench: Any) -> list[str]:
    """What the coming slots carry, in order."""
    app, now = bench.app, bench.clock.now()
    pipeline.collect(app, now)
    return [slot.title for slot in pipeline.plan(app, now).slots if slot.draft]


def test_names_sort_as_people_count() -> None:
    names = ["第一回", "第2回", "第十回.md", "第十一回", "第二十回", "第一百零二回", "a 2", "a 10", "b1"]
    mixed = random.Random(7).sample(names, len(names))
    in_order = sorted(mixed, key=natural)
    assert [n for n in in_order if n[0] == "a"] == ["a 2", "a 10"]
    assert [n for n in in_order if n[0] == "第"] == names[:6]


def test_a_serial_of_one_drop_goes_out_in_order(bench: Bench) -> None:
    """It went out 7, 2, 4, 1: the last tie-break was a random id."""
    parts = random.Random(1).sample(range(1, 13), 12)
    bench.set_up(FAR_ONLY, {f"pgc/serial-{n}.md": article(f"Part {n}") for n in parts})
    assert titles(bench) == [f"Part {n}" for n in range(1, 13)]


def test_what_is_copied_file_by_file_is_one_drop(bench: Bench) -> None:
    bench.set_up(FAR_ONLY)
    for n in (10, 2, 1):
        bench.drop(f"pgc/{n}.md", article(f"Part {n}"))
        pipeline.collect(bench.app, bench.clock.now())
        bench.clock.advance(dt.timedelta(seconds=20))
    assert titles(bench) == ["Part 1", "Part 2", "Part 10"]
    bench.clock.advance(dt.timedelta(hours=1))
    bench.drop("pgc/0.md", article("Later"))
    assert titles(bench)[-1] == "Later"


def test_dates_go_before_names_and_what_has_none_comes_last(bench: Bench) -> None:
    bench.set_up(
        FAR_ONLY,
        {
            "pgc/c.md": article("First", "date: 2026-11-01"),
            "pgc/2026-11-05-b.md": article("Second"),
            "pgc/a.md": article("Third", "date: 2026-11-09T08:00:00+08:00"),
            "pgc/0.md": article("Undated"),
        },
    )
    assert titles(bench) == ["First", "Second", "Third", "Undated"]


@pytest.mark.parametrize("path", ["pgc/1.md", "pgc/2026-11-26-x.md"])
def test_a_date_to_come_holds_a_draft_back(bench: Bench, path: Any) -> None:
    """As Hugo and Jekyll do; it was planned months early."""
    front = [] if "2026" in path else ["date: 2026-11-26"]
    bench.set_up(FAR_ONLY, {path: article("Dated", *front)})
    pipeline.collect(bench.app, bench.clock.now())
    planned = {slot.when[:10]: slot.title for slot in pipeline.plan(bench.app, bench.clock.now()).slots if slot.draft}
    assert planned == {"2026-11-26": "Dated"}


def test_a_pin_or_an_event_says_more_than_a_date(bench: Bench) -> None:
    bench.set_up(FAR_ONLY, {"pgc/1.md": article("Pinned", "date: 2027-05-01", "slot: 2026-11-24")})
    assert titles(bench) == ["Pinned"]


def test_the_time_of_a_file_dates_nothing(bench: Bench) -> None:
    """A copied folder has the times of the copying: a clock that was ahead holds nothing back."""
    bench.set_up(FAR_ONLY, {"pgc/b.md": article("B"), "pgc/a.md": article("A")})
    assert titles(bench) == ["A", "B"]
