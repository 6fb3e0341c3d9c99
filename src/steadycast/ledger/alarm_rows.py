"""Alarms: opened, told once, kept true while they last, and closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import ColumnElement, bindparam, select, update

from steadycast.ledger.connection import Database, rows_of, table, upsert
from steadycast.ledger.installation import WRONG, tell
from steadycast.ledger.tables import AlarmRow

ALARM = table("alarm")
OPEN = ALARM.c.closed.is_(None)


def retell(db: Database, texts: Mapping[str, str]) -> None:
    """Give open alarms their newest texts, by key; what is closed or not there stays as it is."""
    if not texts:
        return
    here = (ALARM.c.key == bindparam("b_key")) & OPEN & (ALARM.c.text != bindparam("b_text"))
    with db.write() as connection:
        rows = [{"b_key": key, "b_text": text} for key, text in texts.items()]
        if connection.execute(update(ALARM).where(here).values(text=bindparam("b_text")), rows).rowcount:
            tell(connection, WRONG)


def alarms(db: Database) -> list[AlarmRow]:
    """The open alarms, oldest first."""
    return rows_of(db, AlarmRow, select(ALARM).where(OPEN).order_by(ALARM.c.opened))


def open_alarm(db: Database, key: str, kind: str, text: str, now: dt.datetime) -> bool:
    """Open an alarm, or open a closed one again; False when it is open already."""
    fresh = {"kind": kind, "opened": now, "sent": None, "closed": None, "text": text}
    with db.write() as connection:
        again = update(ALARM).where(ALARM.c.key == key, ALARM.c.closed.is_not(None)).values(**fresh)
        if not (upsert(connection, ALARM, [{"key": key, **fresh}]) == 1 or connection.execute(again).rowcount == 1):
            return False
        tell(connection, WRONG)
        return True


def alarm_sent(db: Database, key: str, now: dt.datetime) -> bool:
    """Remember that somebody was told; False when the alarm is not open or was told before."""
    return _set(db, key, ALARM.c.sent.is_(None), sent=now)


def close_alarm(db: Database, key: str, now: dt.datetime) -> bool:
    """Close an alarm; False when it is not open."""
    return _set(db, key, closed=now)


def _set(db: Database, key: str, *where: ColumnElement[bool], **values: dt.datetime) -> bool:
    """Whether the alarm is open, and as it must be: then it has these values now."""
    with db.write() as connection:
        if connection.execute(update(ALARM).where(ALARM.c.key == key, OPEN, *where).values(**values)).rowcount != 1:
            return False
        tell(connection, WRONG)
        return True
