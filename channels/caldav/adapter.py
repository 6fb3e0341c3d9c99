"""Events in a calendar of a CalDAV server: one object an event, written only over the state that was read."""

from __future__ import annotations

from urllib.parse import unquote

from steadycast.platform import Account, Channel, Known, Limits, Post, Receipt, Refused, View
from steadycast.platform.ics import entry, event, link, uid

from .answers import NEEDED, limits_of, may_write
from .api import Api
from .stored import Entry, gone, renewed


class Adapter:
    """An event's name is its UID, so it is there once; which posts announced it stands in it."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)

    def publish(self, post: Post) -> Receipt:
        """Make the event, or write this announcement into one that is there; one that was made stays as it is."""
        return self._renewed(self._name(post), post, again=False)

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The event, where it says that this post announced it; one that was called off is not there."""
        there = self._there(post, known)
        return self._receipt(there, seen="read-back") if there and there.of(post.key) else None

    def revise(self, post: Post, known: Known) -> Receipt:
        """Write the event anew, with a SEQUENCE that is one higher; of the same revision, nothing."""
        there = self._there(post, known)
        if there is None or not there.of(post.key):
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        return self._renewed(there.name, post, again=True)

    def withdraw(self, post: Post, known: Known) -> None:
        """Call the event off, or delete it; where another post announced it too, it stays."""
        if (there := self._there(post, known)) and there.of(post.key):
            delete, now = self.channel.settings["withdrawn"] == "delete", self.channel.now()
            self.api.change(there.name, lambda there: gone(post.key, there, now, delete=delete))

    def check(self) -> Account:
        """As whom the password logs in, and whether that account may write in the calendar. It does not expire."""
        rights = self.api.rights()
        if rights and not may_write(rights):
            said = self.channel.tell("lacks", user=self.channel.settings["user"], rights=[*NEEDED])
            raise Refused(said, channel=self.channel.name)
        return Account(self.channel.settings["user"], rights)

    def probe(self) -> Limits:
        """How long a text this server's largest object leaves room for."""
        return limits_of(self.api.most(), self.channel.limits["text"])

    def views(self, post: Post) -> list[View]:
        """The event as an app shows it."""
        self._name(post)
        told = event(post, 0, post.published, link(post, self.channel.settings["pages"]))
        return [View("text", text=entry(told, self.channel.zone))]

    def _renewed(self, name: str, post: Post, *, again: bool) -> Receipt:
        url, now = link(post, self.channel.settings["pages"]), self.channel.now()
        return self._receipt(self.api.change(name, lambda there: renewed(post, there, url, now, again=again)))

    def _there(self, post: Post, known: Known) -> Entry | None:
        """The event by the receipt or by its UID; where only the key is sure, by that."""
        if known.receipt:
            alone = unquote(known.receipt.url.rpartition("/")[2])  # of a person's receipt
            return self.api.read(f"{known.receipt.remote_id}.ics" if known.receipt.remote_id else alone)
        there = self.api.read(self._name(post)) if post.event or known.frozen else None
        return there if known.frozen or (there and there.of(post.key)) else self.api.announced_by(post.key)

    def _name(self, post: Post) -> str:
        if post.event is None:
            raise Refused(self.channel.tell("no-event"), channel=self.channel.name)
        return f"{uid(post)}.ics"

    def _receipt(self, there: Entry | None, seen: str = "answer") -> Receipt:
        assert there is not None  # what was written or found
        return Receipt(there.name.removesuffix(".ics"), self.api.address(there.name), seen=seen)
