"""A podcast in a folder: feed.xml with the itunes and podcast namespaces, and the episodes' files beside it."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

from steadycast.platform import (
    Channel,
    FolderAdapter,
    Media,
    Post,
    PostStore,
    Receipt,
    Refused,
    View,
    media_name,
    slot_path,
)

from .picture import trouble

FEED = "feed.xml"
OURS = uuid.UUID("8d1b7a0e-6d2f-5b0c-9f3a-2f1c5d6e7a90")
# https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/tags/guid.md
PODCAST = uuid.UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")
DESCRIPTION = 4000  # bytes, PSP-1


class Adapter(FolderAdapter):
    """Writes the feed under `channel.out`; a directory polls the address it is served at."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        chosen = channel.settings["image"]
        self.image = Path(chosen) if chosen else Path(__file__).with_name("cover.jpg")

    def take(self, post: Post) -> None:
        """Only what can be heard or seen, and nothing without the show's image: a directory refuses such a feed."""
        if episode_file(post) is None:
            raise Refused(self.channel.tell("no-file"), channel=self.channel.name)
        if not self.image.is_file():
            raise Refused(self.channel.tell("no-image", name=self.image.name), channel=self.channel.name)

    def views(self, post: Post) -> list[View]:
        """The episode as an app on a phone shows it."""
        self.base = ""  # its files lie beside it
        self.publish(post)
        media = episode_file(post)
        assert media is not None  # publish refuses others
        show = self._show([post], f"cover{self.image.suffix.lower()}")
        page = self.channel.render("episode.html.j2", show=show, item=self._episode(post, media))
        return [View("item", page, widths=(390,))]

    def catch_up(self, shelf: PostStore, _post: Post) -> None:
        """All of it, where anything has changed."""
        image = f"cover{self.image.suffix.lower()}"
        there = (self.channel.out / FEED).is_file() and (self.channel.out / image).is_file()
        if there and shelf.is_current and not shelf.changed:
            return
        posts = shelf.whole(shelf.newest(self.channel.settings["items"]))
        episodes = [self._episode(p, media) for p in posts if (media := episode_file(p))]
        shelf.keep(image, self.image.read_bytes())
        feed = self.channel.render("feed.xml.j2", show=self._show(posts, image), episodes=episodes)
        shelf.keep(FEED, feed.encode())
        shelf.finish()

    def _show(self, posts: list[Post], image: str) -> dict[str, Any]:
        channel, settings = self.channel, self.channel.settings
        address = self._address(FEED)
        described = (settings["description"] or channel.about or channel.community).encode()[:DESCRIPTION]
        return {
            **settings,
            "title": channel.public_title,
            "description": described.decode(errors="ignore"),
            "author": settings["author"] or channel.community,
            "language": channel.language,
            "link": settings["pages"] or channel.site_url or self.base,
            "self": address if self.base else "",
            "image": self._address(image),
            "guid": settings["guid"] or (show_guid(address) if self.base else ""),
            "updated": posts[0].published if posts else dt.datetime(2000, 1, 1, tzinfo=channel.zone),
        }

    def _episode(self, post: Post, media: Media) -> dict[str, Any]:
        return {
            "post": post,
            "id": urn(post.key),
            "link": self._link(post),
            "html": post.html_with(lambda m: self._address(media_name(m))),
            "url": self._address(media_name(media)),
            "mime": {"audio/m4a": "audio/x-m4a", "audio/mp4": "audio/x-m4a"}.get(media.mime, media.mime),
            "size": media.size,
            "seconds": round(media.seconds) if media.seconds else None,
            "author": post.member_title or post.author,
            "image": self._address(media_name(post.cover)) if post.cover else "",
        }

    def _link(self, post: Post) -> str:
        pages = self.channel.settings["pages"].rstrip("/")
        if re.match(r"https?://[^\s<>\"']+$", post.canonical_url):
            return post.canonical_url
        return f"{pages}/{quote(slot_path(post))}.html" if pages else ""

    def _address(self, name: str) -> str:
        return f"{self.base}/{name}" if self.base else name

    def receipt(self, _shelf: PostStore, post: Post, seen: str) -> Receipt:
        """Where its page is, else the feed; with what directories will say of the show's image."""
        file = (self.channel.out / FEED).resolve()
        url = self._link(post) or (self._address(FEED) if self.base else file.as_uri())
        warning = trouble(self.image)
        detail = {"warning": warning} if warning else {}
        return Receipt(urn(post.key), url, at=post.published, seen=seen, page=FEED, detail=detail)


def episode_file(post: Post) -> Media | None:
    """What is played: the audio, or else the video."""
    return next(iter(post.of("audio") or post.of("video")), None)


def urn(key: str) -> str:
    """A permanent id that hangs on the post's key alone, not on the host."""
    return f"urn:uuid:{uuid.uuid5(OURS, key)}"


def show_guid(address: str) -> str:
    """podcast:guid: a UUID v5 over the feed's address without scheme and trailing slashes."""
    return str(uuid.uuid5(PODCAST, re.sub(r"^[a-z]+://", "", address).rstrip("/")))
