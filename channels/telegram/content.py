"""A post as Telegram takes it: words with their marks beside them, an album, a rich message. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from steadycast.platform import Channel, Element, Limit, Media, Post, count, elements, fits, hashtags, styled

CAPTION = Limit(1024, "utf16")
RICH = Limit(32_768, "utf16")
ENTITIES = 100  # of one message: what is more is dropped there
ALBUM = 10
PICTURES = 50  # of one rich message
MARKS = {
    "bold": "bold", "italic": "italic", "strike": "strikethrough", "code": "code", "pre": "pre", "link": "text_link",
}  # fmt: skip
UNITS = Limit(1, "utf16")  # what offsets are counted in
TAGS = frozenset(
    "p h1 h2 h3 h4 h5 h6 b strong i em s del code pre blockquote ul ol li table tr td th sup sub".split()  # noqa: SIM905
)


def entities(post: Post) -> list[dict[str, Any]]:
    """How the post's text is shown, by offsets in UTF-16 units. Nothing in the words themselves is markup."""
    made: list[dict[str, Any]] = []
    for span in styled(post.text, post)[:ENTITIES]:
        at, length = count(post.text[: span.start], UNITS), count(post.text[span.start : span.end], UNITS)
        link = {"url": span.href} if span.href else {}
        made.append({"type": MARKS[span.mark], "offset": at, "length": length, **link})
    return made


def text_of(channel: Channel, post: Post) -> dict[str, Any]:
    """The post as a text of its own."""
    preview = {"is_disabled": not channel.settings["preview"] or bool(pictures(post))}
    return {"text": post.text, "entities": entities(post), "link_preview_options": preview}


def caption_of(post: Post) -> dict[str, Any]:
    """The post's words as a caption; none where they are too long for one, and stand below it."""
    return {"caption": post.text, "caption_entities": entities(post)} if fits(post.text, CAPTION) else {"caption": ""}


def edit_of(channel: Channel, post: Post, kind: str) -> tuple[str, dict[str, Any], list[Media]] | None:
    """(method, fields, files) that give a message of one kind the post's words; None of one that has none."""
    if kind == "media":
        return None
    if kind == "caption":
        return "editMessageCaption", caption_of(post), []
    rich, files = rich_of(post) if kind == "rich" else ({}, [])
    return "editMessageText", rich or text_of(channel, post), files


def pictures(post: Post) -> list[Media]:
    """The cover and the pictures, as many as one album takes."""
    return [media for media in (post.opening, *post.of("image")) if media][:ALBUM]


def album_of(channel: Channel, post: Post) -> tuple[str, dict[str, Any], list[Media]]:
    """(method, fields, files): a film or a recording, one picture, or an album; no files where the post has none."""
    caption = caption_of(post)
    for role, method, named in (("video", "sendVideo", {}), ("audio", "sendAudio", _named(channel, post))):
        if files := list(post.of(role)[:1]):
            seconds = {"duration": int(files[0].seconds)} if files[0].seconds else {}
            return method, {role: "attach://file0", **caption, **named, **seconds}, files
    files = pictures(post)
    if len(files) < 2:
        return "sendPhoto", {"photo": "attach://file0", **caption}, files
    shown = [{"type": "photo", "media": f"attach://file{n}", **({} if n else caption)} for n in range(len(files))]
    return "sendMediaGroup", {"media": shown}, files


def rich_of(post: Post) -> tuple[dict[str, Any], list[Media]]:
    """(fields, files) of the whole article as a rich message; nothing where it is too long for one."""
    files = [*([post.opening] if post.opening else []), *post.of("image")]
    ids = {file.sha256: f"picture{n}" for n, file in enumerate(files)}
    cover = [Element("img", {"src": f"media:{post.opening.sha256}"})] if post.opening else []
    url = post.canonical_url if post.canonical_url.startswith(("http://", "https://")) else ""
    foot = [Element("p", {}, [Element("a", {"href": url}, [url])]), Element("p", {}, [hashtags(post.tags)])]
    html = _written([Element("h1", {}, [post.title]), *cover, *elements(post.html), *foot], ids)
    if len(files) > PICTURES or not fits(html, RICH):
        return {}, []
    media = [{"id": id, "media": {"type": "photo", "media": f"attach://file{n}"}} for n, id in enumerate(ids.values())]
    return {"rich_message": {"html": html, **({"media": media} if media else {})}}, files


def _written(inside: Sequence[Element | str], pictures: Mapping[str, str]) -> str:
    """A body in the elements that a rich message has, each picture a block of its own; an empty paragraph goes."""
    html = ""
    for part in inside:
        if isinstance(part, str):
            html += escape(part, quote=False)
            continue
        made, href = _written(part.inside, pictures), part.attributes.get("href", "")
        if part.tag == "img":
            id = pictures.get(part.attributes.get("src", "").removeprefix("media:"))
            html += f'<img src="tg://photo?id={id}">' if id else ""
        elif part.tag in ("br", "hr"):
            html += f"<{part.tag}>"
        elif part.tag == "a" and href.startswith(("http://", "https://")):
            html += f'<a href="{escape(href)}">{made}</a>' if made else ""
        elif part.tag not in TAGS or (part.tag == "p" and (not made.strip() or made.startswith("<img"))):
            html += made
        else:
            html += f"<{part.tag}>{made}</{part.tag}>"
    return html


def _named(channel: Channel, post: Post) -> dict[str, str]:
    return {"title": post.title, "performer": post.author or channel.public_title}
