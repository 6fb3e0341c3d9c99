"""`steadycast up` and its desk: one that hangs or dies is started again, and no slot is late for it."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from command_line import SITE_ONLY
from pipeline_bench import Bench
from prefect_server import children_of, free_port, wait_for
from test_desk_load import SHANGHAI
from test_flows import finished, make_workspace
from up_bench import keyed, upped

from steadycast.cli import processes
from steadycast.cli.desk import key_of, noted_port
from steadycast.cli.desk_hangs import Asked
from steadycast.cli.processes import Processes

up = importlib.import_module("steadycast.cli.up")  # the command has its module's name


def test_a_desk_that_hangs_is_ended_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is there, and takes connections, and answers none: nobody but who asks it can tell."""
    monkeypatch.setattr(processes, "PAUSE", 0.0)
    port = free_port()
    with Processes(tmp_path / "log") as children:
        command = ["-m", "http.server", "--bind", "127.0.0.1", str(port)]
        children.start("desk", command, {}, tmp_path, again=True)
        first = children.running["desk"]
        assert wait_for(lambda: answers(port), 30)
        asked = Asked(lambda: port, 0.3)
        os.kill(first.pid, signal.SIGSTOP)
        assert wait_for(lambda: up.see_to(children, asked) or children.running["desk"] is not first, 30, step=0.05)
        assert first.returncode == -signal.SIGKILL
        assert wait_for(lambda: answers(port), 30)
        assert children.running["desk"].pid != first.pid
    assert "started again" in capsys.readouterr().err


@pytest.mark.live
@pytest.mark.slow
def test_no_slot_is_late_for_a_desk_that_hangs_and_one_that_died_is_back_at_its_address(tmp_path: Path) -> None:
    port = free_port()
    slot = (dt.datetime.now(SHANGHAI) + dt.timedelta(seconds=130)).replace(second=0, microsecond=0)
    community = make_workspace(tmp_path / "community", f"{slot:%H:%M}")
    with upped(community, "--desk-port", str(port)) as process:
        os.kill(_desk(process.pid), signal.SIGKILL)
        assert wait_for(lambda: answers(port), 60)
        assert requests.get(keyed(community, port), timeout=30).status_code == 200
        wait_for(lambda: dt.datetime.now(SHANGHAI) >= slot - dt.timedelta(seconds=5), 130)
        os.kill(_desk(process.pid), signal.SIGSTOP)
        assert wait_for(lambda: len(finished(community)) == 2, 60)
        assert all(d["finished"] - d["at"] < dt.timedelta(seconds=30) for d in finished(community))
        assert wait_for(lambda: answers(port), 120)
        assert requests.get(keyed(community, port), timeout=30).status_code == 200
        assert process.poll() is None


@pytest.mark.slow
def test_a_desk_that_is_back_at_another_port_is_found_there(
    bench: Bench, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program took its own meanwhile, and is told no key."""
    monkeypatch.setattr(processes, "PAUSE", 0.0)
    place, port = bench.set_up(SITE_ONLY).workspace, free_port()
    with Processes(bench.root / "log") as children, contextlib.ExitStack() as stack:
        asked = up.start_desk(place, children, port, prefect="http://127.0.0.1:9/api")
        assert wait_for(lambda: noted_port(place) == port, 60)
        assert place.desk_port.stat().st_mode & 0o777 == 0o600
        os.kill(children.running["desk"].pid, signal.SIGKILL)
        children.running["desk"].wait(10)
        stack.enter_context(socket.create_server(("127.0.0.1", port)))
        up.see_to(children, asked)
        assert wait_for(lambda: noted_port(place) != port, 60)
        moved, key = noted_port(place), key_of(place)
        assert asked._port() == moved, "it is what is asked whether it hangs"
        assert f"http://127.0.0.1:{moved}/" in run("desk", "--address", code=0)[1]
        assert f"http://127.0.0.1:{moved}/" in up.already_up(place)
        assert requests.get(f"http://127.0.0.1:{moved}/?key={key}", timeout=30).status_code == 200


@pytest.mark.parametrize("said", ["99999", "-1", "0", "8420x", "9" * 5000, ""])
def test_a_note_that_names_no_port_is_none(bench: Bench, said: str) -> None:
    place = bench.set_up(SITE_ONLY).workspace
    place.desk_port.parent.mkdir(parents=True, exist_ok=True)
    place.desk_port.write_text(said, encoding="utf-8")
    assert noted_port(place) == 0


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize(("told", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
def test_the_desk_ends_when_it_is_told_to_also_with_a_page_open(tmp_path: Path, told: int, code: int) -> None:
    port = free_port()
    with Processes(tmp_path / "log") as children:
        command = ["-c", "from steadycast.cli import main; main()", "desk", "--port", str(port)]
        children.start("desk", command, {}, tmp_path)
        desk, log = children.running["desk"], tmp_path / "log" / "desk.log"
        assert wait_for(lambda: answers(port), 60)
        assert f"Desk        http://127.0.0.1:{port}/ (" in log.read_text(encoding="utf-8")
        assert f"`steadycast desk --address --port {port}`" in log.read_text(encoding="utf-8")
        assert "key=" not in log.read_text(encoding="utf-8")
        session = requests.Session()
        session.get(keyed(tmp_path, port), timeout=30)
        with session.get(f"http://127.0.0.1:{port}/events", stream=True, timeout=30) as page:
            assert page.status_code == 200
            os.kill(desk.pid, told)
            assert desk.wait(20) == code


def _desk(up: int) -> int:
    names = {pid: Path(f"/proc/{pid}/comm").read_text(encoding="utf-8") for pid in children_of(up)}
    return next(pid for pid, name in names.items() if name == "up: desk\n")


def answers(port: int) -> bool:
    """Whether the desk says anything at all."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/static/", timeout=1).status_code > 0
    except requests.RequestException:
        return False
