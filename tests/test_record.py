"""The record: streaks, lateness, mix and members."""

import datetime as dt
from itertools import groupby

import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st

from steadycast.schedule import record
from steadycast.schedule.model import Origin, Verdict
from steadycast.schedule.record import Row, shares, tally

HOUR = 3_600_000_000  # microseconds
DAY = 24 * HOUR


def rows(letters: str, channel: str = "blog", series: str = "notes") -> list[Row]:
    """One row a day: k, l, f, m, e; late by an hour."""
    kinds = {each.value[0]: each for each in Verdict}
    return [
        (
            channel,
            n * DAY,
            kinds[letter],
            None if letter in "me" else n * DAY + (HOUR if letter == "l" else 1),
            series,
            "pgc",
            "",
        )
        for n, letter in enumerate(letters)
    ]


def by_time(*parts: list[Row]) -> list[Row]:
    return sorted((row for part in parts for row in part), key=lambda row: row[:2])


@pytest.mark.parametrize(
    ("letters", "current", "longest", "late"),
    [
        ("kkk", 3, 3, 0),
        ("kfk", 3, 3, 0),
        ("klk", 3, 3, 1),
        ("kkkmk", 1, 3, 0),
        ("kkm", 0, 2, 0),
        ("keek", 2, 2, 0),
        ("meeem", 0, 0, 0),
        ("llmlk", 2, 2, 1),
    ],
)
def test_streaks(letters, current, longest, late):
    """Kept and filled go on, late goes on and is told apart, excused is passed over, missed breaks."""
    score = tally(rows(letters)).line("notes", "blog")
    assert (score.current, score.longest, score.late_in_streak) == (current, longest, late)


def test_a_channel_streak_is_over_all_its_series():
    both = tally(by_time(rows("kkk"), rows("kmk", series="video")))
    assert both.channel("blog").current == 2
    assert both.line("notes", "blog").current == 3
    assert both.line("video", "blog").current == 1


def test_one_missed_among_the_slots_of_one_instant_breaks_the_streak_in_whatever_order():
    pair = rows("k")[0], rows("m", series="video")[0]
    assert tally(pair).channel("blog") == tally(pair[::-1]).channel("blog")
    assert tally(pair).channel("blog").current == 0


def test_lateness_is_told_by_nearest_rank():
    late = [("c", n, "kept", n + n * 1000, "s", "", "") for n in range(1, 100)]
    late.append(("c", 100, "late", 100 + 2 * HOUR + 300_000, "s", "", ""))
    score = tally(late).channel("c")
    assert (score.p50, score.p95) == (dt.timedelta(milliseconds=50), dt.timedelta(milliseconds=95))
    assert tally(late[-1:]).channel("c").p95 == dt.timedelta(hours=2)
    assert tally(rows("m")).channel("blog").p50 is None


def test_being_early_is_not_being_late():
    assert tally([("c", HOUR, "kept", 0, "s", "", "")]).channel("c").p95 == dt.timedelta()


def test_on_time_is_the_share_of_what_was_owed():
    assert tally(rows("kkflme")).channel("blog").on_time == 3 / 5
    assert tally(rows("e")).channel("blog").on_time is None


def test_mix_and_members_count_what_went_out():
    given = [
        ("blog", 1, "kept", 1, "notes", "ugc", "ann"),
        ("blog", 2, "late", 9, "notes", "ugc", "ann"),
        ("blog", 3, "missed", None, "notes", "ugc", "bob"),
        ("blog", 4, "filled", 4, "notes", "pgc", ""),
        ("mail", 4, "kept", 4, "notes", "pgc", ""),
    ]
    counted = tally(given)
    assert counted.channels == ("blog", "mail")
    assert counted.channel("blog").members == {"ann": 2, "": 1}
    assert counted.mix("notes") == {Origin.PGC: 2, Origin.UGC: 2}
    assert counted.members() == {"ann": 2, "": 2}


def test_shares_of_a_ratio():
    assert shares({Origin.PGC: 3, Origin.UGC: 7}) == {Origin.PGC: 0.3, Origin.UGC: 0.7}
    assert shares({}) == {}


def test_rows_out_of_order_are_refused():
    with pytest.raises(ValueError, match="order"):
        tally([("blog", 2, "kept", 2, "s", "pgc", ""), ("blog", 1, "kept", 1, "s", "pgc", "")])


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["blog", "mail"]),
        st.integers(0, 12).map(lambda n: n * HOUR),
        st.sampled_from([each.value for each in Verdict]),
        st.just(None),
        st.sampled_from(["notes", "video"]),
        st.sampled_from(["pgc", "ugc"]),
        st.sampled_from(["", "ann"]),
    ),
    max_size=40,
)


def slowly(rows: list[Row]) -> tuple[int, int]:
    """The streak and the longest one, instant by instant."""
    current = longest = 0
    for _, group in groupby(rows, key=lambda row: row[1]):
        verdicts = [row[2] for row in group]
        current += sum(verdict in ("kept", "late", "filled") for verdict in verdicts)
        longest = max(longest, current)
        current = 0 if "missed" in verdicts else current
    return current, longest


@given(ROWS, st.integers(1, 50))
@examples(300)
def test_streaks_equal_a_slow_and_plain_count_however_the_rows_are_cut(rows, stretch):
    """A stretch may end between two slots of one instant, or of one channel."""
    ordered = by_time(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "_STRETCH", stretch)
        counted = tally(ordered)
    for channel in counted.channels:
        score = counted.channel(channel)
        assert (score.current, score.longest) == slowly([row for row in ordered if row[0] == channel])
    assert sum(counted.members().values()) == sum(row[2] in ("kept", "late", "filled") for row in rows)
