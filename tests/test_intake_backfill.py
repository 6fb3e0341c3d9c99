"""What was published before, from a feed's file, a folder's front matter, or a repository's history."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from steadycast.errors import FeedError, InputError, Problem
from steadycast.intake.backfill import PastItem, history_of
from steadycast.intake.git_history import first_commits

ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def look(source: Any) -> Any:
    results = list(history_of(str(source), zone=ZONE, now=NOW))
    return [r for r in results if isinstance(r, PastItem)], [r for r in results if isinstance(r, Problem)]


def test_a_folder_tells_by_front_matter_and_file_name_and_never_by_its_files_times(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: 甲\ndate: 2025-03-01 20:00\n---\n![gone](gone.png)\n")
    (tmp_path / "2025-03-02-b.md").write_text("# 乙\n\nx\n")
    (tmp_path / "undated.md").write_text("x")
    (tmp_path / "ugc" / "alice").mkdir(parents=True)
    (tmp_path / "ugc" / "alice" / "c.md").write_text("---\ntitle: c\ndate: 2025-03-03\n---\nx")
    (tmp_path / "future.md").write_text("---\ntitle: f\ndate: 2030-01-01\n---\nx")
    past, problems = look(tmp_path)
    assert sorted((p.title, p.at.isoformat(), p.member) for p in past) == [
        ("c", "2025-03-03T00:00:00+08:00", "alice"),
        ("乙", "2025-03-02T00:00:00+08:00", ""),
        ("甲", "2025-03-01T20:00:00+08:00", ""),
    ]
    assert {str(p.where) for p in problems} == {"undated.md", "future.md"}


def test_a_feeds_file_tells_by_its_items_dates(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_text(
        "<rss version='2.0'><channel><item><title>甲</title><link>https://x/1</link>"
        "<pubDate>Sun, 02 Mar 2025 10:00:00 GMT</pubDate></item><item><title>undated</title></item></channel></rss>"
    )
    past, problems = look(tmp_path / "feed.xml")
    assert past == [PastItem(dt.datetime(2025, 3, 2, 10, tzinfo=dt.UTC), "甲", "https://x/1")]
    assert [str(p.where) for p in problems] == ["undated"]


def test_a_repository_tells_the_day_each_file_was_first_committed(tmp_path: Path) -> None:
    def git(*args: Any, at: str = "2025-03-01T08:00:00+08:00") -> None:
        env = {**os.environ, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at, "GIT_CONFIG_GLOBAL": "/dev/null"}
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *args], cwd=tmp_path, env=env, check=True, capture_output=True)

    git("init", "-q")
    (tmp_path / '引"号\n a.md').write_text("# 甲\n")
    (tmp_path / "gone.md").write_text("x")
    git("add", ".")
    git("commit", "-qm", "one")
    (tmp_path / '引"号\n a.md').write_text("# 甲\n\nedited")
    (tmp_path / "ugc" / "bob").mkdir(parents=True)
    (tmp_path / "ugc" / "bob" / "b.md").write_text('+++\ntitle = "乙"\n+++\n')
    (tmp_path / "gone.md").unlink()
    git("add", "-A")
    git("commit", "-qm", "two", at="2025-04-01T08:00:00+08:00")
    past, problems = look(tmp_path)
    assert [(p.title, p.at.date().isoformat(), p.member, p.draft_path) for p in sorted(past)] == [
        ("甲", "2025-03-01", "", '引"号\n a.md'),
        ("乙", "2025-04-01", "bob", "ugc/bob/b.md"),
    ]
    assert not problems


def test_the_first_commit_counts_when_a_file_was_deleted_and_added_again() -> None:
    log = b"\x012025-04-01T00:00:00Z\n\0a.md\0\0\x012025-03-01T00:00:00Z\n\0a.md\0b.md\0"
    assert {path: at.month for path, at in first_commits(log).items()} == {"a.md": 3, "b.md": 3}


@pytest.mark.parametrize("front", ["draft: true", "published: false", "status: draft"])
def test_what_was_not_ready_was_not_published(tmp_path: Path, front: Any) -> None:
    """Neither its date nor its commit makes a slot kept."""
    (tmp_path / "a.md").write_text(f"---\ntitle: a\ndate: 2025-03-01\n{front}\n---\nx\n")
    assert not look(tmp_path)[0]
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one", "--date", "2025-03-01T08:00:00+08:00"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    past, problems = look(tmp_path)
    assert (past, [(str(p.where), p.message) for p in problems]) == ([], [("a.md", "is a draft that was not ready")])


def test_a_feed_that_a_person_named_has_a_hint_that_a_person_can_follow(tmp_path: Path) -> None:
    """There is no setting for it and no second look; of a file its path is said."""
    with pytest.raises(FeedError, match="save it as a file"):
        look("http://127.0.0.1:9/feed.xml")
    (tmp_path / "page.xml").write_text("<html><body>hello</body></html>")
    with pytest.raises(FeedError, match="this is a web page") as caught:
        look(tmp_path / "page.xml")
    assert caught.value.file == tmp_path / "page.xml"


def test_what_is_none_of_these_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a feed"):
        look(tmp_path / "nowhere")


def repository(root: Any, files: Any, at: str = "2025-03-01T08:00:00+08:00") -> None:
    env = {**os.environ, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at, "GIT_CONFIG_GLOBAL": "/dev/null"}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True, capture_output=True, env=env)


def test_a_readme_and_what_is_no_issue_keep_no_slot(tmp_path: Path) -> None:
    files = {
        "README.md": "# About",
        "a.md": "# A",
        "index.html": "x",
        "requirements.txt": "x",
        "docs/CHANGELOG.md": "x",
    }
    repository(tmp_path, files | {"x/README.md": "---\ntitle: An issue\n---\nx"})
    assert [(p.title, p.draft_path) for p in sorted(look(tmp_path)[0])] == [("A", "a.md"), ("An issue", "x/README.md")]


def test_a_folder_of_a_checkout_is_dated_by_its_commits_where_nothing_else_dates_it(tmp_path: Path) -> None:
    repository(tmp_path, {"posts/a.md": "# A", "posts/2024-01-01-b.md": "# B", "other.md": "# C"})
    past, problems = look(tmp_path / "posts")
    assert [(p.title, p.at.date().isoformat()) for p in sorted(past)] == [("B", "2024-01-01"), ("A", "2025-03-01")]
    assert not problems


def test_a_bare_repository_is_read(tmp_path: Path) -> None:
    repository(tmp_path / "work", {"a.md": "# A", "雨/b.md": "---\ntitle: B\ndraft: true\n---\nx", "README.md": "x"})
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(tmp_path / "work"), str(bare)], check=True, capture_output=True)
    past, problems = look(bare)
    assert [(p.title, p.at.date().isoformat()) for p in past] == [("A", "2025-03-01")]
    assert [str(p.where) for p in problems] == ["雨/b.md"]
