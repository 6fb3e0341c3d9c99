"""One feed taken apart in a process of its own: bytes on stdin, JSON on stdout, and limits that a hostile feed meets.

A megabyte of unclosed tags keeps the parser busy for seconds, and a feed of many items for longer: here that ends at
the limit, and ends nothing else.
"""

from __future__ import annotations

import calendar
import datetime as dt
import html
import io
import re
import time
from typing import Any

from steadycast.characters import one_line
from steadycast.intake import json_feed
from steadycast.intake.child_process import answer
from steadycast.intake.feed_bytes import fixed, is_whole, recoded, shortened, without_surrogates
from steadycast.intake.feed_dates import parse_date

MAX_BYTES = 5 * 1024 * 1024
MAX_ITEMS = 500
MOST_PARSED = 4000  # items that the parser is given: as they stand in the feed, newest first or last
MAX_SECONDS = 10  # of its own: a busy machine makes it slow, and is nobody's fault
MAX_MEMORY = 512 * 1024 * 1024
_MAX_TEXT = 1000
_MAX_HTML = 1024 * 1024
_ALTERNATE = re.compile(rb"<link\b[^>]{0,500}\btype=[\"']application/(?:rss|atom)\+xml[\"'][^>]{0,500}>", re.IGNORECASE)
# What stands before a site that tests for browsers: no reader of feeds gets past it.
_CHALLENGE = re.compile(
    rb"cf-chl|challenge-platform|__cf_chl|"
    rb"<title>\s*(?:just a moment|attention required|ddos-guard|checking your browser)"
    rb"|g-recaptcha|h-captcha|hcaptcha\.com|aliyun_waf|acw_sc__v2|"
    + b"|".join(words.encode() for words in ("人机验证", "安全验证", "请完成验证", "环境异常", "访问验证")),
    re.IGNORECASE,
)
_LONE = re.compile("[\ud800-\udfff]")
_HREF = re.compile(rb"\bhref=[\"']([^\"']{1,500})[\"']", re.IGNORECASE)


def main() -> None:
    """Answer one request: headers, and the feed's bytes."""
    answer(_read, largest=MAX_BYTES, memory=MAX_MEMORY, seconds=MAX_SECONDS)


def _read(headers: dict[str, Any], data: bytes) -> dict[str, Any]:
    gap = int(headers.pop("gap", 0))
    return read(fixed(data, gap) if gap else data, headers)


