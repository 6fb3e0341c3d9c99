"""The planner's promises, for any stock, plan and past: what holds whatever is asked."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from typing import Any

from conftest import examples
from hypothesis import given
from hypothesis import strategies as st
from planner_cases import DAY, NOTES, NOW, PGC, SERIES, UGC, WINDOW, ahead, draft, make

from steadycast.report.outlook import KnownStock
from steadycast.schedule.history import History
from steadycast.schedule.model import Assignment, Form, Origin, Past, StockItem
from steadycast.schedule.planner import fits, plan

MOMENTS = st.integers(-60, 400).map(lambda hours: NOW + dt.timedelta(hours=hours))
PINS = st.none() | st.sampled_from(
    ["2026-11-24", "2026-11-25", "notes@2026-11-24T20:00", "2026-11-27T20:00", "2026-12-05"]
)
ITEMS = st.builds(
    StockItem,
    draft=st.integers(0, 40).map("d{}".format),
    form=st.sampled_from([Form.ARTICLE, Form.ARTICLE, Form.VIDEO, Form.EVENT]),
    origin=st.sampled_from(Origin),
    member=st.sampled_from(["", "ann", "bob", "eve"]),
    series=st.sampled_from([(), (), (), ("notes",), ("video", "twice")]),
    slot=st.none() | PINS,
    not_before=st.none() | MOMENTS,
    expires=st.none() | MOMENTS,
    evergreen=st.booleans(),
    priority=st.integers(0, 2),
    since=MOMENTS,
    event_start=st.none() | MOMENTS,
    last_used=st.none() | MOMENTS,
    circle=st.sampled_from(["", "", "paint"]),
)
STOCK = st.lists(ITEMS, max_size=30, unique_by=lambda item: item.draft)
ASSIGNED = st.lists(
    st.builds(
        Assignment,
        slot=st.sampled_from([slot.id for slot in WINDOW]),
        draft=st.integers(0, 40).map("d{}".format),
        filled=st.booleans(),
        fixed=st.booleans(),
    ),
    max_size=12,
    unique_by=(lambda each: each.slot, lambda each: each.draft),
)
PAST = st.lists(
    st.builds(
        lambda slot, draft, origin, member: Past(slot.id, slot.series, slot.at, origin, member, draft),
        st.sampled_from([slot for slot in WINDOW if slot.at < NOW + DAY]),
        st.integers(30, 45).map("d{}".format),
        st.sampled_from(Origin),
        st.sampled_from(["", "ann", "bob"]),
    ),
    max_size=3,
    unique_by=(lambda each: each.slot, lambda each: each.draft),
)
QUICK = examples(150)


@given(STOCK, ASSIGNED, PAST)
@QUICK
def test_planning_again_moves_nothing(stock: Any, assigned: Any, history: Any) -> None:
    first = make(stock, assigned, history)
    assert make(stock, first, history) == first


@given(STOCK, ASSIGNED, PAST)
@QUICK
def test_what_went_out_may_be_left_out_of_the_stock(stock: Any, assigned: Any, history: Any) -> None:
    """But for reserve, pins, and what an occasion announces: a report plans without it."""
    fixed = [replace(each, fixed=True) for each in assigned]
    out = {each.draft for each in history}
    stock = [each if each.evergreen or each.draft in out else replace(each, last_used=None) for each in stock]
    few = KnownStock(stock, History(history)).to_plan(fixed)
    assert make(few, fixed, history) == make(stock, fixed, history)


@given(STOCK, ASSIGNED, PAST)
@QUICK
def test_no_slot_twice_in_order_and_only_of_the_slots_given(stock: Any, assigned: Any, history: Any) -> None:
    result = make(stock, assigned, history)
    order = {slot.id: position for position, slot in enumerate(WINDOW)}
    positions = [order[each.slot] for each in result]
    assert positions == sorted(set(positions))


@given(STOCK, ASSIGNED, PAST)
@QUICK
def test_no_draft_goes_out_twice_but_reserve_after_its_cooldown(stock: Any, assigned: Any, history: Any) -> None:
    """Slots of one occasion count as one. What a caller fixed is the caller's."""
    by_id = {slot.id: slot for slot in WINDOW}
    items = {item.draft: item for item in stock}
    fixed = {each.slot for each in assigned if each.fixed}
    uses: dict[Any, Any] = {}
    for each in history:
        uses.setdefault(each.draft, set()).add(by_id[each.slot].occasion or each.slot)
    for each in make(stock, assigned, history):
        uses.setdefault(each.draft, set()).add(by_id[each.slot].occasion or each.slot)
        item = items.get(each.draft)
        if each.slot in fixed or (item and item.evergreen):
            continue
        assert len(uses[each.draft]) == 1


