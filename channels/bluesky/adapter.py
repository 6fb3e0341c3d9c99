"""Posts of one Bluesky account, or of another server of the AT Protocol; long ones are threads of replies."""

from __future__ import annotations

from functools import partial
from typing import Any

from steadycast.platform import Account, Busy, Channel, Known, Limits, MediaRule, Post, Receipt, Refused, View

from .api import Api
from .record import card_of, embed_of, kept, keys_of, receipt_of, record_of, rich, stamp, tid


class Adapter:
    """A record a part, under a key that the post's marker and hour make: there can be no second one."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)
        self.app = channel.settings["pages"]

    def publish(self, post: Post) -> Receipt:
        """Each part answers the one before; the first shows the film, the card or the pictures."""
        at = self.channel.step("dated", lambda: self.channel.now().timestamp(), repeatable=True)
        return receipt_of(self.channel.thread(post, partial(self._send, post, at)), self.app)

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The records under the post's keys, up to the first that is not there."""
        there, parts = self._there(post, known), list[Any]()
        while (n := len(parts) + 1) in there:
            parts.append(kept(there[n], parts[-1] if parts else None))
        return receipt_of(parts, self.app, seen="read-back") if parts else None

    def revise(self, post: Post, known: Known) -> Receipt:
        """Write each record anew, if it is still the one that was read; new parts follow, old ones go."""
        there, parts, now = self._there(post, known), list[Any](), self.channel.now().timestamp()
        if 1 not in there:
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        for n, text in enumerate(post.parts or (post.text,), 1):
            old, above = there.get(n), parts[-1] if parts else None
            record = self._record(post, text, old["value"]["createdAt"] if old else stamp(now, n), above)
            key = old["uri"].rpartition("/")[2] if old else tid(post, n)
            if not (put := self.api.put(key, record, swap=old and old["cid"])):
                raise Busy(self.channel.tell("changed"), channel=self.channel.name)
            parts.append(kept(put, above))
        self.api.delete([there[n] for n in there if n > len(parts)])
        return receipt_of(parts, self.app)

    def withdraw(self, post: Post, known: Known) -> None:
        """Delete each record, the last reply first; one that is not there is no error."""
        self.api.delete([*self._there(post, known).values()])

    def check(self) -> Account:
        """As whom the app password speaks, by a log-in of its own, and with which of the server's scopes."""
        return self.api.account()

    def probe(self) -> Limits:
        """How large a file this server takes, where it says so."""
        most, media = self.api.largest(), self.channel.media
        return Limits(media={role: MediaRule(bytes=min(rule.bytes or most, most)) for role, rule in media.items()})

    def views(self, post: Post) -> list[View]:
        """Each part as readers see it; the first with its card."""
        parts = [rich(text, lambda _handle: None)[0] for text in post.parts or (post.text,)]
        if (card := card_of(post)) and not post.of("video"):
            parts[0] += "\n\n" + "\n".join(("▭", card["title"], card["description"], card["uri"]))
        return [View("text", text=text) for text in parts]

    def _send(self, post: Post, at: float, n: int, text: str, above: Any) -> Any:
        key, record = tid(post, n), self._record(post, text, stamp(at, n), above)
        if there := self.api.put(key, record) or self.api.record(key):  # it was there: an answer was lost
            return kept(there, above)
        raise Refused(self.channel.tell("hidden"), channel=self.channel.name)

    def _record(self, post: Post, text: str, made: str, above: Any) -> Any:
        embed = None if above else embed_of(post, self.api.upload)
        return record_of(post, rich(text, self.api.did_of), made, above, embed)

    def _there(self, post: Post, known: Known) -> dict[int, Any]:
        """Its records by their place in the thread, without those that a person took out of its middle."""
        there = dict[int, Any]()
        for n, (key, ends) in enumerate(keys_of(post, known), 1):
            if record := self.api.record(key):
                there[n] = record
            elif ends:
                break
        return there
