"""Where the squares of a year stand: whole weeks from Monday, in two halves that a narrow screen stacks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup

from steadycast.report.model import Square

PITCH = 14  # of the squares, in SVG units; a square itself is 12
TOP = 18  # room for the months' names
HALF = 29  # weeks in each half of the year view: side by side on a wide screen, stacked on a narrow one


class Cell(NamedTuple):
    """One square as drawn: which symbol, where, and what it says when pointed at."""

    mark: str
    x: int
    y: int
    tip: str


@dataclass(frozen=True, slots=True)
class Half:
    """Half of a year view."""

    squares: tuple[tuple[str, Square], ...]  # where each stands, as attributes
    tip: Callable[[Square], str]
    months: tuple[tuple[int, str], ...]  # x, name
    today: tuple[int, int] | None

    @property
    def drawn(self) -> Markup:
        """The squares with what they say: a page of many years has ten thousand, too many for a template's loop."""
        tip = self.tip
        drawn = [f'<use href="#{its.mark}" {at}><title>{tip(its)}</title></use>' for at, its in self.squares]
        return Markup("\n".join(drawn))  # noqa: S704  marks and numbers are ours, and the words are escaped

    @property
    def bare(self) -> Markup:
        """The squares alone."""
        return Markup("".join(f'<use href="#{its.mark}" {at}/>' for at, its in self.squares))  # noqa: S704  as above


def halves(
    squares: Iterable[Square],
    first: dt.date,
    today: dt.date,
    *,
    tip: Callable[[Square], str],
    month: Callable[[dt.date], str],
) -> tuple[Half, Half]:
    """Both halves of a year that begins on the Monday `first`; `tip` says what a square says, escaped."""
    placed: tuple[list[tuple[str, Square]], list[tuple[str, Square]]] = ([], [])
    for square in squares:
        half, at = _attributes(square.date, first)
        placed[half].append((at, square))
    half, x, y = _place(today, first)
    return tuple(  # type: ignore[return-value]
        Half(tuple(placed[n]), tip, _months(n, first, month), (x, y) if n == half else None) for n in (0, 1)
    )


@lru_cache(maxsize=1_000)
def _attributes(day: dt.date, first: dt.date) -> tuple[int, str]:
    half, x, y = _place(day, first)
    return half, f'x="{x}" y="{y}"'


def _place(day: dt.date, first: dt.date) -> tuple[int, int, int]:
    week, weekday = divmod((day - first).days, 7)
    half, column = divmod(week, HALF)
    return half, column * PITCH, TOP + weekday * PITCH


def _months(half: int, first: dt.date, month: Callable[[dt.date], str]) -> tuple[tuple[int, str], ...]:
    sundays = (first + dt.timedelta(weeks=half * HALF + n, days=6) for n in range(HALF))
    return tuple((n * PITCH, month(day)) for n, day in enumerate(sundays) if day.day <= 7)