@given(STOCK, ASSIGNED, PAST)
@QUICK
def test_nothing_goes_out_where_it_does_not_fit(stock: Any, assigned: Any, history: Any) -> None:
    """Form, series, not_before, expires, event, pin; nothing new where nothing is owed; fixed ones untouched."""
    by_id, items = {slot.id: slot for slot in WINDOW}, {item.draft: item for item in stock}
    series = {each.name: each for each in SERIES}
    former, told = {each.slot: each for each in assigned}, {each.slot for each in history}
    announced = {(by_id[each.slot].occasion, each.draft) for each in history if by_id[each.slot].occasion}
    result = make(stock, assigned, history)
    assert {each for each in assigned if each.fixed} <= set(result)
    for each in result:
        slot = by_id[each.slot]
        if former.get(each.slot) == each and each.fixed:
            continue
        assert not slot.excused
        assert slot.id not in told
        assert slot.at >= NOW or former[slot.id] == each
        if each.draft.startswith("digest:"):
            assert each.filled
            continue
        assert fits(series[slot.series], slot, items[each.draft])
        if (slot.occasion, each.draft) in announced:
            continue  # whoever was told of an event is reminded of it, though its draft was pinned elsewhere since
        if pin := items[each.draft].slot:
            assert pin in (slot.id, *(f"{(slot.occasion or slot.id).split('@')[1]}"[:n] for n in (10, 16)))


@given(STOCK, ASSIGNED, PAST)
@QUICK
def test_a_pinned_slot_carries_a_draft_pinned_to_it(stock: Any, assigned: Any, history: Any) -> None:
    """A slot that an unused pinned draft names and fits is never given to one that is not pinned."""
    result = {each.slot: each for each in make(stock, assigned, history)}
    told = {each.slot for each in history}
    taken = {each.draft for each in history} | {each.draft for each in result.values()}
    for item in stock:
        slot = next((slot for slot in WINDOW if slot.id == item.slot), None)
        if slot is None or slot.at < NOW or slot.id in told or item.draft in taken or not fits(SERIES[0], slot, item):
            continue
        if any(each.draft == item.draft and each.fixed for each in assigned):
            continue
        given_there = result[slot.id]
        pinned = {each.draft for each in stock if each.slot}
        assert given_there.fixed or given_there.draft in pinned


@given(STOCK, PAST, st.data())
@QUICK
def test_one_draft_more_moves_no_other(stock: Any, history: Any, data: Any) -> None:
    """What is added takes an empty slot, or one that reserve had filled; what would expire may take one with no haste."""
    first = make(stock, (), history)
    extra = replace(data.draw(ITEMS), draft="extra", slot=None)
    second = {each.slot: each for each in make([*stock, extra], first, history)}
    for each in first:
        now = second[each.slot]
        expiring = (now.draft, now.why) == ("extra", "expiry")
        assert now == each or expiring or (each.filled and not now.filled)
    new = [each for each in second.values() if each not in first]
    assert len({each.draft for each in new if each.draft == "extra"}) <= 1


@given(STOCK, PAST, st.data())
@QUICK
def test_one_draft_less_moves_only_what_fills_its_place(stock: Any, history: Any, data: Any) -> None:
    """A chain at most: each gap draws on a later slot of its series, and that one on a later still."""
    first = make(stock, (), history)
    if not first:
        return
    gone = data.draw(st.sampled_from(first)).draft
    rest = [item for item in stock if item.draft != gone]
    by_id = {slot.id: slot for slot in WINDOW}
    before = {each.slot: each.draft for each in first}
    second = make(rest, first, history)
    where = {each.draft: by_id[each.slot].at for each in reversed(second)}
    for each in first:
        now_there = next((other for other in second if other.slot == each.slot), None)
        if each.draft == gone or each.filled or (now_there and now_there.draft == each.draft):
            continue
        assert where[each.draft] < by_id[each.slot].at, (each, before)


@given(st.integers(0, 10), st.integers(0, 10), st.integers(0, 2**32))
@QUICK
def test_the_mix_is_within_one_in_every_run_of_ten(pgc: int, ugc: int, seed: int) -> None:
    """Any ratio, any past, enough of both."""
    if pgc + ugc == 0:
        return
    series = replace(NOTES, mix={PGC: pgc, UGC: ugc})
    history = [
        Past(f"notes@x{n}", "notes", NOW - (40 - n) * DAY, UGC if seed >> n & 1 else PGC, "ann", f"h{n}")
        for n in range(32)
    ]
    stock = [draft(f"p{n}") for n in range(40)] + [draft(f"u{n}", f"m{n % 5}") for n in range(40)]
    result = plan([series], ahead(series, days=40), stock, [], history, NOW)
    origins = [each.draft[0] == "p" for each in result]
    assert len(origins) == 40
    for n in range(31):
        assert abs(sum(origins[n : n + 10]) - 10 * pgc / (pgc + ugc)) <= 1


@given(st.lists(st.sampled_from(["ann", "bob", "eve", "dan"]), min_size=1, max_size=30))
@QUICK
def test_no_member_waits_longer_than_one_round(members: list[Any]) -> None:
    """Among members who have something, none goes out twice before each has gone out once."""
    stock = [draft(f"d{n}", member, since=NOW + n * DAY) for n, member in enumerate(members)]
    who = {item.draft: item.member for item in stock}
    turns = [who[each.draft] for each in plan([NOTES], ahead(NOTES, days=30), stock, [], [], NOW)]
    left = Counter(members)
    since = dict.fromkeys(left, -1)
    for n, member in enumerate(turns):
        waiting = [each for each in left if left[each] and since[each] < since[member]]
        assert not waiting
        left[member] -= 1
        since[member] = n
