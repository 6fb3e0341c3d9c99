"""Articles of dev.to, or of another site that runs Forem: a draft that nobody sees first, then published by its id."""

from __future__ import annotations

from typing import Any

from steadycast.platform import Account, Busy, Channel, Known, Post, Receipt, Refused

from .answers import found_of, is_taken, receipt_of
from .api import Api
from .content import fields


class Adapter:
    """Two drafts of a post harm nobody. An article is known by its canonical address, or by the key in its source."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)

    def publish(self, post: Post) -> Receipt:
        """Find the article or make it, then publish it; it is out when the account's own list says so."""
        there = self._there(post) or self._made(post)
        if not there["published"]:
            there = self._shown(there["id"], {**fields(self.channel, post), "published": True})
        return receipt_of(there)

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The article among the account's own; a draft is not there."""
        there = self._there(post, known)
        return receipt_of(there, seen="read-back") if there and there["published"] else None

    def revise(self, post: Post, known: Known) -> Receipt:
        """Write the article anew in its place; whether it is out stays."""
        there = self._there(post, known)
        if not there or not there["published"]:
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        self.api.write(there["id"], fields(self.channel, post))
        return receipt_of(there)

    def withdraw(self, post: Post, known: Known) -> None:
        """Back to a draft: the API deletes nothing."""
        there = self._there(post, known)
        if there and there["published"]:
            self.api.write(there["id"], {"published": False})

    def check(self) -> Account:
        """As whom the key speaks."""
        return Account(f"@{self.api.account()['username']}", ("write articles",))

    def _there(self, post: Post, known: Known | None = None) -> Any:
        return found_of(self.api.own(), post, known.receipt if known else None)

    def _made(self, post: Post) -> Any:
        """A new draft; where the site has the address already, the account's own article of that address."""
        try:
            return {"id": self.api.create({**fields(self.channel, post), "published": False}), "published": False}
        except Refused as error:
            if not is_taken(error):
                raise
        if there := self._there(post):  # made by a request whose answer came late
            return there
        raise Refused(self.channel.tell("taken", url=post.canonical_url), channel=self.channel.name)

    def _shown(self, id: int, article: dict[str, Any]) -> Any:
        """Publish it, and look: Forem was seen to answer well and keep a draft, so it is asked twice."""
        for _time in range(2):
            self.api.write(id, article, repeatable=False)
            if (there := next((row for row in self.api.own() if row["id"] == id), None)) and there["published"]:
                return there
        raise Busy(self.channel.tell("still-a-draft"), channel=self.channel.name)
