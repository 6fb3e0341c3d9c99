"""What a community marks, and in which slot: the hundredth post, a year without a miss, a class that opens. Pure."""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from steadycast.language import N_, quoted
from steadycast.language import gettext as _
from steadycast.schedule.days import DAY, midnight
from steadycast.schedule.model import Series, Slot
from steadycast.schedule.slots import instant, slots

MOST = 100_000  # of a number of slots
FULL_YEARS = 200  # of an anniversary
FARTHEST_BACK = 62 * DAY  # a day that no slot followed for longer is not marked any more


class Kind(StrEnum):
    """What is marked."""

    SLOT = "slot"  # the slot of that number
    EVERY = "every"  # and each that is a multiple of it
    STREAK = "streak"  # so many slots in a row without a miss
    ANNIVERSARY = "anniversary"  # a year, and each year, since the first slot
    OPENS = "opens"  # a class begins
    ENDS = "ends"
    TURN = "turn"  # others are on duty in a class


@dataclass(frozen=True, slots=True)
class When:
    """What a ritual waits for, as its `when` says it."""

    kind: Kind
    of: str = ""  # a series, or a class; "": the series that the draft is for
    number: int = 0


_SPELLED: Sequence[tuple[str, Kind | None]] = (
    (r"(?P<kind>slot|every|streak) (?P<number>\d{1,6}) of (?P<of>\S+)", None),
    (r"anniversary(?: of (?P<of>\S+))?", Kind.ANNIVERSARY),
    (r"class (?P<of>\S+) opens", Kind.OPENS),
    (r"class (?P<of>\S+) ends", Kind.ENDS),
    (r"turn of (?P<of>\S+)", Kind.TURN),
    (r"(?P<of>\S+?) ?第 ?(?P<number>\d{1,6}) ?期", Kind.SLOT),
    (r"(?P<of>\S+?) ?每[满滿]? ?(?P<number>\d{1,6}) ?期", Kind.EVERY),
    (r"(?P<of>\S+?) ?[连連]更 ?(?P<number>\d{1,6}) ?期", Kind.STREAK),
    (r"(?:(?P<of>\S+?) ?)?[周週]年", Kind.ANNIVERSARY),
    (r"(?P<of>\S+?) ?[开開]班", Kind.OPENS),
    (r"(?P<of>\S+?) ?[结結]班", Kind.ENDS),
    (r"(?P<of>\S+?) ?[换換]人值日", Kind.TURN),
)
_FORMS = {
    Kind.SLOT: N_("slot %(number)s of %(of)s"),
    Kind.EVERY: N_("every %(number)s of %(of)s"),
    Kind.STREAK: N_("streak %(number)s of %(of)s"),
    Kind.ANNIVERSARY: N_("anniversary of %(of)s"),
    Kind.OPENS: N_("class %(of)s opens"),
    Kind.ENDS: N_("class %(of)s ends"),
    Kind.TURN: N_("turn of %(of)s"),
}
OF_SERIES = (Kind.SLOT, Kind.EVERY, Kind.STREAK, Kind.ANNIVERSARY)
OF_CLASS = (Kind.OPENS, Kind.ENDS, Kind.TURN)


def parse_when(text: str) -> When:
    """What `slot 100 of daily`, `anniversary` or `c16 开班` waits for; a ValueError says what can be written."""
    words = " ".join(str(text).split())
    for pattern, meant in _SPELLED:
        if found := re.fullmatch(pattern, words):
            said = found.groupdict()
            number, kind = int(said.get("number") or 0), meant or Kind(said["kind"])
            least = 2 if kind is Kind.EVERY else 1
            if "number" in said and not least <= number <= MOST:
                message = _("%(said)s: a number from %(least)s to %(most)s", said=quoted(words), least=least, most=MOST)
                raise ValueError(message)
            return When(kind, said.get("of") or "", number)
    message = _(
        '%(said)s cannot be read; write "slot 100 of daily", "every 100 of daily", "streak 365 of daily", '
        '"anniversary", "class c16 opens", "class c16 ends" or "turn of c16"',
        said=quoted(words[:80]),
    )
    raise ValueError(message)


def in_words(when: When) -> str:
    """How a `when` that names its series or class is written in the reader's language; `parse_when` reads it."""
    return _(_FORMS[when.kind], number=when.number, of=when.of)


@dataclass(frozen=True, slots=True)
class Counted:
    """What the record says of one series up to an instant: of the slots that were owed, without the excused ones."""

    owed: int = 0
    first: dt.date | None = None  # the local day of the first
    streak: int = 0  # how many in a row were not missed, up to the last
    since: dt.date | None = None  # the local day that this streak began on


