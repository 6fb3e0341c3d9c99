"""The draft box of the fake account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .fake_rules import kept, page, refused, wrong


class Drafts:
    """What an account does with drafts, if it may."""

    drafts_allowed: bool
    covers: set[str]
    drafts: dict[str, Any]
    _ids: Iterator[int]

    def _draft_add(self, asked: Any) -> dict[str, Any]:
        if not self.drafts_allowed:
            return wrong(48001)
        (article,) = asked["articles"]
        if code := refused(article, self.covers):
            return wrong(code)
        self.drafts[id := f"DRAFT_{next(self._ids)}"] = article | {"content": kept(article["content"])}
        return {"media_id": id}

    def _draft_update(self, asked: Any) -> dict[str, Any]:
        if not self.drafts_allowed:
            return wrong(48001)
        if code := 40007 if asked["media_id"] not in self.drafts else refused(asked["articles"], self.covers):
            return wrong(code)
        self.drafts[asked["media_id"]] = asked["articles"] | {"content": kept(asked["articles"]["content"])}
        return {"errcode": 0, "errmsg": "ok"}

    def _draft_delete(self, asked: Any) -> dict[str, Any]:
        self.drafts.pop(asked["media_id"], None)
        return {"errcode": 0, "errmsg": "ok"}

    def _draft_batchget(self, asked: Any) -> dict[str, Any]:
        if not self.drafts_allowed:
            return wrong(48001)
        rows = [{"media_id": id, "content": {"news_item": [news]}} for id, news in self.drafts.items()]
        return page(rows, asked)
