"""A letter to each recipient, one SMTP transaction each; without a server, a file in the outbox."""

from __future__ import annotations

import re
from collections.abc import Iterator

from steadycast.platform import Account, Channel, Known, Limit, Limits, Post, Receipt, Recipient, Refused, Unknown, View

from .dkim import signed
from .letter import Letter
from .mailbox import let_in
from .opened import opened
from .people import ADDRESS, People
from .returned import taken_in
from .sending import Sending
from .submission import Submission

LARGE = 90_000  # bytes of HTML: some readers cut a letter off past 102 KB
AROUND = 200_000  # bytes of a letter that are neither words nor files: styles, headers, boundaries
ENCODED = 0.72  # of what a server takes: in base64, with its line ends, three bytes are more than four


class Adapter:
    """At most once a recipient: whom a server may have taken a letter for is not sent it again."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.letter = Letter(channel)
        self.people = People(channel)

    def publish(self, post: Post) -> Receipt:
        """Every recipient's letter is with the server, or this letter is in the outbox, when this returns."""
        self._with_sender()
        if not self.channel.settings["host"]:
            self.channel.write(self._outbox(post), self.letter.to("", post))
            return self._receipt(post, {}, "file")
        people, passed = self.people.wanted()
        if not people:
            raise self._refused("nobody")
        counts = Sending(self.channel, lambda address: signed(self.channel, self.letter.to(address, post))).to(people)
        return self._receipt(post, counts | passed)

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """Whether the letter is in the outbox; what a server did with one cannot be seen."""
        if self.channel.settings["host"]:
            raise Unknown(self.channel.tell("cannot-ask"), channel=self.channel.name)
        return self._receipt(post, {}, "file") if (self.channel.out / self._outbox(post)).is_file() else None

    def recipients(self, known: Known) -> Iterator[Recipient]:
        """Everybody on the list, and what came of their letter; nobody where letters go to the outbox."""
        return self.people.seen(known.steps) if self.channel.settings["host"] else iter(())

    def listen(self) -> dict[str, int] | None:
        """Bounces and letters that unsubscribe, since the last look; None where no mailbox is set."""
        return taken_in(self.channel) if self.channel.settings["imap_host"] else None

    def check(self) -> Account:
        """Greet the server, encrypt, log in and leave; Refused or Busy where that fails. Without a server: nothing."""
        if self.channel.settings["host"]:
            signed(self.channel, b"\r\n\r\n")  # a key that is none is told before a letter waits
            with Submission(self.channel) as server:
                server.open()
                server.idle()
            if self.channel.settings["imap_host"]:
                let_in(self.channel)
            return Account(self.channel.settings["user"] or self.channel.settings["from"])
        return Account("")

    def probe(self) -> Limits:
        """How large a letter the server takes (SIZE, RFC 1870)."""
        if not self.channel.settings["host"]:
            return Limits()
        with Submission(self.channel) as server:
            server.open()
            size = server.largest
        room = max(1, int((size - AROUND) * ENCODED))
        return Limits({"whole": Limit(room, "bytes")} if size else {})

    def views(self, post: Post) -> list[View]:
        """Both halves of the letter, as the outbox would hold it."""
        self._with_sender()
        return opened(self.channel, self.letter.to("", post))

    def _with_sender(self) -> None:
        if not re.fullmatch(ADDRESS, self.channel.settings["from"]):
            raise self._refused("sender")

    def _receipt(self, post: Post, counts: dict[str, int], seen: str = "answer") -> Receipt:
        outbox = (self.channel.out / self._outbox(post)).resolve().as_uri()
        size = len(self.letter.html(post, "").encode())
        detail: dict[str, object] = dict(counts)
        if size > LARGE:
            detail["warning"] = f"the letter's HTML has {size // 1000} KB: some readers cut it off past 102 KB"
        url = self.letter.page(post) if self.channel.settings["host"] else outbox
        page = "" if self.channel.settings["host"] else self._outbox(post)
        return Receipt(self.letter.message_id("", post), url, at=post.published, seen=seen, page=page, detail=detail)

    def _outbox(self, post: Post) -> str:
        return f"outbox/{post.key}.eml"

    def _refused(self, error: str) -> Refused:
        return Refused(self.channel.tell(error), channel=self.channel.name)
