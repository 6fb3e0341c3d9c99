"""Whose turn it is to be on duty, and to lead a group."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from steadycast.classes.model import Happened, Leave, MemberStanding, Seat
from steadycast.classes.turns import THE_CLASS, Away, Period, Rota, Turn, ahead, away, period_at, turns
from steadycast.schedule.days import DAY

SHANGHAI = ZoneInfo("Asia/Shanghai")
SIZES = [8] * 7 + [7] * 3
GROUPS = [str(group) for group, size in enumerate(SIZES, start=1) for _ in range(size)]
SEATS = [Seat(f"m{number:02}", "c16", group=group) for number, group in enumerate(GROUPS, start=1)]


def _on(member: str, what: Happened, month: int, day: int) -> MemberStanding:
    at = dt.datetime(2027, month, day, 20, tzinfo=SHANGHAI)
    if what is Happened.LEAVE:
        return MemberStanding(member, "c16", at, what, dt.date(2027, 1, 25), dt.date(2027, 2, 14))
    return MemberStanding(member, "c16", at, what)


HAPPENED = [
    _on("m14", Happened.LEAVE, 1, 15),
    _on("m09", Happened.OUT, 1, 24),
    _on("m40", Happened.OUT, 2, 14),
]


def _away(day: dt.date) -> Away:
    """As it is known on `day`; m77 comes on 20 January."""
    seats = [*SEATS[:-1], replace(SEATS[-1], joined=dt.date(2027, 1, 20))]
    return away(seats, [row for row in HAPPENED if row.at.date() <= day], SHANGHAI)


def _year(first: dt.date, days: int, overrides: dict[tuple[str, str], str]) -> list[Turn]:
    """The turns that begin from `first` on, looked at each day as the hourly flow does."""
    served: list[Turn] = []
    for day in (first + n * DAY for n in range(days)):
        now = turns(Rota(SEATS, _away(day), overrides), served, period_at(day, "month"), day)
        served += [turn for turn in now if turn.member and turn not in served]
    return served


def _names(served: list[Turn], period: str) -> str:
    return " ".join(turn.member for turn in served if turn.period == period)


def test_three_months_of_a_class_of_77() -> None:
    """Fewest turns first, then seat; whoever is put out is followed by the next of the group for the rest."""
    served = _year(dt.date(2027, 1, 4), 60, {})
    assert _names(served, "2027-01") == "m01 m02 m09 m17 m25 m33 m41 m49 m57 m64 m71 m10"
    assert _names(served, "2027-02") == "m03 m04 m11 m18 m26 m34 m42 m50 m58 m65 m72"
    assert _names(served, "2027-03") == "m05 m06 m12 m19 m27 m35 m43 m51 m59 m66 m73"
    taken_over = next(turn for turn in served if turn.member == "m10")
    assert taken_over == Turn("2027-01", "2", "m10", dt.date(2027, 1, 24), dt.date(2027, 2, 1))


def test_what_a_person_wrote_goes_before_and_leaves_the_rest_in_their_order() -> None:
    """With m30 on duty in February, those who would have been on duty come later."""
    served = _year(dt.date(2027, 1, 4), 60, {("2027-02", THE_CLASS): "m30"})
    assert _names(served, "2027-02") == "m30 m03 m11 m18 m26 m34 m42 m50 m58 m65 m72"
    assert _names(served, "2027-03").startswith("m04 m05 m12")


def test_a_year_of_77_who_are_always_there_gives_one_to_three_turns_each() -> None:
    """Both kinds are counted together: 12 on duty and 120 leaders."""
    months = [period_at(dt.date(2027, month, 1), "month") for month in range(1, 13)]
    year = ahead(Rota(SEATS, {}), [], months, dt.date(2027, 1, 1))
    had = Counter(turn.member for period in year for turn in period)
    assert had.total() == 132
    assert set(had) == {seat.member for seat in SEATS}
    assert set(had.values()) <= {1, 2, 3}


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6), weeks=st.integers(1, 40))
def test_turns_among_equals_who_are_always_there_are_at_most_one_apart(sizes: list[int], weeks: int) -> None:
    """In a group nobody has two turns more than another; nor does one person have two turns at once where two are."""
    seats = [Seat(f"m{group}-{n}", "c", group=str(group)) for group, size in enumerate(sizes) for n in range(size)]
    monday = dt.date(2027, 1, 4)
    periods = [period_at(monday + 7 * n * DAY, "week") for n in range(weeks)]
    had: Counter[str] = Counter()
    for period in ahead(Rota(seats, {}), [], periods, monday):
        assert [turn.group for turn in period] == [THE_CLASS, *(str(group) for group in range(len(sizes)))]
        twice = {name for name, n in Counter(turn.member for turn in period).items() if n > 1}
        assert all(sizes[int(name[1 : name.index("-")])] == 1 for name in twice)
        had.update(turn.member for turn in period)
    for group in {seat.group for seat in seats}:
        own = [had[seat.member] for seat in seats if seat.group == group]
        assert max(own) - min(own) <= 1


def test_who_will_be_away_comes_after_who_stays_and_before_nobody() -> None:
    """One who is away on the first day has no turn, but one who goes later leads until then."""
    month = period_at(dt.date(2027, 5, 9), "month")
    assert month == Period("2027-05", dt.date(2027, 5, 1), dt.date(2027, 6, 1))
    goes = Seat("goes", "c", group="1", leave=(Leave(dt.date(2027, 5, 20), dt.date(2027, 5, 24)),))
    gone = Seat("gone", "c", group="1", leave=(Leave(dt.date(2027, 4, 1), dt.date(2027, 5, 2)),))
    stays = Seat("stays", "c", group="1")
    assert _who([goes, stays], [], month.start) == ["stays", "goes"]
    assert _who([gone], [], month.start) == ["", ""]
    assert _who([gone], [], dt.date(2027, 5, 3)) == ["gone", "gone"]
    served = [Turn("2027-05", "1", "goes", month.start, month.end)]
    assert _who([goes, stays], served, dt.date(2027, 5, 19)) == ["stays", "goes"]
    assert _who([goes, stays], served, dt.date(2027, 5, 20)) == ["stays", "stays"]


def test_a_later_roster_does_not_change_who_is_on_duty_and_an_override_does() -> None:
    """A turn that has begun is kept, until a person says otherwise or its holder is gone."""
    month, day = period_at(dt.date(2027, 5, 1), "month"), dt.date(2027, 5, 10)
    served = [Turn("2027-05", THE_CLASS, "b", month.start, month.end)]
    seats = [Seat("new", "x"), Seat("b", "x"), Seat("c", "x")]
    assert turns(Rota(seats, {}), served, month, day) == served
    assert turns(Rota(seats, {}, {("2027-05", THE_CLASS): "c"}), served, month, day) == [
        Turn("2027-05", THE_CLASS, "c", day, month.end)
    ]
    gone = [seat for seat in seats if seat.member != "b"]
    assert [turn.member for turn in turns(Rota(gone, {}, {("2027-05", THE_CLASS): "b"}), served, month, day)] == ["new"]


def _who(seats: list[Seat], served: list[Turn], day: dt.date) -> list[str]:
    return [turn.member for turn in turns(Rota(seats, away(seats, [], SHANGHAI)), served, period_at(day, "month"), day)]


def test_out_and_back_and_left_are_days_away() -> None:
    """Put out on the 10th and back on the 20th: away between; left: from that day on."""
    seats = [Seat("a", "c16"), Seat("b", "c16", left=dt.date(2027, 3, 1))]
    rows = [_on("a", Happened.OUT, 5, 10), _on("a", Happened.RETURNED, 5, 20), _on("gone", Happened.OUT, 5, 1)]
    assert away(seats, rows, SHANGHAI) == {
        "a": [(dt.date(2027, 5, 10), dt.date(2027, 5, 20))],
        "b": [(dt.date(2027, 3, 1), dt.date.max)],
    }
