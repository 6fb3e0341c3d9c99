"""Two copies of a workspace, a workspace that moved, and a new ledger where an old one was."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pipeline_bench import EVENING, MORNING, SETTINGS, Bench, article

from steadycast import ops, pipeline
from steadycast.cli import main
from steadycast.errors import LedgerError
from steadycast.ledger import publishing_place
from steadycast.pipeline import App
from steadycast.workspace import load

DAY = dt.timedelta(days=1)


@pytest.fixture
def published(bench: Bench) -> Any:
    """A community that published one day, and has stock for more."""
    bench.set_up(SETTINGS, {f"pgc/{n}.md": article(f"Post {n}") for n in range(5)})
    pipeline.collect(bench.app, MORNING)
    pipeline.plan(bench.app, MORNING)
    publish(bench, bench.app, EVENING)
    return bench


def publish(bench: Any, app: App, at: dt.datetime) -> Any:
    bench.clock.advance(at - bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    return pipeline.publish(app)


def copied(bench: Any, to: Any) -> App:
    """A desk of a copy of the workspace; the far side is the same one."""
    shutil.copytree(bench.root, to)
    side = to / "var" / "out" / "far-side-far"
    shutil.rmtree(side)
    side.symlink_to(bench.app.workspace.out / "far-side-far")
    return App(load(to), clock=bench.clock)


def test_a_copy_in_another_folder_publishes_nothing_and_the_first_goes_on(published: Any, tmp_path: Path) -> None:
    with copied(published, tmp_path / "copy") as copy:
        publish(published, published.app, EVENING + DAY)
        with pytest.raises(LedgerError, match=r"published from .*two copies.*steadycast here"):
            publish(published, copy, EVENING + DAY)
        assert not ops.health(copy, published.clock.now()).checks[0].severity == "ok"
    assert len(published.there()) == len(set(published.there())) == 2
    publish(published, published.app, EVENING + 2 * DAY)
    assert len(published.there()) == 3


def test_a_copy_on_another_machine_publishes_nothing(published: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEADYCAST_HOST", "another")
    monkeypatch.setattr(publishing_place, "machine", lambda: "another")
    published.app.ledger.set_meta("place", f"one {published.app.workspace.var.resolve()}")
    with pytest.raises(LedgerError, match="of another machine"):
        publish(published, published.app, EVENING + DAY)
    assert len(published.there()) == 1


def test_after_the_word_what_may_have_gone_out_is_looked_for_and_not_sent_again(published: Any, tmp_path: Path) -> None:
    """The original served the second evening after the copy was made; then the copy is said to go on."""
    with copied(published, tmp_path / "copy") as copy:
        pipeline.plan(copy, published.clock.now())
        publish(published, published.app, EVENING + DAY)
        assert copy.ledger.move_here(published.clock.now())
        publish(published, copy, EVENING + DAY + dt.timedelta(seconds=1))
        published.clock.advance(dt.timedelta(hours=1))
        pipeline.verify(copy, published.clock.now())
        pipeline.publish(copy)
        assert len(published.there()) == len(set(published.there())) == 2
        publish(published, copy, EVENING + 2 * DAY)
    assert len(published.there()) == len(set(published.there())) == 3


def test_a_workspace_that_only_moved_is_one_word_away(
    published: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    published.app.close()
    side = published.app.workspace.out / "far-side-far"
    moved = tmp_path / "moved"
    shutil.move(published.root, moved)
    published.root.mkdir()
    published.app.workspace.out.mkdir(parents=True)
    side.symlink_to(moved / "var" / "out" / "far-side-far")
    with App(load(moved), clock=published.clock) as app:
        with pytest.raises(LedgerError):
            publish(published, app, EVENING + DAY)
        monkeypatch.setenv("STEADYCAST_WORKSPACE", str(moved))
        with pytest.raises(SystemExit) as ended:
            main(["here", "--moved"])
        assert ended.value.code in (0, None)
        assert str(moved) in capsys.readouterr().out
        states = [sent.state for sent in publish(published, app, EVENING + DAY).sent]
    assert states
    assert set(states) == {"published"}
    assert len(published.there()) == 2


def test_a_new_ledger_beside_an_old_mark_publishes_nothing_until_a_person_says_so(published: Any) -> None:
    """The file was deleted: all drafts are fresh to the new one, and old texts would go out again."""
    lose(published)

    def opened() -> App:
        return App(load(published.root), anyway=True, clock=published.clock)

    app = opened()
    published.clock.advance(DAY)
    pipeline.collect(app, published.clock.now())
    for _ in range(2):  # it does not forget what it was told at its first opening
        with pytest.raises(LedgerError, match=r"is new, and the one that lay here.*restore FILE.*here --new"):
            publish(published, app, published.clock.now() + DAY)
        with pytest.raises(LedgerError, match="here --new"):
            app.ledger.move_here(published.clock.now())
        app.close()
        app = opened()
    assert any("restore" in f.message + f.hint for f in ops.doctor(published.clock.now(), root=published.root))
    assert len(published.there()) == 1
    assert app.ledger.move_here(published.clock.now(), new=True)
    publish(published, app, published.clock.now() + DAY)
    app.close()
    assert len(published.there()) == 2


def lose(bench: Any) -> None:
    """The ledger's file is gone; its mark is left."""
    bench.app.close()
    (bench.app.workspace.var / "ledger.sqlite").unlink()


