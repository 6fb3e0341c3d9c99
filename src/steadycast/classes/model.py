"""The values that classes speak in: frozen, free of any file and any database.

A class is a series on the input side: its `rhythm` is a Series whose "channels" are its members.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from steadycast.language import gettext as _
from steadycast.language import quoted
from steadycast.schedule.model import Form, Series, Slot, Verdict

NEXT: Final = "next"  # how long a make-up counts: until the next owed slot
NONE: Final = "none"
MONTH: Final = "month"


class Role(StrEnum):
    """What a member does in a group besides writing."""

    MEMBER = ""
    LEADER = "leader"
    DEPUTY = "deputy"


class Happened(StrEnum):
    """What a row of a member's standing tells."""

    JOINED = "joined"
    LEAVE = "leave"  # from one day to another nothing is owed
    WARNED = "warned"
    UP = "up"  # the rule says that they should leave: a person decides
    OUT = "out"
    KEPT = "kept"  # a person decided that they stay
    RETURNED = "returned"
    MOVED = "moved"  # to another class or group, which `why` names
    TURN = "turn"  # on duty for the class, from one day to another
    LEAD = "lead"  # leads a group, which `why` names


class State(StrEnum):
    """How a member of a class stands."""

    ACTIVE = "active"
    WARNED = "warned"
    UP = "up"
    AWAY = "away"
    OUT = "out"
    LEFT = "left"


@dataclass(frozen=True, slots=True, order=True)
class Leave:
    """Local days on which nothing is owed, both included."""

    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        """How many they are."""
        return (self.last - self.first).days + 1

    def __contains__(self, day: dt.date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"


@dataclass(frozen=True, slots=True)
class LeaveLimits:
    """What leave has to keep to: asked so long ahead, at most so long, at most so often in a year."""

    notice: dt.timedelta = dt.timedelta(days=7)
    most: dt.timedelta = dt.timedelta(days=30)
    per_year: int = 3


@dataclass(frozen=True, slots=True)
class Comments:
    """The comments that members owe each other on one duty slot; `each` = 0: none."""

    each: int = 0
    within: dt.timedelta = dt.timedelta(hours=24)
    least: int = 0  # characters
    of: Literal["class", "group"] = "class"


_OUT = re.compile(r"(\d{1,3}) missed(?: (?:(in a row)|in (\d{1,3})d|per (?:(\d{1,3})d|(month))))?")


@dataclass(frozen=True, slots=True)
class OutRule:
    """Who should leave: after `missed` duties that were not made up; which of them count together, the rest says."""

    missed: int
    in_row: bool = False
    within: int = 0  # days: any so many that follow each other
    per: int | Literal["month"] = 0  # days, counted from the class's start; or calendar months

    @classmethod
    def read(cls, text: str) -> OutRule:
        """The rule that one of the five forms says; ValueError with the forms for anything else."""
        found = _OUT.fullmatch(" ".join(text.lower().split()))
        if not found or any(number and not int(number) for number in (found[1], found[3], found[4])):
            forms = '"1 missed", "2 missed in a row", "3 missed in 7d", "3 missed per 7d", "9 missed per month"'
            raise ValueError(_("%(text)s is no such rule; write %(forms)s", text=quoted(text), forms=forms))
        per: int | Literal["month"] = MONTH if found[5] else int(found[4] or 0)
        return cls(int(found[1]), bool(found[2]), int(found[3] or 0), per)


@dataclass(frozen=True, slots=True)
class Class:
    """Members who owe a hand-in at each slot of a rhythm, and what holds for it."""

    name: str
    rhythm: Series  # with grace, late, forms; every day off and every day left out is an excused slot of it
    title: str = ""
    was: tuple[str, ...] = ()  # its names before it was renamed: what is kept or written under them is its own
    least: int = 0  # characters that a hand-in has to have
    makeup: dt.timedelta | Literal["next", "none"] = NEXT
    out: OutRule | None = None
    by_rule: bool = False  # whoever is up for leaving is out at once; else a person decides
    leave: LeaveLimits = field(default_factory=LeaveLimits)
    comments: Comments = field(default_factory=Comments)
    group: int = 8  # members
    turn: Literal["week", "month", ""] = ""
    offered: bool = True  # a hand-in may be published as any draft; else it is not for publication

    @property
    def forms(self) -> tuple[Form, ...]:
        """What a hand-in may be."""
        return self.rhythm.forms


@dataclass(frozen=True, slots=True)
class Seat:
    """One row of the roster. Seats of a class stand in the order of the rows."""

    member: str
    the_class: str
    title: str = ""
    group: str = ""
    joined: dt.date | None = None  # None: since the class began
    left: dt.date | None = None  # owes nothing from that day on
    role: Role = Role.MEMBER
    leave: tuple[Leave, ...] = ()
    line: int = 0  # of roster.csv; 0: there is no roster


@dataclass(frozen=True, slots=True)
class MemberStanding:
    """One thing that happened to a member of a class: when, by whom and why."""

    member: str
    the_class: str
    at: dt.datetime
    what: Happened
    first: dt.date | None = None  # of leave
    last: dt.date | None = None
    who: str = ""
    why: str = ""


class Duty(NamedTuple):
    """One slot of a class as one member has it: owed, or why nothing is owed then."""

    slot: Slot
    kept_by: dt.datetime  # later it is late
    end: dt.datetime  # later it is missed
    owed: bool = True
    why: str = ""  # why nothing is owed; "" and not owed: they had not joined, or are gone
    on_leave: bool = False  # excused for this member alone


class Work(NamedTuple):
    """A draft that may be a hand-in: of the class's forms, long enough, meant for no series."""

    at: dt.datetime  # when it was handed in: its own time where nobody had looked since, else `seen`
    draft: str
    revision: str = ""
    seen: dt.datetime | None = None  # when it was found


class HandIn(NamedTuple):
    """How one duty of a member ended, or where it stands."""

    slot: str
    due: dt.datetime  # the slot's instant
    member: str
    verdict: Verdict | None  # None: it is open
    work: Work | None = None  # what met it
    made_up: Work | None = None  # what made up for it later: it stays missed
    closes: dt.datetime | None = None  # of what was missed: when making it up ends, where that is known
    unseen: bool = False  # its time is over, and it cannot be judged yet: nobody could look since
    by: str = ""  # who corrected it, and why, stands in `note`
    note: str = ""

    @property
    def counts(self) -> bool:
        """Whether it was missed and not made up."""
        return self.verdict is Verdict.MISSED and self.made_up is None


class Leaving(NamedTuple):
    """A member whom the rule would have leave: since when, and what for."""

    member: str
    at: dt.datetime
    misses: tuple[HandIn, ...]


def by_class(seats: Iterable[Seat]) -> Mapping[str, list[Seat]]:
    """The seats of each class, in the order of the roster."""
    found: dict[str, list[Seat]] = {}
    for seat in seats:
        found.setdefault(seat.the_class, []).append(seat)
    return found


def groups(seats: Iterable[Seat]) -> Mapping[str, list[Seat]]:
    """The seats of each group of one class, in the order of the roster; "": of no group."""
    found: dict[str, list[Seat]] = {}
    for seat in seats:
        found.setdefault(seat.group, []).append(seat)
    return found
