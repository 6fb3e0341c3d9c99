"""The ledger as a whole: opening, upgrading, planning, intake, people's words, and what it tells."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, cast

import pytest
from conftest import NOON, Promise, content_of, draft_of, promised
from sqlalchemy import create_engine, event, inspect
from sqlmodel import SQLModel

from steadycast import __version__
from steadycast.errors import LedgerError
from steadycast.ledger import copies, schema
from steadycast.ledger.bulk_backfill import PastSlot
from steadycast.ledger.claims import FrozenPost
from steadycast.ledger.connection import SQLITE_MODE, WAL_IS_SAFE, ledger_error
from steadycast.ledger.migrations import HEAD
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import (
    DraftRow,
    FeedItemRow,
    FeedRow,
    Instant,
    ProblemRow,
    RevisionRow,
    State,
)
from steadycast.schedule.model import Assignment, Slot

LEASE = dt.timedelta(minutes=5)
DAY = dt.timedelta(days=1)


# Opening


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
        assert compare_metadata(context, SQLModel.metadata) == []


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
        with pytest.raises(LedgerError, match="No space left"):
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


def test_a_folder_that_cannot_be_made_is_told_with_the_mend(tmp_path: Path) -> None:
    """A file stands where the folder should."""
    (tmp_path / "var").write_text("")
    with pytest.raises(LedgerError, match="var"):
        Ledger.open(tmp_path / "var" / "l.sqlite")


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("database or disk is full", "free some space"),
        ("attempt to write a readonly database", "writable"),
        ("unable to open database file", "writable"),
        ("database is locked", "another process"),
        ("database disk image is malformed", "backup"),
        ("no such flavour", ""),
    ],
)
def test_what_the_database_says_gets_a_mend(said: Any, hint: Any) -> None:
    """One line, the ledger's name, and what to do."""
    message = str(ledger_error("var/ledger.sqlite", sqlite3.OperationalError(said)))
    assert message.startswith(f"ledger var/ledger.sqlite: {said}")
    assert hint in message
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


# Restored from an older copy


def a_copy(database: Any, ledger: Any, to: Any) -> None:
    ledger.engine.dispose()
    shutil.copyfile(database, to)


def send(ledger: Any, id: Any) -> Any:
    claims = ledger.claim(NOON, "w", LEASE, ids=[id])
    ledger.freeze([FrozenPost(c.id, c.token, b"x", "h", "r1") for c in claims], NOON)
    return ledger.intend(claims, NOON, LEASE)


@pytest.mark.parametrize("lost", ["older copy", "everything"])
def test_a_restored_ledger_sends_nothing_again(make_ledger: Callable[..., Any], tmp_path: Path, lost: Any) -> None:
    """What the lost part had sent is believed due by the copy: it is a person's now; later slots go out as ever."""
    ledger, promise = make_ledger()
    [id] = promise("blog")
    path = ledger.name
    a_copy(path, ledger, tmp_path / "backup")
    assert len(send(ledger, id)) == 1
    ledger.close()
    Path(path).unlink()
    if lost == "older copy":
        shutil.copyfile(tmp_path / "backup", path)
    with Ledger.open(path) as restored:
        promised(restored, "blog")  # the planner makes the same slot again where it is lost
        [row] = restored.deliveries()
        assert restored.claim(NOON, "w", LEASE, ids=[row.id]) == []
        assert restored.recover(NOON).unknown == (row.id,)
        assert "older copy" in restored.waiting()[0].message
        [later] = promised(restored, "blog", at=NOON + DAY)
        assert len(restored.claim(NOON + DAY, "w", LEASE, ids=[later])) == 1
    with Ledger.open(path) as again:
        assert again.recover(NOON).unknown == ()
        assert again.send_again(row.id, "editor", NOON)
        assert len(send(again, row.id)) == 1


def test_an_up_to_date_ledger_is_not_taken_for_a_copy(make_ledger: Callable[..., Any]) -> None:
    """Opened again and again, with intents between; a torn mark says nothing."""
    ledger, promise = make_ledger()
    for n in range(3):
        [id] = promise("blog", at=NOON - n * dt.timedelta(hours=1))
        assert len(send(ledger, id)) == 1
        with Ledger.open(ledger.name) as again:
            assert again.restored_until is None
    intents, until, ahead, ended, installation = ledger.beside.read_text().split()
    assert (intents, until, ahead) == ("3", NOON.isoformat(), NOON.isoformat())
    assert ended == (NOON + LEASE).isoformat()
    assert len(installation) == 16
    ledger.beside.write_text("3")
    with Ledger.open(ledger.name) as again:
        assert again.restored_until is None


