"""Who comments on whom: a round's draw."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadycast.classes.drawing import draw

SEATS = [f"m{n:02}" for n in range(1, 78)]


def _without(*away: str) -> list[str]:
    return [name for name in SEATS if name not in away]


def test_eight_weeks_of_a_class_of_77_bring_no_pair_together_twice() -> None:
    """1,042 comments: everybody gives and gets two each week, nobody gets who gets them, and no pair meets twice."""
    weeks = [
        _without("m77"),  # joined later
        _without("m77", "m09", "m60"),
        _without("m77", "m05", "m09"),
        _without("m09", "m14", "m40"),  # m77's first
        [],  # the new year: nothing is owed
        _without("m09", "m14", "m40"),  # m21's late piece is in it
        _without("m09", "m33", "m40"),
        _without("m09", "m40"),
    ]
    assert [len(present) for present in weeks] == [76, 74, 74, 74, 0, 74, 74, 75]
    met: Counter[tuple[str, str]] = Counter()
    steps = []
    for present in weeks:
        drawn = draw(present, met, 2)
        pairs = [(reviewer, author) for reviewer, authors in drawn.items() for author in authors]
        assert Counter(reviewer for reviewer, _ in pairs) == Counter(author for _, author in pairs)
        assert all(len(authors) == 2 for authors in drawn.values())
        assert not {(author, reviewer) for reviewer, author in pairs} & set(pairs)
        met.update(pairs)
        steps.append([_step(present, author) for author in drawn[present[0]]] if present else [])
    assert steps[:2] == [[1, 2], [-1, -2]]
    assert met.total() == 1042
    assert set(met.values()) == {1}


def _step(present: list[str], author: str) -> int:
    at = present.index(author)
    return at if at <= len(present) // 2 else at - len(present)


def test_a_full_class_of_77_meets_for_38_weeks_without_a_pair_twice() -> None:
    """The most that is possible: each has 76 others, and two a week."""
    met: Counter[tuple[str, str]] = Counter()
    for _ in range(38):
        met.update((reviewer, author) for reviewer, authors in draw(SEATS, met, 2).items() for author in authors)
    assert set(met.values()) == {1}
    assert met.total() == 77 * 76


@given(n=st.integers(3, 200), each=st.integers(1, 5), data=st.data())
def test_a_draw_is_regular_and_nobody_gets_themselves_or_who_gets_them(n: int, each: int, data: st.DataObject) -> None:
    """Everybody gives and gets as many, whoever met before; fewer than asked only where there are too few."""
    present = [f"m{number}" for number in range(n)]
    name = st.sampled_from(present)
    met = data.draw(st.dictionaries(st.tuples(name, name), st.integers(1, 9), max_size=20))
    drawn = draw(present, met, each)
    gives = min(each, (n - 1) // 2)
    pairs = {(reviewer, author) for reviewer, authors in drawn.items() for author in authors}
    assert list(drawn) == present
    assert len(pairs) == n * gives
    assert Counter(author for _, author in pairs) == dict.fromkeys(present, gives)
    assert not any((author, reviewer) in pairs for reviewer, author in pairs)


@pytest.mark.parametrize(
    ("present", "each", "drawn"),
    [
        ([], 2, {}),
        (["a"], 2, {"a": ()}),
        (["a", "b"], 2, {"a": ("b",), "b": ("a",)}),
        (["a", "b", "c"], 2, {"a": ("b",), "b": ("c",), "c": ("a",)}),
        (["a", "b", "c"], 0, {"a": (), "b": (), "c": ()}),
    ],
)
def test_few_get_what_there_is(present: list[str], each: int, drawn: dict[str, tuple[str, ...]]) -> None:
    """Two can only get each other, and one alone gets nobody."""
    assert draw(present, {}, each) == drawn
