"""Whose a workspace is, and who may read along: other users of the machine, and members who write in its folder."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, EVENING, MORNING, Bench, article

from steadycast import pipeline
from steadycast.errors import SettingsError
from steadycast.ops import doctor_checks
from steadycast.workspace import paths
from steadycast.workspace.paths import find_root


def mode(path: Any) -> int:
    return stat.S_IMODE(path.stat().st_mode)


LETTERS = """
[series.daily]
every = "day at 20:00"
channels = ["site", "letters", "hand"]

[channel.site]
platform = "pages"

[channel.letters]
platform = "paste"

[channel.hand]
platform = "paste"
"""


@pytest.fixture
def published(bench: Bench) -> Any:
    bench.set_up(COMMUNITY + LETTERS, {"pgc/a.md": article("Post")})
    var = bench.app.workspace.var
    var.chmod(0o755)
    (var / "prefect").mkdir(mode=0o755)
    (var / "notes.txt").write_text("x")
    pipeline.collect(bench.app, MORNING)
    pipeline.plan(bench.app, MORNING)
    bench.clock.advance(EVENING - bench.clock.now())
    pipeline.publish(bench.app)
    return bench


def test_var_is_its_owners_alone_and_what_is_served_is_readable(published: Any) -> None:
    var = published.app.workspace.var
    assert mode(var) == 0o700
    published.open().ledger.last_tick()
    assert {entry.name for entry in var.iterdir() if mode(entry) & 0o077} == {"out"}
    for lock in var.rglob("*.lock"):
        assert mode(lock) == 0o600, lock
    assert list(var.rglob("*.lock"))
    assert mode(var / "out" / "site") & 0o055 == 0o055
    assert mode(var / "out" / "site" / "index.html") & 0o044 == 0o044
    assert {name: mode(var / "out" / name) for name in ("letters", "hand")} == {"letters": 0o700, "hand": 0o700}


def test_a_web_servers_group_may_pass_and_is_not_shut_out_again(published: Any) -> None:
    var = published.app.workspace.var
    var.chmod(0o710)
    published.open().ledger.last_tick()
    assert mode(var) == 0o710
    assert "pass to var/out" in doctor_checks.readers(var, var.stat().st_mode).message
    assert doctor_checks.readers(var, 0o755).severity == "warn"


def test_somebody_elses_folder_is_left_as_it_is(
    published: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    monkeypatch.setenv("STEADYCAST_VAR", str(shared))
    published.app.workspace.make_private()
    assert mode(shared) == 0o755
    (shared / "ledger.sqlite").touch(0o600)
    published.app.workspace.make_private()
    assert mode(shared) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_of_the_machine_reads_nothing_and_takes_no_lock(published: Any) -> None:
    """As `nobody`: neither the ledger, nor a letter, nor a lock that would stop intake and plan."""
    var = published.app.workspace.var
    script = (
        "import fcntl, os, sys\nos.setgid(65534); os.setuid(65534)\n"
        "for name in sys.argv[1:]:\n"
        "    try: fcntl.flock(open(name), fcntl.LOCK_EX | fcntl.LOCK_NB); print('took', name)\n"
        "    except PermissionError: pass\n"
    )
    for folder in published.root.parents:  # pytest's own are private: the workspace's alone are asked about
        if os.stat(folder).st_uid == os.geteuid() and folder != folder.parent:
            folder.chmod(mode(folder) | 0o011)
    names = [str(file) for file in var.rglob("*") if file.is_file()]
    done = subprocess.run([sys.executable, "-c", script, *names], capture_output=True, text=True, check=True)
    assert done.stdout == ""


SETTINGS_OF_A_MEMBER = '[community]\nname = "Evil"\ntimezone = "UTC"\n'


def test_a_settings_file_below_content_is_none(published: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator who stands in a member's folder runs the house's workspace, and no adapter of the member's."""
    theirs = published.root / "content" / "ugc" / "eve" / "deep"
    theirs.mkdir(parents=True)
    for folder in (theirs, theirs.parent):
        (folder / "steadycast.toml").write_text(SETTINGS_OF_A_MEMBER)
    assert find_root(theirs) == published.root
    monkeypatch.chdir(theirs)
    monkeypatch.delenv("STEADYCAST_WORKSPACE", raising=False)
    assert find_root() == published.root


def test_a_workspace_in_a_workspace_is_still_one(published: Any) -> None:
    """Beside content/, as this repository's tests have them."""
    inner = published.root / "drill"
    inner.mkdir()
    (inner / "steadycast.toml").write_text(SETTINGS_OF_A_MEMBER)
    assert find_root(inner) == inner


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_workspace_of_another_user_is_refused_unless_it_is_named(
    published: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STEADYCAST_WORKSPACE", raising=False)
    monkeypatch.delenv("SUDO_UID", raising=False)
    os.chown(published.root / "steadycast.toml", 12345, 12345)
    with pytest.raises(SettingsError, match="another user"):
        find_root(published.root)
    monkeypatch.setenv("SUDO_UID", "12345")
    assert find_root(published.root) == published.root
    monkeypatch.delenv("SUDO_UID")
    monkeypatch.setenv("STEADYCAST_WORKSPACE", str(published.root))
    assert find_root() == published.root
    monkeypatch.setattr(paths.os, "geteuid", lambda: 12345)
    assert find_root(published.root) == published.root
