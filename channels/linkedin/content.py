"""A post as LinkedIn takes it: "little text", in which no sign of a member is a mark. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from steadycast.platform import Channel, Limit, Post, cut, marks, web_address

RESERVED = "\\|{}@[]()<>#*_~"
TITLE, DESCRIPTION = Limit(400), Limit(4086)


def fields(channel: Channel, post: Post, pictures: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The whole of a new post; `pictures` are urns with their descriptions."""
    told: dict[str, Any] = {
        "author": channel.settings["author"],
        "commentary": commentary(post),
        "visibility": channel.settings["visibility"],
        "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }
    if content := _content(post, pictures):
        told["content"] = content
    return told


def commentary(post: Post) -> str:
    """The text in "little text": each sign that it reserves has a backslash, but the # of a hashtag."""
    hashtags = {start for start, _, kind in marks(post.text) if kind == "tag"}
    return "".join("\\" + sign if sign in RESERVED and n not in hashtags else sign for n, sign in enumerate(post.text))


def _content(post: Post, pictures: Sequence[tuple[str, str]]) -> dict[str, Any]:
    page = web_address(post.canonical_url)
    shown = [{"id": urn, "altText": alt} if alt else {"id": urn} for urn, alt in pictures]
    if len(shown) > 1:
        return {"multiImage": {"images": shown}}
    if page:  # LinkedIn looks up no page: what its card says is said here
        card = {"source": page, "title": cut(post.title, TITLE), "description": cut(post.summary, DESCRIPTION)}
        if pictures and (alt := pictures[0][1]):
            card["thumbnailAltText"] = alt
        return {"article": {**card, "thumbnail": shown[0]["id"]} if shown else card}
    return {"media": shown[0]} if shown else {}
