"""What the vendor's `error_code` means. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from steadycast.platform import Answer, Busy, Refused, Unknown

DELAYED = "20032"  # taken, and shown later
THERE = {"20017", "20019", "20111"}  # the same, or nearly the same, was posted just now
TOO_MANY = {"10022", "10023", "10024", "20016"}
UNSURE = {"10001", "10002", "10003", "10009", "10010", "10011"}  # the vendor's own trouble: was it done before?
WRONG = {  # what a person has to see to, by code
    "10014": "rights", "10005": "rights", "10017": "domain",
    "21322": "back", "21324": "code", "21325": "code",
    "10006": "token", **dict.fromkeys(map(str, (*range(21314, 21320), 21327, 21332)), "token"),
}  # fmt: skip


def meant(tell: Callable[..., str], answer: Answer) -> Busy | Refused | Unknown | None:
    """The error that an answer means, whatever its status; None of one without a code."""
    told = answer.json()
    code = str(told.get("error_code") or "") if isinstance(told, dict) else ""
    if not code.isdecimal():
        return None
    said = f"{code}: {answer.message}"
    if code in TOO_MANY:
        return Busy(said, code, retry_after=dt.timedelta(hours=1))
    if code in THERE:
        return Unknown(tell("there", said=said), code)
    if code == DELAYED or code in UNSURE:
        return Unknown(said, code)
    return Refused(tell(WRONG[code], said=said) if code in WRONG else said, code)


def number_in(answer: Answer) -> str:
    """The number of the post in an answer; "" where there is none."""
    told = answer.json()
    number = str(told.get("idstr") or told.get("id") or "") if isinstance(told, dict) else ""
    return number if number.isdecimal() else ""
