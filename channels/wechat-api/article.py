"""An article as the interface takes it, with its pictures brought there before."""

from __future__ import annotations

from functools import partial
from typing import Any

from steadycast.platform import Channel, Post, Refused, cut

from .answers import marked
from .api import Api


def article_of(channel: Channel, api: Api, post: Post) -> dict[str, Any]:
    """What the draft says, once its pictures are there."""
    step, limits, pictures = channel.step, channel.limits, post.of("image")
    if (cover := post.cover or next(iter(pictures), None)) is None:
        raise Refused(channel.tell("no-cover"), channel=channel.name)
    addresses = {m.sha256: step(f"picture-{m.sha256[:24]}", partial(api.picture, m), repeatable=True) for m in pictures}
    thumb = step(f"cover-{cover.sha256[:24]}", partial(api.material, cover), repeatable=True)
    return {
        "article_type": "news",
        "title": cut(post.title, limits["title"]),
        "author": cut(post.author or post.member_title, limits["author"]),
        "digest": cut(post.summary, limits["summary"]),
        "content": post.html_with(addresses),
        "content_source_url": marked(post.canonical_url or channel.site_url, post.key),
        "thumb_media_id": thumb,
        "need_open_comment": int(channel.settings["comments"]),
        "only_fans_can_comment": 0,
    }
