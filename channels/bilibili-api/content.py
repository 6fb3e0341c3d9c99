"""A post as B站 takes it."""

from __future__ import annotations

from typing import Any

from steadycast.platform import Channel, Post

MOST = 199  # characters of all tags, with the commas between them


def fields(channel: Channel, post: Post, cover: str) -> dict[str, Any]:
    """What is handed in, or changed."""
    return {
        "title": _plain(post.title),
        "desc": _plain(post.text),
        "tag": tags_of(channel, post),
        "tid": channel.settings["category"],
        "cover": cover,
        "copyright": 1,  # 自制
        "no_reprint": 0 if channel.settings["reprint"] else 1,
    }


def tags_of(channel: Channel, post: Post) -> str:
    """As many tags as there is room for. B站 takes no film without one: then the series is one, or the community."""
    made: list[str] = []
    for tag in dict.fromkeys(_tag(tag) for tag in post.tags):
        if tag and len(",".join([*made, tag])) <= MOST:
            made.append(tag)
    return ",".join(made) or _tag(post.series_title)[:MOST] or _tag(channel.community)[:MOST]


def _tag(text: str) -> str:
    return _plain(text).replace(",", " ").replace("\n", " ").strip()


def _plain(text: str) -> str:
    """Without control characters, which B站 refuses; line breaks stay."""
    return "".join(sign for sign in text if sign == "\n" or sign.isprintable())