# Planning


def a_slot(n: int = 0, *, excused: str = "") -> Any:
    at = NOON + n * DAY
    return Slot(at, f"notes@{at:%Y-%m-%dT%H:%M}", "notes", at.replace(tzinfo=None), excused=excused)


def a_draft(id: str = "d1", **more: Any) -> Any:
    given = {
        "path": f"ugc/alice/{id}.md", "origin": "ugc", "member": "alice", "form": "article", "title": id,
        "revision": "r1", "state": "approved", "first_seen": NOON, "changed": NOON,
    }  # fmt: skip
    return DraftRow(id=id, **{**given, **more})


def asked(*slots: Any, channels: Any = ("blog", "feed"), **more: Any) -> Any:
    return [PlannedDelivery(s.id, c, **more) for s in slots for c in channels]


def test_planning_twice_changes_nothing(ledger: Ledger) -> None:
    """The same plan again: no row is written, no event either."""
    ledger.put_drafts([a_draft()])
    slots = [a_slot(n) for n in range(3)]
    first = ledger.save_plan(slots, [Assignment(slots[0].id, "d1")], asked(*slots), NOON)
    assert first.new == tuple(s.id for s in slots)
    before = ledger.deliveries()
    again = ledger.save_plan(slots, [Assignment(slots[0].id, "d1")], asked(*slots), NOON)
    assert (again.new, again.moved, again.fixed) == ((), (), ())
    assert ledger.deliveries() == before
    assert [(d.state, d.origin, d.member) for d in before[:2]] == [("due", "ugc", "alice")] * 2
    assert {d.state for d in before[2:]} == {"planned"}


def test_a_slot_of_which_anything_was_tried_is_not_moved(ledger: Ledger) -> None:
    """One of its deliveries is claimed: the others keep the draft too."""
    ledger.put_drafts([a_draft("d1"), a_draft("d2")])
    slot = a_slot()
    ledger.save_plan([slot], [Assignment(slot.id, "d1")], asked(slot), NOON)
    assert len(ledger.claim(NOON, "w", LEASE, limit=1)) == 1
    told = ledger.save_plan([slot], [Assignment(slot.id, "d2")], asked(slot, channels=["blog"]), NOON)
    assert told.fixed == (slot.id,)
    assert {(d.draft, d.channel) for d in ledger.deliveries()} == {("d1", "blog"), ("d1", "feed")}
    assert ledger.assignments(NOON, NOON + DAY)[0].fixed
    ledger.recover(NOON + LEASE)
    assert ledger.save_plan([slot], [], asked(slot), NOON).fixed == (slot.id,)


def test_another_draft_takes_a_slot_over(ledger: Ledger) -> None:
    """Deleted, edited, a pin: the slot is refilled, and says since when."""
    ledger.put_drafts([a_draft("d1"), a_draft("d2", origin="pgc", member="")])
    slot = a_slot()
    ledger.save_plan([slot], [Assignment(slot.id, "d1")], asked(slot), NOON)
    told = ledger.save_plan([slot], [Assignment(slot.id, "d2", filled=True, why="evergreen")], asked(slot), NOON)
    assert told.moved == (slot.id,)
    rows = ledger.deliveries()
    assert {(d.draft, d.origin, d.member, d.state) for d in rows} == {("d2", "pgc", "", "due")}
    kept = ledger.slot(slot.id)
    assert kept is not None
    assert kept.filled
    assert [(e.kind, e.detail) for e in ledger.events(rows[0].id or 0)] == [("planned", "d2")]
    ledger.save_plan([slot], [], asked(slot), NOON)
    assert {(d.draft, d.state, d.wake) for d in ledger.deliveries()} == {(None, "planned", NOON + DAY / 2)}


def test_a_channel_that_is_asked_no_more_is_dropped_and_a_new_one_added(ledger: Ledger) -> None:
    """The matrix changed: nothing was tried, so the plan follows."""
    ledger.put_drafts([a_draft()])
    slot = a_slot()
    plan = [Assignment(slot.id, "d1")]
    ledger.save_plan([slot], plan, asked(slot), NOON)
    ledger.save_plan([slot], plan, asked(slot, channels=["feed", "mail"]), NOON)
    assert [d.channel for d in ledger.deliveries()] == ["feed", "mail"]


