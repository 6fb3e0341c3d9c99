"""Messages in one Discord channel, by a webhook or by a bot: a text with its files, or a card that leads to a page."""

from __future__ import annotations

from functools import partial
from typing import Any

from steadycast.platform import Account, Channel, Known, Post, Receipt, Refused, Unknown, View

from .answers import message_of, receipt_of
from .api import Api
from .content import files_of, same, told_of


class Adapter:
    """One message. A webhook sends it at most once; a bot finds it again among its own, and sends it exactly once."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)

    def publish(self, post: Post) -> Receipt:
        """Send it. A bot first notes which message is the newest, as whatever this becomes is newer."""
        guild = self.api.guild()
        if self.api.is_bot:
            self.channel.step("newest", self.api.newest, repeatable=True)
        return receipt_of(self.channel.step("message", partial(self._send, post)), guild)

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The message by its id; where that is not known, a bot looks through its own since then."""
        if there := message_of(known):
            return receipt_of(there, self.api.guild(), "read-back") if self.api.is_there(there) else None
        if not self.api.is_bot:
            if known.frozen and not known.steps:
                return None
            raise Unknown(self.channel.tell("cannot-ask"), channel=self.channel.name)
        told = told_of(self.channel, post)
        own = self.api.own(known.steps.get("newest"), post.due)
        if found := next((m for m in own if m.get("nonce") == post.key or same(m, told)), None):
            return receipt_of(self.api.kept(found), self.api.guild(), "read-back")
        if own and (known.steps or not known.frozen):  # one of them may be it: settings and servers change words
            raise Unknown(self.channel.tell("cannot-ask"), channel=self.channel.name)
        return None

    def revise(self, post: Post, known: Known) -> Receipt:
        """Write the message anew in its place; its files stay."""
        there = message_of(known) or message_of(Known(self.find(post, known)))
        if not there or not self.api.edit(there, told_of(self.channel, post, sent=True)):
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        return receipt_of(there, self.api.guild())

    def withdraw(self, post: Post, known: Known) -> None:
        """Delete the message; one that is not there is no error."""
        if there := message_of(known) or message_of(Known(self.find(post, known))):
            self.api.delete(there)

    def check(self) -> Account:
        """As which webhook or bot, in which channel."""
        return Account(self.api.account())

    def views(self, post: Post) -> list[View]:
        """What the channel would see."""
        told = told_of(self.channel, post)
        card = told["embeds"][0] if told.get("embeds") else {}
        return [View("text", text="\n".join((card["title"], card["description"], card["url"])) if card else post.text)]

    def _send(self, post: Post) -> dict[str, Any]:
        return self.api.create(told_of(self.channel, post), files_of(post), post.key)
