"""Who comments on whom: everybody gives as many comments as they get, and pairs that met least come first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Pair = tuple[str, str]  # (reviewer, author)


def draw(present: Sequence[str], met: Mapping[Pair, int], each: int) -> dict[str, tuple[str, ...]]:
    """Reviewer -> the authors of this round, for those who handed in, in the order of their seats.

    A circulant draw: with n present, whoever sits at i comments on i + a for each of this round's steps a. So nobody
    gets themselves, and as never both a and -a are taken, no two get each other. There are (n - 1) // 2 such steps at
    most. Those are taken whose pairs have met least; of equal ones the smaller, forward before backward. So the same
    round is drawn on every machine, and can be said in words: this week, the third and the fourth after you.

    Two can only get each other; one alone, nobody.
    """
    n = len(present)
    if each < 1 or n < 2:
        return dict.fromkeys(present, ())
    if n == 2:
        return {present[0]: (present[1],), present[1]: (present[0],)}
    steps = sorted(
        (step for size in range(1, (n - 1) // 2 + 1) for step in (size, -size)),
        key=lambda step: (_times_met(present, met, step), abs(step), step < 0),
    )
    by_size: dict[int, int] = {}
    for step in steps:
        by_size.setdefault(abs(step), step)
    taken = list(by_size.values())[:each]
    return {name: tuple(present[(at + step) % n] for step in taken) for at, name in enumerate(present)}


def _times_met(present: Sequence[str], met: Mapping[Pair, int], step: int) -> int:
    return sum(met.get((name, present[(at + step) % len(present)]), 0) for at, name in enumerate(present))
