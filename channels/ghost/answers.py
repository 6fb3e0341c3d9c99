"""What a Ghost site's answers mean, and how it is asked for one post. Pure."""

from __future__ import annotations

import datetime as dt
import email.utils
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steadycast.platform import Answer, Busy, Post, Receipt, Refused

READ = frozenset({"published", "sent"})  # what readers have: on the site, or by mail alone


def sorted_error(tell: Callable[..., str], answer: Answer) -> Refused | Busy | None:
    """What a status alone does not say, from the code that Ghost gives with it."""
    if answer.status < 400:
        return None
    told = first_of(answer)
    code, said = str(told.get("code") or ""), str(told.get("message") or "")
    if answer.status == 404 and not told:
        return Refused(tell("no-ghost"), "404")
    if code == "INVALID_JWT" and re.search("expired|maxAge", said):
        return Busy(tell("clock", seconds=behind(answer)), code)
    if answer.status == 401 or code in {"INVALID_JWT", "MISSING_ADMIN_API_KID"}:
        return Refused(tell("key"), code or str(answer.status))
    if answer.status == 403 and told.get("type") == "NoPermissionError":
        return Refused(tell("rights", said=str(told.get("context") or said)), "403")
    if answer.status == 409 and code == "UPDATE_COLLISION":
        return Refused(tell("edited"), code)
    if answer.status == 413:
        return Refused(tell("too-large"), "413")
    if answer.status in {400, 422} and told.get("context"):  # which field, and what is wrong with it
        return Refused(str(told["context"]), str(answer.status))
    return None


def first_of(answer: Answer) -> Mapping[str, Any]:
    """The first of the errors that Ghost tells; of a proxy's page none."""
    if not answer.text.lstrip().startswith("{"):
        return {}
    told = answer.json()
    errors = told.get("errors") if isinstance(told, dict) else None
    return errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}


def behind(answer: Answer) -> int:
    """How many seconds the site's clock is ahead of ours, by the Date of its answer; 0 where it says none."""
    try:
        there = email.utils.parsedate_to_datetime(answer.headers.get("Date", ""))
    except (TypeError, ValueError):
        return 0
    return round((there.astimezone(dt.UTC) - dt.datetime.now(dt.UTC)).total_seconds())


def tag_of(post: Post) -> str:
    """The internal tag that marks the post: readers do not see it."""
    return f"#steadycast-{post.key}"


def asked_for(post: Post, receipt: Receipt | None) -> str:
    """The filter for a post's rows: by its id, else by its slug or its tag, of which a person may change one."""
    if receipt and re.fullmatch("[0-9a-f]{24}", receipt.remote_id):
        return f"id:'{receipt.remote_id}'"
    return f"slug:'{post.keyed_slug}',tags.name:'{tag_of(post)}'"


def found_of(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Of the rows the one that readers have, else the oldest."""
    return min(rows, key=lambda row: (row["status"] not in READ, row["id"]), default=None)


def receipt_of(row: Mapping[str, Any], seen: str = "answer") -> Receipt:
    """The proof, with the time of the last change: whoever changes it later is somebody else."""
    at = dt.datetime.fromisoformat(row["published_at"]) if row["published_at"] else None
    return Receipt(row["id"], row["url"], at, seen=seen, detail={"updated_at": row["updated_at"]})
