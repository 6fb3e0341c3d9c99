"""How long promises have been kept in a row: by channel, by series, and by the community as a whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from steadycast.ledger.record_reads import MARRED, SlotVerdict
from steadycast.ledger.tables import EPOCH
from steadycast.report.model import Streak
from steadycast.schedule.cadence import parse
from steadycast.schedule.days import Weekly
from steadycast.schedule.model import Series
from steadycast.schedule.record import Row, Score, tally

ALL = ""  # the community as a whole


@dataclass(frozen=True, slots=True)
class Streaks:
    """Streaks by name; a name without a record has none."""

    community: Streak
    channels: Mapping[str, Streak]
    series: Mapping[str, Streak]


def streaks(rows: Iterable[Row], slots: Iterable[SlotVerdict], series: Mapping[str, Series], zone: ZoneInfo) -> Streaks:
    """Every streak there is, from the record's rows and from how each slot ended.

    A channel's streak counts its deliveries. A series' streak counts its slots, and breaks when any of its channels
    missed one. The community's counts local dates, and breaks on a date on which any series missed a slot.
    """
    ended = list(slots)
    daily = {name for name, each in series.items() if is_daily(each)}
    serving: dict[str, list[str]] = {}
    for name, each in series.items():
        for channel in each.channels:
            serving.setdefault(channel, []).append(name)
    by_channel = tally(rows)
    by_series = tally((slot.series, slot.at, slot.verdict, None, slot.series, "", "") for slot in ended)
    by_date = tally((ALL, day, verdict, None, ALL, "", "") for day, verdict in _dates(ended, zone))
    return Streaks(
        community=_streak(by_date.channel(ALL), daily=True) if by_date.channels else Streak(unit="day"),
        channels={
            name: _streak(by_channel.channel(name), daily=len(serving.get(name, ())) == 1 and serving[name][0] in daily)
            for name in by_channel.channels
        },
        series={name: _streak(by_series.channel(name), daily=name in daily) for name in by_series.channels},
    )


def is_daily(series: Series) -> bool:
    """Whether a series has one slot each day, so that its streak may be told in days."""
    cadence = parse(series.every, series.rrule)
    return cadence.days == Weekly(tuple(range(7))) and len(cadence.times) == 1


def _dates(slots: Iterable[SlotVerdict], zone: ZoneInfo) -> list[tuple[int, str]]:
    """Each local date's number with the gravest of its slots' verdicts, in order of time."""
    worst: dict[int, str] = {}
    for slot in slots:
        day = (EPOCH + dt.timedelta(microseconds=slot.at)).astimezone(zone).date().toordinal()
        if day not in worst or _gravity(slot.verdict) < _gravity(worst[day]):
            worst[day] = slot.verdict
    return sorted(worst.items())


def _gravity(verdict: str) -> int:
    return MARRED.index(verdict) if verdict in MARRED else len(MARRED)


def _streak(score: Score, *, daily: bool) -> Streak:
    return Streak(score.current, score.late_in_streak, score.longest, "day" if daily else "slot")
