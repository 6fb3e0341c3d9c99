"""A post as 优酷 takes it."""

from __future__ import annotations

from typing import Any

from steadycast.platform import Channel, Post

TAGS, SHORT, LONG = 10, 2, 20  # tags of so many characters


def fields(channel: Channel, post: Post) -> dict[str, Any]:
    """What is said of a new film, or changed."""
    return {
        "title": post.title,
        "description": post.text,
        "tags": ",".join(tags_of(channel, post)),
        "category": channel.settings["category"],
        "copyright_type": "original",
        "public_type": "all",
    }


def tags_of(channel: Channel, post: Post) -> list[str]:
    """The draft's tags that fit; without one the series is one, or the category."""
    found = [tag.replace(",", " ").strip() for tag in (*post.tags, post.series_title, channel.settings["category"])]
    fit = [tag for tag in dict.fromkeys(found) if SHORT <= len(tag) <= LONG]
    own = [tag for tag in fit if tag in {each.replace(",", " ").strip() for each in post.tags}]
    return own[:TAGS] or fit[:1]