def test_an_excused_slot_owes_nothing_until_it_does(ledger: Ledger) -> None:
    """A holiday: on the record at once. The holiday moved: due again."""
    ledger.put_drafts([a_draft()])
    ledger.save_plan([a_slot(excused="国庆节")], [Assignment(a_slot().id, "d1")], asked(a_slot()), NOON)
    assert {(d.state, d.verdict, d.wake, d.message) for d in ledger.deliveries()} == {
        ("excused", "excused", None, "国庆节")
    }
    ledger.save_plan([a_slot()], [Assignment(a_slot().id, "d1")], asked(a_slot()), NOON)
    assert {(d.state, d.verdict, d.message) for d in ledger.deliveries()} == {("due", "", "")}


def test_a_draft_that_skips_a_channel_is_cancelled_there_and_another_is_not(ledger: Ledger) -> None:
    """`channels.blog.skip`: nothing is owed; the next draft in this slot may want it again."""
    ledger.put_drafts([a_draft("d1"), a_draft("d2")])
    slot = a_slot()
    ledger.save_plan([slot], [Assignment(slot.id, "d1")], asked(slot, channels=["blog"], skip="draft says so"), NOON)
    assert [(d.state, d.verdict) for d in ledger.deliveries()] == [("cancelled", "excused")]
    ledger.save_plan([slot], [Assignment(slot.id, "d2")], asked(slot, channels=["blog"]), NOON)
    assert [(d.state, d.verdict, d.code) for d in ledger.deliveries()] == [("due", "", "")]


def test_slots_that_no_cadence_asks_for_are_dropped_unless_tried(ledger: Ledger) -> None:
    """A series was renamed: its empty slots go, what went out stays."""
    ledger.put_drafts([a_draft()])
    slots = [a_slot(n) for n in range(2)]
    ledger.save_plan(slots, [Assignment(slots[0].id, "d1")], asked(*slots), NOON)
    ledger.claim(NOON, "w", LEASE, limit=1)
    assert ledger.drop_slots([s.id for s in slots]) == (slots[1].id,)
    assert [s.id for s in ledger.slots_between(NOON, NOON + 9 * DAY)] == [slots[0].id]


def test_planners_and_claimers_at_once_leave_every_slot_of_one_mind(database: str, ledger: Ledger) -> None:
    """Two planners want different drafts while a worker claims: no slot carries two, no slot is made twice."""
    ledger.put_drafts([a_draft("d1"), a_draft("d2")])
    slots = [a_slot(n) for n in range(6)]
    failed = []

    def plan(draft: Any) -> None:
        try:
            with Ledger.open(database) as mine:
                for _ in range(6):
                    mine.save_plan(slots, [Assignment(s.id, draft) for s in slots], asked(*slots), NOON)
        except Exception as error:
            failed.append(error)

    def claim() -> None:
        try:
            with Ledger.open(database) as mine:
                for _ in range(12):
                    mine.claim(NOON, "w", LEASE, until=NOON + 9 * DAY, limit=2)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=plan, args=["d1"]), threading.Thread(target=plan, args=["d2"])]
    threads.append(threading.Thread(target=claim))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    rows = ledger.deliveries()
    assert len(rows) == 12
    for slot in slots:
        assert (kept := ledger.slot(slot.id))
        assert {d.draft for d in rows if d.slot == slot.id} == {kept.draft}


# Intake


def test_a_draft_keeps_its_history_and_its_first_day(ledger: Ledger) -> None:
    """Edited and renamed: the same draft, two revisions."""
    ledger.put_drafts([a_draft()], [RevisionRow(hash="r1", draft="d1", at=NOON, content={"title": "今天"})])
    later = NOON + DAY
    ledger.put_drafts(
        [a_draft(path="ugc/alice/new.md", revision="r2", first_seen=later, changed=later)],
        [RevisionRow(hash="r2", draft="d1", at=later, content={})],
    )
    row = draft_of(ledger, "ugc/alice/new.md")
    assert (row.id, row.first_seen, row.changed, row.revision) == ("d1", NOON, later, "r2")
    assert content_of(ledger, "r1") == {"title": "今天"}
    assert ledger.draft("ugc/alice/d1.md") is None


def test_an_approval_is_of_a_revision(ledger: Ledger) -> None:
    """Edited since: the editor is told, and nothing is approved."""
    ledger.put_drafts([a_draft(state="waiting")])
    assert not ledger.approve("d1", "r0", "editor", NOON)
    assert draft_of(ledger, "d1").state == "waiting"
    assert ledger.approve("d1", "r1", "editor", NOON, plan={"form": "article"})
    row = draft_of(ledger, "d1")
    assert (row.state, row.approved_revision, row.approved_by, row.plan) == (
        "approved", "r1", "editor", {"form": "article"},
    )  # fmt: skip


