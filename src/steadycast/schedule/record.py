"""How promises were kept: the verdict on each past slot, and streaks, lateness, mix and members over all of them."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import itemgetter, le, lt

from steadycast.schedule.model import Origin, Outcome, Verdict

__all__ = ["Row", "Score", "Tally", "shares", "tally", "tally_rows", "verdict"]

Row = tuple[str, int, str, int | None, str, str, str]
"""channel, slot's instant (microseconds since 1970 UTC), verdict, when it was there or None, series, origin, member."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_STRETCH = 2048  # rows counted at once: few enough to stay in the processor's cache
_MICROSECOND = dt.timedelta(microseconds=1)
_SERVED = (Verdict.KEPT, Verdict.FILLED, Verdict.LATE)
# One letter a verdict, so that a year is a string: k goes on, l goes on and is late, m breaks, nothing for excused.
# Keyed by plain strings: a lookup by what a database returns is then several times faster than one among enum members.
_LETTERS: dict[str, str] = {"kept": "k", "filled": "k", "late": "l", "missed": "m", "excused": ""}
_channel, _at, _verdict, _kind = itemgetter(0), itemgetter(1), itemgetter(2), itemgetter(2, 5, 6)
_order = itemgetter(1, 2)  # at one instant by verdict: by its spelling "missed" comes last


def verdict(  # noqa: PLR0917 - the facts of one delivery, in the order in which they come to be known
    at: dt.datetime,
    finished: dt.datetime | None,
    grace: dt.timedelta,
    late: dt.timedelta,
    filled: bool,
    excused: bool,
    now: dt.datetime,
) -> Verdict | None:
    """How a slot ended on a channel, or None while it may still be served.

    There within `grace`: kept, or filled when it came from reserve (an excused slot served all the same, too). Within
    `late`: late. After that, or not at all: missed. Where nothing was owed, late and missed are excused.
    """
    if finished is not None and finished <= at + grace:
        return Verdict.FILLED if filled else Verdict.KEPT
    if excused:
        return Verdict.EXCUSED
    if finished is not None:
        return Verdict.LATE if finished <= at + late else Verdict.MISSED
    return Verdict.MISSED if now > at + late else None


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


def tally(outcomes: Iterable[Outcome]) -> Tally:
    """The record of any outcomes, in whatever order they come."""
    return tally_rows(sorted(map(_row, outcomes), key=itemgetter(0, 1, 2)))


def tally_rows(rows: Iterable[Row]) -> Tally:
    """The record of rows ordered by channel and instant, as the ledger's index gives them, one pass.

    Raises ValueError when a channel's rows are out of order.
    """
    found, rest = Tally(), iter(rows)
    while stretch := list(islice(rest, _STRETCH)):
        first = stretch[0][0]
        if list(map(_channel, stretch)).count(first) == len(stretch):
            found._extend(first, stretch)
        else:
            for channel, group in groupby(stretch, key=_channel):
                found._extend(channel, list(group))
    return found


class Tally:
    """Running totals: a new outcome costs the same whatever went before, and the totals equal a full recomputation."""

    def __init__(self) -> None:
        self._channels: dict[str, _Run] = {}
        self._lines: dict[tuple[str, str], _Line] = {}  # (channel, series)

    def add(self, outcome: Outcome) -> None:
        """Count one more outcome. Raises ValueError when the channel already has a later one: `forget` it, and recount.

        Outcomes of one instant may come in any order.
        """
        self.add_row(_row(outcome))

    def add_row(self, row: Row) -> None:
        """Count one more row, as `add` does."""
        channel, at, verdict, finished, series, origin, member = row
        run = self._channels.setdefault(channel, _Run())
        letter = _LETTERS[Verdict(verdict)]
        run.add(at, letter)
        line = self._lines.setdefault((channel, series), _Line())
        line.run.add(at, letter)
        line.seen[verdict, origin, member] += 1
        if finished is not None:
            line.lateness[_bucket(finished - at)] += 1

    def forget(self, channel: str) -> None:
        """Drop a channel's totals, to count it anew: an outcome came in late, or was put right."""
        self._channels.pop(channel, None)
        for key in [key for key in self._lines if key[0] == channel]:
            del self._lines[key]

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of all channels that have a record."""
        return tuple(sorted(self._channels))

    def series_of(self, channel: str) -> tuple[str, ...]:
        """The names of all series that have a record on a channel."""
        return tuple(sorted(series for other, series in self._lines if other == channel))

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

    def _extend(self, channel: str, rows: list[Row]) -> None:
        """Count a stretch of one channel's rows at once: nearly all of the work on each row is done in C."""
        rows = _in_order(channel, rows)
        self._channels.setdefault(channel, _Run()).extend(rows)
        lines = defaultdict(list)
        for row in rows:
            lines[row[4]].append(row)
        for series, its in lines.items():
            self._lines.setdefault((channel, series), _Line()).extend(its)


