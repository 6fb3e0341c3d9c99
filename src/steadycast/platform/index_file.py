"""The file of an index in SQLite: whole after each commit, made anew where it is damaged, Busy where another has it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from steadycast.errors import Busy
from steadycast.language import gettext as _
from steadycast.platform.unchanged import doubt, mark, new_mark, time_of

NAME = ".index.sqlite"  # hidden: it is not uploaded, and readers do not get it
PATIENCE = 5.0  # seconds
_PAGES = "PRAGMA page_size = 2048"  # a post is in a dozen lists: with pages twice as large it writes twice as much
_STAYS = "PRAGMA journal_mode = TRUNCATE"  # a journal that comes and goes would give the folder another time
_LEFT = "left"  # the word that tells which time its file was given when it was left
_WORDS = "CREATE TABLE told (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"


class IndexFile:
    """The index of one folder, open. Close it: what was not committed by then never was.

    It keeps words. A class that keeps more names its `tables`, and another `format` with each change of them.
    """

    tables: ClassVar[str] = ""
    format: ClassVar[int] = 0

    def __init__(self, folder: Path, *, sure: bool = False) -> None:
        """Of a folder that has none, or a damaged one, it is empty, and in memory until something is written.

        It is read through for damage where somebody wrote to it since it was left; always, where that must be `sure`.
        This and all that follows raise Busy where another process has it, or the disk is full.
        """
        self._folder = folder
        self.fresh = False  # whether it knows nothing
        self.left = 0  # the time that its file was given when it was left: each commit gives another
        try:
            found = self._connected(sure) if (folder / NAME).is_file() else None
        except sqlite3.OperationalError as error:
            raise as_busy(error) from error
        except sqlite3.DatabaseError:
            found = None
        if found is None:
            doubt(folder / NAME)  # whoever comes next looks for damage too
            self.left, self.fresh, found = 0, True, _connect(":memory:")
            self._make_tables(found)
        self._db = found

    def _make_tables(self, db: _Database) -> None:
        for statement in (self.tables + _WORDS).split(";")[:-1]:
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {self.format}")  # undone with the tables where nothing is committed

    def _connected(self, sure: bool) -> _Database | None:
        db = _connect(self._folder / NAME)
        try:
            if db.asked("PRAGMA user_version").fetchone()[0] == self.format:
                row = db.asked("SELECT value FROM told WHERE name = ?", (_LEFT,)).fetchone()
                self.left = int(row[0]) if row else 0
                same = not sure and 0 != self.left == time_of(self._folder / NAME)
                if same or db.asked("PRAGMA quick_check(1)").fetchone()[0] == "ok":
                    return db
        except BaseException:
            db.close()
            raise
        db.close()
        return None

    def close(self) -> None:
        """Undo what was not committed."""
        self._db.close()

    @property
    def can_be_shared(self) -> bool:
        """Whether two processes may work with it now: what is not committed, only one would see."""
        from steadycast.crash_safety import forks

        return not self.fresh and not self._db.in_transaction and forks.are_worth_it()

    def in_two(self, there: Callable[[], object], here: Callable[[], object]) -> bool:
        """Do both at once, `there` in a fork that only reads; whether that did all of it. See `can_be_shared`."""
        from steadycast.crash_safety import forks

        self._db.close()  # a fork must have no connection of its parent's

        def reading(work: Callable[[], object]) -> None:
            self._db = _connect(self._folder / NAME)
            work()

        return forks.beside(partial(reading, there), partial(reading, here))

    @property
    def is_changed(self) -> bool:
        """Whether anything waits for `commit`."""
        return self._db.in_transaction

    def commit(self) -> None:
        """Make what was written stay, and be on the disk."""
        if self._db.in_transaction:
            self.left = new_mark()
            self._db.execute("INSERT OR REPLACE INTO told VALUES (?, ?)", (_LEFT, str(self.left)))
            self._db.execute("COMMIT")
            mark(self._folder / NAME, self.left)

    def _begin(self) -> None:
        if self._db.in_transaction:
            return
        if anew := self.fresh and self._folder.is_dir():
            self._db.close()
            for file in self._folder.glob(f"{NAME}*"):
                file.unlink()
            self._db = _connect(self._folder / NAME)
            self._db.execute(_PAGES)
        self._db.execute(_STAYS)
        self._db.execute("BEGIN IMMEDIATE")
        if anew:
            self._make_tables(self._db)
        self.fresh = False

    def told(self, name: str) -> str:
        """A word that was kept, or nothing."""
        return self._db.first("SELECT value FROM told WHERE name = ?", (name,)) or ""

    def note(self, name: str, value: str) -> None:
        """Keep a word."""
        if self.told(name) != value:
            self._begin()
            self._db.execute("INSERT OR REPLACE INTO told VALUES (?, ?)", (name, value))


class _Database(sqlite3.Connection):
    """What it cannot do just now is Busy: the next try may do better, and makes a damaged index anew."""

    asked = sqlite3.Connection.execute

    def execute(self, *asked: Any) -> sqlite3.Cursor:
        try:
            return super().execute(*asked)
        except sqlite3.DatabaseError as error:
            raise as_busy(error) from error

    def first(self, *asked: Any) -> Any:
        """The first value of the first row; None where there is no row."""
        row = self.execute(*asked).fetchone()
        return row[0] if row else None

    def executemany(self, *asked: Any) -> sqlite3.Cursor:
        try:
            return super().executemany(*asked)
        except sqlite3.DatabaseError as error:
            raise as_busy(error) from error


def as_busy(error: sqlite3.DatabaseError) -> Exception:
    """The same as Busy, but for a mistake of ours."""
    if type(error) not in {sqlite3.OperationalError, sqlite3.DatabaseError}:
        return error
    return Busy(_("the index of its folder cannot be used just now: %(why)s", why=error))


def _connect(file: Path | str) -> _Database:
    return sqlite3.connect(file, PATIENCE, isolation_level=None, check_same_thread=False, factory=_Database)
