"""Films on a YouTube channel by the Data API v3: sent in pieces as private ones, then shown by their id."""

from __future__ import annotations

from typing import Any

from steadycast.platform import Account, Ask, Channel, Known, Post, Receipt, Refused, Show, View

from .answers import receipt_of
from .api import Api
from .content import fields, shown
from .login import settings_for
from .upload import Upload


class Adapter:
    """A film that was sent whole is never sent again: its upload's session tells, and after that its marker."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)

    def publish(self, post: Post) -> Receipt:
        """Send the film as a private one where it is not there yet, then its cover; show it last."""
        there = self.api.marked(post)
        id = there["id"] if there else Upload(self.channel, self.api, post).film()
        if cover := post.cover:
            self.channel.step(f"cover-{cover.sha256[:16]}", lambda: self.api.cover(id, cover), repeatable=True)
        return self._shown(self.api.film(id) if there is None else there)

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The film by its id or its marker; one that is still private is not there."""
        there = self._there(post, known)
        return receipt_of(there, seen="read-back") if there and self._is_out(there) else None

    def revise(self, post: Post, known: Known) -> Receipt:
        """Other words and another cover; the film itself stays as it is: YouTube replaces none."""
        there = self._there(post, known)
        if there is None:
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        self.api.change({"id": there["id"], "snippet": fields(self.channel, post)["snippet"]})
        if cover := post.cover:
            self.api.cover(there["id"], cover)
        return receipt_of(there)

    def withdraw(self, post: Post, known: Known) -> None:
        """Make it private: readers see it no more, and a person can still delete it."""
        there = self._there(post, known)
        if there and there["status"]["privacyStatus"] != "private":
            self.api.change({"id": there["id"], "status": {**self._status, "privacyStatus": "private"}})
        if there and self.channel.settings["privacy"] == "private":
            self.api.delete(there["id"])

    def check(self) -> Account:
        """Whose channel it is."""
        return Account(self.api.own(look=True)["snippet"]["title"])

    def login(self, show: Show, ask: Ask) -> dict[str, str]:
        """A person lets the app in on Google's page, and pastes the address to which it leads."""
        return settings_for(self.channel, show, ask)

    def views(self, post: Post) -> list[View]:
        """The words beside the film."""
        return [View("text", text=f"{shown(post.title)}\n\n{shown(post.text)}")]

    def _there(self, post: Post, known: Known) -> Any:
        if known.receipt and known.receipt.remote_id:
            return self.api.film(known.receipt.remote_id)
        return self.api.marked(post)

    def _is_out(self, there: Any) -> bool:
        private: bool = there["status"]["privacyStatus"] == "private"
        return not private or self.channel.settings["privacy"] == "private"

    @property
    def _status(self) -> dict[str, Any]:
        return {"selfDeclaredMadeForKids": self.channel.settings["for_kids"]}

    def _shown(self, there: Any) -> Receipt:
        """Show it, unless it is; an app that was not audited may not, and YouTube says so by showing nothing."""
        wanted = self.channel.settings["privacy"]
        if there is None:
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        if not self._is_out(there):
            there = {**there, "status": {**self._status, "privacyStatus": wanted}}
            told = self.api.change({"id": there["id"], "status": there["status"]}, repeatable=False)
            if (status := told["status"]["privacyStatus"]) != wanted:
                raise Refused(self.channel.tell("locked", status=status), channel=self.channel.name)
        return receipt_of(there)
