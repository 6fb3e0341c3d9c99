"""A post as YouTube takes it."""

from __future__ import annotations

from typing import Any

from steadycast.platform import Channel, Limit, Post, cut

SIGNS = str.maketrans("<>", "‹›")  # YouTube refuses these two in titles and descriptions
WORDS = Limit(5000, "bytes")
MOST = 500  # characters of all tags; one with a space counts two more


def marker(post: Post) -> str:
    """The tag that marks the post: readers do not see it."""
    return f"steadycast-{post.key}"


def shown(text: str) -> str:
    """Words without the signs that YouTube refuses."""
    return text.translate(SIGNS)


def fields(channel: Channel, post: Post) -> dict[str, Any]:
    """A new film: private, so that no reader sees it before it is whole."""
    snippet = {
        "title": shown(post.title),
        "description": cut(shown(post.text), WORDS),
        "tags": tags_of(post),
        "categoryId": str(channel.settings["category"]),
        "defaultLanguage": post.language,
    }
    return {
        "snippet": snippet,
        "status": {"privacyStatus": "private", "selfDeclaredMadeForKids": channel.settings["for_kids"]},
    }


def tags_of(post: Post) -> list[str]:
    """The marker, then as many tags of the draft as there is room for."""
    made = [marker(post)]
    for tag in dict.fromkeys(shown(tag).replace(",", " ").strip() for tag in post.tags):
        if tag and sum(len(each) + 3 for each in [*made, tag]) <= MOST:
            made.append(tag)
    return made
