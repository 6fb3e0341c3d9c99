"""What X's answers mean. Pure."""

from __future__ import annotations

import datetime as dt
import html
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steadycast.platform import Answer, Receipt, Refused

SAME = "duplicate content"
OWN = re.compile(r"/status/\d+/(?:photo|video)/\d+$")
SHORT = re.compile(r"https?://t\.co/\w+")


def sorted_error(tell: Callable[..., str], answer: Answer) -> Refused | None:
    """What a status alone does not say, from the words that X gives with it."""
    if answer.status == 401:
        return Refused(tell("bad-token"), "401")
    if answer.status == 402:
        return Refused(tell("no-credits"), "402")
    if answer.status == 403 and SAME not in answer.text.lower():
        return Refused(tell("no-rights", said=answer.message), "403")
    return None


def is_same(error: Refused) -> bool:
    """Whether a refusal says that the account has posted this text."""
    return error.answer is not None and error.answer.status == 403 and SAME in error.answer.text.lower()


def kept(told: Any, answer: Answer) -> dict[str, str]:
    """What is kept of a post: its id, its address, its time."""
    try:
        id = str(int(told["id"]))
    except (KeyError, TypeError, ValueError):
        raise answer.garbled("the answer names no post", answer) from None
    return {"id": id, "url": f"https://x.com/i/status/{id}", "at": str(told.get("created_at") or "")}


def row_of(told: Mapping[str, Any], answer: Answer) -> dict[str, str]:
    """A post of the account's list, with its words as they were sent and what it answers."""
    row = kept(told, answer)
    urls = (
        (link["url"], str(link.get("expanded_url") or "")) for link in (told.get("entities") or {}).get("urls") or ()
    )
    links = {short: "" if OWN.search(address) else address for short, address in urls}  # its files have one as well
    words = SHORT.sub(lambda link: links.get(link[0], link[0]), html.unescape(str(told.get("text") or "")))
    above = (at["id"] for at in told.get("referenced_tweets") or () if at.get("type") == "replied_to")
    return {**row, "text": words, "above": next(above, "")}


def receipt_of(parts: Sequence[Any], seen: str = "answer") -> Receipt:
    """The proof of a thread, by its first post."""
    first = parts[0]
    at = dt.datetime.fromisoformat(first["at"]) if first["at"] else None
    return Receipt(first["id"], first["url"], at, seen=seen, parts=tuple(parts))


def parts_of(receipt: Receipt) -> Sequence[Any]:
    """The posts of a receipt; a person's has the address alone, whose number is the id."""
    found = re.search(r"/status/(\d+)", receipt.url)
    alone = {"id": receipt.remote_id or (found[1] if found else ""), "url": receipt.url, "at": ""}
    return receipt.parts or [alone]


def same_words(shown: str, sent: str) -> bool:
    """Whether a post says what was sent. X puts a scheme before the name of a host that had none."""
    return _letters(shown) == _letters(sent)


def _letters(text: str) -> str:
    return re.sub(r"\s+|https?://", "", unicodedata.normalize("NFC", text))
