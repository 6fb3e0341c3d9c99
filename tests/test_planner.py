"""The planner: what is promised about order, fairness and stability, by example."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from planner_cases import CLUB, DAY, MIXED, NOTES, NOW, PGC, RESERVED, UGC, UTC, ahead, draft, make, planned

from steadycast.schedule.fairness import Turns
from steadycast.schedule.history import History
from steadycast.schedule.model import Assignment, Form, Past, Series
from steadycast.schedule.planner import fits, plan


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


def test_a_slot_counts_once_for_turns_and_that_of_an_occasion_by_what_it_is_called_now() -> None:
    """A slot whose channels had two drafts was the turn of who stood first; what announces an occasion is told apart."""
    day = [NOW - n * DAY for n in (3, 2, 1)]
    both = [Past("notes@2026-11-19T20:00", "notes", day[0], UGC, who, who) for who in ("ann", "bob")]
    club = Past("club@2026-11-28T14:00-7d", "club", day[1], UGC, "eve", "reading")
    again = Past("notes@2026-11-21T20:00", "notes", day[2], UGC, "ann", "old")
    history = History([again, club, *both])
    assert history.rows == [*both, club, again]
    assert history.turns == {"ann": (day[2], 2)}
    assert history.announced == [club]
    assert history.of_series("notes") == [both[0], again]
    assert history.of_draft("bob") == [both[1]]
    assert (history.last_past("ann"), history.last_past("nobody's")) == (both[0], None)
    assert history.last == {"ann": both[0].slot, "bob": both[1].slot, "reading": club.slot, "old": again.slot}
    assert history.slots == {both[0].slot, club.slot, again.slot}


def test_a_slot_asks_few_of_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose turn it is does not take a look at everybody."""
    asked, of = [0], Turns.of

    def counted(turns: Turns, member: str) -> Any:
        asked[0] += 1
        return of(turns, member)

    monkeypatch.setattr(Turns, "of", counted)
    plan = planned(NOTES, [draft(f"d{n}", f"m{n}") for n in range(400)], days=200)
    assert len(set(plan.values())) == 200
    assert asked[0] < 400 + 200 * 10


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
        pytest.param(replace(CLUB, name="circle", was=("club",)), "circle@2026-11-28T14:00-1d", id="another name"),
        pytest.param(
            replace(CLUB, name="circle", was=("club",), every="week on sat at 15:30"),
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
