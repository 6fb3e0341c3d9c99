"""One database, opened with the durability that a promise needs: reads, writes, and errors a person can act on."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Select,
    Table,
    Text,
    bindparam,
    create_engine,
    event,
    func,
    literal_column,
    select,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine import Row as SQLRow
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from steadycast import reasons
from steadycast.crash_safety import bootclock, crashpoints, durable
from steadycast.errors import LedgerError, with_hint
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.ledger import (
    busy,
    tables,  # noqa: F401  the tables register themselves
)
from steadycast.ledger.rows import METADATA, TableRow

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

KEPT_OPEN = 16  # connections to PostgreSQL that a process keeps; so many of its threads write at once
IDLE = 1.0  # seconds after which such a connection is asked whether it is still there, before it is used
BUSY_TIMEOUT = 30  # seconds that a writer waits for another process's
# PostgreSQL's side of a connection. A process that is frozen in a transaction would keep its rows from all others until
# it is gone. Between two statements of ours lies a second or two, with 100,000 deliveries in one transaction; a minute
# is for a machine that swaps, and no slot is late after it. Who waits for a row waits for two such. Nothing bounds a
# statement or a transaction: an upgrade takes what it takes. tcp_user_timeout is for who freezes while it is answered.
AT_SERVER = {"idle_in_transaction_session_timeout": "60s", "lock_timeout": "150s", "tcp_user_timeout": "60s"}
# Ours: a server whose machine is gone is noticed within a minute, and not after the two hours of an operating system.
AT_CLIENT = {
    "connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}  # fmt: skip
# SQLite 3.7.0 to 3.51.2 can corrupt a WAL file that two connections reset at once (sqlite.org/wal.html).
WAL_IS_SAFE = sqlite3.sqlite_version_info >= (3, 51, 3)
# DELETE + FULL lost committed rows in power cuts: the directory entry of the journal was not synced. EXTRA syncs it.
SQLITE_MODE = (
    ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL")
    if WAL_IS_SAFE
    else ("PRAGMA journal_mode=TRUNCATE", "PRAGMA synchronous=EXTRA")
)

RESTORE = N_("restore the ledger from a backup")
HINTS = (  # what a driver says -> what to do about it
    ("disk is full", N_("free some space: nothing was sent that is not in the ledger")),
    ("no space left", N_("free some space: nothing was sent that is not in the ledger")),
    ("file too large", N_("raise the limit of a file's size for this user (ulimit -f)")),
    ("disk i/o error", N_("check the disk and its free space")),
    ("readonly database", N_("make the file and its folder writable for this user")),
    ("read-only", N_("make the file and its folder writable for this user")),
    (
        "unable to open database file",
        N_("make its folder writable for this user, or allow it more open files: ulimit -n"),
    ),
    ("too many open files", N_("allow this user more open files: ulimit -n")),
    ("memory", N_("give it more memory: nothing was sent that is not in the ledger")),
    ("database is locked", N_("another process has been writing for too long: find and end it")),
    ("not a database", N_("this file is no ledger: move it away, or name another")),
    ("malformed", RESTORE),
    ("idle-in-transaction", N_("let it run again: what was under way did not happen")),
    ("lock timeout", N_("another process has been writing for too long: find and end it")),
    ("password authentication", N_("check user and password in STEADYCAST_LEDGER")),
    ("does not exist", N_("create the database, or correct its name in STEADYCAST_LEDGER")),
    ("connection", N_("check that PostgreSQL runs at the address in STEADYCAST_LEDGER")),
)


def table(name: str) -> Table:
    """The Core table of one of `tables.py`'s rows."""
    return METADATA.tables[name]


NONE_YET: ColumnElement[str] = literal_column(
    "''"
)  # of a verdict: it stands in the statement, so that a partial index is read
KEYS = "_keys"
EACH_KEY = select(func.json_each(bindparam(KEYS, type_=Text)).table_valued("value").c.value)
CHUNK = 500  # keys in one IN (...): SQLite takes 32,766 values a statement, planners like fewer
Row = TypeVar("Row", bound=TableRow)


