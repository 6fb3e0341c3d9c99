"""Films on one 优酷 account by its upload API: sent in pieces to the vendor's storage, then committed once."""

from __future__ import annotations

from typing import Any

from steadycast.platform import Account, Ask, Channel, Known, Post, Receipt, Refused, Show, Unknown, View

from .answers import PENDING, SHOWN, receipt_of
from .api import Api
from .content import fields
from .login import settings_for
from .upload import Upload


class Adapter:
    """The commit alone makes a film. Where its answer was lost, the account's own films are read."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)

    def publish(self, post: Post) -> Receipt:
        """Send the film, then commit it. What readers see begins with the end of the review."""
        token = Upload(self.channel, self.api, post).token()
        return receipt_of(self.channel.step("film", lambda: self.api.commit(token)))

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The film by its number; where that is not known, of the newest ones that which says the same."""
        if (there := self._there(post, known)) is None:
            return None
        if (state := there.get("state", SHOWN)) not in (SHOWN, *PENDING):
            raise Unknown(self.channel.tell("not-passed", state=state), channel=self.channel.name)
        return receipt_of(there["id"], seen="read-back", review=state)

    def revise(self, post: Post, known: Known) -> Receipt:
        """Other words; the film itself stays."""
        if (there := self._there(post, known)) is None:
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        self.api.call("videos/update.json", {**fields(self.channel, post), "video_id": there["id"]}, repeatable=True)
        return receipt_of(there["id"])

    def withdraw(self, post: Post, known: Known) -> None:
        """Delete it; one that is not there is no error."""
        if (there := self._there(post, known)) is not None:
            self.api.call("videos/destroy.json", {"video_id": there["id"]}, repeatable=True)

    def check(self) -> Account:
        """Whose films they are."""
        return Account(self.api.name())

    def login(self, show: Show, ask: Ask) -> dict[str, str]:
        """A person makes a refresh token on the vendor's page of tools, and pastes it."""
        return settings_for(self.channel, show, ask)

    def views(self, post: Post) -> list[View]:
        """The words beside the film."""
        return [View("text", text=f"{post.title}\n\n{post.text}")]

    def _there(self, post: Post, known: Known) -> Any:
        """The film as the vendor has it; None where it is gone. A person's receipt has its address alone."""
        receipt, number = known.receipt, str(known.steps.get("film") or "")
        if receipt:
            number = receipt.remote_id or receipt.url.rpartition("id_")[2].partition(".")[0]
        if number:
            return self.api.film(number)
        own, words = self.api.own(), fields(self.channel, post)
        same = [row for row in own if (row["title"], row.get("description")) == (words["title"], words["description"])]
        if own and not same and not known.frozen:
            raise Unknown(self.channel.tell("cannot-tell", num=len(own)), channel=self.channel.name)
        return same[0] if same else None
