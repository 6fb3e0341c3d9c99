"""A post as Forem takes it: Markdown in which no word of a member is a Liquid tag or calls somebody. Pure."""

from __future__ import annotations

import re
from typing import Any

from steadycast.platform import Channel, Post, markdown, web_address

JOINER = "\u2060"  # no width, and nobody sees it
TAGS = 4
CALLS = re.compile(r"(?<![\w/@])@(?=\w)", re.ASCII)


def fields(channel: Channel, post: Post) -> dict[str, Any]:
    """What an article is made of, but whether it is published."""
    wanted: dict[str, Any] = {
        "title": post.title,
        "body_markdown": body(post),
        "tags": tags(channel, post),
        "description": post.summary,
        "canonical_url": web_address(post.canonical_url),
        "main_image": web_address(post.extra.get("main_image", "")),
        "series": post.series_title if channel.settings["series"] else "",
        "organization_id": channel.settings["organization"],
    }
    if (disclosed := channel.settings["ai_disclosure"]) != "unset":
        wanted["ai_disclosure_level"] = disclosed
    return {name: value for name, value in wanted.items() if value}


def body(post: Post) -> str:
    """The body, with the post's key at its end in a comment that readers do not see."""
    # Code calls nobody: a decorator in it stays as it is. Liquid is read everywhere, also in code.
    pieces = re.split(r"(<code\b.*?</code>)", post.html, flags=re.DOTALL)
    html = "".join(piece if n % 2 else _uncalled(piece) for n, piece in enumerate(pieces))
    made = re.sub(r"\{(?=[{%])", "{" + JOINER, markdown(html, {}))
    return f"{made}\n{mark_of(post)}\n"


def mark_of(post: Post) -> str:
    return f"<!-- steadycast {post.key} -->"


def tags(channel: Channel, post: Post) -> list[str]:
    """As many as Forem takes, in letters and figures alone."""
    plain = ("".join(filter(str.isalnum, tag)).lower()[:30] for tag in (*channel.settings["tags"], *post.tags))
    return [*dict.fromkeys(filter(None, plain))][:TAGS]


def _uncalled(html: str) -> str:
    """The words between the tags, with nobody called by name; addresses in the tags stay."""
    return re.sub(r"[^<>]+(?=<|$)", lambda words: CALLS.sub("@" + JOINER, words[0]), html)
