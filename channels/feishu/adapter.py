"""Messages of a custom robot of a Feishu (飞书) or Lark group: a title, the text, and a link to the post's page."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from steadycast.platform import Answer, Busy, Channel, Known, Post, Receipt, Refused, Unknown, View

TOO_FAST = 11232
LANGUAGES = {"zh": "zh_cn", "ja": "ja_jp"}  # those that a message can be in, besides English


class Adapter:
    """One message. The robot gives back no id, and nothing can be read: so it is sent at most once."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def publish(self, post: Post) -> Receipt:
        """Send it: what a member wrote stands in elements of plain text, which call nobody."""
        language = LANGUAGES.get(self.channel.language.partition("-")[0].lower(), "en_us")
        written = {language: {"title": post.title, "content": self._paragraphs(post)}}
        message = {**self._signature(), "msg_type": "post", "content": {"post": written}}
        http = self.channel.http.using(
            errors=partial(_meant, self.channel.tell), headers={"Content-Type": "application/json; charset=utf-8"}
        )
        # Escaped, a character would take twice its bytes, and an emoji three times.
        body = json.dumps(message, ensure_ascii=False).encode()
        http.request("POST", self.channel.secret("url"), data=body)
        return Receipt(post.key)

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """A robot cannot read its group: only a person can tell."""
        raise Unknown(self.channel.tell("cannot-ask", key=post.key), channel=self.channel.name)

    def views(self, post: Post) -> list[View]:
        """What the group would see."""
        return [View("text", text="\n".join(filter(None, (post.title, post.text, post.canonical_url))))]

    def _paragraphs(self, post: Post) -> list[list[dict[str, Any]]]:
        """A list of paragraphs, each a list of elements. The text is one of them, with its lines: many cost no more."""
        lines: list[list[dict[str, Any]]] = [[{"tag": "text", "text": post.text}]] if post.text else []
        if post.canonical_url:
            lines.append([{"tag": "a", "text": self.channel.words["read"], "href": post.canonical_url}])
        if self.channel.settings["mention_all"]:
            lines.append([{"tag": "at", "user_id": "all"}])
        return lines

    def _signature(self) -> dict[str, str]:
        """Fields of the message; the vendor takes a time that is at most an hour off."""
        if not (secret := self.channel.secret("secret")):
            return {}
        stamp = str(int(self.channel.now().timestamp()))
        return {"timestamp": stamp, "sign": signature(secret, stamp)}


def signature(secret: str, stamp: str) -> str:
    """Base64 of the HMAC-SHA256 of nothing: the seconds, a line feed and the secret are its key."""
    signed = hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()


def _meant(tell: Callable[[str], str], answer: Answer) -> Busy | Refused | Unknown | None:
    """What `code` says, `StatusCode` in older answers: the status is 200 whatever happened."""
    if answer.status != 200:
        return None
    told = answer.json()
    code = told.get("code", told.get("StatusCode")) if isinstance(told, dict) else None
    if not isinstance(code, int):
        return Unknown(tell("garbled"))
    if code == TOO_FAST:
        return Busy(answer.message, str(code), retry_after=dt.timedelta(minutes=1))
    return Refused(answer.message, str(code)) if code else None
