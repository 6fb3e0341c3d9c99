"""Which pages of a site are written again: after a revision, a withdrawal, a new template, a deleted page."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from platform_bench import NOW, PLATFORMS, adapter, article, channel, event, key, opened, tree
from test_channel_site import Page, page, publish

from steadycast.platform import Event, Known, Post, PostStore, post_store
from steadycast.platform.post_index import PostIndex
from steadycast.platform.post_store import BEFORE, INDEX, LONG
from steadycast.platform.registry import load
from steadycast.render.templates import Templates


def test_other_words_about_the_community_or_a_template_of_its_own_renew_every_page(tmp_path: Path) -> None:
    """And not the same ones again: a page whose bytes are the same keeps its time."""
    out, own = tmp_path / "out", tmp_path / "templates"
    made = channel("site", out)
    opened(made).publish(article(tmp_path / "in", 1))
    old = out / "notes/2026-11-02-2000.html"
    said = dataclasses.replace(made, about="用上海话读书。", templates=own)
    editions = [PostStore.of(made).edition, PostStore.of(said).edition]
    own.mkdir()
    (own / "base.html.j2").write_text("<title>{{ title }}</title>ours")
    editions.append(PostStore.of(said).edition)
    assert len(set(editions)) == 3
    render = Templates((own, *PLATFORMS["site"].folders), zone=made.zone).render
    opened(dataclasses.replace(said, render=render)).publish(article(tmp_path / "in", 2))
    assert old.read_text().endswith("ours")


def test_the_first_event_is_in_the_menu_of_every_page_there_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    old = article(tmp_path / "in", 1)
    publish(out, old)
    assert "events.html" not in page(out, "notes/2026-11-02-2000.html")
    publish(out, event(tmp_path / "in", 2))
    for name in ("notes/2026-11-02-2000.html", "series/notes.html", "index.html"):
        assert any("events.html" in link for link in Page(page(out, name)).links()), name


def test_an_event_that_is_over_moves_to_the_past(tmp_path: Path) -> None:
    past = Event(NOW - dt.timedelta(days=2), NOW - dt.timedelta(days=2, hours=-2))
    publish(tmp_path / "out", event(tmp_path / "in", event=past))
    assert "眼下没有排定的活动" in page(tmp_path / "out", "events.html")
    assert 'class="occasion over"' in page(tmp_path / "out", "events.html")
    assert "接下来的活动" not in page(tmp_path / "out", "index.html")


def test_an_event_that_ends_is_over_on_every_page_at_the_next_look(tmp_path: Path) -> None:
    """Nothing else was published: the front page went on to announce it. A clock that is set back brings it back."""
    out, day = tmp_path / "out", dt.timedelta(days=1)

    def pages(out: Path) -> dict[str, bytes]:
        return {name: data for name, data in tree(out).items() if ".index." not in name}

    def clock(at: dt.datetime) -> Callable[[], dt.datetime]:
        return lambda: at

    post = event(tmp_path / "in", event=Event(NOW + day, NOW + 2 * day))
    publish(out, post)
    for at, over in ((NOW + 3 * day, True), (NOW, False), (NOW + 3 * day, True)):
        made = dataclasses.replace(channel("site", out), now=clock(at))
        opened(made).find(post, Known())
        looked = pages(out)
        with PostStore.of(made) as shelf:
            shelf.index.forget_pages()
            shelf.index.commit()
        opened(made).find(post, Known())
        assert looked == pages(out), "as made anew"
        assert ('class="occasion over"' in page(out, "events.html")) is over
        assert ("接下来的活动" in page(out, "index.html")) is not over


def test_a_revised_post_keeps_its_address_and_is_renamed_everywhere(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = article(tmp_path / "in", 1)
    before = publish(out, first, article(tmp_path / "in", 2, title="另一篇"))[0]
    after = adapter("site", out).revise(dataclasses.replace(first, title="书摊还在", slug="other"), Known())
    assert after.remote_id == before.remote_id
    assert not [n for n in tree(out) if n.endswith(".html") and "弄堂口的书摊</" in page(out, n)]
    assert "书摊还在" in page(out, "index.html")
    assert "书摊还在" in page(out, "notes/2026-11-03-2000.html"), "its neighbour names it too"


def test_a_withdrawn_post_is_gone_from_every_page(tmp_path: Path) -> None:
    out = tmp_path / "out"
    posts = [article(tmp_path / "in", n, title=f"第{n}篇") for n in range(1, 6)]
    publish(out, *posts, page_size=2)
    site = adapter("site", out, page_size=2)
    site.withdraw(posts[2], Known())
    assert site.find(posts[2], Known()) is None
    assert not [n for n, data in tree(out).items() if n.endswith((".html", ".xml")) and "第3篇".encode() in data]
    assert "第2篇" in page(out, "notes/2026-11-05-2000.html"), "its neighbours found each other"


def test_a_page_that_was_deleted_by_hand_is_made_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    post = article(tmp_path / "in")
    receipt = publish(out, post)[0]
    (out / receipt.remote_id).unlink()
    assert adapter("site", out).find(post, Known()) is not None
    assert (out / receipt.remote_id).is_file()


class Counted:
    """A site over a folder of its own, and what is written there."""

    def __init__(self, out: Path, **settings: Any) -> None:
        told = channel("site", out, page_size=5, **settings)
        self.writes: dict[str, int] = {}

        def write(name: str, data: bytes) -> Path:
            self.writes[name] = len(data)
            return told.write(name, data)

        self.channel = dataclasses.replace(told, write=write)
        self.out = out

    def publish(self, *posts: Post) -> dict[str, int]:
        """What that writes: files, and their bytes."""
        self.writes.clear()
        for post in posts:
            opened(self.channel).publish(post)
        return dict(self.writes)

    def renewed(self, most: int = 1000) -> dict[str, int]:
        """What it writes to be whole again."""
        self.writes.clear()
        adapter = opened(self.channel)
        while adapter.renew(most) is not None:
            pass
        return dict(self.writes)


@functools.cache
def base(folder: Path) -> Post:
    return article(folder, media=(), html="<p>Words.</p>", text="Words.")


def many(folder: Path, n: int) -> Post:
    """One of many posts: its own day, a tag of its own, one of some members."""
    day = dt.datetime(2020, 1, 1, 20, tzinfo=NOW.tzinfo) + dt.timedelta(days=n)
    names: dict[str, Any] = {
        "key": key(n),
        "slot": f"notes@{day:%Y-%m-%dT%H:%M}",
        "title": f"Post {n:03}",
        "draft": str(n),
    }
    others: dict[str, Any] = {"member": f"m{n % 15}", "member_title": f"M{n % 15}", "tags": ("common", f"tag {n}")}
    return dataclasses.replace(base(folder), published=day, **names, **others)


@pytest.fixture
def scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made for thousands, over some tens."""
    load(PLATFORMS["site"])
    for name, value in {"overviews.PART": 10, "sitemap.SITEMAP": 20, "pages.AT_ONCE": 5}.items():
        module, _, constant = name.partition(".")
        monkeypatch.setattr(sys.modules[f"steadycast_channel_site.{module}"], constant, value)


