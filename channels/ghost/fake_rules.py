"""What a Ghost site says no to, in its own words, and how it reads a token."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import itertools
import json
from collections.abc import Collection, Mapping
from typing import Any

SECRET = "9e1af55f63625e5a2679a658851ca4ca" * 2  # it opens nothing
KINDS = {"images": "image/", "media": ("audio/", "video/"), "files": ("application/", "text/")}
LONGEST = {"title": 255, "custom_excerpt": 300, "feature_image_alt": 191, "slug": 191}
SAID = {  # status, type, code, message
    "edited": (409, "UpdateCollisionError", "UPDATE_COLLISION", "Saving failed! Someone else is editing this post."),
    "expired": (401, "UnauthorizedError", "INVALID_JWT", "Invalid token: jwt expired"),
    "files": (415, "UnsupportedMediaTypeError", None, "The file type you uploaded is not supported."),
    "gone": (404, "NotFoundError", None, "Resource not found error, cannot edit post."),
    "images": (415, "UnsupportedMediaTypeError", None, "Please select a valid image."),
    "invalid": (422, "ValidationError", None, "Validation error, cannot save post."),
    "media": (415, "UnsupportedMediaTypeError", None, "Please select a valid media file."),
    "no-newsletter": (500, "EmailError", None, "Error sending email!"),
    "no-permission": (403, "NoPermissionError", None, "Permission error, cannot save post."),
    "no-route": (406, "RequestNotAcceptableError", "UPDATE_CLIENT", "Request could not be served."),
    "nobody": (403, "NoPermissionError", None, "Authorization failed"),
    "signature": (401, "UnauthorizedError", "INVALID_JWT", "Invalid token: invalid signature"),
    "unknown": (401, "UnauthorizedError", "UNKNOWN_ADMIN_API_KEY", "Unknown Admin API Key"),
}  # fmt: skip


def now(seconds: int = 0) -> dt.datetime:
    """The site's clock, so many seconds ahead."""
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)


def unique(name: str, taken: Collection[str], first: int = 2) -> str:
    """The name, with the first number that nobody has where it is taken."""
    names = itertools.chain([name], (f"{name}-{n}" for n in itertools.count(first)))
    return next(each for each in names if each not in taken)


def wrong(what: str, context: str | None = None) -> tuple[int, dict[str, Any]]:
    """An error as the Admin API tells it."""
    status, type_, code, message = SAID[what]
    error = {"message": message, "context": context, "type": type_, "code": code, "details": None, "property": None}
    return status, {"errors": [error]}


def invalid(field: str) -> tuple[str, str]:
    """What is wrong with a field."""
    return "invalid", f"Validation failed for {field}."


def stranger(header: str, id: str, ahead: int) -> tuple[str, ...]:
    """Why a token opens nothing; () where it is good: signed, for this API, and not older than five minutes."""
    scheme, _, token = header.partition(" ")
    if scheme != "Ghost" or token.count(".") != 2:
        return ("nobody",)
    signed, _, sign = token.rpartition(".")
    head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split("."))
    if head["kid"] != id:
        return ("unknown",)
    right = hmac.new(bytes.fromhex(SECRET), signed.encode(), hashlib.sha256).digest()
    if base64.urlsafe_b64encode(right).rstrip(b"=").decode() != sign or claims["aud"] != "/admin/":
        return ("signature",)
    site = now(ahead).timestamp()
    return ("expired",) if site >= claims["exp"] or site - claims["iat"] > 300 else ()


def refused(asked: Mapping[str, Any], role: str) -> tuple[str, ...]:
    """Why the site does not take a post, or ()."""
    if asked.get("status") == "published" and role == "Contributor":
        return "no-permission", "You do not have permission to publish posts."
    for field, most in LONGEST.items():
        if len(asked.get(field) or "") > most:
            return "invalid", f"Value in [posts.{field}] exceeds maximum length of {most} characters. posts.{field}"
    for tag in asked.get("tags", ()):
        if not tag["name"] or len(tag["name"]) > 191:
            return "invalid", "Value in [tags.name] cannot be blank. tags.name"
    return ()
