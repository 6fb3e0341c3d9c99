"""Backup and restore: a tar that proves itself whole, and puts nothing back that is not."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
import threading
from pathlib import Path

import pytest
from conftest import draft_of
from pipeline_bench import Bench
from restore_bench import DRAFTS, HOUR, SETTINGS, publish_day

from steadycast import ops, pipeline
from steadycast.errors import InputError, LedgerError
from steadycast.ledger.copies import copy, position, put_back
from steadycast.ledger.older_copy import read_mark
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.ops.backup import MANIFEST
from steadycast.workspace.paths import Paths


@pytest.fixture
def saved(bench: Bench) -> Bench:
    """A community with one slot out, and its backup."""
    pipeline.collect(bench.set_up(SETTINGS, DRAFTS), bench.clock.now())
    publish_day(bench, 23)
    ops.backup(bench.app, bench.root / "backup.tar", bench.clock.now())
    return bench


def members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar.getmembers()}  # type: ignore[union-attr]


def made_of(file: Path, parts: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with tarfile.open(file, "w") as tar:
        for name, target in (links or {}).items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
        for name, data in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file


def manifest_of(parts: dict[str, bytes], **more: object) -> bytes:
    files = {n: {"sha256": hashlib.sha256(d).hexdigest(), "size": len(d)} for n, d in parts.items()}
    return json.dumps({"format": 1, "at": "then", "ledger": {}, "files": files, **more}).encode()


def test_a_backup_holds_what_cannot_be_made_again_and_tells_its_hashes(saved: Bench) -> None:
    """Ledger, media and what file channels have published; no caches, no logs. The owner's alone, and the manifest last."""
    drop_into(saved, "cache/x", "log/up.log", "prefect/password", "out/site/.index.html.123.abcdef01")
    file = saved.root / "second.tar"
    ops.backup(saved.app, file, saved.clock.now())
    held = members(file)
    manifest = json.loads(held.pop(MANIFEST))
    assert list(members(file))[-1] == MANIFEST
    assert {n.split("/")[0] for n in held} == {"ledger.sqlite", "out"}
    assert not [n for n in held if "report" in n or n.endswith("abcdef01")]
    assert {n: hashlib.sha256(d).hexdigest() for n, d in held.items()} == {
        n: e["sha256"] for n, e in manifest["files"].items()
    }
    assert (manifest["format"], manifest["at"]) == (1, saved.clock.now().isoformat())
    assert manifest["ledger"]["intents"] == 3
    assert file.stat().st_mode & 0o777 == 0o600
    assert not list(saved.root.glob(".backup-*"))


def drop_into(bench: Bench, *names: str) -> None:
    for name in names:
        target = bench.app.workspace.var / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(name)


def test_a_backup_goes_over_nothing_and_not_where_readers_see_it(saved: Bench) -> None:
    """A slip of the hand must not cost the last good backup, nor publish every secret."""
    for file in (saved.root / "backup.tar", saved.app.workspace.out / "site" / "b.tar"):
        with pytest.raises(InputError):
            ops.backup(saved.app, file, saved.clock.now())


def test_a_copy_is_whole_while_others_write(saved: Bench, tmp_path: Path) -> None:
    """A writer goes on all the while: each copy is one state of the ledger, and none is torn."""
    ledger, stop = saved.app.ledger, threading.Event()

    def write() -> None:
        n = 0
        while not stop.is_set():
            with ledger.write() as connection:
                for name in ("left", "right"):  # always equal
                    connection.exec_driver_sql(
                        "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (name, f"{n} {'x' * 20_000}")
                    )
            n += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for n in range(10):
            copy(ledger, tmp_path / str(n), saved.clock.now())
    finally:
        stop.set()
        thread.join()
    for n in range(10):
        position(tmp_path / str(n))
        with sqlite3.connect(tmp_path / str(n)) as connection:
            values = connection.execute("SELECT DISTINCT value FROM meta WHERE key IN ('left', 'right')").fetchall()
        connection.close()
        assert len(values) <= 1


def test_both_ways_say_how_far_they_are(saved: Bench, tmp_path: Path) -> None:
    """Media are gigabytes: a person is shown that it goes on."""
    for work in (
        lambda seen: ops.backup(saved.app, tmp_path / "b.tar", saved.clock.now(), progress=seen),
        lambda seen: ops.restore(
            saved.app.workspace, tmp_path / "b.tar", saved.clock.now(), to=tmp_path / "drill", progress=seen
        ),
    ):
        told: list[tuple[int, int]] = []
        done = work(lambda n, of, told=told: told.append((n, of)))
        assert told == [(n, done.files) for n in range(1, done.files + 1)]


