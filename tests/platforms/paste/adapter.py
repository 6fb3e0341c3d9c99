"""A folder a delivery, which a person posts from: the page to copy, and whose hour it is."""

from __future__ import annotations

import json

from steadycast.platform import Channel, Known, Post, Receipt, View


class Adapter:
    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def publish(self, post: Post) -> Receipt:
        told = {"delivery": post.key, "due": post.due.isoformat(), "title": post.title}
        self.channel.write(
            f"{self._folder(post)}/article.html", post.html_with(lambda media: f"media/{media.name}").encode()
        )
        self.channel.write(f"{self._folder(post)}/article.txt", post.text.encode())
        for media in post.media:
            self.channel.write(f"{self._folder(post)}/media/{media.name}", media.path.read_bytes())
        self.channel.write(f"{self._folder(post)}/kit.json", json.dumps(told).encode())
        return self._receipt(post, "answer")

    def find(self, post: Post, _known: Known) -> Receipt | None:
        there = (self.channel.out / self._folder(post) / "kit.json").is_file()
        return self._receipt(post, "file") if there else None

    def views(self, post: Post) -> list[View]:
        return [View("kit", file=self.channel.out / self.publish(post).page)]

    def _folder(self, post: Post) -> str:
        return f"{post.due.astimezone(self.channel.zone).date().isoformat()}-{post.key}"

    def _receipt(self, post: Post, seen: str) -> Receipt:
        return Receipt(post.key, handed=True, seen=seen, page=f"{self._folder(post)}/article.html")
