"""The texts of open alarms, kept true while they last."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import bindparam, update

from steadycast.ledger.connection import Database, table

ALARM = table("alarm")


def retell(db: Database, texts: Mapping[str, str]) -> None:
    """Give open alarms their newest texts, by key; what is closed or not there stays as it is."""
    if not texts:
        return
    here = (ALARM.c.key == bindparam("b_key")) & ALARM.c.closed.is_(None) & (ALARM.c.text != bindparam("b_text"))
    with db.write() as connection:
        rows = [{"b_key": key, "b_text": text} for key, text in texts.items()]
        connection.execute(update(ALARM).where(here).values(text=bindparam("b_text")), rows)
