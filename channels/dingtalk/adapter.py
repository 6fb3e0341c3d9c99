"""Messages of a custom robot of a DingTalk (钉钉) group: a text, or a card that leads to the post's page."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from steadycast.platform import (
    Answer,
    Busy,
    Channel,
    Known,
    Limit,
    Post,
    Receipt,
    Refused,
    Unknown,
    View,
    cut,
    media_name,
)

WORDS = Limit(500, "bytes")  # of a card: a group shows a few lines of it
TOO_FAST = {130101, 410100}
SILENT = dt.timedelta(minutes=10)  # for so long a robot is silent that sent too fast
BUSY = -1  # "system busy": the vendor does not say whether it was taken


class Adapter:
    """One message. The robot gives back no id, and nothing can be read: so it is sent at most once."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.files = channel.settings["files"].rstrip("/")

    def publish(self, post: Post) -> Receipt:
        """Send the text or the card."""
        message: dict[str, Any]
        if card := self._card(post):
            message = {"msgtype": "link", "link": card}
        else:
            everybody = {"isAtAll": self.channel.settings["mention_all"]}
            message = {"msgtype": "text", "text": {"content": post.text}, "at": everybody}
        http = self.channel.http.using(
            errors=partial(_meant, self.channel.tell), headers={"Content-Type": "application/json; charset=utf-8"}
        )
        # Escaped, a character would take twice its bytes, and an emoji three times.
        body = json.dumps(message, ensure_ascii=False).encode()
        http.request("POST", self.channel.secret("url"), params=self._signature(), data=body)
        return Receipt(post.key)

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """A robot cannot read its group: only a person can tell."""
        raise Unknown(self.channel.tell("cannot-ask", key=post.key), channel=self.channel.name)

    def views(self, post: Post) -> list[View]:
        """What the group would see."""
        card = self._card(post)
        return [View("text", text="\n".join((card["title"], card["text"], card["messageUrl"])) if card else post.text)]

    def _card(self, post: Post) -> dict[str, str] | None:
        """The card, where the community wants one and the post has a page to lead to."""
        if self.channel.settings["style"] != "card" or not post.canonical_url:
            return None
        picture = f"{self.files}/{media_name(post.opening)}" if self.files and post.opening else ""
        words = cut(post.summary or post.text, WORDS)
        return {"title": post.title, "text": words, "picUrl": picture, "messageUrl": post.canonical_url}

    def _signature(self) -> dict[str, str]:
        """Parameters of the address; the vendor takes a time that is at most an hour off."""
        if not (secret := self.channel.secret("secret")):
            return {}
        stamp = str(int(self.channel.now().timestamp() * 1000))
        return {"timestamp": stamp, "sign": signature(secret, stamp)}


def signature(secret: str, stamp: str) -> str:
    """Base64 of the HMAC-SHA256, under the secret, of the milliseconds, a line feed and the secret."""
    signed = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()


def _meant(tell: Callable[[str], str], answer: Answer) -> Busy | Refused | Unknown | None:
    """What errcode says: the status is 200 whatever happened, and the gateway has a form of its own."""
    if answer.status != 200:
        return None
    told = answer.json()
    if not isinstance(told, dict):
        return Unknown(tell("garbled"))
    if told.get("punish") == "deny":
        return Busy(answer.message, str(told.get("status")), retry_after=SILENT)
    code = told.get("errcode")
    if not isinstance(code, int):
        return Unknown(tell("garbled"))
    if code in TOO_FAST:
        return Busy(answer.message, str(code), retry_after=SILENT)
    if code == BUSY:
        return Unknown(answer.message, str(code))
    return Refused(answer.message, str(code)) if code else None
