"""What a Micropub site's answers mean, and which of its posts is ours. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from steadycast.platform import Answer, Post, Refused

KEYED = re.compile(r"[-/][a-z2-7]{13}(?:-\d+)?/?$")  # an address that ends on the key of some post


def sorted_error(tell: Callable[..., str], answer: Answer) -> Refused | None:
    """What a status alone does not say. A scope is missing with 403, and with 401 in older sites."""
    if answer.status == 403 or (answer.status == 401 and "insufficient_scope" in answer.text):
        return Refused(tell("scope", said=answer.message), str(answer.status))
    if answer.status == 401:
        return Refused(tell("token"), "401")
    if answer.status == 413:
        return Refused(tell("too-large"), "413")
    return None


def properties_of(told: Any) -> Mapping[str, Any] | None:
    """The properties of a post, as the site keeps them."""
    found = told.get("properties") if isinstance(told, dict) else None
    return found if isinstance(found, dict) else None


def first_of(kept: Mapping[str, Any], name: str) -> str:
    """The first value of a property, as text."""
    values = kept.get(name)
    value = values[0] if isinstance(values, list) and values else values
    return value if isinstance(value, str) else ""


def is_out(kept: Mapping[str, Any]) -> bool:
    """Whether readers have a post: some sites keep one that is deleted, and say so."""
    return not kept.get("deleted") and first_of(kept, "post-status") in ("", "published")


def instant_of(kept: Mapping[str, Any]) -> dt.datetime | None:
    """When a post says that it was published, aware."""
    try:
        at = dt.datetime.fromisoformat(first_of(kept, "published"))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def same_post(kept: Mapping[str, Any], post: Post, *, sure: bool) -> str:
    """The address of a post of the site's where it is this one, else "".

    By the key in its address or its slug. Where a site makes addresses of its own, by the title and the very second.
    """
    url = first_of(kept, "url")
    if any(post.key in first_of(kept, name) for name in ("url", "mp-slug", "slug")):
        return url
    if not sure or KEYED.search(url) or first_of(kept, "name") != post.title:
        return ""
    return url if instant_of(kept) == post.published.replace(microsecond=0) else ""
