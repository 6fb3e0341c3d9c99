"""An incoming webhook: it tells no more than `ok`, and can neither read nor change its channel."""

from __future__ import annotations

from functools import partial

from steadycast.platform import Channel, Known, Post, Receipt, Unknown, View, media_name

from .answers import sorted_hook
from .content import pictures_of, told_of


class Webhook:
    """One message. It has no id, so it is sent at most once."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def publish(self, post: Post) -> Receipt:
        """Send it; its pictures are shown from where the community serves them."""
        files = self.channel.settings["files"].rstrip("/")
        pictures = pictures_of(post) if files else []
        images = [{"image_url": f"{files}/{media_name(m)}", "alt_text": m.alt} for m in pictures]
        self.channel.step("message", partial(self._send, {**told_of(self.channel, post, images)}))
        return Receipt(post.key)

    def find(self, post: Post, known: Known) -> Receipt | None:
        """None where nothing was begun; else only a person can tell."""
        if known.steps.get("message"):
            return Receipt(post.key)
        if known.frozen and not known.steps and not known.receipt:
            return None
        raise Unknown(self.channel.tell("cannot-ask"), channel=self.channel.name)

    def views(self, post: Post) -> list[View]:
        """What the channel would see."""
        return [View("text", text=post.text)]

    def _send(self, told: dict[str, object]) -> bool:
        del told["metadata"]  # which an incoming webhook does not take
        http = self.channel.http.using(errors=partial(sorted_hook, self.channel.tell))
        http.request("POST", self.channel.secret("url"), json=told)
        return True
