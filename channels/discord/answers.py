"""What Discord's answers mean. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from steadycast.platform import Answer, Busy, Known, Receipt, Refused

UNKNOWN_MESSAGE = 10008
MEANT = {
    10015: "bad-webhook",
    50027: "bad-webhook",  # invalid webhook token
    10003: "no-place",
    10004: "no-place",
    50001: "no-rights",
    50013: "no-rights",
    220001: "forum",
    220003: "no-forum",
}
ADDRESS = re.compile(r"https://discord\.com/channels/(\d+|@me)/(\d+)/(\d+)")
EPOCH = 1_420_070_400_000  # milliseconds: the number of a message says when it was made


def sorted_error(tell: Callable[..., str], answer: Answer) -> Busy | Refused | None:
    """The error of an answer, by Discord's own code; None where it is well, or where its status says enough."""
    if answer.status < 400 or answer.status >= 500:
        return None
    told = answer.json()
    told = told if isinstance(told, dict) else {}
    code = told.get("code")
    if answer.status == 429:
        wait = told.get("retry_after")
        known = dt.timedelta(seconds=min(max(wait, 1), 86_400)) if isinstance(wait, int | float) else None
        return Busy(answer.message, "429", retry_after=known)
    if isinstance(code, int) and code in MEANT:
        return Refused(tell(MEANT[code], said=answer.message), str(code))
    if answer.status == 401:
        return Refused(tell("bad-token"), "401")
    return None


def kept(told: Any, thread: bool) -> dict[str, str]:
    """What is kept of a message; raises KeyError or TypeError where it is none."""
    channel = str(told["channel_id"])
    return {"id": str(told["id"]), "channel": channel, "thread": channel if thread else ""}


def receipt_of(message: Mapping[str, str], guild: str, seen: str = "answer") -> Receipt:
    """The proof of one message; its number says when it was made."""
    at = dt.datetime.fromtimestamp(((int(message["id"]) >> 22) + EPOCH) / 1000, dt.UTC)
    url = f"https://discord.com/channels/{guild or '@me'}/{message['channel']}/{message['id']}"
    return Receipt(message["id"], url, at, seen, detail={"message": dict(message)})


def message_of(known: Known) -> dict[str, str] | None:
    """The message of a receipt or of a step that is done; of a person's receipt by its address."""
    if known.receipt and (found := ADDRESS.fullmatch(known.receipt.url)):
        of: dict[str, str] = known.receipt.detail.get("message") or {"id": found[3], "channel": found[2], "thread": ""}
        return of
    there: dict[str, str] | None = known.steps.get("message")
    return there


def number_at(moment: dt.datetime) -> str:
    """The number that a message of that moment would have."""
    return str(max(0, int(moment.timestamp() * 1000) - EPOCH) << 22)
