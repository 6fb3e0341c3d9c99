"""What a scan of content/ takes, what it passes over, and what it calls a problem."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path
from pathlib import PurePosixPath as P
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from steadycast.draft import Reader
from steadycast.draft.decoding import shown
from steadycast.errors import Problem
from steadycast.intake.folder import DraftFile, FileRead, Limits, Unsettled, is_draft_name, scan
from steadycast.intake.stamps import stamps

LATER = 10**10  # nanoseconds: a scan that happens ten seconds after the files were written


@pytest.fixture
def content(tmp_path: Path) -> Any:
    root = tmp_path / "content"
    (root / "pgc").mkdir(parents=True)
    (root / "ugc" / "alice").mkdir(parents=True)
    return root


def look(root: Any, known: Any = None, **limits: Any) -> Any:
    results = list(scan(root, Limits(**limits), known, clock_ns=lambda: time.time_ns() + LATER))
    return (
        {str(r.path): r for r in results if isinstance(r, DraftFile)},
        {shown(r.where): r for r in results if isinstance(r, Problem)},
        [r for r in results if isinstance(r, Unsettled)],
    )


def test_every_markdown_file_is_found_with_its_bytes(content: Any) -> None:
    (content / "pgc" / "一.md").write_text("正文")
    (content / "ugc" / "alice" / "deep").mkdir()
    (content / "ugc" / "alice" / "deep" / "b.MARKDOWN").write_bytes(b"x")
    found, problems, _ = look(content)
    assert {path: f.raw for path, f in found.items()} == {
        "pgc/一.md": "正文".encode(),
        "ugc/alice/deep/b.MARKDOWN": b"x",
    }
    assert not problems


@pytest.mark.parametrize(
    "name",
    [
        ".a.md",
        "a.md~",
        ".a.md.swp",
        "#a.md#",
        ".#a.md",
        "4913",
        "a.md.tmp",
        "a.md.part",
        "_index.md",
        "robots.txt",
        "~$a.docx",
        "a.md.bak",
    ],
)
def test_temporary_files_and_list_pages_are_passed_over(content: Any, name: Any) -> None:
    (content / "pgc" / name).write_text("x")
    assert look(content) == ({}, {}, [])
    assert not is_draft_name(name)


def test_hidden_folders_are_passed_over(content: Any) -> None:
    (content / "pgc" / ".git").mkdir()
    (content / "pgc" / ".git" / "a.md").write_text("x")
    assert look(content) == ({}, {}, [])


def test_links_out_in_and_in_a_circle_are_problems_and_end(content: Any, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    (content / "pgc" / "real.md").write_text("x")
    (content / "pgc" / "out.md").symlink_to(tmp_path / "secret.md")
    (content / "pgc" / "in.md").symlink_to("real.md")
    (content / "pgc" / "loop").symlink_to("..")
    (content / "pgc" / "self.md").symlink_to("self.md")
    (content / "ugc" / "mallory").symlink_to(tmp_path)
    found, problems, _ = look(content)
    assert list(found) == ["pgc/real.md"]
    assert set(problems) == {"pgc/out.md", "pgc/in.md", "pgc/loop", "pgc/self.md", "ugc/mallory"}
    assert "links are not followed" in problems["pgc/out.md"].message


def test_pipes_and_sockets_are_problems_and_block_nothing(content: Any) -> None:
    os.mkfifo(content / "pgc" / "pipe.md")
    here = os.getcwd()
    os.chdir(content / "pgc")  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("s.md")
            _, problems, _ = look(content)
    finally:
        os.chdir(here)
    assert {path: p.message for path, p in problems.items()} == {
        "pgc/pipe.md": "is a FIFO, not a file",
        "pgc/s.md": "is a socket, not a file",
    }


def test_a_huge_draft_is_a_problem_and_is_not_read(content: Any) -> None:
    with (content / "pgc" / "huge.md").open("wb") as file:
        file.truncate(1 << 40)
    began = time.monotonic()
    _, problems, _ = look(content)
    assert "too large" in problems["pgc/huge.md"].message
    assert time.monotonic() - began < 5


def test_a_members_hard_link_is_refused_and_the_houses_is_not(content: Any, tmp_path: Path) -> None:
    for folder in ("pgc", "ugc/alice"):
        (tmp_path / folder.replace("/", "-")).write_text("x")
        os.link(tmp_path / folder.replace("/", "-"), content / folder / "a.md")
    found, problems, _ = look(content)
    assert list(found) == ["pgc/a.md"]
    assert "hard link" in problems["ugc/alice/a.md"].message


def test_what_may_not_be_read_is_a_problem_with_the_reason(content: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (content / "pgc" / "a.md").write_text("x")
    (content / "pgc" / "a.md").chmod(0)
    if os.geteuid() == 0:  # root reads everything: let the system say what it would say to others
        real = os.open

        def as_another_user(path: Any, flags: Any, *args: Any, **more: Any) -> Any:
            if path == "a.md":
                raise PermissionError(13, "Permission denied")
            return real(path, flags, *args, **more)

        monkeypatch.setattr(os, "open", as_another_user)
    _, problems, _ = look(content)
    assert str(problems["pgc/a.md"]) == "pgc/a.md: cannot be read: permission denied (check its permissions)"


def test_a_missing_content_folder_is_one_problem_that_speaks_for_everything(tmp_path: Path) -> None:
    _, problems, _ = look(tmp_path / "nowhere")
    assert list(problems) == ["."]


def test_names_that_could_mislead_are_shown_escaped(content: Any) -> None:
    (content / "pgc" / "a\nb\u202egp.md").write_text("x")
    with (content / "pgc" / "z.md").open("w") as file:
        file.write("x")
    os.rename(os.fsencode(content / "pgc" / "z.md"), os.fsencode(content / "pgc") + b"/\xff.md")
    found, problems, _ = look(content)
    assert [shown(path) for path in found] == ["pgc/a\\x0ab\\u202egp.md"]
    assert list(problems) == ["pgc/\\udcff.md"]


def test_composed_and_decomposed_names_are_two_files(content: Any) -> None:
    (content / "pgc" / "caf\u00e9.md").write_text("1")
    (content / "pgc" / "cafe\u0301.md").write_text("2")
    assert len(look(content)[0]) == 2


def test_an_unchanged_file_is_not_read_again(content: Any) -> None:
    (content / "pgc" / "a.md").write_text("x")
    found = look(content)[0]["pgc/a.md"]
    again = look(content, {P("pgc/a.md"): FileRead(found.stamp)})[0]["pgc/a.md"]
    assert again.raw is None
    os.utime(content / "pgc" / "a.md", ns=(1, 1))
    assert look(content, {P("pgc/a.md"): FileRead(found.stamp)})[0]["pgc/a.md"].raw == b"x"


def test_a_picture_that_changed_has_its_draft_read_again(content: Any, tmp_path: Path) -> None:
    (content / "pgc" / "p.png").write_bytes(b"1")
    (content / "pgc" / "a.md").write_text("# t\n\n![](p.png)\n")
    found = look(content)[0]["pgc/a.md"]
    draft = found.draft(Reader(content, ZoneInfo("UTC")))
    known = {found.path: FileRead.of(found, draft)}
    assert look(content, known)[0]["pgc/a.md"].raw is None
    (content / "pgc" / "p.png").write_bytes(b"22")
    assert look(content, known)[0]["pgc/a.md"].raw is not None


def test_a_file_written_just_now_is_taken_once_it_has_stopped_growing(content: Any) -> None:
    (content / "pgc" / "done.md").write_text("whole")
    (content / "pgc" / "growing.md").write_text("half")
    (content / "pgc" / "old.md").write_text("old")
    os.utime(content / "pgc" / "old.md", (1, 1))
    order: list[Any] = []

    def meanwhile(seconds: Any) -> None:
        order.append("waited")
        (content / "pgc" / "growing.md").write_text("half and more")

    for result in scan(content, sleep=meanwhile):  # one by one: the order of looking and waiting is what counts
        order += [(type(result).__name__, cast("Any", result).path.name)]
    assert order == [("DraftFile", "old.md"), "waited", ("DraftFile", "done.md"), ("Unsettled", "growing.md")]


def test_a_time_in_the_future_delays_a_file_and_does_not_lose_it(content: Any) -> None:
    (content / "pgc" / "a.md").write_text("x")
    os.utime(content / "pgc" / "a.md", (4_000_000_000, 4_000_000_000))
    (found,) = scan(content, sleep=lambda seconds: None)
    assert isinstance(found, DraftFile)
    assert found.raw == b"x"


def test_a_file_swapped_for_a_link_after_it_was_listed_is_not_followed(content: Any, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (content / "ugc" / "alice" / "a.md").write_text("x")

    def swap(seconds: Any) -> None:
        (content / "ugc" / "alice" / "a.md").unlink()
        (content / "ugc" / "alice" / "a.md").symlink_to(tmp_path / "secret")

    (result,) = scan(content, sleep=swap)
    assert isinstance(result, Problem)


def test_a_folder_swapped_for_a_link_is_not_followed(content: Any, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.md").write_text("secret")
    (content / "ugc" / "alice" / "a.md").write_text("x")

    def swap(seconds: Any) -> None:
        (content / "ugc" / "alice").rename(tmp_path / "was-alice")
        (content / "ugc" / "alice").symlink_to(tmp_path / "other")

    (result,) = scan(content, sleep=swap)
    assert isinstance(result, Problem)


def test_folders_without_end_stop_at_the_limit(content: Any) -> None:
    deep = content / "pgc"
    for _ in range(30):
        deep = deep / "d"
        deep.mkdir()
    (deep / "a.md").write_text("x")
    found, problems, _ = look(content)
    assert not found
    assert len(problems) == 1


def test_more_drafts_than_a_scan_takes_is_said_once(content: Any) -> None:
    for n in range(5):
        (content / "pgc" / f"{n}.md").write_text("x")
    found, problems, _ = look(content, files=3)
    assert len(found) == 3
    assert len(problems) == 1


def test_a_scan_while_files_come_and_go_never_fails(content: Any) -> None:
    stop = threading.Event()

    def churn() -> None:
        n = 0
        while not stop.is_set():
            path = content / "pgc" / f"{n % 7}.md"
            path.write_text("x" * n)
            path.rename(content / "pgc" / f"{(n + 1) % 7}.md")
            (content / "pgc" / f"{n % 7}.md").unlink(missing_ok=True)
            n += 1

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(20):
            for result in scan(content, sleep=lambda seconds: None):
                assert isinstance(result, Unsettled | DraftFile | Problem)
                assert not isinstance(result, Problem)
    finally:
        stop.set()
        thread.join()


def test_all_stamps_at_once_are_those_of_a_scan(tmp_path: Path) -> None:
    """Of what only a scan can tell there are none: links, pipes, folders too deep."""
    names = (
        "README.md pgc/README.md pgc/_index.md pgc/a.md pgc/B.MD pgc/c.markdown pgc/d.txt pgc/robots.txt pgc/e.md~ "
        "pgc/.f.md pgc/~$g.docx pgc/h.docx pgc/i.png pgc/no pgc/j. .git/k.md node_modules/l.md ugc/ann/雨.md pgc/.md"
    )
    for name in names.split():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("Words.", encoding="utf-8")
        os.utime(tmp_path / name, (1e9, 1e9))
    scanned = [each for each in scan(tmp_path, reading=False) if isinstance(each, DraftFile)]
    told = {str(each.path): each.stamp for each in scanned}
    assert stamps(tmp_path, Limits()) == told
    assert len(told) == 7
    assert stamps(tmp_path, Limits(files=3)) is None
    assert stamps(tmp_path, Limits(depth=1)) is None
    assert stamps(tmp_path / "nowhere", Limits()) is None
    (tmp_path / "link").symlink_to(tmp_path / "pgc")
    assert stamps(tmp_path, Limits()) is None
    (tmp_path / "link").unlink()
    os.mkfifo(tmp_path / "pipe")
    assert stamps(tmp_path, Limits()) is None
    (tmp_path / "pipe").unlink()
    os.mkdir(os.fsencode(tmp_path) + b"/\xff")
    assert stamps(tmp_path, Limits()) is None
