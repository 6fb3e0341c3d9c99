"""A post as Micropub writes it: the properties of an h-entry."""

from __future__ import annotations

from typing import Any

from steadycast.platform import Channel, Post

from .api import Api


def entry(channel: Channel, api: Api, post: Post) -> dict[str, Any]:
    """All of a new post."""
    made = {name: value for name, value in written(channel, api, post).items() if value}
    made |= {"published": [post.published.isoformat(timespec="seconds")], "mp-slug": [post.keyed_slug]}
    if targets := channel.settings["syndicate"]:
        made["mp-syndicate-to"] = list(targets)
    return {"type": ["h-entry"], "properties": made}


def written(channel: Channel, api: Api, post: Post) -> dict[str, list[Any]]:
    """What a correction may change; a property that the post has not is empty."""
    pictures = {file.sha256: api.file(file) for file in post.of("image")}
    html = channel.render("content.html.j2", post=post, body=post.html_with(pictures), address=api.file)
    tags = dict.fromkeys(tag.strip() for tag in (*channel.settings["tags"], *post.tags))
    return {
        "name": [post.title],
        "content": [{"html": html.strip()}],
        "summary": [post.summary] if post.summary else [],
        "category": [tag for tag in tags if tag],
        "featured": [api.file(post.opening)] if post.opening else [],
        "audio": [api.file(file) for file in post.of("audio")],
        "video": [api.file(file) for file in post.of("video")],
    }
