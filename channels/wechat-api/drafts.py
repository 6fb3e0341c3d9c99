"""An account that may make drafts and not publish them: each post is one draft, which a person publishes there."""

from __future__ import annotations

from typing import Any

from steadycast.platform import Channel, Known, Post, Receipt, Unknown

from .answers import is_ours
from .api import Api

DRAFT = "draft-"  # and the draft's id: of a receipt
HOME = "https://mp.weixin.qq.com/"


class DraftBox:
    """The account's draft box."""

    def __init__(self, channel: Channel, api: Api) -> None:
        self.channel, self.api = channel, api

    def made(self, post: Post, article: dict[str, Any]) -> str:
        """The id of the post's draft: the one that lies there already, brought up to date, else a new one."""
        if there := self.of(post.key):
            self.api.call("draft/update", {"media_id": there, "index": 0, "articles": article}, repeatable=True)
            return there
        return self.api.made("draft/add", {"articles": [article]}, "media_id")

    def of(self, key: str) -> str:
        """The id of the draft that carries this marker, or ""."""
        return next((str(row.get("media_id")) for row in self.api.boxed() if is_ours(row, key)), "")

    def handed(self, draft: str, seen: str = "answer") -> Receipt:
        """The draft lies ready, and this is left to do."""
        left = {"creator": HOME, "steps": list(self.channel.words["finish"])}
        return Receipt(DRAFT + draft, handed=True, seen=seen, detail=left)

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The draft where it still lies there; what left the box a person has published, or thrown away."""
        if there := self.of(post.key):
            return self.handed(there, "read-back")
        made = known.receipt or any(value for name, value in known.steps.items() if name.startswith(DRAFT))
        if made or not known.frozen:
            raise Unknown(self.channel.tell("cannot-tell"), channel=self.channel.name)
        return None

    def delete(self, draft: str) -> None:
        """Throw it away."""
        self.api.call("draft/delete", {"media_id": draft}, repeatable=True)


def is_draft(receipt: Receipt | None) -> bool:
    """Whether that is proof of a draft alone."""
    return receipt is not None and receipt.remote_id.startswith(DRAFT)
