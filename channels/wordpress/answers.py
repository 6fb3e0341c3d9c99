"""What a WordPress site's answers mean. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steadycast.platform import Answer, Receipt, Refused


def sorted_error(tell: Callable[[str], str], answer: Answer) -> Refused | None:
    """What a status alone does not say: a type of file that is not taken comes as 500, a wrong password as 400."""
    if "rest_upload_sideload_error" in answer.text and answer.status == 500:
        return Refused(answer.message, "500")
    if answer.status in {400, 401} and re.search(r'"rest_(not_logged_in|forbidden_status)"', answer.text):
        return Refused(tell("password"), "401")
    if answer.status == 404 and not answer.text.lstrip().startswith("{"):
        return Refused(tell("no-wordpress"), "404")
    return None


def found_of(rows: Sequence[Mapping[str, Any]], key: str = "") -> Mapping[str, Any] | None:
    """Of the rows with that key in their slug the one that is published, else the oldest."""
    there = [row for row in rows if key in row["slug"]]
    return min(there, key=lambda row: (row["status"] != "publish", row["id"]), default=None)


def receipt_of(row: Mapping[str, Any], seen: str = "answer") -> Receipt:
    at = dt.datetime.fromisoformat(row["date_gmt"]).replace(tzinfo=dt.UTC)
    return Receipt(str(row["id"]), row["link"], at, seen=seen)