def grown(site: Counted, folder: Path, count: int) -> None:
    """So many posts, whole."""
    with PostStore.of(site.channel) as shelf:
        for n in range(count):
            shelf.put(many(folder, n))
    site.renewed()


@pytest.mark.usefixtures("scaled")
def test_the_next_post_writes_as_little_however_many_there_are(tmp_path: Path) -> None:
    """Its own page, its neighbour's, the front and the newest archive of its lists, and parts of overviews."""
    folder, small, large = tmp_path / "in", Counted(tmp_path / "small"), Counted(tmp_path / "large")
    grown(small, folder, 30)
    grown(large, folder, 90)
    few, written = small.publish(many(folder, 30)), large.publish(many(folder, 90))
    assert len(written) <= len(few) + 4, sorted(written)
    assert sum(written.values()) < sum(few.values()) + 5000
    assert {"notes/2020-03-31-2000.html", "tags-10.html", "sitemap-posts-5.xml"} <= written.keys()
    assert not written.keys() & {
        "tags-2.html",
        "tags-9.html",
        "sitemap-posts-4.xml",
        "sitemap-lists-1.xml",
        "all-1.html",
    }
    assert large.publish(many(folder, 90)) == {}


@pytest.mark.usefixtures("scaled")
def test_a_publish_makes_objects_of_as_few_posts_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those that its pages show, and of no other."""
    made: dict[int, int] = {}
    whole = PostStore._post
    for count in (30, 90):
        site, folder = Counted(tmp_path / str(count)), tmp_path / "in"
        grown(site, folder, count)
        with monkeypatch.context() as patched:
            of_it: list[str] = []
            patched.setattr(PostStore, "_post", lambda self, kept, got=of_it: got.append(kept) or whole(self, kept))
            site.publish(many(folder, count))
        made[count] = len(of_it)
    assert made[90] <= made[30] + 5


@pytest.mark.usefixtures("scaled")
def test_a_new_template_renews_a_large_site_outside_the_publish_and_a_killed_renewal_goes_on(tmp_path: Path) -> None:
    """The publish writes as many pages as before. No page of the renewal is made twice, wherever it was cut off."""
    folder, before = tmp_path / "in", Counted(tmp_path / "out")
    grown(before, folder, 30)
    edited = Counted(tmp_path / "out", podcast="https://hu.example/other.xml")
    old = edited.out / "notes/2020-01-05-2000.html"
    written = edited.publish(many(folder, 30))
    assert "notes/2020-01-31-2000.html" in written
    assert len(written) < 30
    assert "other.xml" not in old.read_text()
    with pytest.raises(KeyboardInterrupt):
        opened(dataclasses.replace(edited.channel, write=killed_at(edited.channel.write, 12))).renew(20)
    edited.writes.clear()
    assert opened(edited.channel).renew(20)
    batch = dict(edited.writes)
    assert "other.xml" in page(edited.out, "notes/2020-01-29-2000.html"), "the newest first"
    more = edited.publish(many(folder, 31))  # a slot, between two turns
    assert "notes/2020-02-01-2000.html" in more
    rest = edited.renewed(most=20)
    assert not rest.keys() & (batch.keys() - more.keys())
    pages = [name for name in tree(edited.out) if name.endswith(".html")]
    assert [name for name in pages if "other.xml" not in page(edited.out, name)] == []
    assert opened(edited.channel).renew(20) is None


@pytest.mark.usefixtures("scaled")
def test_a_turn_costs_as_little_however_many_pages_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own pages: what is stale was asked once, and no record is looked at but those that are shown."""
    asked, looks, found = PostIndex.made, post_store._stamps, dict[int, int]()
    for count in (30, 90):
        site = Counted(tmp_path / str(count))
        grown(site, tmp_path / "in", count)
        adapter = opened(dataclasses.replace(site.channel, about="Other words."))
        adapter.renew(5)
        cost: list[object] = []
        with monkeypatch.context() as patched:
            patched.setattr(PostIndex, "made", lambda *given, told=cost: told.append("made") or asked(*given))
            patched.setattr(PostIndex, "groups", None)
            patched.setattr(
                post_store, "_stamps", lambda shelf, only=None, told=cost: told.append(only) or looks(shelf, only)
            )
            assert adapter.renew(5) > adapter.renew(5)
        assert [each for each in cost if each != []] == []
        found[count] = len(cost)
    assert found[30] == found[90]


