"""A machine that has no more disk, no more files, no more memory, or a var/ that cannot be written.

At whatever step it happens: nothing is sent after a commit that failed, the message is one line with its hint, and
when there is room again the next tick goes on and makes each delivery once.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import NOON, promised
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench, article

from steadycast import pipeline
from steadycast.delivery import deliver, settle, verify
from steadycast.errors import LedgerError
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.pipeline.app import write_atomically
from steadycast.platform import Receipt
from steadycast.platform.index_file import NAME
from steadycast.testing import Clock, FakeChannel, a_post

LEASE = dt.timedelta(minutes=5)
BEFORE_INTENT = {State.PLANNED, State.DUE, State.CLAIMED}
PAGE = 4096
CHANNELS = ("a", "b", "c")
CLASSES = [
    pytest.param("conditional", marks=pytest.mark.slow),
    "read-back",
    pytest.param("blind", marks=pytest.mark.slow),
]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


class SmallDisk:
    """A file system of its own, of 8 MB, in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(path)], check=True)

    @contextlib.contextmanager
    def leave(self, pages: int) -> Iterator[None]:
        """All of it is full but so many pages."""
        filler = self.path / "filler"
        facts = os.statvfs(self.path)
        with filler.open("wb") as file:
            file.write(b"x" * max(0, facts.f_bavail * facts.f_frsize - pages * PAGE))
        try:
            yield
        finally:
            filler.unlink()

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """Nothing on it can be written."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.path)], check=True)
        try:
            yield
        finally:
            subprocess.run(["mount", "-o", "remount,rw", str(self.path)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    made = SmallDisk(tmp_path / "small")
    try:
        yield made
    finally:
        subprocess.run(["umount", "-l", str(made.path)], check=True)


@contextlib.contextmanager
def descriptors(left: int) -> Iterator[None]:
    """This process may open so many files more."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []
    # Every number below the limit is taken, so that as many are free as are given back.
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limits[0], 256), limits[1]))
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(min(left, len(taken))):
            os.close(taken.pop())
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for fd in taken:
            os.close(fd)


def tick(path: Path, fake: FakeChannel, clock: Clock) -> None:
    """One tick of a process that has just started."""
    with Ledger.open(path) as ledger:
        ledger.recover(clock.now())
        claims = ledger.claim(clock.now(), "worker", LEASE)
        deliver(ledger, claims, a_post, fake.open, clock=clock, workers=1)
        settle(ledger, fake.open, clock=clock, workers=1)
        verify(ledger, fake.open, clock=clock, workers=1)


def tried(path: Path, fake: FakeChannel, clock: Clock) -> str:
    """What a tick says that may fail, "" when it does not: one line, with its hint and its exit code."""
    failed = None
    try:
        tick(path, fake, clock)
    except LedgerError as error:
        failed = error
    if failed is None:
        return ""
    assert failed.exit_code == 3
    assert "\n" not in str(failed)
    assert str(failed).endswith(")"), f"no hint: {failed}"
    return str(failed)


def went_on(path: Path, fake: FakeChannel, clock: Clock) -> dict[State, int]:
    """There is room again: ticks, each when something wakes, for some hours; then what must hold, holds."""
    end = clock.now() + dt.timedelta(hours=11)
    with Ledger.open(path) as ledger:
        while wakes := [d.wake for d in ledger.deliveries() if d.wake and d.wake < end]:
            clock.set_wall(max(clock.now() + dt.timedelta(seconds=1), min(wakes)))
            tick(path, fake, clock)
        sent = Counter(post.key for post in fake.posts)
        assert set(sent.values()) <= {1}, "sent twice"
        states = ledger.counts()
    if fake.platform.delivery == "blind":
        assert set(states) <= {State.PUBLISHED, State.UNKNOWN}
    else:
        assert states == {State.SEEN: len(CHANNELS)}
        assert len(sent) == len(CHANNELS)
    return states


def sent_only_what_was_intended(path: Path, fake: FakeChannel) -> None:
    """Whatever reached the far side had its intent in the ledger."""
    with Ledger.open(path, readonly=True) as ledger:
        states = {row.marker: row.state for row in ledger.deliveries()}
    assert not {post.key for post in fake.posts if states[post.key] in BEFORE_INTENT}


def new(folder: Path, empty: Path, delivery: str) -> tuple[Path, FakeChannel, Clock]:
    """A ledger with a slot on three channels, a far side, a clock."""
    path = folder / "ledger.sqlite"
    for old in folder.glob("ledger.sqlite*"):
        old.unlink()
    shutil.copyfile(empty, path)
    with Ledger.open(path) as ledger:
        promised(ledger, *CHANNELS)
    clock = Clock(NOON)
    return path, FakeChannel(delivery, clock), clock


