"""A site whose pages two processes make again: as one would have made them, whoever of the two is killed."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from platform_bench import PLATFORMS, opened, tree
from test_channel_site_renewal import Counted, grown, killed_at, many, visible

from steadycast.crash_safety import forks
from steadycast.platform.registry import load

POSTS, TURN = 30, 20
Write = Callable[[str, bytes], Path]


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes make what is stale, however little it is, on any machine."""
    load(PLATFORMS["site"])
    monkeypatch.setattr(sys.modules["steadycast_channel_site.renewal"], "WORTH_A_FORK", 2)
    monkeypatch.setattr(forks, "are_worth_it", lambda: True)


def edited(site: Counted, by: Callable[[Write], Write] = lambda write: write) -> Any:
    """The adapter of that site with other templates, as it were, and a `write` of its own."""
    told = {**site.channel.settings, "podcast": "https://hu.example/other.xml"}
    return opened(replace(site.channel, settings=told, write=by(site.channel.write)))


def renewed(adapter: Any) -> None:
    while adapter.renew(TURN) is not None:
        pass


@pytest.fixture
def by_one(tmp_path: Path) -> dict[str, bytes]:
    """The site with other templates, as one process makes it."""
    site = Counted(tmp_path / "one")
    grown(site, tmp_path / "in", POSTS)
    renewed(edited(site))
    return visible(site.out)


def site_of(tmp_path: Path) -> Counted:
    site = Counted(tmp_path / "two")
    grown(site, tmp_path / "in", POSTS)
    return site


def noting(log: Path) -> Callable[[Write], Write]:
    """Each file that is written, with the process that does."""

    def by(write: Write) -> Write:
        def noted(name: str, data: bytes) -> Path:
            with log.open("a") as file:
                file.write(f"{os.getpid()} {name}\n")
            return write(name, data)

        return noted

    return by


def waiting(log: Path) -> Callable[[Write], Write]:
    """As `noting`; nobody goes on alone: the first page of each turn waits until the other process has one too."""
    parent = os.getpid()

    def by(write: Write) -> Write:
        noted = noting(log)(write)

        def waited(name: str, data: bytes) -> Path:
            written = noted(name, data)
            for _ in range(1000):
                if len({line.split()[0] for line in log.read_text().splitlines()}) > 1 or os.getpid() != parent:
                    break
                time.sleep(0.01)
            return written

        return waited

    return by


@pytest.mark.usefixtures("shared")
def test_two_processes_make_what_one_would(tmp_path: Path, by_one: dict[str, bytes]) -> None:
    """Whoever is through takes more, none of them twice; and a turn has twice as many pages."""
    site, log = site_of(tmp_path), tmp_path / "log"
    adapter = edited(site, waiting(log))
    before = adapter.renew(TURN)
    assert before - adapter.renew(TURN) == 2 * TURN
    renewed(adapter)
    assert visible(site.out) == by_one
    lines = [line.split() for line in log.read_text().splitlines()]
    names = [name for _, name in lines]
    assert len(set(names)) == len(names)
    assert str(os.getpid()) in {pid for pid, _ in lines} != {str(os.getpid())}


@pytest.mark.usefixtures("shared")
def test_what_a_fork_did_not_do_its_parent_does(tmp_path: Path, by_one: dict[str, bytes]) -> None:
    """It is killed by something, or a disk is full just then."""
    site, parent = site_of(tmp_path), os.getpid()

    def by(write: Write) -> Write:
        left = [3]

        def killed(name: str, data: bytes) -> Path:
            left[0] -= os.getpid() != parent
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return write(name, data)

        return killed

    renewed(edited(site, by))
    assert visible(site.out) == by_one


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("at", [1, 7, 19])
def test_a_renewal_by_two_that_is_killed_goes_on(tmp_path: Path, by_one: dict[str, bytes], at: int) -> None:
    """Also when it was killed so that it could tell nobody: its fork ends with it."""
    site = site_of(tmp_path)
    if not (pid := os.fork()):
        os.environ.clear()
        parent = os.getpid()

        def by(write: Write) -> Write:
            left = [at]

            def killed(name: str, data: bytes) -> Path:
                left[0] -= os.getpid() == parent
                if left[0] == 0:
                    os.kill(parent, signal.SIGKILL)
                return write(name, data)

            return killed

        try:
            renewed(edited(site, by))
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    renewed(edited(site))
    assert visible(site.out) == by_one


@pytest.mark.usefixtures("shared")
def test_a_renewal_that_fails_leaves_no_fork_behind(
    tmp_path: Path, by_one: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, begun, fork = site_of(tmp_path), list[int](), os.fork

    def noted() -> int:
        begun.append(fork())
        return begun[-1]

    with monkeypatch.context() as patched:
        patched.setattr(os, "fork", noted)
        with pytest.raises(KeyboardInterrupt):
            edited(site, lambda write: killed_at(write, 5)).renew(TURN)
    assert len(begun) == 1
    with pytest.raises(ChildProcessError):
        os.waitpid(begun[0], os.WNOHANG)
    renewed(edited(site))
    assert visible(site.out) == by_one


@pytest.mark.usefixtures("shared")
def test_a_publish_forks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is within the time of a send, and whoever is killed there must be one."""
    site = Counted(tmp_path / "two")
    grown(site, tmp_path / "in", 5)
    monkeypatch.delattr(os, "fork")
    edited(site).publish(many(tmp_path / "in", 5))
    assert all(b"other.xml" in data for name, data in tree(site.out).items() if name.endswith(".html"))