@pytest.mark.usefixtures("scaled")
def test_a_slot_between_two_turns_of_one_renewal_is_shown_everywhere(tmp_path: Path) -> None:
    """What the turn before left is not gone by: the slot made pages that it does not know of."""
    folder, site, at_once = tmp_path / "in", Counted(tmp_path / "out"), Counted(tmp_path / "other")
    grown(site, folder, 30)
    site.channel = dataclasses.replace(site.channel, about="Other words.")
    at_once.channel = dataclasses.replace(at_once.channel, about="Other words.")
    adapter = opened(site.channel)
    for number in (30, 31):
        assert adapter.renew(10)
        site.publish(many(folder, number))
    while adapter.renew(10) is not None:
        pass
    grown(at_once, folder, 32)
    assert visible(site.out) == visible(at_once.out)


def killed_at(write: Any, count: int) -> Any:
    """A `write` that ends the process, as it were, at one of its files."""
    left = [count]

    def failing(name: str, data: bytes) -> Path:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return write(name, data)

    return failing


@pytest.mark.usefixtures("scaled")
def test_a_site_that_grew_post_by_post_is_as_one_that_was_made_at_once(tmp_path: Path) -> None:
    """Also after a withdrawal in its middle, which leaves no page behind that still shows the post."""
    folder, slowly, at_once = tmp_path / "in", Counted(tmp_path / "a"), Counted(tmp_path / "b")
    for n in (*range(0, 14, 2), *range(1, 14, 2)):
        slowly.publish(many(folder, n))
    slowly.renewed()  # the menu changed with the first tag
    grown(at_once, folder, 14)
    assert visible(slowly.out) == visible(at_once.out)
    opened(slowly.channel).withdraw(many(folder, 7), Known())
    assert not [name for name, data in visible(slowly.out).items() if b"Post 007" in data or b"tag 7<" in data]
    without = Counted(tmp_path / "c")
    with PostStore.of(without.channel) as shelf:
        for n in {*range(14)} - {7}:
            shelf.put(many(folder, n))
    without.renewed()
    assert visible(slowly.out) == visible(without.out)


