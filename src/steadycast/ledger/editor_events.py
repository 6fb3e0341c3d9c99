"""What was decided over the head of a series' own editors, for these to see."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import select

from steadycast.ledger.connection import Database
from steadycast.ledger.history import EVENT
from steadycast.ledger.raw_sql import micros, run

OVER = "over editors"
TELL = "INSERT INTO event (delivery, at, kind, detail) VALUES (?, ?, ?, ?)"


class Override(NamedTuple):
    """Something that somebody else decided on a series that has editors of its own."""

    at: dt.datetime
    who: str
    act: str  # approve, reject, take back, pin, unpin, fill, empty, skip, revise, withdraw
    series: tuple[str, ...]
    subject: str  # a draft's path, or a slot


def put_override(db: Database, now: dt.datetime, who: str, act: str, series: Collection[str], subject: str) -> None:  # noqa: PLR0917 one row's facts
    """Keep one."""
    told = {"who": who, "act": act, "series": sorted(series), "subject": subject}
    with db.write() as connection:
        run(connection, TELL, [(None, micros(now), OVER, json.dumps(told, ensure_ascii=False))])


def overrides(db: Database, since: dt.datetime, most: int) -> list[Override]:
    """The newest of them since then, the newest first."""
    c = EVENT.c
    query = select(c.at, c.detail).where(c.delivery.is_(None), c.kind == OVER, c.at >= since)
    with db.read() as connection:
        rows = connection.execute(query.order_by(c.id.desc()).limit(most)).all()
    found = ((at, json.loads(detail)) for at, detail in rows)
    return [Override(at, o["who"], o["act"], tuple(o["series"]), o["subject"]) for at, o in found]
