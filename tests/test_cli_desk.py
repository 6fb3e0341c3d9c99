"""Commands about the desk: a new workspace, its deployments, its platforms, and what was published before."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from command_line import A_PERSON, BAD_INPUT, OK, SITE_ONLY, stocked
from pipeline_bench import Bench, article
from starlette.testclient import TestClient

from steadycast.cli.desk import address, key_of, note_port, shown
from steadycast.cli.up import already_up
from steadycast.desk.server import made
from steadycast.ops import desk_proof
from steadycast.testing import drop
from steadycast.workspace import load


def test_deploy_writes_what_check_then_agrees_with(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    stocked(bench)
    assert "there is no prefect.yaml" in run("deploy", "--check", code=A_PERSON)[1]
    assert run("deploy", code=OK)[1] == "wrote prefect.yaml\n"
    assert "agrees" in run("deploy", "--check", code=OK)[1]
    run("check", code=OK)


def test_deploy_says_what_it_has_corrected(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    """And not that the file is wrong, which it has just put right."""
    stocked(bench)
    run("deploy", code=OK)
    file = bench.root / "prefect.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("*/5 * * * *", "*/6 * * * *"), encoding="utf-8")
    assert "verify/verify: schedules differs" in run("deploy", "--check", code=A_PERSON)[1]
    assert run("deploy", code=OK)[1] == "wrote prefect.yaml\n  verify/verify: schedules corrected\n"
    assert "agrees" in run("deploy", code=OK)[1]


def test_a_server_that_takes_no_deployments_is_one_line(
    bench: Bench, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prefect answers with a page of traceback, and writes where JSON belongs."""
    bench.set_up(SITE_ONLY)
    run("deploy", code=OK)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    page = "print('Deploying...'); raise ConnectionError('All connection attempts failed')"
    monkeypatch.setattr("steadycast.cli.setup.PREFECT", [sys.executable, "-c", page])
    _, out, err = run("deploy", "--push", "--json", code=A_PERSON)
    assert json.loads(out) == {"differences": [], "written": False}
    assert err.startswith("steadycast: prefect deploy failed: ConnectionError: All connection attempts failed (the ser")
    assert err.count("\n") == 1


def test_an_ejected_platform_is_the_workspaces_and_works(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any]
) -> None:
    stocked(bench, SITE_ONLY.replace('platform = "pages"', 'platform = "mine"'))
    run("channel", "eject", "pages", "--name", "mine", code=OK)
    assert "give the copy another name" in run("channel", "eject", "pages", "--name", "mine", code=BAD_INPUT)[2]
    assert {row["platform"]: row["from"] for row in told("channel", "list")}["mine"] == "workspace"
    run("intake", code=OK)
    assert "published" in run("publish", "daily", code=OK)[1]


@pytest.mark.parametrize("name", ["../outside", "Mine", "my platform", "/mine", ".", "__pycache__"])
def test_a_copy_needs_a_name_that_can_be_a_platforms(
    bench: Bench, run: Callable[..., tuple[int, str, str]], name: str
) -> None:
    """Nothing is written outside channels/, nor a folder that nobody would find."""
    bench.set_up(SITE_ONLY)
    before = sorted(bench.root.rglob("*"))
    assert "a-z" in run("channel", "eject", "pages", f"--name={name}", code=BAD_INPUT)[2]
    assert sorted(bench.root.rglob("*")) == before


def test_a_broken_platform_folder_is_named_and_the_others_are_listed(
    bench: Bench, run: Callable[..., tuple[int, str, str]]
) -> None:
    bench.set_up(SITE_ONLY)
    drop(bench.root, "channels/mine/channel.toml", "api = 2\n")
    _, out, err = run("channel", "list", code=A_PERSON)
    assert "site" in out
    assert "channels/mine/channel.toml" in err


