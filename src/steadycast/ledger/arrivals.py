"""Who came, by day and source, as each counter has it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import delete, func, select

from steadycast.arrival import Arrival
from steadycast.ledger.connection import Database, chunks, table, upsert

ARRIVAL = table("arrival")
C = ARRIVAL.c
ROWS = 100  # that one statement puts in


class Total(NamedTuple):
    """How many came by one way in some days."""

    counter: str
    source: str
    medium: str
    campaign: str
    content: str
    counts: Mapping[str, int]  # kind -> how many


def put_arrivals(db: Database, counter: str, rows: Iterable[Arrival]) -> int:
    """Keep what a counter counted; what it said of the same day and source before is what it says now. How many rows.

    Of several rows for the same the sum counts.
    """
    summed = _summed(counter, rows)
    with db.write() as connection:
        for batch in chunks(summed, ROWS):
            upsert(connection, ARRIVAL, batch, update=("n",))
    return len(summed)


def replace_arrivals(db: Database, counter: str, first: dt.date, last: dt.date, rows: Iterable[Arrival]) -> int:
    """Keep what a counter says of these days, both included, in the place of all it said of them; how many rows."""
    summed = _summed(counter, (row for row in rows if first <= row.day <= last))
    here = (C.counter == counter) & (C.day >= first.isoformat()) & (C.day <= last.isoformat())
    with db.write() as connection:
        connection.execute(delete(ARRIVAL).where(here))
        for batch in chunks(summed, ROWS):
            upsert(connection, ARRIVAL, batch, update=("n",))
    return len(summed)


def arrivals(db: Database, first: dt.date, last: dt.date, most: int) -> list[Total]:
    """What came in these days, both included, by counter and way; those with the most first, `most` of them."""
    words = (C.counter, C.source, C.medium, C.campaign, C.content)
    between = (C.day >= first.isoformat()) & (C.day <= last.isoformat())
    query = select(*words, C.kind, func.sum(C.n)).where(between).group_by(*words, C.kind).having(func.sum(C.n) > 0)
    found: dict[tuple[str, str, str, str, str], Counter[str]] = {}
    with db.read() as connection:
        for counter, source, medium, campaign, content, kind, n in connection.execute(
            query.order_by(func.sum(C.n).desc(), *words).limit(most)
        ):
            found.setdefault((counter, source, medium, campaign, content), Counter())[kind] = int(n)
    return [Total(*key, counts) for key, counts in found.items()]


def arrival_days(db: Database, first: dt.date, last: dt.date, most: int) -> list[tuple[str, Arrival]]:
    """(counter, what it counted) in these days, both included, in order of time; the newest `most`."""
    between = (C.day >= first.isoformat()) & (C.day <= last.isoformat())
    order = (C.day.desc(), C.counter, C.source, C.medium, C.campaign, C.content, C.kind)
    with db.read() as connection:
        rows = connection.execute(select(ARRIVAL).where(between).order_by(*order).limit(most)).mappings().all()
    return [
        (row["counter"], Arrival(dt.date.fromisoformat(row["day"]), *(row[name] for name in (*NAMES, "n"))))
        for row in reversed(rows)
    ]


def counters(db: Database) -> dict[str, dt.date]:
    """Who has counted anything, and the last day of it."""
    with db.read() as connection:
        rows = connection.execute(select(C.counter, func.max(C.day)).group_by(C.counter).order_by(C.counter))
        return {counter: dt.date.fromisoformat(day) for counter, day in rows}


NAMES = ("source", "medium", "campaign", "content", "kind")


def _summed(counter: str, rows: Iterable[Arrival]) -> list[dict[str, object]]:
    counts: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        counts[row.day.isoformat(), *(getattr(row, name) for name in NAMES)] += row.n
    return [
        {"counter": counter, "day": day, **dict(zip(NAMES, words, strict=True)), "n": n}
        for (day, *words), n in counts.items()
    ]
