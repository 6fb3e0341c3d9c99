"""Files that cost their writer nothing and the house a disk: holes, growth while they are read, many names."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench
from platform_bench import png

from steadycast import ops, pipeline
from steadycast.draft import MediaRef, attached, safe_open
from steadycast.errors import DraftError, InputError
from steadycast.pipeline.app import App
from steadycast.render import media, media_files

SETTINGS = (
    COMMUNITY + DAILY.replace(', "far"', "").replace("late", 'forms = ["article", "audio", "video"]\nlate') + SITE
)
MB = 1 << 20
CONTENT = Path(__file__).parent.parent / "content" / "pgc"
FILM = (CONTENT / "video/creek-walk.mp4").read_bytes()
MP3 = CONTENT / "morning/016-viau-ciq.mp3"


@pytest.fixture
def app(bench: Bench) -> App:
    return bench.set_up(SETTINGS, {})


def look(bench: Bench) -> Any:
    """Problems by path after a look at content/, and what `check` says of the same files."""
    found = {p.where: p for p in pipeline.collect(bench.app, bench.clock.now(), feeds=False).problems}
    checked = {p.where: p for p in ops.check(bench.clock.now(), root=bench.root) if p.where in found}
    assert {path: p.message for path, p in checked.items()} == {path: p.message for path, p in found.items()}
    return found


def kept(bench: Bench) -> list[Path]:
    """The files in var/media."""
    return [file for file in bench.app.workspace.media.rglob("*") if file.is_file()]


def sparse(path: Path, size: int, head: bytes = b"\x1a\x45\xdf\xa3") -> Path:
    """A film of that size, of which only the beginning was ever written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)
    assert path.stat().st_blocks * 512 < size // 100
    return path


@pytest.mark.parametrize("member", ["ugc/alice", "ugc/bob", "pgc"])
def test_a_file_of_holes_is_refused_with_its_line_before_it_is_read(bench: Bench, app: App, member: str) -> None:
    """Three films of a gigabyte in a few kilobytes of disk: nobody reads or copies them."""
    for n in range(3):
        sparse(bench.root / f"content/{member}/v{n}.webm", 1 << 30)
        bench.drop(f"{member}/a{n}.md", f"---\ntitle: Film {n}\nvideo: v{n}.webm\n---\nWords\n")
    began = time.monotonic()
    problems = look(bench)
    assert time.monotonic() - began < 5
    assert sorted(problems) == [f"{member}/a{n}.md" for n in range(3)]
    problem = problems[f"{member}/a0.md"]
    assert "'v0.webm' is mostly holes" in problem.message
    assert problem.hint == "put the whole file there"
    assert problem.line == 3
    assert kept(bench) == []


def holes_of(path: Path) -> bool:
    with path.open("rb") as file:
        found = safe_open.mostly_holes(file.fileno())
        assert file.tell() == 0
    return found


def test_only_what_is_large_and_mostly_holes_is_accused(tmp_path: Path) -> None:
    """Small files, full files, files reserved ahead and files with a few holes are honest."""
    assert not holes_of(sparse(tmp_path / "small", safe_open.HOLES_FROM - 1))
    assert holes_of(sparse(tmp_path / "large", safe_open.HOLES_FROM + 4096))
    full = tmp_path / "full"
    full.write_bytes(bytes(8 * MB))
    assert not holes_of(full)
    reserved = tmp_path / "reserved"
    with reserved.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 8 * MB)
    assert not holes_of(reserved)
    for written, mostly in ((5, False), (3, True)):
        part = tmp_path / f"part{written}"
        with part.open("wb") as file:
            for n in range(8):
                file.seek(n * MB)
                if n < written:
                    file.write(os.urandom(MB))
            file.truncate(8 * MB)
        assert holes_of(part) is mostly


