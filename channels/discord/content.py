"""A post as Discord takes it: Markdown in which a member's words are words, a card, files. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from steadycast.platform import Channel, Limit, Media, Post, cut, first_that_fits, runs, styled

TITLE, DESCRIPTION, ALT, THREAD, FILES = Limit(256), Limit(4096), Limit(1024), Limit(100), 10
NO_ONE: Mapping[str, Any] = {"parse": []}  # whom a message calls, whatever stands in it
URL = re.compile(r"(https?://[^\s<>*`|\\]+)")
SIGNS = re.compile(r"[\\*_~`|\[\]<>#]")
AROUND = (("strike", "~~"), ("italic", "*"), ("bold", "**"))


def told_of(channel: Channel, post: Post, *, sent: bool = False) -> dict[str, Any]:
    """The message without its files; of one that is `sent` what can be changed."""
    told: dict[str, Any] = {"allowed_mentions": dict(NO_ONE), "embeds": [], "content": ""}
    url = post.canonical_url if post.canonical_url.startswith(("http://", "https://")) else ""
    if channel.settings["style"] == "card" and url:
        words = cut(escaped(cut(post.summary or post.text, Limit(2000))), DESCRIPTION)
        picture = {"image": {"url": f"attachment://{post.opening.name}"}} if post.opening else {}
        told["embeds"] = [{"title": cut(post.title, TITLE), "url": url, "description": words, **picture}]
    else:
        limit = Limit(channel.limits["text"].max)
        told["content"] = first_that_fits((marked(post), escaped(post.text)), limit) or escaped(post.text)
    if sent:
        return told
    files = files_of(post)
    if files:
        shown = enumerate(files)
        told["attachments"] = [{"id": n, "filename": f.name, "description": cut(f.alt, ALT)} for n, f in shown]
    return told | {"thread_name": cut(post.title, THREAD)} if channel.settings.get("forum") else told


def files_of(post: Post) -> list[Media]:
    """A film or a recording, else the cover and the pictures, as many as a message takes."""
    pictures = [media for media in (post.opening, *post.of("image")) if media]
    return [*(post.of("video") or post.of("audio"))[:1]] or pictures[:FILES]


def escaped(text: str) -> str:
    """`text` in which nothing is markup; addresses stay as they are."""
    return "".join(part if n % 2 else SIGNS.sub(r"\\\g<0>", part) for n, part in enumerate(URL.split(text)))


def marked(post: Post) -> str:
    """The post's text with its bold, italic and struck out words, and its code."""
    return "".join(_marked(words, marks) for words, marks, _ in runs(post.text, styled(post.text, post)))


def _marked(words: str, marks: frozenset[str]) -> str:
    core = words.strip()
    if not core or ({"code", "pre"} & marks and "`" in core):
        return escaped(words)
    if "pre" in marks:
        return f"```\n{words}\n```"
    before, _, after = words.partition(core)
    made = f"`{core}`" if "code" in marks else escaped(core)
    for mark, sign in AROUND if "\n" not in core else ():
        made = f"{sign}{made}{sign}" if mark in marks else made
    return f"{before}{made}{after}"


def same(message: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    """Whether a message of the channel says what was told."""
    if not told["embeds"]:
        return str(message.get("content", "")).strip() == str(told["content"]).strip()
    shown: Mapping[str, Any] = next(iter(message.get("embeds") or ()), {})
    card = told["embeds"][0]
    return [shown.get(n) for n in ("title", "description", "url")] == [card["title"], card["description"], card["url"]]
