"""Posts of one X account by API v2; long ones are threads of replies. Each request costs money."""

from __future__ import annotations

from functools import partial
from typing import Any

from steadycast.platform import Account, Ask, Channel, Known, Post, Receipt, Refused, Show, Unknown, View

from .answers import is_same, parts_of, receipt_of, same_words
from .api import Api
from .login import settings_for


class Adapter:
    """X has no key against a second sending: where an answer was lost, the account's own posts are read."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)

    def publish(self, post: Post) -> Receipt:
        """Each part is a reply to the one before; the first carries the files."""
        files = self.api.files(post)
        return receipt_of(self.channel.thread(post, partial(self._send, post, files)))

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The posts by their ids; where one is not known, the account's newer ones that say the same."""
        if known.receipt:
            parts = parts_of(known.receipt)
            return receipt_of(parts, seen="read-back") if self.api.is_there(parts[0]["id"]) else None
        own, parts = self.api.own(post.due), list[Any]()
        for n, text in enumerate(post.parts, 1):
            above = parts[-1]["id"] if parts else ""
            same = (row for row in own if row["above"] == above and same_words(row["text"], text))
            if (part := known.steps.get(f"part-{n}") or next(same, None)) is None:
                break
            parts.append({name: part[name] for name in ("id", "url", "at")})
        if own and not parts and not known.frozen:
            raise Unknown(self.channel.tell("cannot-tell", num=len(own)), channel=self.channel.name)
        return receipt_of(parts, seen="read-back") if parts else None

    def withdraw(self, post: Post, known: Known) -> None:
        """Delete each post, the last reply first; one that is not there is no error."""
        if there := known.receipt or self.find(post, known):
            for part in reversed(parts_of(there)):
                self.api.delete(part["id"])

    def check(self) -> Account:
        """As whom it posts."""
        return Account(f"@{self.api.me['username']}")

    def login(self, show: Show, ask: Ask) -> dict[str, str]:
        """A person lets the app in on X's page, and pastes the address to which it leads."""
        return settings_for(self.channel, show, ask)

    def views(self, post: Post) -> list[View]:
        """What readers would see, part by part."""
        return [View("text", text=text) for text in post.parts]

    def _send(self, post: Post, files: list[str], n: int, text: str, previous: Any) -> Any:  # noqa: ARG002
        asked: dict[str, Any] = {"text": text}
        if previous:
            asked["reply"] = {"in_reply_to_tweet_id": previous["id"]}
        elif files:
            asked["media"] = {"media_ids": files}
        if self.channel.settings["made_with_ai"]:
            asked["made_with_ai"] = True
        try:
            return self.api.create(asked)
        except Refused as error:
            if not is_same(error):
                raise
            # An answer was lost, or the account has said the same before: only a look can tell.
            raise Unknown(self.channel.tell("same"), channel=self.channel.name) from None
