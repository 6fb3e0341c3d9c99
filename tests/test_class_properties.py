"""What holds of every class, whatever its rhythm, its members and our outages."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence

from class_bench import ZONE, a_class, at
from hypothesis import given
from hypothesis import strategies as st

from steadycast.classes.duties import duties
from steadycast.classes.judging import judge, own_time
from steadycast.classes.leaving import up_for_leaving
from steadycast.classes.model import Class, Duty, HandIn, OutRule, Seat, Work
from steadycast.schedule.days import midnight
from steadycast.schedule.model import Verdict

DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
START, WEEKS = dt.date(2027, 1, 4), 6
BEGIN, END = midnight(START, ZONE), midnight(START, ZONE) + WEEKS * 7 * DAY
RHYTHMS = ("week on sun at 20:00", "day at 21:30", "month on 7,14,21,28 at 20:00", "week on mon,thu at 06:00")
classes = st.builds(
    lambda every, makeup, late: a_class(every=every, makeup=makeup, late=dt.timedelta(hours=late)),
    st.sampled_from(RHYTHMS),
    st.sampled_from(["next", "none", 3 * DAY]),
    st.integers(0, 8),
)
minutes = st.integers(0, WEEKS * 7 * 24 * 60)
instants = minutes.map(lambda n: BEGIN + n * MINUTE)


def owed(the_class: Class, joined: dt.date | None = None) -> list[Duty]:
    return duties(the_class, [Seat("m", "c16", joined=joined)], (), BEGIN, END)["m"]


def numbered(times: Sequence[dt.datetime]) -> list[Work]:
    return [Work(time, f"d{n}", "r", time) for n, time in enumerate(sorted(times))]


@given(classes, st.integers(-3, WEEKS * 7))
def test_nobody_owes_before_a_whole_period_after_joining(the_class: Class, after: int) -> None:
    """Who joins when the class has begun has a slot that they do not owe before the first that they do."""
    joined = START + after * DAY
    its = owed(the_class, joined)
    free = [duty for duty in its if not duty.owed and not duty.why]
    first = next((duty for duty in its if duty.owed), None)
    if joined <= START:
        assert not free
    elif first:
        since = midnight(joined, ZONE)
        between = [duty for duty in its if since <= duty.slot.at < first.slot.at]
        assert between, "a whole period lies between"
        assert first.slot.at > since


@given(classes, st.lists(instants, max_size=12), instants)
def test_judging_again_changes_nothing(the_class: Class, times: list[dt.datetime], now: dt.datetime) -> None:
    """Neither at once, nor when what was judged is kept and judged further later."""
    its, works = owed(the_class), numbered([time for time in times if time <= now])
    first = judge(the_class, "m", its, works, now, now)
    kept = {each.slot: each for each in first if each.verdict}
    assert judge(the_class, "m", its, works, now, now, kept) == first


@given(classes, st.lists(instants, max_size=10), instants, instants)
def test_to_judge_as_time_goes_by_is_to_judge_once(
    the_class: Class, times: list[dt.datetime], one: dt.datetime, other: dt.datetime
) -> None:
    """What was kept of an earlier look leads to the verdicts that one look at the end would have given."""
    then, now = sorted((one, other))
    its = owed(the_class)
    early = judge(the_class, "m", its, numbered([time for time in times if time <= then]), then, then)
    kept = {each.slot: each for each in early if each.verdict and each.due <= then}
    works = numbered([time for time in times if time <= now])
    gradual = judge(the_class, "m", its, works, now, now, kept)
    at_once = judge(the_class, "m", its, works, now, now)
    assert [each.verdict for each in gradual] == [each.verdict for each in at_once]
    assert [bool(each.made_up) for each in gradual] == [bool(each.made_up) for each in at_once]


GRAVITY = {Verdict.KEPT: 0, Verdict.EXCUSED: 0, Verdict.LATE: 1, None: 2, Verdict.MISSED: 3}


@given(classes, st.lists(instants, max_size=10), instants)
def test_one_draft_more_never_worsens_a_verdict(the_class: Class, times: list[dt.datetime], more: dt.datetime) -> None:
    its = owed(the_class)
    before, after = (judge(the_class, "m", its, numbered(each), END, END) for each in (times, [*times, more]))
    for old, new in zip(before, after, strict=True):
        assert GRAVITY[new.verdict] <= GRAVITY[old.verdict], (old, new)
    assert sum(each.counts for each in after) <= sum(each.counts for each in before)


def found_by(looks: Sequence[dt.datetime], own: dt.datetime, name: str) -> Work | None:
    """What the first look from then on finds of a file that was written `own`; None before it."""
    seen = next((look for look in looks if look >= own), None)
    if seen is None:
        return None
    looked = next((look for look in reversed(looks) if look < seen), BEGIN - DAY)
    believed = own_time(own, looked, seen)
    return Work(believed or seen, name, "r", seen)


@given(classes, st.lists(instants, max_size=10), st.lists(instants, min_size=1, max_size=40), st.integers(0, 60 * 72))
def test_to_look_later_turns_nothing_kept_into_missed(
    the_class: Class, written: list[dt.datetime], looks: list[dt.datetime], later: int
) -> None:
    """Where the files keep their own time, our being late is nobody's fault."""
    its = owed(the_class)

    def verdicts(looks: Sequence[dt.datetime]) -> list[HandIn]:
        works = [found_by(looks, own, f"d{n}") for n, own in enumerate(sorted(written))]
        return judge(the_class, "m", its, [work for work in works if work], looks[-1], END + 9 * DAY)

    prompt = sorted(looks)
    for old, new in zip(verdicts(prompt), verdicts([look + later * MINUTE for look in prompt]), strict=True):
        if old.verdict in {Verdict.KEPT, Verdict.LATE}:
            assert new.verdict is not Verdict.MISSED, (old, new)


