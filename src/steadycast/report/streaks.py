"""How long promises have been kept in a row: by channel, by series, and by the community as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from zoneinfo import ZoneInfo

from steadycast.ledger.raw_sql import instant
from steadycast.ledger.record import MARRED, SlotVerdict
from steadycast.report.model import Streak
from steadycast.schedule.model import Verdict

GRAVEST = (*MARRED, *Verdict)  # of what one date holds
Row = tuple[str, int, str]
"""Whose slot it was, its instant (a number that grows with time), and its verdict."""


@dataclass(frozen=True, slots=True)
class Streaks:
    """Streaks by name; a name without a record has none."""

    community: Streak
    channels: Mapping[str, Streak]
    series: Mapping[str, Streak]


def streaks(rows: Iterable[Row], slots: Iterable[SlotVerdict], zone: ZoneInfo) -> Streaks:
    """Every streak there is, from the record's rows and from how each slot ended.

    A channel's streak counts its deliveries. A series' streak counts its slots, and breaks when any of its channels
    missed one. The community's counts local dates, and breaks on a date on which any series missed a slot.
    """
    ended = list(slots)
    community = tally(("", day, verdict) for day, verdict in _dates(ended, zone))
    return in_units(community.get("", Streak()), tally(rows), tally(ended))


def in_units(community: Streak, channels: Mapping[str, Streak], series: Mapping[str, Streak]) -> Streaks:
    """These streaks, the community's in days: the others are of slots, and stand beside numbers of slots."""
    return Streaks(replace(community, unit="day"), channels, series)


def tally(rows: Iterable[Row]) -> dict[str, Streak]:
    """The streak of each name, of rows in order of name and time.

    Excused slots neither extend nor break it. Slots at one instant count together: one missed among them breaks it.
    """
    found: dict[str, Streak] = {}
    for name, its in groupby(rows, key=itemgetter(0)):
        current = late = longest = 0
        missed_at: int | None = None
        for _, at, verdict in its:
            if missed_at is not None and missed_at != at:
                longest = max(longest, current)
                current, late, missed_at = 0, 0, None
            if verdict == "missed":
                missed_at = at
            elif verdict != "excused":
                current += 1
                late += verdict == "late"
        longest = max(longest, current)
        found[name] = Streak(longest=longest) if missed_at is not None else Streak(current, late, longest)
    return found


def _dates(slots: Iterable[SlotVerdict], zone: ZoneInfo) -> list[tuple[int, str]]:
    """Each local date's number with the gravest of its slots' verdicts, in order of time."""
    worst: dict[int, str] = {}
    for slot in slots:
        day = instant(slot.at).astimezone(zone).date().toordinal()
        worst[day] = min(slot.verdict, worst.get(day, slot.verdict), key=GRAVEST.index)
    return sorted(worst.items())
