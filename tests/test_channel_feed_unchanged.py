"""A shelf that nobody touched since is not looked at again, and whatever was done to it is found all the same."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from platform_bench import adapter, article, channel, key, opened

from steadycast.errors import Busy
from steadycast.platform import Known, PostStore, index_file, post_store
from steadycast.platform.post_store import INDEX, missing
from steadycast.platform.unchanged import time_of

POSTS = 5


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A feed of some posts; the one that made its index could not know the folder's time yet, the next one did."""
    for number in range(1, POSTS + 1):
        adapter("feed", tmp_path / "out").publish(article(tmp_path / "in", number))
    return tmp_path / "out"


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was looked at: "all" records, one by one otherwise, and each time that an index was read through."""
    seen: list[str] = []
    stamps, asked = post_store._stamps, index_file._Database.asked

    def noted(shelf: Path, only: Any = None) -> Any:
        seen.extend(["all"] if only is None else only)
        return stamps(shelf, only)

    def noting(self: Any, statement: str, *values: Any) -> Any:
        seen.extend(["index"] if "quick_check" in statement else [])
        return asked(self, statement, *values)

    monkeypatch.setattr(post_store, "_stamps", noted)
    monkeypatch.setattr(index_file._Database, "asked", noting)
    return seen


def record(out: Path, number: int) -> Path:
    return out / "posts" / f"{key(number)}.json"


def changed(out: Path) -> frozenset[str]:
    with PostStore.of(channel("feed", out)) as shelf:
        return shelf.changed


def items(out: Path) -> int:
    return (out / "atom.xml").read_text().count("</entry>")


def edit(file: Path) -> None:
    """Other words in the same file, as an editor that writes in place leaves them: the folder keeps its time."""
    folder = time_of(file.parent)
    file.write_bytes(file.read_bytes().replace("弄堂口".encode(), "街角".encode()))
    assert time_of(file.parent) == folder


def test_a_publish_looks_at_its_own_record_alone(tmp_path: Path, out: Path, looked: list[str]) -> None:
    feed, post = adapter("feed", out), article(tmp_path / "in", 9)
    feed.publish(post)
    feed.revise(dataclasses.replace(post, title="另一个题目"), Known())
    feed.withdraw(post, Known())
    assert set(looked) == {post.key}
    assert "另一个题目" not in (out / "feed.xml").read_text()
    assert changed(out) == frozenset()


def test_a_publish_of_the_same_post_looks_at_none(tmp_path: Path, out: Path, looked: list[str]) -> None:
    adapter("feed", out).publish(article(tmp_path / "in", 1))
    assert looked == []


@pytest.mark.parametrize("how", ["removed", "moved away", "killed before its pages"])
def test_a_record_that_came_or_went_beside_is_seen_at_once(
    tmp_path: Path, out: Path, looked: list[str], how: str
) -> None:
    """Whoever did that: a person, or another process."""
    if how == "removed":
        record(out, 2).unlink()
    elif how == "moved away":
        record(out, 2).replace(out / "posts" / "beside")
    else:
        adapter("feed", out).lay(article(tmp_path / "in", 8))
    adapter("feed", out).publish(article(tmp_path / "in", 9))
    assert "all" in looked
    assert items(out) == POSTS + (2 if "killed" in how else 0)
    assert changed(out) == frozenset()


def test_what_comes_while_pages_are_made_is_not_taken_for_known(tmp_path: Path, out: Path) -> None:
    made = channel("feed", out)

    def write(name: str, data: bytes) -> Path:
        if name == "feed.xml":
            record(out, 3).unlink(missing_ok=True)
        return made.write(name, data)

    opened(dataclasses.replace(made, write=write)).publish(article(tmp_path / "in", 9))
    assert changed(out) == {key(3)}


def test_a_backup_put_back_over_newer_records_lets_them_all_be_looked_at(tmp_path: Path, out: Path) -> None:
    """It brings an index that knows of none of them, and gives the folder the time that this index remembers."""
    shutil.copytree(out, tmp_path / "backup")
    for number in (7, 8):
        adapter("feed", out).publish(article(tmp_path / "in", number))
    shutil.copytree(tmp_path / "backup", out, dirs_exist_ok=True)
    adapter("feed", out).publish(article(tmp_path / "in", 9))
    assert items(out) == POSTS + 3


def test_a_record_that_was_changed_in_place_is_found_by_verify(tmp_path: Path, out: Path) -> None:
    edit(record(out, 3))
    assert changed(out) == frozenset()
    assert missing(out, [key(n) for n in range(1, POSTS + 1)]) == frozenset()
    assert changed(out) == {key(3)}
    adapter("feed", out).find(article(tmp_path / "in", 5), Known())
    assert "街角" in (out / "feed.xml").read_text()


def test_a_record_that_was_damaged_in_place_is_made_again(out: Path) -> None:
    record(out, 3).write_bytes(b"")
    assert missing(out, [key(n) for n in range(1, POSTS + 1)]) == {key(3)}


def damage(index: Path) -> None:
    """A fault of the disk: what it holds is another, and nothing says so."""
    told, data = index.stat(), index.read_bytes()
    index.write_bytes(data[:4096] + b"\x5a" * (len(data) - 4096))
    os.utime(index, ns=(told.st_atime_ns, told.st_mtime_ns))


def test_an_index_that_a_person_wrote_to_is_read_through(tmp_path: Path, out: Path, looked: list[str]) -> None:
    os.utime(out / INDEX)
    adapter("feed", out).publish(article(tmp_path / "in", 9))
    assert "index" in looked
    looked.clear()
    adapter("feed", out).publish(article(tmp_path / "in", 10))
    assert looked == [key(10)]


def test_a_fault_of_the_disk_in_the_index_is_found_by_verify(tmp_path: Path, out: Path) -> None:
    damage(out / INDEX)
    assert missing(out, [key(n) for n in range(1, POSTS + 1)]) == frozenset()
    adapter("feed", out).publish(article(tmp_path / "in", 9))
    assert changed(out) == frozenset()


def test_a_fault_of_the_disk_in_the_index_costs_one_try(tmp_path: Path, out: Path) -> None:
    """Whoever meets it says so, and the next one makes the index anew."""
    damage(out / INDEX)
    for _try in range(2):
        try:
            adapter("feed", out).publish(article(tmp_path / "in", 9))
        except Busy:
            continue
    assert changed(out) == frozenset()
    assert items(out) == POSTS + 1


def test_a_file_system_that_counts_whole_seconds_is_looked_at_each_time(
    tmp_path: Path, out: Path, looked: list[str]
) -> None:
    os.utime(out / "posts", ns=(10**18, 10**18))
    os.utime(out / INDEX, ns=(10**18, 10**18))
    adapter("feed", out).publish(article(tmp_path / "in", 9))
    assert {"all", "index"} <= set(looked)