class Database:
    """A pool of connections to one ledger; safe for threads, not to be carried over a fork."""

    def __init__(self, engine: Engine, name: str, *, readonly: bool = False) -> None:
        self.engine = engine
        self.name = name  # for messages: no password in it
        self.readonly = readonly
        self.secret = b""  # of the installation: markers are keyed with it
        self.beside: Path | None = None  # the mark of what was sent, for a ledger that is a file
        self.restored_until: dt.datetime | None = None  # in an older copy: up to then, open deliveries are in doubt
        # What this machine's clocks say; without it spans are told by the wall that callers name: see time_spans.py.
        self.clock: Callable[[], bootclock.Reading | None] | None = None
        # Threads queue here instead of polling SQLite's file lock, which sleeps up to 100 ms between tries; and instead
        # of opening a connection to PostgreSQL for one transaction, which costs more than that.
        self._turn = threading.Lock() if self.is_sqlite else threading.BoundedSemaphore(KEPT_OPEN)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the ledger."""
        with translate_errors(self.name), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self, step: str = "") -> Iterator[Connection]:
        """A transaction: durable when the block ends, never was when it raises; `step` is for crash points."""
        with self._turn, translate_errors(self.name), self.engine.connect() as plain:
            connection = plain.execution_options(steadycast_write=True, steadycast_begins=step in busy.BEGINS)
            with connection.begin():
                yield connection
                crashpoints.checkpoint(step, "written")
        crashpoints.checkpoint(step, "durable")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def translate_errors(name: str) -> Iterator[None]:
    """Turn what a database driver raises into a LedgerError with a hint, in one line."""
    try:
        yield
    except (SQLAlchemyError, OSError, sqlite3.Error, MemoryError, OverflowError) as error:
        raise ledger_error(name, error) from error


@contextmanager
def damaged_values(name: str) -> Iterator[None]:
    """Turn a kept value that cannot be read into a LedgerError: a torn page may pass SQLite's checks, and lie."""
    try:
        yield
    except (ValueError, ArithmeticError) as error:
        raise refusal(name, _("it is damaged: a value in it cannot be read"), _(RESTORE)) from error


def ledger_error(name: str, error: Exception) -> LedgerError:
    """What a driver said, in one line that names the ledger and the hint; a statement's values are left out."""
    said = str(error.orig if isinstance(error, DBAPIError) and error.orig is not None else error)
    said = said.strip().splitlines()[0] if said.strip() else type(error).__name__
    hint = next((hint for words, hint in HINTS if words in said.lower()), "")
    return refusal(name, reasons.of_database(said), _(hint) if hint else "")


def refusal(name: object, said: str, hint: str = "") -> LedgerError:
    """What is wrong with the ledger of that name, in one line."""
    return LedgerError(with_hint(_("ledger %(name)s: %(said)s", name=name, said=said), hint))


def connect(where: str | Path, *, readonly: bool = False) -> Database:
    """An opened database at a path or a PostgreSQL URL; its tables may still be missing or old."""
    text = str(where)
    if "://" not in text:
        return _sqlite(Path(text), readonly=readonly)
    url = make_url(text)
    if url.drivername.startswith("sqlite"):
        return _sqlite(Path(url.database or ""), readonly=readonly)
    if url.get_backend_name() != "postgresql":
        raise refusal(f"{url.get_backend_name()}://", _("name a file, or a postgresql:// URL"))
    return _postgres(url.set(drivername="postgresql+psycopg"), readonly=readonly)


def _sqlite(path: Path, *, readonly: bool) -> Database:
    """The file's own folder is made, and a new file is the owner's alone: the markers' secret lies in it."""
    with translate_errors(str(path)):
        if not readonly:
            durable.make_folder(path.parent)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        elif not path.is_file():
            raise refusal(path, _("there is none yet"), _("run `steadycast intake` first"))
        elif not os.access(path, os.R_OK):
            raise refusal(path, _("cannot be read"), _("make it readable for this user"))
    query = {"mode": "ro" if readonly else "rw", "uri": "true"}
    url = URL.create("sqlite+pysqlite", database=path.resolve().as_uri(), query=query)
    arguments = {"timeout": min(busy.MOMENT, BUSY_TIMEOUT), "check_same_thread": False, "factory": busy.Patient}
    engine = create_engine(url, connect_args=arguments, pool_size=8, max_overflow=120)
    event.listen(engine, "connect", _prepare_sqlite(readonly=readonly))
    event.listen(engine, "begin", _begin_sqlite)
    opened = Database(engine, str(path), readonly=readonly)
    opened.beside = beside(path)
    return opened


def beside(path: Path) -> Path:
    """Where the mark of a ledger lies that is this file."""
    return path.with_name(f"{path.name}.sent")


