"""What the answers of a server of the AT Protocol mean. Pure."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

from steadycast.platform import Answer, Refused

STALE = ("ExpiredToken", "InvalidToken")
FIXES = {"AuthenticationRequired": "password", "AuthFactorTokenRequired": "second-factor"}
SCOPES = {
    "com.atproto.appPass": "may-post",
    "com.atproto.appPassPrivileged": "may-read-messages",
    "com.atproto.access": "may-all",
}
AN_HOUR = dt.timedelta(hours=1)  # of a session that does not say how long it lasts; most last two


def meant(tell: Callable[..., str], answer: Answer) -> Refused | None:
    """What a status alone does not say: which credentials are wrong, and that no such server is there."""
    if answer.status == 401 and (fix := FIXES.get(error_of(answer))):
        return Refused(tell(fix), "401")
    if answer.status in (404, 405) and not error_of(answer):
        return Refused(tell("no-server"), str(answer.status))
    return None


def error_of(answer: Answer | None) -> str:
    """The name of the error that an answer tells, "" where it tells none."""
    try:
        said = json.loads(answer.body) if answer else None
    except (ValueError, RecursionError):
        return ""
    return str(said.get("error", "")) if isinstance(said, dict) else ""


def told(tell: Callable[..., str], answer: Answer, *names: str) -> Mapping[str, Any]:
    """An answer's JSON, which has these names; else it is not known what was done."""
    said: Any = answer.json()
    for name in names:
        if not isinstance(said, dict) or not said.get(name):
            raise answer.garbled(tell("garbled", name=name), answer)
    return said if isinstance(said, dict) else {}


def lasts(token: str) -> dt.timedelta:
    """How long an access token lasts from its beginning: by its own claims, so that no clock has to agree."""
    claims = _claims(token)
    try:
        return dt.timedelta(seconds=min(max(claims["exp"] - claims["iat"], 0), 86400))
    except (KeyError, TypeError):
        return AN_HOUR


def rights_of(tell: Callable[..., str], token: str) -> tuple[str, ...]:
    """What the token's scope lets it do, in words: an app password may less than the account's own."""
    scope = _claims(token).get("scope")
    return (tell(SCOPES[scope]) if scope in SCOPES else scope,) if isinstance(scope, str) else ()


def _claims(token: str) -> Mapping[str, Any]:
    """What a JWT says; nothing here relies on it, so it is not verified."""
    try:
        middle = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, IndexError, AttributeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
