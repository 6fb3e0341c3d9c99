"""How promises were kept: streaks, lateness, mix and members over the verdicts on all past slots."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import itemgetter, le, lt

from steadycast.schedule.model import Origin, Verdict

__all__ = ["Row", "Score", "Tally", "shares", "tally"]

Row = tuple[str, int, str, int | None, str, str, str]
"""channel, slot's instant (microseconds since 1970 UTC), verdict, when it was there or None, series, origin, member."""

_STRETCH = 2048  # rows counted at once: few enough to stay in the processor's cache
_SERVED = (Verdict.KEPT, Verdict.FILLED, Verdict.LATE)
# One letter a verdict, so that a year is a string: k goes on, l goes on and is late, m breaks, nothing for excused.
# Keyed by plain strings: a lookup by what a database returns is then several times faster than one among enum members.
_LETTERS: dict[str, str] = {"kept": "k", "filled": "k", "late": "l", "missed": "m", "excused": ""}
_channel, _at, _verdict, _kind = itemgetter(0), itemgetter(1), itemgetter(2), itemgetter(2, 5, 6)
_order = itemgetter(1, 2)  # at one instant by verdict: by its spelling "missed" comes last


def shares(asked: Mapping[Origin, int]) -> dict[Origin, float]:
    """What a ratio asks of each origin, 0 to 1; empty where no ratio is asked."""
    total = sum(max(asked.get(origin, 0), 0) for origin in Origin)
    return {origin: max(asked.get(origin, 0), 0) / total for origin in Origin} if total else {}


@dataclass(frozen=True, slots=True)
class Score:
    """The record of a channel, or of one series on a channel.

    A streak is the number of slots since the last missed one; late ones count, and are told apart. Excused slots
    neither extend nor break it. Slots at one instant count together: one missed among them breaks the streak.
    `p50` and `p95` are of lateness, to the millisecond under a second, to the second above; None if nothing went out.
    """

    verdicts: Mapping[Verdict, int]
    current: int
    longest: int
    late_in_streak: int
    p50: dt.timedelta | None
    p95: dt.timedelta | None
    origins: Mapping[Origin, int]  # of what went out
    members: Mapping[str, int]  # of what went out; "" is the house

    @property
    def on_time(self) -> float | None:
        """The share of owed slots that were kept or filled, 0 to 1; None before the first."""
        owed = sum(count for verdict, count in self.verdicts.items() if verdict is not Verdict.EXCUSED)
        return (self.verdicts[Verdict.KEPT] + self.verdicts[Verdict.FILLED]) / owed if owed else None


def tally(rows: Iterable[Row]) -> Tally:
    """The record of rows ordered by channel and instant, as the ledger's index gives them, one pass.

    Raises ValueError when a channel's rows are out of order.
    """
    found, rest = Tally(), iter(rows)
    held: list[Row] = []  # of the last instant so far: there may be more of it
    while stretch := list(islice(rest, _STRETCH)):
        stretch = held + stretch
        whole = len(stretch) - 1
        while whole and stretch[whole - 1][:2] == stretch[-1][:2]:
            whole -= 1
        held = stretch[whole:]
        found._count(stretch[:whole])
    found._count(held)
    return found


