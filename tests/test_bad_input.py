"""What people get wrong, and disks: one line that names file, line and hint; nothing lost, and nothing else stopped."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench, article
from platform_bench import png

from steadycast import pipeline
from steadycast.testing import drop

SITE_ONLY = COMMUNITY + DAILY.replace(', "far"', "") + SITE


def sparse(root: Path) -> None:
    """200 MB that take no room on the disk."""
    with drop(root, "content/pgc/bad.md", "# Big\n").open("r+b") as file:
        file.truncate(200_000_000)
    os.utime(root / "content/pgc/bad.md", (1_700_000_000, 1_700_000_000))


def circle(root: Path) -> None:
    (root / "content/pgc/bad").symlink_to(root / "content/pgc")


def beside(name: str, data: bytes) -> Any:
    """A draft that shows a picture of that name, and the file."""

    def write(root: Path) -> None:
        drop(root, f"content/pgc/{name}", data)
        drop(root, "content/pgc/bad.md", article("Bad", body=f"Words.\n\n![a picture]({name})"))

    return write


def text(data: str | bytes) -> Any:
    return lambda root: drop(root, "content/pgc/bad.md", data)


# What lies in content/ -> the line that is named, and words of the message and of the hint.
DRAFTS = {
    "front matter that is not YAML": (text("---\ntitle: x\nsummary: [\n---\nWords.\n"), 3, "front matter", ""),
    "front matter that does not end": (text("---\ntitle: x\n\nWords.\n"), 1, "front matter", "---"),
    "a series that does not exist": (text(article("x", "series: dayly")), 3, "dayly", "daily"),
    "a picture that is not there": (text(article("x", body="Words.\n\n![a](no.png)")), 7, "no.png", "put"),
    "a picture that is none": (beside("a.png", b"no picture at all" * 9), 7, "a.png", ""),
    "Big5": (text("# 滬語讀書會\n\n今朝天氣蠻好。\n".encode("big5")), 1, "UTF-8", "另存为"),
    "a head that is none": (text("———\ntitle: x\ntags: a\n———\n\nWords.\n"), 1, "looks like front matter", "---"),
    "200 MB": (sparse, None, "too large: 200.0 MB", "at most 2 MB"),
    "a folder that leads back to itself": (circle, None, "is a link", "put the file or folder itself there"),
    "a date that is none": (text(article("x", "not_before: someday")), 3, "not_before", "2026"),
    "an event without a start": (text(article("x", "event: {place: here}")), 3, "start", ""),
}


@pytest.mark.parametrize("case", sorted(DRAFTS))
def test_a_bad_draft_names_file_line_and_hint_and_stops_no_other(
    bench: Bench, run: Callable[..., tuple[int, str, str]], case: Any
) -> None:
    write, line, said, hint = DRAFTS[case]
    app = bench.set_up(SITE_ONLY, {"pgc/good.md": article("Good")})
    run("deploy")
    write(bench.root)
    code, checked, _ = run("check")
    assert code == 1
    assert run("intake")[0] == 1
    for told in (checked, "\n".join(map(str, pipeline.collect(app, bench.clock.now()).problems))):
        where = f"pgc/bad.md:{line}: " if line else "pgc/bad"
        assert where in told
        assert said in told
        assert hint in told
        assert told.strip().count("\n") == 0
    assert [row.title for row in app.ledger.drafts()] == ["Good"]


# A steadycast.toml -> what it says.
SETTINGS = {
    "a key with a slip": (SITE_ONLY.replace("every =", "evrey ="), "did you mean 'every'"),
    "a rhythm that is none": (SITE_ONLY.replace("day at 20:00", "daily at 8pm"), "day at 20:00"),
    "two rhythms": (SITE_ONLY.replace("late =", 'rrule = "FREQ=DAILY"\nlate ='), "exactly one rhythm"),
    "a zone that does not exist": (SITE_ONLY.replace("Asia/Shanghai", "Asia/Shangai"), "did you mean 'Asia/Shanghai'"),
    "two channels of one name": (SITE_ONLY + SITE, "site"),
    "a channel that is not there": (SITE_ONLY.replace('["site"]', '["sites"]'), "did you mean 'site'"),
    "a setting that does not exist": (SITE_ONLY + 'colour = "red"\n', "no such setting"),
    "a setting of another type": (
        SITE_ONLY + 'page_size = "many"\n',
        "expected a whole number, at least 1, at most 1000, not 'many'",
    ),
    "a setting out of its bounds": (
        SITE_ONLY + "page_size = 0\n",
        "expected a whole number, at least 1, at most 1000, not 0",
    ),
    "an address without its scheme": (SITE_ONLY + 'feed = "huyu.example/feed"\n', "expected a web address"),
    "an address of another kind": (SITE_ONLY + 'feed = "javascript:alert(1)"\n', "expected a web address"),
    "a limit of a text that is none": (SITE_ONLY + "[channel.site.limits.titel]\nmax = 9\n", "did you mean 'title'"),
    "a limit's key with a slip": (SITE_ONLY + "[channel.site.limits.title]\nmxa = 9\n", "did you mean 'max'"),
    "a limit that is no number": (
        SITE_ONLY + '[channel.site.limits.title]\nmax = "long"\n',
        "should be a whole number",
    ),
    "a limit below nothing": (SITE_ONLY + "[channel.site.limits.title]\nmax = -4\n", "max = -4 is not from 1"),
    "a limit that nothing meets": (
        SITE_ONLY + "[channel.site.limits.title]\nmax = 4\nmin = 9\n",
        "min = 9 is over max = 4",
    ),
    "a limit that is no table": (SITE_ONLY + "[channel.site.limits]\ntitle = 5\n", "write [limits.title]"),
    "a rule for files that is none": (SITE_ONLY + "[channel.site.media.images]\nbytes = 9\n", "did you mean 'image'"),
    "a platform that does not exist": (
        SITE_ONLY.replace('platform = "pages"', 'platform = "page"'),
        "did you mean 'pages'",
    ),
    "a length of time that is none": (SITE_ONLY.replace('"3h"', '"three hours"'), "write a number and a unit"),
    "holidays of nowhere": (SITE_ONLY.replace('late = "3h"', 'late = "3h"\nskip = ["holidays:XX"]'), "holidays:CN"),
    "no TOML at all": (SITE_ONLY + "[[[\n", "TOML"),
}


@pytest.mark.parametrize("case", sorted(SETTINGS))
def test_bad_settings_name_file_line_and_what_was_meant(
    bench: Bench, run: Callable[..., tuple[int, str, str]], case: Any
) -> None:
    settings, said = SETTINGS[case]
    bench.set_up(SITE_ONLY)
    drop(bench.root, "steadycast.toml", settings)
    code, out, err = run("check")
    assert code == 1
    assert err == ""
    (line,) = [text for text in out.splitlines() if "steadycast.toml" in text]
    assert f"{bench.root / 'steadycast.toml'}:" in line
    assert line.partition("steadycast.toml:")[2].partition(":")[0].isdigit()
    assert said in line


@pytest.mark.parametrize(
    "command",
    [["doctor", "--json"], ["plan"], ["status"], ["publish"], ["intake"], ["list"], ["render"]],
)
def test_a_setting_of_another_type_is_an_error_of_every_command_with_its_line(
    bench: Bench, run: Callable[..., tuple[int, str, str]], command: Any
) -> None:
    bench.set_up(SITE_ONLY)
    drop(bench.root, "steadycast.toml", SITE_ONLY + 'page_size = "many"\n')
    code, out, err = run(*command)
    assert code != 0
    line = (SITE_ONLY + "x").count("\n") + 1
    assert f"steadycast.toml:{line}: channel.site.page_size: expected a whole number" in out + err


def test_a_ledger_from_a_newer_version_is_left_alone(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    app = bench.set_up(SITE_ONLY, {"pgc/1.md": article("One")})
    ledger = Path(app.workspace.ledger)
    with sqlite3.connect(ledger) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = ledger.read_bytes()
    for command in ("intake", "plan", "publish", "status", "list"):
        code, _, err = run(command)
        assert (code, err.count("\n")) == (3, 1)
        assert "upgrade Steadycast" in err
    assert "upgrade Steadycast" in run("check")[1]
    assert ledger.read_bytes() == before


def test_a_file_that_is_no_ledger_is_left_alone(bench: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    app = bench.set_up(SITE_ONLY)
    Path(app.workspace.ledger).write_bytes(b"my shopping list\n" * 500)
    code, _, err = run("intake")
    assert (code, err.count("\n")) == (3, 1)
    assert "no ledger" in err


# Disks. Each runs commands in a process of their own, on a real file system.


def command(root: Path, *words: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """One command in a process of its own; `before` is Python that runs first."""
    code = f"import sys\n{before}\nfrom steadycast.cli import main\nmain(sys.argv[1:])"
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("STEADYCAST_") or key == "STEADYCAST_LANGUAGE"
    }
    return subprocess.run(
        [sys.executable, "-c", code, *words], cwd=root, capture_output=True, text=True, env=environment, check=False
    )


LIMITED = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))"


@pytest.mark.parallel
@pytest.mark.slow
@pytest.mark.parametrize("limit", [100, 20_000, 400_000])
def test_a_disk_that_is_full_loses_nothing(bench: Bench, limit: int) -> None:
    """Wherever the writing stops, the error is one line; with room again the same command ends the work."""
    bench.set_up(SITE_ONLY, {"pgc/1.md": article("One", body="![a](a.png)"), "pgc/a.png": png(9, 9, 9, 900, 900)})
    stopped = command(bench.root, "intake", before=LIMITED.format(limit))
    assert "Traceback" not in stopped.stderr
    if stopped.returncode not in (0, 1):
        assert stopped.returncode in (2, 3)
        assert stopped.stderr.count("\n") == 1
        assert "(" in stopped.stderr
    again = command(bench.root, "intake")
    assert (again.returncode, again.stderr) == (0, "")
    published = command(bench.root, "publish", "daily", before=LIMITED.format(limit))
    assert "Traceback" not in published.stderr
    command(bench.root, "verify")
    for _ in range(2):
        command(bench.root, "publish", "daily")
    app = bench.open()
    assert [row.title for row in app.ledger.drafts()] == ["One"]
    assert len(list((app.workspace.out / "site" / "daily").glob("2*.html"))) <= 1


@pytest.mark.parallel
@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="mounts a small disk, which root may do")
def test_a_real_full_disk_is_told_and_fixed(bench: Bench, tmp_path: Path) -> None:
    bench.set_up(SITE_ONLY, {f"pgc/{n}.md": article(f"Draft {n}", body="word " * 2000) for n in range(40)})
    var = bench.root / "var"
    shutil.rmtree(var)
    var.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(var)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a disk")
    try:
        stopped = command(bench.root, "intake")
        assert stopped.returncode in (2, 3)
        assert "Traceback" not in stopped.stderr
        assert stopped.stderr.count("\n") == 1
        assert "space" in stopped.stderr
        subprocess.run(["mount", "-o", "remount,size=64m", str(var)], check=True)
        again = command(bench.root, "intake")
        assert again.returncode == 0, again.stderr
        assert again.stdout.splitlines()[-1].startswith("40 new")
    finally:
        subprocess.run(["umount", str(var)], check=True)


@pytest.mark.parallel
@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="mounts a disk, which root may do")
@pytest.mark.parametrize("ledger", ["there", "missing"])
def test_a_var_that_may_not_be_written_is_told(bench: Bench, ledger: str) -> None:
    """What reads, reads on; what writes says in one line what to make writable. Root meets it too: the disk is read-only."""
    app = bench.set_up(SITE_ONLY, {"pgc/1.md": article("One")})
    pipeline.collect(app, bench.clock.now())
    app.close()
    var = bench.root / "var"
    if ledger == "missing":
        (var / "ledger.sqlite").unlink()
    if subprocess.run(["mount", "--bind", str(var), str(var)], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a disk")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(var)], check=True)
        for words in (["intake"], ["plan"], ["publish", "daily"], ["report"], ["preview", "pgc/1.md"]):
            done = command(bench.root, *words)
            assert done.returncode in (2, 3), (words, done.stdout, done.stderr)
            assert done.stderr.count("\n") == 1, done.stderr
            assert "writable" in done.stderr
        for words in (["list"], ["status"], ["check"]):
            done = command(bench.root, *words)
            assert "Traceback" not in done.stderr
            assert done.returncode in ((0, 1) if ledger == "there" else (0, 1, 3)), (words, done.stderr)
    finally:
        subprocess.run(["umount", str(var)], check=True)
