"""The past year and the coming weeks as the report shows them: counted in the database, a handful of rows each.

Days are local dates of one zone: its offset is constant between changes of the clocks, so a date is whole division.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, case, exists, func, literal, select, type_coerce

from steadycast.ledger.claims import DELIVERY
from steadycast.ledger.connection import Database, table
from steadycast.ledger.raw_sql import micros
from steadycast.ledger.rows import EPOCH
from steadycast.ledger.tables import State
from steadycast.schedule.model import Origin, Verdict
from steadycast.schedule.slots import first_change

SLOT = table("slot")
DAY = 86_400_000_000  # microseconds
DATE_ZERO = EPOCH.date()
THERE = (Verdict.KEPT.value, Verdict.LATE.value, Verdict.FILLED.value)
MARRED = (Verdict.MISSED.value, "", Verdict.LATE.value)  # the gravest first


class DayCount(NamedTuple):
    """How many deliveries of one series on one channel ended so on one local date."""

    channel: str
    series: str
    date: dt.date
    mark: str  # a verdict; `open`: past and not settled; `planned`, `gap`: to come
    deliveries: int
    ahead: bool = False  # the slot's hour is still to come: of the plan, whatever its mark, and not of the record


class SlotVerdict(NamedTuple):
    """How one past slot ended over all its channels; `at` is microseconds since 1970 UTC."""

    series: str
    at: int
    verdict: str


class Share(NamedTuple):
    """How many slots of one series one member (or the house) filled, and the last of them."""

    series: str
    origin: str
    member: str
    slots: int
    last: dt.datetime

    @property
    def nobodys(self) -> bool:
        """Whether another community wrote it: it is neither the house's nor a member's."""
        return self.origin == Origin.UGC and not self.member


def day_counts(
    db: Database, channels: Collection[str], zone: ZoneInfo, days: tuple[dt.date, dt.date], now: dt.datetime
) -> list[DayCount]:
    """What the local dates `days`, first and last, of these channels hold; one row a date, channel, series and mark;
    of a date with a slot before `now` and one after it, two.

    Past dates are one pass over the record's covering index, whatever the number of deliveries.
    """
    since, until = _midnight(days[0], zone), _midnight(days[1] + dt.timedelta(days=1), zone)
    c = DELIVERY.c
    day = _local_day(zone, since, until)
    settled = case((c.verdict != "", c.verdict), else_="open").label("mark")
    to_come = case((c.verdict != "", c.verdict), (SLOT.c.draft.is_not(None), "planned"), else_="gap").label("mark")
    known = c.channel.in_(sorted(channels))
    names = (c.channel, c.series, day, func.count())
    past = select(*names, settled).where(known, c.at >= since, c.at < min(now, until))
    future = select(*names, to_come).join(SLOT, SLOT.c.id == c.slot).where(known, c.at >= now, c.at < until)
    with db.read() as connection:
        return [
            DayCount(channel, series, DATE_ZERO + dt.timedelta(days=number), mark, count, ahead)
            for query, mark_, ahead in ((past, settled, False), (future, to_come, True))
            for channel, series, number, count, mark in connection.execute(
                query.group_by(c.channel, c.series, day, mark_)
            )
        ]


def slot_verdicts(db: Database, now: dt.datetime) -> list[SlotVerdict]:
    """How every past slot ended, by series and time: missed when any of its channels was, else late when any was.

    Slots that nothing was owed for, or of which a delivery is not settled yet and none was missed, are left out. The
    deliveries that are neither kept nor filled are few: only those and the slots are read.
    """
    d, s = DELIVERY.c, SLOT.c
    owed = exists().where(d.slot == s.id, d.verdict.in_((*THERE, Verdict.MISSED.value)))
    past = select(s.series, type_coerce(s.at, BigInteger)).where(s.at < now, owed).order_by(s.series, s.at)
    marred = select(d.series, type_coerce(d.at, BigInteger), d.verdict).where(d.at < now, d.verdict.in_(MARRED))
    with db.read() as connection:
        worst: dict[tuple[str, int], str] = {}
        for series, at, verdict in connection.execute(marred.group_by(d.series, d.at, d.verdict)):
            worst[series, at] = min(verdict, worst.get((series, at), verdict), key=MARRED.index)
        ended = (SlotVerdict(series, at, worst.get((series, at), "kept")) for series, at in connection.execute(past))
        return [slot for slot in ended if slot.verdict]


def out_within(since: dt.datetime, until: dt.datetime) -> ColumnElement[bool]:
    """Whether a slot and a delivery of it that is there went out in that time: at its hour, or before it by hand.

    What a person published before its hour has gone out: who wrote it has written, whenever the hour comes.
    """
    return (SLOT.c.at >= since) & ((SLOT.c.at < until) | (DELIVERY.c.finished < until))


def shares(db: Database, since: dt.datetime, until: dt.datetime, *, early: bool = False) -> list[Share]:
    """Whose drafts went out in slots of that time; a slot counts once, on however many channels it went out.

    With `early`, those of later slots that went out by then are among it.
    """
    c, other = DELIVERY.c, DELIVERY.alias("other")
    one = select(other.c.id).where(other.c.slot == SLOT.c.id, other.c.verdict.in_(THERE)).limit(1).scalar_subquery()
    query = (
        select(c.series, c.origin, c.member, func.count(), func.max(c.at, type_=c.at.type))
        .select_from(SLOT)
        .join(DELIVERY, c.id == one)
        .where(out_within(since, until) if early else (SLOT.c.at >= since) & (SLOT.c.at < until))
        .group_by(c.series, c.origin, c.member)
        .order_by(c.series, c.origin, c.member)
    )
    with db.read() as connection:
        return [Share(*row) for row in connection.execute(query)]


def last_out(db: Database, states: Iterable[State], since: dt.datetime, most: int) -> list[str]:
    """The slots from `since` on that went out last, the newest first: when the last of their deliveries was done."""
    c = DELIVERY.c
    went = func.max(func.coalesce(c.finished, c.at))
    lately = c.slot.in_(select(SLOT.c.id).where(SLOT.c.at >= since))
    query = select(c.slot).where(lately, c.state.in_([*map(str, states)]))
    with db.read() as connection:
        return list(connection.scalars(query.group_by(c.slot).order_by(went.desc(), c.slot.desc()).limit(most)))


def silences(db: Database, now: dt.datetime) -> dict[str, tuple[int, bool]]:
    """Of each series whose latest slots came to nothing: how many in a row, and whether anything ever came out.

    A slot came to nothing when one of its deliveries was missed, none is there, and none may still be.
    """
    d, s = DELIVERY.c, SLOT.c
    out = select(d.series, func.max(d.at).label("last")).where(d.verdict.in_(THERE)).group_by(d.series).subquery()
    missed = exists().where(d.slot == s.id, d.verdict == Verdict.MISSED.value)
    hopeful = exists().where(d.slot == s.id, d.verdict.in_((*THERE, "")))
    query = (
        select(s.series, func.count(), func.max(out.c.last))
        .outerjoin(out, out.c.series == s.series)
        .where(s.at < now, (out.c.last.is_(None)) | (s.at > out.c.last), missed, ~hopeful)
        .group_by(s.series)
    )
    with db.read() as connection:
        return {series: (count, last is not None) for series, count, last in connection.execute(query)}


def _midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)


def _local_day(zone: ZoneInfo, since: dt.datetime, until: dt.datetime) -> ColumnElement[int]:
    """SQL for the number of a delivery's local date, days since 1970-01-01."""
    at = type_coerce(DELIVERY.c.at, BigInteger)
    *changes, (_, last) = _offsets(zone, since, until)
    shifts: Any = [(at < micros(end), offset) for end, offset in changes]
    shift = case(*shifts, else_=last) if shifts else literal(last, BigInteger)
    return ((at + shift) // literal(DAY, BigInteger)).label("day")


def _offsets(zone: ZoneInfo, since: dt.datetime, until: dt.datetime) -> list[tuple[dt.datetime, int]]:
    """The zone's offsets in that time, in microseconds, each with the instant at which it ends."""
    found = []
    here, step = since, dt.timedelta(days=1)
    while here < until:
        there = min(here + step, until)
        if _offset(zone, there) != _offset(zone, here):
            change = first_change(here, there, lambda at: _offset(zone, at))
            found.append((change, _offset(zone, here)))
            there = change
        here = there
    return [*found, (until, _offset(zone, until - dt.timedelta(seconds=1)))]


def _offset(zone: ZoneInfo, at: dt.datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return offset // dt.timedelta(microseconds=1)
