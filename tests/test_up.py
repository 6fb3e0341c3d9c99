"""`steadycast up` as a person runs it: one command, everything up, a dropped draft planned, and nothing left behind."""

from __future__ import annotations

import base64
import datetime as dt
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect_server import alive, children_of, free_port, wait_for
from test_flows import make_workspace, steadycast
from up_bench import keyed, upped

from steadycast.cli.up import stopped_by_ctrl_c, telling_the_end


@pytest.fixture
def community(tmp_path: Path) -> Any:
    return make_workspace(tmp_path / "community", "03:30")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`steadycast up`, up, for what leaves it as it was; the last of these tests ends it. Its workspace is `root`."""
    with upped(make_workspace(tmp_path_factory.mktemp("shared") / "community", "03:30")) as process:
        yield process


@pytest.mark.live
@pytest.mark.slow
def test_a_dropped_draft_is_in_the_plan_within_five_seconds(shared: Any) -> None:
    """The person who drops a file looks for it at once."""
    fresh = shared.root / "content" / "pgc" / "dropped.md"
    fresh.write_text("# Dropped just now\n\nWords.\n", encoding="utf-8")
    began = time.monotonic()
    told = wait_for(lambda: "Dropped just now" in (shared.root / "up.log").read_text(encoding="utf-8"), 15, step=0.05)
    assert told, (shared.root / "up.log").read_text()
    assert time.monotonic() - began < 5 + 3  # Prefect's server and flows are still starting beside it
    assert "Dropped just now" in steadycast("plan", "--json", cwd=shared.root)


def asked(port: int, path: str, body: bytes | None = None, **headers: str) -> int:
    """What Prefect's API answers to a GET, or to a POST of that body."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/{path}", body)
    for name, value in {"Content-Type": "application/json", **headers}.items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def listening(port: int) -> set[str]:
    """The local addresses on which anybody listens at that port, as the kernel writes them."""
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and int(row[1].partition(":")[2], 16) == port}


@pytest.mark.live
@pytest.mark.slow
def test_prefects_server_is_for_this_machine_and_who_knows_its_password(shared: Any) -> None:
    """It would run any code that it is told to: no stranger, no browser's page of somebody else may tell it anything."""
    assert listening(shared.port) == {"0100007F"}
    password = shared.root / "var" / "prefect" / "password"
    assert password.stat().st_mode & 0o077 == 0
    known, wrong = (
        f"Basic {base64.b64encode(f'admin:{word}'.encode()).decode()}" for word in (password.read_text().strip(), "x")
    )
    assert asked(shared.port, "admin/version") == 401
    assert asked(shared.port, "admin/version", Authorization=wrong) == 401
    assert asked(shared.port, "admin/version", Authorization=known) == 200
    assert asked(shared.port, "flows/count", b"{}", Authorization=known) == 403, "no CSRF token"


@pytest.mark.live
@pytest.mark.slow
def test_scheduled_flows_run_and_ctrl_c_leaves_no_process(shared: Any) -> None:
    def served() -> bool:
        return "Completed" in (shared.root / "var" / "log" / "flows.log").read_text(errors="replace")

    assert wait_for(served, 120, step=1), "no scheduled flow ran"
    below = children_of(shared.pid)
    names = {Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() for pid in alive(below)}
    assert names == {"up: server", "up: desk", "up: watch", "up: flows"}, "they share what is loaded"
    shared.send_signal(signal.SIGINT)
    began = time.monotonic()
    shared.wait(20)
    assert time.monotonic() - began < 5
    assert not alive(below)
    assert shared.returncode == 0
    assert (shared.root / "up.log").read_text(encoding="utf-8").endswith("\nStopped.\n")


@pytest.mark.parametrize(("terminal", "said"), [(True, "\nStopped.\n"), (False, "Stopped.\n")])
def test_who_stops_it_is_told_that_it_has_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: str, *, terminal: bool
) -> None:
    """In a line of its own: a terminal writes `^C` where the cursor is. What ended by itself said why."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    for interrupt in (True, False):
        stop = threading.Event()
        with telling_the_end(stop), stopped_by_ctrl_c(stop):
            if interrupt:
                raise KeyboardInterrupt
        assert capsys.readouterr().out == (said if interrupt else "")


@pytest.mark.live
@pytest.mark.slow
def test_a_killed_parent_takes_its_children_with_it(community: Any) -> None:
    """SIGKILL of `steadycast up` leaves no server holding the port."""
    with upped(community) as up:
        below = children_of(up.pid)
        up.kill()
        up.wait(5)
        assert wait_for(lambda: not alive(below), 15), alive(below)


@pytest.mark.live
@pytest.mark.parallel
def test_once_does_the_main_job_and_ends(community: Any) -> None:
    """`make run ONCE=1`: a table of what went where, the record, and exit."""
    told = steadycast("up", "--once", cwd=community)
    assert "Next    Soon" in told, "03:30 is not now"
    assert "index.html" in told
    assert not (community / "var" / "out" / "site" / "index.html").exists()
    sample = community / "steadycast.toml"
    sample.write_text(sample.read_text(encoding="utf-8") + "\n[publish]\nshow_first = true\n", encoding="utf-8")
    assert "published" in steadycast("up", "--once", cwd=community)
    assert (community / "var" / "out" / "site" / "index.html").is_file()
    assert "published" not in steadycast("up", "--once", cwd=community), "once only"


@pytest.mark.live
@pytest.mark.slow
def test_an_empty_folder_publishes_at_its_first_hour_and_no_terminal_is_needed(tmp_path: Path) -> None:
    """`up`, four pages in a browser, and the first text is on the site at the hour that was promised there."""
    from desk_bench import browsing

    root, port = tmp_path / "club", free_port()
    root.mkdir()
    with upped(root, "--desk-port", str(port), told=b"No community is here yet") as up, browsing() as browser:
        address = keyed(root, port)
        assert f"http://127.0.0.1:{port}/ (" in (root / "up.log").read_text(encoding="utf-8"), "a log, and no terminal"
        page = browser.new_page(locale="zh-CN", timezone_id="Asia/Shanghai")
        assert wait_for(lambda: listening(port), 60)
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=110)
        page.goto(address)
        page.fill("#name", "读书会")
        page.fill("#timezone", "UTC")
        page.click("button.main")
        page.fill("#title", "每日一篇")
        page.fill("#rhythm", f"每天 {soon:%H:%M}")
        page.click("button.main")
        page.click("button.main")
        page.fill("#text_title", "开卷")
        page.fill("#text", "第一篇。")
        page.click("button.main")
        page.wait_for_url("**/calendar*")
        assert page.locator(".slot.planned", has_text="开卷").count() == 1
        page.locator(".slot.kept", has_text="开卷").wait_for(timeout=240_000)  # shown by itself: nobody loads it
        assert any("第一篇。" in file.read_text(encoding="utf-8") for file in (root / "var/out").rglob("*.html"))
        assert up.poll() is None
