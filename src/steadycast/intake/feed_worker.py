"""One feed taken apart in a process of its own: bytes on stdin, JSON on stdout, and limits that a hostile feed meets.

A megabyte of unclosed tags keeps the parser busy for seconds, and a feed of many items for longer: here that ends at
the limit, and ends nothing else.
"""

from __future__ import annotations

import calendar
import html
import io
import json
import re
import resource
import sys
import time
from typing import Any

MAX_BYTES = 5 * 1024 * 1024
MAX_ITEMS = 500
MAX_SECONDS = 10
MAX_MEMORY = 512 * 1024 * 1024
_MAX_TEXT = 1000
_MAX_HTML = 1024 * 1024
_ENDS = re.compile(rb"</(?:\w+:)?(?:rss|feed|rdf)\s*>\s*(?:<!--.*?-->\s*)*\Z", re.IGNORECASE | re.DOTALL)
_ALTERNATE = re.compile(rb"<link\b[^>]{0,500}\btype=[\"']application/(?:rss|atom)\+xml[\"'][^>]{0,500}>", re.IGNORECASE)
_HREF = re.compile(rb"\bhref=[\"']([^\"']{1,500})[\"']", re.IGNORECASE)


def main() -> None:
    """Read a JSON line of headers and then the feed's bytes; write what it holds."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    headers = json.loads(sys.stdin.buffer.readline(65536))
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    json.dump(read(data, headers), sys.stdout)


def read(data: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """{"kind": "feed" | "html" | "broken" | "other", ...}; of a feed its title and items, in its own order."""
    import feedparser  # type: ignore[import-untyped]

    parsed = feedparser.parse(io.BytesIO(data), response_headers=headers, sanitize_html=False)
    if not parsed.get("version"):
        return _no_feed(data)
    if not _ENDS.search(data[-4096:].rstrip(b"\0 \r\n\t") + b"\n"):
        return {"kind": "broken"}
    items = [_item(entry) for entry in parsed.entries[:MAX_ITEMS]]
    return {
        "kind": "feed",
        "title": _text(parsed.feed.get("title")),
        "items": items,
        "cut": len(parsed.entries) > MAX_ITEMS,
    }


def _no_feed(data: bytes) -> dict[str, Any]:
    head = data[:200_000]
    if b"<html" not in head.lower() and b"<!doctype html" not in head.lower():
        return {"kind": "other"}
    links = (_HREF.search(tag) for tag in _ALTERNATE.findall(head))
    return {"kind": "html", "feeds": [link[1].decode("utf-8", "replace") for link in links if link][:3]}


def _item(entry: Any) -> dict[str, Any]:
    from steadycast.intake.markup import markdown

    content = entry.get("content") or []
    text = next((part.get("value") for part in content if part.get("value")), "") or entry.get("summary", "")
    summary = markdown(_cut(entry.get("summary", ""), _MAX_HTML)) if content else ""
    return {
        "guid": _text(entry.get("id")),
        "link": _text(entry.get("link")),
        "title": _title(entry),
        "body": markdown(_cut(text, _MAX_HTML)),
        "summary": _text(re.sub(r"[\\*_`]|!?\[([^\]]*)\]\([^)]*\)", r"\1", summary)),
        "author": _text(entry.get("author")),
        "tags": [_text(tag.get("term")) for tag in entry.get("tags", [])[:20]],
        "published": _seconds(entry.get("published_parsed") or entry.get("updated_parsed")),
        "enclosures": [
            {"url": _text(link.get("href")), "type": _text(link.get("type"))}
            for link in entry.get("enclosures", [])[:10]
        ],
    }


def _title(entry: Any) -> str:
    """An item's title as a reader sees it: in most feeds it is HTML, and `Tom &amp; Jerry` means an ampersand."""
    title = _text(entry.get("title"))
    kind = entry.get("title_detail", {}).get("type", "")
    return _line(html.unescape(title)) if kind in {"text/html", "application/xhtml+xml"} else title


def _cut(value: Any, limit: int) -> str:
    return str(value)[:limit]


def _text(value: Any) -> str:
    """One line without control characters."""
    return _line(re.sub(r"<[^>]{0,200}>", "", str(value or "")))


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:_MAX_TEXT]


def _seconds(when: time.struct_time | None) -> int | None:
    try:
        return None if when is None else calendar.timegm(when)
    except (ValueError, OverflowError):
        return None


if __name__ == "__main__":
    main()
