"""Whether anything was committed to a ledger since somebody last asked: a question that reads no table."""

from __future__ import annotations

from typing import Any

from steadycast.ledger.connection import Database, translate_errors

# SQLite counts what other connections commit. PostgreSQL hands a number to each transaction that writes.
ASKS = {True: "PRAGMA data_version", False: "SELECT txid_current_snapshot()::text"}


class ChangeMark:
    """A connection kept for that question alone: SQLite's count is that of the connection which asks."""

    def __init__(self, db: Database) -> None:
        self._db = db
        with translate_errors(db.name):
            self._connection = db.engine.raw_connection()

    def read(self) -> str:
        """Another word than last time wherever something was committed in between."""
        with translate_errors(self._db.name):
            cursor: Any = self._connection.cursor()
            try:
                cursor.execute(ASKS[self._db.is_sqlite])
                return str(cursor.fetchone()[0])
            finally:
                cursor.close()
                self._connection.rollback()  # PostgreSQL's transaction would hold back its cleaning up

    def close(self) -> None:
        """Let the connection go."""
        with translate_errors(self._db.name):
            self._connection.invalidate()
