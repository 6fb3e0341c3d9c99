"""The record: verdicts, streaks, lateness, mix and members; counted one by one or all at once."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steadycast.schedule.model import Origin, Outcome, Verdict
from steadycast.schedule.record import Tally, shares, tally, tally_rows, verdict

UTC = dt.UTC
AT = dt.datetime(2026, 11, 22, 20, tzinfo=UTC)
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
TICK = dt.timedelta(microseconds=1)
KEPT, LATE, FILLED, MISSED, EXCUSED = Verdict


@pytest.mark.parametrize(
    ("finished", "filled", "excused", "now", "expected"),
    [
        (AT - HOUR, False, False, AT, KEPT),
        (AT + 10 * MINUTE, False, False, AT + DAY, KEPT),
        (AT + 10 * MINUTE, True, False, AT + DAY, FILLED),
        (AT + 10 * MINUTE, False, True, AT + DAY, KEPT),
        (AT + 10 * MINUTE + TICK, False, False, AT + DAY, LATE),
        (AT + 10 * MINUTE + TICK, True, False, AT + DAY, LATE),
        (AT + 10 * MINUTE + TICK, False, True, AT + DAY, EXCUSED),
        (AT + 12 * HOUR, False, False, AT + DAY, LATE),
        (AT + 12 * HOUR + TICK, False, False, AT + DAY, MISSED),
        (None, False, False, AT + 12 * HOUR, None),
        (None, False, False, AT + 12 * HOUR + TICK, MISSED),
        (None, False, True, AT - DAY, EXCUSED),
    ],
)
def test_the_verdict_on_a_slot(finished, filled, excused, now, expected):
    assert verdict(AT, finished, 10 * MINUTE, 12 * HOUR, filled, excused, now) is expected


def outcomes(letters: str, channel: str = "blog", series: str = "notes") -> list[Outcome]:
    """One outcome a day: k, l, f, m, e."""
    kinds = {each.value[0]: each for each in Verdict}
    return [
        Outcome(AT + n * DAY, series, channel, f"{series}@{n}", kinds[letter], lateness=HOUR if letter == "l" else TICK)
        for n, letter in enumerate(letters)
    ]


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
    score = tally(outcomes(letters)).line("notes", "blog")
    assert (score.current, score.longest, score.late_in_streak) == (current, longest, late)


def test_a_channel_streak_is_over_all_its_series():
    both = tally(outcomes("kkk") + outcomes("kmk", series="video"))
    assert both.channel("blog").current == 2
    assert both.line("notes", "blog").current == 3
    assert both.line("video", "blog").current == 1
    assert both.series_of("blog") == ("notes", "video")


def test_one_missed_among_the_slots_of_one_instant_breaks_the_streak_in_whatever_order():
    pair = outcomes("k")[0], outcomes("m", series="video")[0]
    for order in (pair, pair[::-1]):
        counted = Tally()
        for each in order:
            counted.add(each)
        assert counted.channel("blog").current == 0
        assert counted.channel("blog") == tally(order).channel("blog")


def test_lateness_is_told_by_nearest_rank():
    late = [Outcome(AT + n * DAY, "s", "c", str(n), KEPT, dt.timedelta(milliseconds=n)) for n in range(1, 100)]
    late.append(Outcome(AT + 100 * DAY, "s", "c", "x", LATE, dt.timedelta(hours=2, milliseconds=300)))
    score = tally(late).channel("c")
    assert (score.p50, score.p95) == (dt.timedelta(milliseconds=50), dt.timedelta(milliseconds=95))
    assert tally(late[-1:]).channel("c").p95 == dt.timedelta(hours=2)
    assert tally(outcomes("m")).channel("blog").p50 is None


def test_being_early_is_not_being_late():
    assert tally([Outcome(AT, "s", "c", "x", KEPT, -HOUR)]).channel("c").p95 == dt.timedelta()


def test_on_time_is_the_share_of_what_was_owed():
    assert tally(outcomes("kkflme")).channel("blog").on_time == 3 / 5
    assert tally(outcomes("e")).channel("blog").on_time is None


def test_mix_and_members_count_what_went_out():
    rows = [
        ("blog", 1, "kept", 1, "notes", "ugc", "ann"),
        ("blog", 2, "late", 9, "notes", "ugc", "ann"),
        ("blog", 3, "missed", None, "notes", "ugc", "bob"),
        ("blog", 4, "filled", 4, "notes", "pgc", ""),
        ("mail", 4, "kept", 4, "notes", "pgc", ""),
    ]
    counted = tally_rows(rows)
    assert counted.channels == ("blog", "mail")
    assert counted.channel("blog").members == {"ann": 2, "": 1}
    assert counted.mix("notes") == {Origin.PGC: 2, Origin.UGC: 2}
    assert counted.members() == {"ann": 2, "": 2}


def test_shares_of_a_ratio():
    assert shares({Origin.PGC: 3, Origin.UGC: 7}) == {Origin.PGC: 0.3, Origin.UGC: 0.7}
    assert shares({}) == {}


def test_what_comes_late_is_counted_anew_not_wrongly():
    counted = tally(outcomes("kkk"))
    with pytest.raises(ValueError, match="older"):
        counted.add(outcomes("m")[0])
    counted.forget("blog")
    assert counted.channels == ()
    assert counted.series_of("blog") == ()


def test_rows_out_of_order_are_refused():
    with pytest.raises(ValueError, match="order"):
        tally_rows([("blog", 2, "kept", 2, "s", "pgc", ""), ("blog", 1, "kept", 1, "s", "pgc", "")])


OUTCOMES = st.lists(
    st.builds(
        Outcome,
        at=st.integers(0, 12).map(lambda n: AT + n * HOUR),
        series=st.sampled_from(["notes", "video"]),
        channel=st.sampled_from(["blog", "mail"]),
        slot=st.just(""),
        verdict=st.sampled_from(Verdict),
        lateness=st.integers(-5, 90_000_000).map(lambda n: n * TICK),
        origin=st.sampled_from(Origin),
        member=st.sampled_from(["", "ann"]),
    ),
    max_size=40,
)


def seen(counted: Tally) -> dict:
    lines = {(s, c): counted.line(s, c) for c in counted.channels for s in counted.series_of(c)}
    return {"members": counted.members(), **lines, **{c: counted.channel(c) for c in counted.channels}}


@given(OUTCOMES, st.randoms(), st.integers(0, 40))
@settings(max_examples=300, deadline=None)
def test_running_totals_equal_a_full_recomputation(outcomes, random, cut):
    """Whatever was counted at once before, and whatever the order within one instant."""
    expected = seen(tally(outcomes))
    random.shuffle(outcomes)
    outcomes.sort(key=lambda each: each.at)
    counted = tally(outcomes[:cut])
    for each in outcomes[cut:]:
        counted.add(each)
    assert seen(counted) == expected
    rows = sorted(
        (
            (o.channel, int((o.at - AT) / TICK), o.verdict.value, None, o.series, o.origin.value, o.member)
            for o in outcomes
        ),
        key=lambda row: row[:2],
    )
    streaks = {
        c: (score.current, score.longest, score.late_in_streak)
        for c, score in expected.items()
        if c in ("blog", "mail")
    }
    assert streaks == {
        c: (score.current, score.longest, score.late_in_streak)
        for c in tally_rows(rows).channels
        for score in [tally_rows(rows).channel(c)]
    }


@given(st.text("klfme", max_size=60))
@settings(max_examples=100, deadline=None)
def test_streaks_equal_a_slow_and_plain_count(letters):
    current = longest = 0
    for letter in letters:
        current = 0 if letter == "m" else current + (letter != "e")
        longest = max(longest, current)
    if letters:
        score = tally(outcomes(letters)).channel("blog")
        assert (score.current, score.longest) == (current, longest)
