"""How a Mastodon server counts, shows and judges a status."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import combining

URL = re.compile(r"https?://[^\s\u3000-\u9fff\uff00-\uffef]+")
VISIBILITIES = ("public", "unlisted", "private", "direct")
MIMES = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "video/mp4",
    "video/quicktime",
    "audio/mpeg",
    "audio/mp4",
]


def length(text: str) -> int:
    """As the server counts: a link is 23, a mention is its name, and what is put on a letter is part of it."""
    text = re.sub(r"(@\w+)@[\w.-]+\w", r"\1", URL.sub("x" * 23, text))
    return sum(not combining(character) for character in text)


def as_html(text: str) -> str:
    """As the server shows it: paragraphs, line breaks, links with their ends hidden, mentions by the name alone."""

    def link(found: re.Match[str]) -> str:
        scheme, rest = found[0].split("://", 1)
        shown, hidden = rest[:30], rest[30:]
        spans = f'<span class="invisible">{scheme}://</span><span class="ellipsis">{shown}</span>'
        return f'<a href="{found[0]}" rel="nofollow">{spans}<span class="invisible">{hidden}</span></a>'

    text = URL.sub(link, html.escape(text, quote=False))
    text = re.sub(r"(?<![\w/])@(\w+)@[\w.-]+\w", r'<span class="h-card"><a>@<span>\1</span></a></span>', text)
    text = re.sub(r"(?<![\w&/])#(\w+)", r'<a class="mention hashtag">#<span>\1</span></a>', text)
    return "".join(f"<p>{part.replace(chr(10), '<br />')}</p>" for part in re.split(r"\n{2,}", text))


def wrong(asked: Mapping[str, Any], characters: int, attachments: int) -> str:
    """Why a status cannot be like this, in the server's words; "" when it can."""
    text, files = asked.get("status") or "", asked.get("media_ids") or []
    if not text.strip() and not files:
        return "Validation failed: Text can't be blank"
    if length((asked.get("spoiler_text") or "") + text) > characters:
        return f"Validation failed: Text character limit of {characters} exceeded"
    if asked.get("visibility", "public") not in VISIBILITIES:
        return "Validation failed: Visibility is not included in the list"
    return f"Cannot attach more than {attachments} files" if len(files) > attachments else ""


def wrong_files(files: Sequence[Mapping[str, Any] | None], status: str) -> str:
    """Why these files cannot go with the status of that id, which is "" for a new one."""
    if any(file is None or file["of"] not in ("", status) for file in files):
        return "Media attachments not found"
    waits = any(file and file["polls"] > 0 for file in files)
    return "Cannot attach files that have not finished processing. Try again in a moment!" if waits else ""


def instance(characters: int, attachments: int) -> dict[str, Any]:
    """What /api/v2/instance says of its limits."""
    texts = {"max_characters": characters, "max_media_attachments": attachments, "characters_reserved_per_url": 23}
    files = {"supported_mime_types": MIMES, "image_size_limit": 16777216, "image_matrix_limit": 33177600}
    return {"configuration": {"statuses": texts, "media_attachments": {**files, "video_size_limit": 103809024}}}
