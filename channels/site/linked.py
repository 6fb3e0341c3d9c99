"""A post as schema.org tells it to search engines: BlogPosting, PodcastEpisode, VideoObject or Event."""

from __future__ import annotations

import datetime as dt
from typing import Any

from steadycast.platform import Media, Post, media_name

from .views import web


def linked(post: Post, community: str, base: str, canonical: str) -> dict[str, Any]:
    """JSON-LD of one post; addresses of files only where the site knows its own. https://schema.org/docs/full.html"""
    house = {"@type": "Organization", "name": community, **({"url": f"{base}/"} if base else {})}
    cover = post.cover or next(iter(post.of("image")), None)
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "BlogPosting",
        "inLanguage": post.language,
        "description": post.summary,
        "datePublished": post.published.isoformat(timespec="seconds"),
        "keywords": ", ".join(post.tags),
        "url": canonical,
        "publisher": house,
        "author": {"@type": "Person", "name": post.member_title or post.author} if post.member else house,
        "image": _address(cover, base),
    }
    told["headline" if post.form == "article" else "name"] = post.title
    if post.form == "event" and post.event:
        event = post.event
        told |= {
            "@type": "Event",
            "startDate": (event.start.date() if event.all_day else event.start).isoformat(),
            "endDate": (event.last.date() if event.all_day else event.end).isoformat(),
            "organizer": house,
            "url": web(event.url) or canonical,
        }
        told["location"] = event.place and {"@type": "Place", "name": event.place, "address": event.place}
        for key in ("author", "publisher", "datePublished"):
            del told[key]
    elif sound := next(iter(post.of("audio")), None):
        media = {"@type": "AudioObject", "contentUrl": _address(sound, base), "encodingFormat": sound.mime}
        told |= {"@type": "PodcastEpisode", "duration": _length(sound.seconds), "associatedMedia": _said(media)}
        told["partOfSeries"] = post.series and {"@type": "PodcastSeries", "name": post.series_title or post.series}
    elif film := next(iter(post.of("video")), None):
        told |= {"@type": "VideoObject", "duration": _length(film.seconds), "contentUrl": _address(film, base)}
        told |= {"uploadDate": told["datePublished"], "thumbnailUrl": _address(cover, base)}
    return _said(told)


def _address(media: Media | None, base: str) -> str:
    return f"{base}/{media_name(media)}" if media and base else ""


def _length(seconds: float | None) -> str:
    """ISO 8601: PT61S."""
    return f"PT{round(dt.timedelta(seconds=seconds).total_seconds())}S" if seconds else ""


def _said(told: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if value}
