"""The few calls of Discord's API that the adapter makes: a webhook's own, or a bot's."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from steadycast.platform import Answer, Channel, HttpClient, Media, Unknown

from .answers import UNKNOWN_MESSAGE, kept, number_at, sorted_error

PAGES = 25  # of 100 messages each
EARLY = dt.timedelta(days=1)  # how long before its hour a post can have gone out, where no step tells


class Api:
    """One channel. Of a webhook the address is the secret, of a bot the token."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.is_bot = channel.spec is not None and channel.spec.data["way"] == "bot"

    @cached_property
    def base(self) -> str:
        if not self.is_bot:
            return self.channel.secret("url").partition("?")[0].rstrip("/")
        settings = self.channel.settings
        return f"{settings['server'].rstrip('/')}/channels/{settings['channel'].strip()}"

    @cached_property
    def http(self) -> HttpClient:
        token = {"Authorization": f"Bot {self.channel.secret('token').strip()}"} if self.is_bot else {}
        return self.channel.http.using(base=self.base, headers=token, errors=partial(sorted_error, self.channel.tell))

    def about(self) -> Any:
        """The webhook, or the bot's channel: its name, and the server that it is on."""
        told = self.http.request("GET", self.base)
        if not isinstance(about := told.json(), dict):
            raise told.garbled(self.channel.tell("garbled"), told)
        return about

    def guild(self) -> str:
        """The number of the server, asked for once: a message's address has it."""
        if (known := self.channel.state.get("guild")) is None:
            known = str(self.about().get("guild_id") or "")
            self.channel.state.set("guild", known)
        return str(known)

    def account(self) -> str:
        about = self.about()
        if not self.is_bot:
            return f"{about.get('name') or 'webhook'} → {about.get('channel_id')}"
        me = self.http.request("GET", f"{self.channel.settings['server'].rstrip('/')}/users/@me").json()
        return f"{me['username']} → #{about.get('name')}"

    def create(self, told: Mapping[str, Any], files: Sequence[Media], key: str) -> dict[str, str]:
        settings, asked = self.channel.settings, dict(told)
        if self.is_bot:  # a second message of the same nonce within minutes is the first one
            return self._message("POST", f"{self.base}/messages", asked | {"nonce": key, "enforce_nonce": True}, files)
        where = {"thread_id": settings["thread"]} if settings["thread"] else {}
        return self._message("POST", self.base, asked, files, {"wait": "true", **where})

    def edit(self, message: Mapping[str, str], told: Mapping[str, Any]) -> bool:
        """Whether it is there; it says what was asked then."""
        return self._one("PATCH", message, json=told)

    def delete(self, message: Mapping[str, str]) -> None:
        self._one("DELETE", message)

    def is_there(self, message: Mapping[str, str]) -> bool:
        return self._one("GET", message)

    def newest(self) -> str:
        """The number of the channel's newest message, "0" where it has none."""
        return next((str(m["id"]) for m in self._page(limit=1)), "0")

    def own(self, since: str | None, due: dt.datetime) -> list[Any]:
        """The bot's messages after the one called `since`, or not much older than `due`; the oldest first."""
        me = self.http.request("GET", f"{self.channel.settings['server'].rstrip('/')}/users/@me").json()["id"]
        own, after = list[Any](), since or number_at(due - EARLY)
        for _ in range(PAGES):
            page = sorted(self._page(limit=100, after=after), key=lambda m: int(m["id"]))
            own += [m for m in page if m["author"]["id"] == me]
            if len(page) < 100:
                return own
            after = page[-1]["id"]
        raise Unknown(self.channel.tell("too-many", num=100 * PAGES), channel=self.channel.name)

    def kept(self, told: Any) -> dict[str, str]:
        in_thread = not self.is_bot and bool(self.channel.settings["forum"] or self.channel.settings["thread"])
        return kept(told, in_thread)

    def _page(self, **asked: Any) -> list[Any]:
        page: list[Any] = self.http.request("GET", f"{self.base}/messages", params=asked).json()
        return page

    def _one(self, method: str, message: Mapping[str, str], **asked: Any) -> bool:
        """Whether the message is there; a lost answer harms nothing, as the same may be asked again."""
        where = {"thread_id": message["thread"]} if message["thread"] else {}
        address, repeatable = f"{self.base}/messages/{message['id']}", method != "GET"
        told = self.http.request(method, address, params=where, ok=(200, 204, 404), repeatable=repeatable, **asked)
        gone = told.status == 404 and told.json().get("code") == UNKNOWN_MESSAGE
        if told.status == 404 and not gone:
            raise told.garbled(told.message, told)
        return not gone

    def _message(
        self, method: str, address: str, told: Mapping[str, Any], files: Sequence[Media], params: Any = None
    ) -> dict[str, str]:
        sent: dict[str, Any] = {"json": told}
        if files:
            named = {f"files[{n}]": (f.name, f.path.read_bytes(), f.mime) for n, f in enumerate(files)}
            sent = {"data": {"payload_json": json.dumps(told)}, "files": named}
        answer: Answer = self.http.request(method, address, params=params, **sent)
        try:
            return self.kept(answer.json())
        except (KeyError, TypeError):
            raise answer.garbled(self.channel.tell("garbled"), answer) from None
