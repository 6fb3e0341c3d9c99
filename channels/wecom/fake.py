"""A WeCom group robot, for tests: limits in bytes, errors with status 200, and 20 messages a minute."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any

from steadycast.testing import FakeServer, Reply, Request, Seen

PATH, KEY = "/cgi-bin/webhook/send", "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
A_MINUTE = 20


class Fake(FakeServer):
    """One group, one robot."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Seen] = []
        self.called: list[str] = []  # who was called in each message
        self.times: list[float] = []

    def secrets(self) -> dict[str, str]:
        """Its address is the secret: whoever has it can post."""
        return {"url": f"{self.url}{PATH}?key={KEY}"}

    def handle(self, request: Request) -> Reply:
        """Answer as the vendor does, always with status 200."""
        if request.path != PATH or request.query.get("key") != KEY:
            said = "invalid webhook url, more info at https://open.work.weixin.qq.com/devtool/query?e=93000"
            return _error(93000, said)
        now = time.monotonic()
        self.times = [at for at in self.times if now - at < 60]
        if len(self.times) >= A_MINUTE:
            return _error(45009, "api freq out of limit")
        told = request.json()
        if wrong := _wrong(told):
            return wrong
        self.times.append(now)
        self._keep(told)
        return _error(0, "ok")

    def _keep(self, told: dict[str, Any]) -> None:
        n, kind = str(len(self.kept) + 1), told["msgtype"]
        body = told[kind]
        if kind == "text":
            self.called.append(",".join(body.get("mentioned_list", ())))
            self.kept.append(Seen(n, "", body["content"]))
        elif kind == "news":
            (card,) = body["articles"]
            picture = (card["picurl"],) if card.get("picurl") else ()
            self.kept.append(Seen(n, "", card.get("description", ""), card["title"], picture, card["url"]))
        else:  # a picture is a message of its own: it belongs to the text before it
            before = self.kept[-1]
            self.kept[-1] = Seen(before.id, "", before.text, before.title, (body["md5"],), before.url)

    def posts(self) -> list[Seen]:
        """What stands in the group."""
        return self.kept


def _wrong(told: dict[str, Any]) -> Reply | None:
    kind = told.get("msgtype")
    body = told.get(str(kind))
    if kind not in ("text", "news", "image") or not isinstance(body, dict):
        return _error(40008, "invalid message type")
    if kind == "text":
        if not body.get("content"):
            return _error(44004, "empty content")
        return _error(40058, "text.content exceed max length 2048") if _long(body["content"], 2048) else None
    if kind == "image":
        data = base64.b64decode(body["base64"])
        right = hashlib.md5(data, usedforsecurity=False).hexdigest() == body["md5"]
        return None if right and len(data) <= 2 * 1024 * 1024 else _error(40009, "invalid image size")
    articles = body.get("articles", ())
    if not 1 <= len(articles) <= 8 or not all(each.get("title") and each.get("url") for each in articles):
        return _error(40058, "news.articles invalid")
    return _error(40058, "title exceed max length 128") if any(_long(a["title"], 128) for a in articles) else None


def _long(text: str, most: int) -> bool:
    return len(text.encode()) > most


def _error(code: int, said: str) -> Reply:
    return Reply(200, {"errcode": code, "errmsg": said})
