"""A post as bytes: the same on every machine, and the same post again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadycast.errors import InputError
from steadycast.platform import Event, Media, Post, PostStore
from steadycast.platform.post_bytes import post_from_bytes, post_to_bytes
from steadycast.platform.post_store import _public

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ZONES = st.sampled_from([ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"), ZoneInfo("UTC"), dt.UTC])
INSTANTS = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1), timezones=ZONES, allow_imaginary=False)
MEDIA = st.builds(
    Media,
    role=st.sampled_from(["image", "cover", "audio"]),
    path=TEXT.filter(lambda t: "\0" not in t).map(lambda t: Path("/var/media") / f"x{t}"),
    name=TEXT,
    mime=TEXT,
    size=st.integers(0, 2**40),
    sha256=TEXT,
    seconds=st.none() | st.floats(0, 1e6),
)
EXTRA = st.dictionaries(
    TEXT, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT | st.lists(TEXT), max_size=3
)
POSTS = st.builds(
    Post,
    **dict.fromkeys(("key", "channel", "slot", "title", "summary", "html", "text", "slug", "revision"), TEXT),
    parts=st.lists(TEXT, max_size=3).map(tuple),
    published=INSTANTS,
    tags=st.lists(TEXT, max_size=3).map(tuple),
    links=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
    media=st.lists(MEDIA, max_size=2).map(tuple),
    event=st.none() | st.builds(Event, start=INSTANTS, end=INSTANTS, place=TEXT, url=TEXT),
    extra=EXTRA,
    slot_at=st.none() | INSTANTS,
)


@given(POSTS)
def test_what_was_frozen_is_what_is_sent(post: Any) -> None:
    """There and back it is the same post, zone and all, and its bytes are the same bytes."""
    data = post_to_bytes(post)
    again = post_from_bytes(data)
    assert again == post
    assert again.published.utcoffset() == post.published.utcoffset()
    assert post_to_bytes(again) == data


def test_a_post_that_an_older_program_froze_is_read() -> None:
    """It knows no `slot_at`: the post is due when it is dated, and its bytes stay what they were."""
    post = Post(key="k", channel="blog", slot="s", title="t", summary="", html="", text="", parts=(),
                published=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))  # fmt: skip
    data = post_to_bytes(post)
    assert b"slot_at" not in data
    assert post_from_bytes(data).due == post.published


@given(post=POSTS)
def test_a_file_platform_keeps_the_same_form(tmp_path_factory: pytest.TempPathFactory, post: Any) -> None:
    """What others may read says nothing of this machine: no path, and of the draft's only a hash."""
    store = PostStore(tmp_path_factory.mktemp("out"), written, ZoneInfo("UTC"))
    kept = post_from_bytes(_public(replace(post, draft="pgc/5e-cr-et.md")))
    assert b"5e-cr-et" not in _public(replace(post, draft="pgc/5e-cr-et.md"))
    assert all(not media.path.is_absolute() for media in kept.media)
    there = store._post(orjson.loads(_public(post)))
    assert (there.published, there.slot_at) == (post.published, None)
    assert there.published.tzinfo == ZoneInfo("UTC")


def test_a_file_platforms_posts_of_before_are_read(tmp_path: Path) -> None:
    """They name no zone and no path: instants carry an offset, and a file lies where its hash says."""
    (tmp_path / "posts").mkdir()
    old = {
        "key": "k", "channel": "site", "slot": "s", "title": "t", "summary": "", "html": "", "text": "", "parts": [],
        "published": "2026-11-23T20:00:00+08:00", "tags": [], "links": [], "event": None,
        "media": [{"role": "cover", "name": "a.png", "mime": "image/png", "size": 1, "sha256": "00", "alt": "",
                   "width": None, "height": None, "seconds": None, "ref": ""}],
    }  # fmt: skip
    (tmp_path / "posts/k.json").write_bytes(orjson.dumps(old))
    post = PostStore(tmp_path, written, ZoneInfo("Asia/Shanghai")).get("k")
    assert post is not None
    assert post.published == dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
    assert [media.path for media in post.media] == [tmp_path / "media/00.png"]


def written(name: str, _data: bytes) -> Path:
    return Path(name)


@pytest.mark.parametrize("odd", ["\ud800", object(), {1: object()}])
def test_what_cannot_be_written_down_is_a_drafts_fault(odd: dict[int, object] | object | str) -> None:
    """A lone surrogate, an object: the draft is named."""
    post = Post(key="k", channel="blog", slot="s", title="t", summary="", html="", text="", parts=(),
                published=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), draft="d1", extra={"odd": odd})  # fmt: skip
    with pytest.raises(InputError, match="d1"):
        post_to_bytes(post)
