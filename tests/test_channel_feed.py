"""The feed platform: three feeds that readers take, with ids that stay."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import feedparser
from feedparser.util import FeedParserDict
from platform_bench import HOSTILE, ZONE, adapter, article, audio, changed, event, held, key, tree, video

from steadycast.platform import Known, Post, Receipt
from steadycast.platform.post_store import INDEX

ATOM = "{http://www.w3.org/2005/Atom}"
WHERE = {"url": "https://hu.example/feed", "pages": "https://hu.example"}


def publish(out: Path, *posts: Post, **settings: int) -> list[Receipt]:
    feed = adapter("feed", out, **{**WHERE, **settings})
    return [feed.publish(post) for post in posts]


def parsed(out: Path, name: str) -> FeedParserDict:
    found = feedparser.parse((out / name).read_bytes())
    assert found.bozo is False, found.get("bozo_exception")
    return found


def test_sample(tmp_path: Path) -> None:
    publish(tmp_path / "out", article(tmp_path / "in"), audio(tmp_path / "in", 2))
    for name in ("feed.xml", "atom.xml", "feed.json"):
        held("feed", name, (tmp_path / "out" / name).read_bytes())


def test_all_three_say_the_same_of_every_form(tmp_path: Path) -> None:
    posts = [make(tmp_path / "in", n) for n, make in enumerate((article, audio, video, event), 1)]
    receipts = publish(tmp_path / "out", *posts)
    rss, atom = parsed(tmp_path / "out", "feed.xml"), parsed(tmp_path / "out", "atom.xml")
    told = json.loads((tmp_path / "out/feed.json").read_bytes())
    ids = [r.remote_id for r in reversed(receipts)]
    assert [e.id for e in rss.entries] == [e.id for e in atom.entries] == [i["id"] for i in told["items"]] == ids
    titles = [p.title for p in reversed(posts)]
    assert (
        [e.title for e in rss.entries]
        == [e.title for e in atom.entries]
        == [i["title"] for i in told["items"]]
        == titles
    )
    for ours, theirs in zip(reversed(posts), rss.entries, strict=True):
        assert theirs.published_parsed[:6] == ours.published.utctimetuple()[:6]
        assert theirs.link.startswith("https://hu.example/")
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert (told["feed_url"], told["home_page_url"]) == ("https://hu.example/feed/feed.json", "https://hu.example")


def test_enclosures_have_the_files_own_length_and_type(tmp_path: Path) -> None:
    post = audio(tmp_path / "in")
    publish(tmp_path / "out", post)
    sound = post.media[0]
    (link,) = parsed(tmp_path / "out", "feed.xml").entries[0].enclosures
    assert (link.type, int(link.length)) == ("audio/mpeg", sound.size)
    assert link.href == f"https://hu.example/feed/media/{sound.sha256}.mp3"
    assert (tmp_path / "out/media" / f"{sound.sha256}.mp3").stat().st_size == sound.size
    (attached,) = json.loads((tmp_path / "out/feed.json").read_bytes())["items"][0]["attachments"]
    assert attached == {
        "url": link.href,
        "mime_type": "audio/mpeg",
        "size_in_bytes": sound.size,
        "duration_in_seconds": 61.4,
    }


def test_content_is_whole_and_its_pictures_absolute(tmp_path: Path) -> None:
    publish(tmp_path / "out", article(tmp_path / "in"))
    for name in ("feed.xml", "atom.xml"):
        content = parsed(tmp_path / "out", name).entries[0].content[0].value
        assert 'src="https://hu.example/feed/media/' in content
        assert "白相" in content


def test_an_id_survives_a_move_an_edit_and_a_new_title(tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    (first,) = publish(tmp_path / "a", post)
    moved = adapter("feed", tmp_path / "b", url="https://other.example", pages="https://other.example")
    assert moved.publish(changed(post, title="改过", html="<p>新</p>")).remote_id == first.remote_id
    assert first.remote_id.startswith("urn:uuid:")


def test_what_breaks_out_of_xml_stays_in(tmp_path: Path) -> None:
    evil = article(
        tmp_path / "in",
        title=f"]]> {HOSTILE}",
        html="<p>]]>&lt;x&gt; \x0c\x00</p>",
        tags=(HOSTILE,),
        member_title=HOSTILE,
    )
    publish(tmp_path / "out", evil)
    assert parsed(tmp_path / "out", "feed.xml").entries[0].title.startswith("]]> <script>")
    ET.fromstring((tmp_path / "out/atom.xml").read_bytes())


def test_the_newest_stay_and_older_ones_are_still_found(tmp_path: Path) -> None:
    posts = [article(tmp_path / "in", n) for n in range(1, 9)]
    publish(tmp_path / "out", *posts, items=3)
    feed = adapter("feed", tmp_path / "out", items=3, **WHERE)
    assert len(parsed(tmp_path / "out", "feed.xml").entries) == 3
    assert feed.find(posts[0], Known()) is not None
    assert feed.find(dataclasses.replace(posts[0], key=key(77)), Known()) is None


def test_a_withdrawn_item_is_gone(tmp_path: Path) -> None:
    posts = [article(tmp_path / "in", n) for n in (1, 2)]
    publish(tmp_path / "out", *posts)
    feed = adapter("feed", tmp_path / "out", **WHERE)
    feed.withdraw(posts[1], Known())
    assert len(parsed(tmp_path / "out", "atom.xml").entries) == 1
    assert feed.find(posts[1], Known()) is None


def test_a_feed_that_was_lost_is_made_again(tmp_path: Path) -> None:
    post = article(tmp_path / "in")
    publish(tmp_path / "out", post)
    before = tree(tmp_path / "out")
    (tmp_path / "out/atom.xml").unlink()
    assert adapter("feed", tmp_path / "out", **WHERE).find(post, Known()) is not None
    assert tree(tmp_path / "out") | {INDEX: b""} == before | {INDEX: b""}


def one(parent: ET.Element, tag: str) -> ET.Element:
    found = parent.find(tag)
    assert found is not None, tag
    return found


def test_rss_and_atom_carry_what_their_standards_ask_for(tmp_path: Path) -> None:
    publish(tmp_path / "out", article(tmp_path / "in"))
    channel = ET.fromstring((tmp_path / "out/feed.xml").read_bytes())[0]
    assert all(channel.findtext(tag) for tag in ("title", "link", "description", "language", "lastBuildDate"))
    assert one(channel, f"{ATOM}link").get("href") == "https://hu.example/feed/feed.xml"
    assert one(channel, "item/guid").get("isPermaLink") == "false"
    feed = ET.fromstring((tmp_path / "out/atom.xml").read_bytes())
    assert all(feed.findtext(f"{ATOM}{tag}") for tag in ("id", "title", "updated"))
    entry = one(feed, f"{ATOM}entry")
    assert all(entry.findtext(f"{ATOM}{tag}") for tag in ("id", "title", "updated", "content"))


def test_what_the_feed_is_about_is_what_the_community_says_of_itself(tmp_path: Path) -> None:
    feed = adapter("feed", tmp_path / "out")
    feed.channel = dataclasses.replace(feed.channel, about="用上海话读书。")
    feed.publish(article(tmp_path / "in"))
    channel = ET.parse(tmp_path / "out/feed.xml").find("channel")
    assert channel is not None
    assert channel.findtext("description") == "用上海话读书。"
    assert json.loads((tmp_path / "out/feed.json").read_text())["description"] == "用上海话读书。"


def test_a_member_with_a_page_of_their_own_is_named_with_it(tmp_path: Path) -> None:
    """Atom says it as the author's uri, JSON Feed as the author's url; without one neither says anything."""
    feed = adapter("feed", tmp_path / "out")
    feed.publish(article(tmp_path / "in", 1, member_url="https://alice.example/?a=1&b=2"))
    atom = (tmp_path / "out" / "atom.xml").read_text(encoding="utf-8")
    assert "<author><name>阿丽</name><uri>https://alice.example/?a=1&amp;b=2</uri></author>" in atom
    [item] = json.loads((tmp_path / "out" / "feed.json").read_text(encoding="utf-8"))["items"]
    assert item["authors"] == [{"name": "阿丽", "url": "https://alice.example/?a=1&b=2"}]
    feed.publish(article(tmp_path / "in", 1))
    assert "<uri>" not in (tmp_path / "out" / "atom.xml").read_text(encoding="utf-8")


def test_a_feed_holds_the_newest_posts_and_as_many_as_are_asked_for(tmp_path: Path) -> None:
    days = [dt.datetime(2026, 1, n, 20, tzinfo=ZONE) for n in range(1, 31)]
    posts = [article(tmp_path / "in", n, media=(), published=day) for n, day in enumerate(days)]
    for shown, settings in ((20, {}), (25, {"items": 25})):
        publish(tmp_path / "out", *posts, **settings)
        assert len(parsed(tmp_path / "out", "feed.xml").entries) == shown
        assert len(parsed(tmp_path / "out", "atom.xml").entries) == shown
        told = json.loads((tmp_path / "out/feed.json").read_bytes())["items"]
        assert [item["date_published"] for item in told] == [day.isoformat() for day in reversed(days[-shown:])]
