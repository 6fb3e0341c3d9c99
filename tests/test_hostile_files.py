"""Whatever is dropped into content/: only whole, regular files inside it are taken, in an encoding that is known."""

from __future__ import annotations

import datetime as dt
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench, article
from platform_bench import png

from steadycast import pipeline
from steadycast.cli.command_line import app as commands
from steadycast.draft import safe_open
from steadycast.intake import folder as intake_folder
from steadycast.pipeline.app import App
from steadycast.render import measured_media, media_files

SETTINGS = COMMUNITY + DAILY.replace(', "far"', "") + SITE
HOUR = dt.timedelta(hours=1)
GOOD = {"pgc/good.md": article("Good")}


@pytest.fixture
def app(bench: Bench) -> App:
    return bench.set_up(SETTINGS, dict(GOOD))


def look(bench: Bench) -> Any:
    """(titles taken so far by path, problems by path) after a look at content/; the good draft is always among them."""
    began = time.monotonic()
    collected = pipeline.collect(bench.app, bench.clock.now(), feeds=False)
    assert time.monotonic() - began < 10
    taken = {row.path: row.title for row in bench.app.ledger.drafts() if row.state not in ("gone", "copy")}
    assert taken.pop("pgc/good.md") == "Good"
    return taken, {p.where: p for p in collected.problems}


def folder(bench: Bench, name: str = "ugc/bob") -> Path:
    made = bench.root / "content" / name
    made.mkdir(parents=True, exist_ok=True)
    return made


@pytest.mark.parametrize(
    "name",
    [".a.md.swp", ".a.md.swx", "a.md~", "#a.md#", ".#a.md", "4913", "a.md.tmp", "a.md.part", "a.md.crdownload", "a.md.bak", ".goutputstream-X1Y2Z3",
     ".~lock.a.md#", "a.md.orig", "._a.md", ".DS_Store", "a.md.sb-1a2b"],
)  # fmt: skip
def test_editors_temporary_files_are_no_drafts(bench: Bench, app: App, name: str) -> None:
    """Neither taken nor a problem."""
    bench.drop(f"ugc/bob/{name}", "# Half")
    assert look(bench) == ({}, {})


def test_a_half_written_file_waits_and_is_taken_whole(bench: Bench, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """It grows while it is looked at: it is neither a draft nor a problem yet."""
    file = folder(bench) / "a.md"
    file.write_text("# Half")

    def grow(seconds: float) -> None:
        file.write_text("# Half\n\nand the other half")

    defaults = intake_folder.scan.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "sleep", grow)
    assert look(bench) == ({}, {})
    os.utime(file, (1, 1))
    assert look(bench) == ({"ugc/bob/a.md": "Half"}, {})


def test_a_save_by_rename_is_an_edit_of_the_same_draft(bench: Bench, app: App) -> None:
    """vim, VS Code and most others write beside and rename: the draft keeps its id."""
    bench.drop("ugc/alice/a.md", article("One"))
    look(bench)
    (before,) = [r.id for r in bench.app.ledger.drafts() if r.path == "ugc/alice/a.md"]
    bench.drop("ugc/alice/a.md.tmp", article("Two")).rename(folder(bench, "ugc/alice") / "a.md")
    assert look(bench) == ({"ugc/alice/a.md": "Two"}, {})
    assert [r.id for r in bench.app.ledger.drafts() if r.path == "ugc/alice/a.md"] == [before]


def test_an_edit_after_scheduling_is_what_goes_out(bench: Bench) -> None:
    """The newest approved words at the slot's second, of the draft that was planned."""
    bench.set_up(SETTINGS, {"pgc/a.md": article("Old words")})
    pipeline.collect(bench.app, bench.clock.now())
    pipeline.plan(bench.app, bench.clock.now())
    bench.drop("pgc/a.md", article("New words"))
    pipeline.collect(bench.app, bench.clock.now() + HOUR)
    pipeline.publish(bench.app, series="daily")
    assert "New words" in (bench.app.workspace.out / "site" / "index.html").read_text()
    assert "Old words" not in (bench.app.workspace.out / "site" / "index.html").read_text()


