"""Alarms: opened, told once, kept true while they last, and closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import bindparam, select, update

from steadycast.ledger.connection import Database, table, upsert
from steadycast.ledger.tables import AlarmRow

ALARM = table("alarm")


def retell(db: Database, texts: Mapping[str, str]) -> None:
    """Give open alarms their newest texts, by key; what is closed or not there stays as it is."""
    if not texts:
        return
    here = (ALARM.c.key == bindparam("b_key")) & ALARM.c.closed.is_(None) & (ALARM.c.text != bindparam("b_text"))
    with db.write() as connection:
        rows = [{"b_key": key, "b_text": text} for key, text in texts.items()]
        connection.execute(update(ALARM).where(here).values(text=bindparam("b_text")), rows)


def alarms(db: Database, *, everything: bool = False) -> list[AlarmRow]:
    """The open alarms, oldest first; with `everything` the closed ones too."""
    query = select(ALARM).order_by(ALARM.c.opened)
    with db.read() as connection:
        found = connection.execute(query if everything else query.where(ALARM.c.closed.is_(None)))
        return [AlarmRow(**row._mapping) for row in found]


def open_alarm(db: Database, key: str, kind: str, text: str, now: dt.datetime) -> bool:
    """Open an alarm, or open a closed one again; False when it is open already."""
    fresh = {"kind": kind, "opened": now, "sent": None, "closed": None, "text": text}
    with db.write() as connection:
        if upsert(connection, ALARM, [{"key": key, **fresh}]) == 1:
            return True
        again = update(ALARM).where(ALARM.c.key == key, ALARM.c.closed.is_not(None)).values(**fresh)
        return connection.execute(again).rowcount == 1


def alarm_sent(db: Database, key: str, now: dt.datetime) -> bool:
    """Remember that somebody was told; False when the alarm is not open or was told before."""
    told = update(ALARM).where(ALARM.c.key == key, ALARM.c.closed.is_(None), ALARM.c.sent.is_(None)).values(sent=now)
    with db.write() as connection:
        return connection.execute(told).rowcount == 1


def close_alarm(db: Database, key: str, now: dt.datetime) -> bool:
    """Close an alarm; False when it is not open."""
    with db.write() as connection:
        fixed = update(ALARM).where(ALARM.c.key == key, ALARM.c.closed.is_(None)).values(closed=now)
        return connection.execute(fixed).rowcount == 1
