"""A draft, whose id is kept; then that draft is published, which may be said twice."""

from __future__ import annotations

from typing import Any

from steadycast.platform import Channel, Known, Post, Receipt, Unknown


class Adapter:
    """Two drafts do no harm; two published posts would."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.url = channel.settings["url"]

    def publish(self, post: Post) -> Receipt:
        """Draft, then publish by the draft's id."""
        draft = self.channel.step("draft", lambda: self._ask(post, "drafts", {"key": post.key, "text": post.text}))
        return Receipt(self.channel.step("publish", lambda: self._ask(post, f"drafts/{draft}/publish", {})))

    def _ask(self, post: Post, path: str, body: dict[str, Any]) -> str:
        told = self.channel.http.request("POST", f"{self.url}/two-phase/{path}", json=body).json()
        if told.get("key") != post.key:
            raise Unknown("the answer is another post's", channel=self.channel.name)
        return str(told["id"])

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """Whether it is published."""
        items = self.channel.http.request("GET", f"{self.url}/two-phase/{post.key}?for={post.key}").json()["items"]
        return Receipt(str(items[0]["id"])) if items else None
