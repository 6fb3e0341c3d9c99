"""How what goes out, and what is decided, is spread over people. Pure: counts in, figures out.

A high share is a risk to be seen, and no forecast: with an absence factor of 1 one illness is enough.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

WINDOW = dt.timedelta(days=30)
HOUSE = ""  # what the house's drafts are under, where members have their names


class Decision(NamedTuple):
    """One thing that a person decided: on a draft, a slot, or what is out. It concerns these series."""

    who: str
    series: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Spread:
    """How a number of things is spread over the people who did them.

    `top` is the largest share, 0 to 1, and `absence_factor` the fewest people who did half of it or more together.
    `effective` is as many people as would come to the same, had each done as much as the others: 1 / sum of squared
    shares. `gini` is 0 where all did the same, and near 1 where one did everything.
    """

    total: int = 0
    people: int = 0
    top: float = 0.0
    top_who: str = ""
    absence_factor: int = 0
    effective: float = 0.0
    gini: float = 0.0


@dataclass(frozen=True, slots=True)
class Waits:
    """How long drafts took from coming in to going out: the median, nine of ten; and the longest wait in stock now.

    None where there is nothing to tell.
    """

    p50: dt.timedelta | None = None
    p90: dt.timedelta | None = None
    oldest: dt.timedelta | None = None  # since its approval, of a draft that no slot carries


@dataclass(frozen=True, slots=True)
class Shares:
    """What `shares` found in one window."""

    words: Spread  # over members: the house is left out
    decisions: Spread
    by_member: Mapping[str, int] = field(default_factory=dict)  # slots that went out; HOUSE is among them
    by_person: Mapping[str, int] = field(default_factory=dict)  # decisions
    founder: float = 0.0  # the founder's share of all that went out, 0 to 1
    new: int = 0  # members who went out for the first time
    returning: int = 0  # members who had gone out before the window as well
    waits: Waits = Waits()
    decided: Mapping[str, Spread] = field(default_factory=dict)  # decisions by series

    @property
    def published(self) -> int:
        """How many slots went out."""
        return sum(self.by_member.values())


def shares(
    counts: Mapping[str, int],
    before: Container[str],
    decisions: Collection[Decision],
    waits: Waits,
    founder: str = HOUSE,
) -> Shares:
    """The shares of one window: `counts` are slots that went out by whose draft they carried, HOUSE for the house's.

    `before` are the members who had gone out before the window.
    """
    now = Counter(counts)
    members = {who: count for who, count in now.items() if who != HOUSE}
    people = Counter(decision.who for decision in decisions)
    of_series: dict[str, Counter[str]] = {}
    for decision in decisions:
        for name in decision.series:
            of_series.setdefault(name, Counter())[decision.who] += 1
    return Shares(
        words=spread(members),
        decisions=spread(people),
        by_member=dict(now),
        by_person=dict(people),
        founder=now[founder] / now.total() if now else 0.0,
        new=sum(who not in before for who in members),
        returning=sum(who in before for who in members),
        waits=waits,
        decided={name: spread(counts) for name, counts in sorted(of_series.items())},
    )


def spread(counts: Mapping[str, int]) -> Spread:
    """How counts by person are spread; whoever has none is nobody."""
    by_size = sorted(((n, who) for who, n in counts.items() if n > 0), key=lambda each: (-each[0], each[1]))
    if not by_size:
        return Spread()
    numbers = [n for n, _ in by_size]
    total, people = sum(numbers), len(numbers)
    summed = factor = 0
    while 2 * summed < total:
        summed += numbers[factor]
        factor += 1
    ranked = sum(place * n for place, n in enumerate(reversed(numbers), 1))
    return Spread(
        total=total,
        people=people,
        top=numbers[0] / total,
        top_who=by_size[0][1],
        absence_factor=factor,
        effective=total**2 / sum(n * n for n in numbers),
        gini=2 * ranked / (people * total) - (people + 1) / people,
    )


def quantile(spans: Sequence[dt.timedelta], share: float) -> dt.timedelta | None:
    """The span that this share of them does not exceed: one of them, none in between; None of none."""
    return sorted(spans)[max(math.ceil(share * len(spans)), 1) - 1] if spans else None


class Limits(NamedTuple):
    """From which figures on somebody is told; 0 or None: never."""

    top: float = 0.0  # one member's share of what members' drafts went out
    founder: float = 0.0  # the founder's share of all
    wait: dt.timedelta | None = None  # an approved draft without a slot
    decided: float = 0.0  # one person's share of a series' decisions


class Breach(NamedTuple):
    """A figure at or above its limit; names nobody, as alarms may be read in a group."""

    kind: str  # top, founder, wait, decided
    series: str = ""  # of decided
    share: float = 0.0
    wait: dt.timedelta = dt.timedelta()


FEWEST = 5  # with fewer things than that a share tells nothing


def breaches(found: Shares, limits: Limits) -> list[Breach]:
    """The figures that are at or above their limit: top, founder, wait, and decided by series."""
    told = []
    if limits.top and found.words.total >= FEWEST and found.words.top >= limits.top:
        told.append(Breach("top", share=found.words.top))
    if limits.founder and found.published >= FEWEST and found.founder >= limits.founder:
        told.append(Breach("founder", share=found.founder))
    if limits.wait and found.waits.oldest and found.waits.oldest >= limits.wait:
        told.append(Breach("wait", wait=found.waits.oldest))
    for name, each in found.decided.items() if limits.decided else ():
        if each.total >= FEWEST and each.top >= limits.decided:
            told.append(Breach("decided", series=name, share=each.top))
    return told