def _prepare_sqlite(*, readonly: bool) -> Any:
    def prepare(connection: Any, _record: Any) -> None:
        connection.longest = BUSY_TIMEOUT
        connection.isolation_level = None  # the driver's own BEGIN is deferred and comes too late: see _begin_sqlite
        for pragma in () if readonly else SQLITE_MODE:
            connection.execute(pragma)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA query_only=ON" if readonly else "PRAGMA cache_size=-16000")

    return prepare


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its lock at the start: a read that turns into a write cannot be waited for, it fails at once."""
    options = connection.get_execution_options()
    writes, driver = options.get("steadycast_write"), connection.connection.driver_connection
    assert isinstance(driver, busy.Patient)
    driver.begins = not writes or options.get("steadycast_begins", False)
    driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")  # said to the driver itself: each question begins with it


def _postgres(url: URL, *, readonly: bool) -> Database:
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise LedgerError(_("ledger: PostgreSQL needs a driver (pip install 'steadycast[postgres]')")) from error
    engine = create_engine(
        url,
        connect_args={name: value for name, value in AT_CLIENT.items() if name not in url.query},
        execution_options={"postgresql_readonly": True} if readonly else {},
        pool_size=KEPT_OPEN,
        max_overflow=KEPT_OPEN,  # for readers: they hold one for a moment, and a writer may read
    )
    event.listen(engine, "connect", _prepare_postgres)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _ask_whether_there)
    event.listen(engine, "after_cursor_execute", _count_again)
    return Database(engine, url.render_as_string(hide_password=True), readonly=readonly)


def _prepare_postgres(connection: Any, _record: Any) -> None:
    """Set what nobody has set: the address, the user, the database or the server may say otherwise.

    By a statement: a proxy such as PgBouncer may refuse settings that come with the connection.
    """
    connection.execute(SET_UNSET, [list(AT_SERVER), list(AT_SERVER.values())])
    connection.commit()


def _note_use(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["used"] = bootclock.seconds()


def _ask_whether_there(connection: Any, record: ConnectionPoolEntry, _holder: Any) -> None:
    """Before one that lay idle is used: a server that began anew, or a network in between, forgot all of them.

    Not before each: within a burst that is a round trip more for every transaction.
    """
    used = record.info.get("used")
    if used is None or bootclock.seconds() - used < IDLE:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise InvalidatePoolError from error  # and all that were opened before it


SET_UNSET = """\
SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS ours(name, value)
WHERE current_setting(name, true) = '0'"""


def _count_again(_: Connection, cursor: Any, _said: str, _values: Any, _context: Any, many: bool) -> None:
    """Psycopg ends an executemany by a Flush, at which a server stops counting how long nothing comes."""
    if many:
        cursor.connection.execute(";")


def insert_into(table: Table, dialect: Dialect) -> sqlite.Insert | postgresql.Insert:
    """An insert that may say what becomes of a row whose key is there already, as this database says it."""
    if dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite as its
    else:
        from sqlalchemy.dialects import postgresql as its  # type: ignore[no-redef]  # which none loads who has no such server
    return its.insert(table)


def upsert(
    connection: Connection, into: Table, rows: Iterable[Mapping[str, Any]], update: Iterable[str] = (), **also: Any
) -> int:
    """Insert the rows; where a row's key is there already take its `update` columns and set `also`, or leave it.

    Returns how many rows changed; `also` may name the new values as `literal_column("excluded.<name>")`.
    """
    batch = list(rows)
    if not batch:
        return 0
    insert = insert_into(into, connection.dialect)
    values = {name: insert.excluded[name] for name in update} | also
    key = [column.name for column in into.primary_key.columns]
    done = insert.on_conflict_do_update(index_elements=key, set_=values) if values else insert.on_conflict_do_nothing()
    return connection.execute(done, batch, execution_options={"preserve_rowcount": True}).rowcount


def chunks(keys: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """The keys in lists short enough for one statement."""
    rest = iter(keys)
    while batch := list(islice(rest, size)):
        yield batch


def one_of(column: Column[Any], values: Iterable[str]) -> ColumnElement[bool]:
    """Whether a column is one of our own words; they stand in the statement, else no partial index of them is read."""
    return column.in_(bindparam(None, list(map(str, values)), expanding=True, literal_execute=True))


def among(connection: Connection, query: Select[Any], column: Column[Any], keys: Iterable[Any]) -> Iterator[Any]:
    """The query's rows whose `column` is one of the keys, however many keys there are."""
    if connection.dialect.name == "sqlite":  # as one value: to write five hundred into a statement takes 2 ms
        if given := sorted(keys):
            said = {KEYS: orjson.dumps(given).decode()}
            yield from connection.execute(query.where(column.in_(EACH_KEY)), said).all()
        return
    for batch in chunks(sorted(keys)):
        yield from connection.execute(query.where(column.in_(batch))).all()  # at once: one by one takes twice as long


def as_rows(kind: type[Row], found: Iterable[SQLRow[Any]]) -> Iterator[Row]:
    """What a query for all columns of a table found, as objects that no session watches.

    Each value is there, so the constructor, which looks for those that are not, is left out.
    """
    names: tuple[str, ...] = ()
    for row in found:
        names = names or row._fields
        made = kind.__new__(kind)
        made.__dict__.update(zip(names, row, strict=True))
        yield made


def rows_of(db: Database, kind: type[Row], query: Select[Any], values: Mapping[str, Any] | None = None) -> list[Row]:
    """A query's rows as objects that no session watches; `values` are those of its parameters."""
    with db.read() as connection:
        found = connection.execute(query, values).all()
    return list(as_rows(kind, found))


def row_of(db: Database, kind: type[Row], query: Select[Any]) -> Row | None:
    """The first of a query's rows, or None."""
    return next(iter(rows_of(db, kind, query.limit(1))), None)