def test_a_file_system_that_counts_no_blocks_or_tells_no_holes_accuses_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compression and network file systems show few blocks; a second witness has to see the holes."""
    file = sparse(tmp_path / "film", 64 * MB)

    def cannot(*asked: Any) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(safe_open.os, "lseek", cannot)
    with file.open("rb") as opened:
        assert not safe_open.mostly_holes(opened.fileno())


def test_many_small_pieces_are_told_quickly(tmp_path: Path) -> None:
    """A gigabyte of single blocks with holes between them: all of it is walked in moments."""
    file = tmp_path / "lace"
    with file.open("wb") as out:
        for n in range(4096):
            out.seek(n * (256 << 10))
            out.write(b"x")
        out.truncate(1 << 30)
    began = time.process_time()
    assert holes_of(file)
    assert time.process_time() - began < 1


def test_holes_in_the_store_of_a_feed_are_refused_too(tmp_path: Path) -> None:
    """Whatever lies where an enclosure was kept is looked at again before it is copied."""
    with pytest.raises(DraftError, match="mostly holes"):
        media_files.store(sparse(tmp_path / "e.webm", 64 * MB), tmp_path / "media")
    assert list((tmp_path / "media").glob("*")) == []


def test_a_file_that_grows_while_it_is_copied_ends_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its author writes on and on: no more than its length is read, and nothing of it stays."""
    file = tmp_path / "a.mp3"
    shutil.copy(MP3, file)
    real = media_files._chunks
    read = []

    def growing(opened: Any) -> Iterator[Any]:
        for chunk in real(opened):
            read.append(len(chunk))
            with file.open("ab") as more:
                more.write(bytes(MB))
            yield chunk

    monkeypatch.setattr(media_files, "_chunks", growing)
    with pytest.raises(DraftError, match="changed while it was read"):
        media_files.store(file, tmp_path / "media")
    assert sum(read) <= MP3.stat().st_size
    assert list((tmp_path / "media").glob("*")) == []


def test_a_file_that_grows_while_it_is_hashed_waits(bench: Bench, app: App) -> None:
    """It is neither taken half nor read for ever: it is looked at again, and taken when it stands still."""
    file = bench.root / "content/ugc/alice/a.mp3"
    bench.drop("ugc/alice/a.md", "---\ntitle: Sound\naudio: a.mp3\n---\nWords\n")
    file.write_bytes(MP3.read_bytes() + bytes(16 * MB))
    stop = threading.Event()

    def grow() -> None:
        while not stop.is_set():
            with file.open("ab") as more:
                more.write(bytes(4096))

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        problems = look(bench)
    finally:
        stop.set()
        writer.join()
    assert "changed while it was read" in problems["ugc/alice/a.md"].message
    shutil.copy(MP3, file)
    assert look(bench) == {}
    assert [file.read_bytes() for file in kept(bench)] == [MP3.read_bytes()]


