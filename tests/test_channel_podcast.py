"""The podcast platform: what PSP-1 and Apple ask of a feed."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from platform_bench import PLATFORMS, ROOT, adapter, article, audio, held, png, tree, video

from steadycast.platform import Known, Post, Refused
from steadycast.platform.registry import load

SPACES = {
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "podcast": "https://podcastindex.org/namespace/1.0",
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
}
WHERE = {
    "url": "https://hu.example/podcast",
    "description": "每天早上六十秒，听一个沪语字。",
    "email": "hello@hu.example",
}


def feed(out: Path, *posts: Post, **settings: str) -> ET.Element:
    podcast = adapter("podcast", out, **{**WHERE, **settings})
    for post in posts:
        podcast.publish(post)
    return ET.fromstring((out / "feed.xml").read_bytes())[0]


def test_sample(tmp_path: Path) -> None:
    feed(tmp_path / "out", audio(tmp_path / "in"), video(tmp_path / "in"))
    held("podcast", "feed.xml", (tmp_path / "out/feed.xml").read_bytes())


def one(parent: ET.Element, tag: str) -> ET.Element:
    found = parent.find(tag, SPACES)
    assert found is not None, tag
    return found


def test_the_channel_has_all_that_is_required(tmp_path: Path) -> None:
    """https://github.com/Podcast-Standards-Project/PSP-1-Podcast-RSS-Specification"""
    show = feed(tmp_path / "out", audio(tmp_path / "in"))
    for tag in ("title", "link", "description", "language"):
        assert show.findtext(tag), tag
    assert one(show, "atom:link").get("rel") == "self"
    assert one(show, "atom:link").get("href") == "https://hu.example/podcast/feed.xml"
    assert one(show, "itunes:category").get("text") == "Society & Culture"
    assert show.findtext("itunes:explicit", None, SPACES) == "false"
    assert one(show, "itunes:image").get("href") == "https://hu.example/podcast/cover.jpg"
    assert show.findtext("podcast:locked", None, SPACES) == "yes"


def test_each_episode_has_all_that_is_required(tmp_path: Path) -> None:
    post = audio(tmp_path / "in")
    item = one(feed(tmp_path / "out", post), "item")
    sound = post.media[0]
    assert item.findtext("title") == post.title
    assert item.findtext("guid", "").startswith("urn:uuid:")
    assert one(item, "enclosure").attrib == {
        "url": f"https://hu.example/podcast/media/{sound.sha256}.mp3",
        "length": str(sound.path.stat().st_size),
        "type": "audio/mpeg",
    }
    assert item.findtext("itunes:duration", None, SPACES) == "61"
    assert item.findtext("pubDate") == "Sat, 14 Nov 2026 20:00:00 +0800"


def test_the_show_s_guid_is_the_one_that_every_host_computes(tmp_path: Path) -> None:
    """The namespace's own example: feed address without scheme and trailing slashes."""
    load(PLATFORMS["podcast"])
    import sys

    show_guid = sys.modules["steadycast_channel_podcast"].show_guid
    assert show_guid("https://mp3s.nashownotes.com/pc20rss.xml") == "917393e3-1b1e-5cef-ace4-edaa54e1f810"
    assert (
        show_guid("http://podnews.net/rss/")
        == show_guid("https://podnews.net/rss")
        == "9b024349-ccf0-5f69-a609-6b82873eab3c"
    )
    told = feed(tmp_path / "out", audio(tmp_path / "in"), guid="917393e3-1b1e-5cef-ace4-edaa54e1f810")
    assert told.findtext("podcast:guid", None, SPACES) == "917393e3-1b1e-5cef-ace4-edaa54e1f810"


def test_a_film_is_an_episode_too(tmp_path: Path) -> None:
    item = one(feed(tmp_path / "out", video(tmp_path / "in")), "item")
    assert one(item, "enclosure").get("type") == "video/mp4"
    assert one(item, "itunes:image").get("href", "").endswith(".png")


def test_a_post_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="neither an audio nor a video"):
        adapter("podcast", tmp_path / "out").publish(article(tmp_path / "in"))
    assert not (tmp_path / "out").exists()


def test_the_shipped_cover_is_what_directories_take_and_a_bad_one_is_told(tmp_path: Path) -> None:
    good = adapter("podcast", tmp_path / "a").publish(audio(tmp_path / "in"))
    assert "warning" not in good.detail
    small = tmp_path / "small.png"
    small.write_bytes(png(1, 2, 3))
    warned = adapter("podcast", tmp_path / "b", image=str(small)).publish(audio(tmp_path / "in"))
    assert warned.detail["warning"] == "small.png is 640 x 360: directories ask for a square of 1400 to 3000 pixels"
    assert (tmp_path / "b/cover.png").read_bytes() == small.read_bytes()
    words = tmp_path / "words.jpg"
    words.write_text("no picture")
    assert (
        "neither a PNG nor a JPEG"
        in adapter("podcast", tmp_path / "c", image=str(words)).publish(audio(tmp_path / "in")).detail["warning"]
    )
    with pytest.raises(Refused, match="is not there"):
        adapter("podcast", tmp_path / "d", image=str(tmp_path / "none.jpg")).publish(audio(tmp_path / "in"))


def test_the_shipped_cover_measures_1400_pixels() -> None:
    load(PLATFORMS["podcast"])
    import sys

    picture = sys.modules["steadycast_channel_podcast.picture"]
    assert picture.measured((ROOT / "channels/podcast/cover.jpg").read_bytes()) == (1400, 1400)


def test_a_long_description_is_cut_to_whole_characters(tmp_path: Path) -> None:
    told = feed(tmp_path / "out", audio(tmp_path / "in"), description="沪" * 2000).findtext("description", "")
    assert set(told) == {"沪"}
    assert len(told.encode()) <= 4000


def test_withdrawn_and_lost(tmp_path: Path) -> None:
    posts = [audio(tmp_path / "in", n) for n in (1, 2)]
    assert len(feed(tmp_path / "out", *posts).findall("item")) == 2
    podcast = adapter("podcast", tmp_path / "out", **WHERE)
    podcast.withdraw(posts[0], Known())
    assert podcast.find(posts[0], Known()) is None
    before = tree(tmp_path / "out")
    (tmp_path / "out/feed.xml").unlink()
    assert podcast.find(posts[1], Known()) is not None
    assert tree(tmp_path / "out") == before
