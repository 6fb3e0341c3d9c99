"""Messages in a Matrix room: the text with its formats, and each file after it as a message of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from steadycast.platform import Account, Ask, Channel, Known, Limits, Post, Receipt, Refused, Show, Unknown, View

from .answers import NEEDED, ROOM, kept, parts_of, receipt_of
from .api import Api
from .content import TEXT, edit_of, files_of, text_of
from .login import token_for
from .preview import views_of


class Adapter:
    """Each message has a transaction id of ours; where the server has forgotten it, the room itself is read."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)

    def publish(self, post: Post) -> Receipt:
        """The files go up first, and nobody sees them; then the text and what shows them, as far as not there yet."""
        there, contents = self.api.own(post), {TEXT: text_of(self.channel, post), **self.api.files(post)}
        for part, content in contents.items():
            if part not in there:
                there[part] = self.channel.step(part, partial(self.api.send, content, f"{post.key}-{part}"))
        return receipt_of(self.api.room, self.api.user, {part: there[part] for part in contents})

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The text by its id; where that is not known, every message of the post among the account's own.

        Unknown where somebody else took the text away before it was found: nothing is sent again over their decision.
        """
        if known.receipt:
            parts = parts_of(known.receipt)
            text = self.api.event(parts[TEXT]["id"])
            there = {**parts, TEXT: kept(text)} if text else {}
        else:
            there = self.api.own(post)
            missing = [part for part in (TEXT, *files_of(post)) if part not in there]
            if there and (TEXT in missing or (missing and known.frozen)):
                said = self.channel.tell("partly", there=len(there), missing=len(missing))
                raise Unknown(said, channel=self.channel.name)
        return receipt_of(self.api.room, self.api.user, there, seen="read-back") if there else None

    def revise(self, post: Post, known: Known) -> Receipt:
        """Edit the text in its place; a file that is new follows, one that is no longer in the draft goes."""
        found = self.find(post, known)
        if found is None:
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        there, edition, contents = parts_of(found), post.revision[:12], self.api.files(post)
        edit = edit_of(text_of(self.channel, post), there[TEXT]["id"], post.title)
        self.channel.step(f"edit-{edition}", partial(self.api.send, edit, f"{post.key}-edit-{edition}"))
        for part, content in contents.items():
            if part not in there:
                send = partial(self.api.send, content, f"{post.key}-{part}-{edition}")
                there[part] = self.channel.step(f"{part}-{edition}", send)
        for part in [part for part in there if part not in (TEXT, *contents)]:
            self.api.redact(there.pop(part)["id"])
        return replace(receipt_of(self.api.room, self.api.user, there), url=found.url, at=found.at)

    def withdraw(self, post: Post, known: Known) -> None:
        """Take each message away, the text last: until then it can be found again."""
        there = parts_of(known.receipt) if known.receipt else self.api.standing(post)
        for part in sorted(there, key=lambda part: part == TEXT):
            self.api.redact(there[part]["id"])

    def check(self) -> Account:
        """As whom the token speaks, and whether that account may post in the room and take back. It does not expire."""
        user = self.api.user
        wanted = (*NEEDED, ROOM) if self.channel.settings["mention_all"] else NEEDED
        if self.api.state("m.room.encryption"):
            raise Refused(self.channel.tell("encrypted"), channel=self.channel.name)
        if lacks := self.api.lacks(wanted):
            said = self.channel.tell("lacks", user=user, rights=lacks)
            raise Refused(said, channel=self.channel.name)
        return Account(user, wanted)

    def login(self, show: Show, ask: Ask) -> dict[str, str]:
        """A person lets us in; the account then joins the room that it was invited to."""
        return {"token": token_for(self.channel, show, ask)}

    def probe(self) -> Limits:
        """How large a file this server takes."""
        media = self.channel.media if (most := self.api.most()) else {}
        return Limits(media={role: replace(rule, bytes=most) for role, rule in media.items()})

    def views(self, post: Post) -> list[View]:
        """What the room would see, with formats and without."""
        return views_of(self.channel, post)
