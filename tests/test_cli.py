"""The command line as scripts use it: exit codes, JSON with known keys, one line for what is wrong."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from command_line import A_PERSON, BAD_INPUT, LEDGER, OK, SITE_ONLY, stocked
from pipeline_bench import Bench

from steadycast import pipeline
from steadycast.cli import main
from steadycast.cli.output import show


def test_a_day_at_the_desk(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    """Take in, plan, publish, look, report: each says what it did, and succeeds."""
    stocked(bench)
    assert "20 new" in run("intake", code=OK)[1]
    assert "plan: 14 slots in 14 days, each with a draft" in run("plan", code=OK)[1]
    assert "published" in run("publish", "daily", code=OK)[1]
    assert "Nothing is due." in run("publish", code=OK)[1]
    run("verify", code=OK)
    assert "Nothing needs you." in run("status", code=OK)[1]
    assert "index.html" in run("report", code=OK)[1]
    assert "planned" in run("list", "--state", "planned", code=OK)[1]


KEYS = {
    "check": {"path", "line", "message", "hint"},
    "list": {
        "id",
        "title",
        "path",
        "form",
        "origin",
        "member",
        "state",
        "edited_since_approval",
        "member_title",
        "changed",
        "revision",
        "where",
    },
    "plan": {"when", "series", "series_title", "title", "member", "origin", "state", "why", "id", "channels", "draft"},
    "publish daily": {
        "when",
        "series",
        "series_title",
        "title",
        "channel",
        "state",
        "link",
        "file",
        "id",
        "slot",
        "message",
    },
    "publish daily --dry-run": {
        "when",
        "series",
        "series_title",
        "title",
        "channel",
        "state",
        "link",
        "file",
        "id",
        "slot",
        "message",
    },
    "channel list": {"platform", "title", "delivery", "forms", "from", "channels", "limits"},
    "intake": {"changes", "summary"},
    "status": {
        "needs",
        "waiting",
        "alarms",
        "settings",
        "delayed",
        "next",
        "counts",
        "problems",
        "last_tick",
        "summary",
    },
    "deploy --check": {"differences", "written"},
}


@pytest.mark.parametrize("command", sorted(KEYS))
def test_json_has_known_keys_and_nothing_beside_it(
    bench: Bench, told: Callable[..., Any], run: Callable[..., tuple[int, str, str]], command: Any
) -> None:
    stocked(bench)
    run("intake", "--json")
    if command == "check":
        bench.drop("pgc/broken.md", "---\ntitle: [\n")
    found = told(*command.split())
    rows = found if isinstance(found, list) else [found]
    assert rows
    assert all(set(row) == KEYS[command] for row in rows)


def test_the_reports_json_is_the_reports(bench: Bench, told: Callable[..., Any]) -> None:
    app = stocked(bench)
    found = told("report")
    assert found == json.loads((app.workspace.out / "report" / "report.json").read_text())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["publish", "dayly"], "did you mean 'daily'"),
        (["publish", "--channel", "sit"], "did you mean 'site'"),
        (["publish", "--slot", "daily@2026"], "there is no slot"),
        (["publish", "--bogus"], "`steadycast publish --help` shows how"),
        (["withdraw", "one.md"], "--why is missing (`steadycast withdraw --help` shows how)"),
        (["revise"], "DRAFT is missing (`steadycast revise --help` shows how)"),
        (["publish", "daily", "--draft", "pgc/1.md"], "series and draft are different things to publish (name one"),
        (["publish", "--draft", "1", "--slot", "daily@2026-11-23T20:00", "--dry-run"], "draft and slot are different"),
        (["publish", "--draft", ""], "there is no draft ''"),
        (["publish", "--draft", " ", "--dry-run"], "there is no draft ' '"),
        (["publish", "--slot", ""], "there is no slot ''"),
        (["publish", "--channel", ""], "there is no channel ''"),
        (["publish", ""], "there is no series ''"),
        (["frobnicate"], "`steadycast --help` shows how"),
        (["approve"], "name a draft"),
        (["approve", "nobody.md"], "`steadycast list` shows them"),
        (["confirm", "abc", "--url", "https://a.example/"], "there is no delivery 'abc'"),
        (["settle", "abc"], "exactly one of"),
        (["settle", "abc", "--absent", "--again"], "exactly one of"),
        (["preview", "nobody.md"], "there is no draft"),
        (["backfill", "nowhere", "--series", "daily"], "check the spelling"),
        (["backfill", "nowhere", "--series", "dayly"], "did you mean 'daily'"),
        (["channel", "eject", "page"], "there is no platform 'page' (did you mean 'pages'?)"),
        (["channel", "eject", "farr "], "there is no platform 'farr ' (did you mean 'far'?)"),
        (["channel", "test", "sit"], "there is no channel or platform 'sit' (did you mean 'site'?)"),
        (["rhythm", "dialy", "day at 09:00"], "there is no series 'dialy' (did you mean 'daily'?)"),
        (["plan", "--days", "soon"], "plan --help"),
        (["plan", "--days", "0"], "Must be >= 1"),
        (["plan", "--days", "100000"], "Must be <= 3660"),
        (["render", "--jobs", "0"], "Must be >= 1"),
        (["up", "--once", "--port", "70000"], "Must be <= 65535"),
        (["publsh"], 'Did you mean "publish"? (`steadycast --help` shows how)'),
    ],
)
def test_a_slip_is_one_line_with_its_hint_and_code_2(
    bench: Bench, run: Callable[..., tuple[int, str, str]], words: Any, said: str
) -> None:
    bench.set_up(SITE_ONLY)
    _, out, err = run(*words, code=BAD_INPUT)
    assert out == ""
    assert err.startswith("steadycast: ")
    assert err.count("\n") == 1
    assert said in err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["init", "steadycast.toml"], "name another place"),
        (["report", "--out", "steadycast.toml/x"], "name another place"),
        (["restore", "content"], "name a file"),
        (["restore", "nowhere.tar"], "check the spelling"),
    ],
)
def test_a_place_that_cannot_be_is_said_with_its_hint(
    bench: Bench, run: Callable[..., tuple[int, str, str]], words: Any, hint: str
) -> None:
    bench.set_up(SITE_ONLY)
    err = run(*words, code=BAD_INPUT)[2]
    assert hint in err
    assert err.count("\n") == 1


def test_outside_a_workspace_it_says_how_to_make_one(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    bench.root.mkdir()
    assert "steadycast init" in run("plan", code=BAD_INPUT)[2]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), LEDGER, "the disk: no space is left on the disk (free some"),
        (OSError(errno.EROFS, "Read-only file system", "var/out"), LEDGER, "var/out: the disk can only be read (make"),
        (
            OSError(errno.ENOENT, "No such file or directory", "x.md"),
            BAD_INPUT,
            "x.md: it is not there (check the spelling",
        ),
    ],
)
def test_a_full_disk_is_no_bad_input(
    bench: Bench,
    run: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    error: Any,
    code: Any,
    said: str,
) -> None:
    """A script tells by the code whether to fix a file or to make room."""

    def broken(*_: Any, **__: Any) -> None:
        raise error

    bench.root.mkdir()
    monkeypatch.setattr("steadycast.cli.plain_arguments.call", broken)
    assert said in run("report", code=code)[2]


def test_a_mistake_of_ours_is_one_line_too(
    bench: Bench, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.set_up(SITE_ONLY)
    monkeypatch.setattr(pipeline, "listed", lambda *_: 1 / 0)
    _, _, err = run("list", code=A_PERSON)
    assert err.startswith("steadycast: ZeroDivisionError: ")
    monkeypatch.setenv("STEADYCAST_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["list"])


@pytest.mark.slow
@pytest.mark.parallel
def test_output_that_nobody_reads_any_more_is_no_error(bench: Bench) -> None:
    stocked(bench)
    command = f"cd {bench.root} && steadycast list --json | head -c 1; echo ${{PIPESTATUS[0]}}"
    path = {"PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin"}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, env=path)
    assert done.stdout.strip().endswith("0")
    assert done.stderr == ""


def test_help_is_a_word_as_well(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    bench.root.mkdir()
    assert run("help", "publish", code=OK)[1] == run("publish", "--help", code=OK)[1]
    assert run("help", code=OK)[1] == run("--help", code=OK)[1]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_every_command(bench: Bench, run: Callable[..., tuple[int, str, str]], shell: str) -> None:
    bench.root.mkdir()
    told = run("completion", shell, code=OK)[1]
    assert all(word in told for word in ("publish", "rhythm", "dry-run"))


@pytest.mark.parametrize(("width", "folded"), [(80, False), (200, True)])
def test_a_table_of_many_columns_is_lines_in_a_narrow_window(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int, folded: bool
) -> None:
    """Folded into so few columns, a date would be a letter a line."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    columns = {f"c{n}": f"heading {n}" for n in range(13)}
    show([{key: f"2026-12-{n + 1:02} 20:00" for n, key in enumerate(columns)}], columns, title="All of it")
    said = capsys.readouterr().out
    assert ("─" in said) is folded
    assert folded or all(f"heading\xa0{n}".replace("\xa0", " ") in said.replace("\xa0", " ") for n in range(1, 13))
    assert folded or all(f"2026-12-{n:02} 20:00" in " ".join(said.split()) for n in range(1, 14))
