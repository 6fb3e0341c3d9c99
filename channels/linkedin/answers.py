"""What LinkedIn's answers mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from steadycast.platform import Answer, Receipt, Refused

URN = re.compile(r"urn:li:(?:share|ugcPost|activity):\d+")


def sorted_error(tell: Callable[..., str], answer: Answer) -> Refused | None:
    """What a status alone does not say, from the words that LinkedIn gives with it."""
    if answer.status == 401:
        return Refused(tell("bad-token"), "401")
    if answer.status == 403:
        return Refused(tell("no-rights", said=answer.message), "403")
    if answer.status == 426 or (answer.status in (400, 404) and "NONEXISTENT_VERSION" in answer.text):
        return Refused(tell("old-version"), str(answer.status))
    return None


def duplicate_of(error: Refused) -> str:
    """The urn of the post that is there already, where a refusal names one; else ""."""
    answer = error.answer
    if answer is None or answer.status != 422 or "DUPLICATE_POST" not in answer.text:
        return ""
    found = URN.search(answer.text)
    return found[0] if found else ""


def made_of(answer: Answer) -> str:
    """The urn of a new post, which stands in a header."""
    if found := URN.fullmatch(answer.headers.get("x-restli-id", "").strip()):
        return found[0]
    raise answer.garbled("the answer names no post", answer)


def urn_of(receipt: Receipt | None) -> str:
    """The urn of a receipt; a person's has the address alone, which holds it."""
    found = URN.search(f"{receipt.remote_id} {receipt.url.replace('%3A', ':')}") if receipt else None
    return found[0] if found else ""


def receipt_of(urn: str, seen: str = "answer") -> Receipt:
    return Receipt(urn, f"https://www.linkedin.com/feed/update/{urn}/", seen=seen)


def upload_of(answer: Answer) -> tuple[str, str]:
    """Where a picture is sent, and its urn."""
    try:
        told: Any = answer.json()["value"]
        return str(told["uploadUrl"]), str(told["image"])
    except (KeyError, TypeError):
        raise answer.garbled("the answer names no upload", answer) from None