def test_what_was_edited_since_the_backup_is_taken_in_again(saved: Bench) -> None:
    """The ledger that came back knows nothing of what intake has read meanwhile."""
    app = saved.app
    saved.drop("pgc/4.md", "# Another title\n\nOther words.\n")
    pipeline.collect(app, saved.clock.now())
    edited = draft_of(app.ledger, "pgc/4.md").revision
    app.close()
    ops.restore(app.workspace, saved.root / "backup.tar", saved.clock.now(), force=True)
    assert draft_of(saved.app.ledger, "pgc/4.md").revision != edited
    pipeline.collect(saved.app, saved.clock.now())
    assert draft_of(saved.app.ledger, "pgc/4.md").revision == edited


def test_a_drill_restores_into_another_folder_and_touches_nothing_here(saved: Bench, tmp_path: Path) -> None:
    """`restore FILE --to DIR`: the same ledger, the same pages, elsewhere."""
    there = {f: f.stat().st_mtime_ns for f in saved.app.workspace.var.rglob("*") if f.is_file()}
    done = ops.restore(saved.app.workspace, saved.root / "backup.tar", saved.clock.now(), to=tmp_path / "drill")
    assert done.files > 3
    with Ledger.open(tmp_path / "drill" / "ledger.sqlite") as ledger:
        assert {d.state for d in ledger.deliveries(slots=["daily@2026-11-23T20:00"])} == {"published"}
        ledger.recover(saved.clock.now())
        assert {d.slot for d in ledger.deliveries(states=[State.UNKNOWN])} == {"daily@2026-11-24T20:00"}, (
            "it may be ahead"
        )
    out = tmp_path / "drill" / "out" / "site" / "index.html"
    assert out.read_bytes() == (saved.app.workspace.out / "site" / "index.html").read_bytes()
    assert {f: f.stat().st_mtime_ns for f in saved.app.workspace.var.rglob("*") if f.is_file()} == there


def test_a_ledger_that_knows_more_is_replaced_only_by_force_and_is_kept(saved: Bench) -> None:
    """Whoever means it says so; whoever did not loses nothing."""
    publish_day(saved, 24)
    file, paths = saved.root / "backup.tar", saved.app.workspace
    with pytest.raises(LedgerError, match=r"newer than the backup.*--force"):
        ops.restore(paths, file, saved.clock.now())
    done = ops.restore(paths, file, saved.clock.now(), force=True)
    assert done.aside is not None
    assert position(done.aside).intents == 6
    assert position(Path(paths.ledger)).intents == 3
    assert done.kept > 3, "what readers see is not taken back"
    assert (paths.out / "site" / "daily" / "2026-11-24-2000.html").is_file()


def test_another_communitys_ledger_is_not_replaced(saved: Bench, empty_sqlite: Path) -> None:
    """Its markers would be lost, and every promise of it."""
    for app in saved.opened:
        app.close()
    shutil.copyfile(empty_sqlite, saved.app.workspace.ledger)
    with sqlite3.connect(saved.app.workspace.ledger) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'secret'", ("00" * 32,))
    connection.close()
    with pytest.raises(LedgerError, match="another community"):
        ops.restore(saved.app.workspace, saved.root / "backup.tar", saved.clock.now())


@pytest.mark.parametrize("harm", [b"not a database at all", b""])
def test_a_ledger_that_cannot_be_read_is_moved_aside(saved: Bench, harm: bytes) -> None:
    """That is what a restore is for; a journal of the broken one is not rolled into the new one."""
    path = Path(saved.app.workspace.ledger)
    for app in saved.opened:
        app.close()
    path.write_bytes(harm * 100)
    path.with_name("ledger.sqlite-journal").write_bytes(b"stale")
    done = ops.restore(saved.app.workspace, saved.root / "backup.tar", saved.clock.now())
    assert position(path).intents == 3
    assert done.aside is not None
    assert not path.with_name("ledger.sqlite-journal").exists()


