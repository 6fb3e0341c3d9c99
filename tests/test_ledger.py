"""The ledger as a whole: opening, upgrading, what it says when it cannot, and its installation."""

from __future__ import annotations

import base64
import contextlib
import hmac
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import NOON, Promise
from ledger_rows import DAY
from sqlalchemy import create_engine, inspect
from sqlalchemy.dialects import registry
from sqlalchemy.schema import CreateTable
from sqlmodel import Session, select

from steadycast import __version__
from steadycast.errors import LedgerError
from steadycast.ledger import copies, schema
from steadycast.ledger.connection import SQLITE_MODE, WAL_IS_SAFE, ledger_error
from steadycast.ledger.migrations import HEAD
from steadycast.ledger.models import metadata, model
from steadycast.ledger.rows import METADATA, Instant
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import DraftRow

pytestmark = pytest.mark.usefixtures("migrated")


def test_a_new_ledger_is_the_owners_alone(tmp_path: Path) -> None:
    """Its folder is made; the markers' secret in it is nobody else's to read."""
    path = tmp_path / "deep" / "var" / "ledger.sqlite"
    Ledger.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_commit_is_durable_before_it_returns(tmp_path: Path) -> None:
    """TRUNCATE and EXTRA lost nothing in power cuts; WAL only where SQLite's reset bug is fixed."""
    with Ledger.open(tmp_path / "l.sqlite") as ledger, ledger.read() as connection:
        said = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
        assert said == (["wal", 2] if WAL_IS_SAFE else ["truncate", 3])
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert len(SQLITE_MODE) == 2


def test_the_secret_is_made_once_for_ever(database: str) -> None:
    """Markers are the same after a restart, 13 characters of a-z2-7, and differ by slot and channel."""
    with Ledger.open(database) as ledger:
        first = ledger.marker("notes@2026-11-27T20:00", "blog")
    with Ledger.open(database) as ledger:
        assert ledger.marker("notes@2026-11-27T20:00", "blog") == first
        others = {ledger.marker(s, c) for s in ("a", "b", "a|b") for c in ("x", "y", "b|x")}
        secret = bytes.fromhex(ledger.meta("secret"))
    digest = hmac.digest(secret, b"notes@2026-11-27T20:00|blog", "sha256")
    assert first == base64.b32encode(digest)[:13].decode().lower()
    assert len(first) == 13
    assert set(first) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert len(others) == 8  # "a" + "b|x" reads as "a|b" + "x": neither a slot nor a channel has a bar in it


DAMAGED = r"l\.sqlite: it is damaged: .*restore the ledger from a backup"


@pytest.mark.parametrize("secret", ["0" * 60 + "\0\0\0\0", "ab" * 31, "秘"])
def test_a_damaged_secret_is_told_and_makes_no_marker(tmp_path: Path, secret: str) -> None:
    """A disk may keep half of a write where SQLite's own checks see nothing."""
    path = tmp_path / "l.sqlite"
    with Ledger.open(path) as ledger:
        ledger.set_meta("secret", secret)
    for readonly in (True, False):
        with pytest.raises(LedgerError, match=DAMAGED):
            Ledger.open(path, readonly=readonly)
    with pytest.raises(LedgerError, match=DAMAGED):
        copies.position(path)


@pytest.mark.parametrize("key", ["intents", "tick"])
def test_no_copy_is_judged_by_a_damaged_value(tmp_path: Path, key: str) -> None:
    """How far a ledger has come decides whether it may take another's place."""
    path = tmp_path / "l.sqlite"
    with Ledger.open(path) as ledger:
        ledger.set_meta(key, "\ufffd7")
    with pytest.raises(LedgerError, match=DAMAGED):
        copies.position(path)