@pytest.mark.slow
@pytest.mark.parallel
@needs_root
@pytest.mark.parametrize("delivery", CLASSES)
def test_the_disk_is_full_at_each_step(small_disk: SmallDisk, empty_sqlite: Path, delivery: str) -> None:
    """Page by page more room, until a whole tick fits: each write of the ledger in turn is the one that fails."""
    failed, said = 0, ""
    for pages in range(200):
        path, fake, clock = new(small_disk.path, empty_sqlite, delivery)
        with small_disk.leave(pages):
            said = tried(path, fake, clock)
            assert not said or "free some space" in said
            sent_only_what_was_intended(path, fake)
        failed += bool(said)
        states = went_on(path, fake, clock)
        assert said or states.get(State.UNKNOWN, 0) == 0
        if not said:
            break
    assert not said, "a tick never fitted"
    assert failed >= 5


@needs_root
@pytest.mark.parametrize("delivery", CLASSES)
def test_var_is_read_only(small_disk: SmallDisk, empty_sqlite: Path, delivery: str) -> None:
    """Nothing is sent, the message says who must be able to write, and afterwards all goes on."""
    path, fake, clock = new(small_disk.path, empty_sqlite, delivery)
    with small_disk.read_only():
        said = tried(path, fake, clock)
    assert "writable" in said
    assert fake.calls == 0
    assert went_on(path, fake, clock).get(State.UNKNOWN, 0) == 0


@pytest.mark.parametrize("delivery", CLASSES)
def test_there_are_no_more_descriptors_at_each_step(quick_path: Path, empty_sqlite: Path, delivery: str) -> None:
    """One more at a time, until a tick needs no more."""
    failed, said = 0, ""
    for left in range(60):
        path, fake, clock = new(quick_path, empty_sqlite, delivery)
        with descriptors(left):
            said = tried(path, fake, clock)
        assert not said or "open files" in said
        sent_only_what_was_intended(path, fake)
        failed += bool(said)
        went_on(path, fake, clock)
        if not said:
            break
    assert not said
    assert failed >= 3


class Noted(FakeChannel):
    """A far side that outlives the process: what reached it stands in a file."""

    def __init__(self, delivery: Any, clock: Any, file: Any) -> None:
        super().__init__(delivery, clock)
        self.file = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND)

    def request(self, post: Any, part: Any) -> Any:
        os.write(self.file, f"{post.key}\n".encode())
        return post.key

    def look(self, post: Any) -> Any:
        return Receipt(post.key) if post.key in self.keys() else None

    def keys(self) -> Any:
        return os.pread(self.file, 1 << 16, 0).decode().split()


def in_a_child(work: Any, megabytes: Any) -> Any:
    """Whether `work` was done by a child that may have so much more memory than now; what it says ends with it.

    A thread that has no memory to begin with leaves Python waiting for it for ever: that too is a worker's end.
    """
    if (child := os.fork()) == 0:
        code = 1
        try:
            signal.alarm(3)
            now = int(Path("/proc/self/statm").read_text().split()[0]) * PAGE
            resource.setrlimit(resource.RLIMIT_AS, (now, resource.RLIM_INFINITY))
            taken = []
            for size in (1 << 16, 1 << 12, 1 << 9, 64):  # what lies free within the process would do for a long time
                with contextlib.suppress(MemoryError):
                    while True:
                        taken.append(bytearray(size))
            resource.setrlimit(resource.RLIMIT_AS, (now + int(megabytes * (1 << 20)), resource.RLIM_INFINITY))
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # it has threads: 3.12 and later say so of a fork
@pytest.mark.parametrize("delivery", ["conditional", "read-back", "blind"])
def test_there_is_no_more_memory_at_each_step(quick_path: Path, empty_sqlite: Path, delivery: Any) -> None:
    """An eighth of a megabyte more at a time: whatever the worker died of, others go on from the ledger."""
    failed = 0
    for step in range(320):
        path, _, clock = new(quick_path, empty_sqlite, delivery)
        (quick_path / "far").unlink(missing_ok=True)
        fake = Noted(delivery, clock, quick_path / "far")
        done = in_a_child(lambda: tick(path, fake, clock), step / 8)
        with Ledger.open(path) as ledger:
            states = {row.marker: row.state for row in ledger.deliveries()}
            assert not {key for key in fake.keys() if states[key] in BEFORE_INTENT}, step
            clock.set_wall(NOON + dt.timedelta(minutes=6))
            while wakes := [d.wake for d in ledger.deliveries() if d.wake and d.wake < NOON + dt.timedelta(hours=11)]:
                clock.set_wall(max(clock.now() + dt.timedelta(seconds=1), min(wakes)))
                tick(path, fake, clock)
            assert max(Counter(fake.keys()).values(), default=0) <= 1, step
            if delivery != "blind":
                assert ledger.counts() == {State.SEEN: len(CHANNELS)}, step
        os.close(fake.file)
        failed += not done
        if done:
            break
    assert done
    assert failed >= 5


