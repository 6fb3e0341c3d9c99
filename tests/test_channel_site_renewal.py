"""Which pages of a site are written again: after a revision, a withdrawal, a new template, a deleted page."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path
from typing import Any

from platform_bench import NOW, PLATFORMS, adapter, article, channel, event, opened, tree
from test_channel_site import Page, page, publish

from steadycast.platform import Event, Known, PostStore
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


def test_the_next_post_touches_a_handful_of_files_however_many_there_are(tmp_path: Path) -> None:
    """Its own page, its neighbour's, the front of each of its lists, the newest archives, the overviews and the index."""
    out = tmp_path / "out"
    start = dt.datetime(2020, 1, 1, 20, tzinfo=NOW.tzinfo)
    site = adapter("site", out, page_size=5)

    def post(n: Any) -> Any:
        day = start + dt.timedelta(days=n)
        return article(tmp_path / "in", n, slot=f"notes@{day:%Y-%m-%dT%H:%M}", published=day)

    shelf = PostStore.of(site.channel)
    for n in range(59):
        shelf.put(post(n))
    site.publish(post(59))
    told = channel("site", out, page_size=5)
    writes: list[str] = []

    def write(name: str, data: bytes) -> Path:
        writes.append(name)
        return told.write(name, data)

    counted = dataclasses.replace(told, write=write)
    opened(counted).publish(post(60))
    assert len(writes) <= 25, writes
    assert "notes/2020-03-01-2000.html" in writes
    assert not [name for name in writes if re.fullmatch(r".*-[1-9]\.html", name) and "/" not in name]
