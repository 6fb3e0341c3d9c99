"""The one request that readers can see, and what comes of it."""

from __future__ import annotations

from steadycast.platform import Channel, Post, Receipt, Refused, Unknown

from .answers import FAILED, SENT_BEFORE, receipt_of
from .api import Api


class Publishing:
    """Of one account; with `mass` an article is sent to all followers, and not only published."""

    def __init__(self, channel: Channel, api: Api, *, mass: bool) -> None:
        self.channel, self.api, self.mass = channel, api, mass

    def submit(self, post: Post, draft: str) -> str:
        """The number of the submission of a draft, or of its mass sending."""
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
            raise

    def submitted(self, sent: str) -> Receipt | None:
        """What came of one submission: None where it surely failed. What was out and is not any more stays unknown."""
        try:
            there = self.state(sent, "read-back")
        except Refused as error:
            if error.code in FAILED:
                return None
            raise Unknown(self.channel.tell("taken-away"), channel=self.channel.name) from None
        if not there:
            raise Unknown(self.channel.tell("publishing"), channel=self.channel.name)
        return there

    def state(self, sent: str, seen: str = "answer") -> Receipt | None:
        """The article once it is out, None while the vendor is at it; Refused where it never will be."""
        said = self.api.call("freepublish/get", {"publish_id": sent})
        status = int(said["publish_status"])
        if status > 1:
            raise Refused(
                self.channel.tell("failed", status=self.channel.tell(f"status-{status}")),
                str(status),
                channel=self.channel.name,
            )
        if status == 1:
            return None
        return receipt_of(str(said["article_id"]), str(said["article_detail"]["item"][0]["article_url"]), seen)