def test_a_full_disk_in_the_middle_of_a_copy_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun is taken away; the same copy succeeds when there is room."""
    source = tmp_path / "a.png"
    source.write_bytes(png(1, 2, 3))
    real = media_files.durable.sync

    def full(path: Any) -> None:
        if path.is_file():
            raise OSError(28, "No space left on device")
        real(path)

    monkeypatch.setattr(media_files.durable, "sync", full)
    with pytest.raises(OSError, match="No space left"):
        media_files.store(source, tmp_path / "media")
    assert list((tmp_path / "media").glob("*")) == []
    assert list((tmp_path / "media").glob(".*")) == []
    monkeypatch.undo()
    assert media_files.store(source, tmp_path / "media").read_bytes() == png(1, 2, 3)


def test_one_file_under_a_thousand_names_is_read_once(bench: Bench, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """A draft shows the same film with ever another mark behind its name."""
    bench.drop("ugc/alice/v.mp4", FILM)
    os.utime(bench.root / "content/ugc/alice/v.mp4", (1, 1))
    time.sleep(1.1)  # a file that was written within this second is read each time
    named = "\n".join(f"  - v.mp4?{n}" for n in range(900))
    bench.drop("ugc/alice/a.md", f"---\ntitle: Film\nvideo:\n{named}\n---\nWords\n")
    read = []
    real = os.read

    def counted(file: Any, size: Any) -> Any:
        got = real(file, size)
        read.append(len(got))
        return got

    monkeypatch.setattr(attached.os, "read", counted)
    look(bench)
    assert sum(read) < 20 * MB


def test_a_draft_that_names_too_many_files_says_so(bench: Bench, app: App) -> None:
    """Each would be opened, read and measured."""
    bench.drop("ugc/alice/v.png", png(1, 2, 3))
    shown = "\n\n".join(f"![](v.png?{n})" for n in range(1001))
    bench.drop("ugc/alice/a.md", f"# Pictures\n\n{shown}\n")
    problem = look(bench)["ugc/alice/a.md"]
    assert "names more than 1000 files" in problem.message
    assert problem.line == 2003


@pytest.mark.parametrize("made", ["fifo", "device", "link"])
def test_what_is_no_file_is_not_waited_for(bench: Bench, app: App, made: str) -> None:
    """A pipe, a device and a link to a huge file beside the draft."""
    path = bench.root / "content/ugc/alice/a.mp3"
    path.parent.mkdir(parents=True, exist_ok=True)
    if made == "fifo":
        os.mkfifo(path)
    elif made == "device":
        if os.geteuid() != 0 or subprocess.run(["mknod", str(path), "c", "1", "5"], check=False).returncode:
            path.symlink_to("/dev/zero")
    else:
        path.symlink_to(sparse(bench.root / "huge.mp3", 1 << 30))
    bench.drop("ugc/alice/a.md", "---\ntitle: Sound\naudio: a.mp3\n---\nWords\n")
    began = time.monotonic()
    assert "ugc/alice/a.md" in look(bench)
    assert time.monotonic() - began < 5
    assert kept(bench) == []


WAITS = "---\ntitle: Film\nvideo: v.mp4\n---\n![](a.png)\n\nWords\n"


@pytest.fixture
def waiting(bench: Bench, app: App) -> str:
    """The id of a member's draft with a film and a picture that waits for an editor."""
    bench.drop("ugc/bob/v.mp4", FILM)
    bench.drop("ugc/bob/a.png", png(1, 2, 3))
    bench.drop("ugc/bob/a.md", WAITS)
    assert look(bench) == {}
    (row,) = bench.app.ledger.drafts()
    assert row.state == "waiting"
    return row.id


def decide(bench: Bench, id_: Any, verdict: str = "approve") -> Any:
    return pipeline.decide(bench.app, [id_], verdict, by="", now=bench.clock.now())


def test_a_draft_that_waits_costs_no_copy(bench: Bench, waiting: str) -> None:
    """Neither its taking in nor a check of it; nor does one that is rejected."""
    assert kept(bench) == []
    assert [f for f in bench.app.workspace.cache.rglob("*") if f.is_file() and f.stat().st_size > 20_000] == []
    decide(bench, waiting, "reject")
    assert kept(bench) == []


def test_what_is_approved_is_copied_as_it_was_looked_at(bench: Bench, waiting: str) -> None:
    """Once it is approved its author's file may go."""
    decide(bench, waiting)
    assert {file.read_bytes() for file in kept(bench)} == {FILM, png(1, 2, 3)}
    for name in ("v.mp4", "a.png"):
        (bench.root / "content/ugc/bob" / name).unlink()
    pipeline.plan(bench.app, bench.clock.now())
    (sent,) = pipeline.publish(bench.app, draft=waiting).sent
    assert sent.state == "published"
    out = [f for f in (bench.app.workspace.out / "site").rglob("*.mp4") if f.is_file()]
    assert [f.read_bytes() for f in out] == [FILM]