def test_intake_never_takes_an_approval_back(ledger: Ledger) -> None:
    """It looked before the editor approved and wrote after: the approval stands, an edit asks again."""
    stale = a_draft(state="waiting")
    ledger.put_drafts([stale])
    ledger.approve("d1", "r1", "editor", NOON)
    ledger.put_drafts([stale])
    assert (draft_of(ledger, "d1").state, draft_of(ledger, "d1").approved_by) == ("approved", "editor")
    ledger.put_drafts([a_draft(state="waiting", revision="r2")])
    row = draft_of(ledger, "d1")
    assert (row.state, row.approved_revision, row.revision) == ("waiting", "r1", "r2")
    ledger.put_drafts([a_draft(state="gone", revision="r2")])
    assert not ledger.approve("d1", "r2", "editor", NOON)


def test_a_rejection_voids_what_was_approved(ledger: Ledger) -> None:
    """Of that revision; by name."""
    ledger.put_drafts([a_draft(state="waiting")])
    assert ledger.reject("d1", "r1", "editor", NOON)
    row = draft_of(ledger, "d1")
    assert (row.state, row.approved_revision, row.approved_by) == ("rejected", None, "editor")
    assert [d.id for d in ledger.drafts(["rejected"])] == ["d1"]
    assert ledger.drafts(["approved"]) == []


def test_a_problem_is_one_a_path_and_gone_when_mended(ledger: Ledger) -> None:
    """The newest stands."""
    ledger.put_problems(
        [ProblemRow(path="a.md", at=NOON, line=3, message="old"), ProblemRow(path="b", at=NOON, message="x")]
    )
    ledger.put_problems([ProblemRow(path="a.md", at=NOON, line=4, message="new", hint="hint")], fixed=["b"])
    assert [(p.path, p.line, p.message) for p in ledger.problems()] == [("a.md", 4, "new")]


def test_a_feed_item_is_taken_once_for_ever(ledger: Ledger) -> None:
    """A thousand again and again: what is known stays as it is."""
    items = [FeedItemRow(feed="f", guid=str(n), link=f"l{n}", content_hash="h", at=NOON) for n in range(1000)]
    assert ledger.put_feed_items(items) == 1000
    assert ledger.put_feed_items([*items[:10], FeedItemRow(feed="f", guid="new", at=NOON)]) == 1
    assert len(ledger.feed_items("f")) == 1001
    assert ledger.update_feed_item(FeedItemRow(feed="f", guid="new", content_hash="h2", draft="d1", at=NOON))
    assert not ledger.update_feed_item(FeedItemRow(feed="f", guid="unheard", at=NOON))
    ledger.put_feeds([FeedRow(key="f", member="alice", url="u", failures=1)])
    ledger.put_feeds([FeedRow(key="f", member="alice", url="u", etag="e", last_ok=NOON)])
    [feed] = ledger.feeds()
    assert (feed.etag, feed.failures, feed.last_ok) == ("e", 0, NOON)


# The installation


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


# What it tells


def test_what_was_published_before_is_taken_into_the_record(ledger: Ledger) -> None:
    """Half a year of days on two channels; told again, nothing is doubled."""
    rows = [
        PastSlot(f"notes@{n}", "notes", NOON - n * DAY, "2026-01-01T20:00", channel,
               "missed" if n % 10 == 0 else "kept", None if n % 10 == 0 else NOON - n * DAY, "ugc", "alice")
        for n in range(1, 181) for channel in ("blog", "feed")
    ]  # fmt: skip
    assert ledger.backfill(rows) == 360
    assert ledger.backfill(rows) == 0
    record = list(ledger.record())
    assert len(record) == 360
    assert record == sorted(record, key=lambda row: row[:2])
    assert sum(verdict == "missed" for _, _, verdict, *_ in record) == 36
    assert ledger.counts() == {State.PUBLISHED: 324, State.MISSED: 36}
    assert [d.marker for d in ledger.deliveries(slots=["notes@1"])] == [
        ledger.marker("notes@1", c) for c in ("blog", "feed")
    ]
    week = list(ledger.record(after=NOON - 7 * DAY, before=NOON))
    assert len(week) == 14
    assert len(list(ledger.record(after=NOON - 7 * DAY))) == 14


