"""Articles of a WeChat official account by its API: pictures, a draft, then published, or sent to all followers."""

from __future__ import annotations

import time
from typing import Any

from steadycast.platform import Account, Channel, Known, Limits, Post, Receipt, Refused, Unknown

from .answers import NO_PERMISSION, is_ours, receipt_of, submission
from .api import Api
from .article import article_of
from .drafts import DraftBox, is_draft
from .followers import Followers
from .publishing import Publishing

POLLS = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds between two looks at what is being published


class Adapter(Followers):
    """A draft harms nobody. The one request that readers can see is made once; a lost answer is looked for."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)
        self.box = DraftBox(channel, self.api)
        self.mass = channel.settings["send"] == "mass"
        self.publishing = Publishing(channel, self.api, mass=self.mass)
        self.by_hand = bool(channel.spec and channel.spec.by_hand)

    def publish(self, post: Post) -> Receipt:
        """Upload, make the draft, submit it, and wait until it is out; where the account may not, a person goes on."""
        step, article = self.channel.step, article_of(self.channel, self.api, post)
        draft = step(f"draft-{post.revision[:12]}", lambda: self._draft(post, article), repeatable=True)
        if self.by_hand:
            return self.box.handed(draft)
        try:
            sent = step("mass" if self.mass else submission(draft), lambda: self.publishing.submit(post, draft))
        except Refused as error:
            if error.code != NO_PERMISSION:
                raise
            return self.box.handed(draft)
        if self.mass:
            return receipt_of(f"mass-{sent}", "")
        for wait in POLLS:
            if there := self.publishing.state(sent):
                return there
            time.sleep(wait)
        raise Unknown(self.channel.tell("publishing"), channel=self.channel.name)

    def find(self, post: Post, known: Known) -> Receipt | None:
        """By the numbers of its submissions, else among the newest articles.

        A submission whose answer was lost was not made while its own draft lies in the draft box.
        """
        drafted = self.by_hand or is_draft(known.receipt)
        if self.mass and not drafted:
            if (sent := known.steps.get("mass")) is not None:
                return receipt_of(f"mass-{sent}", "", "read-back")
            if known.frozen and "mass" not in known.steps:
                return None
            raise Unknown(self.channel.tell("cannot-tell"), channel=self.channel.name)
        drafts = [draft for name, draft in known.steps.items() if name.startswith("draft-") and draft]
        begun = {draft: known.steps[submission(draft)] for draft in drafts if submission(draft) in known.steps}
        for sent in filter(None, begun.values() if not known.receipt else ()):
            if there := self.publishing.submitted(sent):
                return there
        try:
            published = list(self.api.published())
        except Refused as error:
            if error.code != NO_PERMISSION:
                raise
            return self.box.find(post, known)
        for row in published:
            if is_ours(row, post.key):
                news = row["content"]["news_item"][0]
                if news.get("is_deleted") and known.receipt:
                    return None  # it was ours to see, and a person or we took it away
                if news.get("is_deleted"):
                    raise Unknown(self.channel.tell("taken-away"), channel=self.channel.name)
                return receipt_of(str(row["article_id"]), news["url"], "read-back")
        if drafted:
            return self.box.find(post, known)
        lost = {draft for draft, sent in begun.items() if sent is None}
        if not known.frozen or (lost and not lost <= {str(row.get("media_id")) for row in self.api.boxed()}):
            raise Unknown(self.channel.tell("cannot-tell"), channel=self.channel.name)
        return None

    def withdraw(self, post: Post, known: Known) -> None:
        """Delete the article for good, or the draft. What was sent to all followers only a person can take back."""
        if is_draft(known.receipt):
            if there := self.box.of(post.key):
                self.box.delete(there)
                return
            if not self.api.may("freepublish/batchget"):
                raise Refused(self.channel.tell("delete-there"), NO_PERMISSION, channel=self.channel.name)
            known = Known()
        elif self.mass:
            raise Refused(self.channel.tell("sent-for-good"), channel=self.channel.name)
        if out := known.receipt or self.find(post, known):
            self.api.call("freepublish/delete", {"article_id": out.remote_id, "index": 1}, repeatable=True)

    def check(self) -> Account:
        """What the account may do, tried on its own lists: nothing is made."""
        api = Api(self.channel, shared=False)
        if not api.may("draft/batchget"):
            raise Refused(self.channel.tell("no-draft-permission"), NO_PERMISSION, channel=self.channel.name)
        if not api.may("freepublish/batchget"):
            return Account(self.channel.settings["appid"], ("draft",), note=self.channel.tell("by-hand-only"))
        return Account(self.channel.settings["appid"], ("draft", self.channel.settings["send"]))

    def probe(self) -> Limits:
        """Whether the account may publish what it drafted."""
        return Limits(by_hand=not Api(self.channel, shared=False).may("freepublish/batchget"))

    def _draft(self, post: Post, article: dict[str, Any]) -> str:
        """The draft's id. One that a person is to find must not lie there twice."""
        if self.by_hand:
            return self.box.made(post, article)
        return self.api.made("draft/add", {"articles": [article]}, "media_id")
