"""Posts of one Mastodon account, or of another server that speaks its API; long ones are threads of replies."""

from __future__ import annotations

from functools import partial
from typing import Any

from steadycast.platform import Account, Ask, Channel, Known, Limits, Post, Receipt, Refused, Show, Unknown

from .answers import in_doubt, kept, limits_of, parts_of, receipt_of, same_words
from .api import Api
from .login import lacking, token_for


class Adapter:
    """A status a part, under an Idempotency-Key of ours; where an answer was lost, the account itself is read."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)

    def publish(self, post: Post) -> Receipt:
        """Each part is a reply to the one before; the first carries the files."""
        self.channel.step("newest", self.api.newest, repeatable=True)  # whatever this becomes is newer
        return receipt_of(self.channel.thread(post, partial(self._send, post, self.api.files(post))))

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The status by its id; where that is not known, the newer ones of the account that say the same."""
        if known.receipt:
            first, *more = parts_of(known.receipt)
            there = self.api.status(first["id"])
            return receipt_of([there, *more], seen="read-back") if there else None
        own, parts = self.api.own(known.steps.get("newest"), post.due), list[Any]()
        for n, text in enumerate(post.parts, 1):
            above = parts[-1]["id"] if parts else None
            same = (kept(s) for s in own if s.get("in_reply_to_id") == above and same_words(s["content"], text))
            if (part := known.steps.get(f"part-{n}") or next(same, None)) is None:
                break
            parts.append(part)
        if own and not parts and in_doubt(known, self.channel.now() - post.due):
            raise Unknown(self.channel.tell("cannot-tell", num=len(own)), channel=self.channel.name)
        return receipt_of(parts, seen="read-back") if parts else None

    def revise(self, post: Post, known: Known) -> Receipt:
        """Edit each status in its place; what is new follows as replies, what is left over goes."""
        if not (there := known.receipt or self.find(post, known)):
            raise Refused(self.channel.tell("gone"), channel=self.channel.name)
        files, old, parts = self.api.files(post), parts_of(there), []
        for n, text in enumerate(post.parts, 1):
            if n <= len(old):
                parts.append(self.api.edit(old[n - 1]["id"], self._asked(post, text, files if n == 1 else [])))
            else:
                send = partial(self._send, post, [], n, text, parts[-1])
                parts.append(self.channel.step(f"part-{n}-{post.revision[:12]}", send))
        self.api.delete(old[len(post.parts) :])
        return receipt_of(parts)

    def withdraw(self, post: Post, known: Known) -> None:
        """Delete each status, the last reply first; one that is not there is no error."""
        if there := known.receipt or self.find(post, known):
            self.api.delete(parts_of(there))

    def check(self) -> Account:
        """As whom the token speaks, and its scopes. One that lacks a scope is refused; none expires."""
        name, scopes = self.api.account(), self.api.scopes()
        if lacks := lacking(scopes):
            raise Refused(self.channel.tell("lacks", scopes=lacks), channel=self.channel.name)
        return Account(f"@{name['acct']}", scopes)

    def login(self, show: Show, ask: Ask) -> dict[str, str]:
        """A person lets us in on the server's own page, and pastes the code that it shows."""
        return {"token": token_for(self.channel, show, ask)}

    def probe(self) -> Limits:
        """What this server takes: many take longer texts than most."""
        return limits_of(self.api.instance(), self.channel.media)

    def _send(self, post: Post, files: list[str], n: int, text: str, previous: Any) -> Any:
        asked = self._asked(post, text, [] if previous else files)
        asked |= {"in_reply_to_id": previous["id"]} if previous else {}
        asked["visibility"] = self.channel.settings["visibility"]
        return self.api.create(asked, key=f"{post.key}-{n}")

    def _asked(self, post: Post, text: str, files: list[str]) -> dict[str, Any]:
        warning = post.extra.get("warning", "")
        covered = bool(warning or post.extra.get("sensitive", self.channel.settings["sensitive"]))
        told = {"status": text, "media_ids": files, "spoiler_text": warning, "sensitive": covered}
        return told | {"language": post.language.partition("-")[0].lower()}
