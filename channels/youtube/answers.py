"""What YouTube's answers mean. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from steadycast.platform import Answer, Busy, Receipt, Refused

QUOTA = {"quotaExceeded", "dailyLimitExceeded"}  # until midnight in California
SLOWER = {"rateLimitExceeded", "userRateLimitExceeded", "uploadRateLimitExceeded"}
NO_CHANNEL = {"youtubeSignupRequired", "channelNotFound", "channelClosed", "channelSuspended"}
PACIFIC = ZoneInfo("America/Los_Angeles")


def sorted_error(tell: Callable[..., str], answer: Answer) -> Refused | Busy | None:
    """What a status alone does not say, from the reason that YouTube gives with it."""
    if answer.status < 400 or answer.status >= 500:
        return None
    why = reason_of(answer)
    if why in QUOTA:
        return Busy(tell("quota", said=answer.message), why, retry_after=until_midnight(answer.now()))
    if why in SLOWER:
        return Busy(answer.message, why, retry_after=dt.timedelta(minutes=1))
    if why == "uploadLimitExceeded":
        return Busy(tell("upload-limit", said=answer.message), why, retry_after=dt.timedelta(hours=6))
    if why in NO_CHANNEL:
        return Refused(tell("no-channel"), why)
    if answer.status == 401:
        return Refused(tell("signed-out"), "401")
    if answer.status == 403:
        return Refused(tell("no-rights", said=answer.message), why or "403")
    return None


def reason_of(answer: Answer) -> str:
    """YouTube's own word for what went wrong; "" of a proxy's page."""
    if answer.text.lstrip()[:1] != "{":
        return ""
    told = answer.json()
    errors = (told.get("error") or {}).get("errors") if isinstance(told.get("error"), dict) else None
    return str(errors[0].get("reason") or "") if isinstance(errors, list) and errors else ""


def until_midnight(now: dt.datetime) -> dt.timedelta:
    """How long until the quota is whole again."""
    there = now.astimezone(PACIFIC)
    midnight = (there + dt.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.astimezone(dt.UTC) - now.astimezone(dt.UTC)


def reached(answer: Answer) -> int:
    """How many bytes of an upload YouTube has, by the Range of its 308."""
    found = re.fullmatch(r"bytes=0-(\d+)", answer.headers.get("Range", ""))
    return int(found[1]) + 1 if found else 0


def receipt_of(film: Any, seen: str = "answer") -> Receipt:
    """The proof, by the film's id."""
    return Receipt(film["id"], f"https://www.youtube.com/watch?v={film['id']}", seen=seen)
