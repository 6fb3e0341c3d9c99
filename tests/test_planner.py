"""The planner: what is promised about order, fairness and stability, as examples and as properties."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st

from steadycast.schedule.model import Assignment, Form, Origin, Past, Series, Slot, StockItem
from steadycast.schedule.planner import fits, plan
from steadycast.schedule.slots import slots

UTC = dt.UTC
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = dt.timedelta(days=1)
PGC, UGC = Origin.PGC, Origin.UGC
NOTES = Series("notes", every="day at 20:00")
MIXED = replace(NOTES, mix={PGC: 3, UGC: 7})
CLUB = Series("club", every="week on sat at 14:00", forms=(Form.EVENT,), announce=(7 * DAY, DAY))


def ahead(*series: Series, days: int = 14, now: dt.datetime = NOW) -> list[Slot]:
    return sorted(slot for each in series for slot in slots(each, now, now + days * DAY))


def draft(id: str, member: str = "", **fields: Any) -> StockItem:
    return StockItem(
        id, fields.pop("form", Form.ARTICLE), fields.pop("origin", UGC if member else PGC), member, **fields
    )


def planned(
    series: Any, stock: Any, assigned: Any = (), history: Any = (), now: Any = NOW, days: int = 14, **options: Any
) -> dict[str, str]:
    """The plan as {local day: draft}."""
    series = series if isinstance(series, list) else [series]
    result = plan(series, ahead(*series, days=days, now=now), stock, assigned, history, now, **options)
    return {each.slot.split("@")[1].removesuffix("T20:00")[5:]: each.draft for each in result}


def test_a_burst_is_spread_over_coming_slots() -> None:
    stock = [draft(f"d{n}", "alice", since=NOW - n * DAY) for n in range(12)]
    result = planned(NOTES, stock)
    assert list(result) == [f"11-{day}" for day in range(22, 31)] + ["12-01", "12-02", "12-03"]
    assert list(result.values()) == [f"d{n}" for n in reversed(range(12))]


def test_a_pinned_draft_gets_its_slot_before_all_others() -> None:
    stock = [draft("a", priority=9), draft("b", slot="2026-11-22"), draft("c", slot="notes@2026-11-24T20:00")]
    assert planned(NOTES, stock) == {"11-22": "b", "11-23": "a", "11-24": "c"}


@pytest.mark.parametrize(
    "pin", ["2026-11-24", "2026-11-24T20:00", "2026-11-24 20:00:00", "notes@2026-11-24", "notes@2026-11-24T20:00"]
)
def test_a_pin_may_name_a_slot_a_local_time_or_a_day(pin: Any) -> None:
    assert planned(NOTES, [draft("a", slot=pin)]) == {"11-24": "a"}


def test_a_pin_claims_its_slot_from_the_draft_that_was_planned_there() -> None:
    stock = [draft("a"), draft("b"), draft("c", slot="2026-11-22")]
    former = [Assignment("notes@2026-11-22T20:00", "a"), Assignment("notes@2026-11-23T20:00", "b")]
    assert planned(NOTES, stock, former) == {"11-22": "c", "11-23": "b", "11-24": "a"}


def test_a_pinned_draft_whose_day_is_over_or_taken_goes_nowhere_else() -> None:
    stock = [draft("old", slot="2026-11-01"), draft("a", slot="2026-11-23", priority=1), draft("b", slot="2026-11-23")]
    assert planned(NOTES, stock) == {"11-23": "a"}


def test_two_pinned_to_one_day_take_one_series_each() -> None:
    stock = [draft("a", slot="2026-11-23", since=NOW), draft("b", slot="2026-11-23", since=NOW + DAY)]
    morning = Series("morning", every="day at 06:20")
    assert planned([NOTES, morning], stock) == {"11-23T06:20": "a", "11-23": "b"}


def test_a_draft_that_would_expire_unused_takes_the_last_slot_that_one_without_haste_has() -> None:
    """Every slot is given already; a letter for the holiday must not wait for the one after it."""
    patient = [draft(f"d{n}", since=NOW - DAY) for n in range(14)]
    former = plan([NOTES], ahead(NOTES), patient, (), (), NOW)
    hasty = draft("letter", expires=NOW + 3 * DAY)
    result = planned(NOTES, [*patient, hasty], former)
    before = {a.slot.split("@")[1].removesuffix("T20:00")[5:]: a.draft for a in former}
    assert result["11-24"] == "letter"
    assert [day for day in before if result.get(day) != before[day]] == ["11-24"]
    again = plan(
        [NOTES],
        ahead(NOTES),
        [*patient, hasty],
        plan([NOTES], ahead(NOTES), [*patient, hasty], former, (), NOW),
        (),
        NOW,
    )
    assert {a.draft for a in again} == set(result.values())


def test_haste_moves_neither_pins_nor_the_hasty_nor_what_is_fixed() -> None:
    """Whoever was promised a day keeps it."""
    stock = [draft("pin", slot="2026-11-22"), draft("soon", expires=NOW + 2 * DAY), draft("sent")]
    former = [
        Assignment("notes@2026-11-22T20:00", "pin", why="pin"),
        Assignment("notes@2026-11-23T20:00", "soon"),
        Assignment("notes@2026-11-24T20:00", "sent", fixed=True),
    ]
    result = planned(NOTES, [*stock, draft("letter", expires=NOW + 3 * DAY)], former)
    assert result == {"11-22": "pin", "11-23": "soon", "11-24": "sent"}


def test_priority_goes_before_waiting() -> None:
    assert planned(NOTES, [draft("a", since=NOW - DAY), draft("b", priority=1)]) == {"11-22": "b", "11-23": "a"}


def test_a_draft_that_would_expire_unused_goes_first() -> None:
    soon = draft("soon", since=NOW, expires=NOW + 2 * DAY)
    stock = [draft(f"d{n}", priority=n, since=NOW - DAY) for n in range(5)]
    assert planned(NOTES, [*stock, soon])["11-22"] == "soon"


def test_a_draft_that_has_time_waits_its_turn() -> None:
    later = draft("later", since=NOW, expires=NOW + 10 * DAY)
    stock = [draft(f"d{n}", since=NOW - DAY) for n in range(5)]
    assert list(planned(NOTES, [*stock, later]).values()) == ["d0", "d1", "d2", "d3", "d4", "later"]


def test_none_expires_unused_where_there_is_room_for_all() -> None:
    stock = [draft(f"x{n}", since=NOW + n * DAY, expires=NOW + (n + 1.5) * DAY) for n in reversed(range(10))]
    assert sorted(planned(NOTES, [draft("p", priority=5), *stock]).values())[1:] == [f"x{n}" for n in range(10)]


def test_the_member_who_waited_longest_has_the_next_turn() -> None:
    stock = [draft(f"{member}{n}", member, since=NOW + n * DAY) for member in ("ann", "bob", "eve") for n in (1, 2)]
    history = [Past("notes@2026-11-21T20:00", "notes", NOW - DAY, UGC, "ann", "old1")]
    history += [Past("notes@2026-11-20T20:00", "notes", NOW - 2 * DAY, UGC, "eve", "old2")]
    assert list(planned(NOTES, stock, history=history).values()) == ["bob1", "eve1", "ann1", "bob2", "eve2", "ann2"]


def test_turns_count_in_all_series_together() -> None:
    """Ann's film of yesterday was her turn, so Bob's note goes before hers."""
    video = Series("video", every="week on sat at 10:00", forms=(Form.VIDEO,))
    stock = [draft("ann1", "ann", since=NOW - 9 * DAY), draft("bob1", "bob", since=NOW)]
    history = [Past("video@2026-11-21T10:00", "video", NOW - DAY, UGC, "ann", "film")]
    assert planned([NOTES, video], stock, history=history) == {"11-22": "bob1", "11-23": "ann1"}


def test_the_mix_is_held_in_any_ten_slots() -> None:
    stock = [draft(f"p{n}") for n in range(30)] + [draft(f"u{n}", f"m{n % 4}") for n in range(70)]
    origins = "".join(draft[0] for draft in planned(MIXED, stock, days=100).values())
    assert len(origins) == 100
    assert all(2 <= origins[n : n + 10].count("p") <= 4 for n in range(91))


def test_what_scarcity_made_impossible_is_not_made_up_for_later() -> None:
    """Forty days without PGC are no reason for a week of nothing else."""
    history = [
        Past(f"notes@{(NOW - n * DAY).date()}T20:00", "notes", NOW - n * DAY, UGC, "ann", f"h{n}") for n in range(1, 41)
    ]
    stock = [draft(f"p{n}") for n in range(20)] + [draft(f"u{n}", "ann") for n in range(20)]
    origins = "".join(draft[0] for draft in planned(MIXED, stock, history=history, days=20).values())
    assert origins.startswith("pu")
    assert origins[:10].count("p") <= 4


def test_an_origin_asked_for_with_nothing_has_no_place_but_by_a_pin() -> None:
    house = replace(NOTES, mix={PGC: 1})
    stock = [draft("u", "ann"), draft("pinned", "ann", slot="2026-11-25"), draft("p")]
    assert planned(house, stock) == {"11-22": "p", "11-25": "pinned"}


def test_forms_series_and_channels_decide_where_a_draft_fits() -> None:
    slot = ahead(NOTES)[0]
    assert fits(NOTES, slot, draft("a"))
    assert not fits(NOTES, slot, draft("a", form=Form.VIDEO))
    assert not fits(NOTES, slot, draft("a", series=("morning",)))
    assert fits(NOTES, slot, draft("a", series=("morning", "notes")))
    two = replace(NOTES, channels=("blog", "mail"))
    assert fits(two, slot, draft("a", skip_channels=frozenset({"mail"})))
    assert not fits(two, slot, draft("a", skip_channels=frozenset({"mail", "blog"})))


def test_not_before_and_expires_hold_to_the_microsecond() -> None:
    slot = ahead(NOTES)[0]
    tick = dt.timedelta(microseconds=1)
    assert fits(NOTES, slot, draft("a", not_before=slot.at, expires=slot.at + tick))
    assert not fits(NOTES, slot, draft("a", not_before=slot.at + tick))
    assert not fits(NOTES, slot, draft("a", expires=slot.at))


def test_the_slots_of_one_occasion_share_one_draft() -> None:
    saturday = dt.datetime(2026, 12, 5, 14, tzinfo=UTC)
    stock = [
        draft("reading", form=Form.EVENT, event_start=saturday),
        draft("walk", form=Form.EVENT, event_start=saturday + 7 * DAY),
    ]
    result = plan([CLUB], ahead(CLUB, days=21), stock, [], [], NOW)
    assert [(each.slot, each.draft) for each in result] == [
        ("club@2026-12-05T14:00-7d", "reading"),
        ("club@2026-12-05T14:00-1d", "reading"),
        ("club@2026-12-12T14:00-7d", "walk"),
        ("club@2026-12-12T14:00-1d", "walk"),
    ]


def test_an_announced_occasion_keeps_its_draft_to_the_end() -> None:
    """The first announcement went out: a better draft that comes now does not take the second."""
    saturday = dt.datetime(2026, 11, 28, 14, tzinfo=UTC)
    stock = [
        draft("reading", form=Form.EVENT, event_start=saturday + DAY),
        draft("other", form=Form.EVENT, event_start=saturday, priority=5, slot="2026-11-28"),
    ]
    history = [Past("club@2026-11-28T14:00-7d", "club", NOW - DAY, PGC, "", "reading")]
    result = plan([CLUB], ahead(CLUB, days=7), stock, [], history, NOW)
    assert {each.slot: each.draft for each in result} == {"club@2026-11-28T14:00-1d": "reading"}


@pytest.mark.parametrize(
    ("club", "slot"),
    [
        pytest.param(replace(CLUB, every="week on sat at 15:30"), "club@2026-11-28T15:30-1d", id="another hour"),
        pytest.param(replace(CLUB, name="circle", was="club"), "circle@2026-11-28T14:00-1d", id="another name"),
        pytest.param(
            replace(CLUB, name="circle", was="club", every="week on sat at 15:30"),
            "circle@2026-11-28T15:30-1d",
            id="both",
        ),
    ],
)
@pytest.mark.parametrize("out", ["sent", "claimed"])
def test_an_occasion_whose_hour_or_name_is_edited_is_still_the_one_that_was_announced(
    club: Any, slot: Any, out: Any
) -> None:
    saturday = dt.datetime(2026, 11, 28, 14, tzinfo=UTC)
    stock = [
        draft("reading", form=Form.EVENT, event_start=saturday + DAY),
        draft("other", form=Form.EVENT, event_start=saturday, priority=5, slot="2026-11-28"),
    ]
    first = "club@2026-11-28T14:00-7d"
    history = [Past(first, club.name, NOW - DAY, PGC, "", "reading")] if out == "sent" else []
    claimed = [Assignment(first, "reading", fixed=True)] if out == "claimed" else []
    result = plan([club], ahead(club, days=7), stock, claimed, history, NOW)
    assert {each.slot: each.draft for each in result} == {slot: "reading"}


def test_another_occasion_of_the_same_day_is_not_taken_for_one_that_is_over() -> None:
    club = replace(CLUB, every="day at 10:00,14:00", announce=(DAY, dt.timedelta(hours=1)))
    now = dt.datetime(2026, 11, 28, 10, 30, tzinfo=UTC)
    stock = [
        draft("early", form=Form.EVENT, event_start=now + dt.timedelta(hours=4)),
        draft("late", form=Form.EVENT, event_start=now + dt.timedelta(hours=3, minutes=30)),
    ]
    history = [Past("club@2026-11-28T10:00-1d", "club", now - DAY, PGC, "", "early")]
    result = plan([club], ahead(club, days=1, now=now)[:1], stock, [], history, now)
    assert {each.slot: each.draft for each in result} == {"club@2026-11-28T14:00-1h": "late"}


@pytest.mark.parametrize(("days", "fitting"), [(-3.01, False), (-3, True), (0, True), (3, True), (3.01, False)])
def test_an_event_serves_an_occasion_within_three_days_of_its_start(days: Any, fitting: Any) -> None:
    slot = next(slot for slot in ahead(CLUB, days=21) if slot.id == "club@2026-12-05T14:00-7d")
    start = dt.datetime(2026, 12, 5, 14, tzinfo=UTC) + days * DAY
    assert fits(CLUB, slot, draft("a", form=Form.EVENT, event_start=start)) is fitting


def test_an_event_is_not_announced_once_it_has_begun() -> None:
    slot = next(slot for slot in ahead(CLUB, days=21) if slot.id == "club@2026-12-05T14:00-1d")
    assert not fits(CLUB, slot, draft("a", form=Form.EVENT, event_start=slot.at))


RESERVED = replace(NOTES, fill=("evergreen", "digest"))


def test_reserve_fills_only_what_is_near_and_has_nothing_fresh() -> None:
    stock = [draft("old", evergreen=True, last_used=NOW - 200 * DAY), draft("older", evergreen=True)]
    assert planned(RESERVED, stock) == {"11-22": "older"}
    assert planned(RESERVED, [*stock, draft("fresh")]) == {"11-22": "fresh"}
    assert planned(NOTES, stock) == {}


def test_an_evergreen_rests_for_its_cooldown_and_the_digest_takes_over() -> None:
    stock = [draft("old", evergreen=True, last_used=NOW - 89 * DAY)]
    assert planned(RESERVED, stock) == {"11-22": "digest:notes:notes@2026-11-22T20:00"}
    assert planned(replace(RESERVED, fill=("evergreen",)), stock) == {}
    assert planned(RESERVED, stock, fill_within=3 * DAY)["11-23"] == "old"


def test_a_filled_slot_goes_to_what_is_fresh_once_it_is_there() -> None:
    former = [Assignment("notes@2026-11-22T20:00", "old", filled=True, why="evergreen")]
    stock = [draft("old", evergreen=True), draft("older", evergreen=True, since=NOW - 999 * DAY)]
    assert planned(RESERVED, stock, former) == {"11-22": "old"}
    assert planned(RESERVED, [*stock, draft("fresh")], former) == {"11-22": "fresh"}


def test_a_deleted_draft_costs_the_last_slot_not_the_next_one() -> None:
    """The gap is filled by the draft of the last slot; every other draft stays where it was."""
    stock = [draft(f"d{n}", since=NOW + n * DAY) for n in range(6)]
    former = plan([NOTES], ahead(NOTES), stock, [], [], NOW)
    result = plan([NOTES], ahead(NOTES), stock[1:], former, [], NOW)
    assert [each.draft for each in result] == ["d5", "d1", "d2", "d3", "d4"]
    assert result[0].why == "gap"


def test_fixed_assignments_stay_whatever_they_are() -> None:
    former = [Assignment("notes@2026-11-22T20:00", "gone", fixed=True), Assignment("notes@2026-11-23T20:00", "a")]
    stock = [draft("a"), draft("b", slot="2026-11-22"), draft("gone", expires=NOW)]
    assert planned(NOTES, stock, former) == {"11-22": "gone", "11-23": "a"}


def test_an_overdue_slot_keeps_its_draft_while_late_lasts_then_gives_it_back() -> None:
    former = [Assignment("notes@2026-11-21T20:00", "a")]
    everything = ahead(NOTES, now=NOW - 2 * DAY, days=16)
    late = plan(
        [replace(NOTES, late=18 * dt.timedelta(hours=1))], everything, [draft("a"), draft("b")], former, [], NOW
    )
    assert [(each.slot[6:16], each.draft) for each in late] == [("2026-11-21", "a"), ("2026-11-22", "b")]
    missed = plan([NOTES], everything, [draft("a")], former, [], NOW)
    assert [(each.slot[6:16], each.draft) for each in missed] == [("2026-11-22", "a")]


def test_nothing_is_planned_for_slots_excused_past_or_already_published() -> None:
    off = replace(NOTES, days_off={dt.date(2026, 11, 22): "off"})
    history = [Past("notes@2026-11-23T20:00", "notes", NOW, PGC, "", "early")]
    assert planned(off, [draft("a"), draft("early")], history=history) == {"11-24": "a"}


SERIES = [
    MIXED,
    Series("video", every="week on fri at 20:00", forms=(Form.VIDEO, Form.ARTICLE), fill=("evergreen", "digest")),
    replace(RESERVED, name="twice", every="day at 08:00,18:00", cooldown=5 * DAY),
    replace(CLUB, fill=("evergreen",)),
]
WINDOW = ahead(*SERIES, days=12, now=NOW - DAY)
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


def make(stock: Any, assigned: Any = (), history: Any = ()) -> Any:
    return plan(SERIES, WINDOW, stock, assigned, history, NOW, 3 * DAY)


@given(STOCK, ASSIGNED, PAST)
@QUICK
def test_planning_again_moves_nothing(stock: Any, assigned: Any, history: Any) -> None:
    first = make(stock, assigned, history)
    assert make(stock, first, history) == first


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


def test_one_that_expires_before_its_own_hour_keeps_no_other_from_its_last_slot() -> None:
    """Planned once or twice, the draft that would expire has the slot, and the one without haste waits."""
    end = NOW + dt.timedelta(hours=129)
    never = draft("never", expires=end, not_before=end)
    stock = [
        draft("patient", form=Form.VIDEO),
        draft("hasty", form=Form.VIDEO, expires=end, since=NOW + dt.timedelta(hours=1)),
        never,
    ]
    first = make(stock)
    assert [(each.draft, each.why) for each in first if each.slot.startswith("video")] == [("hasty", "expiry")]
    assert make(stock, first) == first


@given(STOCK, PAST, st.data())
@QUICK
def test_one_draft_more_moves_no_other(stock: Any, history: Any, data: Any) -> None:
    """What is added takes an empty slot, or one that reserve had filled."""
    first = make(stock, (), history)
    extra = replace(data.draw(ITEMS), draft="extra", slot=None)
    second = {each.slot: each for each in make([*stock, extra], first, history)}
    for each in first:
        assert second[each.slot] == each or (each.filled and not second[each.slot].filled)
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