def test_no_copy_is_judged_by_an_instant_that_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    Ledger.open(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO event (delivery, at, kind, detail) VALUES (1, ?, 'x', '')", [2**62])
    with pytest.raises(LedgerError, match=DAMAGED):
        copies.position(path)


def test_an_up_to_date_ledger_opens_without_alembic(tmp_path: Path) -> None:
    """`steadycast status` does not pay for migrations."""
    path = tmp_path / "l.sqlite"
    Ledger.open(path).close()
    code = (
        "import sys; from steadycast.ledger.store import Ledger; Ledger.open(sys.argv[1]); print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "'alembic" not in done.stdout
    assert "prefect" not in done.stdout


def test_head_is_the_newest_migration() -> None:
    """What the program says it speaks is what Alembic would upgrade to."""
    from alembic.script import ScriptDirectory

    assert ScriptDirectory.from_config(schema.config()).get_heads() == [HEAD]


def test_the_migrations_make_the_tables_that_the_code_knows(ledger: Ledger) -> None:
    """Column by column, index by index: a table changed without a migration is found here."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with ledger.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": _same_type})
        assert compare_metadata(context, metadata()) == []


def test_models_and_rows_are_the_same_tables() -> None:
    """Read by two libraries from one definition: as each database would make them."""
    for dialect in (registry.load(name)() for name in ("sqlite", "postgresql")):
        for name, table in METADATA.tables.items():
            rows, models = (str(CreateTable(one).compile(dialect=dialect)) for one in (table, metadata().tables[name]))
            assert rows == re.sub(r"\tCONSTRAINT uq_.*\n", "", models), name


def test_a_ledger_is_read_as_objects(ledger: Ledger, promise: Promise) -> None:
    promise("blog")
    rows = model(DraftRow)
    with Session(ledger.engine) as session:
        (found,) = session.exec(select(rows).where(rows.state == "approved")).all()
        assert (found.id, found.first_seen) == ("d1", NOON)


def _same_type(_context: Any, _inspected: Any, _column: Any, inspected_type: Any, metadata_type: Any) -> Any:
    return False if isinstance(metadata_type, Instant) and "INT" in str(inspected_type).upper() else None


def test_a_newer_ledger_is_refused_with_both_versions(database: str) -> None:
    """An old program does not write into what it does not understand, and says what to do."""
    with Ledger.open(database) as ledger:
        ledger.set_meta("program", "9.9.9")
        with ledger.write() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    try:
        with pytest.raises(LedgerError) as caught:
            Ledger.open(database)
        for word in ("9999", "9.9.9", HEAD, __version__, "upgrade Steadycast"):
            assert word in str(caught.value)
    finally:
        if database.startswith("postgresql"):
            server = create_engine(database)
            with server.begin() as connection:
                connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{HEAD}'")
            server.dispose()


@pytest.mark.slow
@pytest.mark.parallel
def test_several_processes_may_open_a_new_ledger_at_once(tmp_path: Path) -> None:
    """One makes the tables, the others wait for it; all have the same secret."""
    path = tmp_path / "l.sqlite"
    code = "import sys; from steadycast.ledger.store import Ledger; print(Ledger.open(sys.argv[1]).marker('s', 'c'))"
    workers = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    told = {worker.communicate(timeout=60)[0] for worker in workers}
    assert [worker.returncode for worker in workers] == [0] * 3
    assert len(told) == 1


def test_an_upgrade_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one transaction: the next try starts from where the first did."""
    from alembic import command

    def broken(_config: Any, _version: Any) -> None:
        _config.attributes["connection"].exec_driver_sql("CREATE TABLE half (id INTEGER)")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", broken)
        with pytest.raises(LedgerError, match="no space is left on the disk"):
            Ledger.open(tmp_path / "l.sqlite")
    with Ledger.open(tmp_path / "l.sqlite") as ledger:
        assert "half" not in inspect(ledger.engine).get_table_names()


def test_a_reader_needs_a_ledger_and_writes_nothing(tmp_path: Path) -> None:
    """Read-only asks for one that is there, and cannot change it."""
    with pytest.raises(LedgerError, match="there is none yet"):
        Ledger.open(tmp_path / "l.sqlite", readonly=True)
    assert not (tmp_path / "l.sqlite").exists()
    Ledger.open(tmp_path / "l.sqlite").close()
    with Ledger.open(tmp_path / "l.sqlite", readonly=True) as ledger:
        assert ledger.counts() == {}
        with pytest.raises(LedgerError, match="writable"):
            ledger.set_meta("a", "b")


def test_a_file_that_is_no_ledger_is_left_as_it_is(tmp_path: Path) -> None:
    """It may be somebody's work."""
    path = tmp_path / "l.sqlite"
    path.write_bytes(b"dear diary, " * 500)
    with pytest.raises(LedgerError, match="no ledger"):
        Ledger.open(path)
    assert path.read_bytes() == b"dear diary, " * 500


def test_a_folder_that_cannot_be_made_is_told_with_the_hint(tmp_path: Path) -> None:
    """A file stands where the folder should."""
    (tmp_path / "var").write_text("")
    with pytest.raises(LedgerError, match="var"):
        Ledger.open(tmp_path / "var" / "l.sqlite")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("database or disk is full", "no space is left on the disk (free some space"),
        ("attempt to write a readonly database", "it can only be read (make the file and its folder writable"),
        ("unable to open database file", "it cannot be opened (make its folder writable"),
        ("database is locked", "another process is writing to it (another process"),
        ("database disk image is malformed", "it is damaged (restore the ledger from a backup"),
        ("canceling statement due to lock timeout", "another process is writing to it (another process"),
        (
            "terminating connection due to idle-in-transaction timeout",
            "this process stood still in the middle of a change, so the database let go of it (let it run again",
        ),
        ("no such flavour", "in its own words: 'no such flavour'"),
    ],
)
def test_what_the_database_says_is_told_in_plain_words_and_with_a_hint(said: str, told: str) -> None:
    """One line, the ledger's name, and what to do."""
    message = str(ledger_error("var/ledger.sqlite", sqlite3.OperationalError(said)))
    assert message.startswith(f"ledger var/ledger.sqlite: {told}")
    assert "\n" not in message


