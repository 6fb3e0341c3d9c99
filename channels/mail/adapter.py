"""A letter to each recipient, one SMTP transaction each; without a server, a file in the outbox."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from steadycast.platform import Account, Busy, Channel, Known, Post, Receipt, Refused, Unknown, View

from .letter import Letter
from .opened import opened
from .submission import Submission

ADDRESS = r"[^\s@<>\"'(),:;\\\[\]\x00-\x1f\x7f-\U0010ffff]{1,64}@[A-Za-z0-9.-]{1,253}"
RECIPIENT = re.compile(rf"(?:[^<>\x00-\x1f\x7f]*<({ADDRESS})>|({ADDRESS}))")  # an address, or a name and <an address>
LARGE = 90_000  # bytes of HTML: some readers cut a letter off past 102 KB


class Adapter:
    """At most once a recipient: whom a server may have taken a letter for is not sent it again."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.letter = Letter(channel)

    def publish(self, post: Post) -> Receipt:
        """Every recipient's letter is with the server, or this letter is in the outbox, when this returns."""
        self._with_sender()
        if not self.channel.settings["host"]:
            self.channel.write(self._outbox(post), self.letter.to("", post))
            return self._receipt(post, {})
        people, unusable = self.recipients()
        if not people:
            raise self._refused("nobody")
        return self._receipt(post, self._send(post, people) | ({"unusable": unusable} if unusable else {}))

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """Whether the letter is in the outbox; what a server did with one cannot be seen."""
        if self.channel.settings["host"]:
            raise Unknown(self.channel.tell("cannot-ask"), channel=self.channel.name)
        return self._receipt(post, {}, "file") if (self.channel.out / self._outbox(post)).is_file() else None

    def check(self) -> Account:
        """Greet the server, encrypt, log in and leave; Refused or Busy where that fails. Without a server: nothing."""
        if self.channel.settings["host"]:
            with Submission(self.channel) as server:
                server.open()
                server.idle()
            return Account(self.channel.settings["user"] or self.channel.settings["from"])
        return Account("")

    def views(self, post: Post) -> list[View]:
        """Both halves of the letter, as the outbox would hold it."""
        self._with_sender()
        return opened(self.channel, self.letter.to("", post))

    def _with_sender(self) -> None:
        if not re.fullmatch(ADDRESS, self.channel.settings["from"]):
            raise self._refused("sender")

    def recipients(self) -> tuple[list[str], int]:
        """The addresses to send to, each once, and how many lines were none."""
        lines = list(self.channel.settings["to"])
        if file := self.channel.settings["recipients"]:
            try:
                lines += Path(file).read_text(encoding="utf-8-sig").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise self._refused("unreadable") from error
        given = [line.partition("#")[0].strip() for line in lines]
        read = [RECIPIENT.fullmatch(line) for line in given if line]
        usable = [found[1] or found[2] for found in read if found]
        return list(dict.fromkeys(usable)), len(read) - len(usable)

    def _send(self, post: Post, people: list[str]) -> dict[str, int]:
        """Send what was not sent before; a step that is saved says how it ended, so that a resume repeats none."""
        ended: list[str] = []
        later: list[Busy] = []
        doubtful: list[Unknown] = []
        with Submission(self.channel) as server:
            for address in people:

                def send(address: str = address) -> str:
                    server.open()  # what fails here is no recipient's in particular
                    try:
                        return server.send(address, self.letter.to(address, post))
                    except Refused as refused:  # this recipient's trouble; the others' letters go on
                        return f"refused {refused.code}"
                    except Unknown as unknown:
                        doubtful.append(unknown)
                        return "unknown"

                try:
                    ended.append(self.channel.step(f"rcpt-{_mark(address)}", send))
                except Busy as busy:
                    if not busy.code or not server.usable:  # the server itself: nobody else fares better
                        raise
                    later.append(busy)
        return self._sorted(ended, later, doubtful)

    def _sorted(self, ended: list[str], later: list[Busy], doubtful: list[Unknown]) -> dict[str, int]:
        """How many were sent, refused and unknown; raises while some are still to be sent, or may have been."""
        refused = [step for step in ended if step.startswith("refused")]
        total = len(ended) + len(later)
        if later:
            first = later[0]
            said = self.channel.tell("waiting", num=len(later), total=total, why=first.message)
            raise Busy(said, first.code, first.channel, first.retry_after)
        if doubtful:
            said = self.channel.tell("doubtful", num=len(doubtful), total=total, why=doubtful[0].message)
            raise Unknown(said, channel=self.channel.name)
        if len(refused) == total:
            raise Refused(self.channel.tell("all-refused"), refused[0].partition(" ")[2], self.channel.name)
        counts = {"sent": total - len(refused), "refused": len(refused), "unknown": ended.count("unknown")}
        counts["sent"] -= counts["unknown"]
        return {name: count for name, count in counts.items() if count}

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


def _mark(address: str) -> str:
    """A recipient in the ledger: told from others, not read back."""
    return hashlib.sha256(address.lower().encode()).hexdigest()[:24]
