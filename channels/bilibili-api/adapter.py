"""Films on one B站 account by the open platform: sent in pieces, handed in once, then reviewed by B站."""

from __future__ import annotations

from typing import Any

from steadycast.platform import Account, Ask, Channel, Known, Post, Receipt, Refused, Show, Unknown, View

from .answers import GONE, receipt_of, state_of, was_rejected
from .api import NEEDED, Api
from .content import fields
from .login import settings_for
from .upload import Upload


class Adapter:
    """B站 has no key against a second sending: where an answer was lost, the account's own films are read."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)

    def publish(self, post: Post) -> Receipt:
        """Send the film and its cover, then hand it in. What readers see begins with the review's end."""
        token, cover = Upload(self.channel, self.api, post).token(), self._cover(post)
        return receipt_of(self.channel.step("film", lambda: self.api.hand_in(token, fields(self.channel, post, cover))))

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The film by its number; where that is not known, of the newer ones that which says the same."""
        if (there := self._there(post, known)) is None:
            return None
        if why := was_rejected(there):
            raise Unknown(self.channel.tell("rejected", why=why), channel=self.channel.name)
        return receipt_of(there["resource_id"], seen="read-back", review=str(state_of(there)))

    def revise(self, post: Post, known: Known) -> Receipt:
        """Other words and another cover; the film itself stays. B站 reviews it again."""
        if (there := self._there(post, known)) is None:
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        asked = fields(self.channel, post, self.api.cover(post.cover) if post.cover else there.get("cover", ""))
        self.api.call("POST", "archive/edit", json={**asked, "resource_id": there["resource_id"]}, repeatable=True)
        return receipt_of(there["resource_id"])

    def withdraw(self, post: Post, known: Known) -> None:
        """Delete it; one that is not there is no error."""
        if (there := self._there(post, known)) is not None:
            asked = {"resource_id": there["resource_id"]}
            self.api.call("POST", "archive/delete", json=asked, repeatable=True)

    def check(self) -> Account:
        """What the login may do, and whether the category is one."""
        scopes = self.api.scopes()
        if NEEDED not in scopes:
            raise Refused(self.channel.tell("no-rights"), channel=self.channel.name)
        known, wanted = self.api.categories(), self.channel.settings["category"]
        if wanted not in known:
            names = [f"{tid} {name}" for tid, name in known.items()]
            raise Refused(self.channel.tell("no-category", tid=wanted, known=names), channel=self.channel.name)
        return Account("", scopes)

    def login(self, show: Show, ask: Ask) -> dict[str, str]:
        """A person lets the app in on B站's page, and pastes the address to which it leads."""
        return settings_for(self.channel, show, ask)

    def views(self, post: Post) -> list[View]:
        """The words beside the film."""
        return [View("text", text=f"{post.title}\n\n{post.text}")]

    def _cover(self, post: Post) -> str:
        cover = post.cover
        if cover is None:
            return ""
        return str(self.channel.step(f"cover-{cover.sha256[:16]}", lambda: self.api.cover(cover), repeatable=True))

    def _there(self, post: Post, known: Known) -> Any:
        """The film as B站 has it; None where it is gone. A person's receipt has its address alone."""
        receipt, number = known.receipt, str(known.steps.get("film") or "")
        if receipt:
            number = receipt.remote_id or receipt.url.rstrip("/").rpartition("/")[2]
        there = self.api.film(number) if number else self._same(post, known)
        return None if there is None or state_of(there) == GONE else there

    def _same(self, post: Post, known: Known) -> Any:
        newer = self.api.newer(post)
        words = fields(self.channel, post, "")
        same = [row for row in newer if (row["title"], row["desc"]) == (words["title"], words["desc"])]
        if newer and not same and not known.frozen:
            raise Unknown(self.channel.tell("cannot-tell", num=len(newer)), channel=self.channel.name)
        return same[0] if same else None
