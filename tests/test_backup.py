"""Backup and restore: a tar that proves itself whole, and a restored ledger that sends nothing again."""

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
from conftest import NOON, promised
from pipeline_bench import COMMUNITY, FAR, SITE, Bench, article

from steadycast import ops, pipeline
from steadycast.delivery import settle
from steadycast.errors import InputError, LedgerError
from steadycast.ledger.claims import FrozenPost
from steadycast.ledger.copies import copy, position, put_back
from steadycast.ledger.older_copy import read_mark
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.ops.backup import MANIFEST
from steadycast.platform import Post
from steadycast.schedule.model import Assignment, Slot
from steadycast.testing import Clock, FakeAdapter, FakeChannel, There
from steadycast.workspace.paths import Paths

DAILY = """
[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["site", "far", "post"]
late = "20h"
"""
BLIND = '\n[channel.post]\nplatform = "blind"\n'
SETTINGS = COMMUNITY + DAILY + SITE + FAR + BLIND
DRAFTS = {f"pgc/{n}.md": article(f"Piece {n}", f"date: 2026-11-0{n}") for n in range(1, 5)}
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def community(bench: Bench, database: str, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Three channels, one of each class, on either database; slot A (the 23rd) is out, a backup is `backup.tar`."""
    app = bench.set_up(SETTINGS, DRAFTS)
    if "://" in database:
        monkeypatch.setenv("STEADYCAST_LEDGER", database)
    pipeline.collect(app, bench.clock.now())
    publish_day(bench, 23)
    ops.backup(app, bench.root / "backup.tar", bench.clock.now())
    return bench


def publish_day(bench: Bench, day: int) -> None:
    pipeline.plan(bench.app, bench.at(day, 19, 59))
    bench.at(day, 20)
    assert pipeline.publish(bench.app).sent


def standings(bench: Bench, day: int) -> dict[str, str]:
    rows = bench.app.ledger.deliveries(slots=[f"daily@2026-11-{day}T20:00"])
    return {row.channel: row.state for row in rows}


def tick(bench: Bench) -> None:
    """What the flows do, in the hour after a restore: recovery, due slots, read-back, planning."""
    for _ in range(3):
        bench.clock.advance(HOUR / 3)
        pipeline.plan(bench.app, bench.clock.now())
        pipeline.publish(bench.app)
        pipeline.verify(bench.app, bench.clock.now())


@pytest.fixture
def kept(community: Bench) -> Path:
    """What pg_dump would have kept of a PostgreSQL ledger at the time of the backup."""
    file = community.root / "kept.json"
    if not community.app.ledger.is_sqlite:
        file.write_text(json.dumps(dump(community.app.ledger)))
    return file


@pytest.fixture
def before(community: Bench, kept: Path) -> Path:
    """Slot B (the 24th) is out since."""
    publish_day(community, 24)
    assert len(community.there()) == len(community.there("post")) == 2
    return kept


def dump(ledger: Ledger) -> dict[str, list[dict[str, object]]]:
    from sqlmodel import SQLModel

    with ledger.read() as connection:
        tables = SQLModel.metadata.sorted_tables
        return {
            t.name: [row_to_json(r) for r in connection.exec_driver_sql(f'SELECT * FROM "{t.name}"')] for t in tables
        }


def row_to_json(row: object) -> dict[str, object]:
    plain = dict(row._mapping)  # type: ignore[attr-defined]
    return {k: {"hex": bytes(v).hex()} if isinstance(v, (bytes, memoryview)) else v for k, v in plain.items()}


def load_dump(ledger: Ledger, kept: Path) -> None:
    from sqlalchemy import text
    from sqlmodel import SQLModel

    rows = json.loads(kept.read_text())
    with ledger.write() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(table.delete())
        for table in SQLModel.metadata.sorted_tables:
            for row in rows[table.name]:
                values = {k: bytes.fromhex(v["hex"]) if isinstance(v, dict) and set(v) == {"hex"} else
                          json.dumps(v) if isinstance(v, (dict, list)) else v for k, v in row.items()}  # fmt: skip
                names = ", ".join(values)
                connection.execute(text(f'INSERT INTO "{table.name}" ({names}) VALUES (:{", :".join(values)})'), values)


def take_back(bench: Bench, kept: Path, *, force: bool = True) -> None:
    """The machine as a restore finds it: the ledger is the older copy again."""
    for app in bench.opened:
        app.close()
        app.__dict__.pop("ledger", None)
    if kept.exists():
        with Ledger.open(bench.app.workspace.ledger) as ledger:  # as psql does it: knows of no mark
            load_dump(ledger, kept)
    ops.restore(bench.app.workspace, bench.root / "backup.tar", bench.clock.now(), force=force)


def test_what_went_out_since_the_backup_is_not_sent_again(community: Bench, before: Path) -> None:
    """The promise, on each class and each database: found by read-back where one can look, parked where nobody can."""
    assert standings(community, 24) == {"site": "published", "far": "published", "post": "published"}
    take_back(community, before)
    assert standings(community, 24) == {"site": "due", "far": "due", "post": "due"}
    tick(community)
    assert standings(community, 24) == {"site": "seen", "far": "seen", "post": "unknown"}
    assert len(community.there()) == len(community.there("post")) == 2
    [row] = community.app.ledger.deliveries(states=[State.UNKNOWN])
    assert "older copy" in row.message
    waiting = ops.status(community.app, community.clock.now())["waiting"]
    assert [(w["state"], w["channel"]) for w in waiting] == [("unknown", "post")]


def test_later_slots_go_out_as_ever_after_a_restore(community: Bench, before: Path) -> None:
    """Only the time that is lost is in doubt."""
    take_back(community, before)
    tick(community)
    publish_day(community, 25)
    assert standings(community, 25) == {"site": "published", "far": "published", "post": "published"}
    assert len(community.there("post")) == 3


def test_a_slot_that_never_went_out_is_sent_late_where_one_can_look(community: Bench, before: Path) -> None:
    """The machine was down at the 25th's hour: absent is proven by read-back, and on a blind channel a person says so."""
    community.at(25, 20, 30)
    for mark in community.app.workspace.var.glob("*.sent"):
        mark.unlink()  # it was on the disk that is lost
    take_back(community, before)
    with Ledger.open(community.app.workspace.ledger) as ledger, ledger.read() as connection:
        marked = connection.exec_driver_sql("SELECT value FROM meta WHERE key = 'copy'").first()
    assert marked, "the copy says of itself that it is one"
    for _ in range(2):
        tick(community)
    assert standings(community, 25) == {"site": "seen", "far": "seen", "post": "unknown"}
    assert len(community.there()) == 3
    assert len(community.there("post")) == 2
    row = next(r for r in community.app.ledger.deliveries(states=[State.UNKNOWN]) if "25T" in r.slot)
    pipeline.settle(community.app, row.marker, url="", again=True, now=community.clock.now())
    tick(community)
    assert len(community.there("post")) == 3
    assert standings(community, 25)["post"] == "published"


def test_what_was_published_ahead_of_its_hour_is_not_sent_at_its_hour(community: Bench, kept: Path) -> None:
    """A person published the next slot of a series by hand: a copy cannot know whether that was done."""
    community.at(24, 9)
    pipeline.publish(community.app, series="daily")
    assert len(community.there("post")) == 2
    take_back(community, kept)
    tick(community)
    community.at(24, 20, 1)
    pipeline.publish(community.app)
    assert len(community.there()) == len(community.there("post")) == 2
    assert standings(community, 24) == {"site": "seen", "far": "seen", "post": "unknown"}


# How far the doubt reaches


def a_slot(ledger: Ledger, series: str, hours: int, channel: str = "blog") -> int:
    """A slot of a series so many hours from noon, due then, with a draft."""
    at = NOON + hours * HOUR
    slot = Slot(at, f"{series}@{at:%Y-%m-%dT%H:%M}", series, at.replace(tzinfo=None))
    if ledger.draft("d1") is None:
        promised(ledger, "elsewhere", at=NOON - 100 * HOUR)
    ledger.save_plan([slot], [Assignment(slot.id, "d1")], [PlannedDelivery(slot.id, channel)], at)
    [row] = ledger.deliveries(slots=[slot.id])
    assert row.id is not None
    return row.id


def send(ledger: Ledger, id: int) -> None:
    claims = ledger.claim(NOON, "w", HOUR, until=NOON + 1000 * HOUR, ids=[id])
    ledger.freeze([FrozenPost(c.id, c.token, b"x", "h", "r1") for c in claims], NOON)
    assert len(ledger.intend(claims, NOON, HOUR)) == 1


@pytest.fixture
def plan(ledger: Ledger, tmp_path: Path) -> dict[str, int]:
    """A daily and a weekly series; `ledger` has a mark, and a copy of it is kept."""
    ledger.beside = tmp_path / "mark"
    return {
        f"{s}{h}": a_slot(ledger, s, h)
        for s, h in (("day", -1), ("day", 23), ("day", 47), ("week", 100), ("week", 268))
    }


def forgotten(ledger: Ledger) -> set[int]:
    """The ledger as it was before anything was sent: what is in doubt then."""
    with ledger.write() as connection:
        connection.exec_driver_sql(
            "UPDATE delivery SET state = 'due', wake = at, attempt = 0, token = 0, deadline = NULL"
        )
        connection.exec_driver_sql("UPDATE meta SET value = '0' WHERE key = 'intents'")
    elsewhere = {d.id for d in ledger.deliveries() if d.channel == "elsewhere"}
    return set(ledger.recover(NOON).unknown) - elsewhere


def test_the_mark_reaches_to_the_last_sending(ledger: Ledger, plan: dict[str, int]) -> None:
    """Sent at its hour: what was due until then, and nothing that comes."""
    send(ledger, plan["day-1"])
    assert forgotten(ledger) == {plan["day-1"]}
    assert ledger.recover(NOON).unknown == (), "once"


def test_a_slot_that_was_sent_ahead_drags_no_other_series_with_it(ledger: Ledger, plan: dict[str, int]) -> None:
    """`up` sent the weekly's next slot: it is in doubt, as is each series' next one before it, and no slot between."""
    send(ledger, plan["week100"])
    assert forgotten(ledger) == {plan["day-1"], plan["day23"], plan["week100"]}


def test_a_slot_far_ahead_is_reached_too(ledger: Ledger, plan: dict[str, int]) -> None:
    """`publish --slot` may name any: then all up to it are in doubt, which costs a look and doubles nothing."""
    send(ledger, plan["week268"])
    assert forgotten(ledger) == set(plan.values())


def test_a_whole_ledger_that_was_lost_is_a_persons(ledger: Ledger, plan: dict[str, int]) -> None:
    """Its markers are other ones: a look would find nothing, and that would prove nothing."""
    send(ledger, plan["day-1"])
    ledger.set_meta("secret", "00" * 32)
    assert forgotten(ledger) == {plan["day-1"]}
    row = ledger.delivery(plan["day-1"])
    assert row is not None
    assert row.wake is None
    assert ledger.doubts(NOON + 1000 * HOUR) == []


def test_what_a_person_frees_stays_free_whatever_is_planned(ledger: Ledger, plan: dict[str, int]) -> None:
    """Planning again, a refusal for now, another start: none of them puts it in doubt again."""
    send(ledger, plan["day-1"])
    forgotten(ledger)
    assert ledger.send_again(plan["day-1"], "editor", NOON)
    a_slot(ledger, "day", -1)
    assert ledger.recover(NOON).unknown == ()
    [claim] = ledger.claim(NOON, "w", HOUR, ids=[plan["day-1"]])
    later = Outcome(claim, State.DUE, NOON, code="429", message="busy", wake=NOON)
    assert ledger.release([later], NOON)
    assert ledger.recover(NOON).unknown == ()
    assert len(ledger.claim(NOON, "w", HOUR, ids=[plan["day-1"]])) == 1


def test_half_a_thread_is_a_persons(ledger: Ledger, plan: dict[str, int], clock: Clock) -> None:
    """The rest of it may be another draft's by now."""
    send(ledger, plan["day-1"])
    forgotten(ledger)
    with ledger.write() as connection:
        connection.exec_driver_sql("DELETE FROM frozen")
    row = ledger.delivery(plan["day-1"])
    assert row is not None
    far = FakeChannel("read-back", clock)
    far.posts.append(There("1", row.marker, 1, "one", NOON))
    thread = Post(row.marker, "blog", row.slot, "", "", "", "", ("one", "two"), NOON)
    clock.advance(2 * HOUR)

    def looked() -> Outcome:
        results = settle(ledger, far.open, stand_in=lambda _look: thread, clock=clock)
        return next(r for r in results if r.id == plan["day-1"])

    assert looked().state == State.UNKNOWN
    assert "1 parts are there" in ledger.waiting()[-1].message
    clock.advance(HOUR)
    far.posts.append(There("3", row.marker, 2, "two", NOON))
    assert looked().state == State.SEEN


def test_an_adapter_is_told_that_the_text_is_a_guess(
    ledger: Ledger, plan: dict[str, int], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform without a place for the key must not take what it does not find for what is not there."""
    send(ledger, plan["day-1"])
    forgotten(ledger)
    far, told = FakeChannel("read-back", clock), {}

    row = ledger.delivery(plan["day-1"])
    assert row is not None
    with ledger.write() as connection:
        connection.exec_driver_sql("DELETE FROM frozen")
    guess = Post(row.marker, "blog", row.slot, "", "", "", "", ("guessed",), NOON)
    monkeypatch.setattr(FakeAdapter, "find", lambda _self, post, known: told.update({post.key: known.frozen}))
    clock.advance(2 * HOUR)
    settle(ledger, far.open, stand_in=lambda _look: guess, clock=clock)
    assert told == {row.marker: False}


# The tar


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
    refused(Paths(tmp_path / "w"), file, tmp_path / "to", "not a database")