def read(data: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """{"kind": "feed" | "html" | "broken" | "other", ...}; of a feed its title and items, in its own order."""
    base = headers.get("content-location", "")
    if (found := json_feed.entries(data, base, MAX_ITEMS)) is not None:
        title, items = found
        return {"kind": "feed", "title": _text(title), "items": [_of_json(item) for item in items]}
    data = shortened(data, MOST_PARSED)
    data, content_type = recoded(without_surrogates(data), headers.get("content-type", ""))
    try:
        parsed = _parsed(data, {**headers, "content-type": content_type})
    except (ValueError, KeyError, IndexError, AttributeError, TypeError, RecursionError) as error:
        return {"kind": "unreadable", "why": type(error).__name__}  # a parser that is broken by it
    if not parsed.get("version"):
        return _no_feed(data)
    if not is_whole(data):
        return {"kind": "broken"}
    items = [_item(entry, base) for entry in _newest(parsed.entries)]
    return {"kind": "feed", "title": _text(parsed.feed.get("title")), "items": items}


def _newest(entries: list[Any]) -> list[Any]:
    """As many as are taken: of a feed that is too long the newest by date, without dates the first."""
    if len(entries) <= MAX_ITEMS:
        return entries
    return sorted(entries, key=lambda e: _seconds(_when(e)) or 0, reverse=True)[:MAX_ITEMS]


def _when(entry: Any) -> Any:
    return entry.get("published_parsed") or entry.get("updated_parsed")


def _parsed(data: bytes, headers: dict[str, str]) -> Any:
    """What feedparser makes of it; addresses in an item's text are left to be taken from the item's own."""
    import feedparser  # type: ignore[import-untyped]

    feedparser.registerDateHandler(parse_date)
    return feedparser.parse(
        io.BytesIO(data), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )


def _no_feed(data: bytes) -> dict[str, Any]:
    head = data[:200_000]
    if b"<html" not in head.lower() and b"<!doctype html" not in head.lower():
        return {"kind": "other"}
    if _CHALLENGE.search(head):
        return {"kind": "challenge"}
    links = (_HREF.search(tag) for tag in _ALTERNATE.findall(head))
    return {"kind": "html", "feeds": [link[1].decode("utf-8", "replace") for link in links if link][:3]}


def _item(entry: Any, feed: str) -> dict[str, Any]:
    content = [part for part in entry.get("content") or [] if part.get("value")]
    whole = content[0] if content else entry.get("summary_detail") or {}
    base = whole.get("base") or feed
    return _made(
        id=entry.get("id"),
        link=entry.get("link"),
        title=_title(entry),
        html=whole.get("value") or entry.get("summary", ""),
        summary=entry.get("summary", "") if content else "",
        author=entry.get("author"),
        tags=[tag.get("term") for tag in entry.get("tags", [])[:20]],
        published=_seconds(_when(entry)),
        enclosures=[{"url": e.get("href"), "type": e.get("type")} for e in entry.get("enclosures", [])[:10]],
        base=base if base != feed else entry.get("link") or feed,  # an xml:base of its own is the feed's word
    )


def _of_json(item: dict[str, Any]) -> dict[str, Any]:
    date = item.pop("date")
    when = parse_date(date) or _iso(date)
    return _made(**item, published=_seconds(when), base=item["link"])


def _made(
    *, id: Any, link: Any, title: str, html: Any, summary: Any, author: Any, tags: list[Any],
    published: int | None, enclosures: list[dict[str, Any]], base: str, licence: str = "",
) -> dict[str, Any]:  # fmt: skip
    """An item as it is handed on: its HTML as Markdown, everything else in one line."""
    from steadycast.intake.markup import markdown

    short = markdown(_cut(summary, _MAX_HTML), base) if summary else ""
    return {
        "guid": _text(id),
        "link": _text(link),
        "title": _line(title),
        "body": markdown(_cut(html, _MAX_HTML), base),
        "summary": _text(re.sub(r"[\\*_`]|!?\[([^\]]*)\]\([^)]*\)", r"\1", short)),
        "author": _text(author),
        "tags": [word for tag in tags if (word := _text(tag))],
        "published": published,
        "licence": _text(licence),
        "enclosures": [(url, _text(each["type"])) for each in enclosures if (url := _text(each["url"]))],
    }


def _iso(text: str) -> time.struct_time | None:
    try:
        when = dt.datetime.fromisoformat(text.strip()[:40])
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=dt.UTC)).astimezone(dt.UTC).timetuple()


def _title(entry: Any) -> str:
    """An item's title as a reader sees it: in most feeds it is HTML, and `Tom &amp; Jerry` means an ampersand."""
    title = _text(entry.get("title"))
    kind = entry.get("title_detail", {}).get("type", "")
    return _line(html.unescape(title)) if kind in {"text/html", "application/xhtml+xml"} else title


def _cut(value: Any, limit: int) -> str:
    return _LONE.sub("\ufffd", str(value or "")[:limit])


def _text(value: Any) -> str:
    """One line without control characters."""
    return _line(re.sub(r"<[^>]{0,200}>", "", str(value or "")))


def _line(text: str) -> str:
    text = _LONE.sub("\ufffd", text[: 4 * _MAX_TEXT])
    return one_line(text)[:_MAX_TEXT]


def _seconds(when: time.struct_time | None) -> int | None:
    try:
        return None if when is None else calendar.timegm(when)
    except (ValueError, OverflowError):
        return None


if __name__ == "__main__":
    main()