@needs_root
def test_outputs_on_a_full_disk_are_whole_or_as_they_were(small_disk: SmallDisk) -> None:
    """Whatever does not fit leaves the old file, and nothing beside it."""
    folder = small_disk.path / "out"
    write_atomically(folder, "page.html", b"old" * 4000)
    for pages in range(12):
        with small_disk.leave(pages):
            with contextlib.suppress(OSError):
                write_atomically(folder, "page.html", b"new" * 8000)
                break
            assert (folder / "page.html").read_bytes() == b"old" * 4000
        assert [f.name for f in folder.iterdir()] == ["page.html"]
    assert (folder / "page.html").read_bytes() == b"new" * 8000


@needs_root
@pytest.mark.parallel
@pytest.mark.slow
def test_publishing_on_a_full_disk_goes_on_when_there_is_room(
    small_disk: SmallDisk, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole verb, pages and kit and all: every delivery is there once, by its own channel's word."""
    channels = DAILY.replace('["site", "far"]', '["site", "hand"]') + SITE + '[channel.hand]\nplatform = "paste"\n'
    for pages in (0, 1, 2, 3, 5, 8, 12, 16, 20, 24, 28, 32, 40, 48, 64, 96):
        shutil.rmtree(small_disk.path / "var", ignore_errors=True)
        shutil.rmtree(bench.root, ignore_errors=True)
        monkeypatch.setenv("STEADYCAST_VAR", str(small_disk.path / "var"))
        app = bench.set_up(COMMUNITY + channels, {"pgc/1.md": article("One")})
        bench.at(23, 9, 0)
        pipeline.collect(app, bench.clock.now())
        pipeline.plan(app, bench.clock.now())
        bench.at(23, 20, 0)
        with small_disk.leave(pages), contextlib.suppress(LedgerError, OSError):
            pipeline.publish(app)
        for _ in range(8):
            bench.clock.advance(dt.timedelta(minutes=10))
            pipeline.verify(app, bench.clock.now())
            pipeline.publish(app)
        states = {row.channel: row.state for row in app.ledger.deliveries(slots=["daily@2026-11-23T20:00"])}
        assert states == {"site": State.SEEN, "hand": State.HANDED}, pages
        hidden = {f.name for f in (small_disk.path / "var/out").rglob(".*") if f.is_file()}
        assert hidden <= {NAME, f"{NAME}-journal"}, pages  # the index of posts is, and no file that was begun
        app.close()


def run(bench: Any, *words: Any, limit: Any = None, var: Any = None) -> Any:
    """A command, as its own process."""
    environment = {
        **os.environ,
        "STEADYCAST_WORKSPACE": str(bench.root),
        **({"STEADYCAST_VAR": str(var)} if var else {}),
    }
    code = "import sys; from steadycast.cli import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", code, *words], env=environment, capture_output=True, text=True, preexec_fn=limit
    )


def says_one_line(done: Any) -> None:
    """Exit code 3, one line, a hint, no traceback."""
    assert done.returncode == 3, done
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stderr.strip().endswith(")")
    assert "Traceback" not in done.stderr


@needs_root
@pytest.mark.parallel
@pytest.mark.slow
def test_the_command_line_says_it_in_one_line(small_disk: SmallDisk, bench: Bench, empty_sqlite: Path) -> None:
    """A full disk and a read-only one, as an operator sees them; afterwards the same command works."""
    bench.set_up(COMMUNITY + DAILY.replace('["site", "far"]', '["site"]') + SITE, {"pgc/1.md": article("One")})
    var = small_disk.path / "var"
    assert run(bench, "intake", var=var).returncode == 0
    assert run(bench, "plan", var=var).returncode in (0, 1)  # one draft leaves gaps
    with small_disk.leave(0):
        says_one_line(run(bench, "publish", "daily", var=var))
    with small_disk.read_only():
        says_one_line(run(bench, "publish", "daily", var=var))
    done = run(bench, "publish", "daily", var=var)
    assert done.returncode == 0, done
    assert len(list((var / "out" / "site" / "daily").glob("2*.html"))) == 1
