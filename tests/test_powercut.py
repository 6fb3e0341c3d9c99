"""Power cuts: whatever a disk loses that was not synced, no promised commit and no promised output is among it.

The real ledger and the real outputs run once under strace; what they asked of the kernel is replayed on two kinds of
disk (tests/powercut/disk.py says which), and the images that a cut may leave behind are opened and judged. That the
judge sees anything is shown by controls: with one sync left out the same images must break.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import subprocess
from typing import Any

import pytest
from powercut.cut import cut, traced
from powercut.disk import EXT4, KINDS, POSIX, Change, Disk, File, Folder
from powercut.judge import LOST, MISSING, OPENS, TORN
from powercut.replay import Replay, replayed
from powercut.trace import calls

SEED = int(os.environ.get("POWERCUT_SEED") or secrets.randbelow(10**6))
IMAGES = 1000


# The disk that the images are made with


def images(disk: Any, times: int = 200) -> Any:
    """Everything that a cut may leave of it, as far as so many draws tell."""
    rng = random.Random(1)
    return {tuple(sorted(disk.image(rng).items())) for _ in range(times)}


def a_disk(kind: Any, content: bytes = b"") -> Any:
    """A disk with one file on it, and nothing un-synced."""
    file = File(bytearray(content), bytearray(content))
    root = Folder({"old": file}, {"old": file})
    return Disk(kind, root), root, file


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_one_sector_is_written_or_not(kind: Any) -> None:
    """Un-synced bytes are there or not; synced ones are there."""
    disk, _, file = a_disk(kind, b"aaaa")
    disk.write(file, Change(2, b"bb"))
    assert images(disk) == {(("old", b"aaaa"),), (("old", b"aabb"),)}
    disk.sync(file)
    assert images(disk) == {(("old", b"aabb"),)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_write_is_torn_at_sectors(kind: Any) -> None:
    """Any of its sectors may be missing; where the file grew they read as zeros."""
    disk, _, file = a_disk(kind)
    disk.write(file, Change(0, b"x" * 1024))
    left = {content for ((_, content),) in images(disk)}
    assert {b"", b"x" * 512, b"\0" * 512 + b"x" * 512, b"x" * 1024} == left


@pytest.mark.parametrize("kind", KINDS)
def test_a_rename_without_a_sync_may_show_an_empty_file(kind: Any) -> None:
    """The classic: temp, write, rename, and no fsync."""
    disk, root, _ = a_disk(kind, b"old")
    fresh = File()
    disk.name(root, {"fresh": fresh})
    disk.write(fresh, Change(0, b"new"))
    disk.rename((root, "fresh"), (root, "old"))
    contents = {dict(image)["old"] for image in images(disk)}
    assert contents == {b"old", b"", b"new"}
    disk.sync(fresh)
    assert {dict(image)["old"] for image in images(disk)} == ({b"new"} if kind == EXT4 else {b"old", b"new"})
    disk.sync(root)
    assert images(disk) == {(("old", b"new"),)}


def test_the_journal_of_ext4_keeps_names_in_order_and_posix_does_not() -> None:
    """Two new names: the second without the first is a state that only posix knows."""
    second_alone = (("b", b""), ("old", b""))
    for kind, known in ((EXT4, False), (POSIX, True)):
        disk, root, _ = a_disk(kind)
        disk.name(root, {"a": File()})
        disk.name(root, {"b": File()})
        assert (second_alone in images(disk)) is known


def test_a_new_folder_is_a_name_of_the_folder_above() -> None:
    """With posix it is lost, and all that is synced in it, until that one is synced too."""
    disk, root, _ = a_disk(POSIX)
    folder, file = Folder(), File()
    disk.name(root, {"new": folder})
    disk.name(folder, {"file": file})
    disk.sync(folder)
    assert (("old", b""),) in images(disk)
    disk.sync(root)
    assert images(disk) == {(("new/file", b""), ("old", b""))}


def test_a_close_that_comes_back_late_takes_no_other_thread_s_sync(tmp_path: Any) -> None:
    """Two threads: one is still closing 7 when the other gets 7, writes and syncs."""

    def name(path: str) -> str:
        return '"' + "".join(f"\\x{byte:02x}" for byte in path.encode()) + '"'

    root, log = tmp_path / "disk", tmp_path / "log"
    folder, fresh, page = str(root), f"{root}/.fresh", f"{root}/page"
    lines = [
        "1 clone(child_stack=NULL, flags=CLONE_VM|CLONE_FILES) = 2",
        f"1 openat(AT_FDCWD, {name(folder)}, O_RDONLY|O_CLOEXEC) = 7",
        "1 close(7 <unfinished ...>",
        f"2 openat(AT_FDCWD, {name(fresh)}, O_WRONLY|O_CREAT|O_EXCL, 0600) = 7",
        f'2 write(7, {name("whole")}, 5) = 5',
        "1 <... close resumed>) = 0",
        "2 fsync(7) = 0",
        f"2 rename({name(fresh)}, {name(page)}) = 0",
    ]  # fmt: skip
    log.write_text("\n".join(lines) + "\n")
    disk = Disk(EXT4, Folder())
    assert list(replayed(calls(log), Replay(disk, root, tmp_path / "marks")))
    assert {dict(image).get("page", b"whole") for image in images(disk)} == {b"whole"}


# The real thing


@pytest.fixture(scope="module")
def strace() -> None:
    """A machine where a child may be traced."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (apt install strace)")
    tried = subprocess.run(["strace", "-f", "--seccomp-bpf", "-o", os.devnull, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"strace cannot trace here: {tried.stderr.strip()}")


@pytest.mark.parallel
@pytest.mark.slow
def test_a_power_cut_costs_no_promise(strace: Any) -> None:
    """1,000 images: the ledger opens sound, no commit that came back is lost, no output is half-written or gone."""
    print(f"POWERCUT_SEED={SEED}")
    with traced() as run:
        assert len(run.promised.commits) > 40
        assert len(run.promised.files) > 30
        verdict = cut(run, IMAGES, SEED)
        named = {path.split(".sqlite")[0].rpartition("/")[2] for path in run.in_place}
        assert not {n for n in named if n != "ledger" and not n.endswith((".lock", ".tmp"))}, "written in place"
    assert verdict.images == IMAGES
    assert verdict.first == [], f"seed {SEED}"


@pytest.mark.parallel
@pytest.mark.slow
@pytest.mark.parametrize(
    ("control", "what"),
    [
        ("synchronous=OFF", {LOST, OPENS}),
        ("delete-full", {LOST}),
        ("no-fsync", {TORN, MISSING}),
        ("no-folder-fsync", {MISSING}),
    ],
)
def test_the_judge_sees_what_is_broken_on_purpose(strace: Any, control: Any, what: Any) -> None:
    """The same run with a sync left out: were this not red, the test above would prove nothing."""
    with traced(control) as run:
        verdict = cut(run, IMAGES, SEED)
    assert verdict.broken, f"seed {SEED}"
    assert what <= set(verdict.counts), f"seed {SEED}"
