"""JSON Feed (versions 1 and 1.1) as the worker hands feeds on. Pure, but for its cost: it runs in the worker."""

from __future__ import annotations

import html
import json
from typing import Any
from urllib.parse import urljoin

VERSION = "jsonfeed.org/version/1"
LONGEST_LICENCE = 80  # characters


def entries(data: bytes, base: str, most: int) -> tuple[str, list[dict[str, Any]]] | None:
    """(title, items) with a feed's words as they are, HTML as HTML; None where `data` is no JSON Feed."""
    if data[:1024].lstrip(b"\xef\xbb\xbf \r\n\t")[:1] != b"{":
        return None
    try:
        feed = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(feed, dict) or VERSION not in str(feed.get("version")) or not isinstance(feed.get("items"), list):
        return None
    authors = _authors(feed)
    items = [_entry(item, base, authors) for item in feed["items"][:most] if isinstance(item, dict)]
    return str(feed.get("title") or ""), items


def _entry(item: dict[str, Any], base: str, authors: str) -> dict[str, Any]:
    text, words = item.get("content_html"), item.get("content_text")
    if not text and words:
        paragraphs = html.escape(str(words)).replace("\r\n", "\n").split("\n\n")
        text = "".join(f"<p>{part.strip()}</p>".replace("\n", "<br>") for part in paragraphs if part.strip())
    tags, attached = item.get("tags"), item.get("attachments")
    return {
        "id": str(item.get("id") or ""),
        "link": _address(base, item.get("url") or item.get("external_url")),
        "title": str(item.get("title") or ""),
        "html": str(text or ""),
        "summary": str(item.get("summary") or ""),
        "author": _authors(item) or authors,
        "tags": [str(tag) for tag in tags[:20]] if isinstance(tags, list) else [],
        "date": str(item.get("date_published") or item.get("date_modified") or ""),
        "licence": _licence(item),
        "enclosures": [
            {"url": _address(base, each.get("url")), "type": str(each.get("mime_type") or "")}
            for each in (attached[:10] if isinstance(attached, list) else [])
            if isinstance(each, dict)
        ],
    }


def _licence(item: dict[str, Any]) -> str:
    """Under which licence an item is shared with other communities; "" where it is not."""
    ours = item.get("_steadycast")
    return str(ours.get("licence") or "")[:LONGEST_LICENCE] if isinstance(ours, dict) else ""


def _authors(of: dict[str, Any]) -> str:
    named = of.get("authors") if isinstance(of.get("authors"), list) else [of.get("author")]
    return ", ".join(str(each["name"]) for each in named or [] if isinstance(each, dict) and each.get("name"))


def _address(base: str, url: Any) -> str:
    try:
        return urljoin(base, str(url)) if url else ""
    except ValueError:
        return ""