def test_a_worker_that_lives_through_a_restore_loses_its_claim(saved: Bench, tmp_path: Path) -> None:
    """It has the ledger open and sees the restored one: what it claimed it may not send."""
    pipeline.plan(saved.app, saved.at(24, 19, 59))
    saved.at(24, 20)
    ledger = saved.app.ledger
    copy(ledger, tmp_path / "older", saved.clock.now())
    claims = ledger.claim(saved.clock.now(), "w", HOUR)
    assert claims
    assert put_back(tmp_path / "older", Path(ledger.name)) is not None
    assert ledger.intend(claims, saved.clock.now(), HOUR) == []
    assert ledger.claim(saved.clock.now(), "w", HOUR) == []


def test_two_workers_marks_never_go_back(saved: Bench) -> None:
    """The lower of two marks that are written at once does not come last."""
    from steadycast.ledger.older_copy import Mark, set_mark

    ledger, now = saved.app.ledger, saved.clock.now()
    numbers = list(range(10, 50))
    threads = [threading.Thread(target=set_mark, args=(ledger, Mark(n, now, now, now))) for n in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mark = read_mark(ledger.beside)
    assert mark is not None
    assert mark.intents == 49


# Hostile and broken tars: whatever is wrong, nothing is restored


def refused(paths: Paths, file: Path, to: Path, match: str) -> None:
    with pytest.raises((InputError, LedgerError), match=match):
        ops.restore(paths, file, dt.datetime.now(dt.UTC), to=to)
    assert [p for p in to.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/evil",
        "out/../../evil",
        "out/./x",
        "out",
        "prefect/password",
        "out/a\\b",
        "out/a\x00b",
        "",
        "ledger.sqlite/x",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    """Before one byte is written."""
    parts = {name: b"x"}
    file = made_of(tmp_path / "b.tar", {"harmless": b"x", MANIFEST: manifest_of(parts)})
    refused(Paths(tmp_path / "w"), file, tmp_path / "to", "names")
    assert not (tmp_path / "evil").exists()


def test_a_link_in_a_tar_leads_nowhere(tmp_path: Path) -> None:
    """Neither a link that is a file's stand-in, nor a folder that is a link already."""
    parts = {"out/site/a": b"x"}
    file = made_of(tmp_path / "b.tar", {MANIFEST: manifest_of(parts)}, {"out/site/a": "/etc/passwd"})
    refused(Paths(tmp_path / "w"), file, tmp_path / "to", "damaged")
    (tmp_path / "outside").mkdir()
    (tmp_path / "to" / "out").mkdir(parents=True)
    (tmp_path / "to" / "out" / "site").symlink_to(tmp_path / "outside")
    whole = made_of(tmp_path / "c.tar", {**parts, MANIFEST: manifest_of(parts)})
    refused(Paths(tmp_path / "w"), whole, tmp_path / "to", "leads elsewhere")
    assert not list((tmp_path / "outside").iterdir())


def test_a_damaged_or_cut_tar_restores_nothing(saved: Bench, tmp_path: Path) -> None:
    """A changed byte anywhere, a file that is missing, an end that is missing, a format of tomorrow, no tar at all."""
    whole = members(saved.root / "backup.tar")
    changed = {n: d[:-1] + b"?" if n.endswith("index.html") else d for n, d in whole.items()}
    torn = {n: d[: len(d) // 2] if n == "ledger.sqlite" else d for n, d in whole.items()}
    missing = {n: d for n, d in whole.items() if not n.endswith("index.html")}
    tomorrow = {**whole, MANIFEST: manifest_of({}, format=2)}
    cases = [(changed, "is damaged"), (torn, "is damaged"), (missing, "is not in it"), (tomorrow, "format 2")]
    for n, (parts, said) in enumerate(cases):
        refused(saved.app.workspace, made_of(tmp_path / f"{n}.tar", parts), tmp_path / f"to{n}", said)
    data = (saved.root / "backup.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(data[: len(data) // 2])
    refused(saved.app.workspace, tmp_path / "cut.tar", tmp_path / "cut", "cut short|no tar")
    (tmp_path / "words.tar").write_text("words " * 1000)
    refused(saved.app.workspace, tmp_path / "words.tar", tmp_path / "words", "no tar")


def test_a_tars_ledger_must_be_one(tmp_path: Path) -> None:
    """Its hash may be right, and it be no ledger all the same."""
    parts = {"ledger.sqlite": b"words " * 1000}
    file = made_of(tmp_path / "b.tar", {**parts, MANIFEST: manifest_of(parts)})
    refused(Paths(tmp_path / "w"), file, tmp_path / "to", "no database")