def test_no_outage_of_ours_puts_anybody_out() -> None:
    """A thousand outages over deadlines: who writes in time is never missed, at any look on the way."""
    draw = random.Random(7)
    for _ in range(1000):
        the_class = a_class(every=draw.choice(RHYTHMS), out=OutRule(1), late=dt.timedelta(hours=draw.randint(0, 6)))
        its = [duty for duty in owed(the_class) if duty.owed]
        hit = draw.choice(its).slot.at
        down = hit - dt.timedelta(minutes=draw.randint(0, 6000)), hit + dt.timedelta(minutes=draw.randint(1, 20000))
        every = dt.timedelta(minutes=draw.choice([1, 10, 60, 300]))
        looks = [look for n in range(80) if not down[0] < (look := hit - 40 * every + n * every) < down[1]]
        looks += [BEGIN - DAY, down[1] + every, END + 40 * DAY]
        looks.sort()
        written = [duty.slot.at - dt.timedelta(minutes=draw.randint(0, 300)) for duty in its]
        works = [work for n, own in enumerate(written) if (work := found_by(looks, own, f"d{n}"))]
        assert len(works) == len(written)
        for looked in looks:
            so_far = [work for work in works if work.seen and work.seen <= looked]
            ended = judge(the_class, "m", its, so_far, looked, looked)
            assert all(each.verdict is not Verdict.MISSED for each in ended)
            assert up_for_leaving(the_class, ended, (), looked) is None


def test_an_outage_over_a_deadline_makes_nobody_late() -> None:
    """We were down from 19:00 to 21:30; the file is of 19:45."""
    looks = [at("2027-01-10 18:59"), at("2027-01-10 21:30"), at("2027-01-11 00:01")]
    work = found_by(looks, at("2027-01-10 19:45"), "d")
    assert work
    (ended, *_) = judge(a_class(), "m", owed(a_class()), [work], looks[-1], looks[-1])
    assert ended.verdict is Verdict.KEPT
