"""A post as events of a room: its text with its formats, and each file as a message of its own. Pure."""

from __future__ import annotations

import re
from typing import Any

from steadycast.platform import Channel, Limit, Media, Post, cut

FIELD = "dev.steadycast.post"  # in the content of each message: the post's key, and which part of it this is
TEXT = "text"
TYPES = {"image": "m.image", "cover": "m.image", "audio": "m.audio", "video": "m.video"}
CAPTION = Limit(1000)
# Matrix 1.15, 11.2.1.7 (m.room.message msgtypes): elements of a formatted body, and attributes that stay on them.
ELEMENTS = frozenset(
    "del h1 h2 h3 h4 h5 h6 blockquote p a ul ol sup sub li b i u strong em s code hr br div table thead tbody tr th "  # noqa: SIM905
    "td caption pre span details summary".split()
)
HREF = re.compile(r' href="((?:https?|mailto):[^"]*)"')
START = re.compile(r' start="(-?\d+)"')
TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>")  # of sanitised HTML, where > is escaped in attributes
EMPTY = re.compile(r"<(p|li)>\s*</\1>\n?")


def files_of(post: Post) -> dict[str, Media]:
    """The files of a post by the name of their part, in the order in which a reader meets them; each once."""
    pictures = () if post.of("video") else (post.opening, *post.of("image"))
    every = (*pictures, *(file for role in ("audio", "video", "attachment") for file in post.of(role)))
    return {f"file-{file.sha256[:32]}": file for file in every if file}


def text_of(channel: Channel, post: Post) -> dict[str, Any]:
    """The content of the message that says what the post says."""
    links = [url for url in (post.event.url if post.event else "", post.canonical_url) if url.startswith("http")]
    values = {"post": post, "body": permitted(post.html), "links": dict.fromkeys(links)}
    formatted = channel.render("content.html.j2", **values, tags=[tag for tag in post.tags if tag])
    return {
        "msgtype": "m.notice" if channel.settings["quiet"] else "m.text",
        "body": post.text,
        "format": "org.matrix.custom.html",
        "formatted_body": formatted.strip(),
        # Where this stands, "@room" and names in the words themselves call nobody (1.7, 11.12).
        "m.mentions": {"room": True} if channel.settings["mention_all"] else {},
        FIELD: {"key": post.key, "part": TEXT},
    }


def edit_of(content: dict[str, Any], event: str, fallback: str) -> dict[str, Any]:
    """The content of an event that replaces the text of another; who was called once is not called again.

    The fallback is short, for clients that know no edits: with the whole of it, an event would be twice as long.
    """
    relates = {"rel_type": "m.replace", "event_id": event}
    return {
        "msgtype": content["msgtype"],
        "body": f"* {fallback}",
        "m.mentions": {},
        "m.new_content": content,
        "m.relates_to": relates,
    }


def file_of(post: Post, part: str, file: Media, uri: str, thumbnail: str = "") -> dict[str, Any]:
    """The content of the message that shows a file: what a picture shows is its caption."""
    info: dict[str, Any] = {"mimetype": file.mime, "size": file.size}
    info |= {"w": file.width, "h": file.height} if file.width and file.height else {}
    info |= {"duration": round(file.seconds * 1000)} if file.seconds else {}
    if thumbnail and (cover := post.cover):
        sides = {"w": cover.width, "h": cover.height} if cover.width and cover.height else {}
        info |= {"thumbnail_url": thumbnail, "thumbnail_info": {"mimetype": cover.mime, "size": cover.size, **sides}}
    return {
        "msgtype": TYPES.get(file.role, "m.file"),
        "body": cut(file.alt, CAPTION) or file.name,
        "filename": file.name,
        "url": uri,
        "info": info,
        "m.mentions": {},
        FIELD: {"key": post.key, "part": part},
    }


def permitted(body: str) -> str:
    """Sanitised HTML with the elements and attributes alone that the specification allows."""

    def written(tag: re.Match[str]) -> str:
        closing, name, rest = tag.groups()
        if name not in ELEMENTS:
            return ""
        kept = HREF.search(rest) if name == "a" else START.search(rest) if name == "ol" else None
        return f"<{closing}{name}{kept[0] if kept and not closing else ''}>"

    return EMPTY.sub("", TAG.sub(written, body)).strip()
