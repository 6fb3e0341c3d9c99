"""A post as the templates see it: every address relative to the site's root, every date already in words."""

from __future__ import annotations

import calendar
import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from html import unescape
from typing import Any
from urllib.parse import quote

from steadycast.platform import Event, Media, Post, media_name, slot_path

_TAG = re.compile(r"<[^>]*>")
_BEGINNING = 8000  # characters of HTML: a summary has 200 at most


def page_of(post: Post) -> str:
    """The file of a post's page."""
    return f"{slot_path(post)}.html"


@cache
def listing_of(kind: str, name: str) -> str:
    """The file stem of a series', member's or tag's page; any name at all gives a safe one, and its own."""
    plain = unicodedata.normalize("NFC", name).lower()
    safe = re.sub(r"[^\w]+", "-", plain).strip("-")[:40]
    told = safe if safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:6]}".strip("-")
    return f"{kind}/{told}"


@cache
def link_of(kind: str, name: str) -> str:
    """The address of that page, from the site's root."""
    return quote(f"{listing_of(kind, name)}.html")


def web(url: str) -> str:
    """`url` where it is one a link may carry, else nothing."""
    return url if re.match(r"https?://[^\s<>\"']+$", url) else ""


def in_words(when: dt.date, words: Mapping[str, Any], form: str = "date") -> str:
    """A date as people write it: 2026年11月27日, 27 Nov 2026."""
    return str(words[form]).format(year=when.year, month=when.month, day=when.day, name=calendar.month_abbr[when.month])


def on_a_day(when: dt.date, words: Mapping[str, Any], form: str = "date") -> str:
    """A date with its weekday, as people say both: 2026年11月27日 周五, Fri, 27 Nov 2026."""
    return str(words["on"]).format(date=in_words(when, words, form), weekday=words["weekdays"][when.weekday()])


def minutes(seconds: float | None) -> str:
    """1:01 or 1:02:03."""
    if not seconds:
        return ""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def moment(post: Post, words: Mapping[str, Any], now: dt.datetime) -> dict[str, Any] | None:
    """An event's own lines: when (one day or several), where, and whether it is over."""
    if post.event is None:
        return None
    start, end, all_day = post.event.start, post.event.end, post.event.all_day
    return {
        "when": _span(post.event, words),
        "month": str(words["day"]).partition("{day}")[0].format(month=start.month, name="").strip()
        or calendar.month_abbr[start.month],
        "day": start.day,
        "weekday": words["weekdays"][start.weekday()],
        "start": start.date().isoformat() if all_day else start.isoformat(timespec="seconds"),
        "place": post.event.place,
        "url": web(post.event.url),
        "over": end < now,
    }


def _span(event: Event, words: Mapping[str, Any]) -> str:
    """Its time in words, without hours where it has none: 2026年12月12日 周六–12月13日 周日."""
    start, last = event.start, event.last
    first = on_a_day(start, words)
    other_day = last.date() != start.date()
    if event.all_day:
        spoken = on_a_day(last, words, "day") if other_day else ""
    else:
        first += f" {start:%H:%M}"
        spoken = f"{in_words(last, words, 'day')} {last:%H:%M}" if other_day else f"{last:%H:%M}"
    return f"{first}\u2060–\u2060{spoken}" if spoken else first  # word joiners: no line break at the dash


def view(post: Post, words: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    """What every template may show of a post."""
    member = post.member_title or post.member or post.author
    cover = _shown(post.cover or next(iter(post.of("image")), None))
    sound = next(iter(post.of("audio") or post.of("video")), None)
    return {
        "post": post,
        "page": quote(page_of(post)),
        "date": in_words(post.published, words),
        "day": in_words(post.published, words, "day"),
        "on": on_a_day(post.published, words),
        "iso": post.published.isoformat(timespec="seconds"),
        "form": words[post.form],
        "member": member,
        "member_page": link_of("member", post.member) if post.member else "",
        "series": post.series_title or post.series,
        "series_page": link_of("series", post.series) if post.series else "",
        "tags": [(tag, link_of("tag", tag)) for tag in post.tags if tag.strip()],
        "cover": cover,
        "thumbs": [_shown(media) for media in post.of("thumb")] or [cover, cover],
        "length": minutes(sound.seconds) if sound else "",
        "moment": moment(post, words, now),
    }


def _shown(media: Media | None) -> dict[str, Any] | None:
    if media is None:
        return None
    return {"src": media_name(media), "alt": media.alt, "width": media.width, "height": media.height}


def standfirst(post: Post) -> str:
    """The summary, to stand above the text, unless the text begins with it anyway."""
    said = "".join(post.summary.rstrip("…").split())
    begins = "".join(unescape(_TAG.sub("", post.html[:_BEGINNING])).split())
    return "" if said in begins[: len(said) + 200] else post.summary
