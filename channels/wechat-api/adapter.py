"""Articles of a WeChat official account by its API: pictures, a draft, then published, or sent to all followers."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from steadycast.platform import Account, Channel, Known, Post, Receipt, Refused, Unknown, cut

from .answers import FAILED, NO_PERMISSION, SENT_BEFORE, is_ours, marked, receipt_of, submission
from .api import Api
from .followers import Followers

POLLS = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds between two looks at what is being published


class Adapter(Followers):
    """A draft harms nobody. The one request that readers can see is made once; a lost answer is looked for."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.api = Api(channel)
        self.mass = channel.settings["send"] == "mass"

    def publish(self, post: Post) -> Receipt:
        """Upload, make the draft, submit it, and wait until it is out."""
        step, article = self.channel.step, self._article(post)
        asked = {"articles": [article]}
        draft = step(
            f"draft-{post.revision[:12]}", lambda: self.api.made("draft/add", asked, "media_id"), repeatable=True
        )
        sent = step("mass" if self.mass else submission(draft), lambda: self._submit(post, draft))
        if self.mass:
            return receipt_of(f"mass-{sent}", "")
        for wait in POLLS:
            if there := self._state(sent):
                return there
            time.sleep(wait)
        raise Unknown(self.channel.tell("publishing"), channel=self.channel.name)

    def find(self, post: Post, known: Known) -> Receipt | None:
        """By the numbers of its submissions, else among the newest articles.

        A submission whose answer was lost was not made while its own draft lies in the draft box.
        """
        if self.mass:
            if (sent := known.steps.get("mass")) is not None:
                return receipt_of(f"mass-{sent}", "", "read-back")
            if known.frozen and "mass" not in known.steps:
                return None
            raise Unknown(self.channel.tell("cannot-tell"), channel=self.channel.name)
        drafts = [draft for name, draft in known.steps.items() if name.startswith("draft-") and draft]
        begun = {draft: known.steps[submission(draft)] for draft in drafts if submission(draft) in known.steps}
        for sent in filter(None, begun.values() if not known.receipt else ()):
            if there := self._submitted(sent):
                return there
        for row in self.api.published():
            if is_ours(row, post.key):
                news = row["content"]["news_item"][0]
                if news.get("is_deleted") and known.receipt:
                    return None  # it was ours to see, and a person or we took it away
                if news.get("is_deleted"):
                    raise Unknown(self.channel.tell("taken-away"), channel=self.channel.name)
                return receipt_of(str(row["article_id"]), news["url"], "read-back")
        lost = {draft for draft, sent in begun.items() if sent is None}
        if not known.frozen or (lost and not lost <= self.api.drafts()):
            raise Unknown(self.channel.tell("cannot-tell"), channel=self.channel.name)
        return None

    def withdraw(self, post: Post, known: Known) -> None:
        """Delete the article for good. What was sent to all followers only a person can take back."""
        if self.mass:
            raise Refused(self.channel.tell("sent-for-good"), channel=self.channel.name)
        if there := known.receipt or self.find(post, known):
            self.api.call("freepublish/delete", {"article_id": there.remote_id, "index": 1}, repeatable=True)

    def check(self) -> Account:
        """What the account may do, tried on its own lists: nothing is made."""
        api = Api(self.channel, shared=False)
        if not api.may("draft/batchget"):
            raise Refused(self.channel.tell("no-draft-permission"), NO_PERMISSION, channel=self.channel.name)
        if not api.may("freepublish/batchget"):
            raise Refused(self.channel.tell("no-permission"), NO_PERMISSION, channel=self.channel.name)
        return Account(self.channel.settings["appid"], ("draft", self.channel.settings["send"]))

    def _article(self, post: Post) -> dict[str, Any]:
        """What the draft says, once its pictures are there."""
        step, limits, pictures = self.channel.step, self.channel.limits, post.of("image")
        if (cover := post.cover or next(iter(pictures), None)) is None:
            raise Refused(self.channel.tell("no-cover"), channel=self.channel.name)
        addresses = {
            m.sha256: step(f"picture-{m.sha256[:24]}", partial(self.api.picture, m), repeatable=True) for m in pictures
        }
        thumb = step(f"cover-{cover.sha256[:24]}", partial(self.api.material, cover), repeatable=True)
        return {
            "article_type": "news",
            "title": cut(post.title, limits["title"]),
            "author": cut(post.author or post.member_title, limits["author"]),
            "digest": cut(post.summary, limits["summary"]),
            "content": post.html_with(addresses),
            "content_source_url": marked(post.canonical_url or self.channel.site_url, post.key),
            "thumb_media_id": thumb,
            "need_open_comment": int(self.channel.settings["comments"]),
            "only_fans_can_comment": 0,
        }

    def _submit(self, post: Post, draft: str) -> str:
        try:
            if not self.mass:
                return self.api.made("freepublish/submit", {"media_id": draft}, "publish_id", repeatable=False)
            asked = {
                "filter": {"is_to_all": True},
                "mpnews": {"media_id": draft},
                "msgtype": "mpnews",
                "send_ignore_reprint": 0,
            }
            asked |= {"clientmsgid": f"steadycast-{post.key}"}
            return self.api.made("message/mass/sendall", asked, "msg_id", repeatable=False)
        except Refused as error:
            if error.code == SENT_BEFORE and error.answer:  # within a day the vendor itself knows it again
                return str(error.answer.json().get("msg_id", ""))
            if error.code == NO_PERMISSION:
                raise Refused(self.channel.tell("no-permission"), NO_PERMISSION, channel=self.channel.name) from None
            raise

    def _submitted(self, sent: str) -> Receipt | None:
        """What came of one submission: None where it surely failed. What was out and is not any more stays unknown."""
        try:
            there = self._state(sent, "read-back")
        except Refused as error:
            if error.code in FAILED:
                return None
            raise Unknown(self.channel.tell("taken-away"), channel=self.channel.name) from None
        if not there:
            raise Unknown(self.channel.tell("publishing"), channel=self.channel.name)
        return there

    def _state(self, sent: str, seen: str = "answer") -> Receipt | None:
        """The article once it is out, None while the vendor is at it; Refused where it never will be."""
        said = self.api.call("freepublish/get", {"publish_id": sent})
        status = int(said["publish_status"])
        if status > 1:
            why = self.channel.tell("failed", status=self.channel.tell(f"status-{status}"))
            raise Refused(why, str(status), channel=self.channel.name)
        if status == 1:
            return None
        return receipt_of(str(said["article_id"]), str(said["article_detail"]["item"][0]["article_url"]), seen)