def visible(out: Path) -> dict[str, bytes]:
    """All but the index, and pages that lead to another."""
    return {name: data for name, data in tree(out).items() if name != INDEX and b'"refresh"' not in data}


@pytest.mark.usefixtures("scaled")
def test_a_page_that_a_list_no_longer_has_leads_to_the_list(tmp_path: Path) -> None:
    """Where fewer posts are left, or more of them stand on a page."""
    folder, site = tmp_path / "in", Counted(tmp_path / "out")
    grown(site, folder, 12)
    assert "all-3.html" in visible(site.out)
    for n in (0, 1):
        opened(site.channel).withdraw(many(folder, n), Known())
    assert 'content="0; url=all.html"' in page(site.out, "all-3.html")
    assert "tag/tag-0" not in " ".join(visible(site.out))
    site.publish(many(folder, 12))
    assert "Post 012" in page(site.out, "all-3.html")


@pytest.mark.usefixtures("scaled")
def test_a_site_of_the_version_before_is_taken_over_without_reading_its_posts(tmp_path: Path) -> None:
    """Its index, one file with every post in it, is taken in; its pages are renewed outside the publish."""
    folder, site = tmp_path / "in", Counted(tmp_path / "out")
    grown(site, folder, 30)
    posts = site.out / "posts"
    index: dict[str, Any] = {"edition": "old", "posts": {}}
    for file in posts.glob("?????????????.json"):
        said = {name: value for name, value in json.loads(file.read_bytes()).items() if name not in LONG}
        index["posts"][file.stem] = [[file.stat().st_mtime_ns, file.stat().st_size], said]
    (site.out / INDEX).unlink()
    (site.out / BEFORE).write_text(json.dumps(index))
    (posts / f"{many(folder, 3).key}.json").unlink()  # withdrawn, and then it crashed
    (site.out / "notes/2020-01-04-2000.html").unlink()
    written = site.publish(many(folder, 30))
    assert len(written) < 80
    assert "notes/2020-01-31-2000.html" in written
    assert not (site.out / BEFORE).exists()
    site.renewed()
    assert not [name for name, data in visible(site.out).items() if b"Post 003" in data and name.endswith("l")]


