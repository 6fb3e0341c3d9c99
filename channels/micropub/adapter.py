"""Posts of a site by Micropub (W3C): looked for under an address of ours first, then made."""

from __future__ import annotations

from steadycast.platform import Account, Channel, Known, Post, Receipt, Refused, Unknown

from .api import Api
from .content import entry, written


class Adapter:
    """Micropub has no key against a second sending: the slug ends on the post's key, and the site's list is read."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)

    def publish(self, post: Post) -> Receipt:
        """Make the post, unless the site lists it already; what is there stays as it is."""
        if there := self.api.listed(post).url:
            return Receipt(there, there)
        asked = entry(self.channel, self.api, post)
        return _receipt(self.channel.step("post", lambda: self.api.create(asked)))

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The post by its address, else in the site's list by its key, or by its title and its very second."""
        if url := str(known.receipt.url if known.receipt else known.steps.get("post") or ""):
            return _receipt(url, seen="read-back") if self.api.is_there(url) else None
        seen = self.api.listed(post, sure=known.frozen)
        if seen.url:
            return _receipt(seen.url, seen="read-back")
        if not seen.whole and not (guess := self.channel.settings["page"]):
            raise Unknown(self.channel.tell("cannot-look"), channel=self.channel.name)
        if not seen.whole and self.api.is_there(url := guess.replace("{slug}", post.keyed_slug)):
            return _receipt(url, seen="read-back")
        if seen.others and not known.frozen:
            raise Unknown(self.channel.tell("cannot-tell"), channel=self.channel.name)
        return None

    def revise(self, post: Post, known: Known) -> Receipt:
        """Put new values in the place of the old; address and date stay."""
        there = known.receipt or self.find(post, known)
        before = self.api.source(there.url) if there else None
        if there is None or (before is None and not self.api.is_there(there.url)):
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        self.api.change(there.url, written(self.channel, self.api, post), before or {})
        return there

    def withdraw(self, post: Post, known: Known) -> None:
        """Delete it; most sites can bring it back (`undelete`). One that is not there is no error."""
        there = known.receipt or self.find(post, known)
        if there and self.api.is_there(there.url):
            self.api.delete(there.url)

    def check(self) -> Account:
        """Whether the token is let in, and the site can pass posts on to where it shall. Micropub tells no name."""
        known = self.api.targets()
        for target in self.channel.settings["syndicate"]:
            if target not in known:
                said = self.channel.tell("no-target", target=target, known=[*known] or "–")
                raise Refused(said, channel=self.channel.name)
        return Account("")


def _receipt(url: str, seen: str = "answer") -> Receipt:
    return Receipt(url, url, seen=seen)
