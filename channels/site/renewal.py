"""Stale pages made again, in turns, by one process or by two."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from .maker import Maker

WORTH_A_FORK = 100  # pages: a fork costs as much as ten of them
PORTION, PORTIONS = 4, 250  # pages that a process takes at once, at least; how many such there are, at most: one byte


class Stale(NamedTuple):
    """A page that is to be made again: what it is known by, "" where making it changes the index, and what makes it."""

    name: str
    make: Callable[[Any], object]  # for the maker of that turn


class Backlog(NamedTuple):
    """What one turn leaves to the next, which need not look for it where nobody wrote to the index meanwhile."""

    edition: str
    left: int
    pages: Sequence[Stale]


def make(maker: Maker, pages: Iterable[Stale]) -> None:
    """Make these pages."""
    for page in pages:
        page.make(maker)


def make_in_two(maker: Maker, pages: Sequence[Stale]) -> None:
    """Make these pages with a fork, which makes of those that leave the index as it is.

    Whoever is through takes the next portion from a pipe, in which each has one byte: a byte is read once.
    """
    shared = [page for page in pages if page.name]
    size = max(PORTION, -(-len(shared) // PORTIONS))
    portions = [shared[n : n + size] for n in range(0, len(shared), size)]
    queue, end = os.pipe()
    own: set[int] = set()

    def here() -> None:
        make(maker, (page for page in pages if not page.name))
        for number in _taken(queue):
            make(maker, portions[number])
            own.add(number)

    def there() -> None:
        for number in _taken(queue):
            make(maker, portions[number])

    try:
        os.write(end, bytes(range(len(portions))))
        os.close(end)
        if maker.index.in_two(there, here):
            maker.made |= {page.name for page in shared}
        else:
            for number in set(range(len(portions))) - own:  # what is wrong there is told here
                make(maker, portions[number])
    finally:
        os.close(queue)


def _taken(queue: int) -> Iterator[int]:
    while taken := os.read(queue, 1):
        yield taken[0]
