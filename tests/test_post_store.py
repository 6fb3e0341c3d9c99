"""The shelf of a file platform: the post is the truth, and whatever a crash left behind shows as unfinished."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from platform_bench import HOSTILE, adapter, article, audio, channel, key, opened, tree

from steadycast.platform import Known, PostStore, media_name, slot_path
from steadycast.platform.post_store import INDEX


def shelf(out: Any) -> Any:
    return PostStore.of(channel("pages", out))


def test_a_post_comes_back_as_it_was_put(tmp_path: Path) -> None:
    """All but where its media and its draft lie: the files are the shelf's own, the draft's path stays in the house."""
    post = audio(tmp_path / "in", extra={"title": "other"})
    kept = shelf(tmp_path / "out")
    kept.put(post)
    back = kept.get(post.key)
    assert back is not None
    assert back.media[0].path == tmp_path / "out" / media_name(post.media[0])
    assert back.media[0].path.read_bytes() == post.media[0].path.read_bytes()
    assert "ugc/" not in (tmp_path / "out" / "posts" / f"{post.key}.json").read_text()
    assert dataclasses.replace(back, media=(), draft="") == dataclasses.replace(post, media=(), draft="")


def test_what_finish_has_not_seen_is_unfinished(tmp_path: Path) -> None:
    out = tmp_path / "out"
    one, two = article(tmp_path / "in", 1), article(tmp_path / "in", 2)
    kept = shelf(out)
    kept.put(one)
    assert shelf(out).unfinished == {one.key}
    kept.finish()
    assert shelf(out).unfinished == frozenset()
    kept.put(two)  # and here the machine stops
    assert shelf(out).unfinished == {two.key}
    again = shelf(out)
    again.finish()
    again.put(dataclasses.replace(one, title="改过的题目"))
    assert shelf(out).unfinished == {one.key}
    again.drop(two.key)
    assert shelf(out).unfinished == {one.key, two.key}
    assert [p.key for p in shelf(out).gone] == [two.key]


@pytest.mark.parametrize("index", [b"", b"{", b"SQLite format 3\0" + bytes(100), b"x" * 9000])
def test_an_index_that_cannot_be_used_is_no_loss(tmp_path: Path, index: Any) -> None:
    out = tmp_path / "out"
    kept = shelf(out)
    kept.put(article(tmp_path / "in"))
    kept.finish()
    (out / INDEX).write_bytes(index)
    assert shelf(out).unfinished == {key(1)}
    assert [p.title for p in shelf(out).posts] == ["弄堂口的书摊"]


def test_a_change_of_settings_or_templates_makes_all_unfinished(tmp_path: Path) -> None:
    kept = shelf(tmp_path / "out")
    kept.put(article(tmp_path / "in"))
    kept.finish()
    assert PostStore.of(channel("pages", tmp_path / "out", page_size=3)).unfinished == {key(1)}
    assert PostStore.of(channel("paste", tmp_path / "out")).unfinished == {key(1)}


@pytest.mark.parametrize("name", ["mine.j2", "parts/foot.html.j2"])
def test_a_template_of_the_workspace_makes_all_unfinished_wherever_it_lies(tmp_path: Path, name: Any) -> None:
    """templates/<channel>/ and its sub-folders: from the moment it is there, and again when it changes."""
    given = dataclasses.replace(channel("pages", tmp_path / "out"), templates=tmp_path / "templates")
    kept = PostStore.of(given)
    kept.put(article(tmp_path / "in"))
    kept.finish()
    file = tmp_path / "templates" / name
    file.parent.mkdir(parents=True)
    for words in ("one", "two"):
        file.write_text(words)
        assert PostStore.of(given).unfinished == {key(1)}
        PostStore.of(given).finish()
        assert not PostStore.of(given).unfinished


def test_the_same_post_again_writes_nothing(tmp_path: Path) -> None:
    writes: list[str] = []
    post = article(tmp_path / "in")
    shelf(tmp_path / "out").put(post)
    told = channel("pages", tmp_path / "out")

    def write(name: str, _data: bytes) -> Path:
        writes.append(name)
        return told.out / name

    again = PostStore(told.out, write, told.zone)
    again.put(post)
    again.keep(f"posts/{post.key}.json", (tmp_path / "out" / "posts" / f"{post.key}.json").read_bytes())
    assert writes == []


def test_newest_first_and_the_key_decides_between_equals(tmp_path: Path) -> None:
    kept = shelf(tmp_path / "out")
    same = article(tmp_path / "in", 3).published
    for number in (3, 1, 2):
        kept.put(article(tmp_path / "in", number, published=same))
    kept.put(article(tmp_path / "in", 9))
    assert [p.key for p in kept.posts] == [key(9), key(3), key(2), key(1)]


def test_characters_that_no_feed_can_hold_are_left_out(tmp_path: Path) -> None:
    kept = shelf(tmp_path / "out")
    kept.put(article(tmp_path / "in", title="a\x00b\x0bc\ud800d\ufffe", tags=("x\x07",)))
    back = kept.get(key(1))
    assert (back.title, back.tags) == ("abcd", ("x",))


def test_media_are_linked_where_they_can_be_and_copied_where_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = audio(tmp_path / "in")
    shelf(tmp_path / "a").put(post)
    assert (tmp_path / "a" / media_name(post.media[0])).stat().st_ino == post.media[0].path.stat().st_ino
    monkeypatch.setattr(os, "link", lambda *a, **k: (_ for _ in ()).throw(OSError("another device")))
    shelf(tmp_path / "b").put(post)
    assert (tmp_path / "b" / media_name(post.media[0])).read_bytes() == post.media[0].path.read_bytes()
    assert not [name for name in tree(tmp_path / "b") if ".part" in name or name.startswith("media/.")]


def test_an_address_comes_from_the_slot_alone(tmp_path: Path) -> None:
    post = article(tmp_path, slot="morning@2026-11-27T06:20")
    assert slot_path(post) == "morning/2026-11-27-0620"
    assert slot_path(dataclasses.replace(post, title="x", slug="y", key=key(7))) == slot_path(post)
    for slot in ("../../etc@../passwd", f"{HOSTILE}@{HOSTILE}", "", "@", "a@", "/@/"):
        path = slot_path(dataclasses.replace(post, slot=slot))
        assert not path.startswith("/")
        assert ".." not in path


def test_only_a_whole_address_of_a_picture_is_replaced(tmp_path: Path) -> None:
    post = article(tmp_path, html='<img src="media:{0}"> media:{0} <img src="media:abc">')
    sha = post.media[1].sha256
    post = dataclasses.replace(post, html=post.html.format(sha))
    assert (
        post.html_with(lambda m: "../" + media_name(m)) == f'<img src="../media/{sha}.png"> media:{sha} <img src="#">'
    )


@pytest.mark.parametrize("name", ["pages", pytest.param("site", marks=pytest.mark.platforms("site"))])
def test_a_crash_between_the_post_and_its_pages_heals_at_the_next_find(name: Any, tmp_path: Path) -> None:
    """Stop after every single write of a publish: a find afterwards leaves what an undisturbed publish leaves."""
    post = article(tmp_path / "in")
    adapter(name, tmp_path / "whole").publish(post)
    undisturbed = {n: d for n, d in tree(tmp_path / "whole").items() if n != INDEX}
    for stop in range(40):
        out = tmp_path / f"crash{stop}"
        told = channel(name, out)
        left = [stop]

        def failing(file: Any, data: Any, write: Any = told.write, left: Any = left) -> Any:
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            return write(file, data)

        try:
            opened(dataclasses.replace(told, write=failing)).publish(post)
        except KeyboardInterrupt:
            found = adapter(name, out).find(post, Known())
            assert (found is None) == (stop == 0)
            if stop == 0:
                continue
            assert {n: d for n, d in tree(out).items() if n != INDEX} == undisturbed
        else:
            assert stop >= 3
            return
    raise AssertionError("the publish never came to its end")
