"""What the vendor's codes mean: the status is 200 whatever happened, and `errcode` may be absent on success. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

from steadycast.platform import Answer, Busy, Receipt, Refused, Unknown

STALE = ("40001", "40014", "42001", "42007")  # the token; another one may do
WRONG = {  # what a person has to see to, by code
    "40013": "credentials", "40125": "credentials", "40164": "ip", "89506": "ip", "89507": "ip", "48004": "banned",
    "89501": "confirm", "89503": "confirm", "53504": "by-hand", "53505": "by-hand",
}  # fmt: skip
WAITS = {"45011": 60, "45009": 3600, "45028": 3600, "45066": 60}  # seconds
FAILED = ("2", "3", "4")  # how a submission ended that no reader ever saw
SYSTEM_BUSY, NO_PERMISSION, SENT_BEFORE = "-1", "48001", "45065"


def meant(tell: Callable[..., str], answer: Answer) -> Busy | Refused | Unknown | None:
    """What errcode says. "System busy" does not say whether it was done, so it is Unknown."""
    if answer.status != 200:
        return None
    told = answer.json()
    if not isinstance(told, dict) or not isinstance(told.get("errcode", 0), int):
        return Unknown(tell("garbled"))
    if not (errcode := told.get("errcode", 0)):
        return None
    code, said = str(errcode), f"{errcode}: {answer.message}"
    if code in WAITS:
        return Busy(said, code, retry_after=dt.timedelta(seconds=WAITS[code]))
    if code == SYSTEM_BUSY:
        return Unknown(said, code)
    return Refused(tell(WRONG[code], said=said) if code in WRONG else said, code)


def marked(url: str, key: str) -> str:
    """The address behind 阅读原文, with the post's marker: readers see the page, and we find the article by it."""
    return f"{url.partition('#')[0]}#{key}"


def is_ours(row: Any, key: str) -> bool:
    """Whether an article, or a draft, carries the marker."""
    news = row.get("content", {}).get("news_item") if isinstance(row, dict) else None
    return any(
        str(each.get("content_source_url", "")).endswith(f"#{key}") for each in news or () if isinstance(each, dict)
    )


def submission(draft: str) -> str:
    """The step that submits this draft: another draft of the post is another submission."""
    return f"submit-{hashlib.sha256(draft.encode()).hexdigest()[:16]}"


def receipt_of(article: str, url: str, seen: str = "answer") -> Receipt:
    """Proof by the article's id and its address."""
    return Receipt(article, url if url.startswith(("https://", "http://")) else "", seen=seen)
