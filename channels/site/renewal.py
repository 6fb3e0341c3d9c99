"""Stale pages made again, by one process or by two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from .maker import Maker

WORTH_A_FORK = 100  # pages: a fork costs as much as ten of them


class Stale(NamedTuple):
    """A page that is to be made again: what it is known by, "" where making it may change others, and what makes it."""

    name: str
    make: Callable[[], object]


def make(pages: Iterable[Stale]) -> None:
    """Make these pages."""
    for page in pages:
        page.make()


def make_in_two(maker: Maker, pages: Sequence[Stale]) -> None:
    """Make these pages; half of them, as far as they change no other, is a fork's."""
    theirs = {page.name: page for page in [page for page in pages if page.name][: len(pages) // 2]}
    ours = [page for page in pages if page.name not in theirs]
    if maker.index.in_two(partial(make, theirs.values()), partial(make, ours)):
        maker.made |= theirs.keys()
    else:
        make(theirs.values())  # what is wrong there is told here
