"""The difference between two plans, which a change of a promise shows before it is done."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from conftest import examples
from hypothesis import given
from hypothesis import strategies as st

from steadycast.schedule.model import Series, Slot
from steadycast.schedule.plan_difference import Served, effect
from steadycast.schedule.slots import slots

ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 23, 9, tzinfo=ZONE).astimezone(dt.UTC)
RHYTHMS = [
    "day at 20:00",
    "day at 09:30",
    "每天 08:00",
    "day at 08:00,20:00",
    "week on fri at 20:00",
    "3 days at 07:00",
]
PLAN = st.tuples(
    st.sampled_from(RHYTHMS), st.lists(st.sampled_from(["", "a", "b", "c", "d"]), max_size=12), st.integers(0, 30)
)


def plan_of(rhythm: str, drafts: list[str], off: int) -> list[Served]:
    found = slots(Series("daily", every=rhythm, zone=ZONE), NOW, NOW + dt.timedelta(days=5))
    drafts = list(dict.fromkeys(filter(None, drafts)))
    return [Served(s, drafts[n] if n < len(drafts) else "") for n, s in enumerate(found) if n != off]


@examples(100)
@given(PLAN, PLAN, st.sets(st.integers(0, 12), max_size=3))
def test_the_effect_leads_from_one_plan_to_the_other_and_touches_nothing_begun(
    one: Any, other: Any, begun: set[int]
) -> None:
    before, after = plan_of(*one), plan_of(*other)
    ids = {before[n].slot.id for n in begun if n < len(before)}
    told = effect(before, after, ids, NOW)
    there = {each.slot: each.draft for each in before}
    for move in told.slots:
        if move.before:
            assert move.before.slot.id not in ids, "what has begun is moved"
            assert there.pop(move.before.slot) == move.before.draft
    for move in told.slots:
        if move.after:
            there[move.after.slot] = move.after.draft
    kept = {each.slot: each.draft for each in before if each.slot.id in ids}
    assert set(there) == {each.slot for each in after} | set(kept)
    for move in told.slots:
        assert move.before or move.after
        if move.before and move.after:
            assert move.before.slot.local.date() == move.after.slot.local.date()
    firsts: dict[str, Slot | None] = {each.draft: each.slot for each in reversed(before) if each.draft}
    firsts |= {move.draft: move.after for move in told.drafts}
    ends = {
        **{each.slot: each.draft for each in after},
        **{s: d for s, d in kept.items() if s.id not in {a.slot.id for a in after}},
    }
    last = {draft: slot for slot, draft in sorted(ends.items(), reverse=True) if draft}
    assert {draft: slot for draft, slot in firsts.items() if slot} == last


@examples(50)
@given(PLAN)
def test_a_plan_that_stays_has_no_effect(plan: Any) -> None:
    assert not effect(plan_of(*plan), plan_of(*plan), set(), NOW)
