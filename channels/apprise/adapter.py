"""A message by an Apprise API server, which hands it on to whatever services a community named there."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from steadycast.platform import Account, Answer, Channel, HttpClient, Known, Post, Receipt, Refused, Unknown, View

CALLS = re.compile(r"@(?=(?:everyone|here|channel|room|all|所有人)\b)|<(?=[!@#])", re.IGNORECASE)
WIDE = {"@": "＠", "<": "＜"}  # as many characters, so the text keeps its limit


class Adapter:
    """One request for all services. No service gives an id back, and none can be read: so it is sent at most once."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def publish(self, post: Post) -> Receipt:
        """Hand it to the server, which answers when the last service has."""
        told: dict[str, Any] = {"title": calm(post.title), "body": calm(post.text), "type": "info", "format": "text"}
        key, urls = self._target()
        if urls:
            told["urls"] = urls
        elif tags := self.channel.settings["tags"].strip():
            told["tag"] = tags
        self.http.request("POST", f"notify/{key}" if key else "notify/", json=told)
        return Receipt(post.key)

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """Nothing that was sent can be read: only a person can tell."""
        raise Unknown(self.channel.tell("cannot-ask", key=post.key), channel=self.channel.name)

    def check(self) -> Account:
        """How many services the key stands for; of a server that shows them to nobody (403) only that it answers."""
        key, _urls = self._target()
        tags = self.channel.settings["tags"].strip()
        if not key:
            self.http.request("GET", "status", ok=(200, 404, 417))  # 417: it can keep no key, and needs none
            return Account("")
        asked = {"privacy": "1", **({"tag": tags} if tags else {})}
        try:
            services = self.http.request("GET", f"json/urls/{key}", params=asked).json().get("urls")
        except Refused as error:
            if error.code == "403":
                return Account("")
            raise
        if not services:
            wrong = self.channel.tell("no-tag", tags=tags) if tags else self.channel.tell("none")
            raise Refused(wrong, channel=self.channel.name)
        return Account(", ".join(sorted({str(each["url"]).partition(":")[0] for each in services})))

    def views(self, post: Post) -> list[View]:
        """What each service would show, by and large."""
        return [View("text", text=f"{calm(post.title)}\n\n{calm(post.text)}")]

    @cached_property
    def http(self) -> HttpClient:
        settings = self.channel.settings
        auth = (settings["user"], self.channel.secret("password")) if settings["user"] else None
        errors = partial(_meant, self.channel.tell)
        return self.channel.http.using(
            base=settings["url"], headers={"Accept": "application/json"}, auth=auth, errors=errors
        )

    def _target(self) -> tuple[str, str]:
        """(key, urls): one of them."""
        key, urls = (self.channel.secret(name).strip() for name in ("key", "urls"))
        if bool(key) == bool(urls):
            raise Refused(self.channel.tell("either"), channel=self.channel.name)
        return key, urls


def calm(text: str) -> str:
    """The same words, calling nobody: what calls everybody in one service or another is written with a wide sign."""
    return CALLS.sub(lambda found: WIDE[found[0]], text)


def _meant(tell: Callable[..., str], answer: Answer) -> Refused | Unknown | None:
    """204 is a server without services. 424 is that some did not take it: others may have."""
    if answer.status == 204:
        return Refused(tell("none"), "204")
    if answer.status == 424:
        return Unknown(tell("some", said=answer.message), "424")
    if answer.status in (401, 403):
        return Refused(tell("rights", said=answer.message), str(answer.status))
    if answer.status == 200 and not (isinstance(told := answer.json(), dict) and not told.get("error")):
        return Unknown(tell("garbled"))
    return None
