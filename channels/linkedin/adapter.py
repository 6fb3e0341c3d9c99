"""Posts of a LinkedIn member or organization by the Posts API: words with a card of the post's page, or pictures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial

from steadycast.platform import Account, Ask, Busy, Channel, Known, Post, Receipt, Refused, Show, Unknown, View

from .answers import duplicate_of, receipt_of, urn_of
from .api import Api
from .content import commentary, fields
from .login import settings_for

REMEMBERED = dt.timedelta(days=30)  # that a post was sent whose answer never came


class Adapter:
    """Each post is sent once. "Duplicate" names the post that is there; to read posts back needs a right few have."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)

    def publish(self, post: Post) -> Receipt:
        """Upload its pictures, then post it."""
        pictures = self.api.pictures(post)
        return receipt_of(self.channel.step("post", partial(self._send, post, pictures)))

    def find(self, post: Post, known: Known) -> Receipt | None:  # noqa: ARG002
        """Of a post whose urn is known whether it is there; None where nothing was begun, else a person looks."""
        if urn := urn_of(known.receipt) or known.steps.get("post"):
            there = self.api.is_there(urn)
            if there is not None:
                return receipt_of(urn, seen="read-back") if there else None
        elif known.frozen and not known.receipt and "post" not in known.steps:
            return None
        raise Unknown(self.channel.tell("cannot-ask"), channel=self.channel.name)

    def revise(self, post: Post, known: Known) -> Receipt:
        """Other words in the same place; pictures and card stay as they are."""
        urn = urn_of(known.receipt)
        if not urn or not self.api.change(urn, {"commentary": commentary(post)}):
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        return receipt_of(urn)

    def withdraw(self, post: Post, known: Known) -> None:  # noqa: ARG002
        """Delete it; one that is not there is no error. Of one whose urn is not known a person has to look."""
        if urn := urn_of(known.receipt) or known.steps.get("post"):
            self.api.delete(urn)
        elif known.receipt or "post" in known.steps:
            raise Unknown(self.channel.tell("cannot-ask"), channel=self.channel.name)

    def check(self) -> Account:
        """As whom the token speaks; of a token without `openid` LinkedIn tells no name."""
        return Account(Api(self.channel, look=True).name(), (f"post as {self.channel.settings['author']}",))

    def login(self, show: Show, ask: Ask) -> dict[str, str]:
        """A member lets the app in on LinkedIn's page, and pastes the address to which it leads."""
        return settings_for(self.channel, show, ask)

    def views(self, post: Post) -> list[View]:
        """What readers would see."""
        return [View("text", text=post.text)]

    def _send(self, post: Post, pictures: Sequence[tuple[str, str]]) -> str:
        """The urn of the new post. One that LinkedIn calls the same is ours where this post was sent before."""
        begun, state = f"begun-{post.key}", self.channel.state
        sent_before = state.get(begun)
        state.set(begun, True, expires=self.channel.now() + REMEMBERED)
        try:
            return self.api.create(fields(self.channel, post, pictures))
        except Refused as error:
            if not (urn := duplicate_of(error)):
                state.set(begun, sent_before)
                raise
            # Of a post that was deleted LinkedIn says the same for a day or two; only some tokens can look.
            if sent_before and self.api.is_there(urn) is not False:
                return urn
            state.set(begun, sent_before)
            raise Refused(self.channel.tell("same", urn=urn), channel=self.channel.name) from None
        except Busy:
            state.set(begun, sent_before)
            raise
