"""A port that another program takes between the look and the start: told with its reason and the way out."""

from __future__ import annotations

import contextlib
import importlib
import socket
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench

from steadycast.cli import ports, stand_by
from steadycast.cli.processes import Processes
from steadycast.errors import InputError

up = importlib.import_module("steadycast.cli.up")  # the command has its module's name


@pytest.fixture
def stolen() -> Iterator[Any]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.fixture
def app(bench: Bench) -> Any:
    return bench.set_up(COMMUNITY + DAILY.replace(', "far"', "") + SITE)


def ended(app: Any, port: Any, code: str = "raise SystemExit(3)") -> Any:
    """What `up` does where its server ends at once."""
    with Processes(app.workspace.var / "log") as processes:
        processes.start("server", ["-c", code], {}, app.workspace.root)
        processes.running["server"].wait(10)
        return up.stay_up(app.workspace, processes, {"PREFECT_API_URL": up.api_at(port)}, threading.Event())


def test_a_server_whose_port_was_taken_says_so_and_names_another(
    app: Any, stolen: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(app, stolen) == 1
    said = capsys.readouterr().err
    assert f"did not start: another program took port {stolen} meanwhile" in said
    assert f"`steadycast up --port {up.free_port(stolen)}`" in said
    assert "code" not in said


def test_one_that_ends_for_another_reason_names_its_log(
    app: Any, stolen: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(app, up.free_port(stolen)) == 1
    assert f"did not start: see {app.workspace.var / 'log' / 'server.log'}" in capsys.readouterr().err


def test_one_that_another_server_answered_for_says_so_too(
    app: Any, stolen: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one on that port said that it is well: ours is dead all the same."""
    monkeypatch.setattr(up, "healthy", lambda *asked: True)
    monkeypatch.setattr(up, "login_shown", lambda workspace: "")
    assert ended(app, stolen) == 1
    assert f"server ended with code 3: another program took port {stolen} meanwhile" in capsys.readouterr().err


def test_health_takes_the_next_port_where_one_is_taken_meanwhile(
    app: Any, stolen: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look said that it was free."""
    looks = iter([stolen])
    real = ports.free_port
    monkeypatch.setattr(ports, "free_port", lambda port: next(looks, None) or real(port))
    with stand_by.watched(app.workspace, stolen):
        address = capsys.readouterr().out.split()[1]
        assert f":{stolen}/" not in address
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(address, timeout=5) as answer:
            assert answer.status == 200


def test_where_no_port_is_free_the_way_out_is_told(stolen: Any) -> None:
    def full(port: Any) -> None:
        raise OSError(98, "Address already in use")

    with pytest.raises(InputError, match=f"no port from {stolen} to") as told:
        ports.listening(stolen, full)
    assert told.value.hint is not None
    assert "--health-port" in told.value.hint
