"""One `steadycast up` a workspace: a second one says where the first is; one that was killed keeps nobody out."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect_server import alive, children_of, free_port, wait_for
from test_flows import make_workspace
from up_bench import upped

from steadycast.cli import main
from steadycast.language import speak
from steadycast.ops import desk_proof, one_up
from steadycast.workspace.paths import Paths

# An `up` as far as the lock is concerned, with a child that was forked and outlives it.
HOLDER = """
import os, sys, time
from pathlib import Path
from steadycast.cli.desk import note_port
from steadycast.ops import one_up
from steadycast.workspace.paths import Paths
ours = one_up.take(Paths(Path(sys.argv[1])))
ours.say(fault="before")
note_port(Paths(Path(sys.argv[1])), 8429)
if not os.fork():
    time.sleep(300)
print("here", flush=True)
time.sleep(300)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Any]:
    """A process that has the workspace, in a session of its own."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "here\n"
        yield process
        os.killpg(process.pid, signal.SIGKILL)


def test_a_workspace_is_one_processes_until_it_is_killed_whatever_child_outlives_it(
    tmp_path: Path, holder: Any
) -> None:
    """The mark that it leaves says nothing any more, as after a power cut."""
    assert one_up.take(Paths(tmp_path)) is None
    below = children_of(holder.pid)
    holder.kill()
    holder.wait(10)
    assert alive(below), "a fork of it is still there"
    assert one_up.told(Paths(tmp_path))["fault"] == "before"
    ours = one_up.take(Paths(tmp_path))
    assert ours is not None
    with ours:
        assert "fault" not in one_up.told(Paths(tmp_path))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", r"^steadycast: this workspace is already up, since .+ \d\d:\d\d: its desk answers at (\S+)"),
        ("zh-CN", r"^steadycast: 这个工作区已经在运行，.+ \d\d:\d\d 启动的，工作台在 (\S+)"),
    ],
)
@pytest.mark.usefixtures("holder")
def test_a_second_up_says_in_a_sentence_where_the_first_is_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str, said: str
) -> None:
    monkeypatch.setattr(desk_proof, "is_ours", lambda _key, port: port == 8429)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEADYCAST_LANGUAGE", language)
    with pytest.raises(SystemExit) as ended:
        main(["up"])
    speak("en")
    assert ended.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    found = re.search(said, line)
    assert found, line
    assert found[1] == "http://127.0.0.1:8429/"
    assert (tmp_path / "var" / "desk" / "key").read_text(encoding="utf-8").strip() not in line
    assert "steadycast desk --address" in line
    assert not (tmp_path / "var" / "log").exists(), "it starts nothing"


@pytest.mark.usefixtures("holder")
def test_what_cannot_be_read_of_the_first_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "var" / "up.lock").write_text("[", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEADYCAST_LANGUAGE", "en")
    with pytest.raises(SystemExit):
        main(["up"])
    assert "this workspace is already up" in capsys.readouterr().err


@pytest.mark.live
@pytest.mark.slow
def test_a_killed_up_whose_children_are_still_there_is_followed_by_another(tmp_path: Path) -> None:
    community, port = make_workspace(tmp_path / "community", "03:30"), free_port()
    with upped(community, "--desk-port", str(port)) as first:
        again = [sys.executable, "-c", "from steadycast.cli import main; main()"]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("STEADYCAST_", "PREFECT_"))}
        given: Any = {"cwd": community, "env": clean | {"STEADYCAST_LANGUAGE": "en"}, "capture_output": True}
        second = subprocess.run([*again, "up"], timeout=60, text=True, check=False, **given)
        assert second.returncode == 2
        assert f"http://127.0.0.1:{port}/" in second.stderr
        once = subprocess.run([*again, "up", "--once"], timeout=120, text=True, check=False, **given)
        assert once.returncode == 0, "the ledger keeps the two apart"
        key = (community / "var" / "desk" / "key").read_text(encoding="utf-8").strip()
        asked = subprocess.run([*again, "desk", "--address"], timeout=60, text=True, check=False, **given)
        assert f"http://127.0.0.1:{port}/?key={key}" in asked.stdout
        report = json.dumps((community / "var" / "desk" / "report").read_text(encoding="utf-8")).strip('"')
        assert f"Report      {report}" in asked.stdout
        below = children_of(first.pid)
        for pid in below:
            os.kill(pid, signal.SIGSTOP)  # what its death tells them waits
        first.kill()
        first.wait(10)
        assert alive(below)
        try:
            with upped(community) as another:
                assert another.poll() is None
        finally:
            for pid in below:
                os.kill(pid, signal.SIGKILL)
        logs = [community / "up.log", *(community / "var" / "log").iterdir()]
        assert not [log for log in logs if key.encode() in log.read_bytes()]
        assert wait_for(lambda: not alive(below), 15)
