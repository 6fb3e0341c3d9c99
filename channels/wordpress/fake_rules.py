"""What a WordPress site says no to, in its own words."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Collection, Mapping
from typing import Any

SAID = {
    "empty_content": (400, "Content, title, and excerpt are empty."),
    "rest_already_trashed": (410, "The post has already been deleted."),
    "rest_cannot_create": (401, "Sorry, you are not allowed to do that."),
    "rest_cannot_publish": (403, "Sorry, you are not allowed to publish posts in this post type."),
    "rest_invalid_param": (400, "Invalid parameter(s): status"),
    "rest_no_route": (404, "No route was found matching the URL and request method."),
    "rest_not_logged_in": (401, "You are not currently logged in."),
    "rest_post_invalid_id": (404, "Invalid post ID."),
    "rest_upload_sideload_error": (500, "Sorry, you are not allowed to upload this file type."),
    "rest_upload_too_large": (413, "The uploaded file exceeds the maximum size."),
    "term_exists": (400, "A term with the name provided already exists."),
}


def now(seconds: int = 0) -> str:
    """The site's clock, so many seconds ahead."""
    return f"{dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}"


def unique(slug: str, taken: Collection[str]) -> str:
    """The slug, with the first number that nobody has where it is taken."""
    slugs = itertools.chain([slug], (f"{slug}-{n}" for n in itertools.count(2)))
    return next(each for each in slugs if each not in taken)


def wrong(code: str, **data: Any) -> tuple[int, dict[str, Any]]:
    """An error as the REST API tells it."""
    status, message = SAID[code]
    return status, {"code": code, "message": message, "data": {"status": status, **data}}


def stranger(method: str, path: str, query: Mapping[str, str]) -> tuple[int, Any]:
    """A wrong password is not told: who sends one is a stranger, and a stranger may not do this."""
    if path == "users/me":
        return wrong("rest_not_logged_in")
    if method == "GET" and query.get("status") == "any":
        details = {"status": {"code": "rest_forbidden_status", "message": "Status is forbidden."}}
        return wrong("rest_invalid_param", details=details)
    if method == "GET":
        return 200, []
    return wrong("rest_cannot_create")