def test_a_full_disk_is_told_and_nothing_is_half_written(tmp_path: Path) -> None:
    """SQLite itself runs out of room: the transaction never was."""
    with Ledger.open(tmp_path / "l.sqlite") as ledger:
        with ledger.read() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        ledger.engine.dispose()
        from sqlalchemy import event

        event.listen(ledger.engine, "connect", lambda c, _r: c.execute(f"PRAGMA max_page_count={pages + 2}"))
        big = [DraftRow(id=f"d{n}", path="x" * 2000, origin="pgc", form="article", title="", revision="r",
                        state="waiting", first_seen=NOON, changed=NOON) for n in range(50)]  # fmt: skip
        with pytest.raises(LedgerError, match="free some space"):
            ledger.put_drafts(big)
        assert ledger.drafts() == []


def test_a_password_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer: the address without the password, and the hint."""
    with pytest.raises(LedgerError) as caught:
        Ledger.open("postgresql://desk:hunter2@127.0.0.1:1/steadycast")
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
    assert "PostgreSQL" in str(caught.value)


def test_another_database_is_refused(tmp_path: Path) -> None:
    """Two are tested; a third is not guessed at."""
    with pytest.raises(LedgerError, match="mysql"):
        Ledger.open("mysql://x/y")


def test_an_alarm_is_opened_once_told_once_and_closed_once(ledger: Ledger) -> None:
    """And may come again."""
    assert ledger.open_alarm("starvation:notes", "starvation", "余粮 0", NOON)
    assert not ledger.open_alarm("starvation:notes", "starvation", "余粮 0", NOON)
    assert ledger.alarm_sent("starvation:notes", NOON)
    assert not ledger.alarm_sent("starvation:notes", NOON)
    assert ledger.close_alarm("starvation:notes", NOON)
    assert not ledger.close_alarm("starvation:notes", NOON)
    assert ledger.alarms() == []
    assert ledger.open_alarm("starvation:notes", "starvation", "again", NOON + DAY)
    assert [(a.text, a.sent, a.opened) for a in ledger.alarms()] == [("again", None, NOON + DAY)]


def test_the_last_tick_is_remembered(ledger: Ledger) -> None:
    """That the machinery is alive is a fact of the ledger."""
    assert ledger.last_tick() is None
    ledger.ticked(NOON)
    assert ledger.last_tick() == NOON