@pytest.mark.parametrize("name", ["v.mp4", "a.png"])
@pytest.mark.parametrize("how", ["written", "written at the same time", "removed", "link", "pipe", "holes", "longer"])
def test_a_file_that_changed_after_it_was_looked_at_is_not_approved(
    bench: Bench, waiting: str, name: str, how: str
) -> None:
    """Not even where length and time are the same; the draft goes on waiting, and nothing of it is kept."""
    file = bench.root / "content/ugc/bob" / name
    facts, before = file.stat(), file.read_bytes()
    if how == "longer":
        file.write_bytes(before + b"more")
    elif how.startswith("written"):
        file.write_bytes(before[:-4] + b"else")
        if how != "written":
            os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    else:
        file.unlink()
        if how == "link":
            (bench.root / "else").write_bytes(before[:-4] + b"else")
            file.symlink_to(bench.root / "else")
        elif how == "pipe":
            os.mkfifo(file)
        elif how == "holes":
            sparse(file, 1 << 29, before[:4096])
    with pytest.raises(InputError, match=r"ugc/bob/a\.md cannot be approved: (image|video)") as told:
        decide(bench, waiting)
    assert "`steadycast intake`" in (told.value.hint or "")
    assert [row.state for row in bench.app.ledger.drafts()] == ["waiting"]
    assert kept(bench) == []


def test_a_full_disk_at_approval_leaves_the_draft_waiting(
    bench: Bench, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is approved when there is room."""

    def full(*asked: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(media_files, "copied", full)
    with pytest.raises(OSError, match="No space left"):
        decide(bench, waiting)
    assert [row.state for row in bench.app.ledger.drafts()] == ["waiting"]
    assert kept(bench) == []
    monkeypatch.undo()
    decide(bench, waiting)
    assert [row.state for row in bench.app.ledger.drafts()] == ["approved"]


@pytest.mark.parametrize("named", ["file", "id"])
def test_a_preview_shows_the_files_of_a_draft_that_waits(bench: Bench, waiting: str, named: str) -> None:
    """As they are, whether the draft is named by its file or by its id; and nothing comes into var/media."""
    which = bench.root / "content/ugc/bob/a.md" if named == "file" else waiting
    made = pipeline.preview(bench.app, which, now=bench.clock.now())
    assert made.problems == ()
    files = [f for f in made.page.parent.rglob("*") if f.is_file()]
    assert [f.read_bytes() for f in files if f.suffix == ".mp4"] == [FILM]
    assert [f for f in files if f.suffix == ".html" and "data:image/" in f.read_text()]
    assert kept(bench) == []
    assert not [f for f in made.page.parent.iterdir() if f.name.startswith(".")]


def test_a_preview_never_shows_the_files_of_another_revision(bench: Bench, waiting: str) -> None:
    """The same name and the same length, other bytes: what lies there is not taken for it."""
    file = bench.root / "content/ugc/bob/v.mp4"
    page = pipeline.preview(bench.app, waiting, now=bench.clock.now()).page
    other = FILM[:-4] + b"else"
    file.write_bytes(other)
    said = pipeline.preview(bench.app, waiting, now=bench.clock.now()).problems  # the revision of the ledger
    assert ["changed while it was read" in problem.message for problem in said] == [True]
    shown = pipeline.preview(bench.app, bench.root / "content/ugc/bob/a.md", now=bench.clock.now())  # the file
    assert shown.page == page
    assert [f.read_bytes() for f in page.parent.rglob("*.mp4")] == [other]


def test_what_a_feed_brought_lies_on_the_disk_once(tmp_path: Path) -> None:
    """The file that was fetched and the one in var/media are one file under two names."""
    fetched = tmp_path / "cache/feeds/e.mp4"
    fetched.parent.mkdir(parents=True)
    fetched.write_bytes(FILM)
    took = media.Studio(tmp_path / "media", tmp_path / "cache").take(MediaRef("video", "e.mp4", fetched))
    assert took.path.read_bytes() == FILM
    assert took.path.stat().st_ino == fetched.stat().st_ino
    assert took.path.stat().st_mode & 0o777 == 0o644