@pytest.fixture
def command(published: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command line ends with, and what it prints: on standard output, and as errors."""
    monkeypatch.setenv("STEADYCAST_WORKSPACE", str(published.root))

    def run(words: str) -> tuple[str | int | None, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(words.split())
        return ended.value.code, *capsys.readouterr()

    return run


WRITERS = ("plan", "intake", "intake --no-feeds", "approve pgc/1.md", "reject pgc/1.md", "up --once", "verify",
           "publish", "rebuild", "backup kept.tar", "skip daily 2026-12-24 --yes", "backfill content --series daily",
           "confirm abc --url https://x.example/1", "settle abc --absent", "here")  # fmt: skip
READERS = ("status", "status --json", "list", "list --json", "report", "health", "doctor", "check", "preview pgc/1.md")
WAYS_OUT = ("steadycast restore", "steadycast here --new", "ledger.sqlite")


@pytest.mark.parametrize("words", WRITERS)
def test_whoever_would_write_into_the_ledger_that_took_a_lost_ones_place_is_refused(
    published: Any, command: Any, words: Any
) -> None:
    lose(published)
    code, out, error = command(words)
    assert (code, out) == (3, "")
    assert error.count("\n") == 1
    assert all(way in error for way in WAYS_OUT)


@pytest.mark.parametrize("words", READERS)
def test_whoever_reads_is_told_first_that_the_ledger_was_lost_and_a_person_is_needed(
    published: Any, command: Any, words: Any
) -> None:
    lose(published)
    for _ in range(2):  # a reader may make the new one
        code, out, error = command(words)
        assert code == 1, error
        first = (error + out).split("\n")[0]
        assert all(way in first for way in WAYS_OUT), first


def test_status_does_not_say_that_nothing_waits_while_the_ledger_is_lost(published: Any, command: Any) -> None:
    lose(published)
    _, out, _ = command("status")
    assert "Nothing waits" not in out
    (problem,) = json.loads(command("status --json")[1])["problems"]
    assert problem["path"] == "ledger"
    assert "here --new" in problem["message"]


def test_once_a_person_has_spoken_a_lost_ledger_is_no_longer_told_of(published: Any, command: Any) -> None:
    lose(published)
    command("status")
    assert command("here --new")[0] == 0
    code, out, error = command("list")
    assert (code, error) == (0, "")
    assert "steadycast intake" in out
    assert command("intake")[0] == 0


def test_a_restored_backup_publishes_where_it_was_put(published: Any, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    ops.backup(published.app, file, published.clock.now())
    with copied(published, tmp_path / "copy") as copy:
        copy.close()
        ops.restore(copy.workspace, file, published.clock.now(), force=True)
        publish(published, copy, EVENING + DAY)  # a copy may not know of it: it is looked for first
        published.clock.advance(dt.timedelta(hours=1))
        pipeline.verify(copy, published.clock.now())
        pipeline.publish(copy)
    assert len(published.there()) == 2


def test_a_container_has_no_name_that_lasts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = tmp_path / "machine-id"
    names.write_text("1234abcd\n")
    monkeypatch.delenv("STEADYCAST_HOST", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr(publishing_place, "MACHINE_IDS", (str(tmp_path / "none"), str(names)))
    monkeypatch.setattr(publishing_place, "CONTAINERS", ())
    assert publishing_place.machine() not in ("", "1234abcd")
    monkeypatch.setattr(publishing_place, "CONTAINERS", (str(names),))
    assert publishing_place.machine() == ""
    monkeypatch.setenv("STEADYCAST_HOST", "desk-1")
    assert publishing_place.machine()


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [("a /x", "a /x", True), ("a /x", "b /x", False), ("a /x", "a /y", False), (" /x", "b /x", True), ("a /x", " /x", True), (" /x", " /y", False)],
)  # fmt: skip
def test_a_machine_without_a_name_may_be_any(before: Any, now: Any, same: Any) -> None:
    assert publishing_place._same(before, now) is same