class Tally:
    """The totals of every channel, and of every series on it."""

    def __init__(self) -> None:
        self._channels: dict[str, _Run] = {}
        self._lines: dict[tuple[str, str], _Line] = {}  # (channel, series)

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of all channels that have a record."""
        return tuple(sorted(self._channels))

    def channel(self, channel: str) -> Score:
        """The record of one channel, all series together; KeyError for one without a record."""
        return _score(self._channels[channel], [line for key, line in self._lines.items() if key[0] == channel])

    def line(self, series: str, channel: str) -> Score:
        """The record of one series on one channel; KeyError for one without a record."""
        line = self._lines[channel, series]
        return _score(line.run, [line])

    def mix(self, series: str) -> dict[Origin, int]:
        """How many deliveries of a series each origin had, all channels together."""
        return _origins(_seen([line for key, line in self._lines.items() if key[1] == series]))

    def members(self) -> dict[str, int]:
        """How many deliveries each member had, all series and channels together."""
        return _members(_seen(self._lines.values()))

    def _count(self, rows: Sequence[Row]) -> None:
        """Count a stretch of whole instants: nearly all of the work on each row is done in C."""
        if rows and list(map(_channel, rows)).count(rows[0][0]) == len(rows):
            self._extend(rows[0][0], rows)
            return
        for channel, group in groupby(rows, key=_channel):
            self._extend(channel, list(group))

    def _extend(self, channel: str, rows: Sequence[Row]) -> None:
        run = self._channels.setdefault(channel, _Run())
        rows = _in_order(channel, rows, run.last)
        run.extend(rows)
        lines = defaultdict(list)
        for row in rows:
            lines[row[4]].append(row)
        for series, its in lines.items():
            self._lines.setdefault((channel, series), _Line()).extend(its)


def _in_order(channel: str, rows: Sequence[Row], after: int) -> Sequence[Row]:
    """The rows, with those of one instant so that a missed one is the last of them."""
    instants = [after, *map(_at, rows)]
    if all(map(lt, instants, instants[1:])):
        return rows
    if not all(map(le, instants, instants[1:])):
        raise ValueError(f"the rows of {channel} are not in order of time")
    return sorted(rows, key=_order)


@dataclass(slots=True)
class _Run:
    """A streak in the making."""

    last: int = -(1 << 63)  # the last instant
    current: int = 0
    late: int = 0
    longest: int = 0

    def extend(self, rows: Sequence[Row]) -> None:
        """Add many in order of time, as one string of letters."""
        self.last = rows[-1][1]
        first, *others = "".join(map(_LETTERS.__getitem__, map(_verdict, rows))).split("m")
        self.longest = max(self.longest, self.current + len(first), *map(len, others))
        if others:
            self.current, self.late = len(others[-1]), others[-1].count("l")
        else:
            self.current, self.late = self.current + len(first), self.late + first.count("l")


@dataclass(slots=True)
class _Line:
    """One series on one channel."""

    run: _Run = field(default_factory=_Run)
    seen: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # (verdict, origin, member)
    lateness: Counter[int] = field(default_factory=Counter)  # bucket -> how many

    def extend(self, rows: Sequence[Row]) -> None:
        """Add many in order of time."""
        self.run.extend(rows)
        self.seen.update(map(_kind, rows))
        # Buckets: milliseconds up to 999, then seconds from 1000 on. In a line: a call for each of a million is slow.
        self.lateness.update([
            (late // 1000 if late > 0 else 0) if (late := row[3] - row[1]) < 1_000_000 else 999 + late // 1_000_000
            for row in rows
            if row[3] is not None
        ])  # fmt: skip


def _lateness(bucket: int) -> dt.timedelta:
    return dt.timedelta(milliseconds=bucket) if bucket < 1000 else dt.timedelta(seconds=bucket - 999)


def _score(run: _Run, lines: Sequence[_Line]) -> Score:
    seen = _seen(lines)
    lateness: Counter[int] = Counter()
    for line in lines:
        lateness.update(line.lateness)
    verdicts = dict.fromkeys(Verdict, 0)
    for (verdict, _, _), count in seen.items():
        verdicts[Verdict(verdict)] += count
    p50, p95 = _percentiles(lateness, (50, 95))
    return Score(verdicts, run.current, run.longest, run.late, p50, p95, _origins(seen), _members(seen))


def _seen(lines: Iterable[_Line]) -> Counter[tuple[str, str, str]]:
    total: Counter[tuple[str, str, str]] = Counter()
    for line in lines:
        total.update(line.seen)
    return total


def _origins(seen: Counter[tuple[str, str, str]]) -> dict[Origin, int]:
    found = dict.fromkeys(Origin, 0)
    for (verdict, origin, _), count in seen.items():
        if verdict in _SERVED and origin:
            found[Origin(origin)] += count
    return found


def _members(seen: Counter[tuple[str, str, str]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for (verdict, origin, member), count in seen.items():
        if verdict in _SERVED and origin:
            found[member] += count
    return dict(found)


def _percentiles(lateness: Counter[int], wanted: Sequence[int]) -> Iterator[dt.timedelta | None]:
    """Nearest rank: the smallest lateness that at least so many in a hundred did not exceed."""
    total, ordered = sum(lateness.values()), sorted(lateness.items())
    for percent in wanted:
        rank, reached = -(-total * percent // 100), 0
        for bucket, count in ordered:
            reached += count
            if reached >= rank:
                yield _lateness(bucket)
                break
        else:
            yield None
