"""Messages in one Slack channel: a bot's, which carry the post's key and are found by it, or an incoming webhook's."""

from __future__ import annotations

from functools import partial
from typing import Any

from steadycast.platform import Account, Channel, Known, Post, Receipt, Refused, Unknown, View

from .answers import message_of, receipt_of
from .api import Api
from .content import pictures_of, shared_of, told_of
from .hook import Webhook

__all__ = ["Adapter", "Webhook"]


class Adapter:
    """One message, with the post's key in its metadata: where an answer was lost, the channel is read for it."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)

    def publish(self, post: Post) -> Receipt:
        """A film or a recording is shared first; then the message, with its pictures in it."""
        team = self.api.team()
        shared = [self._shared(file) for file in shared_of(post)]
        message = self.channel.step("message", partial(self.api.post, self._told(post)))
        return receipt_of({**message, "files": shared}, team)

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The message by its time, which is its id; where that is not known, by the post's key."""
        there = message_of(known)
        found = self.api.at(there["ts"]) if there else self.api.keyed(post.key, post.due)
        if found:
            return receipt_of({**self.api.kept(found), "files": self._ids(known)}, self.api.team(), "read-back")
        if any(name.startswith("share-") and value is None for name, value in known.steps.items()):
            raise Unknown(self.channel.tell("cannot-ask"), channel=self.channel.name)  # the film may be there
        return None

    def revise(self, post: Post, known: Known) -> Receipt:
        """Write the message anew in its place."""
        there = message_of(known) or message_of(Known(self.find(post, known)))
        if not there or not self.api.changed("chat.update", there, self._told(post)):
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        return receipt_of(there, self.api.team())

    def withdraw(self, post: Post, known: Known) -> None:
        """Delete the message, and its film or recording; what is not there is no error."""
        if there := message_of(known) or message_of(Known(self.find(post, known))):
            self.api.changed("chat.delete", there)
        self.api.forget(self._ids(known))

    def check(self) -> Account:
        """As which bot, in which workspace, with which scopes; refused where it lacks one, or is not in the channel."""
        return self.api.account()

    def views(self, post: Post) -> list[View]:
        """What the channel would see."""
        return [View("text", text=post.text)]

    def _told(self, post: Post) -> dict[str, Any]:
        ids = [(self.channel.step(f"file-{m.sha256[:32]}", partial(self.api.file, m), repeatable=True), m.alt)
               for m in pictures_of(post)]  # fmt: skip
        images = [{"slack_file": {"id": id}, "alt_text": alt} for id, alt in ids]
        return told_of(self.channel, post, images)

    def _shared(self, media: Any) -> str:
        """The id of a file that stands in the channel; nobody sees it before its last request, which is made once."""
        sha = media.sha256[:32]
        id: str = self.channel.step(f"file-{sha}", partial(self.api.uploaded, media), repeatable=True)
        return self.channel.step(f"share-{sha}", partial(self.api.completed, id, media.name, shared=True))

    def _ids(self, known: Known) -> list[Any]:
        """Its films and recordings that stand in the channel, also those whose message was never sent."""
        told = (message_of(known) or {}).get("files", [])
        shared = [value for name, value in known.steps.items() if name.startswith("share-") and value]
        return [*dict.fromkeys([*told, *shared])]