def _in_order(channel: str, rows: list[Row]) -> list[Row]:
    """The rows, with those of one instant so that a missed one is the last of them."""
    instants = list(map(_at, rows))
    if all(map(lt, instants, instants[1:])):
        return rows
    if not all(map(le, instants, instants[1:])):
        raise ValueError(f"the rows of {channel} are not in order of time")
    at_once = (row for row, at, after in zip(rows, instants, instants[1:], strict=False) if at == after)
    return sorted(rows, key=_order) if any(row[2] == Verdict.MISSED for row in at_once) else rows


@dataclass(slots=True)
class _Run:
    """A streak in the making: `before` the last instant, and `here`, at it, where order must not matter."""

    last: int | None = None
    before: int = 0
    before_late: int = 0
    here: int = 0
    here_late: int = 0
    broken: bool = False
    longest: int = 0

    @property
    def current(self) -> int:
        return 0 if self.broken else self.before + self.here

    @property
    def late(self) -> int:
        return 0 if self.broken else self.before_late + self.here_late

    def add(self, at: int, letter: str) -> None:
        if self.last is None or at > self.last:
            self._begin(at)
        elif at < self.last:
            raise ValueError("an outcome is older than one that was counted before it")
        if letter == "m":
            self.broken = True
        elif letter:
            self.here += 1
            self.here_late += letter == "l"
            self.longest = max(self.longest, self.before + self.here)

    def _begin(self, at: int) -> None:
        self.before, self.before_late = self.current, self.late
        self.here = self.here_late = 0
        self.broken, self.last = False, at

    def extend(self, rows: Sequence[Row]) -> None:
        """Add many in order of time: what lies between the first and the last instant as one string."""
        instants = list(map(_at, rows))
        letters = list(map(_LETTERS.__getitem__, map(_verdict, rows)))
        low = 0 if self.last is None else bisect_right(instants, self.last)
        high = max(low, bisect_left(instants, instants[-1]))
        for position in range(low):
            self.add(instants[position], letters[position])
        if low < high:
            self._between(instants[high - 1], "".join(letters[low:high]))
        for position in range(high, len(instants)):
            self.add(instants[position], letters[position])

    def _between(self, last: int, letters: str) -> None:
        self._begin(last)
        first, *others = letters.split("m")
        self.longest = max(self.longest, self.before + len(first), *map(len, others))
        if others:
            self.before, self.before_late = len(others[-1]), others[-1].count("l")
        else:
            self.before, self.before_late = self.before + len(first), self.before_late + first.count("l")


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
        # `_bucket` in a line: a call for each of a million takes as long as counting them.
        self.lateness.update([
            (late // 1000 if late > 0 else 0) if (late := row[3] - row[1]) < 1_000_000 else 999 + late // 1_000_000
            for row in rows
            if row[3] is not None
        ])  # fmt: skip


def _bucket(microseconds: int) -> int:
    """Lateness in milliseconds up to 999, then in seconds from 1000 on: few values, so few buckets."""
    if microseconds < 1_000_000:
        return max(microseconds, 0) // 1000
    return 999 + microseconds // 1_000_000


def _lateness(bucket: int) -> dt.timedelta:
    return dt.timedelta(milliseconds=bucket) if bucket < 1000 else dt.timedelta(seconds=bucket - 999)


def _row(outcome: Outcome) -> Row:
    at = (outcome.at - _EPOCH) // _MICROSECOND
    finished = at + outcome.lateness // _MICROSECOND if outcome.verdict in _SERVED else None
    return outcome.channel, at, outcome.verdict, finished, outcome.series, outcome.origin or "", outcome.member


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
