"""What the vendor's answers mean. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from steadycast.platform import Answer, Busy, Receipt, Refused, Unknown

SHOWN, PENDING = "normal", ("encoding", "in_review")
UNSURE = {1001, 1002}  # the vendor's own trouble
RIGHTS = {1003, 1004, 1005, 1006}
ENDED = {1007, 1008, 1009}
LIMIT = {1017}
NO_FILM = "120020001"


def meant(tell: Callable[..., str], answer: Answer) -> Busy | Refused | Unknown | None:
    """The error that an answer means: its code stands in the body, in a number or in a text."""
    code = code_of(answer)
    if not code:
        return None
    said = f"{code}: {answer.message}"
    if code in LIMIT:
        return Busy(tell("limit", said=said), str(code), retry_after=dt.timedelta(hours=1))
    if code in ENDED:
        return Refused(tell("signed-out", said=said), str(code))
    if code in RIGHTS:
        return Refused(tell("rights", said=said), str(code))
    return Unknown(said, str(code)) if code in UNSURE else Refused(said, str(code))


def code_of(answer: Answer) -> int:
    """The code of an answer; 0 of one that has none."""
    told = answer.json() if answer.text.lstrip()[:1] == "{" else None
    error: Any = told.get("error") if isinstance(told, dict) else None
    code = str(error.get("code") or "") if isinstance(error, dict) else ""
    return int(code) if code.isdecimal() else 0


def has_ended(error: Refused) -> bool:
    """Whether a refusal means that the access token has ended."""
    return error.code is not None and error.code.isdecimal() and int(error.code) in ENDED


def receipt_of(number: str, seen: str = "answer", **detail: str) -> Receipt:
    """The proof, by the film's number."""
    return Receipt(number, f"https://v.youku.com/v_show/id_{number}.html", seen=seen, detail=detail)
