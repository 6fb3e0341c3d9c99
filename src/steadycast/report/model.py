"""Everything the record's page shows, as frozen values that need no database; and the same as JSON.

Instants are aware and stand in the community's zone. Fields named `local` or `..._local` do not exist: a reader of the
JSON gets the offset with every instant. Texts that came from drafts, feeds and far sides are kept as they are here and
escaped where they are shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from steadycast.errors import Problem
from steadycast.schedule.forecast import Forecast

JSON_VERSION = 1  # grows when a key changes its meaning or goes away; new keys do not raise it

# From what asks most for a look to what asks least: a square shows the first of these that its day holds.
MARKS = ("missed", "gap", "open", "late", "filled", "kept", "later", "planned", "excused")


@dataclass(frozen=True, slots=True)
class Square:
    """One local date of one channel: `mark` is the gravest of its slots' marks, `counts` says how many of each.

    Marks are the five verdicts, `open` (its time is past and it is not settled), `planned` (to come, with a draft),
    `gap` (to come, planned with none) and `later` (to come, beyond what is planned and what stock would carry). A date
    without a slot has no square.
    """

    date: dt.date
    mark: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Streak:
    """Slots in a row that were not missed: `late` of the `current` ones came late. `unit`: the community's
    are a `day` each, all others a `slot`.
    """

    current: int = 0
    late: int = 0
    longest: int = 0
    unit: str = "slot"


@dataclass(frozen=True, slots=True)
class Runway:
    """How far stock covers: so many slots in a row, so many whole days, and the first slot with nothing (or None).

    `gap` is the first slot for which nothing is planned. Reserve may still fill it, a day before: `ends` is the first
    slot that then nothing at all would carry, as things stand. Where there is no reserve, both are the same slot.
    """

    slots: int = 0
    days: int = 0
    gap: dt.datetime | None = None
    ends: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ChannelRecord:
    """One channel's year. `on_time` is kept and filled over all that was owed, None where nothing was."""

    name: str
    title: str
    platform: str
    squares: tuple[Square, ...]  # by date; only dates that had or will have a slot
    counts: Mapping[str, int]  # verdict -> past slots, over the shown year
    on_time: float | None
    streak: Streak
    runway: Runway


@dataclass(frozen=True, slots=True)
class Coming:
    """One coming slot of a series: planned, filled (from reserve), gap, later, excused, or `kept`: out already."""

    at: dt.datetime
    state: str


@dataclass(frozen=True, slots=True)
class SeriesRecord:
    """One promise: what was asked, what was done, and how far stock reaches."""

    name: str
    title: str
    cadence: str  # in the community's language: 每天 20:00
    channels: tuple[str, ...]
    mix_asked: Mapping[str, int]  # origin -> parts; {} where no ratio is asked
    mix_real: Mapping[str, int]  # origin -> slots, over the shown year
    streak: Streak
    runway: Runway
    gap_chance: float | None  # of a slot with nothing in the next 30 days, 0 to 1; None where it cannot be told
    stock: int  # drafts that this series could use
    reserve: int  # alarm under this many; 0 = no reserve asked
    coming: tuple[Coming, ...] = ()
    writers: tuple[str, ...] = ()  # whose drafts it carried in the shown year, most first, by their names for people
    counts: Mapping[str, int] = field(default_factory=dict)  # verdict -> deliveries of past slots, over the shown year
    on_time: float | None = None
    ahead: int = 0  # deliveries that are there before their slot's hour: in no count until it has come
    forecast: Forecast | None = None  # what `gap_chance` is of, and when; None where it cannot be told

    @property
    def short(self) -> bool:
        """Whether stock is under the reserve that was asked for."""
        return self.stock < self.reserve


@dataclass(frozen=True, slots=True)
class ChannelYear:
    """The year of one series on one channel."""

    name: str
    title: str
    squares: tuple[Square, ...]
    counts: Mapping[str, int]
    on_time: float | None


@dataclass(frozen=True, slots=True)
class SeriesYear:
    """The year of one series over all its channels, and on each."""

    name: str
    squares: tuple[Square, ...]
    channels: tuple[ChannelYear, ...]


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """One slot of the coming weeks: `planned`, `filled`, `gap`, `excused`, or `kept`: it went out before its hour."""

    slot: str
    at: dt.datetime
    series: str
    series_title: str
    state: str
    draft: str = ""
    title: str = ""
    origin: str = ""
    member: str = ""  # the member's name for people; "" for the house
    channels: tuple[str, ...] = ()  # channels' names for people
    note: str = ""  # why it is excused
    page: str = ""  # its draft's preview, relative to the report


