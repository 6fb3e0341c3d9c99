"""What the interface of official accounts says no to, in its own codes; the status is 200 all the same."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

SAID = {
    -1: "system error", 40001: "invalid credential, access_token is invalid or not latest", 40007: "invalid media_id",
    40009: "invalid image size", 40013: "invalid appid", 40125: "invalid appsecret", 40137: "unsupported image type",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    42001: "access_token expired", 44003: "empty news data", 45003: "title size out of limit",
    45004: "description size out of limit", 45008: "article size out of limit", 45028: "has no masssend quota",
    45065: "clientmsgid exist", 48001: "api unauthorized", 61501: "date range error",
}  # fmt: skip
IMAGE = re.compile(r"<img\b[^>]*>")
OURS = "http://mmbiz.qpic.cn/"


def wrong(code: int, **more: Any) -> dict[str, Any]:
    """An error: 200, and the code in the body."""
    return {"errcode": code, "errmsg": f"{SAID[code]} rid: 6523-fake", **more}


def refused(article: Any, covers: Any) -> int:
    """Why a draft is not taken, by code; 0 where it is."""
    checks = (
        (44003, not article.get("title") or not article.get("content")),
        (45003, len(article.get("title", "")) > 32),
        (45004, len(article.get("digest", "")) > 128),
        (45008, len(article.get("content", "")) >= 20_000 or len(article.get("content", "").encode()) >= 1_000_000),
        (40007, article.get("thumb_media_id") not in covers),
    )
    return next((code for code, is_so in checks if is_so), 0)


def kept(content: str) -> str:
    """The content as it is kept: pictures from elsewhere are gone, and nothing is said."""
    return IMAGE.sub(lambda m: m[0] if f'src="{OURS}' in m[0] else "", content)


def page(rows: list[Any], asked: Any) -> dict[str, Any]:
    """A page of a list."""
    shown = rows[asked["offset"] : asked["offset"] + asked["count"]]
    return {"total_count": len(rows), "item_count": len(shown), "item": shown}


def done(publish: Any, article: str, url: str) -> dict[str, Any]:
    """How a submission ended well."""
    detail = {"count": 1, "item": [{"idx": 1, "article_url": url}]}
    return {
        "publish_id": publish, "publish_status": 0, "article_id": article, "article_detail": detail, "fail_idx": [],
    }  # fmt: skip


def summary(followers: list[dict[str, Any]], asked: Any) -> dict[str, Any]:
    """Who came and went, of seven days at most."""
    first, last = (dt.date.fromisoformat(asked[name]) for name in ("begin_date", "end_date"))
    if not 0 <= (last - first).days < 7:
        return wrong(61501)
    return {"list": [row for row in followers if asked["begin_date"] <= row["ref_date"] <= asked["end_date"]]}


def words(news: Any) -> tuple[str, str, str, tuple[str, ...]]:
    """An article as a reader has it: the marker behind it, its text, its title, its pictures."""
    content = news["content"]
    return news["content_source_url"].rpartition("#")[2], content, news["title"], tuple(IMAGE.findall(content))