def test_the_same_bytes_under_two_names_are_one_draft(bench: Bench, app: App) -> None:
    """The second name is the problem, and says of which file."""
    bench.drop("ugc/bob/a.md", article("Same"))
    bench.drop("ugc/bob/b.md", article("Same"))
    taken, problems = look(bench)
    assert taken == {"ugc/bob/a.md": "Same"}
    assert "is a copy of ugc/bob/a.md" in problems["ugc/bob/b.md"].message


def test_composed_and_decomposed_names_never_lose_a_draft(bench: Bench, app: App) -> None:
    """Two files are two drafts, and a file that only changed its form keeps its history."""
    bench.drop("ugc/bob/caf\u00e9.md", article("One"))
    bench.drop("ugc/bob/cafe\u0301.md", article("Two"))
    assert set(look(bench)[0].values()) == {"One", "Two"}


@pytest.mark.parametrize(
    "name", ["a\nb.md", "a\u202egpj.md", "a\x1b[31m.md", "a\rb.md", "-rf.md", "$(id).md", "长" * 80 + ".md", "a\x7f.md"]
)
def test_a_name_that_misleads_is_only_a_name(
    bench: Bench, app: App, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The draft is taken, and what a terminal is shown of it gives no orders."""
    bench.drop(f"ugc/bob/{name}", "just words\n")
    assert list(look(bench)[0]) == [f"ugc/bob/{name}"]
    monkeypatch.setenv("STEADYCAST_WORKSPACE", str(bench.root))
    for words in (["list"], ["list", "--json"], ["status"]):
        commands(words, result_action="return_value", exit_on_error=False)
    shown = capsys.readouterr().out
    assert not set("\x1b\r\u202e\x7f") & set(shown)


def test_a_name_that_is_no_text_is_a_problem(bench: Bench, app: App) -> None:
    (folder(bench) / "z.md").write_text("# x")
    os.rename(os.fsencode(folder(bench) / "z.md"), os.fsencode(folder(bench)) + b"/\xff.md")
    assert "not UTF-8" in look(bench)[1]["ugc/bob/\\udcff.md"].message


def made(kind: str, bench: Bench, outside: Path) -> str:
    """Something that is no draft, in bob's folder; what the problem says of it."""
    here = folder(bench)
    if kind == "fifo":
        os.mkfifo(here / "a.md")
        return "FIFO"
    if kind == "socket":
        before = os.getcwd()
        os.chdir(here)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("a.md")
        os.chdir(before)
        return "socket"
    if kind == "hard link":
        os.link(outside, here / "a.md")
        return "hard link"
    if kind == "sparse terabyte":
        with (here / "a.md").open("wb") as file:
            file.truncate(1 << 40)
        return "too large"
    if kind == "folder":
        (here / "a.md").mkdir()
        return ""
    (here / "a.md").symlink_to(
        {
            "link out": outside,
            "link in": bench.root / "content/pgc/good.md",
            "loop": here / "a.md",
            "to a device": Path("/dev/zero"),
        }[kind]
    )
    return "link"


@pytest.mark.parametrize(
    "kind", ["fifo", "socket", "hard link", "sparse terabyte", "folder", "link out", "link in", "loop", "to a device"]
)
def test_what_is_no_file_of_its_own_is_not_taken(bench: Bench, app: App, tmp_path: Path, kind: str) -> None:
    """One problem that says what it is; nothing blocks, nothing is read."""
    outside = bench.root / "outside.md"
    outside.write_text("# Secret")
    said = made(kind, bench, outside)
    taken, problems = look(bench)
    assert taken == {}
    assert not said or said in problems["ugc/bob/a.md"].message


@pytest.mark.parametrize("kind", ["fifo", "hard link", "sparse terabyte", "folder", "link out", "loop", "to a device"])
def test_a_picture_that_is_no_file_of_its_own_is_not_taken(bench: Bench, app: App, kind: str) -> None:
    """The same of what a draft names: the draft is the problem, with its line and a hint."""
    outside = bench.root / "outside.md"
    outside.write_text("# Secret")
    made(kind, bench, outside)
    (folder(bench) / "a.md").rename(folder(bench) / "a.png")
    bench.drop("ugc/bob/b.md", "# T\n\n![](a.png)\n")
    taken, problems = look(bench)
    assert taken == {}
    assert (problems["ugc/bob/b.md"].line, bool(problems["ugc/bob/b.md"].hint)) == (3, True)


def test_a_file_that_may_not_be_read_is_a_problem(bench: Bench, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """As another user than root would meet it."""
    bench.drop("ugc/bob/a.md", "# x").chmod(0)
    real = os.open

    def as_another_user(path: Any, flags: Any, *args: Any, **more: Any) -> Any:
        if path == "a.md":
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *args, **more)

    if os.geteuid() == 0:
        monkeypatch.setattr(safe_open.os, "open", as_another_user)
    assert "permission denied" in look(bench)[1]["ugc/bob/a.md"].message


def test_a_time_in_the_future_delays_and_loses_nothing(bench: Bench, app: App) -> None:
    os.utime(bench.drop("ugc/bob/a.md", "# x\n\nwords"), (4_000_000_000, 4_000_000_000))
    assert look(bench)[0] == {"ugc/bob/a.md": "x"}


def test_a_picture_swapped_for_a_link_after_it_was_looked_at_is_not_followed(
    bench: Bench, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between hashing and keeping it, its author puts a link to somebody's picture there."""
    bench.drop("ugc/alice/a.png", png(1, 2, 3))
    secret = bench.root / "secret.png"
    secret.write_bytes(png(9, 9, 9))
    bench.drop("ugc/alice/b.md", "# T\n\n![](a.png)\n")
    real = media_files.store

    def swapped(source: Any, *args: Any, **more: Any) -> Any:
        if source.name == "a.png":
            source.unlink()
            source.symlink_to(secret)
        return real(source, *args, **more)

    monkeypatch.setattr(measured_media, "store", swapped)
    taken, problems = look(bench)
    assert taken == {}
    assert "changed while it was read" in problems["ugc/alice/b.md"].message
    assert [f for f in bench.app.workspace.media.rglob("*") if f.is_file()] == []


TEXT = "# 标题\n\n侬好，世界。\n"


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        (b"\xef\xbb\xbf" + TEXT.encode(), "标题"),
        (TEXT.replace("\n", "\r\n").encode(), "标题"),
        (TEXT.replace("\n", "\r").encode(), "标题"),
        (b"\xef\xbb\xbf---\r\ntitle: x\r\n---\r\nwords", "x"),
        (b"# a\x0b\x1b[31mb\n\nwords", "a[31mb"),
    ],
    ids=["BOM", "CRLF", "CR", "BOM and CRLF", "controls"],
)
def test_text_in_utf_8_is_taken_however_its_lines_end(bench: Bench, app: App, raw: bytes, title: str) -> None:
    bench.drop("ugc/bob/a.md", raw)
    assert look(bench) == ({"ugc/bob/a.md": title}, {})


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (("\ufeff" + TEXT).encode("utf-16-le") + b"\0\xd8", "UTF-16LE"),
        (("\ufeff" + TEXT).encode("utf-16-be") + b"x", "UTF-16BE"),
        (("\ufeff" + TEXT).encode("utf-32-le") + b"\0\0\xff\xff", "UTF-32LE"),
        (("# Plain words\n\n" * 5).encode("utf-16-le") + b"\0\0", "UTF-16LE"),
        (("# 標題\n\n" + "這是一篇中文的文章。" * 9).encode("big5"), "Big5"),
        (b"# a\n\n\xff\xfe\xfd", "not UTF-8"),
        (b"# a\n\ncaf\xe9 here", "not UTF-8"),
        (b"# a\n\nx\0y", "NUL"),
        (b"# a\n\n\xed\xa0\x80", "surrogate"),
        (b"# a\n\n\xc0\xaf", "not UTF-8"),
        (b"# a\n\n\xf5\x80\x80\x80", "not UTF-8"),
        (b'---\ntitle: "\\ud800"\n---\nwords', "front matter"),
        (b'---\ntitle: "a\\0b"\n---\nwords', "NUL"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_its_line_and_never_guessed(
    bench: Bench, app: App, raw: bytes, said: str
) -> None:
    """Not one character of it reaches the ledger."""
    bench.drop("ugc/bob/a.md", raw)
    taken, problems = look(bench)
    assert taken == {}
    problem = problems["ugc/bob/a.md"]
    assert said in problem.message
    assert problem.line is not None
    assert problem.hint
