"""Messages of a group robot of WeCom (企业微信): a text with a picture, or a card that leads to the post's page."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any

from steadycast.platform import (
    Answer,
    Busy,
    Channel,
    Known,
    Limit,
    Media,
    Post,
    Receipt,
    Refused,
    Unknown,
    View,
    cut,
    media_name,
)

DESCRIPTION = Limit(512, "bytes")  # of a card: WeCom cuts what is longer, in the middle of a character too
TOO_FAST = 45009
BUSY = -1  # "system busy": the vendor does not say whether it was taken


class Adapter:
    """A message or two. The robot gives back no id, and nothing can be read: so each is sent at most once."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.files = channel.settings["files"].rstrip("/")

    def publish(self, post: Post) -> Receipt:
        """The text and then its picture; or the card alone."""
        if card := self._card(post):
            self._send("news", {"articles": [card]})
            return Receipt(post.key)
        told: dict[str, Any] = {"content": post.text}
        if self.channel.settings["mention_all"]:
            told["mentioned_list"] = ["@all"]
        self.channel.step("text", partial(self._send, "text", told))
        if self.channel.settings["picture"] and post.opening:
            self.channel.step("picture", partial(self._picture, post.opening))
        return Receipt(post.key)

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """A robot cannot read its group: only a person can tell."""
        raise Unknown(self.channel.tell("cannot-ask", key=post.key), channel=self.channel.name)

    def views(self, post: Post) -> list[View]:
        """What the group would see."""
        card = self._card(post)
        return [View("text", text="\n".join((card["title"], card["description"], card["url"])) if card else post.text)]

    def _card(self, post: Post) -> dict[str, str] | None:
        """The card, where the community wants one and the post has a page to lead to."""
        if self.channel.settings["style"] != "card" or not post.canonical_url:
            return None
        words = cut(post.summary or post.text, DESCRIPTION)
        card = {"title": post.title, "description": words, "url": post.canonical_url}
        if self.files and post.opening:
            card["picurl"] = f"{self.files}/{media_name(post.opening)}"
        return card

    def _picture(self, media: Media) -> bool:
        data = media.path.read_bytes()
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()  # of the file itself, as the vendor asks
        return self._send("image", {"base64": base64.b64encode(data).decode(), "md5": md5})

    def _send(self, kind: str, told: dict[str, Any]) -> bool:
        http = self.channel.http.using(errors=partial(_meant, self.channel.tell))
        http.request("POST", self.channel.secret("url"), json={"msgtype": kind, kind: told})
        return True


def _meant(tell: Callable[[str], str], answer: Answer) -> Busy | Refused | Unknown | None:
    """What errcode says: the status is 200 whatever happened."""
    if answer.status != 200:
        return None
    told = answer.json()
    code = told.get("errcode") if isinstance(told, dict) else None
    if not isinstance(code, int):
        return Unknown(tell("garbled"))
    if code == TOO_FAST:
        return Busy(answer.message, str(code), retry_after=dt.timedelta(minutes=1))
    if code == BUSY:
        return Unknown(answer.message, str(code))
    return Refused(answer.message, str(code)) if code else None
