"""What was counted of the weeks that are over, beside what it was counted from: a new process does not count again.

The ledger holds the counts as text that `report.kept_weeks` writes and reads. They go with their ledger into a backup
and back, so they are never of another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import delete, func, select

from steadycast.ledger.connection import Database, chunks, table, upsert

WEEK = table("record_week")
HEAD = ""  # in place of a Monday: how far the weeks were counted


def record_weeks(db: Database) -> dict[str, str]:
    """Every week's counts by its Monday, and under `HEAD` how far they were counted: all of one moment."""
    with db.read() as connection:
        return dict(connection.execute(select(WEEK.c.monday, WEEK.c.counts)).tuples().all())


def last_kept(db: Database) -> str:
    """The Monday of the newest week that is kept; "" where there is none."""
    with db.read() as connection:
        return connection.scalar(select(func.max(WEEK.c.monday))) or ""


def put_record_weeks(
    db: Database,
    before: str | None,
    head: str,
    changed: Mapping[str, str | None],
    every: Callable[[], Mapping[str, str]],
) -> None:
    """Keep the weeks that have `changed` (None: it is gone) since `before` was the head; `every` where it is another.

    Two processes keep them, and each knows how far it has counted itself, but not the other.
    """
    with db.write() as connection:
        found = connection.scalar(select(WEEK.c.counts).where(WEEK.c.monday == HEAD).with_for_update())
        gone = delete(WEEK)
        if found is None or found != before:
            changed = every()
            connection.execute(gone)
        for mondays in chunks(monday for monday, counts in changed.items() if counts is None):
            connection.execute(gone.where(WEEK.c.monday.in_(mondays)))
        rows = {HEAD: head} | {monday: counts for monday, counts in changed.items() if counts is not None}
        upsert(connection, WEEK, [{"monday": m, "counts": c} for m, c in rows.items()], ["counts"])
