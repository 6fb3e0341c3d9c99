"""The values that slots, planner and record speak in: frozen, ordered, free of any database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from steadycast.schedule.forms import Form as Form  # noqa: PLC0414  found here, too
from steadycast.schedule.forms import Origin as Origin  # noqa: PLC0414

MIDNIGHT = "T24:00"  # how the end of a day is spelled in a slot's id
_DAY, _NO_DAY = dt.timedelta(days=1), dt.timedelta()


class Verdict(StrEnum):
    """How one past slot of one channel ended."""

    KEPT = "kept"
    LATE = "late"
    FILLED = "filled"
    MISSED = "missed"
    EXCUSED = "excused"


@dataclass(frozen=True, slots=True)
class MixAbove:
    """A mix that is asked from so many active members on."""

    active: int
    mix: Mapping[Origin, int]


@dataclass(frozen=True, slots=True)
class Series:
    """A promise: what, from whom, how often, on which channels."""

    name: str
    was: tuple[str, ...] = ()  # its names before it was renamed: their record, drafts and pins are its own
    every: str | None = None  # human form ("day at 06:20"); exactly one of every and rrule
    rrule: str | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    start: dt.date | None = None  # no slot before this local date
    until: dt.date | None = None  # none after it
    title: str = ""
    forms: tuple[Form, ...] = (Form.ARTICLE,)
    channels: tuple[str, ...] = ()
    grace: dt.timedelta = dt.timedelta(minutes=10)
    late: dt.timedelta = dt.timedelta(hours=12)
    mix: Mapping[Origin, int] = field(default_factory=dict)  # {pgc: 3, ugc: 7}; empty = no ratio asked
    mix_at: tuple[MixAbove, ...] = ()  # other mixes, from so many active members on
    mixes: tuple[tuple[dt.datetime, Mapping[Origin, int]], ...] = ()  # that were in force, and since when; () = one
    reserve: int = 0
    fill: tuple[str, ...] = ()  # the ladder: "evergreen", "shared", "digest"
    cooldown: dt.timedelta = dt.timedelta(days=90)
    except_: frozenset[dt.date] = frozenset()  # local dates without a slot
    days_off: Mapping[dt.date, str] = field(default_factory=dict)  # local date -> the holiday's name
    workdays: frozenset[dt.date] = frozenset()  # days of a weekend that are worked, to make up for a holiday
    on_day_off: str = "excuse"  # "excuse": shown, owed nothing; "move": to the next day that is not off
    per_year: int | None = None
    announce: tuple[dt.timedelta, ...] = ()  # an event series' slots fall this long before its occurrence

    def mix_then(self, at: dt.datetime) -> Mapping[Origin, int]:
        """The mix that was in force at that instant."""
        return next((mix for since, mix in reversed(self.mixes) if since <= at), self.mix)

    def meant_by(self, names: Collection[str]) -> bool:
        """Whether a draft that asks for the series of these names, or for none, may go out here."""
        return not names or self.name in names or any(old in names for old in self.was)


class Renamed(Protocol):
    """What may have had other names: a series, a class."""

    @property
    def name(self) -> str:
        """What it is called now."""

    @property
    def was(self) -> Collection[str]:
        """What it was called before."""


def heirs(named: Iterable[Renamed]) -> dict[str, str]:
    """Each name from before -> what is called so now."""
    return {old: each.name for each in named for old in each.was}


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One occurrence of a series. `at` is the UTC instant; `id` (`series@2026-11-27T20:00`) never changes."""

    at: dt.datetime
    id: str
    series: str
    local: dt.datetime  # naive wall time as promised
    occasion: str = ""  # slots of one occasion (7 days and 1 day ahead of one event) carry the same draft
    excused: str = ""  # why nothing is owed, or ""

    @property
    def day(self) -> dt.date:
        """The local day that it belongs to: what is promised at 24:00 lies at the next one's beginning."""
        return self.local.date() - (_DAY if MIDNIGHT in self.id else _NO_DAY)

    @property
    def wall(self) -> str:
        """Its wall time as it is written down: 2026-11-27T20:00, 2026-11-27T24:00."""
        return (
            f"{self.day}{MIDNIGHT}"
            if MIDNIGHT in self.id and not self.occasion
            else self.local.isoformat(timespec="minutes")
        )

    @property
    def place(self) -> str:
        """What a draft has when it has this slot: its occasion, else the slot alone."""
        return self.occasion or self.id


@dataclass(frozen=True, slots=True)
class StockItem:
    """An approved draft as the planner sees it."""

    draft: str  # the draft's id
    form: Form
    origin: Origin
    member: str = ""  # "" for the house
    series: tuple[str, ...] = ()  # only these, when given
    slot: str | None = None  # pinned: a slot id, or a local date or date-time ("2026-11-27", "2026-11-27T20:00")
    not_before: dt.datetime | None = None
    expires: dt.datetime | None = None
    evergreen: bool = False
    priority: int = 0  # higher goes first
    since: dt.datetime = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # in stock since (approved at)
    order: str = ""  # of what came into stock at once, whose turn is before whose: by date, then by name
    event_start: dt.datetime | None = None
    skip_channels: frozenset[str] = frozenset()
    last_used: dt.datetime | None = None  # for evergreens: when it last went out
    circle: str = ""  # another community's, which shares it: it fills what nobody here wrote for, once

    @property
    def reserve(self) -> bool:
        """Whether it is there for slots that nothing fresh serves."""
        return self.evergreen or bool(self.circle)

    @property
    def turn(self) -> tuple[dt.datetime, str, str]:
        """Where it stands among equals: what waited longest is first."""
        return self.since, self.order, self.draft


@dataclass(frozen=True, slots=True)
class Assignment:
    """This slot will carry this draft; `filled` when it comes from reserve. `fixed` ones are never moved."""

    slot: str
    draft: str
    filled: bool = False
    fixed: bool = False  # claimed or sent already
    why: str = ""  # one word of the order that chose it: pin, expiry, priority, mix, fair, evergreen, shared


class Past(NamedTuple):
    """One slot that went out before, as the mix and the turn of members need it. Of ten years these are many."""

    slot: str
    series: str
    at: dt.datetime
    origin: Origin
    member: str
    draft: str

    @property
    def nobodys(self) -> bool:
        """Whether another community wrote it: it was neither the house's turn nor a member's."""
        return self.origin is Origin.UGC and not self.member
