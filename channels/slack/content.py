"""A post as Slack takes it: rich text, in which no word is markup, and pictures below it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from steadycast.platform import Channel, Limit, Media, Post, cut, runs, styled

URL = re.compile(r"(https?://[^\s<>\u3000-\u303f\uff00-\uffef]+)")
ALT, PICTURES = Limit(2000), 10
STYLES = ("bold", "italic", "strike", "code")
EVENT = "steadycast_post"


def told_of(channel: Channel, post: Post, images: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The message: its blocks, its words for notifications, and the post's key where only apps see it."""
    shown = [{"type": "image", **image, "alt_text": cut(image["alt_text"] or post.title, ALT)} for image in images]
    preview = channel.settings["preview"]
    return {
        "text": post.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
        "blocks": [{"type": "rich_text", "elements": list(_sections(post))}, *shown],
        "unfurl_links": preview,
        "unfurl_media": preview,
        "metadata": {"event_type": EVENT, "event_payload": {"key": post.key}},
    }


def pictures_of(post: Post) -> list[Media]:
    """The cover and the pictures, as many as a message shows; none beside a film or a recording."""
    pictures = [media for media in (post.opening, *post.of("image")) if media]
    return [] if shared_of(post) else pictures[:PICTURES]


def shared_of(post: Post) -> list[Media]:
    """A film or a recording, which no block shows: it is shared by itself."""
    return [*(post.of("video") or post.of("audio"))[:1]]


def _sections(post: Post) -> Iterator[dict[str, Any]]:
    """The text in sections; a block of code is one of its own."""
    section: list[dict[str, Any]] = []
    for words, marks, href in runs(post.text, styled(post.text, post)):
        if "pre" in marks:
            yield from _section(section)
            yield {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": words}]}
            section = []
            continue
        style = {mark: True for mark in STYLES if mark in marks}
        styles = {"style": style} if style else {}
        if href:
            section.append({"type": "link", "url": href, "text": words, **styles})
            continue
        for n, part in enumerate(URL.split(words)):
            if part:
                shown = {"type": "link", "url": part} if n % 2 else {"type": "text", "text": part}
                section.append({**shown, **styles})
    yield from _section(section)


def _section(elements: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    if elements:
        yield {"type": "rich_text_section", "elements": elements}