def test_a_new_workspace_works_at_once(
    bench: Bench, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """init, check, intake, plan, publish: in a folder that was empty."""
    bench.root.mkdir()
    out = run(
        "init", "reading", "--name", "My 'own' \"club\"", "--timezone", "Europe/Berlin", "--language", "en", code=OK
    )[1]
    assert "Next: cd reading && steadycast up" in out
    bench.root = bench.root / "reading"
    assert load(bench.root).community.name == "My 'own' \"club\""
    said, *placeholders = run("check", code=OK)[1].splitlines()
    assert said == "Nothing has to be fixed. Please read the notes."
    assert ["example.org" in each for each in placeholders] == [True, True]
    first = bench.root / "content" / "pgc" / "first.md"
    first.write_text(re.sub(r"draft: true.*\n", "", first.read_text(encoding="utf-8")), encoding="utf-8")
    run("intake", code=OK)
    run("plan", code=A_PERSON)
    assert "there is a workspace already" in run("init", ".", code=BAD_INPUT)[2]


def test_a_zone_that_does_not_exist_makes_no_workspace(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    bench.root.mkdir()
    assert "did you mean 'Europe/Berlin'" in run("init", "x", "--timezone", "Europe/Berlim", code=BAD_INPUT)[2]
    assert not (bench.root / "x").exists()


def test_what_would_make_no_workspace_writes_nothing(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    bench.root.mkdir()
    assert "for example zh-CN" in run("init", "x", "--language", "klingon", code=BAD_INPUT)[2]
    assert not (bench.root / "x").exists()
    drop(bench.root, "theirs/prefect.yaml", "name: theirs\n")
    assert "written over" in run("init", "theirs", code=BAD_INPUT)[2]
    assert (bench.root / "theirs" / "prefect.yaml").read_text() == "name: theirs\n"


def test_backfill_says_what_it_read(
    bench: Bench, run: Callable[..., tuple[int, str, str]], told: Callable[..., Any], tmp_path: Path
) -> None:
    bench.set_up(SITE_ONLY)
    (tmp_path / "2026-01-05-post.md").write_text(article("Post"))
    found = told("backfill", tmp_path, "--series", "daily", "--dry-run")
    assert set(found) == {"items", "kept", "missed", "unplaced", "problems", "written", "used", "summary"}
    assert "1 item: 1 slot kept" in run("backfill", tmp_path, "--series", "daily", code=OK)[1]


def test_backfill_says_what_it_left_out_and_that_a_rehearsal_is_one(
    bench: Bench, run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    bench.set_up(SITE_ONLY)
    (tmp_path / "2026-11-20-post.md").write_text(article("Post"))
    (tmp_path / "undated.md").write_text("Words.\n")
    out = run("backfill", tmp_path, "--series", "daily", "--dry-run", code=A_PERSON)[1]
    assert "undated.md: has no date in the past (add date: to its front matter, or use the repository)" in out
    assert "a rehearsal: nothing is written; 1 left out" in out


def test_a_source_with_nothing_in_it_is_not_passed_over(
    bench: Bench, run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    """An empty folder, or a repository without its files: a slip, not a record."""
    bench.set_up(SITE_ONLY)
    (tmp_path / "empty").mkdir()
    assert "nothing is there" in run("backfill", tmp_path / "empty", "--series", "daily", code=BAD_INPUT)[2]


@contextlib.contextmanager
def desk_with(key: str) -> Iterator[tuple[int, list[str]]]:
    """A desk with this key: its port, and what it was asked for."""
    asked: list[str] = []

    class Desk(FakeDesk):
        the_key, heard = key, asked

    with listening(Desk) as port:
        yield port, asked


@contextlib.contextmanager
def listening(answers: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """A server on this machine; its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_port
        server.shutdown()


class FakeDesk(BaseHTTPRequestHandler):
    """Proves itself as the desk with its key does."""

    the_key = ""
    heard: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """The proof of whatever is asked."""
        self.heard.append(self.path)
        self.send_response(200)
        self.end_headers()
        assert isinstance(self.server, ThreadingHTTPServer)
        asked = self.path.partition("=")[2]
        self.wfile.write(desk_proof.answer(self.the_key, "127.0.0.1", self.server.server_port, asked).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def test_the_whole_address_of_a_desk_is_printed_when_it_is_asked_for(
    bench: Bench, run: Callable[..., tuple[int, str, str]]
) -> None:
    """Of the one that `up` started, or of the one that is named; a mark of an `up` that has ended names nobody's."""
    app = bench.set_up(SITE_ONLY)
    assert "no desk answers at port 9" in run("desk", "--address", "--port", "9", code=BAD_INPUT)[2]
    key = key_of(app.workspace)
    with desk_with(key) as (of_up, _), desk_with(key) as (alone, _):
        note_port(app.workspace, of_up)
        report = f"http://127.0.0.1:{alone}/REPORT/out/report/index.html"
        app.workspace.report_address.write_text(report, encoding="utf-8")
        out = run("desk", "--address", code=OK)[1]
        assert f"http://127.0.0.1:{of_up}/?key={key}\n" in out
        assert f"{report}\n" in out
        assert f"http://127.0.0.1:{alone}/?key={key}\n" in run("desk", "--address", "--port", str(alone), code=OK)[1]


def test_who_took_the_port_of_a_desk_that_is_down_is_told_no_key(
    bench: Bench, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user's program: one that answers anything, another workspace's desk, and one that asks the real desk."""
    app = bench.set_up(SITE_ONLY)
    key = key_of(app.workspace)
    with desk_with(key) as (real, _), desk_with("another") as (foreign, asked):

        class HandsOn(FakeDesk):
            def do_GET(self) -> None:
                with urllib.request.urlopen(f"http://127.0.0.1:{real}{self.path}") as answer:
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(answer.read())

        class Drips(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                with contextlib.suppress(OSError):
                    for _ in range(100):
                        self.wfile.write(b"H")
                        time.sleep(0.05)

        monkeypatch.setattr(desk_proof, "WAIT", 1.0)
        with (
            listening(HandsOn) as between,
            listening(SimpleHTTPRequestHandler) as anything,
            listening(Drips) as slow,
        ):
            for port in (foreign, between, anything, slow):
                note_port(app.workspace, port)
                _, out, err = run("desk", "--address", "--port", str(port), code=BAD_INPUT)
                assert f"what listens at port {port} is not this workspace's desk" in err
                assert key not in out + err + already_up(app.workspace)
    assert not [path for path in asked if key in path]


def test_where_no_desk_runs_no_port_is_named(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    app = bench.set_up(SITE_ONLY)
    note_port(app.workspace, 9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk_proof, "is_ours", lambda _key, _port: None)  # 8420 may be somebody's here
        err = run("desk", "--address", code=BAD_INPUT)[2]
    assert err.startswith("steadycast: no desk of this workspace is running (")
    assert "8420" not in err


def test_a_desk_proves_itself_to_whoever_knows_its_key(tmp_path: Path) -> None:
    with TestClient(made(tmp_path, "SECRET"), base_url="http://127.0.0.1:8420", client=("127.0.0.1", 5000)) as desk:
        asked = "0" * 32
        assert desk.get(f"/proof?asked={asked}").text == desk_proof.answer("SECRET", "127.0.0.1", 8420, asked)
        there = desk_proof.answer("SECRET", "127.0.0.2", 8420, asked)
        assert there != desk_proof.answer("SECRET", "127.0.0.1", 8420, asked), "of the same port at another address"
        for odd in ("", "?asked=", "?asked=form", f"?asked={asked}0"):
            assert desk.get(f"/proof{odd}").status_code == 404
    with TestClient(made(tmp_path, "SECRET"), base_url="http://127.0.0.1:8420", client=("10.0.0.9", 5000)) as afar:
        assert afar.get(f"/proof?asked={asked}").status_code == 421


@pytest.mark.parametrize("terminal", [True, False])
def test_a_key_is_shown_to_a_person_at_a_terminal_and_to_no_log(
    monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    for whole in (address(8420, "SECRET"), "http://127.0.0.1:4280/SECRET/out/report/index.html"):
        assert ("SECRET" in shown(whole)) is terminal
        assert (shown(whole) == whole) is terminal