def test_a_second_source_finds_what_the_first_did_not_have(ledger: Ledger) -> None:
    """Only what a backfill called missed gives way; what was kept before keeps its own post."""

    def before(day: int, verdict: str, url: str = "") -> PastSlot:
        at = NOON - day * DAY
        return PastSlot(f"notes@{day}", "notes", at, "x", "blog", verdict, at if url else None, "pgc", "", url)

    assert ledger.backfill([before(1, "missed"), before(2, "kept", "https://a/2"), before(3, "missed")]) == 3
    assert ledger.backfill([before(1, "kept", "https://b/1"), before(2, "kept", "https://b/2")]) == 1
    assert ledger.backfill([before(1, "kept", "https://b/1"), before(2, "missed")]) == 0
    told = {d.slot: (d.state, d.verdict, d.url) for d in ledger.deliveries()}
    assert told == {
        "notes@1": (State.PUBLISHED, "kept", "https://b/1"),
        "notes@2": (State.PUBLISHED, "kept", "https://a/2"),
        "notes@3": (State.MISSED, "missed", ""),
    }


def test_a_look_at_the_record_may_be_given_up(ledger: Ledger) -> None:
    """A generator that is closed early leaves no cursor open."""
    ledger.backfill([PastSlot(f"s{n}", "s", NOON - n * DAY, "x", "blog", "kept", NOON - n * DAY) for n in range(100)])
    rows = cast("Generator[tuple[str, int, str]]", ledger.record())
    next(rows)
    rows.close()
    assert ledger.counts() == {State.PUBLISHED: 100}


def test_what_is_due_is_found_by_the_partial_index(ledger: Ledger) -> None:
    """Among thousands of settled deliveries: no scan, on either database; the record is read from its index alone."""
    ledger.put_drafts([a_draft()])
    ledger.backfill([PastSlot(f"s{n}", "s", NOON - n * DAY, "x", "blog", "kept", NOON - n * DAY) for n in range(5000)])
    ledger.save_plan([a_slot()], [Assignment(a_slot().id, "d1")], asked(a_slot()), NOON)
    record = "SELECT channel, at, verdict, finished, series, origin, member FROM delivery ORDER BY channel, at"
    with ledger.write() as connection:
        connection.exec_driver_sql("ANALYZE" if ledger.is_sqlite else "ANALYZE delivery")
    asked_of: dict[str, tuple[str, Any]] = {}

    def note(_connection: Any, _cursor: Any, statement: Any, values: Any, *_more: Any) -> None:
        asked_of.update({word: (statement, values) for word in ("picked", "slot.local") if word in statement})

    event.listen(ledger.engine, "before_cursor_execute", note)
    assert [slot.id for slot in ledger.slots_due(NOON)] == [a_slot().id]
    assert len(ledger.claim(NOON, "w", LEASE)) == 2
    event.remove(ledger.engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if ledger.is_sqlite else "EXPLAIN "
    with ledger.write() as connection:
        plans = [str(list(connection.exec_driver_sql(explain + sql, values))) for sql, values in asked_of.values()]
        of_record = str(list(connection.exec_driver_sql(explain + record)))
    assert len(plans) == 2
    for plan in plans:
        assert "ix_delivery_wake" in plan
        assert not re.search(r"SCAN delivery|Seq Scan on delivery", plan)
    if ledger.is_sqlite:
        assert "USING COVERING INDEX ix_delivery_record" in of_record


def test_what_may_be_linked_to_is_told_with_its_names_and_where_it_is(ledger: Ledger, promise: Promise) -> None:
    """By the approved revision; of its pages the newest on each channel, and only those with an address on the web."""
    (id_,) = promise("site")
    content = {"slug": "bee", "extra": {"permalink": "/b/"}, "body": "long"}
    hash_ = "f" * 64
    ledger.put_drafts([], [RevisionRow(hash=hash_, draft="d1", at=NOON, content=content)])
    with ledger.write() as connection:
        connection.exec_driver_sql(f"UPDATE draft SET approved_revision = '{hash_}', source = 'folder'")
    (told,) = [row for row in ledger.linkable() if row.slug]
    assert (told.slug, told.extra, told.urls) == ("bee", {"permalink": "/b/"}, {})
    for url, urls in (("file:///x", {}), ("https://r.example/b", {"site": "https://r.example/b"})):
        with ledger.write() as connection:
            connection.exec_driver_sql(f"UPDATE delivery SET state = 'published', url = '{url}' WHERE id = {id_}")
        assert next(row.urls for row in ledger.linkable() if row.slug) == urls


def test_used_drafts_are_told_once_a_slot(ledger: Ledger) -> None:
    """On two channels or ten: the mix and the turn of members count slots."""
    ledger.put_drafts([a_draft()])
    ledger.save_plan([a_slot()], [Assignment(a_slot().id, "d1")], asked(a_slot()), NOON)
    assert ledger.used() == []
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE delivery SET state = 'published'")
    [past] = ledger.used()
    assert (past.slot, past.draft, past.member, past.at) == (a_slot().id, "d1", "alice", NOON)
    assert ledger.used(since=NOON + DAY) == []