@pytest.mark.usefixtures("scaled")
def test_a_change_that_is_taken_back_leaves_no_page_of_it(tmp_path: Path) -> None:
    """Two editions stood side by side meanwhile: what is there again is not taken for what is whole."""
    site = Counted(tmp_path / "out")
    site.publish(*(many(tmp_path / "in", n) for n in range(12)))
    plain = site.channel
    site.channel = dataclasses.replace(plain, about="SECOND")
    site.publish(many(tmp_path / "in", 12))
    site.channel = plain
    site.publish(many(tmp_path / "in", 13))
    site.renewed()
    assert not [name for name, data in tree(site.out).items() if name.endswith(".html") and b"SECOND" in data]


def test_a_copied_folder_whose_files_have_new_times_is_made_again_by_no_publish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, made = tmp_path / "out", []
    publish(out, *(article(tmp_path / "in", n) for n in range(1, 9)))
    for record in (out / "posts").glob("*.json"):
        os.utime(record, (1, 1))
    pages = sys.modules[f"{type(adapter('site', out)).__module__}.pages"].Pages
    monkeypatch.setattr(pages, "_article", lambda _self, post: made.append(post.key))
    monkeypatch.setattr(pages, "page", lambda *_, **__: None)
    with PostStore.of(channel("site", out)) as shelf:
        assert (shelf.changed, shelf.unfinished) == (frozenset(), frozenset())
    publish(out, article(tmp_path / "in", 9))
    assert made == [key(8), key(9)], "itself and its neighbour"
    monkeypatch.setattr(PostIndex, "hash", None)  # no record is read twice for its time
    with PostStore.of(channel("site", out)) as shelf:
        assert shelf.changed == frozenset()


def test_a_damaged_index_is_made_anew(tmp_path: Path) -> None:
    out = tmp_path / "out"
    posts = [article(tmp_path / "in", n) for n in range(1, 4)]
    publish(out, *posts[:2])
    index = out / INDEX
    data = index.read_bytes()
    index.write_bytes(data[:4096] + b"\x5a" * (len(data) - 4096))
    publish(out, posts[2])
    assert all(str(n) in page(out, "all.html") for n in range(1, 4))


def test_an_archive_keeps_no_name_that_a_series_had(tmp_path: Path) -> None:
    site = Counted(tmp_path / "out")
    named = [dataclasses.replace(many(tmp_path / "in", n), series_title="Old name") for n in range(12)]
    site.publish(*named)
    site.publish(dataclasses.replace(many(tmp_path / "in", 12), series_title="New name"))
    lists = {name: data for name, data in tree(site.out).items() if name.startswith("series/")}
    assert len(lists) > 2
    assert {re.findall(r"<h1>(.*)</h1>", data.decode())[0] for data in lists.values()} == {"New name"}


def test_a_list_called_as_an_archive_page_of_another_takes_no_page_from_it(tmp_path: Path) -> None:
    site = Counted(tmp_path / "out")
    tagged = [dataclasses.replace(many(tmp_path / "in", n), tags=("covid",)) for n in range(12)]
    other = dataclasses.replace(many(tmp_path / "in", 12), tags=("covid-1",))
    site.publish(*tagged, other)
    assert "Post 012" in page(site.out, "tag/covid-1.html")
    assert "Post 000" in page(site.out, "tag/covid--1.html")
    opened(site.channel).withdraw(other, Known())
    assert "Post 000" in page(site.out, "tag/covid-1.html")
    assert not (site.out / "tag/covid--1.html").exists()