@dataclass(frozen=True, slots=True)
class ClassDay:
    """A day that a class marks: it opens, ends, or others take their turn."""

    the_class: str
    kind: Kind
    at: dt.datetime
    period: str  # a turn's, else the local day: what tells it from the others of this class
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ritual:
    """One thing to mark, and the series whose slot carries it."""

    when: When
    series: str


@dataclass(frozen=True, slots=True)
class Occasion:
    """One day to mark: when it is, and the slot that carries it.

    `key` names it for ever, whatever its slot is: what was made for it once is not made again. `facts` are what a
    text may say of it: `number` (of the slot, of slots in a row, of years), `since`, and what a class says.
    """

    at: dt.datetime
    slot: Slot
    kind: Kind
    key: tuple[str, ...]
    ritual: int = 0  # its place in the list that was asked
    facts: Mapping[str, object] = field(default_factory=dict)


def rituals(  # noqa: PLR0917 what is asked, what is known, and the span
    asked: Sequence[Ritual],
    series: Mapping[str, Series],
    record: Mapping[str, Counted],
    class_days: Iterable[ClassDay],
    start: dt.datetime,
    end: dt.datetime,
) -> list[Occasion]:
    """The occasions whose slot lies in `start` <= at < `end`, in order of time.

    `record` is what happened before `start`, by series; what comes is counted as if it were kept. Excused slots do
    not count. A day that is no slot's own is marked in the first owed slot of the ritual's series from then on. Where
    two rituals mark one occasion in one series, the first has it.
    """
    coming = {name: _owed(each, start, end) for name, each in series.items()}
    days = list(class_days)
    found: dict[tuple[str, ...], Occasion] = {}
    for place, ritual in enumerate(asked):
        if not (ahead := coming.get(ritual.series)):
            continue
        for at, key, facts in _moments(ritual, series, record, coming, days):
            slot = _first_from(series[ritual.series], at, start, ahead)
            if slot is not None:
                named = (*key, ritual.series)
                found.setdefault(named, Occasion(at, slot, ritual.when.kind, named, place, facts))
    return sorted(found.values(), key=lambda each: (each.slot.at, each.ritual, each.key))


_Moment = tuple[dt.datetime, tuple[str, ...], dict[str, object]]


def _moments(
    ritual: Ritual,
    series: Mapping[str, Series],
    record: Mapping[str, Counted],
    coming: Mapping[str, Sequence[Slot]],
    days: Iterable[ClassDay],
) -> Iterator[_Moment]:
    """When a ritual's occasions are, what names each, and its facts."""
    when, of = ritual.when, ritual.when.of or ritual.series
    if when.kind in OF_CLASS:
        for day in days:
            if (day.the_class, day.kind) == (when.of, when.kind):
                yield day.at, (when.kind, day.period, when.of), dict(day.facts)
        return
    if not (ahead := coming.get(of)):
        return
    before, begins = record.get(of, Counted()), ahead[0].day
    first = before.first or begins
    if when.kind is Kind.ANNIVERSARY:
        earliest = max(begins.year - first.year - 1, 1)  # the slot of one may lie in the year after it
        for years in range(earliest, min(ahead[-1].local.year - first.year, FULL_YEARS) + 1):
            at = instant(midnight(_same_day(first, first.year + years)), series[of].zone)
            yield at, (when.kind, str(years), of), {"number": years, "since": first}
        return
    streak = when.kind is Kind.STREAK
    since = (before.since or begins) if streak else first
    for number, slot in enumerate(ahead, (before.streak if streak else before.owed) + 1):
        if number == when.number or (when.kind is Kind.EVERY and number % when.number == 0):
            key = (Kind.STREAK, str(number), of, str(since)) if streak else (Kind.SLOT, str(number), of)
            yield slot.at, key, {"number": number, "since": since}


def _same_day(day: dt.date, year: int) -> dt.date:
    """That day of another year; for the 29th of February, where there is none, the 1st of March."""
    try:
        return day.replace(year=year)
    except ValueError:
        return dt.date(year, 3, 1)


def _first_from(series: Series, at: dt.datetime, start: dt.datetime, ahead: Sequence[Slot]) -> Slot | None:
    """The first owed slot from an instant on, of those ahead; None where it is past, or farther ahead."""
    if at < start and (at < start - FARTHEST_BACK or _owed(series, at, start)):
        return None
    place = bisect_left(ahead, at, key=lambda slot: slot.at)
    return ahead[place] if place < len(ahead) else None


def _owed(series: Series, start: dt.datetime, end: dt.datetime) -> list[Slot]:
    """The slots of a span that count: no excused one, and of those that announce one occasion the first."""
    found = [slot for slot in slots(series, start, end) if not slot.excused]
    return sorted({slot.place: slot for slot in reversed(found)}.values())
