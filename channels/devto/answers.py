"""What a Forem site's answers mean, and which of an account's articles is a post's. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from typing import Any

from steadycast.platform import Answer, Busy, Post, Receipt, Refused

from .content import mark_of

WAIT = re.compile(r"try again in (\d{1,5}) seconds")


def sorted_error(tell: Callable[..., str], answer: Answer) -> Refused | Busy | None:
    """What a status alone does not say, from the words that Forem gives with it."""
    if answer.status == 401:
        return Refused(tell("bad-key"), "401")
    if answer.status == 403:
        return Refused(tell("no-rights", said=answer.message), "403")
    if answer.status == 429 and (wait := WAIT.search(answer.message)) and not answer.headers.get("Retry-After"):
        return Busy(answer.message, "429", retry_after=dt.timedelta(seconds=max(1, int(wait[1]))))
    return None


def is_taken(error: Refused) -> bool:
    """Whether a refusal says that an article of this address is there."""
    return "canonical url has already been taken" in error.message.lower()


def found_of(rows: Iterable[Any], post: Post, receipt: Receipt | None) -> Any:
    """The post's article: by the id on its receipt, else by its key or its canonical address; one that is out first."""

    def is_it(row: Any) -> bool:
        if receipt and receipt.remote_id:
            return str(row["id"]) == receipt.remote_id
        if receipt:  # a person's has the address alone
            return bool(receipt.url.rstrip("/") == row["url"])
        same = post.canonical_url and row["canonical_url"] == post.canonical_url
        return bool(same) or mark_of(post) in row["body_markdown"]

    return min(filter(is_it, rows), key=lambda row: (not row["published"], row["id"]), default=None)


def row_of(told: Any, answer: Answer) -> dict[str, Any]:
    """What is used of an article in the account's list."""
    try:
        row = {name: str(told.get(name) or "") for name in ("url", "canonical_url", "body_markdown", "published_at")}
        return {**row, "id": int(told["id"]), "published": told["published"] is True}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise answer.garbled("the answer is no list of articles", answer) from None


def receipt_of(row: Any, seen: str = "answer") -> Receipt:
    """The proof of an article that is out."""
    at = dt.datetime.fromisoformat(row["published_at"]) if row["published_at"] else None
    return Receipt(str(row["id"]), row["url"], at, seen=seen)
