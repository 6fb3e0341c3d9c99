"""Three feeds in a folder: feed.xml (RSS 2.0), atom.xml (RFC 4287) and feed.json (JSON Feed 1.1)."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from typing import Any
from urllib.parse import quote

from steadycast.platform import FolderAdapter, Media, Post, PostStore, Receipt, View, media_name, slot_path

FEEDS = {"feed.xml": "feed.xml.j2", "atom.xml": "atom.xml.j2"}
JSON = "feed.json"
# Ids hang on this and on the post's key alone, so that a move to another host brings no item twice to a reader.
OURS = uuid.UUID("8d1b7a0e-6d2f-5b0c-9f3a-2f1c5d6e7a90")


class Adapter(FolderAdapter):
    """Writes the feeds under `channel.out`."""

    def views(self, post: Post) -> list[View]:
        """The item as a reader shows it."""
        self.base = ""  # its files lie beside it
        self.publish(post)
        return [View("item", self.channel.render("item.html.j2", feed=self._feed([post]), item=self._item(post)))]

    def catch_up(self, shelf: PostStore, _post: Post) -> None:
        """All of it, where anything has changed."""
        there = all((self.channel.out / name).is_file() for name in (*FEEDS, JSON))
        if there and shelf.is_current and not shelf.changed:
            return
        posts = shelf.whole(shelf.newest(self.channel.settings["items"]))
        feed, items = self._feed(posts), [self._item(p) for p in posts]
        for name, template in FEEDS.items():
            shelf.keep(name, self.channel.render(template, feed=feed, items=items).encode())
        shelf.keep(JSON, json.dumps(_json_feed(feed, items), ensure_ascii=False, indent=1).encode())
        shelf.finish()

    def _feed(self, posts: list[Post]) -> dict[str, Any]:
        channel = self.channel
        return {
            "id": urn(f"{channel.community}/{channel.name}"),
            "title": channel.public_title,
            "description": channel.settings["description"] or channel.about or channel.community,
            "link": channel.settings["pages"] or channel.site_url or self.base,
            "self": {name: f"{self.base}/{name}" if self.base else "" for name in (*FEEDS, JSON)},
            "language": channel.language,
            "community": channel.community,
            "updated": posts[0].published if posts else dt.datetime(2000, 1, 1, tzinfo=channel.zone),
        }

    def _item(self, post: Post) -> dict[str, Any]:
        return {
            "post": post,
            "id": urn(post.key),
            "link": self._link(post),
            "html": post.html_with(self._address),
            "licence": ""
            if post.credit
            else self.channel.settings["licence"],  # what is another's is not ours to share
            "author": post.member_title or post.author or self.channel.community,
            "image": self._address(post.cover) if post.cover else "",
            "files": [
                {"url": self._address(m), "mime": m.mime, "size": m.size, "seconds": m.seconds}
                for m in (*post.of("audio"), *post.of("video"))
            ],
        }

    def _link(self, post: Post) -> str:
        pages = self.channel.settings["pages"].rstrip("/")
        if re.match(r"https?://[^\s<>\"']+$", post.canonical_url):
            return post.canonical_url
        return f"{pages}/{quote(slot_path(post))}.html" if pages else ""

    def _address(self, media: Media) -> str:
        return f"{self.base}/{media_name(media)}" if self.base else media_name(media)

    def receipt(self, _shelf: PostStore, post: Post, seen: str) -> Receipt:
        """Where its page is, else the feed: an item has no address of its own."""
        file = f"{self.base}/feed.xml" if self.base else (self.channel.out / "feed.xml").resolve().as_uri()
        return Receipt(urn(post.key), self._link(post) or file, at=post.published, seen=seen, page="feed.xml")


def urn(name: str) -> str:
    """A permanent id: the same for the same name, on every host and for ever."""
    return f"urn:uuid:{uuid.uuid5(OURS, name)}"


def _json_feed(feed: dict[str, Any], items: list[dict[str, Any]]) -> dict[str, Any]:
    """https://www.jsonfeed.org/version/1.1/"""
    told = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed["title"],
        "home_page_url": feed["link"],
        "feed_url": feed["self"][JSON],
        "description": feed["description"],
        "language": feed["language"],
        "items": [_said(_json_item(item)) for item in items],
    }
    return {key: value for key, value in told.items() if value or key == "items"}


def _json_item(item: dict[str, Any]) -> dict[str, Any]:
    post: Post = item["post"]
    files = [
        {"url": f["url"], "mime_type": f["mime"], "size_in_bytes": f["size"], "duration_in_seconds": f["seconds"]}
        for f in item["files"]
    ]
    return {
        "id": item["id"],
        "url": item["link"],
        "title": post.title,
        "content_html": item["html"],
        "summary": post.summary,
        "image": item["image"],
        "date_published": post.published.isoformat(),
        "authors": [_said({"name": item["author"], "url": post.member_url})],
        "tags": list(post.tags),
        "language": post.language,
        "attachments": [_said(f) for f in files],
        "_steadycast": {"licence": item["licence"]} if item["licence"] else {},
    }


def _said(told: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if value or key == "content_html"}
