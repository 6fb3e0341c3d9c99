"""What the open platform's answers mean. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from steadycast.platform import Answer, Busy, Receipt, Refused, Unknown

LIMITS = {127009, 127306, 123026}  # requests, uploads, films of a day
ENDED = {122000, 122001, 122002, 122007, 122008, *range(127000, 127005), 127008, 127022}
UNSURE = {-500, 4010, 4011, 122009}  # the vendor's own trouble
VERIFY = 123050  # the account's owner has to prove that it is them
GONE = -100  # a film's state: deleted
NO_FILM = {-404, 123001}


def meant(tell: Callable[..., str], answer: Answer) -> Busy | Refused | Unknown | None:
    """The error that an answer means: its code stands in the body, and its status is 200 as often as not."""
    code = code_of(answer)
    if code == 0:
        return None
    said = f"{code}: {answer.message}"
    if code in LIMITS:
        return Busy(tell("limit", said=said), str(code), retry_after=dt.timedelta(hours=1))
    if code in ENDED:
        return Refused(tell("signed-out", said=said), str(code))
    if code == VERIFY:
        return Refused(tell("verify", said=said), str(code))
    return Unknown(said, str(code)) if code in UNSURE else Refused(said, str(code))


def code_of(answer: Answer) -> int:
    """The code of an answer; 0 of one that has none, as a proxy's page."""
    told = answer.json() if answer.text.lstrip()[:1] == "{" else None
    code = told.get("code") if isinstance(told, dict) else 0
    return code if isinstance(code, int) else 0


def has_ended(error: Refused) -> bool:
    """Whether a refusal means that the access token has ended."""
    return error.code is not None and error.code.isdecimal() and int(error.code) in ENDED


def state_of(film: Any) -> int:
    """0: everybody sees it; below: in review, or not passed."""
    return int((film.get("addit_info") or {}).get("state", 0))


def was_rejected(film: Any) -> str:
    """Why the review did not pass a film; "" where it did, or goes on."""
    told = film.get("addit_info") or {}
    return str(told.get("reject_reason") or "") if state_of(film) != 0 else ""


def receipt_of(number: str, seen: str = "answer", **detail: str) -> Receipt:
    """The proof, by the film's number."""
    return Receipt(number, f"https://www.bilibili.com/video/{number}", seen=seen, detail=detail)
