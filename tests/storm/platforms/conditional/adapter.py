"""One thing a key and part: a second PUT of the same is harmless."""

from __future__ import annotations

from functools import partial

from steadycast.platform import Channel, Known, Post, Receipt, Unknown


class Adapter:
    """Each part at its own address, made of the key."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.url = channel.settings["url"]

    def publish(self, post: Post) -> Receipt:
        """Every part in its place."""
        ids = tuple(self.channel.thread(post, partial(self._put, post)))
        return Receipt(ids[0], parts=ids if len(ids) > 1 else ())

    def _put(self, post: Post, part: int, text: str, _previous: str | None) -> str:
        answer = self.channel.http.request("PUT", f"{self.url}/conditional/{post.key}/{part}", json={"text": text})
        told = answer.json()
        if told.get("key") != post.key:
            raise Unknown("the answer is another post's", channel=self.channel.name)
        return str(told["id"])

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """Whether each part is in its place."""
        items = self.channel.http.request("GET", f"{self.url}/conditional/{post.key}?for={post.key}").json()["items"]
        ids = tuple(str(i["id"]) for i in sorted(items, key=lambda i: i["part"]))
        if not ids:
            return None
        return Receipt(ids[0], parts=ids if len(post.parts) > 1 else ())