@dataclass(frozen=True, slots=True)
class Place:
    """Where a post can be seen: its address for everybody, or a page beside the report, relative to it."""

    channel: str  # its name for people
    url: str = ""
    page: str = ""
    withdrawn: bool = False  # it was there, and a person had it taken away


@dataclass(frozen=True, slots=True)
class WentOut:
    """One slot that went out lately."""

    slot: str
    at: dt.datetime  # when it was there
    series_title: str  # "" for one that a person sent by hand, outside any series
    title: str
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Contributor:
    """A member whose drafts went out in the shown year; the house has the id ""."""

    member: str
    title: str
    count: int
    last: dt.datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits for a person: `refused`, `unknown`, `gap` (a slot within a day), `kit` or `draft`."""

    kind: str
    id: str  # of the delivery, of the slot, or of the draft
    title: str  # of the draft; of a gap its series'
    channel: str = ""  # the channel's name for people; of a gap all that it leaves empty
    at: dt.datetime | None = None  # the slot's instant; for a draft, when it came
    member: str = ""
    note: str = ""  # what the far side said
    link: str = ""  # where to look
    page: str = ""  # a kit's page or a draft's preview, as an address relative to the report's
    command: str = ""  # what a person types once it is done


@dataclass(frozen=True, slots=True)
class Unread(Problem):
    """A file or a feed that cannot be taken in; a feed's address is shortened where it may carry a token."""

    kind: str = "draft"  # or feed
    since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """An alarm that is not yet fixed."""

    kind: str  # starvation, machinery
    text: str
    opened: dt.datetime


@dataclass(frozen=True, slots=True)
class Report:
    """The record of one community at one instant. `first` to `last` are the local dates that squares are shown for."""

    community: str
    zone: str
    language: str
    at: dt.datetime
    first: dt.date
    last: dt.date
    url: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)  # verdict -> deliveries of past slots, over the shown year
    on_time: float | None = None
    ahead: int = 0  # deliveries that are there before their slot's hour: in no count until it has come
    streak: Streak = Streak()
    channels: tuple[ChannelRecord, ...] = ()
    series: tuple[SeriesRecord, ...] = ()
    plan: tuple[PlanEntry, ...] = ()
    lately: tuple[WentOut, ...] = ()  # what went out, the newest first
    contributors: tuple[Contributor, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    problems: tuple[Unread, ...] = ()
    alarms: tuple[OpenAlarm, ...] = ()


def gravest(counts: Mapping[str, int]) -> str:
    """The mark that a date with these counts shows; "" where there is nothing."""
    if len(counts) == 1 and all(counts.values()):  # as of most dates
        return next(iter(counts))
    return next((mark for mark in MARKS if counts.get(mark)), "")


def on_time(counts: Mapping[str, int]) -> float | None:
    """The share of what was owed that was there in time, 0 to 1; None where nothing was owed. Excused is not owed."""
    good = counts.get("kept", 0) + counts.get("filled", 0)
    owed = good + counts.get("late", 0) + counts.get("missed", 0)
    return good / owed if owed else None


def span(today: dt.date, *, weeks: int = 58, ahead: int = 4) -> tuple[dt.date, dt.date]:
    """The first and last local date of the year view: whole weeks from Monday, the last `ahead` after this one."""
    monday = today - dt.timedelta(days=today.weekday())
    first = monday - dt.timedelta(weeks=weeks - ahead - 1)
    return first, first + dt.timedelta(weeks=weeks, days=-1)


@dataclass(frozen=True, slots=True)
class Came:
    """How many came by one way, as one counter has it."""

    name: str  # a source; or a slot
    title: str
    counter: str
    visits: int
    joins: int
    leaves: int


def to_json(report: Report, **more: object) -> str:
    """The report as JSON, keys sorted, named as the fields of `Report`; `report` holds the format's version.

    `more` stands beside it.

    Instants are RFC 3339 with the community's offset, dates ISO 8601, rates between 0 and 1.
    """
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps({"report": JSON_VERSION, "record": report, **more}, option=options).decode()
