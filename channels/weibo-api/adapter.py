"""Posts of one 微博 account by statuses/share: a text with a link under the app's safe domain, and one picture."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from functools import cached_property, partial
from typing import Any
from urllib.parse import urlsplit

from steadycast.platform import Account, Ask, Channel, HttpClient, Known, Post, Receipt, Show, Unknown, View, count, cut

from .answers import DELAYED, meant, number_in
from .login import token_for

SIGNS = re.compile(r"(https?://\S+)|[#@]")  # a topic is refused, and a member's words shall call nobody
WIDE = {"#": "＃", "@": "＠"}  # as many characters, so the text keeps its limit


class Adapter:
    """One request. What was posted cannot be read, changed or deleted by this interface: it is sent at most once."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def publish(self, post: Post) -> Receipt:
        """Post it; one that the vendor takes with delay is taken, and has no number yet."""
        fields = {"access_token": self.channel.secret("token"), "status": self._status(post)}
        if rip := self.channel.settings["rip"]:
            fields["rip"] = rip
        try:
            told = self.http.request("POST", "2/statuses/share.json", data=fields, files=self._files(post))
        except Unknown as error:
            if error.code == DELAYED:
                return Receipt(post.key)
            raise
        if not (number := number_in(told)):
            raise told.garbled(self.channel.tell("garbled"), told)
        return Receipt(number, f"https://m.weibo.cn/status/{number}")

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """The interface does not read: only a person can tell."""
        raise Unknown(self.channel.tell("cannot-ask", key=post.key), channel=self.channel.name)

    def check(self) -> Account:
        """Whose token it is, and when it ends."""
        asked = {"access_token": self.channel.secret("token")}
        answer = self.http.request("POST", "oauth2/get_token_info", data=asked, repeatable=True)
        told = answer.json()
        if not isinstance(told, dict) or not isinstance(left := told.get("expire_in"), int):
            raise answer.garbled(self.channel.tell("garbled"), answer)
        return Account(str(told.get("uid", "")), until=self.channel.now() + dt.timedelta(seconds=left))

    def login(self, show: Show, ask: Ask) -> dict[str, str]:
        """A person lets the app in on the vendor's page, and pastes the address to which it leads."""
        return {"token": token_for(self.channel, show, ask)}

    def views(self, post: Post) -> list[View]:
        """What a reader would see."""
        return [View("text", text=self._status(post))]

    @cached_property
    def http(self) -> HttpClient:
        return self.channel.http.using(base=self.channel.settings["url"], errors=partial(meant, self.channel.tell))

    def _status(self, post: Post) -> str:
        """The text as it goes out. One without a link under the safe domain would be refused, so it ends on `link`."""
        text = SIGNS.sub(lambda found: found[1] or WIDE[found[0]], post.text)
        link = self.channel.settings["link"]
        if re.search(rf"https?://{re.escape(urlsplit(link).netloc)}(?![\w.:-])", text):
            return text
        limit = self.channel.limits["text"]
        room = dataclasses.replace(limit, max=limit.max - count(f"\n{link}", limit))
        return f"{cut(text, room)}\n{link}"

    def _files(self, post: Post) -> dict[str, Any] | None:
        picture = post.cover or next(iter(post.of("image")), None)
        if picture is None or not self.channel.settings["picture"]:
            return None
        return {"pic": (picture.name, picture.path.read_bytes(), picture.mime)}
